package screen

import (
	"fmt"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// folded says what a box follows from, when something else keeps it from being true; empty when it stands for itself.
func folded(run.State, string) string { return "" }

// blind is a sensor that does not answer.
type blind struct {
	name  string
	since time.Time
	boxes int
	why   string
}

// blinds are the sensors that do not answer, in the order of the steps.
func blinds(s run.State) []blind {
	var list []blind
	for step := range run.Steps(s.Plan) {
		counted := map[run.Safe]bool{}
		for _, c := range s.Steps[step.ID].Checks {
			if !c.Result.Ill || c.Result.Sensor == "" || counted[c.Result.Sensor] {
				continue
			}
			counted[c.Result.Sensor] = true
			list = addBlind(list, c)
		}
	}
	return list
}

func addBlind(list []blind, c run.CheckState) []blind {
	for i := range list {
		if b := &list[i]; b.name == string(c.Result.Sensor) {
			b.boxes++
			if c.Since.Before(b.since) {
				b.since = c.Since
			}
			return list
		}
	}
	return append(list, blind{name: string(c.Result.Sensor), since: c.Since, boxes: 1, why: string(c.Result.Summary)})
}

// sensorLines say in at most n lines which sensors are ill, since when, and how many boxes see nothing by that.
func sensorLines(f Frame, n int) []string {
	th := f.Theme
	list := blinds(f.State)
	var lines []string
	for i, b := range list {
		if i == n-1 && len(list) > n {
			return append(lines, cell(th.Bad, fmt.Sprintf(" ! %d more sensors do not answer", len(list)-i), f.W))
		}
		text := fmt.Sprintf(" ! %s does not answer since %s", b.name, instant(b.since))
		boxes := "(" + plural(b.boxes, "box", "boxes") + ")"
		lines = append(lines, cell(th.Bad, theme.Truncate(text, f.W-theme.Width(boxes)-2)+" "+boxes, f.W))
	}
	return lines
}

// history says what un-ticked a box and when; loud until somebody has looked at it since.
func (c *Checklist) history(f Frame, b box) (string, theme.Style) {
	if was := lastPassed(f.State, b.step.ID); !was.IsZero() && b.status == run.Drifted {
		return "was ✔ " + hour(was), f.Theme.Bad
	}
	return "", f.Theme.Dim
}
