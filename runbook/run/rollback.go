package run

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// WhyNotArmed says why R would do nothing or is not proved to work; empty when the lamp is lit.
func (s State) WhyNotArmed() Safe {
	env := s.written()
	if env == "" {
		env = s.pinnedEnv()
	}
	lamp := s.Envs[env].Lamp
	switch {
	case s.Rollback.live():
		return "a rollback is under way"
	case s.rolledBack():
		return "rolled back already"
	case env == "":
		return "nothing was deployed by this run yet"
	case len(s.Envs[env].Pins) == 0 && len(s.Raised(env)) > 0:
		return "only flags were raised: R turns them off"
	case !lamp.Known:
		return "being verified"
	case !lamp.OK:
		return lamp.Why
	}
	return ""
}

// pinnedEnv is the environment whose deploy is about to write first.
func (s State) pinnedEnv() string {
	for _, ph := range s.Plan.Runbook.Phases {
		if len(s.Envs[ph.Environment].Pins) > 0 {
			return ph.Environment
		}
	}
	return ""
}

// press is R: it freezes in the same instant and lights the fuse.
func (d *decision) press(because Safe) {
	env := d.s.written()
	switch {
	case d.s.Rollback.live():
		return // auto-repeat, or two fingers
	case env == "":
		d.refuse("nothing was written by this run yet: there is nothing to undo")
		return
	case d.s.rolledBack():
		d.refuse("%s was rolled back already", d.s.Rollback.Env)
		return
	}
	pins := d.s.touched(env)
	e := RollbackPressed{N: d.s.Presses + 1, Env: env, Because: because, Pins: pins, FuseUntil: d.at.Add(d.s.fuse())}
	if d.s.Only && d.s.Auto != "" {
		e.FuseUntil = d.at // `--yes` has said it already
	}
	for _, p := range pins {
		if p.Guess && d.s.Auto == "" {
			e.FuseUntil = time.Time{}
		}
	}
	if e.Ask = d.s.migrated(env); e.Ask != "" {
		e.FuseUntil = time.Time{} // it freezes, and never burns by itself
	}
	for _, dep := range d.s.Deploys {
		if dep.Env == env && dep.running() {
			e.Freeze = fmt.Sprintf("%s/rollback-freeze/%d", d.s.ID, d.s.Acts+1)
		}
	}
	d.emit(e)
}

// migrated says which act of this run changed data of an environment in a way that the version before does not fit.
func (s State) migrated(env string) Safe {
	for step := range Steps(s.Plan) {
		a := s.Actions[step.ID]
		if a.Stage != "" && a.Env == env && step.Migration() == "incompatible" {
			return MakeSafe(step.Title+" changed data that the version before may not fit", 300)
		}
	}
	return ""
}

func (s State) fuse() time.Duration {
	if s.Plan.Runbook.Rollback == nil {
		return DefaultFuse
	}
	return s.Plan.Runbook.Rollback.Fuse.Or(DefaultFuse)
}

// burn burns the fuse at once; too soon after the press it is a finger that was still on its way.
func (d *decision) burn() {
	r := d.s.Rollback
	if !r.live() || r.Stage != Fusing && r.Stage != Asking {
		return
	}
	if since := d.at.Sub(r.Pressed); since >= 0 && since < burnDelay { // below zero: the machine's clock was set back
		return
	}
	d.emit(FuseBurnt{Wish: d.rollbackWish()})
}

func (d *decision) rollbackWish() string {
	return fmt.Sprintf("%s/rollback/%d", d.s.ID, d.s.Acts+1)
}

func (d *decision) takeBack() {
	r := d.s.Rollback
	if !r.live() || r.Stage != Fusing && r.Stage != Asking {
		d.refuse("there is no fuse to put out")
		return
	}
	d.emit(RollbackTaken{})
}

func (d *decision) reason(text string) {
	if !d.s.rolledBack() {
		d.refuse("nothing was rolled back")
		return
	}
	d.emit(ReasonGiven{Text: MakeSafe(text, 2000)})
}

func (d *decision) undone(v Undone) {
	if r := d.s.Rollback; r != nil && r.Wish == v.Wish {
		if before := d.s.Envs[r.Env].Components[v.Component].Undo; pinOf(r.Pins, v.Component) >= 0 && !before.Accepted && (v.Accepted || before.Err != v.Err) {
			d.emit(UndoSeen{Undo: v})
		}
	}
}

