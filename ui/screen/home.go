package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// HomePart is one of the lists on the home screen.
type HomePart int

// The parts, in their order from the top.
const (
	GoOn     HomePart = iota // runs that are open
	StartRun                 // runbooks
	Practise                 // scenarios
	PastRuns
)

var homeParts = []HomePart{GoOn, StartRun, Practise, PastRuns}

func (p HomePart) String() string {
	return [...]string{"Go on with", "Start a run", "Practise", "Past runs"}[p]
}

// HomeEntry is one line of the home screen. All its texts may be foreign.
type HomeEntry struct {
	Part    HomePart
	ID      string   // what it stands for: a runbook's name, a scenario's, or a run's id
	Name    string   // first column
	Title   string   // second column, which gets the room
	Status  string   // third column, in words
	Look    string   // status whose colour the third column has; empty: none
	Right   string   // at the right end
	Command string   // the command line that does the same
	About   []string // beside the list where there is room: a heading, then lines
}

// Home is where a person looks on the home screen.
type Home struct {
	Part HomePart
	ID   string // of the chosen entry
	top  int
	rows []int // what was drawn last: index of the entry on each line, or -1
}

// HomeList is what the home screen lists. A part that is still being looked for says so.
type HomeList struct {
	Entries []HomeEntry
	Looking map[HomePart]bool
	Empty   map[HomePart]string // what stands in a part without entries
	Filter  string
}

// Kept are the entries that pass the filter.
func (l HomeList) Kept() []HomeEntry {
	f := Frame{Filter: l.Filter}
	var kept []HomeEntry
	for _, e := range l.Entries {
		if f.matches(e.Name, e.Title, e.Status, e.Right, e.ID, e.Part.String()) {
			kept = append(kept, e)
		}
	}
	return kept
}

// Chosen is the entry under the cursor: the first one when what was chosen is not there.
func (h *Home) Chosen(l HomeList) (HomeEntry, bool) {
	kept := l.Kept()
	if i := h.at(kept); i >= 0 {
		return kept[i], true
	}
	return HomeEntry{}, false
}

func (h *Home) at(kept []HomeEntry) int {
	for i, e := range kept {
		if e.Part == h.Part && e.ID == h.ID {
			return i
		}
	}
	return min(0, len(kept)-1)
}

// Move moves the cursor by n entries.
func (h *Home) Move(l HomeList, n int) {
	kept := l.Kept()
	if len(kept) == 0 {
		return
	}
	h.choose(kept[max(0, min(len(kept)-1, h.at(kept)+n))])
}

// Turn goes to the first entry of the next part that has one, or with -1 of the part before.
func (h *Home) Turn(l HomeList, n int) {
	kept := l.Kept()
	at := h.at(kept)
	if at < 0 {
		return
	}
	var firsts []int
	now := 0
	for i, e := range kept {
		if i == 0 || e.Part != kept[i-1].Part {
			firsts = append(firsts, i)
		}
		if e.Part == kept[at].Part {
			now = len(firsts) - 1
		}
	}
	h.choose(kept[firsts[(now+n+len(firsts))%len(firsts)]])
}

// Click chooses what was drawn on line y of the last picture; false when there was no entry.
func (h *Home) Click(l HomeList, y int) bool {
	kept := l.Kept()
	if y < 0 || y >= len(h.rows) || h.rows[y] < 0 || h.rows[y] >= len(kept) {
		return false
	}
	h.choose(kept[h.rows[y]])
	return true
}

func (h *Home) choose(e HomeEntry) { h.Part, h.ID = e.Part, e.ID }

// besideHome is from which width on the chosen entry is told beside the list.
const besideHome = 120

// View draws the list, and beside it what is chosen where there is room.
func (h *Home) View(f Frame, l HomeList) []string {
	width := f.W
	if f.W >= besideHome {
		width = max(84, f.W*6/10)
	}
	list := f
	list.W = width
	lines := h.list(list, l)
	if width == f.W {
		return lines
	}
	about := f
	about.W = f.W - width - 3
	lines = fitLines(lines, f.H)
	for i := range lines {
		lines[i] = theme.PadRight(lines[i], width)
	}
	return beside(f, lines, width, h.about(about, l))
}

func (h *Home) list(f Frame, l HomeList) []string {
	th := f.Theme
	kept := l.Kept()
	at := h.at(kept)
	airy := len(kept)+3*len(homeParts) <= f.H
	var lines []string
	h.rows = h.rows[:0]
	add := func(line string, entry int) {
		lines, h.rows = append(lines, line), append(h.rows, entry)
	}
	cursor := -1
	for _, part := range homeParts {
		var mine []int
		for i, e := range kept {
			if e.Part == part {
				mine = append(mine, i)
			}
		}
		note := l.Empty[part]
		if l.Looking[part] {
			note = "looking …"
		}
		if len(mine) == 0 && (note == "" || l.Filter != "") {
			continue
		}
		if len(lines) > 0 && (airy || f.H >= 12) {
			add("", -1)
		}
		add(homeHeading(f, part, len(mine)), -1)
		if len(mine) == 0 {
			add(cell(th.Dim, "  "+clean(note), f.W), -1)
		}
		cols := homeColumns(f, kept, mine)
		for _, i := range mine {
			if i == at {
				cursor = len(lines)
			}
			add(homeRow(f, kept[i], cols, i == at), i)
		}
	}
	if len(lines) == 0 {
		add(cell(th.Dim, " nothing here contains "+clean(l.Filter), f.W), -1)
	}
	shown, top := window(th, lines, cursor, h.top, f.H, f.W)
	h.top = top
	h.rows = h.rows[min(top, len(h.rows)):]
	if top > 0 && len(h.rows) > 0 {
		h.rows[0] = -1 // it says how many are above
	}
	if len(h.rows) > len(shown) {
		h.rows = h.rows[:len(shown)]
		h.rows[len(shown)-1] = -1
	}
	return shown
}

