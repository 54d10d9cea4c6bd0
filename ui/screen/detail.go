package screen

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
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
	lines = append(lines, checkLines(f, step, phase)...)
	lines = append(lines, personLines(f, step)...)
	lines = append(lines, labelled(th, "gate", th.StatusStyle(string(status)), gateWords(s, step, phase), f.W)...)
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

// checkLines are the checks of a step: what was seen beside what was expected, where, and when.
func checkLines(f Frame, step runbook.Step, phase int) []string {
	th := f.Theme
	var lines []string
	for i, check := range step.Verify {
		c := f.State.Steps[step.ID].Checks[i]
		when := "not looked at yet"
		if !c.Seen.IsZero() {
			when = age(f.Now.Sub(c.Seen)) + " ago"
			if isLive(f.State, step, phase) {
				when = "live " + age(f.Now.Sub(c.Seen))
			}
		}
		status := checkStatus(c)
		summary := string(c.Result.Summary)
		if summary == "" {
			summary = string(status)
		}
		head := " " + cell(th.Dim, "saw", 8) + th.Mark(string(status), false) + " " + cell(th.Title, clean(check.Kind), min(12, theme.Width(check.Kind)+1)) + " "
		lines = append(lines, theme.Between(head, th.Dim.Render(when)+" ", f.W))
		lines = append(lines, wrapped(th.StatusStyle(string(status)), summary, 9, f.W)...)
		for _, e := range c.Result.Evidence {
			lines = append(lines, evidenceLines(th, e, f.W)...)
		}
		if !c.Since.IsZero() && status != run.Passed {
			since := "since " + instant(c.Since)
			if !c.Passed.IsZero() && status == run.Drifted {
				since += ", was ✔ until " + instant(c.Passed)
			}
			lines = append(lines, wrapped(th.Dim, since, 9, f.W)...)
		}
	}
	return lines
}

func evidenceLines(th *theme.Theme, e run.Evidence, w int) []string {
	text := string(e.Observed)
	if e.Expected != "" {
		text += "   expected " + string(e.Expected)
	}
	lines := wrapped(th.Text, text, 9, w)
	source := string(e.Source)
	if e.ResourceVersion != "" {
		source += " rv " + clean(e.ResourceVersion)
	}
	if source != "" {
		lines = append(lines, wrapped(th.Dim, source, 9, w)...)
	}
	if e.Query != "" {
		lines = append(lines, wrapped(th.Dim, string(e.Query), 9, w)...)
	}
	return lines
}

// checkStatus is a check's state as a person reads it: a fall after a pass is drift, an old look is stale.
func checkStatus(c run.CheckState) run.Status {
	switch {
	case c.Stale:
		return run.Stale
	case c.Status == run.Failed && !c.Passed.IsZero():
		return run.Drifted
	}
	return c.Status
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
	if o := st.Override; o != nil {
		text := fmt.Sprintf("by %s at %s: %s", clean(o.By), instant(o.At), o.Reason)
		if o.Value != "" {
			text += fmt.Sprintf(" (bound to %q; void if it gets worse)", string(o.Value))
		}
		lines = append(lines, labelled(th, "passed over", th.Warn, text, f.W)...)
	}
	return lines
}

// gateWords are what the gate says of a step.
func gateWords(s run.State, step runbook.Step, phase int) string {
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
		text = "stays shut until somebody ticks this (space)"
	case status == run.Pending && (step.Deploy != nil || step.Watch != nil):
		text = "stays shut until this is done (s starts it)"
	}
	if later {
		text = "of a later phase: not open yet"
	}
	switch {
	case step.IsOverridable() && step.DeferTo != "":
		text += ", is overridden with a reason (o), or is deferred to " + clean(step.DeferTo) + " (d)"
	case step.IsOverridable():
		text += ", or is overridden with a reason (o)"
	case step.DeferTo != "":
		text += ", or is deferred to " + clean(step.DeferTo) + " (d); it cannot be overridden"
	default:
		text += "; it cannot be overridden"
	}
	return text
}

// Evidence is a step's evidence as plain text, for the clipboard.
func Evidence(s run.State, id string) string {
	step, _, ok := StepOf(s, id)
	if !ok {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", clean(step.Title), s.StepStatus(id))
	if a := s.Steps[id].Attested; a != nil {
		fmt.Fprintf(&b, "attested by %s at %s %s\n", clean(a.By), a.At.UTC().Format("2006-01-02T15:04:05Z"), a.Note)
	}
	for i, check := range step.Verify {
		c := s.Steps[id].Checks[i]
		fmt.Fprintf(&b, "%s: %s: %s", clean(check.Kind), checkStatus(c), c.Result.Summary)
		if !c.Seen.IsZero() {
			fmt.Fprintf(&b, " (%s)", c.Seen.UTC().Format("2006-01-02T15:04:05Z"))
		}
		b.WriteByte('\n')
		for _, e := range c.Result.Evidence {
			fmt.Fprintf(&b, "  observed %s", e.Observed)
			for _, part := range [][2]string{{"expected", string(e.Expected)}, {"source", string(e.Source)}, {"query", string(e.Query)}} {
				if part[1] != "" {
					fmt.Fprintf(&b, "; %s %s", part[0], part[1])
				}
			}
			b.WriteByte('\n')
		}
	}
	if len(step.Verify) == 0 && s.Observed(id) != "" {
		fmt.Fprintf(&b, "%s\n", s.Observed(id))
	}
	return b.String()
}
