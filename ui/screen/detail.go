package screen

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// details are everything known about the chosen step.
func (c *Checklist) details(f Frame) []string {
	step, phase, ok := StepOf(f.State, c.Step)
	if !ok {
		return []string{f.Theme.Dim.Render(" no step chosen")}
	}
	lines, top := window(f.Theme, detailLines(f, step, phase), -1, c.DetailTop, f.H, f.W)
	c.DetailTop = top
	if c.Detail && top == 0 && len(lines) > 0 { // the arrow keys scroll here
		lines[0] = f.Theme.Accent.Render("▸") + strings.TrimPrefix(lines[0], " ")
	}
	return lines
}

func detailLines(f Frame, step runbook.Step, phase int) []string {
	th, s := f.Theme, f.State
	status := s.StepStatus(step.ID)
	head := theme.Between(" "+th.Title.Render(clean(step.Title)), th.Mark(string(status), step.IsManual())+" "+th.StatusStyle(string(status)).Render(string(status))+" ", f.W)
	lines := []string{head}
	if step.Text != "" {
		lines = append(lines, wrapped(th.Text, cleanText(step.Text), 1, f.W)...)
	}
	if why := folded(s, step.ID); why != "" {
		lines = append(lines, labelled(th, "follows", th.Warn, why+": look there first. The gate stays shut all the same", f.W)...)
	}
	lines = append(lines, checkLines(f, step, phase)...)
	lines = append(lines, actionLines(f, step, f.W)...)
	lines = append(lines, personLines(f, step)...)
	lines = append(lines, labelled(th, "gate", th.StatusStyle(string(status)), gateWords(f, step, phase), f.W)...)
	lines = append(lines, labelled(th, "how", th.Text, cleanText(step.How), f.W)...)
	lines = append(lines, labelled(th, "why", th.Dim, cleanText(step.Why), f.W)...)
	var more []string
	if step.Owner != "" {
		more = append(more, "owner "+clean(step.Owner))
	}
	if step.Estimate.D > 0 {
		more = append(more, "takes about "+Span(step.Estimate.D))
	}
	return append(lines, labelled(th, "", th.Dim, strings.Join(more, ", "), f.W)...)
}

// checkLines are the checks of a step: what was seen beside what was expected, where, how, and when.
func checkLines(f Frame, step runbook.Step, phase int) []string {
	var lines []string
	checks := f.State.Steps[step.ID].Checks
	for _, i := range worstFirst(checks) {
		check, c := step.Verify[i], checks[i]
		head, whole := checkHead(f, step, phase, check, c)
		lines = append(lines, head)
		if !whole {
			lines = append(lines, fact(f.Theme, "found", f.Theme.Text, string(c.Result.Summary), f.W)...)
		}
		lines = append(lines, factLines(f.Theme, c.Result, f.W)...)
		lines = append(lines, pastLines(f, c)...)
	}
	return lines
}

// checkHead is the first line of a check: its state, its kind, what it came to, and how old that is. It is whole when
// all of what it came to stands in it.
func checkHead(f Frame, step runbook.Step, phase int, check runbook.Check, c run.CheckState) (line string, whole bool) {
	th := f.Theme
	when := "not looked at yet"
	if !c.Seen.IsZero() {
		when = age(f.Now.Sub(c.Seen)) + " ago"
		if isLive(f.State, step, phase) {
			when = "live " + age(f.Now.Sub(c.Seen))
		}
	}
	status := string(c.Shown())
	kind := clean(check.Kind)
	left := " " + th.Mark(status, false) + " " + th.Title.Render(theme.PadRight(kind, min(12, max(9, theme.Width(kind))))) + "  "
	right := th.Dim.Render(when) + " "
	summary := string(c.Result.Summary)
	if e := c.Result.Evidence; summary == "" || len(e) > 0 && string(e[0].Observed) == summary {
		return theme.Between(left+th.StatusStyle(status).Render(status), right, f.W), true
	}
	room := f.W - theme.Width(left) - theme.Width(right) - 1
	if theme.Width(summary) > room {
		return theme.Between(left+th.StatusStyle(status).Render(status), right, f.W), false
	}
	return theme.Between(left+th.StatusStyle(status).Render(summary), right, f.W), true
}

