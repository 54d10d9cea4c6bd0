package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// together makes one look of looks at several documents. What is known to be bad comes before what is not known, and
// that before a warning: a report that failed is not made better by another one that could not be fetched.
func together(parts []seen) seen {
	worst := run.Passed
	for _, status := range []run.Status{run.Warn, run.Unknown, run.Failed} {
		if slices.ContainsFunc(parts, func(s seen) bool { return s.Status == status }) {
			worst = status
		}
	}
	var out seen
	var words []string
	for _, p := range parts {
		if p.Status == worst {
			words = append(words, string(p.Summary))
		}
		if p.Status == run.Failed || p.Status == run.Warn {
			out.Badness += p.Badness
		}
		out.Ill = out.Ill || p.Ill && worst == run.Unknown
		out.again = soonest(out.again, p.again)
	}
	out.summed(worst, "%s", strings.Join(words, "; "))
	out.Sensor = sensorOf(parts)
	// First what is wrong, so that it is seen where there is little room.
	slices.SortStableFunc(parts, func(a, b seen) int { return rank(b.Status) - rank(a.Status) })
	for _, p := range parts {
		out.Evidence = append(out.Evidence, p.Evidence...)
	}
	out.Evidence = out.Evidence[:min(len(out.Evidence), maxEvidence)]
	return out
}

// maxEvidence bounds the facts of one result.
const maxEvidence = 24

func rank(s run.Status) int {
	return slices.Index([]run.Status{run.Passed, run.Warn, run.Unknown, run.Failed}, s)
}

// sensorOf names who was asked: the one that did not answer, else all of them.
func sensorOf(parts []seen) run.Safe {
	var names []string
	for _, p := range parts {
		if p.Ill {
			return p.Sensor
		}
		if !slices.Contains(names, string(p.Sensor)) {
			names = append(names, string(p.Sensor))
		}
	}
	return said("%s", strings.Join(names, ", "))
}

// reads makes the check follow a document where it is in a cluster, and hide what the way to it needs.
func (c *check) reads(cluster *kube.Cluster, caches []kube.Resource, hide web.Secrets) {
	if cluster != nil {
		c.cluster = cluster
		c.follows = append(c.follows, caches...)
	}
	for _, s := range hide {
		if !slices.Contains(c.secrets, s) {
			c.secrets = append(c.secrets, s)
		}
	}
	slices.SortFunc(c.secrets, func(a, b string) int { return len(b) - len(a) })
}

// soonest is the earlier of two waits, of which 0 is none.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}
