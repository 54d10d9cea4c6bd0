package run

import (
	"cmp"
	"fmt"
)

// A component strays when somebody else changes what this run moved: another run rolls back, GitOps heals, a person edits.
// It is said aloud once, un-ticks the deploy, and holds the next move until a person looked; nothing is written over it.

// strays says how a component is no longer what this run moved it to; empty: it is, or it was not moved.
func (s State) strays(env, name string) Safe {
	c := s.Envs[env].Components[name]
	want, _ := s.Plan.Component(name)
	switch {
	case c.Err != "" || c.Progress.Generation < c.Patched:
		return c.Strayed // nobody can tell now
	case !c.moved() || c.Progress.Image == "" || c.Progress.Image == want.Image:
		return ""
	}
	by := cmp.Or(string(c.Progress.Undoer), "somebody else")
	if c.Progress.Run != "" && c.Progress.Run != s.ID {
		by = "run " + c.Progress.Run
	}
	return MakeSafe(fmt.Sprintf("it runs %s, not %s, written by %s", c.Progress.Image, want.Image, by), 300)
}

// moved tells whether a component stands where a deploy of this run put it.
func (c ComponentState) moved() bool { return c.Stage == Deployed || c.Stage == AtShare }

// judgeStrays looks whether what was moved stays. A rollback changes it itself, and a run that only rolls back moved nothing.
func (d *decision) judgeStrays() {
	if d.s.Only {
		return
	}
	for _, env := range d.s.Plan.Runbook.Environments.Keys() {
		if r := d.s.Rollback; r != nil && r.Env == env && r.Stage != TakenBack {
			continue
		}
		for _, p := range d.s.Envs[env].Pins {
			if saw := d.s.strays(env, p.Component); saw != d.s.Envs[env].Components[p.Component].Strayed {
				d.emit(Strayed{Env: env, Component: p.Component, Saw: saw})
			}
		}
	}
}

// strayed names the first component of a deploy that is no longer what it was moved to; empty: all are. What a rollback
// changes does not stray.
func (s State) strayed(d DeployState) Safe {
	if s.Rollback != nil && s.Rollback.Env == d.Env && s.Rollback.Stage != TakenBack {
		return ""
	}
	for _, p := range s.Envs[d.Env].Pins {
		if c := s.Envs[d.Env].Components[p.Component]; c.moved() && c.Strayed != "" {
			return MakeSafe(p.Component+": "+string(c.Strayed), 300)
		}
	}
	return ""
}
