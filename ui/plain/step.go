package plain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// asks is the question that starts the action of a step; nil when it has none that is started.
func (t *Talk) asks(step runbook.Step) *question {
	switch {
	case step.Deploy != nil:
		return t.askDeploy(step)
	case step.Watch != nil:
		return t.askWatch(step)
	case step.Action() == "" || step.Rollback != nil:
		return nil
	}
	return t.askOutside(step)
}

// stepDue asks about a step, if it needs a person now and was not put aside.
func (t *Talk) stepDue(step runbook.Step) *question {
	status := t.s.StepStatus(step.ID)
	switch {
	case status.OpensGate(), t.looking(step):
		return nil
	case status == run.Checking:
		if t.waitsForWords(step) == nil {
			return nil
		}
	case status == run.Pending && !step.IsManual() && (step.Action() == "" || step.Rollback != nil || t.waitsFor(step) != ""):
		return nil
	}
	q := t.stepQuestion(step)
	if t.skipped[q.key] {
		return nil
	}
	return q
}

// stepQuestion is what a person can do about a step as it stands.
func (t *Talk) stepQuestion(step runbook.Step) *question {
	status := t.s.StepStatus(step.ID)
	q := &question{}
	switch words := t.waitsForWords(step); {
	case words != nil:
		q = words
	case step.Action() != "" && step.Rollback == nil && t.startable(step, status):
		q = t.asks(step)
	case step.IsManual() && t.s.Steps[step.ID].Attested == nil:
		q = t.askTick(step)
	default:
		q.text = []string{t.whole(step)}
	}
	q.key = "step " + step.ID + " " + string(status)
	q.options = append(q.options, t.ways(step, status)...)
	if !status.OpensGate() {
		what := "leave it for now"
		if !step.IsRequired() {
			what = "leave it out, it is optional"
		}
		q.options = append(q.options, option{"later", what, t.aside(q.key)})
	}
	return q
}

// askTick is the question about a step that only a person can tick.
func (t *Talk) askTick(step runbook.Step) *question {
	return &question{
		text:    []string{t.whole(step), speak(step.Text), speak(step.How)},
		options: []option{{"done", "it is done, tick it", func() { t.tick(step, 0) }}},
	}
}

func (t *Talk) tick(step runbook.Step, least int) {
	ask := "Note for " + plainly(step.Title)
	if least > 0 {
		ask = "What you saw yourself of " + plainly(step.Title)
	}
	t.reason(ask, least, func(note string) run.Intent { return run.Attest{Step: step.ID, Note: note} })
}

// ways are what can be done about any step: look again, tick, override, defer, take a tick back.
func (t *Talk) ways(step runbook.Step, status run.Status) []option {
	var ways []option
	st := t.s.Steps[step.ID]
	if len(step.Verify) > 0 {
		ways = append(ways, option{"again", "look again", func() { t.lookAgain(step) }})
	}
	doubt := t.s.Actions[step.ID].Stage == run.ActionInDoubt
	switch {
	case step.Notify != nil: // how it was told is asked with its draft
	case doubt && step.IsOverridable():
		ways = append(ways, option{"done", "tick it by hand, for you looked what came of it", func() { t.tick(step, leastReason) }})
	case status == run.Unknown && step.Action() == "" && step.IsOverridable():
		ways = append(ways, option{"done", "tick it by hand, for its sensor is blind and you looked yourself", func() { t.tick(step, leastReason) }})
	}
	if st.Attested != nil {
		ways = append(ways, option{"undo", "take the tick back", func() { t.want(run.Unattest{Step: step.ID}) }})
	}
	if status.OpensGate() || t.underWay(step) {
		return ways
	}
	if step.IsOverridable() {
		ways = append(ways, option{"override", "override it with a reason", func() { t.override(step) }})
	}
	if step.DeferTo != "" && !st.Deferred {
		ways = append(ways, option{"defer", "put it off to " + t.phaseName(step.DeferTo), func() {
			t.reason("Why is "+plainly(step.Title)+" put off", 0, func(note string) run.Intent { return run.Defer{Step: step.ID, Note: note} })
		}})
	}
	return ways
}

// underWay tells whether a step's action is going on.
func (t *Talk) underWay(step runbook.Step) bool {
	d, ok := t.openDeploy()
	w, watched := t.s.Watches[step.ID]
	return ok && d.Step == step.ID || watched && w.Ended.IsZero() || acting(t.s.Actions[step.ID])
}

// override asks for the reason, after it said what the override is bound to.
func (t *Talk) override(step runbook.Step) {
	t.say(t.whole(step), "The override is bound to that, and void as soon as it gets worse")
	t.reason("Reason of the override", leastReason, func(s string) run.Intent { return run.Override{Step: step.ID, Reason: s} })
}

// lookAgain lets the checks of a step look again, and asks nothing about it until they did.
func (t *Talk) lookAgain(step runbook.Step) {
	t.look = looking{step: step.ID, seen: t.s.LastSeen(step.ID), until: t.now.Add(t.human(lookWait))}
	t.want(run.Recheck{Step: step.ID})
	t.say("Looking again at " + plainly(step.Title))
}

// looking tells whether a step is being looked at because the person said so.
func (t *Talk) looking(step runbook.Step) bool {
	return t.look.step == step.ID && t.now.Before(t.look.until) && !t.s.LastSeen(step.ID).After(t.look.seen)
}

