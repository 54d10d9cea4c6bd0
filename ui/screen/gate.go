package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// GateBoxes are the boxes that keep a gate shut, one line each, and after them what the others show.
func GateBoxes(f Frame, ids []string) []string {
	var lines []string
	for _, id := range ids {
		step, phase, ok := StepOf(f.State, id)
		if !ok {
			lines = append(lines, clean(id))
			continue
		}
		b := boxOf(f, step, phase)
		line := fmt.Sprintf("%s %s: ", f.Theme.Glyph(string(b.status), step.IsManual()), b.title)
		if b.said == "" {
			line += string(b.status)
		}
		lines = append(lines, line+b.said+expectedOf(f.State, step))
	}
	return append(lines, Snapshot(f, ids)...)
}

// expectedOf is what the check that speaks for a step expected, and how it can be asked.
func expectedOf(s run.State, step runbook.Step) string {
	checks := s.Steps[step.ID].Checks
	if len(checks) == 0 {
		return ""
	}
	c := checks[speaker(checks)]
	if len(c.Result.Evidence) == 0 || c.Result.Evidence[0].Expected == "" {
		return ""
	}
	return fmt.Sprintf(" (expected %s)", c.Result.Evidence[0].Expected)
}

// inWords are the states of a gate's boxes in the order and the words in which they are counted.
var inWords = []struct {
	status run.Status
	word   string
}{
	{run.Passed, "seen to stand"},
	{run.Warn, "with a warning"},
	{run.Attested, "ticked by hand"},
	{run.Overridden, "overridden"},
	{run.Deferred, "deferred"},
	{run.NotApplicable, "not applicable"},
}

// Counted says of the boxes of a gate how many stand by what, and how many do not.
func Counted(boxes []run.Status) (words []string) {
	count, n := map[run.Status]int{}, len(boxes)
	for _, status := range boxes {
		count[status]++
	}
	for _, w := range inWords {
		if k := count[w.status]; k > 0 {
			words = append(words, fmt.Sprintf("%d %s", k, w.word))
			n -= k
		}
	}
	if n > 0 {
		words = append(words, fmt.Sprintf("%d optional and not there", n))
	}
	return words
}

// Snapshot says what the boxes of the open gate show, but for those that are told already: how many stand by what, and
// each that stands only by somebody's decision, or not at all.
func Snapshot(f Frame, told []string) []string {
	var boxes []run.Status
	var apart []string
	for _, step := range f.State.GateSteps() {
		if slices.Contains(told, step.ID) {
			continue
		}
		_, phase, _ := StepOf(f.State, step.ID)
		b := boxOf(f, step, phase)
		boxes = append(boxes, b.status)
		if b.status == run.Warn || b.status == run.Overridden || b.status == run.Deferred || !b.status.OpensGate() {
			apart = append(apart, fmt.Sprintf("  %s %s: %s", f.Theme.Glyph(string(b.status), step.IsManual()), b.title, b.said))
		}
	}
	if len(boxes) == 0 {
		return nil
	}
	head := "It rests on: "
	if len(told) > 0 {
		head = "The others: "
	}
	return append([]string{head + strings.Join(Counted(boxes), ", ")}, apart...)
}

// WouldOverride says what an override of a step would be bound to now.
func WouldOverride(f Frame, step runbook.Step) []string {
	s := f.State
	status, st := s.StepStatus(step.ID), s.Steps[step.ID]
	lines := []string{fmt.Sprintf("It is %s.", status)}
	if seen := s.Observed(step.ID); seen != "" {
		lines[0] = fmt.Sprintf("It is %s: %s", status, seen)
	}
	if why := folded(s, step.ID); why != "" {
		lines = append(lines, "It is so "+why+": look there first.")
	}
	for i, c := range st.Checks {
		if c.Shown().OpensGate() || len(st.Checks) == 1 && len(c.Result.Evidence) == 0 {
			continue
		}
		line := fmt.Sprintf("%s %s %s", f.Theme.Glyph(string(c.Shown()), false), clean(step.Verify[i].Kind), c.Shown())
		if c.Result.Badness > 0 {
			line += fmt.Sprintf(" by %.6g", c.Result.Badness)
		}
		if len(st.Checks) > 1 && c.Result.Summary != "" {
			line += ": " + string(c.Result.Summary)
		}
		if len(c.Result.Evidence) > 0 && c.Result.Evidence[0].Expected != "" {
			line += fmt.Sprintf(" (expected %s)", c.Result.Evidence[0].Expected)
		}
		lines = append(lines, line)
	}
	if v := st.Voided; v != nil && st.Override == nil {
		lines = append(lines, fmt.Sprintf("The last override of %s is void since %s: %s", clean(v.Was.By), instant(v.At), v.Why))
	}
	return lines
}
