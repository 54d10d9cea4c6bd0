package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// folded says what a box follows from, when something else keeps it from being true; empty when it stands for itself.
func folded(s run.State, id string) string {
	root, ok := s.Folded(id)
	switch {
	case !ok:
		return ""
	case root.Sensor != "":
		return "because " + string(root.Sensor) + " is silent"
	}
	step, _, _ := StepOf(s, root.Step)
	return "because of " + clean(step.Title)
}

// sensorLines say in at most n lines which sensors are ill, since when, and how many boxes see nothing by that.
func sensorLines(f Frame, n int) (lines []string) {
	var ill []run.Sensor
	for _, x := range f.State.Sensors() {
		if len(x.Blind) > 0 {
			ill = append(ill, x)
		}
	}
	for i, x := range ill {
		if i == n-1 && len(ill) > n {
			return append(lines, cell(f.Theme.Bad, fmt.Sprintf(" ! and %d more sensors do not answer", len(ill)-i), f.W))
		}
		tail := fmt.Sprintf(" does not answer since %s (%s)", instant(x.Since), plural(boxesOf(x.Blind), "box", "boxes"))
		name := theme.Truncate(string(x.Name), f.W-3-theme.Width(tail)) // its name gives way first
		lines = append(lines, cell(f.Theme.Bad, " ! "+name+tail, f.W))
	}
	return lines
}

// boxesOf counts the steps of checks, which come in the order of the steps.
func boxesOf(refs []run.CheckRef) int {
	n, last := 0, ""
	for _, r := range refs {
		if r.Step != last {
			n, last = n+1, r.Step
		}
	}
	return n
}

// history says what un-ticked a box and when, for as long as its phase is open; loud until somebody has looked at it.
func (c *Checklist) history(f Frame, b box) (string, theme.Style) {
	th := f.Theme
	fall, n := f.State.LastFall(b.step.ID)
	if fall == nil || b.fold != "" {
		return "", th.Dim
	}
	look := th.Warn
	if !fall.At.After(c.looked[b.step.ID]) {
		look = th.Dim
	}
	flaps := f.State.Flapping(b.step.ID)
	switch {
	case b.status == run.Overridden: // somebody decided over it
	case flaps || fall.Back.IsZero():
		look = th.Bad
	case b.phase < f.State.Phase:
		return "", th.Dim
	}
	text := "fell " + hour(fall.At)
	if n > 1 {
		text = fmt.Sprintf("fell %d× %s", n, hour(fall.At))
	}
	if flaps && !strings.HasPrefix(b.said, "flapping") {
		text = "flaps, " + text
	}
	return text, look
}

// Look notes that somebody looks at the chosen box: what un-ticked it before now is no news any more.
func (c *Checklist) Look(now time.Time) {
	if c.Step == "" {
		return
	}
	if c.looked == nil {
		c.looked = map[string]time.Time{}
	}
	c.looked[c.Step] = now
}
