package runbook

import (
	"fmt"
	"strings"
)

// Law: what is written for people must be fit for people. These are warnings, about procedures that are correct and
// still fail in the hands of somebody who is tired: too much at once, acts that nobody looks at, no way back.

// mostItems is how many items a person takes in at one pause point: 5 to 9 (The Checklist Manifesto).
const mostItems = 9

func (l *linter) people() {
	deploys := false
	for i, p := range l.rb.Phases {
		path := fmt.Sprintf("phases[%d]", i)
		l.pauses(path, p)
		deploys = l.mutations(path, p) || deploys
		l.wayBack(path, p)
	}
	r := l.rb.Rollback
	if r == nil {
		return
	}
	if n := len(r.Steps); n > mostItems {
		l.warnf("rollback.steps", "shorten it; this is read in a hurry", "%d items in the rollback; people take in at most %d", n, mostItems)
	}
	if deploys && !r.undoes() {
		l.warnf("rollback", "add a step with rollback: {do: undo}", "the runbook deploys, and no step of its rollback undoes it")
	}
}

// pauses counts what stands before a person at once: a section. One without a title of its own goes on with the one
// before it.
func (l *linter) pauses(path string, p Phase) {
	first, n := 0, 0
	end := func(next int) {
		if n > mostItems {
			l.warnf(fmt.Sprintf("%s.sections[%d]", path, first), "split it at a natural pause into sections with titles", "%d items at one pause point; people take in at most %d", n, mostItems)
		}
		first, n = next, 0
	}
	for j, s := range p.Sections {
		if j > 0 && s.Title != "" {
			end(j)
		}
		n += len(s.Steps)
	}
	end(0)
}

// mutations wants something that looks after each deploy, before the phase's gate: checks of its own, or a later step
// of the phase that senses or watches.
func (l *linter) mutations(path string, p Phase) (deploys bool) {
	looked := false // by a step after the one at hand, which is why this goes backwards
	for j := len(p.Sections) - 1; j >= 0; j-- {
		for k := len(p.Sections[j].Steps) - 1; k >= 0; k-- {
			s := p.Sections[j].Steps[k]
			looked = looked || len(s.Verify) > 0 || s.Watch != nil
			if s.Deploy == nil {
				continue
			}
			if deploys = true; !looked {
				l.warnf(fmt.Sprintf("%s.sections[%d].steps[%d].deploy", path, j, k), "verify it here, or in a step after it, or watch it", "step %s changes the world, and nothing in phase %s looks whether it still works", quote(s.ID), quote(p.ID))
			}
		}
	}
	return deploys
}

// wayBack wants a rollback before the gate to an environment that is protected, or to a deploy.
func (l *linter) wayBack(path string, p Phase) {
	if l.rb.Rollback != nil {
		return
	}
	if e, ok := l.rb.Environments.Get(p.Environment); ok && e.Protected {
		l.warnf(path+".environment", "write a rollback section", "the gate to phase %s opens on %s, which is protected, and the runbook says nothing of rolling back", quote(p.ID), p.Environment)
		return
	}
	for j, section := range p.Sections {
		for k, s := range section.Steps {
			if s.Deploy != nil {
				l.warnf(fmt.Sprintf("%s.sections[%d].steps[%d].deploy", path, j, k), "write a rollback section", "step %s deploys, and the runbook says nothing of rolling back", quote(s.ID))
			}
		}
	}
}

func (r *Rollback) undoes() bool {
	for _, s := range r.Steps {
		if s.Rollback != nil && s.Rollback.Do == "undo" {
			return true
		}
	}
	return false
}

// circle writes ids as a path that comes back to its first.
func circle(ids []string) string { return strings.Join(append(ids, ids[0]), " → ") }
