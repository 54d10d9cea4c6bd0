package runbook

import (
	"fmt"
	"maps"
	"slices"
)

// inhibitor is a step with where it stands.
type inhibitor struct {
	step  Step
	path  string
	phase int // -1: the rollback procedure
}

// inhibits checks which steps a step names as its consequences: they exist, they can fail, they do so while it is
// looked at, and none is in the end a consequence of itself.
func (l *linter) inhibits() {
	all := l.inhibitors()
	known := slices.Sorted(maps.Keys(all))
	for _, id := range known {
		by := all[id]
		for i, other := range by.step.Inhibits {
			path := fmt.Sprintf("%s.inhibits[%d]", by.path, i)
			to, ok := all[other]
			switch {
			case !ok:
				l.errorf(path, suggest(other, known), "unknown step %s", quote(other))
			case other == id:
				l.errorf(path, "leave it out", "step %s inhibits itself", quote(id))
			case slices.Index(by.step.Inhibits, other) < i:
				l.errorf(path, "keep one", "step %s stands twice in inhibits", quote(other))
			case to.step.IsManual():
				l.warnf(path, "leave it out", "step %s is ticked by hand, so it never fails as a consequence", quote(other))
			case !by.meets(to):
				l.warnf(path, "write recheck: run for "+id+", or leave it out", "step %s is no longer looked at when step %s is, so it never inhibits it", quote(id), quote(other))
			}
		}
		if len(by.step.Inhibits) > 0 && by.step.IsManual() {
			l.warnf(by.path+".inhibits", "give it checks, or leave inhibits out", "step %s is ticked by hand, so it never fails and inhibits nothing", quote(id))
		}
	}
	l.circles(all, known)
}

// inhibitors are all steps by their id; of two with the same id, which is a problem already, the first.
func (l *linter) inhibitors() map[string]inhibitor {
	all := map[string]inhibitor{}
	add := func(steps []Step, path string, phase int) {
		for i, s := range steps {
			if _, ok := all[s.ID]; !ok && s.ID != "" {
				all[s.ID] = inhibitor{step: s, path: fmt.Sprintf("%s[%d]", path, i), phase: phase}
			}
		}
	}
	for i, p := range l.rb.Phases {
		for j, s := range p.Sections {
			add(s.Steps, fmt.Sprintf("phases[%d].sections[%d].steps", i, j), i)
		}
	}
	if l.rb.Rollback != nil {
		add(l.rb.Rollback.Steps, "rollback.steps", -1)
	}
	return all
}

// meets tells whether two steps are ever looked at in the same time.
func (a inhibitor) meets(b inhibitor) bool {
	return a.phase == b.phase || a.step.Recheck == "run" || b.step.Recheck == "run" || a.step.DeferTo != "" || b.step.DeferTo != ""
}

// circles finds each chain of consequences that comes back to where it began, once, at its alphabetically first step.
func (l *linter) circles(all map[string]inhibitor, known []string) {
	for _, start := range known {
		if chain := l.back(all, start, []string{start}, map[string]bool{}); chain != nil && slices.Min(chain) == start {
			l.errorf(all[start].path+".inhibits", "a root is no consequence: take one of the links out", "inhibits goes in a circle: %s", circle(chain))
		}
	}
}

// back is the first chain of two steps or more from the last of a chain to its first; nil when there is none.
func (l *linter) back(all map[string]inhibitor, start string, chain []string, seen map[string]bool) []string {
	for _, next := range all[chain[len(chain)-1]].step.Inhibits {
		if next == start && len(chain) > 1 {
			return chain
		}
		if _, ok := all[next]; !ok || seen[next] || next == start {
			continue
		}
		seen[next] = true
		if found := l.back(all, start, append(slices.Clone(chain), next), seen); found != nil {
			return found
		}
	}
	return nil
}
