package run

import (
	"cmp"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// nextOutside is what an unattended run does about a step that acts outside of the rollout.
func (s State) nextOutside(step runbook.Step, at time.Time) (next Next, open bool) {
	a := s.Actions[step.ID]
	stop := func(outcome Outcome, unknown bool, why string) (Next, bool) {
		if !step.IsRequired() {
			return Next{}, true
		}
		return Next{Stop: &Stop{Outcome: outcome, Unknown: unknown, Why: MakeSafe(step.Title+": "+why, 400)}}, false
	}
	switch status := s.StepStatus(step.ID); {
	case a.Stage == ActionWaiting && (step.Approve != nil || step.Ask != nil):
		return s.nextAnswer(step, stop)
	case a.Stage == ActionHolding && !a.Hold.IsZero():
		return s.nextWhileRaising(step, at, stop)
	case a.underWay():
		return Next{}, false
	case a.Stage == ActionFailed || a.Stage == ActionUndone:
		return stop(RunFailed, false, string(cmp.Or(a.Summary, "failed")))
	case a.Stage == ActionInDoubt:
		return stop(NeedsPerson, true, string(s.outsideText(step)))
	case status != Pending: // a check of its own keeps it back
		return s.nextWithPatience(step, status, at)
	}
	return s.nextStart(step, at, stop)
}

// stopper says why an unattended run cannot go on at a step, or passes over one that is not required.
type stopper = func(outcome Outcome, unknown bool, why string) (Next, bool)

func (s State) nextStart(step runbook.Step, at time.Time, stop stopper) (Next, bool) {
	good := s.Auto == PolicyGoodOperator
	switch {
	case step.Notify != nil && s.Channel(step.Notify.Channel).IsByHand():
		if good {
			return Next{Intent: Attest{Step: step.ID, Note: "told them by hand, as the runbook says"}}, false
		}
		return stop(NeedsPerson, false, "a person tells them: nothing sends on channel "+step.Notify.Channel)
	case good:
	case step.Approve != nil:
		return stop(NeedsPerson, false, "somebody has to approve it")
	case step.Ask != nil:
		return stop(NeedsPerson, false, "a person has to answer")
	case step.Confirm != "":
		return stop(NeedsPerson, false, "a person has to confirm it by typing "+step.Confirm)
	}
	if _, phase, _ := s.place(step.ID); phase >= 0 {
		if why := s.unready(step); why != "" {
			for _, c := range s.Steps[step.ID].Checks {
				if shown := c.Shown(); shown != Pending && !shown.OpensGate() {
					return s.nextWithPatience(step, shown, at)
				}
			}
			return Next{}, false
		}
	}
	return Next{Intent: Start{Step: step.ID, Word: step.Confirm}}, false
}

// nextAnswer is what the good operator has others say.
func (s State) nextAnswer(step runbook.Step, stop stopper) (Next, bool) {
	if s.Auto != PolicyGoodOperator {
		return stop(NeedsPerson, false, "a person has to answer")
	}
	if step.Approve != nil {
		by := "the stakeholder"
		if len(step.Approve.From) > 0 {
			by = step.Approve.From[0]
		}
		return Next{Intent: Approve{Step: step.ID, By: by, Words: "yes, go ahead"}}, false
	}
	return Next{Intent: Answer{Step: step.ID, Answers: plainAnswers(step.Ask)}}, false
}

// plainAnswers are the defaults, the first option, or a word.
func plainAnswers(ask *runbook.Ask) map[string]string {
	answers := map[string]string{}
	for _, q := range ask.Questions {
		switch {
		case q.Default != "":
			answers[q.ID] = q.Default
		case len(q.Options) > 0:
			answers[q.ID] = q.Options[0]
		case !q.Optional:
			answers[q.ID] = "none"
		}
	}
	return answers
}

// nextWhileRaising waits for flags that are held back, and gives up after a while; what tripped is rolled back by the
// good operator.
func (s State) nextWhileRaising(step runbook.Step, at time.Time, stop stopper) (Next, bool) {
	a := s.Actions[step.ID]
	blockers := s.FlagsBlockers(step.ID, at)
	give := a.Hold.Add(blockedPatience)
	tripped := s.tripped(a.Env)
	switch {
	case tripped != nil && s.Auto == PolicyGoodOperator && s.written() != "" && s.Rollback == nil:
		return Next{Intent: Rollback{Because: tripped.Metric + " tripped: " + string(tripped.Why)}}, false
	case at.Before(a.Hold) || len(blockers) == 0:
		return Next{}, false
	case at.Before(give):
		return Next{Again: give}, false
	case tripped != nil:
		return stop(RunFailed, false, string(first(blockers)))
	}
	return stop(NeedsPerson, true, string(first(blockers)))
}
