package checks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// maxJSONNesting is how deep objects and lists of a document may be inside of each other.
const maxJSONNesting = 200

// readJSON reads one JSON document, strictly: encoding/json by itself mends broken UTF-8 and lets the last of several
// equal keys win, so that what a person reads in a report need not be what was judged.
func readJSON(in *bufio.Reader, into any) error {
	if err := opening(in); err != nil {
		return err
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if !utf8.Valid(data) {
		return errors.New("it is not written in UTF-8")
	}
	if err := checkJSON(data); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return wrongJSON(err)
	}
	return nil
}

// wrongJSON says what does not fit without the names of our types.
func wrongJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is a %s, which the format does not have there", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("it is not whole JSON: %w", err)
}

// jsonLevel is an object or a list that is open.
type jsonLevel struct {
	object bool
	keys   []string
	many   map[string]bool // keys, once there are too many to look through
}

// fewKeys is up to how many keys looking through a list is faster than a map.
const fewKeys = 16

// repeats notes a key and tells whether it was there before.
func (l *jsonLevel) repeats(key string) bool {
	if l.many != nil {
		was := l.many[key]
		l.many[key] = true
		return was
	}
	if slices.Contains(l.keys, key) {
		return true
	}
	if l.keys = append(l.keys, key); len(l.keys) > fewKeys {
		l.many = map[string]bool{}
		for _, k := range l.keys {
			l.many[k] = true
		}
	}
	return false
}

// checkJSON refuses what is ambiguous or too deep. It looks only at brackets and keys: whether the rest is JSON is found
// out by whoever decodes it afterwards.
func checkJSON(data []byte) error {
	open := make([]jsonLevel, 0, maxJSONNesting)
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if len(open) == maxJSONNesting {
				return fmt.Errorf("objects and lists are nested more than %d deep", maxJSONNesting)
			}
			// The lists of an earlier level of this depth are used again.
			open = open[:len(open)+1]
			l := &open[len(open)-1]
			l.object, l.keys, l.many = data[i] == '{', l.keys[:0], nil
		case '}', ']':
			if len(open) == 0 {
				return nil // no JSON
			}
			open = open[:len(open)-1]
		case '"':
			end := endOfString(data, i)
			if end < 0 {
				return nil // no JSON
			}
			if len(open) > 0 && open[len(open)-1].object && isJSONKey(data[end:]) {
				if key := unquoted(data[i:end]); open[len(open)-1].repeats(key) {
					return fmt.Errorf("the key %.80q stands twice in one object", key)
				}
			}
			i = end - 1
		}
	}
	return nil
}

// endOfString is the index behind the quote that ends the string which begins at i; -1 when there is none.
func endOfString(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// isJSONKey tells by what follows a string whether it is a key.
func isJSONKey(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// unquoted is a key as it is compared: "a" and "\u0061" are the same.
func unquoted(text []byte) string {
	var key string
	if bytes.IndexByte(text, '\\') < 0 || json.Unmarshal(text, &key) != nil {
		return string(text[1 : len(text)-1])
	}
	return key
}
