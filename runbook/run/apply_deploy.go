package run

import (
	"slices"
	"strconv"
	"time"
)

func (e DeployStarted) apply(s *State, at time.Time) {
	s.Deploys[e.Step] = DeployState{
		Step: e.Step, Env: e.Env, Stage: Preflight, Attempt: e.Attempt, Moves: e.Moves,
		Answered: map[string]Patched{}, Started: at,
	}
	s.step(e.Step, func(st *StepState) { st.Override, st.Deferred, st.Deferral = nil, false, nil }) // they were about not doing it
	s.env(e.Env, func(v *EnvState) { v.Pins = s.touched(e.Env) })                                   // what this run moved before keeps its way back
}

func (e DeployPinned) apply(s *State, _ time.Time) {
	if slices.ContainsFunc(s.Envs[e.Env].Pins, func(p Pin) bool { return p.Component == e.Pin.Component }) {
		return // moved by an earlier deploy of this run: the way back leads to before that
	}
	s.env(e.Env, func(v *EnvState) { v.Pins = append(slices.Clone(v.Pins), e.Pin) })
	s.component(e.Env, e.Pin.Component, func(c *ComponentState) {
		*c = ComponentState{Stage: Untouched, Fence: e.Pin.Fence, Progress: c.Progress, Seen: c.Seen}
	})
}

func (e DeployChecked) apply(s *State, _ time.Time) {
	env := s.Deploys[e.Step].Env
	s.deploy(e.Step, func(d *DeployState) {
		d.Problems, d.Unknown, d.Notes = e.Problems, e.Unknown, e.Notes
		switch {
		case len(e.Problems)+len(e.Unknown) > 0:
			d.Stage = Refused
		case e.Baseline:
			d.Stage = Baselining
		default:
			d.Stage = Locking
		}
	})
	s.env(env, func(v *EnvState) { v.Monitored = e.Monitor })
}

func (e BaselineFrozen) apply(s *State, _ time.Time) {
	s.deploy(e.Step, func(d *DeployState) {
		d.Stage = Locking
		if e.Err != "" {
			d.Notes = append(slices.Clone(d.Notes), "no baseline: "+e.Err)
		}
	})
	s.env(e.Env, func(v *EnvState) {
		v.Samples, v.Triggers, v.Marks = nil, nil, nil
		v.Baseline = nil
		if e.Err == "" {
			b := e.Baseline
			v.Baseline = &b
		}
	})
}

func (e Wished) apply(s *State, at time.Time) {
	s.Acts++
	d := s.Deploys[e.Step]
	move := d.Moves[e.Move]
	s.deploy(e.Step, func(d *DeployState) {
		d.Stage, d.Move, d.Wish, d.MoveAt, d.Why = InMove, e.Move, e.Wish, at, ""
		d.Answered = map[string]Patched{}
	})
	s.env(d.Env, func(v *EnvState) {
		if v.Written.IsZero() {
			v.Written = at
			v.Marks = append(slices.Clone(v.Marks), ChartMark{At: at, Label: "deploy"})
		}
		v.LastWrite = at
	})
	for _, name := range move.Components {
		s.component(d.Env, name, func(c *ComponentState) { c.Stage, c.Share = Moving, move.Share })
	}
}

func (e MovePatched) apply(s *State, _ time.Time) {
	env := s.Deploys[e.Step].Env
	s.deploy(e.Step, func(d *DeployState) {
		d.Answered[e.Component] = Patched{Wish: e.Wish, Component: e.Component, Generation: e.Generation, Already: e.Already, Refused: e.Refused, Err: e.Err}
		if len(d.Answered) == len(d.Moves[d.Move].Components) {
			d.Wish = ""
		}
	})
	if e.Err == "" && !e.Refused {
		s.component(env, e.Component, func(c *ComponentState) { c.Patched, c.Fence = e.Generation, stampOf(s, env, e.Component) })
	}
}

// stampOf is the fence that this run's deploys stamp: one more than what the pin found.
func stampOf(s *State, env, component string) int64 {
	for _, p := range s.Envs[env].Pins {
		if p.Component == component {
			return p.Fence + 1
		}
	}
	return 0
}