// startable tells whether the action of a step may be started now.
func (t *Talk) startable(step runbook.Step, status run.Status) bool {
	if _, _, ok := t.place(step.ID); !ok || t.underWay(step) {
		return false
	}
	d, deployed := t.s.Deploys[step.ID]
	w, watched := t.s.Watches[step.ID]
	a, acted := t.s.Actions[step.ID]
	switch {
	case acted:
		return a.Stage != run.ActionDone && t.waitsFor(step) == ""
	case deployed:
		return d.Stage == run.Refused
	case watched:
		return !w.Ended.IsZero() && w.Verdict == run.VerdictInconclusive
	}
	return status == run.Pending && t.waitsFor(step) == ""
}

// waitsFor names what has to stand before the action of a step may start; empty when nothing is missing.
func (t *Talk) waitsFor(step runbook.Step) string {
	if t.ofRollback(step) {
		return ""
	}
	ph, ok := t.s.OpenPhase()
	if !ok {
		return "its phase"
	}
	here := false
	for other := range run.PhaseSteps(ph) {
		if other.ID == step.ID {
			here = true
			break
		}
		if other.IsRequired() && !t.s.StepStatus(other.ID).OpensGate() {
			return plainly(other.Title)
		}
	}
	if !here {
		return "its phase"
	}
	for i, c := range t.s.Steps[step.ID].Checks {
		if !c.Shown().OpensGate() {
			return "its check " + plainly(step.Verify[i].Kind)
		}
	}
	return ""
}

// ofRollback tells whether a step belongs to the procedure of a rollback that is under way or done.
func (t *Talk) ofRollback(step runbook.Step) bool {
	rb := t.s.Plan.Runbook.Rollback
	return rb != nil && t.wentBack() && slices.ContainsFunc(rb.Steps, func(s runbook.Step) bool { return s.ID == step.ID })
}

// whole is a step in one sentence or two: where it stands, what it is, how it stands, and what was seen.
func (t *Talk) whole(step runbook.Step) string {
	status := t.s.StepStatus(step.ID)
	word := statusWord(status)
	if status == run.Pending && step.IsManual() {
		word = "to do by hand"
	}
	if t.s.Actions[step.ID].Stage == run.ActionWaiting {
		word = "waiting"
	}
	text := t.where(step.ID) + ": " + sentence(plainly(step.Title)) + " " + sentence(word)
	if said := t.seen(step); said != "" {
		text += " " + sentence(said)
	}
	return text
}

// where is a step's place: Staging, step 3 of 5.
func (t *Talk) where(id string) string {
	ph, i, n := t.stepPlace(id)
	return fmt.Sprintf("%s, step %d of %d", ph, i, n)
}

func (t *Talk) stepPlace(id string) (phase string, i, n int) {
	for _, ph := range screen.Phases(t.s) {
		i, n = 0, 0
		for step := range run.PhaseSteps(ph) {
			n++
			if step.ID == id {
				i = n
			}
		}
		if i > 0 {
			return phaseTitle(ph), i, n
		}
	}
	return "", 0, 0
}

// place finds a step that is listed now, and its phase.
func (t *Talk) place(id string) (runbook.Step, int, bool) { return screen.StepOf(t.s, id) }

// seen is what was observed of a step and what was expected.
func (t *Talk) seen(step runbook.Step) string {
	st := t.s.Steps[step.ID]
	if st.Override != nil || st.Deferred {
		return strings.TrimPrefix(t.colon(step), ": ")
	}
	if st.Attested != nil && len(step.Verify) == 0 {
		text := "by " + plainly(st.Attested.By)
		if st.Attested.Note != "" {
			text += ": " + speak(string(st.Attested.Note))
		}
		return text
	}
	said := speak(string(t.s.Observed(step.ID)))
	if e := t.expected(step); e != "" && said != "" {
		said = strings.TrimRight(said, ".") + ", expected " + e
	}
	if said != "" {
		if root, folded := t.s.Folded(step.ID); folded {
			said += ". " + t.follows(root)
		}
	}
	return said
}

// follows says what a step's trouble follows from.
func (t *Talk) follows(root run.Root) string {
	if root.Sensor != "" {
		return "It is so because " + speak(string(root.Sensor)) + " is silent: look there first"
	}
	step, _, _ := t.place(root.Step)
	return "It is so because of " + plainly(step.Title) + ": look there first"
}

// expected is what the check expected that speaks for its step; empty when it did not say.
func (t *Talk) expected(step runbook.Step) string {
	checks := t.s.Steps[step.ID].Checks
	if len(checks) == 0 || step.Action() != "" {
		return ""
	}
	worst := 0
	for i, c := range checks {
		if !c.Shown().OpensGate() && checks[worst].Shown().OpensGate() {
			worst = i
		}
	}
	if e := checks[worst].Result.Evidence; len(e) > 0 {
		return speak(string(e[0].Expected))
	}
	return ""
}

// statusWord is a status as it is said.
func statusWord(s run.Status) string {
	switch s {
	case run.Unknown:
		return "unknown, nobody could look"
	case run.Warn:
		return "passed with a warning"
	case run.Attested:
		return "ticked by hand"
	case run.Conflicted:
		return "conflicted, a sensor says otherwise than the hand tick"
	case run.NotApplicable:
		return "not applicable"
	case run.Pending:
		return "to come"
	case run.Stale:
		return "stale, nobody could look in time"
	}
	return plainly(string(s))
}

var numbering = regexp.MustCompile(`^Phase \d+: `)

// phaseTitle is a phase's title without a number of its own: the phases are counted already.
func phaseTitle(ph runbook.Phase) string { return plainly(numbering.ReplaceAllString(ph.Title, "")) }

// phaseName is the title of a phase by its id.
func (t *Talk) phaseName(id string) string {
	for _, ph := range t.s.Plan.Runbook.Phases {
		if ph.ID == id {
			return phaseTitle(ph)
		}
	}
	return plainly(id)
}
