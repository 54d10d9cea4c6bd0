package run

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: flags rise share by share, each watched for its hold; no share is raised over a trigger that is suspect or
// tripped, nor while the metrics cannot be had. A rollback turns them off before its patches, but waits for that no
// longer than flagsPatience; it ends no sooner than they are off, unless that takes longer than flagsInsist.

const (
	defaultFlagHold = 5 * time.Minute
	flagsPatience   = 2 * time.Second
	flagsInsist     = time.Minute
)

// FlagsOff is what came of turning the flags of one step off.
type FlagsOff struct {
	Done bool
	Err  Safe
}

func percentText(share int) string { return strconv.Itoa(share) + " %" }

// shared takes a share that was reached.
func (d *decision) shared(step runbook.Step, a ActionState, v Acted) {
	d.emit(ShareReached{
		Step: step.ID, Wish: v.Wish, Share: a.Aim, Summary: v.Summary, Evidence: v.Evidence, Hold: d.at.Add(step.Flags.Hold.Or(defaultFlagHold)),
	})
}

// judgeFlags raises flags to their next share when the last one stood its watch.
func (d *decision) judgeFlags() {
	for step := range Steps(d.s.Plan) {
		a := d.s.Actions[step.ID]
		if step.Flags == nil || a.Stage != ActionHolding || a.Paused || d.s.goingBack() || d.at.Before(a.Hold) {
			continue
		}
		next := nextShare(step.Flags, a.Share)
		if a.Share > 0 && len(d.s.FlagsBlockers(step.ID, d.at)) > 0 {
			continue
		}
		if next == 0 {
			d.emit(ActionEnded{Step: step.ID, Stage: ActionDone, Summary: MakeSafe("on for "+percentText(a.Share), 200), Evidence: a.Evidence})
			continue
		}
		d.emit(ShareWished{Step: step.ID, Wish: d.actWish(step), Share: next})
	}
}

// nextShare is the share after one; 0 when it is the last.
func nextShare(f *runbook.Flags, share int) int {
	for _, s := range f.Shares() {
		if s > share {
			return s
		}
	}
	return 0
}

// FlagsBlockers say why flags that stand at a share are not raised further.
func (s State) FlagsBlockers(id string, at time.Time) []Safe {
	a := s.Actions[id]
	env := s.Envs[a.Env]
	var why []Safe
	for _, t := range env.Triggers {
		if t.State == TriggerSuspect || t.State == TriggerTripped {
			why = append(why, MakeSafe(fmt.Sprintf("%s is %s: %s", t.Metric, t.State, t.Why), 300))
		}
	}
	if len(s.monitored(a.Env)) == 0 {
		return why
	}
	if !s.fresh(a.Env, at) {
		return append(why, "the metrics cannot be had now, so nobody knows how the flags do")
	}
	last := env.Samples[len(env.Samples)-1]
	for _, m := range s.monitored(a.Env) {
		if p := last.Points[m.Name]; p.State == PointUnknown && len(m.Triggers) > 0 {
			why = append(why, MakeSafe(m.Name+" cannot be had: "+string(p.Why), 300))
		}
	}
	return why
}

// raising is the step whose flags are on their way up; empty when none are.
func (s State) raising() string {
	for step := range Steps(s.Plan) {
		if a := s.Actions[step.ID]; step.Flags != nil && a.underWay() {
			return step.ID
		}
	}
	return ""
}

// Raised are the steps whose flags a rollback of an environment turns off: those that this run may have raised, in the
// order of the runbook, or those that it found raised.
func (s State) Raised(env string) []string {
	var steps []string
	for _, f := range s.Found {
		if env == s.Plan.Environment && (s.Rollback == nil || !s.Rollback.Flags[f.Step].Done) {
			steps = append(steps, f.Step)
		}
	}
	for step := range Steps(s.Plan) {
		if a := s.Actions[step.ID]; step.Flags != nil && a.Env == env && (a.Share > 0 || a.Aim > 0) && a.Stage != ActionUndone {
			steps = append(steps, step.ID)
		}
	}
	return steps
}

