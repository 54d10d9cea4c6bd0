package run

import (
	"cmp"
	"fmt"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// startOutside begins an action that acts outside of the rollout.
func (d *decision) startOutside(step runbook.Step, phase int, v Start) {
	env := d.s.envOf(phase)
	before := d.s.Actions[step.ID]
	if why := d.s.cannotAct(step, phase, env); why != "" {
		d.refuse("%s", why)
		return
	}
	if step.Confirm != "" && v.Word != step.Confirm {
		d.refuse("%s starts only when the word %q is typed", step.Title, step.Confirm)
		return
	}
	e := ActionStarted{Step: step.ID, Env: env, Attempt: before.Attempt + 1, Back: phase < 0}
	switch {
	case step.Notify != nil:
		e.Text = MakeSafeText(cmp.Or(v.Text, step.Notify.Text), MaxMessage)
		e.Wish = d.actWish(step)
	case step.Approve != nil:
		e.Text, e.Digest, e.Images = MakeSafeText(step.Approve.Text, MaxMessage), d.s.ApprovalDigest(), d.s.images()
		if within := step.Approve.Within.D; within > 0 {
			e.Until = d.at.Add(within)
		}
	case step.Wait != nil:
		until, err := opens(step.Wait, d.at)
		if err != nil {
			d.refuse("%s: %v", step.Title, err)
			return
		}
		e.Until = until
	case step.Ask != nil, step.Flags != nil: // the rule of flags wishes share after share
	default:
		e.Wish = d.actWish(step)
	}
	d.emit(e)
}

// cannotAct says why a step's action may not start now; empty when it may.
func (s State) cannotAct(step runbook.Step, phase int, env string) string {
	a := s.Actions[step.ID]
	switch {
	case a.underWay():
		return step.Title + " is under way already"
	case a.Stage == ActionDone:
		return step.Title + " is done already"
	case step.Notify != nil && s.Channel(step.Notify.Channel).IsByHand():
		return fmt.Sprintf("nothing sends on channel %s: tell them yourself, and tick the box with a note", step.Notify.Channel)
	case phase < 0 || !writes(step):
		return ""
	}
	for _, other := range s.Deploys {
		if other.Env == env && other.open() {
			return fmt.Sprintf("a deploy to %s is under way: let it end first", env)
		}
	}
	for id, other := range s.Actions {
		if that, _, _ := s.place(id); other.Env == env && other.underWay() && writes(that) {
			return fmt.Sprintf("%s is under way in %s: let it end first", that.Title, env)
		}
	}
	return ""
}

// writes tells whether an action changes an environment: one at a time does.
func writes(step runbook.Step) bool {
	switch step.Action() {
	case "job", "command", "http", "flags":
		return true
	}
	return false
}

// locks tells whether an action writes to the environment's cluster, which needs its lock.
func locks(step runbook.Step) bool { return step.Job != nil || step.Flags != nil }

func (d *decision) actWish(step runbook.Step) string {
	return fmt.Sprintf("%s/%s/%d", d.s.ID, step.ID, d.s.Acts+1)
}

// opens is when a wait is over.
func opens(w *runbook.Wait, at time.Time) (time.Time, error) {
	if w.Window == nil {
		return at.Add(w.For.D), nil
	}
	hours, err := w.Window.Hours()
	if err != nil {
		return time.Time{}, err
	}
	from, _ := hours.Find(at)
	if from.IsZero() {
		return time.Time{}, fmt.Errorf("the window never opens")
	}
	if from.Before(at) {
		return at, nil
	}
	return from, nil
}

// acted takes the outcome of an act that is known, once.
func (d *decision) acted(v Acted) {
	if d.told(v) {
		return
	}
	for step := range Steps(d.s.Plan) {
		a := d.s.Actions[step.ID]
		if v.Wish == "" || a.Wish != v.Wish || !a.underWay() {
			continue
		}
		v = v.fit()
		if step.Flags != nil && v.Outcome == ActionDone {
			d.shared(step, a, v)
			return
		}
		d.emit(ActionEnded{Step: step.ID, Wish: v.Wish, Stage: v.outcome(), Summary: v.Summary, Evidence: v.Evidence, Output: v.Output, Kept: v.Kept})
		return
	}
	d.invited(v)
	d.flagsOff(v)
}

// acting takes how far an act is.
func (d *decision) acting(v Acting) {
	for step := range Steps(d.s.Plan) {
		if a := d.s.Actions[step.ID]; v.Wish != "" && a.Wish == v.Wish && a.underWay() {
			d.emit(ActionSeen{Step: step.ID, Summary: MakeSafe(string(v.Summary), 300), Output: tailOf(v.Output)})
			return
		}
	}
}

// maxOutput is how many characters of a program's last words a State carries.
const maxOutput = 4000

func tailOf(output Safe) Safe {
	r := []rune(string(output))
	return MakeSafeText(string(r[max(0, len(r)-maxOutput):]), maxOutput)
}

// fit shortens an outcome until it fits into a record.
func (v Acted) fit() Acted {
	v.Output = tailOf(v.Output)
	r := Result{Summary: MakeSafe(string(v.Summary), 1000), Evidence: v.Evidence}.fit()
	v.Summary, v.Evidence = r.Summary, r.Evidence
	return v
}

// outcome makes an outcome that is none one that is in doubt.
func (v Acted) outcome() ActionStage {
	switch v.Outcome {
	case ActionDone, ActionFailed:
		return v.Outcome
	}
	return ActionInDoubt
}

// judgeActions ends what waited for a time.
func (d *decision) judgeActions() {
	for step := range Steps(d.s.Plan) {
		a := d.s.Actions[step.ID]
		if a.Stage != ActionWaiting || a.Until.IsZero() || d.at.Before(a.Until) {
			continue
		}
		switch {
		case step.Approve != nil:
			d.emit(ActionEnded{Step: step.ID, Stage: ActionFailed, Summary: MakeSafe(fmt.Sprintf("nobody approved within %s, which counts as no", step.Approve.Within.D), 200)})
		case step.Wait != nil:
			d.emit(ActionEnded{Step: step.ID, Stage: ActionDone, Summary: MakeSafe("waited "+a.Until.Sub(a.Started).Round(time.Second).String(), 200)})
		}
	}
}

// actionWorks are the acts that go on now. Beside a rollback nothing moves forward, but what its own procedure does.
func (s State) actionWorks() []Work {
	var works []Work
	for step, phase := range s.stepsInPlace() {
		a, ok := s.Actions[step.ID]
		if !ok || a.Stage != ActionRunning || a.Wish == "" || phase >= 0 && writes(step) && s.goingBack() {
			continue
		}
		if body := s.actBody(step, phase, a); body != nil {
			works = append(works, Work{ID: a.Wish, Body: body})
		}
	}
	return append(works, s.inviteWorks()...)
}

func (s State) actBody(step runbook.Step, phase int, a ActionState) Body {
	act := Act{Wish: a.Wish, Run: s.ID, Step: step.ID, Env: s.Plan.Env(a.Env), Back: phase < 0}
	switch {
	case step.Notify != nil:
		m := Message{Wish: a.Wish, About: step.ID, Channel: step.Notify.Channel, Text: a.Text, At: a.Started, By: a.By}
		return s.notifyWork(m, step.Notify.Invite)
	case step.Job != nil:
		return JobWork{Act: act, Job: *step.Job}
	case step.Command != nil:
		return CommandWork{Act: act, Command: *step.Command}
	case step.HTTP != nil:
		return RequestWork{Act: act, Request: *step.HTTP}
	case step.Flags != nil:
		return FlagsWork{Act: act, Flags: *step.Flags, Share: a.Aim, Note: s.raisedFlags(step.ID, a.Aim)}
	}
	return nil
}

// repeats tells whether an act may be gone on with after a crash without asking: it is observed before it is done, or
// doing it twice does no harm.
func repeats(step runbook.Step) bool {
	switch {
	case step.Job != nil, step.Flags != nil:
		return true // the worker looks for its own mark before it writes
	case step.Command != nil:
		return step.Command.Repeat
	case step.HTTP != nil:
		return step.HTTP.Repeat
	}
	return false
}

// doubt puts in doubt what was under way and may not be repeated.
func (s *State) doubt(why Safe, cut func(runbook.Step, int) bool) {
	for step, phase := range s.stepsInPlace() {
		if a := s.Actions[step.ID]; a.Stage == ActionRunning && !repeats(step) && cut(step, phase) {
			s.action(step.ID, func(a *ActionState) { a.Stage, a.Summary = ActionInDoubt, why })
		}
	}
}

// doubtAll is what a crash leaves: acts that may have happened. An escalation is better told twice than never.
func (s *State) doubtAll() {
	s.doubt("the program ended before its outcome was known: look, then start it again or tick it", func(runbook.Step, int) bool { return true })
	messages := make([]Message, len(s.Messages))
	copy(messages, s.Messages)
	for i := range messages {
		if m := &messages[i]; m.open() && !m.Escalates() {
			m.InDoubt = true
		}
	}
	s.Messages = messages
}
