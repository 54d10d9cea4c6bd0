package web

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// FromEnv is where a secret header comes from: env:NAME, with the scheme of an Authorization before it if need be.
var FromEnv = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9-]*) )?env:([A-Za-z_][A-Za-z0-9_]*)$`)

// IsHeader tells whether net/http would send the header.
func IsHeader(name, value string) bool {
	token := func(r rune) bool {
		return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	return name != "" && strings.IndexFunc(name, func(r rune) bool { return !token(r) }) < 0 && strings.IndexFunc(value, control) < 0
}

// HeadersFrom reads secret headers from the environment. Whatever was read is hidden.
func HeadersFrom(from map[string]string, variable func(string) string, hide *Secrets) (map[string]string, error) {
	headers := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		m := FromEnv.FindStringSubmatch(from[name])
		if m == nil {
			return nil, fmt.Errorf("headersFrom.%s does not name an environment variable", name)
		}
		value := ""
		if variable != nil {
			value = variable(m[2])
		}
		if value == "" {
			return nil, fmt.Errorf("the header %s comes from the environment variable %s, which is not set; set it and start again", name, m[2])
		}
		hide.Add(value)
		if m[1] != "" {
			value = m[1] + " " + value
		}
		if !IsHeader(name, value) {
			return nil, fmt.Errorf("the value of the environment variable %s cannot be sent in the header %s", m[2], name)
		}
		hide.Add(value)
		headers[name] = value
	}
	return headers, nil
}
