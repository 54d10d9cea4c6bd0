package screen

import (
	"fmt"
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

	top       int // first line of the list that is shown
	DetailTop int // first line of the details that is shown
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
func (c *Checklist) Rows(f Frame) []runbook.Step {
	var steps []runbook.Step
	phases := Phases(f.State)
	if c.Phase < 0 || c.Phase >= len(phases) {
		return nil
	}
	for step := range run.PhaseSteps(phases[c.Phase]) {
		if f.matches(step.Title, step.ID, string(f.State.Observed(step.ID)), string(f.State.StepStatus(step.ID))) {
			steps = append(steps, step)
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
	layout := LayoutFor(f.W, f.H)
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
		lines := fitLines(withLog(list, c.list(list, crumb)), f.H)
		for i := range lines {
			lines[i] = theme.PadRight(lines[i], list.W)
		}
		detail := f
		detail.W = w
		return beside(f, lines, list.W, c.details(detail))
	case Below:
		list, detail := f, f
		rows := len(c.list(Frame{State: f.State, Now: f.Now, W: f.W, H: 1000, Theme: f.Theme, Filter: f.Filter}, crumb))
		list.H = min(rows, f.H-min(f.H/2, 16)) // the details get what the list leaves, at least half or 16 lines
		detail.H = f.H - list.H - 1
		lines := fitLines(c.list(list, crumb), list.H)
		lines = append(lines, f.Theme.RuleLine(f.W))
		return append(lines, withLog(detail, c.details(detail))...)
	}
	if c.Detail {
		return c.details(f)
	}
	lines := c.list(f, crumb)
	detail := f
	detail.H = f.H - len(lines) - 2
	if detail.H < leastPreview {
		return lines
	}
	lines = append(lines, "", f.Theme.RuleLine(f.W))
	return append(lines, c.details(detail)...)
}

// leastPreview is how many lines of details are worth showing under a list that leaves them free.
const leastPreview = 4

// list draws the sections and steps of the shown phase.
func (c *Checklist) list(f Frame, crumb bool) []string {
	th := f.Theme
	phases := Phases(f.State)
	if c.Phase < 0 || c.Phase >= len(phases) {
		return []string{th.Dim.Render(" no phase to show")}
	}
	ph := phases[c.Phase]
	var head []string
	if crumb {
		_, _, done, total := worst(f.State, ph)
		head = append(head, theme.Between(th.Title.Render(clean(ph.Title)), th.Dim.Render(fmt.Sprintf("%d of %d", done, total)), f.W), "")
	}
	if gate := gateLine(f, c.Phase); gate != "" {
		head = append(head, theme.PadRight(gate, f.W))
	}
	airy := true
	lines, at := c.rows(f, ph, airy)
	if len(lines) > f.H-len(head) {
		lines, at = c.rows(f, ph, !airy)
	}
	if len(lines) == 0 {
		lines = []string{th.Dim.Render(" nothing here contains " + clean(f.Filter))}
	}
	body, top := window(th, lines, at, c.top, f.H-len(head), f.W)
	c.top = top
	return append(head, body...)
}

// rows are the lines of a phase and the index of the chosen step's line; airy ones have blanks between sections.
func (c *Checklist) rows(f Frame, ph runbook.Phase, airy bool) (lines []string, at int) {
	cols := columnsFor(f, ph)
	at = -1
	for _, section := range ph.Sections {
		titled := section.Title == ""
		for _, step := range section.Steps {
			if !f.matches(step.Title, step.ID, string(f.State.Observed(step.ID)), string(f.State.StepStatus(step.ID))) {
				continue
			}
			if !titled {
				if len(lines) > 0 && airy {
					lines = append(lines, "")
				}
				lines = append(lines, cell(f.Theme.Dim, " "+clean(section.Title), f.W))
				titled = true
			}
			if step.ID == c.Step {
				at = len(lines)
			}
			lines = append(lines, c.row(f, step, cols))
		}
	}
	return lines, at
}

// columns are the widths of a step's row.
type columns struct{ title, observed, age int }

func columnsFor(f Frame, ph runbook.Phase) columns {
	longest, said := 12, 10
	for step := range run.PhaseSteps(ph) {
		longest = max(longest, theme.Width(step.Title))
		text, _ := observed(f, step, f.State.StepStatus(step.ID))
		said = max(said, theme.Width(text))
	}
	c := columns{age: 9}
	if f.W >= 76 {
		c.age = max(11, min(16, theme.Width(f.State.Operator)+6))
	}
	room := f.W - 5 - c.age - 3
	c.title = min(longest, max(room*56/100, room-2-said)) // the titles get what nothing else needs
	c.observed = room - c.title - 2
	return c
}

// row is one step: box, title, what was observed, and how old that is.
func (c *Checklist) row(f Frame, step runbook.Step, cols columns) string {
	th := f.Theme
	status := f.State.StepStatus(step.ID)
	mark, st := " ", th.Text
	if step.ID == c.Step {
		mark = th.Accent.Render("▸")
	}
	if status == run.NotApplicable || status == run.Deferred {
		st = th.Dim
	}
	said, look := observed(f, step, status)
	seen := cell(look, said, cols.observed)
	if was := lastPassed(f.State, step.ID); !was.IsZero() && status == run.Drifted && cols.observed > 24 {
		const room = 11 // was ✔ 14:02
		seen = cell(look, said, cols.observed-room-1) + " " + cellRight(th.Bad, "was ✔ "+hour(was), room)
	}
	row := mark + th.Mark(string(status), step.IsManual()) + " " + cell(st, clean(step.Title), cols.title) + "  " + seen + "  " + freshness(f, step, cols.age) + " "
	if step.ID == c.Step {
		row = th.Selected.Over(row)
	}
	return row
}

// observed is what stands beside a step's title: what was seen, or what there is to do.
func observed(f Frame, step runbook.Step, status run.Status) (string, theme.Style) {
	th, st := f.Theme, f.State.Steps[step.ID]
	look := th.Dim
	switch status {
	case run.Failed, run.Drifted, run.Conflicted, run.Warn, run.Unknown, run.Stale:
		look = th.StatusStyle(string(status))
	case run.Passed, run.Checking:
		look = th.Text
	}
	switch {
	case st.Override != nil:
		return "overridden: " + string(st.Override.Reason), th.Warn
	case status == run.Attested && st.Attested.Note != "":
		return string(st.Attested.Note), th.Text
	}
	if seen := f.State.Observed(step.ID); seen != "" {
		return string(seen), look
	}
	switch {
	case status == run.NotApplicable:
		return "does not apply here", look
	case status == run.Pending && (step.Action() == "deploy" || step.Action() == "watch"):
		return "s starts it", th.Dim
	case !step.IsRequired():
		return "optional", th.Dim
	}
	return clean(step.Text), th.Dim
}

// freshness says how old the evidence is, "live 2s", or who vouched for it.
func freshness(f Frame, step runbook.Step, width int) string {
	th, s := f.Theme, f.State
	st := s.Steps[step.ID]
	if st.Override != nil || st.Attested != nil && len(step.Verify) == 0 {
		by, at := "", time.Time{}
		switch {
		case st.Override != nil:
			by, at = st.Override.By, st.Override.At
		case st.Attested != nil:
			by, at = st.Attested.By, st.Attested.At
		}
		text := hour(at)
		if room := width - len(text) - 1; room >= 4 {
			text = theme.Truncate(clean(by), room) + " " + text
		}
		return cellRight(th.Dim, text, width)
	}
	seen := s.LastSeen(step.ID)
	if seen.IsZero() {
		return cell(th.Dim, "", width)
	}
	_, phase, _ := StepOf(s, step.ID)
	text := age(f.Now.Sub(seen)) + " ago"
	if isLive(s, step, phase) {
		text = fmt.Sprintf("live %3s", age(f.Now.Sub(seen)))
	}
	return cellRight(th.Dim, text, width)
}

// gateLine says what goes on at the gate of the shown phase; empty when nothing does.
func gateLine(f Frame, phase int) string {
	th, s := f.Theme, f.State
	switch {
	case s.Gate != nil && s.Gate.Phase == phase:
		return th.Accent.Render(fmt.Sprintf(" ◌ gate asked by %s: %s again first", clean(s.Gate.By), plural(len(s.Gate.Fresh), "check looks", "checks look")))
	case phase == s.Phase && !s.Only && s.Ended.IsZero() && len(s.GateBlockers()) == 0 && !RollbackLive(s):
		return th.Good.Render(" ✔ nothing keeps the gate shut: ") + th.Key.Render("g") + th.Good.Render(" opens it")
	}
	return ""
}
