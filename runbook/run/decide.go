package run

import (
	"fmt"
	"slices"
	"time"
)

// decision collects what follows from one input. d.s is always the State after what was collected so far.
type decision struct {
	s     State
	at    time.Time
	actor string
	out   []Stamped
}

func (d *decision) emit(e Event) {
	st := Stamped{At: d.at, Actor: d.actor, Event: e}
	d.out = append(d.out, st)
	d.s = Apply(d.s, st)
}

// refuse answers an intent that cannot be.
func (d *decision) refuse(format string, args ...any) {
	d.emit(Refusal{Text: MakeSafe(fmt.Sprintf(format, args...), 300)})
}

// Decide says what follows from an input: the events that it causes directly, and then those that follow from the
// State by themselves at that time, until nothing more does.
func Decide(s State, in Input) []Stamped {
	d := &decision{s: s, at: in.At, actor: in.Actor}
	if !s.Ended.IsZero() {
		if in.Intent != nil {
			d.refuse("the run has ended (%s): start a new one", s.Outcome)
		}
		return d.out
	}
	if in.Intent != nil {
		d.want(in.Intent)
	}
	d.actor = ""
	if in.Observation != nil {
		d.observe(in.Observation)
	}
	d.consequences()
	if len(d.out) == 0 && in.Intent == nil && in.Observation == nil {
		d.emit(Ticked{}) // a deadline that nothing came of must not be due again at once
	}
	return d.out
}

// Refuses says why an intent would be refused at that time, without anything being done; empty: it would not be. Who asks a
// person for more than a key, asks this first.
func (s State) Refuses(v Intent, actor string, at time.Time) Safe {
	for _, e := range Decide(s, Input{At: at, Actor: actor, Intent: v}) {
		if r, ok := e.Event.(Refusal); ok {
			return r.Text
		}
	}
	return ""
}

// rules are what follows by itself. Each emits at most what is due now; they are asked again until all are silent.
var rules = []func(*decision){
	(*decision).judgeWhen,
	(*decision).judgeStale,
	(*decision).judgeCalm,
	(*decision).judgeOverrides,
	(*decision).judgeGate,
	(*decision).judgeApprovals,
	(*decision).judgeActions,
	(*decision).judgeStrays,
	(*decision).judgeDeploys,
	(*decision).judgeFlags,
	(*decision).judgeTrips,
	(*decision).judgeFlagsOff,
	(*decision).judgeRollback,
	(*decision).judgeWatches,
	(*decision).judgeEscalation,
	(*decision).judgeEnd,
}

func (d *decision) consequences() {
	for range 100 { // each round needs an event of the round before; real chains are shorter than ten
		n := len(d.out)
		for _, rule := range rules {
			if d.s.Ended.IsZero() {
				rule(d)
			}
		}
		if len(d.out) == n {
			return
		}
	}
}

// Begin returns the first events of a run.
func Begin(s State, at time.Time, actor string, e RunStarted) []Stamped {
	return begin(s, at, actor, e)
}

// Resume returns the first events of a process that goes on with a run.
func Resume(s State, at time.Time, actor string) []Stamped {
	return begin(s, at, actor, RunResumed{Operator: actor, Last: s.At})
}

func begin(s State, at time.Time, actor string, e Event) []Stamped {
	d := &decision{s: s, at: at, actor: actor}
	d.emit(e)
	d.actor = ""
	d.consequences()
	return d.out
}

func (d *decision) want(intent Intent) {
	switch v := intent.(type) {
	case Start:
		d.start(v)
	case Approve:
		d.approve(v)
	case Answer:
		d.answer(v)
	case Update:
		d.update(v.Text)
	case Attest:
		d.attest(v)
	case Unattest:
		d.unattest(v.Step)
	case Override:
		d.override(v)
	case Defer:
		d.deferStep(v)
	case Recheck:
		d.emit(RecheckAsked{Step: v.Step})
	case OpenGate:
		d.openGate()
	case Note:
		d.emit(Noted{Text: MakeSafe(v.Text, 2000)})
	case StatusSent:
		d.emit(StatusUpdated{})
	case Extend:
		d.extend(v)
	case Finish:
		d.finish(v.Reason)
	case GiveUp:
		d.giveUp(v.Stop)
	case Freeze:
		d.freeze()
	case Continue:
		d.goOn()
	case Rollback:
		d.press(MakeSafe(v.Because, 300))
	case Burn:
		d.burn()
	case TakeBack:
		d.takeBack()
	case Reason:
		d.reason(v.Text)
	}
}

