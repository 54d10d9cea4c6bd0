package run

import (
	"strconv"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// gateSteps are the steps that the gate after a phase waits for: its own, those deferred to it, and those of earlier
// phases that stay live for the whole run.
func (s State) gateSteps(phase int) []runbook.Step {
	var steps []runbook.Step
	here := s.Plan.Runbook.Phases[phase]
	for i, ph := range s.Plan.Runbook.Phases[:phase+1] {
		for step := range PhaseSteps(ph) {
			if i == phase || step.Recheck == "run" || s.Steps[step.ID].Deferred && step.DeferTo == here.ID {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// GateSteps are the steps whose boxes the gate of the open phase rests on; nil when no gate is left.
func (s State) GateSteps() []runbook.Step {
	if _, ok := s.OpenPhase(); !ok {
		return nil
	}
	return s.gateSteps(s.Phase)
}

// GateBlockers are the required steps that keep the gate of the open phase shut.
func (s State) GateBlockers() []runbook.Step {
	if _, ok := s.OpenPhase(); !ok {
		return nil
	}
	var blocking []runbook.Step
	for _, step := range s.gateSteps(s.Phase) {
		if step.IsRequired() && !s.StepStatus(step.ID).OpensGate() {
			blocking = append(blocking, step)
		}
	}
	return blocking
}

// openGate asks for the gate of the open phase: what is older than its ttl is looked at again first.
func (d *decision) openGate() {
	ph, ok := d.s.OpenPhase()
	switch {
	case !ok:
		d.refuse("there is no gate left to open")
		return
	case d.s.Gate != nil:
		return
	case d.s.Rollback.live() || d.s.rolledBack():
		d.refuse("the run was rolled back: its gates stay shut")
		return
	}
	d.emit(GateAsked{Phase: ph.ID, Fresh: d.s.tooOld(d.at)})
}

// tooOld are the checks that have to look again before the gate of the open phase may open: those that it waits for
// and that were not seen within their ttl. What is overridden is bound to its value, so it has to be seen too, unless
// it was overridden since it cannot be.
func (s State) tooOld(at time.Time) []CheckRef {
	var fresh []CheckRef
	for _, step := range s.gateSteps(s.Phase) {
		st := s.Steps[step.ID]
		_, phase, _ := s.place(step.ID)
		if !step.IsRequired() || st.Na || st.Deferred && !s.dueAgain(step, phase) {
			continue
		}
		for i, check := range step.Verify {
			c := st.Checks[i]
			blind := st.Override != nil && (i >= len(st.Override.Checks) || st.Override.Checks[i].Blind)
			if !blind && !s.suspended(step, i, phase) && (c.Stale || c.Seen.IsZero() || at.Sub(c.Seen) >= ttl(check)) {
				fresh = append(fresh, CheckRef{Step: step.ID, Index: i})
			}
		}
	}
	return fresh
}

// gateWait is how long a keypress waits for its looks, beyond the longest time-out of their checks. A gate that opens
// much later than somebody pressed would surprise them; a look that does not come keeps it shut.
const gateWait = time.Minute

// gateUntil is when a gate that was asked for stays shut, if its looks are not in by then.
func (s State) gateUntil() time.Time {
	wait := gateWait
	for _, ref := range s.Gate.Fresh {
		step, _, _ := s.place(ref.Step)
		wait = max(wait, gateWait+step.Verify[ref.Index].Timeout.D)
	}
	return s.Gate.At.Add(wait)
}

// judgeGate opens a gate that was asked for, once all looks it waits for are in, or leaves it shut. A look that does not
// come in time leaves its box stale, so it ends like a failure.
func (d *decision) judgeGate() {
	g := d.s.Gate
	if g == nil {
		return
	}
	for _, ref := range g.Fresh {
		if st := d.s.Steps[ref.Step]; st.Checks[ref.Index].Stale && !st.Na && d.at.Before(d.s.gateUntil()) {
			return
		}
	}
	ph, _ := d.s.OpenPhase()
	if blockers := d.s.GateBlockers(); len(blockers) > 0 {
		ids := make([]string, len(blockers))
		for i, b := range blockers {
			ids[i] = b.ID
		}
		d.emit(GateRefused{Phase: ph.ID, Blocking: ids})
		d.refuse("the gate stays shut: %s", join(d.s.titles(ids), 3))
		return
	}
	d.emit(opened(ph.ID, d.s.snapshot(d.s.Phase)))
}

// join lists at most n names and says how many more there are.
func join(names []string, n int) string {
	text := ""
	for i, name := range names {
		if i == n {
			return text + " and " + strconv.Itoa(len(names)-n) + " more"
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}

// judgeWhen evaluates the conditions of conditional steps. A condition that cannot be evaluated leaves the step
// applicable: it must not vanish.
func (d *decision) judgeWhen() {
	for step := range Steps(d.s.Plan) {
		if step.When == "" || d.s.underWay(step) {
			continue
		}
		applies := d.s.applies(step)
		if applies == d.s.Steps[step.ID].Na {
			d.emit(WhenJudged{Step: step.ID, Applies: applies})
		}
	}
}

// answers are what was answered so far, by step/question; the empty text where nobody answered yet.
func (s State) answers() map[string]string {
	answers := map[string]string{}
	for step := range Steps(s.Plan) {
		if step.Ask == nil {
			continue
		}
		for _, q := range step.Ask.Questions {
			answers[step.ID+"/"+q.ID] = string(s.Actions[step.ID].Answers[q.ID])
		}
	}
	return answers
}

func (s State) applies(step runbook.Step) bool {
	_, phase, _ := s.place(step.ID)
	statuses := make(map[string]string, len(s.Steps))
	for other := range Steps(s.Plan) {
		if other.When == "" { // no chains of conditions
			statuses[other.ID] = string(s.StepStatus(other.ID))
		}
	}
	ok, err := s.Plan.Wanted(step, s.envOf(phase), statuses, s.answers())
	return ok || err != nil
}
