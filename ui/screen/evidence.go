package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// evidenceIndent is where a line of evidence begins: under the title.
const evidenceIndent = 5

// evidenceRow is the line under a box: what was observed, what was expected, and where; of several checks, how each
// stands.
func (c *Checklist) evidenceRow(f Frame, b box, cols columns) string {
	th := f.Theme
	strip := ""
	if checks := f.State.Steps[b.step.ID].Checks; len(checks) > 1 {
		strip = checkStrip(th, checks) + " "
	}
	room := f.W - evidenceIndent - theme.Width(strip) - 1
	text := evidenceText(f, b, cols)
	if fell, _ := c.history(f, b); fell != "" && cols.observed <= leastForHistory {
		text = fell + "   " + text // above there was no room for it
	}
	row := strings.Repeat(" ", evidenceIndent) + cell(th.Dim, text, room) + " " + strip
	if b.step.ID == c.Step {
		row = th.Selected.Over(row)
	}
	return row
}

// mostSigns bounds a strip of checks.
const mostSigns = 12

// checkStrip is one sign a check.
func checkStrip(th *theme.Theme, checks []run.CheckState) string {
	var b strings.Builder
	for i, c := range checks {
		if i == mostSigns {
			b.WriteString(th.Dim.Render(theme.Ellipsis))
			break
		}
		status := string(c.Shown())
		sign := th.Sign(status)
		if sign == " " {
			sign = "_" // to come
		}
		b.WriteString(th.StatusStyle(status).Render(sign))
	}
	return b.String()
}

// tells tells whether a box's line of evidence says more than the box does.
func tells(f Frame, b box) bool {
	st := f.State.Steps[b.step.ID]
	if len(st.Checks) == 0 || st.Override != nil {
		return st.Override != nil // who ticked a box by hand, and when, stands in its row
	}
	return len(st.Checks) > 1 || len(st.Checks[0].Result.Evidence) > 0 || theme.Width(b.said) > f.W/2
}

// evidenceText are the facts behind a box in one line, the most telling ones first.
func evidenceText(f Frame, b box, cols columns) string {
	st := f.State.Steps[b.step.ID]
	if len(st.Checks) > 0 && st.Override == nil {
		return speakerText(f, b, cols)
	}
	switch {
	case st.Override != nil:
		text := fmt.Sprintf("%s while %s", instant(st.Override.At), st.Override.Status)
		if st.Override.Value != "" {
			text += ": " + string(st.Override.Value)
		}
		return text
	case st.Attested != nil:
		return fmt.Sprintf("ticked by %s at %s, on a person's word", clean(st.Attested.By), instant(st.Attested.At))
	case b.step.How != "":
		return clean(b.step.How)
	}
	return clean(b.step.Text)
}

// speakerText is what the check says that speaks for its step.
func speakerText(f Frame, b box, cols columns) string {
	checks := f.State.Steps[b.step.ID].Checks
	i := speaker(checks)
	c := checks[i]
	if c.Seen.IsZero() {
		return "not looked at yet: " + clean(b.step.Verify[i].Kind)
	}
	if len(checks) > 1 && isGood(c) {
		return allGood(b, checks)
	}
	var words []string
	if len(checks) > 1 {
		words = append(words, clean(b.step.Verify[i].Kind))
	}
	e := run.Evidence{}
	if len(c.Result.Evidence) > 0 {
		e = c.Result.Evidence[0]
	}
	if text := string(or(e.Observed, c.Result.Summary)); text != b.said || theme.Width(text) > cols.observed {
		words = append(words, text) // what stands above already is not said twice
	}
	if e.Expected != "" {
		words = append(words, "expected "+string(e.Expected))
	}
	if e.Source != "" {
		words = append(words, string(e.Source))
	}
	if len(words) == 0 && b.step.Text != "" {
		words = append(words, clean(b.step.Text))
	}
	if n := len(c.Result.Evidence); n > 1 {
		words = append(words, fmt.Sprintf("and %d more", n-1))
	}
	if len(checks) > 1 {
		words = append(words, age(f.Now.Sub(c.Seen))+" ago")
	}
	if len(checks) == 1 && e.Query != "" {
		words = append(words, string(e.Query))
	}
	return strings.Join(words, "   ")
}

