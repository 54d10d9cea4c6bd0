package run

import (
	"iter"
	"slices"

	"github.com/politicalsphere/sop/runbook"
)

// Steps yields every step of the plan in its order; those of the rollback procedure come last.
func Steps(p *runbook.Plan) iter.Seq[runbook.Step] {
	return func(yield func(runbook.Step) bool) {
		for i := range p.Runbook.Phases {
			for step := range PhaseSteps(p.Runbook.Phases[i]) {
				if !yield(step) {
					return
				}
			}
		}
		if p.Runbook.Rollback != nil {
			for _, step := range p.Runbook.Rollback.Steps {
				if !yield(step) {
					return
				}
			}
		}
	}
}

// PhaseSteps yields the steps of one phase in its order.
func PhaseSteps(ph runbook.Phase) iter.Seq[runbook.Step] {
	return func(yield func(runbook.Step) bool) {
		for _, section := range ph.Sections {
			for _, step := range section.Steps {
				if !yield(step) {
					return
				}
			}
		}
	}
}

// stepsInPlace yields every step with its phase (-1: the rollback procedure).
func (s State) stepsInPlace() iter.Seq2[runbook.Step, int] {
	return func(yield func(runbook.Step, int) bool) {
		for i, ph := range s.Plan.Runbook.Phases {
			for step := range PhaseSteps(ph) {
				if !yield(step, i) {
					return
				}
			}
		}
		if rb := s.Plan.Runbook.Rollback; rb != nil {
			for _, step := range rb.Steps {
				if !yield(step, -1) {
					return
				}
			}
		}
	}
}

// place is where a step stands: its phase (-1: the rollback procedure) and its environment.
func (s State) place(id string) (step runbook.Step, phase int, ok bool) {
	for i, ph := range s.Plan.Runbook.Phases {
		for st := range PhaseSteps(ph) {
			if st.ID == id {
				return st, i, true
			}
		}
	}
	if rb := s.Plan.Runbook.Rollback; rb != nil {
		if i := slices.IndexFunc(rb.Steps, func(st runbook.Step) bool { return st.ID == id }); i >= 0 {
			return rb.Steps[i], -1, true
		}
	}
	return runbook.Step{}, 0, false
}

// envOf is the environment of a phase; the rollback procedure (-1) takes the rollback's, else the run's target.
func (s State) envOf(phase int) string {
	if phase >= 0 {
		return s.Plan.Runbook.Phases[phase].Environment
	}
	if s.Rollback != nil {
		return s.Rollback.Env
	}
	return s.Plan.Environment
}

// OpenPhase is the phase whose steps are worked on; ok is false after the last gate, or in a run that only rolls back.
func (s State) OpenPhase() (ph runbook.Phase, ok bool) {
	if s.Only || s.Phase >= len(s.Plan.Runbook.Phases) {
		return runbook.Phase{}, false
	}
	return s.Plan.Runbook.Phases[s.Phase], true
}

// StepStatus is the state of a step, drawn from everything known about it.
func (s State) StepStatus(id string) Status {
	step, phase, ok := s.place(id)
	if !ok {
		return Unknown
	}
	return s.statusOf(step, phase)
}

func (s State) statusOf(step runbook.Step, phase int) Status {
	st := s.Steps[step.ID]
	switch {
	case st.Na:
		return NotApplicable
	case st.Override != nil:
		return s.overridden(step, st, phase)
	case st.Deferred && !s.dueAgain(step, phase):
		return Deferred
	}
	sensed := s.sensed(step, st, phase)
	return st.Attested.over(sensed, ByHand(step))
}

// overridden is the state of a step that is overridden: what the override does not cover, since it cannot be seen now,
// shows through.
func (s State) overridden(step runbook.Step, st StepState, phase int) Status {
	blind := s.outOfSight(step, phase)
	switch {
	case blind == "":
		return Overridden
	case blind == Unknown:
		return st.Attested.over(blind, false)
	}
	return blind
}

// over is what a hand tick makes of what is sensed; a nil one makes nothing of it.
func (a *Attestation) over(sensed Status, manual bool) Status {
	blind := sensed == Pending || sensed == Unknown
	switch {
	case a == nil:
		return sensed
	case manual, blind && a.Contradicted.IsZero():
		return Attested
	case blind, sensed == Failed, sensed == Drifted:
		return Conflicted
	}
	return sensed
}

// dueAgain tells whether the phase that a step was deferred to is open, or behind us.
func (s State) dueAgain(step runbook.Step, _ int) bool {
	i := slices.IndexFunc(s.Plan.Runbook.Phases, func(p runbook.Phase) bool { return p.ID == step.DeferTo })
	return i >= 0 && s.Phase >= i
}

// sensed is what checks and action say, the worse of the two.
func (s State) sensed(step runbook.Step, st StepState, phase int) Status {
	if step.IsManual() {
		return Pending
	}
	worst, applies := Passed, len(st.Checks) == 0
	for i, c := range st.Checks {
		status := c.Shown()
		applies = applies || status != NotApplicable
		if s.suspended(step, i, phase) && c.Status != Pending {
			status = Checking
		}
		if status.severity() > worst.severity() {
			worst = status
		}
	}
	switch {
	case step.Action() == "" && !applies:
		return NotApplicable // every check says that there is nothing to look at
	case step.Action() == "" && worst.OpensGate() && s.early(step, phase):
		return Pending
	case step.Action() == "":
		return worst
	}
	action := s.actionStatus(step, phase)
	if action == Pending && len(step.Verify) > 0 && worst != Passed {
		return worst
	}
	if action.severity() >= worst.severity() {
		return action
	}
	return worst
}

