package run

import (
	"strconv"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: an override covers what its person saw, and nothing worse.
//
//   - It is void when an overridden value worsens: a check fails that was not seen failing, a failing one gets worse by
//     its Badness, or what was found behind its names changed again. An improvement, another wording, or a failure that
//     goes and comes back as it was, leave it alone.
//   - A value that nobody can see is not what was overridden. While a covered check is unknown or stale, and was not so
//     when it was overridden, the override stands but opens nothing: the step shows unknown or stale. It covers again
//     as soon as the value is back and no worse. Who wants to go on blind overrides that too.

// Overriding is a gate opened over a step, bound to what the step showed then.
type Overriding struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Reason  Safe      `json:"reason"`
	Status  Status    `json:"status"`            // of the step when it was overridden
	Value   Safe      `json:"value"`             // what was observed then
	Failing int       `json:"failing,omitempty"` // how many of its checks failed then
	Checks  []Covered `json:"checks,omitempty"`  // what each of its checks showed then; empty in runs of older versions
}

// Covered is what one check showed when its step was overridden: the worst that the override covers.
type Covered struct {
	Status  Status  `json:"status"`
	Badness float64 `json:"badness,omitempty"`
	Pin     Safe    `json:"pin,omitempty"`
	Blind   bool    `json:"blind,omitempty"` // it was accepted that nobody can see it
}

// Voiding is an override that is void, and why.
type Voiding struct {
	Was Overriding `json:"was"`
	At  time.Time  `json:"at"`
	Why Safe       `json:"why"`
}

// Deferral is who carried a step to a later phase, and why.
type Deferral struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	To   string    `json:"to"` // id of the phase
	Note Safe      `json:"note,omitempty"`
}

// covers is what an override of a step covers now. What an override before it covered stays covered: it is the same
// failure that comes back when the sensor does.
func (s State) covers(step runbook.Step) []Covered {
	st := s.Steps[step.ID]
	list := make([]Covered, len(st.Checks))
	for i, c := range st.Checks {
		list[i] = Covered{Status: c.Shown(), Badness: c.badness(), Pin: c.Result.Pin, Blind: unseen(c.Shown())}
		if before := st.Override; before != nil && i < len(before.Checks) && list[i].Blind && isBad(before.Checks[i].Status) {
			list[i] = before.Checks[i]
			list[i].Blind = true
		}
	}
	return list
}

// unseen tells whether a check in this state says nothing of the world.
func unseen(shown Status) bool {
	switch shown {
	case Pending, Checking, Stale, Unknown:
		return true
	}
	return false
}

// outOfSight is the state of a step whose override does not cover what cannot be seen now; empty when it covers all.
func (s State) outOfSight(step runbook.Step, phase int) Status {
	st := s.Steps[step.ID]
	worst := Status("")
	if !s.liveAt(step, phase) {
		return "" // nobody looks at it any more, or yet
	}
	for i, c := range st.Checks {
		if i >= len(st.Override.Checks) || st.Override.Checks[i].Blind || s.suspended(step, i, phase) {
			continue
		}
		if shown := c.Shown(); unseen(shown) && (worst == "" || shown.severity() > worst.severity()) {
			worst = shown
		}
	}
	return worst
}

// judgeOverrides voids an override when what it covered got worse.
func (d *decision) judgeOverrides() {
	for step := range Steps(d.s.Plan) {
		st := d.s.Steps[step.ID]
		if st.Override == nil {
			continue
		}
		_, phase, _ := d.s.place(step.ID)
		if why, value := d.s.worse(step, st, phase); why != "" {
			d.emit(OverrideVoided{Step: step.ID, Status: d.s.sensed(step, st, phase), Value: value, Why: why})
		}
	}
}

// worse says what got worse than what was overridden, and what it is now; empty when nothing did.
func (s State) worse(step runbook.Step, st StepState, phase int) (why, value Safe) {
	o := st.Override
	if len(o.Checks) != len(st.Checks) { // overridden by an older version, which knew less
		if s.sensed(step, st, phase).severity() > o.Status.severity() || s.failing(step, phase) > o.Failing {
			return "it got worse", s.Observed(step.ID)
		}
		return "", ""
	}
	if step.Action() != "" && s.actionStatus(step, phase).severity() > o.Status.severity() {
		return "its action is " + Safe(s.actionStatus(step, phase)), s.Observed(step.ID)
	}
	for i, c := range st.Checks {
		if s.suspended(step, i, phase) {
			continue
		}
		if why := o.Checks[i].worse(c); why != "" {
			return Safe(step.Verify[i].Kind) + ": " + why, c.Result.Summary
		}
	}
	return "", ""
}

// worse says in what a check is worse than what was covered of it.
func (v Covered) worse(c CheckState) Safe {
	switch {
	case c.Stale || c.Status != Failed:
		return "" // good, or not to be seen
	case !isBad(v.Status):
		return "it fails, and was " + Safe(v.Status) + " when it was overridden"
	case c.Result.Pin != v.Pin && c.Result.Pin != c.Pin && c.Result.Pin != "":
		return "it changed again, to " + c.Result.Pin
	case c.Result.Badness > v.Badness:
		return MakeSafe("it is worse than when it was overridden: "+amount(c.Result.Badness)+", was "+amount(v.Badness), 200)
	}
	return ""
}

func amount(badness float64) string { return strconv.FormatFloat(badness, 'g', 6, 64) }

// failing counts the checks of a step that looked and found it bad.
func (s State) failing(step runbook.Step, phase int) int {
	n := 0
	for i, c := range s.Steps[step.ID].Checks {
		if c.Status == Failed && !c.Stale && !s.suspended(step, i, phase) {
			n++
		}
	}
	return n
}
