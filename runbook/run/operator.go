package run

import (
	"cmp"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Policies of an unattended run.
const (
	// PolicyAuto does what needs no person, and stops where one is needed.
	PolicyAuto = "auto"
	// PolicyGoodOperator plays a person who does everything right: in practice only.
	PolicyGoodOperator = "good-operator"
)

// patience is how long an unattended run waits for a box that does not stand before it gives up.
const patience = 2 * time.Minute

// blockedPatience is how long it waits for a lock that somebody else holds, or for a promotion that is held back.
const blockedPatience = 10 * time.Minute

// Next is what an unattended run does next: an Intent, or nothing yet (both zero), or Stop with what it waits for.
type Next struct {
	Intent Intent
	Stop   *Stop
	Again  time.Time // ask again at this time at the latest; zero: when the State changes
}

// Stop is why an unattended run cannot go on.
type Stop struct {
	Outcome Outcome // NeedsPerson or RunFailed
	Unknown bool    // it could not look
	Why     Safe
}

// NextIntent is the unattended operator: a pure function of the State, so that it is the same for the same run.
func NextIntent(s State, at time.Time) Next {
	if s.Started.IsZero() || !s.Ended.IsZero() {
		return Next{}
	}
	if update := s.nextUpdate(at); update != nil {
		return Next{Intent: update}
	}
	next := s.nextStep(at)
	if due := s.NextUpdate; !due.IsZero() && due.After(at) && (next.Again.IsZero() || due.Before(next.Again)) {
		next.Again = due
	}
	return next
}

// nextUpdate is the status update that is due: sent where something sends it. The good operator tells it by hand
// elsewhere. One that did not go out rings, and is not tried again before the next is due.
func (s State) nextUpdate(at time.Time) Intent {
	c := s.Plan.Runbook.Communication
	if s.NextUpdate.IsZero() || at.Before(s.NextUpdate) || c == nil {
		return nil
	}
	for _, m := range s.Messages {
		if m.About == AboutStatus && !m.At.Before(s.NextUpdate) && at.Sub(m.At) < c.Every.D {
			return nil
		}
	}
	switch {
	case c.Status != "" && !s.Channel(c.Status).IsByHand():
		return Update{Text: s.StatusDraft(at)}
	case s.Auto == PolicyGoodOperator:
		return StatusSent{}
	}
	return nil
}

// nextStep is what an unattended run does next about the procedure.
func (s State) nextStep(at time.Time) Next {
	if s.Rollback.live() || s.rolledBack() {
		return s.nextInRollback(at)
	}
	if s.Gate != nil || s.Only {
		return Next{}
	}
	ph, ok := s.OpenPhase()
	if !ok {
		return Next{}
	}
	for step := range PhaseSteps(ph) {
		if next, open := s.nextForStep(step, at); !open {
			return next
		}
	}
	if blockers := s.GateBlockers(); len(blockers) > 0 {
		next, _ := s.nextForStep(blockers[0], at)
		return next
	}
	return Next{Intent: OpenGate{}}
}

// nextForStep is what to do about one step; open is true when there is nothing to do about it any more.
func (s State) nextForStep(step runbook.Step, at time.Time) (next Next, open bool) {
	status := s.StepStatus(step.ID)
	switch {
	case status.OpensGate():
		return Next{}, true
	case step.IsManual():
		return s.nextByHand(step)
	case actsOutside(step):
		return s.nextOutside(step, at)
	case step.Action() != "" && (status == Pending || s.watchInconclusive(step)):
		return s.nextAction(step, at)
	case s.Deploys[step.ID].blockable():
		return s.nextWhileBlocked(step, at), false
	case status == Pending || status == Checking:
		return Next{}, false
	case s.deployEndedBadly(step):
		return s.nextAfterFailedDeploy(step), false
	case s.Watches[step.ID].Step != "" && status == Failed:
		return s.nextAfterTrip(step), false
	}
	return s.nextWithPatience(step, status, at)
}

// blockable tells whether a deploy waits before its next write.
func (d DeployState) blockable() bool {
	return !d.Frozen && (d.Stage == Holding || d.Stage == Locking)
}

// nextWhileBlocked waits for what keeps a deploy from its next write, and gives up after a while.
func (s State) nextWhileBlocked(step runbook.Step, at time.Time) Next {
	d := s.Deploys[step.ID]
	blockers := s.PromotionBlockers(step.ID)
	since := d.Started
	if d.Stage == Holding {
		if since = d.HoldUntil; since.IsZero() {
			since = d.MoveAt
		}
	}
	give := since.Add(blockedPatience)
	switch {
	case len(blockers) == 0:
		return Next{}
	case at.Before(give):
		return Next{Again: give}
	case s.tripped(d.Env) != nil:
		return Next{Stop: &Stop{Outcome: RunFailed, Why: first(blockers)}}
	}
	return Next{Stop: &Stop{Outcome: NeedsPerson, Why: MakeSafe(step.Title+" waits: "+string(first(blockers)), 400)}}
}

func (s State) deployEndedBadly(step runbook.Step) bool {
	stage := s.Deploys[step.ID].Stage
	return stage == Refused || stage == Stuck
}

func (s State) watchInconclusive(step runbook.Step) bool {
	w, ok := s.Watches[step.ID]
	return ok && !w.Ended.IsZero() && w.Verdict == VerdictInconclusive
}

func (s State) nextByHand(step runbook.Step) (Next, bool) {
	if s.Auto == PolicyGoodOperator {
		return Next{Intent: Attest{Step: step.ID, Note: "looked at, as the runbook says"}}, false
	}
	if !step.IsRequired() {
		return Next{}, true
	}
	return Next{Stop: &Stop{Outcome: NeedsPerson, Why: MakeSafe(step.Title+" is done by a person", 200)}}, false
}

func (s State) nextAction(step runbook.Step, at time.Time) (Next, bool) {
	if w, ok := s.Watches[step.ID]; ok && !w.Ended.IsZero() {
		return Next{Stop: &Stop{Outcome: NeedsPerson, Unknown: true, Why: MakeSafe(step.Title+": "+string(w.Why), 300)}}, false
	}
	if why := s.unready(step); why != "" {
		for _, c := range s.Steps[step.ID].Checks {
			if shown := c.Shown(); shown != Pending && !shown.OpensGate() {
				return s.nextWithPatience(step, shown, at)
			}
		}
		return Next{}, false
	}
	return Next{Intent: Start{Step: step.ID}}, false
}

func (s State) nextAfterFailedDeploy(step runbook.Step) Next {
	d := s.Deploys[step.ID]
	switch {
	case d.Stage == Stuck && s.Auto == PolicyGoodOperator:
		return Next{Intent: Rollback{Because: string(d.Why)}}
	case d.Stage == Stuck:
		return Next{Stop: &Stop{Outcome: RunFailed, Why: MakeSafe("deploy stuck: "+string(d.Why), 300)}}
	case len(d.Problems) > 0:
		return Next{Stop: &Stop{Outcome: RunFailed, Why: MakeSafe("deploy refused: "+string(first(d.Problems)), 300)}}
	}
	return Next{Stop: &Stop{Outcome: NeedsPerson, Unknown: true, Why: MakeSafe("deploy not verifiable: "+string(first(d.Unknown)), 300)}}
}

// nextAfterTrip lets a watch run to its end, unless the trip rule presses R before.
func (s State) nextAfterTrip(step runbook.Step) Next {
	w := s.Watches[step.ID]
	switch {
	case w.Ended.IsZero():
		return Next{}
	case s.Auto == PolicyGoodOperator && s.written() != "" && s.Rollback == nil:
		return Next{Intent: Rollback{Because: string(w.Why)}}
	}
	return Next{Stop: &Stop{Outcome: RunFailed, Why: MakeSafe(step.Title+": "+string(w.Why), 300)}}
}

// nextWithPatience waits for a box that does not stand, and gives up after a while.
func (s State) nextWithPatience(step runbook.Step, status Status, at time.Time) (Next, bool) {
	if !step.IsRequired() {
		return Next{}, true
	}
	var since time.Time
	for _, c := range s.Steps[step.ID].Checks {
		if !c.Shown().OpensGate() && (since.IsZero() || c.Since.Before(since)) {
			since = c.Since
		}
	}
	if give := since.Add(patience); at.Before(give) {
		return Next{Again: give}, false
	}
	stop := Stop{Outcome: RunFailed, Why: MakeSafe(string(cmp.Or(s.Observed(step.ID), Safe(status))), 300)}
	stop.Why = MakeSafe(step.Title+" is "+string(status)+": "+string(stop.Why), 400)
	if status == Unknown || status == Stale {
		stop.Outcome, stop.Unknown = NeedsPerson, true
	}
	return Next{Stop: &stop}, false
}

func (s State) nextInRollback(at time.Time) Next {
	r := s.Rollback
	if r.Stage == Asking {
		if s.Auto == PolicyGoodOperator {
			return Next{Intent: Burn{}}
		}
		return Next{Stop: &Stop{Outcome: NeedsPerson, Why: "the rollback asks a person"}}
	}
	if r.Stage != Restored || s.Only || s.Plan.Runbook.Rollback == nil {
		return Next{}
	}
	for _, step := range s.Plan.Runbook.Rollback.Steps {
		if s.StepStatus(step.ID).OpensGate() || !step.IsRequired() {
			continue
		}
		if step.IsManual() {
			next, _ := s.nextByHand(step)
			return next
		}
		if actsOutside(step) {
			next, _ := s.nextOutside(step, at)
			return next
		}
		status := s.StepStatus(step.ID)
		if step.Rollback != nil {
			stop := Stop{Outcome: RunFailed, Why: MakeSafe(step.Title+": "+string(s.Observed(step.ID)), 300)}
			if status == Unknown {
				stop.Outcome, stop.Unknown = NeedsPerson, true
			}
			return Next{Stop: &stop}
		}
		if status != Pending && status != Checking {
			next, _ := s.nextWithPatience(step, status, at)
			return next
		}
	}
	return Next{}
}
