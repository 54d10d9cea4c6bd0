package run

import (
	"strings"

	"github.com/politicalsphere/sop/runbook"
)

func (d *decision) attest(v Attest) {
	step, phase, ok := d.s.place(v.Step)
	switch {
	case !ok:
		d.refuse("there is no step %q", v.Step)
	case phase > d.s.Phase:
		d.refuse("%s belongs to a later phase: its gate is still shut", step.Title)
	case phase < 0 && (d.s.Rollback == nil || d.s.Rollback.Stage == TakenBack):
		d.refuse("%s belongs to the rollback procedure: no rollback is under way", step.Title)
	case d.s.underWay(step):
		d.refuse("%s is under way: let it end first", step.Title)
	case !ByHand(step) && !d.s.blindStep(step, phase):
		d.refuse("%s is sensed, a hand tick would not be true: look again (r), or override it with a reason (o)", step.Title)
	case step.Notify != nil && tooShort(v.Note):
		d.refuse("say in at least %d characters how they were told", minReason)
	case !ByHand(step) && tooShort(v.Note):
		d.refuse("the sensor of %s is blind: say in at least %d characters what you saw yourself", step.Title, minReason)
	case d.s.Steps[v.Step].Attested != nil && d.s.Steps[v.Step].Attested.Contradicted.IsZero(): // pressed twice
	default:
		d.emit(StepAttested{Step: v.Step, Note: MakeSafe(v.Note, 2000)})
	}
}

// blindStep tells whether a step's sensor could not look, so that a person may look instead. What cannot be overridden
// cannot be ticked by hand either.
func (s State) blindStep(step runbook.Step, phase int) bool {
	if s.Actions[step.ID].Stage == ActionInDoubt {
		return step.IsOverridable() // the program does not know what came of it, and a person may
	}
	return step.Action() == "" && step.IsOverridable() && s.sensed(step, s.Steps[step.ID], phase) == Unknown
}

func tooShort(reason string) bool { return len([]rune(strings.TrimSpace(reason))) < minReason }

func (d *decision) unattest(id string) {
	if d.s.Steps[id].Attested == nil {
		d.refuse("%s was not ticked by hand", d.s.title(id))
		return
	}
	d.emit(StepUnattested{Step: id})
}

// minReason is how long a reason has to be at least (DESIGN §4).
const minReason = 10

func (d *decision) override(v Override) {
	step, phase, ok := d.s.place(v.Step)
	status := d.s.statusOf(step, phase)
	switch {
	case !ok:
		d.refuse("there is no step %q", v.Step)
	case phase > d.s.Phase:
		d.refuse("%s belongs to a later phase: its gate is still shut", step.Title)
	case !step.IsOverridable():
		d.refuse("%s cannot be overridden: the runbook says so", step.Title)
	case tooShort(v.Reason):
		d.refuse("an override needs a reason of at least %d characters", minReason)
	case status.OpensGate():
		d.refuse("%s needs no override: it is %s", step.Title, status)
	case d.s.underWay(step):
		d.refuse("%s is under way: freeze it (f) or roll back (R)", step.Title)
	default:
		d.emit(StepOverridden{Step: v.Step, Reason: MakeSafe(v.Reason, 1000), Status: status, Value: d.s.Observed(v.Step), Failing: d.s.failing(step, phase), Checks: d.s.covers(step)})
	}
}

func (d *decision) deferStep(v Defer) {
	id := v.Step
	step, phase, ok := d.s.place(id)
	if !ok || step.DeferTo == "" {
		d.refuse("%s cannot be deferred: the runbook names no later phase for it", d.s.title(id))
		return
	}
	if d.s.dueAgain(step, phase) {
		d.refuse("%s is due now: it was deferred to this phase", step.Title)
		return
	}
	if d.s.Steps[id].Deferred {
		d.refuse("%s is deferred already", step.Title)
		return
	}
	if d.s.underWay(step) {
		d.refuse("%s is under way: it cannot be put off any more", step.Title)
		return
	}
	d.emit(StepDeferred{Step: id, To: step.DeferTo, Note: MakeSafe(v.Note, 1000)})
}

// underWay tells whether a step's action writes or watches now.
func (s State) underWay(step runbook.Step) bool {
	w, watched := s.Watches[step.ID]
	return s.Deploys[step.ID].open() || watched && w.Ended.IsZero() || s.Actions[step.ID].underWay()
}
