package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
)

// Law: whoever asks for the rights in an environment asks also for what the run's own Jobs and flags there need, before
// anything is written; for no more than that, since a right that is never used must not stop a deploy.

// Need is a step that writes to an environment's cluster beside the rollout.
type Need struct {
	Step  runbook.Step
	Maybe bool // the run can do without it, or it is needed only when things go wrong
}

// Needs are the steps of an environment that still write to its cluster beside the rollout: those of its phases and
// those of the rollback procedure, in the order of the runbook, then those whose flags are raised. What a person does instead, what is done, and what does
// not apply is not among them; of the rollback procedure that is a Maybe, since its conditions turn true late.
func (s State) Needs(env string) []Need {
	var needs []Need
	raised := s.Raised(env)
	for step, phase := range s.stepsInPlace() {
		if slices.Contains(raised, step.ID) || phase >= 0 && s.envOf(phase) != env {
			continue
		}
		if writesCluster(step) && s.stillActs(step, phase) {
			needs = append(needs, Need{Step: step, Maybe: !step.IsRequired() || s.Steps[step.ID].Na})
		}
	}
	return append(needs, s.raisedNeeds(env)...)
}

// raisedNeeds are the flags that a rollback of an environment turns off.
func (s State) raisedNeeds(env string) []Need {
	var needs []Need
	for _, id := range s.Raised(env) {
		if step, ok := s.FlagStep(id); ok && writesCluster(step) {
			needs = append(needs, Need{Step: step})
		}
	}
	return needs
}

// writesCluster tells whether a step's action writes to the cluster beside the rollout: a Job, or flags in a ConfigMap.
func writesCluster(step runbook.Step) bool {
	return step.Job != nil || step.Flags != nil && step.Flags.URL == ""
}

// stillActs tells whether a step's action may still be started.
func (s State) stillActs(step runbook.Step, phase int) bool {
	st := s.Steps[step.ID]
	if st.Override != nil || st.Attested != nil || phase >= 0 && (s.Only || st.Na) {
		return false
	}
	return s.Actions[step.ID].Stage != ActionDone
}

// offNeeds are the needs that a rollback has itself, before its patches: the flags that it turns off.
func (s State) offNeeds(env string) []Need {
	return slices.DeleteFunc(s.Needs(env), func(n Need) bool { return n.Step.Flags == nil || n.Maybe })
}

// needsID makes work begin anew when there are other needs.
func needsID(needs []Need) string {
	var b strings.Builder
	for _, n := range needs {
		fmt.Fprintf(&b, "/%s:%t", n.Step.ID, n.Maybe)
	}
	return b.String()
}
