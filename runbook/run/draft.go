package run

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// StatusDraft is the text of a status update, drawn from facts alone: where the run is, how far the rollout, what the
// metrics do against the baseline, and how long it still takes if nothing happens.
func (s State) StatusDraft(at time.Time) string {
	env := s.statusEnv()
	lines := []string{fmt.Sprintf("%s on %s, %s in.", s.head(), env, spoken(at.Sub(s.Started)))}
	add := func(text string) {
		if text != "" {
			lines = append(lines, text)
		}
	}
	add(s.rollbackDraft())
	if s.Rollback == nil || s.Rollback.Stage == TakenBack {
		add(s.phaseDraft())
		add(s.rolloutDraft(env, at))
		add(s.flagsDraft(env, at))
		add(s.watchDraft(env, at))
	}
	add(s.metricsDraft(env, at))
	add(s.troubleDraft())
	if left := s.timeLeft(at); left > 0 && s.Ended.IsZero() && (s.Rollback == nil || s.Rollback.Stage == TakenBack) {
		add(fmt.Sprintf("About %s of holds and watches are left.", spoken(left)))
	}
	add(fmt.Sprintf("Operator %s, run %s.", s.Operator, s.ID))
	return strings.Join(lines, "\n")
}

// statusEnv is the environment that a status update is about.
func (s State) statusEnv() string {
	if s.Rollback != nil && s.Rollback.Stage != TakenBack {
		return s.Rollback.Env
	}
	if ph, ok := s.OpenPhase(); ok && ph.Environment != "" {
		return ph.Environment
	}
	return s.Plan.Environment
}