func homeHeading(f Frame, part HomePart, n int) string {
	count := ""
	if part == PastRuns && n > 0 {
		count = fmt.Sprintf("  %d, times in UTC", n)
	}
	return " " + f.Theme.Title.Render(part.String()) + f.Theme.Dim.Render(count)
}

// homeCols are the widths of a part's columns.
type homeCols struct{ name, title, status, right int }

func homeColumns(f Frame, kept []HomeEntry, mine []int) homeCols {
	var c homeCols
	if len(mine) == 0 {
		return c
	}
	for _, i := range mine {
		e := kept[i]
		c.name = max(c.name, theme.Width(clean(e.Name)))
		c.title = max(c.title, theme.Width(clean(e.Title)))
		c.status = max(c.status, theme.Width(clean(e.Status)))
		c.right = max(c.right, theme.Width(clean(e.Right)))
	}
	c.name = min(c.name, f.W*3/10)
	c.right = min(c.right, 16)
	if tight := c.name + c.title + c.status + c.right + 9; tight > f.W && f.W < 76 && kept[mine[0]].Part != PastRuns {
		c.right = 0
	}
	c.status = min(c.status, f.W*35/100)
	c.title = max(0, min(c.title, f.W-2-c.name-2-c.status-2-c.right-3))
	c.status += max(0, f.W-2-c.name-2-c.title-2-c.status-c.right-3) // what is left keeps the right end at the right
	return c
}

func homeRow(f Frame, e HomeEntry, c homeCols, chosen bool) string {
	th := f.Theme
	mark, look := " ", th.Dim
	if e.Look != "" {
		look = th.StatusStyle(e.Look)
	}
	if chosen {
		mark = th.Accent.Render("▸")
	}
	row := mark + " " + cell(th.Text, clean(e.Name), c.name) + "  "
	if e.Status == "" { // the title is all there is to say
		row += cell(look, clean(e.Title), c.title+2+c.status)
	} else {
		row += cell(th.Text, clean(e.Title), c.title) + "  " + cell(look, clean(e.Status), c.status)
	}
	if c.right > 0 {
		row += cellRight(th.Dim, clean(e.Right), c.right+2)
	}
	row = theme.PadRight(row, f.W)
	if chosen {
		return th.Selected.Over(row)
	}
	return row
}

// about tells what is chosen.
func (h *Home) about(f Frame, l HomeList) []string {
	e, ok := h.Chosen(l)
	if !ok || len(e.About) == 0 {
		return nil
	}
	lines := []string{f.Theme.Title.Render(theme.Truncate(clean(e.About[0]), f.W)), ""}
	for _, text := range e.About[1:] {
		if text == "" {
			lines = append(lines, "")
			continue
		}
		lines = append(lines, wrapped(f.Theme.Text, cleanText(text), 0, f.W)...)
	}
	return lines[:min(len(lines), f.H)]
}

// HomeHeader is the top of the home screen.
func HomeHeader(f Frame, what, operator string) []string {
	th := f.Theme
	left := th.Ordinary.Render(" SOP ") + "  " + th.Header.Render(clean(what))
	return []string{theme.Between(left, th.Dim.Render(clean(operator))+" ", f.W), th.RuleLine(f.W)}
}

// CommandLine is a command as it would be typed, in one line.
func CommandLine(f Frame, command string) string {
	if command == "" {
		return ""
	}
	return theme.Truncate(" "+f.Theme.Dim.Render("$ ")+f.Theme.Key.Render(theme.Truncate(clean(command), f.W-4)), f.W)
}

// BeginQuestion asks whether to begin what a form came to, with the command that does the same.
func BeginQuestion(f Frame, lines []string, command string) []string {
	th := f.Theme
	out := []string{""}
	for _, l := range lines {
		if l == "" {
			out = append(out, "")
			continue
		}
		out = append(out, wrapped(th.Text, clean(l), 1, min(f.W, 100))...)
	}
	out = append(out, "", " "+th.Dim.Render("The same as a command, for the next time:"))
	out = append(out, wrapped(th.Key, clean(command), 3, f.W)...)
	if len(out)+2 > f.H { // how to go on comes before all else
		out = out[:max(0, f.H-2)]
	}
	return append(out, "", " "+th.Key.Render(f.Keys.Key(keys.BeginIt))+th.Text.Render(" begins it.  ")+th.Key.Render("esc")+th.Text.Render(" goes back."))
}

// OutcomeWords are what a run came to, and the status in whose colour it is told.
func OutcomeWords(o run.Outcome) (words, look string) {
	switch o {
	case run.Completed:
		return "✔ completed", "passed"
	case run.RolledBack:
		return "↺ rolled back", "warn"
	case run.RunFailed:
		return "✖ failed", "failed"
	case run.NeedsPerson:
		return "? ended early", "warn"
	}
	return "◌ not over", "pending"
}

// Lasted writes how long a run took.
func Lasted(d time.Duration) string { return clock(d) }

// Ago writes how long ago something was.
func Ago(d time.Duration) string { return strings.TrimSpace(age(d)) + " ago" }
