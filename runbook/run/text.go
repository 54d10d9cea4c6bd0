package run

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// actionText says how far a step's action is.
func (s State) actionText(step runbook.Step) Safe {
	switch {
	case step.Deploy != nil:
		if d, ok := s.Deploys[step.ID]; ok {
			return s.deployText(d)
		}
	case step.Watch != nil:
		if w, ok := s.Watches[step.ID]; ok {
			return s.watchText(w)
		}
	case step.Rollback != nil:
		return s.rollbackText(step.Rollback.Do)
	}
	return s.outsideText(step)
}

func (s State) deployText(d DeployState) Safe {
	text := map[DeployStage]string{
		Preflight: "asking the cluster whether the deploy and its rollback would be accepted", Refused: "refused: " + string(first(append(d.Problems, d.Unknown...))),
		Baselining: "freezing the baseline", Locking: "taking the lock of " + d.Env, Stuck: "stuck: " + string(d.Why),
		DeployDone: "every component runs its new image", RolledOff: "rolled back",
	}[d.Stage]
	switch d.Stage {
	case InMove, Holding:
		m := d.Moves[d.Move]
		text = fmt.Sprintf("%s at %d %%", strings.Join(m.Components, ", "), m.Share)
		if d.Stage == InMove {
			text = fmt.Sprintf("%s to %d %%", strings.Join(m.Components, ", "), m.Share)
		}
		if why := cmp.Or(d.Why, s.strayed(d)); why != "" {
			text += ": " + string(why)
		}
	case Locking:
		if why := s.Envs[d.Env].LockWhy; why != "" {
			text += ": " + string(why)
		}
	case DeployDone:
		if stray := s.strayed(d); stray != "" {
			text = string(stray)
		}
	}
	if d.Frozen {
		text = "frozen, " + text
	}
	return MakeSafe(text, 300)
}

