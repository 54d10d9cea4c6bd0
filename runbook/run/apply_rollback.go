package run

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

func (e RollbackPressed) apply(s *State, at time.Time) {
	s.Presses = e.N
	s.Rollback = &RollbackState{
		N: e.N, Env: e.Env, Stage: Fusing, Pins: e.Pins, By: s.actor, Because: e.Because, Pressed: at,
		FreezeWish: e.Freeze, Freezing: e.Freeze != "", FrozenBy: map[string]Frozen{}, FuseUntil: e.FuseUntil,
		Flags: map[string]FlagsOff{},
	}
	if e.FuseUntil.IsZero() {
		s.Rollback.Stage, s.Rollback.AskWhy = Asking, cmp.Or(e.Ask, guessed(e.Pins))
	}
	if e.Freeze != "" {
		s.Acts++
	}
	s.Gate = nil // it must not open while we go back
	s.doubt("cut off by the rollback: look how far it came", func(step runbook.Step, phase int) bool { return phase >= 0 && writes(step) })
	for id, d := range s.Deploys {
		if d.Env == e.Env && d.running() {
			s.deploy(id, func(d *DeployState) {
				d.freeze(at)
				d.Thawing, d.FreezeWish, d.FreezeAnswers = false, "", nil // the rollback's own freeze takes its place
			})
		}
	}
}

// guessed says for which components the target is only a guess.
func guessed(pins []Pin) Safe {
	var names []string
	for _, p := range pins {
		if p.Guess {
			names = append(names, p.Component)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return MakeSafe("no pin was found for "+strings.Join(names, ", ")+", so the target is a guess", 300)
}

func (e FuseBurnt) apply(s *State, at time.Time) {
	s.Acts++
	s.Rollback.Stage, s.Rollback.Burnt, s.Rollback.Wish = Restoring, at, e.Wish
	s.Rollback.LateAt = at.Add(tookDeadline)
	for id, d := range s.Deploys {
		if d.Env == s.Rollback.Env {
			s.deploy(id, func(d *DeployState) { d.Stage, d.Ended, d.Wish, d.Frozen = RolledOff, at, "", false })
		}
	}
	for step, phase := range s.stepsInPlace() {
		if a := s.Actions[step.ID]; phase >= 0 && step.Job != nil && a.Stage == ActionRunning {
			s.action(step.ID, func(a *ActionState) {
				a.Stage, a.Summary = ActionInDoubt, "left to itself by the rollback: look how far it came"
			})
		}
	}
	for _, p := range s.Rollback.Pins {
		s.component(s.Rollback.Env, p.Component, func(c *ComponentState) {
			c.Stage, c.Undo, c.TookAt = Undoing, Undone{}, time.Time{}
			c.From = c.Progress.Image
		})
	}
	s.env(s.Rollback.Env, func(v *EnvState) {
		v.LastWrite = at
		v.Marks = append(slices.Clone(v.Marks), ChartMark{At: at, Label: "rollback"})
	})
}

func (e RollbackTaken) apply(s *State, at time.Time) {
	s.Rollback.Stage, s.Rollback.FuseUntil, s.Rollback.Ended = TakenBack, time.Time{}, at
}

func (e UndoSeen) apply(s *State, _ time.Time) {
	s.component(s.Rollback.Env, e.Undo.Component, func(c *ComponentState) {
		c.Undo = e.Undo
		c.From = cmp.Or(e.Undo.From, c.From)
		if e.Undo.Accepted {
			c.Fence, c.Patched = e.Undo.Fence, e.Undo.Generation
		}
	})
}

func (e UndoTook) apply(s *State, at time.Time) {
	s.component(s.Rollback.Env, e.Component, func(c *ComponentState) { c.Stage, c.TookAt = Took, at })
}

func (e UndoLate) apply(s *State, _ time.Time) { s.Rollback.Late = true }

func (e UndoneAgain) apply(s *State, _ time.Time) {
	s.component(s.Rollback.Env, e.Component, func(c *ComponentState) { c.Stage, c.TookAt = Undoing, time.Time{} })
	if s.Rollback.Stage == Settling {
		s.Rollback.Stage = Restoring
	}
}

func (e SettleBegan) apply(s *State, at time.Time) {
	s.Rollback.Stage, s.Rollback.SettleFrom, s.Rollback.InBand = Settling, at, time.Time{}
}

func (e InBandChanged) apply(s *State, _ time.Time) { s.Rollback.InBand = e.Since }

func (e RollbackDone) apply(s *State, at time.Time) {
	s.Rollback.Stage, s.Rollback.Ended, s.Rollback.Verified = Restored, at, e.Verified
	s.judgeAgain(s.Rollback.Env, at)
}

func (e ReasonGiven) apply(s *State, _ time.Time) {
	if s.Rollback != nil {
		s.Rollback.Reason = e.Text
	}
}

func (e WatchStarted) apply(s *State, _ time.Time) {
	s.step(e.Step, func(st *StepState) { st.Override, st.Deferred, st.Deferral = nil, false, nil })
	s.Watches[e.Step] = WatchState{Step: e.Step, Env: e.Env, From: e.From, Until: e.Until, Verdict: VerdictNone}
	s.env(e.Env, func(v *EnvState) { v.Monitored = e.Step })
}

func (e WatchExtended) apply(s *State, _ time.Time) {
	w := s.Watches[e.Step]
	w.Until, w.Ended, w.Verdict, w.Why = e.Until, time.Time{}, VerdictNone, ""
	s.Watches[e.Step] = w
}

func (e SampleTaken) apply(s *State, _ time.Time) {
	s.env(e.Env, func(v *EnvState) {
		v.Samples = append(slices.Clone(tail(v.Samples, maxSamples-1)), e.Sample)
	})
}

func (e TriggersJudged) apply(s *State, _ time.Time) {
	s.env(e.Env, func(v *EnvState) { v.Triggers = e.Triggers })
}

func (e TriggersSeen) apply(s *State, _ time.Time) {
	s.env(e.Env, func(v *EnvState) { v.Triggers = e.Triggers })
}

func (e WatchEnded) apply(s *State, at time.Time) {
	w := s.Watches[e.Step]
	w.Ended, w.Verdict, w.Why = at, e.Verdict, e.Why
	s.Watches[e.Step] = w
}
