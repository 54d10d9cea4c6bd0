package checks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
)

// fromEnv is where a secret header comes from: env:NAME, with the scheme of an Authorization before it if need be.
var fromEnv = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9-]*) )?env:([A-Za-z_][A-Za-z0-9_]*)$`)

// lintHeadersFrom finds secret headers that say nothing about where they come from, or stand beside plain ones.
func lintHeadersFrom(from, plain map[string]string) []runbook.ParamProblem {
	var out []runbook.ParamProblem
	for _, name := range slices.Sorted(maps.Keys(from)) {
		path, value := "headersFrom."+name, from[name]
		if known(value) && !fromEnv.MatchString(value) {
			out = append(out, problem(path, "write env:NAME or 'Bearer env:NAME'", "this does not name an environment variable"))
		}
		if known(name) && !isHeader(name, "") {
			out = append(out, problem(path, "", "this is not a header that can be sent"))
		}
		for other := range plain {
			if strings.EqualFold(name, other) {
				out = append(out, problem(path, "keep one", "%s stands in headers, too", name))
			}
		}
	}
	return out
}

// headersFrom reads secret headers from the environment. Whatever was read is hidden.
func headersFrom(from map[string]string, variable func(string) string, hide *secrets) (map[string]string, error) {
	headers := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		m := fromEnv.FindStringSubmatch(from[name])
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
		hide.add(value)
		if m[1] != "" {
			value = m[1] + " " + value
		}
		if !isHeader(name, value) {
			return nil, fmt.Errorf("the value of the environment variable %s cannot be sent in the header %s", m[2], name)
		}
		hide.add(value)
		headers[name] = value
	}
	return headers, nil
}
