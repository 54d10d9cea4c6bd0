package plain

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// gateOpen asks whether to open a gate that nothing keeps shut.
func (t *Talk) gateOpen(ph runbook.Phase) *question {
	key := "gate " + ph.ID
	next := "It is the last gate: opening it ends the run"
	if phases := t.s.Plan.Runbook.Phases; t.s.Phase+1 < len(phases) {
		next = "Next is " + phaseTitle(phases[t.s.Phase+1])
	}
	q := &question{key: key, text: []string{"Everything required in " + phaseTitle(ph) + " stands. " + t.restsOn()}}
	q.text = append(q.text, t.apart()...)
	q.text = append(q.text, next)
	q.options = []option{
		{"open", "open the gate", func() { t.want(run.OpenGate{}) }},
		{"wait", "not yet", func() { t.skipped[key] = true; t.say("The gate stays shut. g asks again") }},
	}
	return q
}

// restsOn counts what the boxes of the open gate show.
func (t *Talk) restsOn() string {
	var shown []run.Status
	for _, step := range t.s.GateSteps() {
		shown = append(shown, t.s.StepStatus(step.ID))
	}
	words := screen.Counted(shown)
	if len(words) == 0 {
		return ""
	}
	return "It rests on " + plural(len(shown), "step", "steps") + ": " + list(words) + "."
}

// apart are the boxes of the open gate that stand only by a decision, or with a warning, or not at all.
func (t *Talk) apart() []string {
	var lines []string
	for _, step := range t.s.GateSteps() {
		status := t.s.StepStatus(step.ID)
		if status == run.Warn || status == run.Overridden || status == run.Deferred || !status.OpensGate() {
			lines = append(lines, fmt.Sprintf("%s: %s%s", plainly(step.Title), statusWord(status), t.colon(step)))
		}
	}
	return lines
}

// colon is what was seen of a step, after a colon; empty when nothing was.
func (t *Talk) colon(step runbook.Step) string {
	st := t.s.Steps[step.ID]
	said := speak(string(t.s.Observed(step.ID)))
	switch {
	case st.Override != nil:
		said = speak(string(st.Override.Reason))
	case st.Deferral != nil && st.Deferred:
		said = speak(string(st.Deferral.Note))
	}
	if said == "" {
		return ""
	}
	return ": " + said
}

// gateShut asks what to do about the steps that keep the gate shut.
func (t *Talk) gateShut(ph runbook.Phase, blockers []runbook.Step) *question {
	var ids []string
	for _, step := range blockers {
		ids = append(ids, step.ID)
	}
	key := "shut " + ph.ID + " " + strings.Join(ids, " ")
	q := &question{key: key, text: []string{fmt.Sprintf("The gate after %s is shut: %s", phaseTitle(ph), plural(len(blockers), "step blocks it", "steps block it"))}}
	for _, step := range blockers {
		q.text = append(q.text, t.whole(step))
		q.options = append(q.options, option{"", "see to " + plainly(step.Title), func() { t.goTo(step.ID) }})
	}
	q.options = append(
		q.options,
		option{"again", "look at all checks again", func() { t.want(run.Recheck{}) }},
		option{"end", "end the run here", t.finish},
		option{"wait", "wait", t.aside(key)},
	)
	return q
}

// finish asks why the run is ended here.
func (t *Talk) finish() {
	t.say("To end the run leaves what is deployed as it is, and the run cannot be resumed")
	t.reason("Why is it ended here", leastReason, func(s string) run.Intent { return run.Finish{Reason: s} })
}
