package run

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: Apply is pure. It never looks at the clock, never writes into what the old State holds, and needs nothing but
// the State, the event and its time, so that a journal replayed gives the same State.

// maxSamples bounds what a State carries; the journal holds all of them.
const maxSamples = 1500

// maxLog bounds the lines that screens can scroll back to.
const maxLog = 500

// New returns the State before the first event of a run of this plan.
func New(id string, plan *runbook.Plan) State {
	s := State{
		ID: id, Plan: plan, Steps: map[string]StepState{}, Envs: map[string]EnvState{},
		Deploys: map[string]DeployState{}, Watches: map[string]WatchState{}, Actions: map[string]ActionState{}, Verdict: VerdictNone,
	}
	for step := range Steps(plan) {
		s.Steps[step.ID] = StepState{Checks: make([]CheckState, len(step.Verify))}
		for i := range s.Steps[step.ID].Checks {
			s.Steps[step.ID].Checks[i].Status = Pending
		}
	}
	return s
}

// Apply returns the State after the events, in their order.
func Apply(s State, events ...Stamped) State {
	if len(events) == 0 {
		return s
	}
	n := s
	n.Steps, n.Envs = maps.Clone(s.Steps), maps.Clone(s.Envs)
	n.Deploys, n.Watches, n.Actions = maps.Clone(s.Deploys), maps.Clone(s.Watches), maps.Clone(s.Actions)
	if s.Rollback != nil {
		r := *s.Rollback
		r.FrozenBy, r.Flags = maps.Clone(r.FrozenBy), maps.Clone(r.Flags)
		n.Rollback = &r
	}
	for _, e := range events {
		n.At = e.At
		if line, ok := describe(n, e); ok {
			n.Log = append(slices.Clone(tail(n.Log, maxLog-1)), line)
		}
		n.actor = e.Actor
		e.Event.apply(&n, e.At)
	}
	return n
}

// tail returns the last n elements.
func tail[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }

func (s *State) step(id string, change func(*StepState)) {
	st := s.Steps[id]
	st.Checks = slices.Clone(st.Checks)
	change(&st)
	s.Steps[id] = st
}

func (s *State) env(name string, change func(*EnvState)) {
	e := s.Envs[name]
	e.Components = maps.Clone(e.Components)
	if e.Components == nil {
		e.Components = map[string]ComponentState{}
	}
	change(&e)
	s.Envs[name] = e
}

func (s *State) component(env, name string, change func(*ComponentState)) {
	s.env(env, func(e *EnvState) {
		c := e.Components[name]
		change(&c)
		e.Components[name] = c
	})
}

func (s *State) deploy(step string, change func(*DeployState)) {
	d := s.Deploys[step]
	d.Answered = maps.Clone(d.Answered)
	change(&d)
	s.Deploys[step] = d
}

func (e RunStarted) apply(s *State, at time.Time) {
	s.Operator, s.Auto, s.Only, s.Practice, s.Started = e.Operator, e.Auto, e.Only, e.Practice, at
	if c := s.Plan.Runbook.Communication; c != nil && c.Every.D > 0 && !e.Only {
		s.NextUpdate = at.Add(c.Every.D)
	}
	if e.Only {
		s.Found = e.Flags
		s.env(e.Environment, func(v *EnvState) { v.Pins, v.Written = e.Pins, at })
		for _, p := range e.Pins {
			s.component(e.Environment, p.Component, func(c *ComponentState) { c.Stage = Deployed })
		}
	}
}