// factColumn is where the facts of a check begin; before them stands what they are.
const factColumn = 10

// fact renders a fact with its name before it.
func fact(th *theme.Theme, name string, st theme.Style, text string, w int) []string {
	if text == "" {
		return nil
	}
	lines := wrapped(st, text, factColumn+3, w)
	if len(lines) > 0 {
		lines[0] = "   " + cell(th.Dim, name, factColumn) + strings.TrimPrefix(lines[0], strings.Repeat(" ", factColumn+3))
	}
	return lines
}

// factLines are what a look found. What is the same for all its facts is said once.
func factLines(th *theme.Theme, r run.Result, w int) []string {
	var lines []string
	var last run.Evidence
	for _, e := range r.Evidence {
		lines = append(lines, besideLines(th, e, last, w)...)
		if where := sourceText(e); where != sourceText(last) {
			lines = append(lines, fact(th, "in", th.Dim, where, w)...)
		}
		if e.Query != last.Query {
			lines = append(lines, fact(th, "asked", th.Dim, string(e.Query), w)...)
		}
		last = e
	}
	sensor := string(r.Sensor)
	if r.Ill && sensor != "" {
		return append(lines, fact(th, "sensor", th.Bad, sensor+" does not answer", w)...)
	}
	return append(lines, fact(th, "sensor", th.Dim, sensor, w)...)
}

// besideLines are an observed value and, beside it where there is room, the one that was expected.
func besideLines(th *theme.Theme, e, last run.Evidence, w int) []string {
	expected := string(e.Expected)
	if e.Expected == last.Expected {
		expected = ""
	}
	saw := string(e.Observed)
	if room := w - factColumn - 5; expected != "" && theme.Width(saw)+theme.Width(expected)+12 <= room {
		pad := max(theme.Width(saw)+3, room*2/5)
		return []string{"   " + cell(th.Dim, "saw", factColumn) + th.Text.Render(theme.PadRight(saw, min(pad, room-9-theme.Width(expected)))) + th.Dim.Render("expected ") + th.Text.Render(expected)}
	}
	return append(fact(th, "saw", th.Text, saw, w), fact(th, "expected", th.Text, expected, w)...)
}

func sourceText(e run.Evidence) string {
	if e.ResourceVersion == "" {
		return string(e.Source)
	}
	return strings.TrimSpace(string(e.Source) + " rv " + clean(e.ResourceVersion))
}

// pastLines are since when a check is as it is, what un-ticked it, and whether it keeps changing its mind.
func pastLines(f Frame, c run.CheckState) []string {
	th := f.Theme
	var lines []string
	if !c.Since.IsZero() && c.Shown() != run.Passed {
		lines = fact(th, "since", th.Dim, instant(c.Since), f.W)
	}
	if !c.Ill.IsZero() {
		text := "since " + instant(c.Ill)
		if !c.Heard.IsZero() {
			text += ", last answer " + instant(c.Heard)
		}
		lines = fact(th, "silent", th.Bad, text, f.W)
	}
	if fall := c.History.Fall; fall != nil {
		lines = append(lines, fact(th, "fell", th.Warn, fallWords(*fall, c.History.Falls), f.W)...)
	}
	if c.History.Flapping {
		text := "it keeps changing its mind, so it opens no gate"
		if calm := c.CalmAt(); !calm.IsZero() {
			text += "; calm at " + instant(calm) + " if it stays as it is"
		}
		lines = append(lines, fact(th, "flaps", th.Bad, text, f.W)...)
	}
	return lines
}

// fallWords say what un-ticked a check, and when.
func fallWords(fall run.Fall, times int) string {
	text := instant(fall.At) + " to " + string(fall.To)
	if fall.Before != "" {
		text += ", from: " + string(fall.Before)
	}
	if fall.After != "" {
		text += ", to: " + string(fall.After)
	}
	if !fall.Back.IsZero() {
		text += ", back at " + instant(fall.Back)
	}
	if times > 1 {
		text += fmt.Sprintf(" (fell %d times)", times)
	}
	return text
}