func (e MoveReached) apply(s *State, at time.Time) {
	d := s.Deploys[e.Step]
	move := d.Moves[e.Move]
	s.deploy(e.Step, func(d *DeployState) { d.Stage, d.HoldUntil, d.Why = Holding, e.HoldUntil, "" })
	for _, name := range move.Components {
		s.component(d.Env, name, func(c *ComponentState) {
			c.Stage = AtShare
			if move.Share >= 100 {
				c.Stage = Deployed
			}
		})
	}
	s.env(d.Env, func(v *EnvState) {
		v.LastReady = at
		v.Marks = append(slices.Clone(v.Marks), ChartMark{At: at, Label: strconv.Itoa(move.Share) + "%"})
	})
}

// answerFreeze takes one component's answer; the last one of each counts. A thaw is through when every component is
// going again.
func (d *DeployState) answerFreeze(f Frozen, at time.Time) {
	others := slices.DeleteFunc(slices.Clone(d.FreezeAnswers), func(o Frozen) bool { return o.Component == f.Component })
	d.FreezeAnswers = append(others, f)
	if !d.Thawing || len(d.FreezeAnswers) < len(d.FreezeOf) {
		return
	}
	if i := slices.IndexFunc(d.FreezeAnswers, func(o Frozen) bool { return o.Err != "" }); i >= 0 {
		d.Thawing = false
		d.Why = MakeSafe(d.FreezeAnswers[i].Component+" is still frozen: "+string(d.FreezeAnswers[i].Err), 300)
		return
	}
	d.thaw(at)
}

func (e Strayed) apply(s *State, _ time.Time) {
	s.component(e.Env, e.Component, func(c *ComponentState) { c.Strayed = e.Saw })
}

func (e DeployStuck) apply(s *State, _ time.Time) {
	s.deploy(e.Step, func(d *DeployState) { d.Stage, d.Why = Stuck, e.Why })
}

func (e DeployRetried) apply(s *State, at time.Time) {
	s.deploy(e.Step, func(d *DeployState) {
		d.Why, d.Frozen, d.HoldUntil = "", false, e.HoldUntil
		d.Stage = Holding
		if e.HoldUntil.IsZero() {
			d.Stage, d.MoveAt = InMove, at
			d.forgetFailures()
		}
	})
}

// forgetFailures makes patches that failed wanted again, under a wish of their own.
func (d *DeployState) forgetFailures() {
	for name, a := range d.Answered {
		if a.Refused || a.Err != "" {
			delete(d.Answered, name)
			d.Wish = ""
		}
	}
}

func (e DeployFinished) apply(s *State, at time.Time) {
	s.deploy(e.Step, func(d *DeployState) { d.Stage, d.Ended, d.Wish = DeployDone, at, "" })
	s.judgeAgain(s.Deploys[e.Step].Env, at)
}

func (e FreezeAsked) apply(s *State, at time.Time) {
	s.Acts++
	s.deploy(e.Step, func(d *DeployState) {
		d.freeze(at)
		d.FreezeWish, d.FreezeOf, d.FreezeAnswers, d.Thawing = e.Wish, e.Components, nil, e.Thaw
	})
}

// freeze stops the clocks of a deploy.
func (d *DeployState) freeze(at time.Time) {
	if !d.Frozen {
		d.Frozen, d.FrozenAt = true, at
	}
}

// thaw sets them going again: the time it stood still counts neither as held nor against the deadline.
func (d *DeployState) thaw(at time.Time) {
	stood := max(0, at.Sub(d.FrozenAt))
	d.Frozen, d.FrozenAt, d.Thawing = false, time.Time{}, false
	d.MoveAt = d.MoveAt.Add(stood)
	if !d.HoldUntil.IsZero() {
		d.HoldUntil = d.HoldUntil.Add(stood)
	}
}

func (e FreezeDone) apply(s *State, at time.Time) {
	for id, d := range s.Deploys {
		if d.FreezeWish == e.Wish {
			s.deploy(id, func(d *DeployState) { d.answerFreeze(Frozen(e), at) })
		}
	}
	r := s.Rollback
	if r == nil || r.FreezeWish != e.Wish {
		return
	}
	if r.FrozenBy == nil {
		r.FrozenBy = map[string]Frozen{}
	}
	r.FrozenBy[e.Component] = Frozen(e)
	if len(r.FrozenBy) == len(r.Pins) {
		r.FrozenAt = at
	}
}
