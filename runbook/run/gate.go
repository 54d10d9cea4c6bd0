package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

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
	var fresh []CheckRef
	for _, step := range d.s.gateSteps(d.s.Phase) {
		if !step.IsRequired() || d.s.Steps[step.ID].Na || d.s.Steps[step.ID].Override != nil {
			continue
		}
		_, phase, _ := d.s.place(step.ID)
		for i, check := range step.Verify {
			c := d.s.Steps[step.ID].Checks[i]
			if !d.s.suspended(step, i, phase) && (c.Stale || c.Seen.IsZero() || d.at.Sub(c.Seen) >= ttl(check)) {
				fresh = append(fresh, CheckRef{Step: step.ID, Index: i})
			}
		}
	}
	d.emit(GateAsked{Phase: ph.ID, Fresh: fresh})
}

// judgeGate opens a gate that was asked for, once all looks it waits for are in.
func (d *decision) judgeGate() {
	g := d.s.Gate
	if g == nil {
		return
	}
	for _, ref := range g.Fresh {
		if st := d.s.Steps[ref.Step]; st.Checks[ref.Index].Stale && !st.Na {
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
	snapshot := d.s.snapshot(d.s.Phase)
	d.emit(GateOpened{Phase: ph.ID, Snapshot: snapshot, Hash: hashOf(snapshot)})
}

// snapshot is what every box of a gate shows now.
func (s State) snapshot(phase int) []BoxFact {
	var facts []BoxFact
	for _, step := range s.gateSteps(phase) {
		facts = append(facts, BoxFact{
			Step: step.ID, Status: s.StepStatus(step.ID), Observed: s.Observed(step.ID), Seen: s.LastSeen(step.ID),
		})
	}
	return facts
}

func hashOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil { // only plain strings and times go in
		panic(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
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

func (s State) applies(step runbook.Step) bool {
	_, phase, _ := s.place(step.ID)
	statuses := make(map[string]string, len(s.Steps))
	for other := range Steps(s.Plan) {
		if other.When == "" { // no chains of conditions
			statuses[other.ID] = string(s.StepStatus(other.ID))
		}
	}
	ok, err := s.Plan.Wanted(step, s.envOf(phase), statuses)
	return ok || err != nil
}