func first(list []Safe) Safe {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func (s State) watchText(w WatchState) Safe {
	if !w.Ended.IsZero() {
		return MakeSafe(fmt.Sprintf("%s: %s", w.Verdict, w.Why), 300)
	}
	if t := s.tripped(w.Env); t != nil {
		return MakeSafe(t.Metric+" tripped: "+string(t.Why), 300)
	}
	return MakeSafe(fmt.Sprintf("until %s, %d samples", w.Until.UTC().Format("15:04:05"), len(s.Envs[w.Env].Samples)), 200)
}

func (s State) rollbackText(do string) Safe {
	r := s.Rollback
	if r == nil {
		return ""
	}
	switch do {
	case "stop":
		if !r.FrozenAt.IsZero() {
			return MakeSafe(fmt.Sprintf("frozen %.2f s after R", r.FrozenAt.Sub(r.Pressed).Seconds()), 100)
		}
		if !r.Freezing {
			return "nothing was moving"
		}
	case "undo":
		took := 0
		for _, p := range r.Pins {
			if s.Envs[r.Env].Components[p.Component].Stage == Took {
				took++
			}
		}
		if !r.Burnt.IsZero() {
			return MakeSafe(fmt.Sprintf("%d of %d components took", took, len(r.Pins)), 100)
		}
	case "verify":
		if r.Stage == Settling && !r.InBand.IsZero() {
			return MakeSafe("in band since "+r.InBand.UTC().Format("15:04:05"), 100)
		}
		switch {
		case r.Stage != Restored || r.Verified == Passed:
		case r.Verified == Failed:
			return "the metrics did not come back in band: look yourself"
		default:
			return "no metric could tell: look yourself"
		}
	}
	return ""
}

// describe says an event in words for the run's log; ok is false for what would only be noise.
func describe(s State, e Stamped) (Line, bool) {
	text, loud := inWords(s, e)
	if text == "" {
		return Line{}, false
	}
	return Line{At: e.At, Text: MakeSafe(text, 400), Loud: loud}, true
}

func inWords(s State, e Stamped) (text string, loud bool) {
	switch v := e.Event.(type) {
	case RunStarted:
		return "run started by " + v.Operator, false
	case RunResumed:
		return fmt.Sprintf("resumed by %s after %s", v.Operator, e.At.Sub(v.Last).Round(time.Second)), false
	case Noted:
		return "note: " + string(v.Text), false
	case StatusUpdated:
		return "status update sent", false
	case Finished:
		return strings.TrimSpace(fmt.Sprintf("run ended: %s %s", v.Outcome, v.Reason)), false
	case CheckChanged:
		return s.checkWords(v, e.At)
	case CheckCalmed:
		return s.title(v.Step) + " flaps no more: no change for " + flapWindow.String(), false
	case CheckStaled:
		return s.title(v.Step) + " went stale: nobody could look in time", false
	case StepAttested:
		return fmt.Sprintf("%s attested by %s %s", s.title(v.Step), e.Actor, v.Note), false
	case StepUnattested:
		return s.title(v.Step) + ": hand tick taken back", false
	case StepOverridden:
		return fmt.Sprintf("%s overridden by %s while %s: %s", s.title(v.Step), e.Actor, v.Status, v.Reason), false
	case OverrideVoided:
		return fmt.Sprintf("%s: override void, %s: %s", s.title(v.Step), cmp.Or(v.Why, "it got worse"), v.Value), true
	case StepDeferred:
		return strings.TrimSpace(s.title(v.Step) + " deferred to " + v.To + " " + string(v.Note)), false
	case GateOpened:
		return "gate opened after " + v.Phase, false
	case GateRefused:
		return "gate of " + v.Phase + " stays shut: " + strings.Join(s.titles(v.Blocking), ", "), false
	}
	if text, loud = s.rolloutWords(e); text != "" {
		return text, loud
	}
	if text, loud = s.actionWords(e); text != "" {
		return text, loud
	}
	return s.rollbackWords(e)
}

func (s State) rolloutWords(e Stamped) (text string, loud bool) {
	switch v := e.Event.(type) {
	case DeployStarted:
		return fmt.Sprintf("deploy to %s started", v.Env), false
	case DeployChecked:
		if n := len(v.Problems) + len(v.Unknown); n > 0 {
			return fmt.Sprintf("deploy refused before any write: %s", first(append(v.Problems, v.Unknown...))), true
		}
		return "preflight passed: deploy and rollback would be accepted", false
	case BaselineFrozen:
		if v.Err != "" {
			return "no baseline: " + string(v.Err), true
		}
		return fmt.Sprintf("baseline frozen over %s", v.Baseline.To.Sub(v.Baseline.From).Round(time.Second)), false
	case LockChanged:
		if !v.Held {
			return "lock of " + v.Env + " not held: " + string(v.Why), true
		}
		return "lock of " + v.Env + " taken", false
	case MovePatched:
		return patchWords(v)
	case MoveReached:
		m := s.Deploys[v.Step].Moves[v.Move]
		return fmt.Sprintf("%s at %d %%", strings.Join(m.Components, ", "), m.Share), false
	case DeployStuck:
		return "deploy stuck: " + string(v.Why), true
	case Strayed:
		if v.Saw == "" {
			return v.Component + " is again what this run moved it to", false
		}
		return fmt.Sprintf("%s was changed by another hand: %s", v.Component, v.Saw), true
	case DeployFinished:
		return fmt.Sprintf("deploy to %s done", s.Deploys[v.Step].Env), false
	case FreezeAsked:
		if v.Thaw {
			return "setting the rollout going again", false
		}
		return "freezing the rollout", false
	case LampChanged:
		if !v.OK {
			return "rollback not armed: " + string(v.Why), true
		}
		return "rollback armed: target, rights and dry run verified", false
	case WatchStarted:
		return fmt.Sprintf("watching %s until %s", v.Env, v.Until.UTC().Format("15:04:05")), false
	case WatchEnded:
		return fmt.Sprintf("watch: %s, %s", v.Verdict, v.Why), v.Verdict != VerdictPass
	case TriggersJudged:
		return s.triggerWords(v)
	}
	return "", false
}

func patchWords(v MovePatched) (string, bool) {
	switch {
	case v.Refused:
		return fmt.Sprintf("%s not patched, somebody changed it: %s", v.Component, v.Err), true
	case v.Err != "":
		return fmt.Sprintf("%s not patched: %s", v.Component, v.Err), true
	case v.Already:
		return v.Component + " found patched already", false
	}
	return "", false
}

// triggerWords tells the triggers whose state changed.
func (s State) triggerWords(v TriggersJudged) (string, bool) {
	var said []string
	loud := false
	for i, t := range v.Triggers {
		before := s.Envs[v.Env].Triggers
		if i < len(before) && before[i].State == t.State || t.State == TriggerOK && i >= len(before) {
			continue
		}
		said = append(said, strings.TrimSuffix(fmt.Sprintf("%s %s: %s", t.Metric, t.State, t.Why), ": "))
		loud = loud || t.State == TriggerTripped
	}
	return strings.Join(said, "; "), loud
}

func (s State) rollbackWords(e Stamped) (text string, loud bool) {
	switch v := e.Event.(type) {
	case RollbackPressed:
		if e.Actor == "" {
			return fmt.Sprintf("rolling back %s by itself: %s", v.Env, v.Because), true
		}
		return strings.TrimSpace(fmt.Sprintf("R pressed by %s for %s %s", e.Actor, v.Env, v.Because)), true
	case FuseBurnt:
		return "rolling back", true
	case RollbackTaken:
		return "rollback taken back; what was frozen stays frozen until it is set going again", true
	case UndoSeen:
		if !v.Undo.Accepted && v.Undo.Err != "" {
			return fmt.Sprintf("%s not rolled back yet: %s", v.Undo.Component, v.Undo.Err), true
		}
		return fmt.Sprintf("%s: rollback accepted after %.0f ms", v.Undo.Component, v.Undo.AfterMs), false
	case UndoTook:
		return strings.TrimSpace(fmt.Sprintf("%s took %s", v.Component, v.Warning)), v.Warning != ""
	case UndoLate:
		return "rollback late, still trying: " + strings.Join(v.Missing, ", "), true
	case UndoneAgain:
		return fmt.Sprintf("something undid the rollback of %s: %s", v.Component, v.Saw), true
	case SettleBegan:
		return "every component took; waiting for the metrics to come back in band", false
	case RollbackDone:
		return strings.TrimSpace(fmt.Sprintf("rollback done, stability %s %s", v.Verified, v.Why)), v.Verified != Passed
	case ReasonGiven:
		return "rollback reason: " + string(v.Text), false
	}
	return "", false
}

func (s State) title(id string) string {
	step, _ := s.FlagStep(id) // which knows also steps of another runbook that it found flags of
	return step.Title
}

func (s State) titles(ids []string) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = s.title(id)
	}
	return list
}
