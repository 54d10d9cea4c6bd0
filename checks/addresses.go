package checks

import (
	"fmt"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
)

// lintAddresses finds addresses that cannot be asked.
func lintAddresses(path string, addresses []string, usual string) []runbook.ParamProblem {
	var out []runbook.ParamProblem
	for i, text := range addresses {
		if _, _, err := web.ParseAddress(text, usual); err != nil && known(text) {
			out = append(out, problem(fmt.Sprintf("%s[%d]", path, i), "write it as host:port", "%v", err))
		}
	}
	return out
}
