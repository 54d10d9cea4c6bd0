package screen

import (
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// Checklist is where a person looks on the checklist: a phase, a step of it, and whether its details stand in front.
type Checklist struct {
	Phase  int    // index in Phases
	Step   string // id; empty: none
	Detail bool   // the details are open where they have no room beside the list

	top       int                  // first line of the list that is shown
	DetailTop int                  // first line of the details that is shown
	looked    map[string]time.Time // when a box was looked at last, by its step
}

// Layout tells where the details of the chosen step stand in a body of this size.
type Layout int

// The layouts, by the room there is.
const (
	OnePane Layout = iota // the list, or the details
	Below                 // the details under the list
	Beside                // the details to its right
)

// LayoutFor is the layout of a body of w × h cells.
func LayoutFor(w, h int) Layout {
	switch {
	case w >= 140, w >= 120 && h < 26:
		return Beside
	case h >= 26:
		return Below
	}
	return OnePane
}

// Rows are the steps of the shown phase that pass the filter, in order.
func (c *Checklist) Rows(f Frame) (steps []runbook.Step) {
	if c.Phase < 0 || c.Phase >= len(Phases(f.State)) {
		return nil
	}
	for _, p := range parts(f, c.Phase) {
		for _, b := range p.boxes {
			steps = append(steps, b.step)
		}
	}
	return steps
}

// Move moves the cursor by n steps.
func (c *Checklist) Move(f Frame, n int) {
	steps := c.Rows(f)
	if len(steps) == 0 {
		return
	}
	i := slices.IndexFunc(steps, func(s runbook.Step) bool { return s.ID == c.Step })
	c.Step = steps[max(0, min(len(steps)-1, max(i, 0)+n))].ID
	c.DetailTop = 0
}

// Turn goes n phases on and puts the cursor where that phase needs somebody.
func (c *Checklist) Turn(s run.State, n int) {
	phases := Phases(s)
	if len(phases) == 0 {
		return
	}
	c.Phase = max(0, min(len(phases)-1, c.Phase+n))
	c.Step = FirstOpen(s, phases[c.Phase])
	c.top, c.DetailTop = 0, 0
}

// View draws the checklist.
func (c *Checklist) View(f Frame) []string {
	layout := LayoutFor(f.W, max(f.H, f.Whole))
	left := 0
	if f.W >= 100 && (layout != Beside || f.W >= 140) {
		left = phaseColumnWidth(f)
	}
	head := 0
	var lines []string
	if left == 0 {
		lines = append(lines, phaseBar(f, c.Phase, f.W), "")
		head = 2
		if f.H < 14 {
			lines, head = lines[:1], 1
		}
	}
	centre := f
	centre.W, centre.H = f.W-left, f.H-head
	if left > 0 {
		centre.W -= 2
	}
	body := c.centre(centre, layout, left > 0)
	if left == 0 {
		return append(lines, body...)
	}
	column := fitLines(phaseColumn(f, c.Phase, left), f.H)
	return beside(f, column, left, body)
}

// beside joins a column and what stands to its right.
func beside(f Frame, column []string, w int, body []string) []string {
	body = fitLines(body, f.H)
	lines := make([]string, f.H)
	bar := f.Theme.Rule.Render("│")
	for i := range lines {
		lines[i] = theme.PadRight(column[i], w) + bar + " " + body[i]
	}
	return lines
}

func (c *Checklist) centre(f Frame, layout Layout, crumb bool) []string {
	switch layout {
	case Beside:
		w := f.W * 42 / 100
		list := f
		list.W = f.W - w - 3
		lines := fitLines(withLog(list, c.list(list, crumb, true)), f.H)
		for i := range lines {
			lines[i] = theme.PadRight(lines[i], list.W)
		}
		detail := f
		detail.W = w
		return beside(f, lines, list.W, c.details(detail))
	case Below:
		if f.H < leastBoth {
			return c.list(f, crumb, false)
		}
		list, detail := f, f
		// The details get what the list leaves, at least half or so many lines.
		list.H = min(c.listHeight(f, crumb, true), f.H-min(f.H/2, leastDetails))
		detail.H = f.H - list.H - 1
		lines := fitLines(c.list(list, crumb, true), list.H)
		lines = append(lines, f.Theme.RuleLine(f.W))
		return append(lines, withLog(detail, c.details(detail))...)
	}
	if c.Detail {
		return c.details(f)
	}
	lines := c.list(f, crumb, false)
	detail := f
	detail.H = f.H - len(lines) - 2
	if detail.H < leastPreview {
		return lines
	}
	lines = append(lines, "", f.Theme.RuleLine(f.W))
	return append(lines, c.details(detail)...)
}

// leastDetails is how many lines the details under a list get at least, with the rule above them.
const leastDetails = 15

// leastBoth is the height from which on a list and details under it are both worth showing.
const leastBoth = 12

// leastPreview is how many lines of details are worth showing under a list that leaves them free.
const leastPreview = 4