// apply lets nothing pass unwatched: what was seen before the gap is stale, a hold starts again, a fuse asks. Boxes of
// phases behind us show what they showed: nobody looks at them again.
func (e RunResumed) apply(s *State, at time.Time) {
	for step, phase := range s.stepsInPlace() {
		if phase >= 0 && phase < s.Phase && !s.liveAt(step, phase) {
			continue
		}
		s.step(step.ID, func(st *StepState) {
			for i, c := range st.Checks {
				if c.Status != Pending {
					st.Checks[i].Stale, st.Checks[i].Since = true, at
				}
			}
		})
	}
	gap := at.Sub(e.Last) // below zero when the machine's clock was set back
	for id, d := range s.Deploys {
		if d.Frozen {
			continue // the thaw makes up for all of the time it stood still
		}
		if d.Stage == Holding {
			s.deploy(id, func(d *DeployState) { d.HoldUntil = d.HoldUntil.Add(gap) })
		}
		if d.Stage == InMove {
			s.deploy(id, func(d *DeployState) { d.MoveAt = at })
		}
	}
	for name := range s.Envs {
		s.env(name, func(v *EnvState) { v.Locked, v.Lamp = false, Lamp{} })
	}
	if s.Rollback != nil {
		s.Rollback.resume(at)
	}
	s.Gate = nil
	s.doubtAll()
}

// resume lets a rollback count only what this process sees: nobody watched in the gap.
func (r *RollbackState) resume(at time.Time) {
	switch r.Stage {
	case Fusing:
		r.Stage, r.FuseUntil = Asking, time.Time{}
		r.AskWhy = "the program was started again while it burnt"
	case Restoring:
		r.LateAt = at.Add(tookDeadline)
	case Settling:
		r.SettleFrom, r.InBand = at, time.Time{}
	}
}

func (e Noted) apply(*State, time.Time) {}

func (e StatusUpdated) apply(s *State, at time.Time) {
	if c := s.Plan.Runbook.Communication; c != nil && c.Every.D > 0 {
		s.NextUpdate = at.Add(c.Every.D)
	}
}

func (e Finished) apply(s *State, at time.Time) {
	s.Outcome, s.Verdict, s.Ended, s.Gate, s.NextUpdate = e.Outcome, e.Verdict, at, nil, time.Time{}
}

func (e CheckChanged) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) {
		c := &st.Checks[e.Index]
		c.note(e.Status, e.Result, cmp.Or(e.Before, c.History.Good), at)
		if c.Status != e.Status {
			c.Since = at
		}
		if c.Pin == "" && isGood(e.Status) && isGood(e.Result.Status) {
			c.Pin = e.Result.Pin
		}
		c.Status = e.Status
		c.see(e.Result, at)
		if a := st.Attested; a != nil && e.Status == Failed && a.Contradicted.IsZero() {
			contradicted := *a
			contradicted.Contradicted = at
			st.Attested = &contradicted
		}
	})
}

func (e CheckCalmed) apply(s *State, _ time.Time) {
	s.step(e.Step, func(st *StepState) {
		h := &st.Checks[e.Index].History
		h.Flapping, h.Turns = false, nil
	})
}

func (e CheckSeen) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) { st.Checks[e.Index].see(e.Result, at) })
}

// see takes one look into the books of a check.
func (c *CheckState) see(r Result, at time.Time) {
	c.Result, c.Seen, c.Stale = r, at, false
	switch r.Status {
	case Passed, Warn, NotApplicable:
		c.Passes, c.Fails = c.Passes+1, 0
	case Failed:
		c.Passes, c.Fails = 0, c.Fails+1
		c.History.Badness = r.Badness
	case Unknown:
		c.Passes = 0 // a row of good looks has no holes; that of bad ones is not forgiven by not looking
	}
	if c.Status == Passed || c.Status == Warn {
		c.Passed = at
		if isGood(r.Status) {
			c.History.Good = r.Summary
		}
	}
	c.hear(r, at)
}

// hear takes what a look tells of its sensor into the books.
func (c *CheckState) hear(r Result, at time.Time) {
	switch {
	case r.Ill:
		if c.Ill.IsZero() {
			c.Ill = at
		}
		return
	case r.Sensor != "":
		c.Heard = at
	}
	if !c.Ill.IsZero() {
		c.Ill, c.Healed = time.Time{}, at
	}
}

