package practice

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

// condition is something that can be true of the world. The zero value is true from the start.
type condition struct {
	namespace string
	flag      string // empty: it is about pods
	percent   int
}

var conditionForm = regexp.MustCompile(`^([a-z0-9-]+)(?: ([A-Za-z0-9_.-]+))? at ([0-9]+)\s*%$`)

func parseCondition(text string) (condition, error) {
	if text == "start" {
		return condition{}, nil
	}
	m := conditionForm.FindStringSubmatch(text)
	if m == nil {
		return condition{}, fmt.Errorf("%q is no event; write start, NAMESPACE at N%% or NAMESPACE FLAG at N%%, such as production at 100%%", text)
	}
	percent, err := strconv.Atoi(m[3])
	if err != nil || percent < 1 || percent > 100 {
		return condition{}, fmt.Errorf("%q: the share has to be from 1%% to 100%%", text)
	}
	return condition{namespace: m[1], flag: m[2], percent: percent}, nil
}

// holds says whether the condition is true of these pods: of those that are not ending, so many percent are ready
// and of the release. For 100 % there must be no pod of another version at all, not even one that is ending.
func (c condition) holds(pods []kubeapi.PodView, release string) bool {
	if c.namespace == "" {
		return true
	}
	total, fresh := 0, 0
	for _, p := range pods {
		switch {
		case p.Namespace != c.namespace:
		case tag(p.Image) == release:
			if !p.Terminating {
				total++
				if p.Ready {
					fresh++
				}
			}
		case !p.Terminating || c.percent == 100:
			total++
		}
	}
	return total > 0 && fresh*100 >= total*c.percent
}
