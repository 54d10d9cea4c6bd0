package checks

import (
	"maps"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
)

// lintHeadersFrom finds secret headers that say nothing about where they come from, or stand beside plain ones.
func lintHeadersFrom(from, plain map[string]string) []runbook.ParamProblem {
	var out []runbook.ParamProblem
	for _, name := range slices.Sorted(maps.Keys(from)) {
		path, value := "headersFrom."+name, from[name]
		if known(value) && !web.FromEnv.MatchString(value) {
			out = append(out, problem(path, "write env:NAME or 'Bearer env:NAME'", "this does not name an environment variable"))
		}
		if known(name) && !web.IsHeader(name, "") {
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