func (e CheckStaled) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) {
		c := &st.Checks[e.Index]
		if isGood(c.Status) {
			c.fall(Stale, c.History.Good, "not looked at within its ttl", at)
		}
		c.Stale, c.Since = true, at
	})
}

// judgeAgain makes the checks that were suspended while we changed an environment, and those of what was deployed, wait for
// a new look.
func (s *State) judgeAgain(env string, at time.Time) {
	for step := range Steps(s.Plan) {
		_, phase, _ := s.place(step.ID)
		if s.envOf(phase) != env || phase >= 0 && !s.live(step, phase) {
			continue // boxes of phases behind us show what they showed
		}
		_, follows := s.deployBefore(step, phase)
		s.step(step.ID, func(st *StepState) {
			for i := range st.Checks {
				if c := &st.Checks[i]; (follows || changedByUs(step.Verify[i])) && c.Status != Pending {
					c.Status, c.Since, c.Stale, c.Seen = Checking, at, false, time.Time{}
				}
			}
		})
	}
}

func (e RecheckAsked) apply(s *State, _ time.Time) {
	for id := range s.Steps {
		if e.Step != "" && e.Step != id {
			continue
		}
		s.step(id, func(st *StepState) {
			for i := range st.Checks {
				st.Checks[i].Recheck++
			}
		})
	}
}

func (e StepAttested) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) {
		st.Attested = &Attestation{By: s.actor, At: at, Note: e.Note}
	})
}

func (e StepUnattested) apply(s *State, _ time.Time) {
	s.step(e.Step, func(st *StepState) { st.Attested = nil })
}

func (e StepOverridden) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) {
		st.Override = &Overriding{By: s.actor, At: at, Reason: e.Reason, Status: e.Status, Value: e.Value, Failing: e.Failing, Checks: e.Checks}
		st.Voided = nil
	})
}

func (e OverrideVoided) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) {
		if st.Override != nil {
			st.Voided = &Voiding{Was: *st.Override, At: at, Why: e.Why}
		}
		st.Override = nil
	})
}

func (e StepDeferred) apply(s *State, at time.Time) {
	s.step(e.Step, func(st *StepState) {
		st.Deferred = true
		st.Deferral = &Deferral{By: s.actor, At: at, To: e.To, Note: e.Note}
	})
}

func (e WhenJudged) apply(s *State, _ time.Time) {
	s.step(e.Step, func(st *StepState) { st.Na = !e.Applies })
}

func (e GateAsked) apply(s *State, at time.Time) {
	s.Gate = &GateState{By: s.actor, At: at, Phase: s.Phase, Fresh: e.Fresh}
	for _, ref := range e.Fresh { // stale until a look that began after the keypress is in
		s.step(ref.Step, func(st *StepState) {
			c := &st.Checks[ref.Index]
			c.Recheck++
			c.Stale, c.Since = true, at
		})
	}
}

func (e GateOpened) apply(s *State, _ time.Time) { s.Gate, s.Phase = nil, s.Phase+1 }

func (e GateRefused) apply(s *State, _ time.Time) { s.Gate = nil }

func (Ticked) apply(*State, time.Time) {}

func (e Refusal) apply(s *State, at time.Time) { s.Notice = Notice{At: at, Text: e.Text} }

func (e LockChanged) apply(s *State, _ time.Time) {
	s.env(e.Env, func(v *EnvState) { v.Locked, v.LockWhy = e.Held, e.Why })
}

func (e LampChanged) apply(s *State, _ time.Time) {
	s.env(e.Env, func(v *EnvState) { v.Lamp = Lamp{Known: true, OK: e.OK, Why: e.Why} })
}

func (e ProgressSeen) apply(s *State, at time.Time) {
	s.component(e.Env, e.Progress.Component, func(c *ComponentState) {
		c.Err = e.Err
		c.Stage = cmp.Or(c.Stage, Untouched)
		if e.Err == "" {
			c.Progress, c.Seen = e.Progress, at
		}
	})
}