// judgeTrips acts on a critical trigger that says rollback where the runbook or the unattended run allows it.
func (d *decision) judgeTrips() {
	rb := d.s.Plan.Runbook.Rollback
	allowed := d.s.Auto != "" || rb != nil && rb.Auto
	env := d.s.written()
	if !allowed || d.s.rolledBack() || d.s.Rollback != nil && d.s.Rollback.Env == env {
		return // or somebody has looked at this environment's trip and taken the rollback back
	}
	for _, t := range d.s.Envs[env].Triggers {
		if t.State == TriggerTripped && t.Severity == "critical" && t.Then == "rollback" {
			d.press(MakeSafe(t.Metric+" tripped: "+string(t.Why), 300))
			return
		}
	}
}

func (d *decision) judgeRollback() {
	r := d.s.Rollback
	if !r.live() {
		return
	}
	switch r.Stage {
	case Fusing:
		if !d.at.Before(r.FuseUntil) {
			d.emit(FuseBurnt{Wish: d.rollbackWish()})
		}
	case Restoring:
		d.judgeTook(r)
	case Settling:
		d.judgeUndoneAgain(r)
		d.judgeSettled(d.s.Rollback)
	}
}

// judgeTook ends the undoing when every component took.
func (d *decision) judgeTook(r *RollbackState) {
	var missing []string
	for _, p := range r.Pins {
		c := d.s.Envs[r.Env].Components[p.Component]
		if c.Stage != Took && c.took(p) {
			d.emit(UndoTook{Component: p.Component, Warning: digestWarning(c.Progress, p)})
		} else if c.Stage != Took {
			missing = append(missing, p.Component)
		}
	}
	d.judgeUndoneAgain(r)
	switch {
	case len(missing) == 0 && d.s.Rollback.allTook(d.s):
		d.emit(SettleBegan{})
	case !r.Late && !d.at.Before(r.LateAt):
		d.emit(UndoLate{Missing: missing})
	}
}

func (r *RollbackState) allTook(s State) bool {
	for _, p := range r.Pins {
		if s.Envs[r.Env].Components[p.Component].Stage != Took {
			return false
		}
	}
	return true
}

// took tells whether a component runs its pinned revision and nothing else (DESIGN §5 "It took").
func (c ComponentState) took(p Pin) bool {
	g := c.Progress
	return c.Undo.Accepted && c.Err == "" && g.Generation >= c.Undo.Generation && g.ObservedGeneration >= g.Generation &&
		g.Hash == p.Hash && g.OldReady == 0 && !g.Paused && g.Condition == Done && g.Available >= g.Desired
}

// digestWarning tells when the pinned revision's tag now resolves to other images.
func digestWarning(g Progress, p Pin) Safe {
	if len(p.Digests) == 0 || len(g.Digests) == 0 || strings.Join(p.Digests, ",") == strings.Join(g.Digests, ",") {
		return ""
	}
	return MakeSafe(fmt.Sprintf("but runs %s, pinned was %s", strings.Join(g.Digests, ", "), strings.Join(p.Digests, ", ")), 300)
}

// judgeUndoneAgain sees who undoes our undo: GitOps, an autoscaler, a person.
func (d *decision) judgeUndoneAgain(r *RollbackState) {
	for _, p := range r.Pins {
		c := d.s.Envs[r.Env].Components[p.Component]
		if c.Stage != Took || c.Err != "" || c.Progress.Generation <= c.Undo.Generation || c.Progress.Hash == p.Hash || c.Progress.Hash == "" {
			continue
		}
		saw := fmt.Sprintf("it runs %s now, written by %s", c.Progress.Image, cmp.Or(string(c.Progress.Undoer), "somebody else"))
		d.emit(UndoneAgain{Component: p.Component, Saw: MakeSafe(saw, 300)})
	}
}

// Mended are the titles of the steps of the rollback procedure that put something back by an action of their own, such
// as a Job that restores the database.
func (s State) Mended() (titles []string) {
	rb := s.Plan.Runbook.Rollback
	if rb == nil {
		return nil
	}
	for _, step := range rb.Steps {
		switch step.Action() {
		case "job", "command", "http":
			if s.Actions[step.ID].Stage == ActionDone {
				titles = append(titles, step.Title)
			}
		}
	}
	return titles
}
