package runbook

import (
	"errors"
	"fmt"
	"strings"
)

// StatusRange is a range of HTTP statuses, both ends in it.
type StatusRange struct{ From, To int }

// Has tells whether a status lies in the range.
func (r StatusRange) Has(status int) bool { return status >= r.From && status <= r.To }

// ParseStatus reads 200, 2xx or 200-204.
func ParseStatus(text string) (StatusRange, error) {
	var r StatusRange
	text = strings.TrimSpace(text)
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && text[0] >= '1' && text[0] <= '5' {
		class := int(text[0]-'0') * 100
		return StatusRange{class, class + 99}, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	for _, end := range []struct {
		text string
		into *int
	}{{first, &r.From}, {last, &r.To}} {
		n, err := parseCode(end.text)
		if err != nil {
			return r, fmt.Errorf("%q is not an HTTP status or a range of them", text)
		}
		*end.into = n
	}
	if r.From > r.To {
		return r, fmt.Errorf("%q ends before it begins", text)
	}
	return r, nil
}

func parseCode(text string) (int, error) {
	var n int
	if len(text) != 3 {
		return 0, errors.New("not three digits")
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, errors.New("not three digits")
		}
		n = n*10 + int(c-'0')
	}
	if n < 100 || n > 599 {
		return 0, errors.New("out of range")
	}
	return n, nil
}
