package screen

import (
	"regexp"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// RollbackLive tells whether a rollback is under way.
func RollbackLive(s run.State) bool {
	return s.Rollback != nil && s.Rollback.Stage != run.TakenBack && s.Rollback.Stage != run.Restored
}

// FuseLive tells whether a rollback may still be taken back: its fuse burns, or it asks.
func FuseLive(s run.State) bool {
	return s.Rollback != nil && (s.Rollback.Stage == run.Fusing || s.Rollback.Stage == run.Asking)
}

// Moving tells whether a deploy is under way, and which: of several the one that began last.
func Moving(s run.State) (best run.DeployState, moving bool) {
	for id := range s.Deploys {
		d := s.Deploys[id]
		switch d.Stage {
		case run.InMove, run.Holding, run.Stuck:
			if !moving || d.Started.After(best.Started) || d.Started.Equal(best.Started) && d.Step < best.Step {
				best, moving = d, true
			}
		}
	}
	return best, moving
}

// Raising tells whether flags are on their way up, and are frozen or not.
func Raising(s run.State, frozen bool) bool {
	for _, a := range s.Actions {
		if step, _, ok := StepOf(s, a.Step); ok && step.Flags != nil && a.Paused == frozen && (a.Stage == run.ActionHolding || a.Stage == run.ActionRunning) {
			return true
		}
	}
	return false
}

// Environment is the environment that a person acts on now: of the rollback, else of the open phase.
func Environment(s run.State) string {
	if s.Rollback != nil && s.Rollback.Stage != run.TakenBack {
		return s.Rollback.Env
	}
	if ph, ok := s.OpenPhase(); ok && ph.Environment != "" {
		return ph.Environment
	}
	return s.Plan.Environment
}

// HasRollbackPhase tells whether the rollback procedure is listed beside the phases: once there is a rollback.
func HasRollbackPhase(s run.State) bool {
	return s.Plan.Runbook.Rollback != nil && len(s.Plan.Runbook.Rollback.Steps) > 0 &&
		(s.Only || s.Rollback != nil && s.Rollback.Stage != run.TakenBack)
}

// Phases are all phases to look at; the rollback procedure comes last when it is listed.
func Phases(s run.State) []runbook.Phase {
	list := s.Plan.Runbook.Phases
	if s.Only {
		list = nil
	}
	if HasRollbackPhase(s) {
		list = append(slices.Clone(list), runbook.Phase{
			ID: "rollback", Title: "Rollback", Environment: Environment(s), Sections: []runbook.Section{{Steps: s.Plan.Runbook.Rollback.Steps}},
		})
	}
	return list
}

// StepOf finds a step and the index of its phase in Phases.
func StepOf(s run.State, id string) (runbook.Step, int, bool) {
	for i, ph := range Phases(s) {
		for step := range run.PhaseSteps(ph) {
			if step.ID == id {
				return step, i, true
			}
		}
	}
	return runbook.Step{}, 0, false
}

// NeedsSomebody tells whether a step waits for a person.
func NeedsSomebody(s run.State, step runbook.Step) bool {
	switch s.StepStatus(step.ID) {
	case run.Failed, run.Drifted, run.Conflicted, run.Unknown, run.Stale:
		return true
	case run.Pending:
		return step.IsManual() || step.Action() != "" && step.Rollback == nil
	case run.Checking: // an action that waits for somebody's words
		return s.Actions[step.ID].Stage == run.ActionWaiting && (step.Approve != nil || step.Ask != nil)
	}
	return false
}

// FirstOpen is the step at which a person should begin: the first that needs somebody, else the first that does not
// stand yet, else the first.
func FirstOpen(s run.State, ph runbook.Phase) string {
	var open, first string
	for step := range run.PhaseSteps(ph) {
		if first == "" {
			first = step.ID
		}
		if step.IsRequired() && NeedsSomebody(s, step) {
			return step.ID
		}
		if open == "" && step.IsRequired() && !s.StepStatus(step.ID).OpensGate() {
			open = step.ID
		}
	}
	if open != "" {
		return open
	}
	return first
}

// worst is the state to show for a whole phase: what needs a person most.
func worst(s run.State, ph runbook.Phase) (status run.Status, byHand bool, done, total int) {
	order := []run.Status{
		run.Failed, run.Drifted, run.Conflicted, run.Unknown, run.Stale, run.Checking, run.Pending, run.Warn,
		run.Overridden, run.Deferred, run.Attested, run.Passed,
	}
	best := len(order)
	for step := range run.PhaseSteps(ph) {
		st := s.StepStatus(step.ID)
		if st == run.NotApplicable {
			continue
		}
		total++
		if st.OpensGate() {
			done++
		}
		if !step.IsRequired() && !st.OpensGate() && st != run.Conflicted {
			continue // the gate does not wait for it
		}
		if i := slices.Index(order, st); i >= 0 && i < best {
			best, byHand = i, step.IsManual()
		}
	}
	if best == len(order) {
		return run.Passed, false, done, total
	}
	return order[best], byHand && order[best] == run.Pending, done, total
}

// isLive tells whether a step's checks are looked at again and again now.
func isLive(s run.State, step runbook.Step, phase int) bool {
	if len(step.Verify) == 0 || s.Steps[step.ID].Na || !s.Ended.IsZero() || step.Recheck == "once" {
		return false
	}
	return step.Recheck == "run" || phase == s.Phase && !s.Only || phase >= len(s.Plan.Runbook.Phases)
}

var numbering = regexp.MustCompile(`^Phase \d+: `)

// phaseTitle is a phase's title without a number of its own: the list counts already.
func phaseTitle(ph runbook.Phase) string { return numbering.ReplaceAllString(clean(ph.Title), "") }

// tag is the part of an image that tells versions apart: its tag, or the start of its digest.
func tag(image string) string {
	name := image[strings.LastIndexByte(image, '/')+1:]
	if _, digest, ok := strings.Cut(name, "@"); ok {
		return clean(shortDigest(digest))
	}
	if _, t, ok := strings.Cut(name, ":"); ok {
		return clean(t)
	}
	if name == "" {
		return "?"
	}
	return clean(name)
}

// shortDigest keeps what a person compares of "sha256:9f2c…", with or without an image name before it.
func shortDigest(d string) string {
	if i := strings.LastIndex(d, "sha256:"); i >= 0 {
		return clean(d[i:min(len(d), i+len("sha256:")+8)])
	}
	return clean(d[:min(len(d), 15)])
}