// spoken writes a length of time as people say it.
func spoken(d time.Duration) string {
	minutes := int((d + 30*time.Second) / time.Minute)
	switch {
	case minutes < 1:
		return "less than a minute"
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

func (s State) phaseDraft() string {
	ph, ok := s.OpenPhase()
	if !ok {
		return "Every phase is through."
	}
	done, total := 0, 0
	for step := range PhaseSteps(ph) {
		if st := s.StepStatus(step.ID); st != NotApplicable {
			total++
			if st.OpensGate() {
				done++
			}
		}
	}
	return fmt.Sprintf("%s: %d of %d steps stand.", ph.Title, done, total)
}

func (s State) rolloutDraft(env string, at time.Time) string {
	for step := range Steps(s.Plan) {
		d, ok := s.Deploys[step.ID]
		if !ok || d.Env != env {
			continue
		}
		if stray := s.strayed(d); stray != "" {
			return "Somebody else changed what was deployed: " + string(stray) + "."
		}
		switch d.Stage {
		case DeployDone:
			return "The new version runs on all pods."
		case InMove, Holding, Stuck:
			m := d.Moves[d.Move]
			text := fmt.Sprintf("%s at %d %% (%s)", strings.Join(m.Components, ", "), m.Share, s.podsDraft(env, m))
			switch left := d.HoldUntil.Sub(at); {
			case d.Frozen:
				text += ", frozen"
			case d.Stage == Stuck:
				text += ", stuck: " + string(d.Why)
			case d.Stage == Holding && left > 0:
				text += ", held for " + spoken(left) + " more"
			}
			return text + "."
		}
	}
	return ""
}

func (s State) podsDraft(env string, m Move) string {
	var updated, desired int
	for _, name := range m.Components {
		p := s.Envs[env].Components[name].Progress
		updated, desired = updated+p.UpdatedReady, desired+p.Desired
	}
	return fmt.Sprintf("%d of %d pods are new", updated, desired)
}

func (s State) flagsDraft(env string, at time.Time) string {
	id := s.raising()
	a := s.Actions[id]
	if id == "" || a.Env != env || a.Share == 0 {
		return ""
	}
	return fmt.Sprintf("Flags are on for %d %%, the next share in %s.", a.Share, spoken(max(0, a.Hold.Sub(at))))
}

func (s State) watchDraft(env string, at time.Time) string {
	for step := range Steps(s.Plan) {
		if w, ok := s.Watches[step.ID]; ok && w.Env == env && w.Ended.IsZero() {
			return fmt.Sprintf("Being watched for %s more.", spoken(max(0, w.Until.Sub(at))))
		}
	}
	return ""
}

// old is how many samples may be missing before the newest one is no longer what is now.
const old = 3

// metricsDraft is the newest sample against the baseline, with its time when it is no longer new: the reader takes a number
// without a time for that of now.
func (s State) metricsDraft(env string, at time.Time) string {
	e := s.Envs[env]
	if len(e.Samples) == 0 {
		return ""
	}
	last := e.Samples[len(e.Samples)-1]
	var list []string
	for _, m := range s.monitored(env) {
		p, ok := last.Points[m.Name]
		switch {
		case !ok:
		case p.State != PointOK:
			list = append(list, m.Title+" not known")
		default:
			text := m.Title + " " + runbook.Written(p.Value, m.Unit)
			if e.Baseline != nil {
				if b := e.Baseline.Metrics[m.Name]; b.Refused == "" && len(b.Points) > 0 {
					text += " (was " + runbook.Written(b.Mean, m.Unit) + ")"
				}
			}
			list = append(list, text)
		}
	}
	if len(list) == 0 {
		return ""
	}
	when := ""
	if at.Sub(last.At) > old*s.every(env) {
		when = fmt.Sprintf("At %s UTC, when it was looked at last: ", last.At.UTC().Format("15:04"))
	}
	return when + strings.Join(list, ", ") + "."
}

func (s State) troubleDraft() string {
	if names := s.Tripped(); len(names) > 0 {
		return "Tripped: " + strings.Join(names, ", ") + "."
	}
	var open []string
	for step := range Steps(s.Plan) {
		switch s.StepStatus(step.ID) {
		case Failed, Drifted, Conflicted:
			open = append(open, step.Title)
		}
	}
	if len(open) == 0 {
		return "No trigger tripped."
	}
	return "Needs attention: " + join(open, 3) + "."
}

func (s State) rollbackDraft() string {
	r := s.Rollback
	if r == nil || r.Stage == TakenBack {
		return ""
	}
	why := r.Reason
	if why == "" {
		why = r.Because
	}
	text := map[RollbackStage]string{
		Fusing: "About to be rolled back.", Asking: "Frozen; whether it is rolled back is being decided.", Restoring: "Being rolled back: " + string(s.rollbackText("undo")) + ".",
		Settling: "Rolled back; the metrics are being watched.", Restored: "Rolled back.",
	}[r.Stage]
	if why != "" {
		text += " Why: " + string(why) + "."
	}
	return text
}

// timeLeft is how long the holds and watches that are still to come take, if nothing happens.
func (s State) timeLeft(at time.Time) time.Duration {
	var left time.Duration
	for step, phase := range s.stepsInPlace() {
		if phase < s.Phase {
			continue
		}
		switch {
		case step.Deploy != nil:
			left += s.deployLeft(step, at)
		case step.Watch != nil:
			switch w, ok := s.Watches[step.ID]; {
			case !ok:
				left += step.Watch.For.D
			case w.Ended.IsZero():
				left += max(0, w.Until.Sub(at))
			}
		case step.Flags != nil && !s.Steps[step.ID].Na:
			for share := nextShare(step.Flags, s.Actions[step.ID].Share); share > 0; share = nextShare(step.Flags, share) {
				left += step.Flags.Hold.Or(defaultFlagHold)
			}
		}
	}
	return left
}

func (s State) deployLeft(step runbook.Step, at time.Time) time.Duration {
	d, ok := s.Deploys[step.ID]
	list := d.Moves
	if !ok {
		list = moves(s.Plan, step.Deploy)
	}
	var left time.Duration
	for i, m := range list {
		switch {
		case ok && (i < d.Move || d.Stage == DeployDone || d.Stage == RolledOff) || m.Share >= 100:
		case ok && i == d.Move && d.Stage == Holding:
			left += max(0, d.HoldUntil.Sub(at))
		default:
			left += step.Deploy.Hold.D
		}
	}
	return left
}
