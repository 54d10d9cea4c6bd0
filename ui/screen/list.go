package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// box is a step with all that its lines are made of, looked up once a picture.
type box struct {
	step   runbook.Step
	phase  int // index in Phases
	title  string
	status run.Status
	said   string // what was observed, or what there is to do
	look   theme.Style
	fold   string // what it follows from, when something else keeps it from being true
}

func boxOf(f Frame, step runbook.Step, phase int) box {
	b := box{step: step, phase: phase, title: clean(step.Title), status: f.State.StepStatus(step.ID)}
	b.said, b.look = observed(f, step, b.status)
	if b.fold = folded(f.State, step.ID); b.fold != "" {
		b.said, b.look = "↳ "+b.fold, f.Theme.Dim
	}
	return b
}

// part is a section with those of its boxes that pass the filter.
type part struct {
	title string
	boxes []box
}

// parts are what a phase lists.
func parts(f Frame, phase int) []part {
	var list []part
	for _, section := range Phases(f.State)[phase].Sections {
		p := part{title: clean(section.Title)}
		for _, step := range section.Steps {
			if b := boxOf(f, step, phase); f.matches(b.title, step.ID, b.said, string(b.status)) {
				p.boxes = append(p.boxes, b)
			}
		}
		if len(p.boxes) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// density is how much room a list takes: with blanks between sections, and with which boxes' evidence.
type density struct {
	airy     bool
	evidence func(box) bool
}

// densities from the roomiest to the tightest. With the details in sight the chosen box needs no line of evidence.
func (c *Checklist) densities(f Frame, details bool) []density {
	chosen := func(b box) bool { return b.step.ID == c.Step && !details }
	every := func(b box) bool { return chosen(b) || b.fold == "" && tells(f, b) }
	wrong := func(b box) bool { return chosen(b) || isWrong(b.status) && every(b) }
	return []density{{true, every}, {false, every}, {true, wrong}, {false, wrong}, {true, chosen}, {false, chosen}}
}

// isWrong tells whether a box is seen not to stand, or cannot be seen.
func isWrong(s run.Status) bool {
	switch s {
	case run.Failed, run.Drifted, run.Conflicted, run.Unknown, run.Stale, run.Warn:
		return true
	}
	return false
}

func (d density) lines(list []part) int {
	n := 0
	for i, p := range list {
		if p.title != "" {
			n++
			if i > 0 && d.airy {
				n++
			}
		}
		for _, b := range p.boxes {
			n++
			if d.evidence(b) {
				n++
			}
		}
	}
	return n
}

// list draws the sections and steps of the shown phase.
func (c *Checklist) list(f Frame, crumb, details bool) []string {
	th := f.Theme
	phases := Phases(f.State)
	if c.Phase < 0 || c.Phase >= len(phases) {
		return []string{th.Dim.Render(" no phase to show")}
	}
	head := c.head(f, phases[c.Phase], crumb)
	list := parts(f, c.Phase)
	if len(list) == 0 {
		return append(head, th.Dim.Render(" nothing here contains "+clean(f.Filter)))
	}
	room := f.H - len(head)
	ways := c.densities(f, details)
	how := ways[len(ways)-1]
	for _, d := range ways {
		if d.lines(list) <= room {
			how = d
			break
		}
	}
	text, at, last := c.lines(f, list, how)
	body, top := text.around(th, at, last, c.top, room, f.W)
	c.top = top
	return append(head, body...)
}

// head is what stands above the boxes: the phase, what is blind, and the gate.
func (c *Checklist) head(f Frame, ph runbook.Phase, crumb bool) (head []string) {
	th := f.Theme
	if crumb {
		_, _, done, total := worst(f.State, ph)
		head = append(head, theme.Between(th.Title.Render(clean(ph.Title)), th.Dim.Render(fmt.Sprintf("%d of %d", done, total))+" ", f.W), "")
	}
	head = append(head, sensorLines(f, 2)...)
	if gate := gateLine(f, c.Phase); gate != "" {
		head = append(head, theme.PadRight(gate, f.W))
	}
	return head
}

// listHeight is how many lines the list takes when it has all the room it wants.
func (c *Checklist) listHeight(f Frame, crumb, details bool) int {
	phases := Phases(f.State)
	if c.Phase < 0 || c.Phase >= len(phases) {
		return 1
	}
	return max(1, len(c.head(f, phases[c.Phase], crumb))+c.densities(f, details)[0].lines(parts(f, c.Phase)))
}

// lines are all lines of a list, drawn when they come into view; at and last are those of the chosen box, -1 when it
// is not listed.
func (c *Checklist) lines(f Frame, list []part, how density) (text long, at, last int) {
	cols := columnsFor(f, list)
	at, last = -1, -1
	for i, p := range list {
		if p.title != "" {
			if i > 0 && how.airy {
				text.add("")
			}
			text.later(1, func() []string { return []string{cell(f.Theme.Dim, " "+p.title, f.W)} })
		}
		for _, b := range p.boxes {
			if b.step.ID == c.Step {
				at, last = text.n, text.n
			}
			text.later(1, func() []string { return []string{c.row(f, b, cols)} })
			if how.evidence(b) {
				if b.step.ID == c.Step {
					last++
				}
				text.later(1, func() []string { return []string{c.evidenceRow(f, b, cols)} })
			}
		}
	}
	return text, at, last
}

// leastForHistory is how wide the observed value must be so that what un-ticked the box fits beside it.
const leastForHistory = 24

// columns are the widths of a step's row.
type columns struct{ title, observed, age int }

func columnsFor(f Frame, list []part) columns {
	longest, said := 12, 10
	for _, p := range list {
		for _, b := range p.boxes {
			longest, said = max(longest, theme.Width(b.title)), max(said, theme.Width(b.said))
		}
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
func (c *Checklist) row(f Frame, b box, cols columns) string {
	th := f.Theme
	mark, st, glyph := " ", th.Text, th.Mark(string(b.status), b.step.IsManual())
	if b.step.ID == c.Step {
		mark = th.Accent.Render("▸")
	}
	switch {
	case b.fold != "":
		st, glyph = th.Dim, th.Dim.Render(th.Glyph(string(b.status), b.step.IsManual()))
	case b.status == run.NotApplicable || b.status == run.Deferred:
		st = th.Dim
	}
	if b.fold != "" && theme.Width(b.said) > cols.observed { // what it follows from comes before the word
		b.said = "↳ " + strings.TrimPrefix(b.fold, "because ")
	}
	seen := cell(b.look, b.said, cols.observed)
	if text, look := c.history(f, b); text != "" && cols.observed > leastForHistory {
		room := theme.Width(text)
		seen = cell(b.look, b.said, cols.observed-room-1) + " " + cellRight(look, text, room)
	}
	row := mark + glyph + " " + cell(st, b.title, cols.title) + "  " + seen + "  " + freshness(f, b.step, cols.age) + " "
	if b.step.ID == c.Step {
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
	case status == run.Pending && step.Action() != "" && step.Rollback == nil:
		return f.Keys.Key(keys.Start) + " starts it", th.Dim
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
		return th.Good.Render(" ✔ nothing keeps the gate shut: ") + th.Key.Render(f.Keys.Key(keys.ToGate)) + th.Good.Render(" opens it")
	}
	return ""
}