func (d *decision) observe(o Observation) {
	switch v := o.(type) {
	case Checked:
		d.checked(v)
	case Preflighted:
		d.preflighted(v)
	case Armed:
		if lamp := d.s.Envs[v.Env].Lamp; !lamp.Known || lamp.OK != v.OK || lamp.Why != v.Why {
			d.emit(LampChanged(v))
		}
	case LockHeld:
		if !d.s.Envs[v.Env].Locked {
			d.emit(LockChanged{Env: v.Env, Held: true, Token: v.Token})
		}
	case LockLost:
		d.lockLost(v)
	case Progressed:
		d.emit(ProgressSeen{Env: v.Env, Progress: v.Progress, Err: v.Err})
	case Patched:
		d.patched(v)
	case Frozen:
		d.frozen(v)
	case Undone:
		d.undone(v)
	case BaselineTaken:
		if dep := d.s.Deploys[v.Step]; dep.Stage == Baselining {
			v.Env = dep.Env
			v.Baseline = v.Baseline.fit()
			d.emit(BaselineFrozen(v))
		}
	case Sampled:
		d.sampled(v)
	case Acted:
		d.acted(v)
	case Acting:
		d.acting(v)
	case WorkFailed:
		d.failed(v)
	}
}

func (d *decision) lockLost(v LockLost) {
	env := d.s.Envs[v.Env]
	why := v.Why
	if v.Holder != "" {
		why = MakeSafe(fmt.Sprintf("held by %s: %s", v.Holder, v.Why), 300)
	}
	if env.Locked || env.LockWhy != why {
		d.emit(LockChanged{Env: v.Env, Held: false, Why: why})
	}
}

// failed takes the end of a worker that could not go on. A check without a worker could not look.
func (d *decision) failed(v WorkFailed) {
	for ref, check := range d.s.liveChecks() {
		if d.s.checkWork(ref, check).ID == v.Work {
			d.checked(Checked{Step: ref.Step, Index: ref.Index, Result: Result{Status: Unknown, Summary: v.Err}})
			return
		}
	}
	d.emit(Noted{Text: MakeSafe("could not go on with "+v.Work+": "+string(v.Err), 400)})
}

// frozen takes the answer to a freeze or thaw that is known, once.
func (d *decision) frozen(v Frozen) {
	if r := d.s.Rollback; r != nil && r.FreezeWish == v.Wish && v.Wish != "" {
		if before, answered := r.FrozenBy[v.Component]; pinOf(r.Pins, v.Component) >= 0 && (!answered || before != v) {
			d.emit(FreezeDone(v))
		}
		return
	}
	for step := range Steps(d.s.Plan) {
		dep := d.s.Deploys[step.ID]
		if v.Wish == "" || dep.FreezeWish != v.Wish || slices.Contains(dep.FreezeAnswers, v) || !slices.Contains(dep.FreezeOf, v.Component) {
			continue
		}
		d.emit(FreezeDone(v))
		return
	}
}

func pinOf(pins []Pin, component string) int {
	return slices.IndexFunc(pins, func(p Pin) bool { return p.Component == component })
}

func (d *decision) extend(v Extend) {
	w, ok := d.s.Watches[v.Step]
	if !ok || v.By <= 0 {
		d.refuse("there is no watch to extend")
		return
	}
	until := w.Until
	if until.Before(d.at) {
		until = d.at
	}
	d.emit(WatchExtended{Step: v.Step, Until: until.Add(v.By)})
}