// RaisedTo is the share in percent that the flags of a step stand at, or are raised to.
func (s State) RaisedTo(id string) int {
	if f, ok := s.found(id); ok {
		return f.Share
	}
	return max(s.Actions[id].Share, s.Actions[id].Aim)
}

// judgeFlagsOff asks for the flags to be turned off as soon as the fuse has burnt, and stops waiting for it after a
// while.
func (d *decision) judgeFlagsOff() {
	r := d.s.Rollback
	if !r.live() || r.Burnt.IsZero() {
		return
	}
	if steps := d.s.Raised(r.Env); r.FlagsWish == "" && len(steps) > 0 {
		d.emit(FlagsOffAsked{Wish: fmt.Sprintf("%s/flags-off/%d", d.s.ID, d.s.Acts+1), Steps: steps, Until: d.at.Add(flagsPatience)})
		return
	}
	if missing := r.flagsOn(); len(missing) > 0 && !r.FlagsUntil.IsZero() && !d.at.Before(r.FlagsUntil) {
		d.emit(FlagsOffLate{Missing: missing})
	}
}

// flagsOn are the steps whose flags are not off yet.
func (r *RollbackState) flagsOn() []string {
	var steps []string
	for step, off := range r.Flags {
		if !off.Done {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps
}

// flagsEnd is until when the end of a run waits for flags that are still on; zero: it does not.
func (r *RollbackState) flagsEnd() time.Time {
	if r.Burnt.IsZero() || len(r.flagsOn()) == 0 {
		return time.Time{}
	}
	return r.Burnt.Add(flagsInsist)
}

// waitsForFlags tells whether the rollback's patches wait for the flags.
func (r *RollbackState) waitsForFlags() bool {
	return !r.FlagsUntil.IsZero() && len(r.flagsOn()) > 0
}

// flagsOffWorks turn flags off, each step's by itself, as long as it takes.
func (s State) flagsOffWorks(r *RollbackState) []Work {
	var works []Work
	if r.Burnt.IsZero() || r.Stage == TakenBack {
		return nil
	}
	for _, id := range r.flagsOn() {
		step, _ := s.FlagStep(id)
		wish := r.FlagsWish + "/" + id
		works = append(works, Work{ID: wish, Body: FlagsWork{
			Act: Act{Wish: wish, Run: s.ID, Step: id, Env: s.Plan.Env(r.Env)}, Flags: *step.Flags, Share: 0, Insist: true,
			Note: s.raisedFlags(id, s.RaisedTo(id)),
		}})
	}
	return works
}

// flagsOff takes what came of turning flags off.
func (d *decision) flagsOff(v Acted) {
	r := d.s.Rollback
	if r == nil || r.FlagsWish == "" {
		return
	}
	for _, id := range r.flagsOn() {
		if v.Wish != r.FlagsWish+"/"+id {
			continue
		}
		e := FlagsOffSeen{Step: id}
		if v.Outcome != ActionDone {
			e.Err = MakeSafe(string(v.Summary), 300)
		}
		if e.Err == "" || e.Err != r.Flags[id].Err {
			d.emit(e)
		}
		return
	}
}

// pauseFlags freezes flags that are on their way up; false when none are.
func (d *decision) pauseFlags() bool {
	id := d.s.raising()
	if id == "" || d.s.Actions[id].Paused || d.s.goingBack() {
		return false
	}
	d.emit(FlagsPaused{Step: id, Paused: true})
	return true
}

// resumeFlags sets frozen flags going again: the share they stand at is watched anew. False when none are frozen.
func (d *decision) resumeFlags() bool {
	id := d.s.raising()
	if id == "" || !d.s.Actions[id].Paused {
		return false
	}
	step, _, _ := d.s.place(id)
	d.emit(FlagsPaused{Step: id, Hold: d.at.Add(step.Flags.Hold.Or(defaultFlagHold))})
	return true
}