// personLines are who vouched for a step or passed over it.
func personLines(f Frame, step runbook.Step) []string {
	th, st := f.Theme, f.State.Steps[step.ID]
	var lines []string
	if a := st.Attested; a != nil {
		text := fmt.Sprintf("by %s at %s", clean(a.By), instant(a.At))
		if a.Note != "" {
			text += ": " + string(a.Note)
		}
		lines = append(lines, labelled(th, "ticked", th.Text, text, f.W)...)
	}
	lines = append(lines, overrideLinesOf(f, step, st)...)
	if d := st.Deferral; d != nil && st.Deferred {
		text := fmt.Sprintf("to %s by %s at %s", clean(d.To), clean(d.By), instant(d.At))
		if d.Note != "" {
			text += ": " + string(d.Note)
		}
		lines = append(lines, labelled(th, "put off", th.Warn, text, f.W)...)
	}
	return lines
}

// overrideLinesOf are who passed over a step, why, and what that is bound to; of one that is void, why it is.
func overrideLinesOf(f Frame, step runbook.Step, st run.StepState) []string {
	th := f.Theme
	if o := st.Override; o != nil {
		lines := labelled(th, "passed", th.Warn, fmt.Sprintf("over by %s at %s: %s", clean(o.By), instant(o.At), o.Reason), f.W)
		return append(lines, labelled(th, "bound to", th.Dim, boundTo(step, *o)+"; void if it gets worse", f.W)...)
	}
	if v := st.Voided; v != nil {
		text := fmt.Sprintf("at %s: %s. It was %s's: %s", instant(v.At), v.Why, clean(v.Was.By), v.Was.Reason)
		return labelled(th, "void", th.Bad, text, f.W)
	}
	return nil
}

// boundTo is what an override covers.
func boundTo(step runbook.Step, o run.Overriding) string {
	text := string(o.Status)
	if o.Value != "" {
		text += ", " + string(o.Value)
	}
	for i, c := range o.Checks {
		if c.Status == run.Passed || i >= len(step.Verify) {
			continue
		}
		text += fmt.Sprintf("; %s %s", clean(step.Verify[i].Kind), c.Status)
		if c.Badness > 0 {
			text += fmt.Sprintf(" by %.6g", c.Badness)
		}
	}
	return text
}

// gateWords are what the gate says of a step.
func gateWords(f Frame, step runbook.Step, phase int) string {
	s := f.State
	status := s.StepStatus(step.ID)
	later := phase > s.Phase && phase < len(s.Plan.Runbook.Phases)
	switch {
	case phase >= len(s.Plan.Runbook.Phases):
		return ""
	case phase < s.Phase && !status.OpensGate():
		return "passed already; it drifted since and pauses the promotion of a rollout"
	case phase < s.Phase:
		return ""
	case status.OpensGate() && status != run.Warn:
		return "does not keep the gate shut"
	case status == run.Warn:
		return "a warning does not keep the gate shut; look at it"
	case !step.IsRequired():
		return "optional: the gate does not wait for it"
	}
	text := "stays shut until this stands"
	switch {
	case step.IsManual():
		text = "stays shut until somebody ticks this (" + f.Keys.Key(keys.Attest) + ")"
	case status == run.Pending && (step.Deploy != nil || step.Watch != nil):
		text = "stays shut until this is done (" + f.Keys.Key(keys.Start) + " starts it)"
	}
	if later {
		text = "of a later phase: not open yet"
	}
	o, d := f.Keys.Key(keys.Override), f.Keys.Key(keys.Defer)
	switch {
	case step.IsOverridable() && step.DeferTo != "":
		text += ", is overridden with a reason (" + o + "), or is deferred to " + clean(step.DeferTo) + " (" + d + ")"
	case step.IsOverridable():
		text += ", or is overridden with a reason (" + o + ")"
	case step.DeferTo != "":
		text += ", or is deferred to " + clean(step.DeferTo) + " (" + d + "); it cannot be overridden"
	default:
		text += "; it cannot be overridden"
	}
	return text
}