// judgeStale finds live checks that were not looked at within their ttl.
func (d *decision) judgeStale() {
	var stale []CheckRef
	for ref, check := range d.s.liveChecks() {
		c := d.s.Steps[ref.Step].Checks[ref.Index]
		if !c.Stale && !c.Seen.IsZero() && d.at.Sub(c.Seen) >= ttl(check) {
			stale = append(stale, ref)
		}
	}
	for _, ref := range stale {
		d.emit(CheckStaled(ref))
	}
}

// finish ends the run where it stands, for a person who says so.
func (d *decision) finish(reason string) {
	for _, dep := range d.s.Deploys {
		if dep.running() {
			d.refuse("a deploy to %s is half done: let it end, or roll back (R) first", dep.Env)
			return
		}
	}
	if r := d.s.Rollback; r.live() && r.Stage != Settling {
		d.refuse("a rollback is under way: let it end first")
		return
	}
	outcome := NeedsPerson
	if d.s.rolledBack() {
		outcome = RolledBack
	}
	d.emit(Finished{Outcome: outcome, Verdict: d.s.RunVerdict(), Reason: MakeSafe(reason, 500)})
}

// giveUp ends a drill that stopped or was left. A run on a real cluster waits for a person instead.
func (d *decision) giveUp(why Stop) {
	if d.s.Practice == "" {
		d.refuse("only a drill is given up: this run waits for a person")
		return
	}
	outcome := why.Outcome
	if r := d.s.Rollback; r != nil && r.Stage == Restored {
		outcome = RolledBack
	}
	d.emit(Finished{Outcome: outcome, Verdict: d.s.RunVerdict(), Reason: MakeSafe(string(why.Why), 500)})
}

// rolledBack tells whether rollback patches went out.
func (s State) rolledBack() bool {
	return s.Rollback != nil && !s.Rollback.Burnt.IsZero()
}

// RunVerdict is the verdict of the run as a whole: fail once something tripped or was rolled back, otherwise that of the
// last watch of the run's target.
func (s State) RunVerdict() Verdict {
	if s.Only {
		return VerdictNone
	}
	if s.rolledBack() || len(s.Tripped()) > 0 {
		return VerdictFail
	}
	verdict := VerdictNone
	for step := range Steps(s.Plan) {
		if w, ok := s.Watches[step.ID]; ok && w.Env == s.Plan.Environment && !w.Ended.IsZero() {
			verdict = w.Verdict
		}
	}
	return verdict
}

// Tripped names the metrics with a tripped trigger, in the order of the file, each once.
func (s State) Tripped() []string {
	var names []string
	for _, ph := range s.Plan.Runbook.Phases {
		for _, t := range s.Envs[ph.Environment].Triggers {
			if t.State == TriggerTripped && !slices.Contains(names, t.Metric) {
				names = append(names, t.Metric)
			}
		}
	}
	return names
}

// judgeEnd ends the run when the last gate is open, or when the rollback procedure is through.
func (d *decision) judgeEnd() {
	r := d.s.Rollback
	switch {
	case r != nil && d.at.Before(r.flagsEnd()): // they are still being turned off
	case d.s.Only && d.s.Auto != "" && r != nil && (r.Stage == Settling || r.Stage == Restored):
		d.emit(Finished{Outcome: RolledBack, Verdict: VerdictNone})
	case d.s.Auto != "" && r != nil && r.Late:
		d.emit(Finished{Outcome: RunFailed, Verdict: d.s.RunVerdict(), Reason: "the rollback did not take in time"})
	case r != nil && r.Stage == Restored && d.rollbackThrough():
		d.emit(Finished{Outcome: RolledBack, Verdict: d.s.RunVerdict()})
	case !d.s.Only && d.s.Phase >= len(d.s.Plan.Runbook.Phases):
		d.emit(Finished{Outcome: Completed, Verdict: d.s.RunVerdict()})
	}
}

func (d *decision) rollbackThrough() bool {
	if d.s.Only || d.s.Plan.Runbook.Rollback == nil {
		return true
	}
	for _, step := range d.s.Plan.Runbook.Rollback.Steps {
		if step.IsRequired() && !d.s.statusOf(step, -1).OpensGate() {
			return false
		}
	}
	return true
}