// deployBefore is the deploy that stands before a step in its phase: what the step looks at is what was deployed.
func (s State) deployBefore(step runbook.Step, phase int) (deploy runbook.Step, ok bool) {
	if phase < 0 {
		return deploy, false
	}
	for other := range PhaseSteps(s.Plan.Runbook.Phases[phase]) {
		if other.ID == step.ID {
			break
		}
		if other.Deploy != nil && other.IsRequired() {
			deploy, ok = other, true
		}
	}
	return deploy, ok
}

// early tells whether a box that stands now says nothing yet: what ran before the deploy is well, and not what it is about.
// What does not stand is shown all the same.
func (s State) early(step runbook.Step, phase int) bool {
	deploy, ok := s.deployBefore(step, phase)
	return ok && !s.statusOf(deploy, phase).OpensGate()
}

// Shown is the state of one check as a person should read it: a fall after a pass is drift, an old look is stale, and
// what flaps has drifted even while it is good.
func (c CheckState) Shown() Status {
	switch {
	case c.Status == Pending:
		return Pending // it never looked: nothing there can go stale
	case c.Stale:
		return Stale
	case c.Status == Failed && !c.Passed.IsZero(), isGood(c.Status) && c.History.Flapping:
		return Drifted
	}
	return c.Status
}

// suspended tells whether a check judges what we ourselves are changing right now: it is judged again after.
func (s State) suspended(step runbook.Step, index, phase int) bool {
	return changedByUs(step.Verify[index]) && s.changing(s.envOf(phase))
}

// changedByUs tells whether a rollout itself changes what a check looks at: the workloads, who serves behind a service
// and whether it is reached, the room that the surge takes, and the events of pods that come and go. Not the image in
// the registry, not what users see (http, tls, dns), not the metrics: those are what a rollout is judged by.
func changedByUs(c runbook.Check) bool {
	switch c.Kind {
	case "workload", "endpoints", "reach", "events":
		return true
	case "nodes":
		room, asked := c.Params["headroom"]
		return asked && room != nil && room != "" && room != false
	}
	return false
}

// changing tells whether components of the environment are in flight by our own doing.
func (s State) changing(env string) bool {
	for _, d := range s.Deploys {
		if d.Env == env && d.running() {
			return true
		}
	}
	return s.Rollback != nil && s.Rollback.Env == env && s.Rollback.live()
}

// running tells whether a deploy has begun to write and is not at its end.
func (d DeployState) running() bool {
	return d.Stage == InMove || d.Stage == Holding || d.Stage == Stuck
}

// open tells whether a deploy was started and may still go on.
func (d DeployState) open() bool {
	switch d.Stage {
	case Preflight, Baselining, Locking, InMove, Holding, Stuck:
		return true
	}
	return false
}

// live tells whether a rollback is under way.
func (r *RollbackState) live() bool {
	return r != nil && r.Stage != TakenBack && r.Stage != Restored
}

func (s State) actionStatus(step runbook.Step, _ int) Status {
	switch {
	case step.Deploy != nil:
		return s.deployStatus(step.ID)
	case step.Watch != nil:
		return s.watchStatus(step.ID)
	case step.Rollback != nil:
		return s.rollbackStatus(step.Rollback.Do)
	}
	return s.outsideStatus(step)
}

func (s State) deployStatus(id string) Status {
	d, ok := s.Deploys[id]
	if !ok {
		return Pending
	}
	switch d.Stage {
	case DeployDone:
		if s.strayed(d) != "" {
			return Drifted
		}
		return Passed
	case Refused:
		if len(d.Problems) == 0 {
			return Unknown
		}
		return Failed
	case Stuck:
		if s.lostSight(d) {
			return Unknown
		}
		return Failed
	case RolledOff:
		return Failed
	}
	return Checking
}

// lostSight tells whether a component of a deploy's current move cannot be looked at.
func (s State) lostSight(d DeployState) bool {
	for _, name := range d.Moves[d.Move].Components {
		if a := d.Answered[name]; a.Refused || a.Err != "" {
			return false // it is stuck for a reason that is known
		}
	}
	for _, name := range d.Moves[d.Move].Components {
		if s.Envs[d.Env].Components[name].Err != "" {
			return true
		}
	}
	return false
}

func (s State) watchStatus(id string) Status {
	w, ok := s.Watches[id]
	switch {
	case !ok:
		return Pending
	case w.Ended.IsZero():
		if s.tripped(w.Env) != nil {
			return Failed
		}
		return Checking
	case w.Verdict == VerdictPass:
		return Passed
	case w.Verdict == VerdictFail:
		return Failed
	}
	return Unknown
}

func (s State) rollbackStatus(do string) Status {
	r := s.Rollback
	if r == nil || r.Stage == TakenBack {
		return Pending
	}
	switch do {
	case "stop":
		return s.stopStatus(r)
	case "undo":
		switch {
		case r.Stage == Settling || r.Stage == Restored:
			return Passed
		case r.Late:
			return Failed
		case r.Stage == Restoring:
			return Checking
		}
	case "verify":
		switch r.Stage {
		case Restored:
			return r.Verified
		case Settling:
			return Checking
		}
	}
	return Pending
}

func (s State) stopStatus(r *RollbackState) Status {
	switch {
	case !r.Freezing || !r.FrozenAt.IsZero():
		for _, f := range r.FrozenBy {
			if f.Err != "" && r.Burnt.IsZero() {
				return Failed
			}
		}
		return Passed
	case !r.Burnt.IsZero():
		return Passed // the rollback patch freezes and restores in one
	}
	return Checking
}

// tripped is the first trigger that tripped in the environment; nil when none did.
func (s State) tripped(env string) *TriggerState {
	for i, t := range s.Envs[env].Triggers {
		if t.State == TriggerTripped {
			return &s.Envs[env].Triggers[i]
		}
	}
	return nil
}