// isGood tells whether a check passes.
func isGood(c run.CheckState) bool { return c.Shown() == run.Passed || c.Shown() == run.NotApplicable }

// allGood is what the checks of a box saw that all pass; what stands above already is not said twice.
func allGood(b box, checks []run.CheckState) string {
	var words []string
	for i, c := range checks {
		if summary := string(c.Result.Summary); summary != b.said {
			words = append(words, clean(b.step.Verify[i].Kind)+" "+summary)
		}
	}
	if len(words) == 0 {
		return clean(b.step.Verify[0].Kind) + " " + b.said
	}
	return strings.Join(words, "   ")
}

func or(a, b run.Safe) run.Safe {
	if a != "" {
		return a
	}
	return b
}

// worseFirst orders the states of checks by how much a person should hear of them.
var worseFirst = []run.Status{run.Failed, run.Drifted, run.Unknown, run.Stale, run.Pending, run.Checking, run.Warn, run.Passed, run.NotApplicable}

// speaker is the check that speaks for its step: the worst, and of equals the first.
func speaker(checks []run.CheckState) int {
	for _, status := range worseFirst {
		for i, c := range checks {
			if c.Shown() == status {
				return i
			}
		}
	}
	return 0
}

// worstFirst are the indices of checks, the worst first, and equals in their order.
func worstFirst(checks []run.CheckState) []int {
	order := make([]int, len(checks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return slices.Index(worseFirst, checks[a].Shown()) - slices.Index(worseFirst, checks[b].Shown())
	})
	return order
}

// stamp writes an instant for text that leaves the screen.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// Evidence is a step's evidence as plain text, for the clipboard.
func Evidence(s run.State, id string) string {
	step, _, ok := StepOf(s, id)
	if !ok {
		return ""
	}
	st := s.Steps[id]
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", clean(step.Title), s.StepStatus(id))
	if env := Environment(s); env != "" {
		fmt.Fprintf(&b, "run %s, %s\n", clean(s.ID), clean(env))
	}
	if a := st.Attested; a != nil {
		fmt.Fprintf(&b, "attested by %s at %s %s\n", clean(a.By), stamp(a.At), a.Note)
	}
	if o := st.Override; o != nil {
		fmt.Fprintf(&b, "overridden by %s at %s while %s (%s): %s\n", clean(o.By), stamp(o.At), o.Status, o.Value, o.Reason)
	}
	for i, check := range step.Verify {
		writeCheck(&b, check, st.Checks[i])
	}
	if len(step.Verify) == 0 && s.Observed(id) != "" {
		fmt.Fprintf(&b, "%s\n", s.Observed(id))
	}
	writeAction(&b, s, step)
	return b.String()
}

func writeCheck(b *strings.Builder, check runbook.Check, c run.CheckState) {
	fmt.Fprintf(b, "%s: %s", clean(check.Kind), c.Shown())
	if c.Result.Summary != "" {
		fmt.Fprintf(b, ": %s", c.Result.Summary)
	}
	if !c.Seen.IsZero() {
		fmt.Fprintf(b, " (%s)", stamp(c.Seen))
	}
	b.WriteByte('\n')
	for _, e := range c.Result.Evidence {
		fmt.Fprintf(b, "  observed %s\n", e.Observed)
		for _, part := range [][2]string{{"expected", string(e.Expected)}, {"source", sourceText(e)}, {"query", string(e.Query)}} {
			if part[1] != "" {
				fmt.Fprintf(b, "  %s %s\n", part[0], part[1])
			}
		}
	}
}

// Queries are the exact calls behind a step, one a line, for pasting into a shell or a browser; empty when there are
// none.
func Queries(s run.State, id string) string {
	var lines []string
	said := map[run.Safe]bool{}
	for _, c := range s.Steps[id].Checks {
		for _, e := range c.Result.Evidence {
			if e.Query != "" && !said[e.Query] {
				said[e.Query] = true
				lines = append(lines, string(e.Query))
			}
		}
	}
	return strings.Join(lines, "\n")
}
