package screen

import (
	"fmt"
	"slices"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Commands is where a person looks in the command log: every call behind a tick and every write, newest last. It
// follows the newest until somebody moves up.
type Commands struct {
	Calls

	only   CallKind // what is listed; empty: all
	chosen int      // number of the chosen line; 0: the newest, whichever it is
	top    int
}

// Following tells whether the newest line is the chosen one.
func (c *Commands) Following() bool { return c.chosen == 0 }

// Turn lists the next kind alone, and after the last one all again.
func (c *Commands) Turn(n int) {
	order := []CallKind{"", Asked, Wrote, Said}
	i := slices.Index(order, c.only)
	c.only = order[(i+n+len(order))%len(order)]
}

// shown are the lines that pass the filter.
func (c *Commands) shown(f Frame) []*Call {
	list := make([]*Call, 0, len(c.list))
	for i := range c.list {
		if l := &c.list[i]; (c.only == "" || l.Kind == c.only) && f.matches(l.What, l.Who, l.Result, string(l.Kind), string(l.Status)) {
			list = append(list, l)
		}
	}
	return list
}

// place is the chosen line's index in the list: of one that is not listed, the next one's.
func (c *Commands) place(list []*Call) int {
	if c.chosen == 0 {
		return len(list) - 1
	}
	i, _ := slices.BinarySearchFunc(list, c.chosen, func(l *Call, n int) int { return l.N - n })
	return min(i, len(list)-1)
}

// Move goes n lines on; at the last one it follows again.
func (c *Commands) Move(f Frame, n int) {
	list := c.shown(f)
	if len(list) == 0 {
		return
	}
	i := max(0, min(len(list)-1, c.place(list)+n))
	c.chosen = list[i].N
	if i == len(list)-1 && n > 0 {
		c.chosen = 0
	}
}

// Chosen is the chosen line; false when none is listed.
func (c *Commands) Chosen(f Frame) (Call, bool) {
	list := c.shown(f)
	if len(list) == 0 {
		return Call{}, false
	}
	return *list[c.place(list)], true
}

// callDetails is how many lines the chosen call takes below the list, with its rule.
const callDetails = 6

// View draws the command log.
func (c *Commands) View(f Frame) []string {
	th := f.Theme
	list := c.shown(f)
	lines := []string{c.head(f, len(list)), ""}
	if len(list) == 0 {
		return append(lines, cell(th.Dim, " nothing was asked or written yet that is listed here", f.W))
	}
	room := f.H - len(lines) - callDetails
	if room < 3 {
		lines, room = lines[:1], f.H-1
	}
	at := c.place(list)
	lines = append(lines, fitLines(c.rows(f, list, at, room), room)...)
	if f.H-len(lines) >= callDetails {
		lines = append(lines, th.RuleLine(f.W))
		lines = append(lines, callFacts(f, *list[at], callDetails-1)...)
	}
	return lines
}

// rows are the lines in view: the last ones while it follows, so that no edge hides the newest.
func (c *Commands) rows(f Frame, list []*Call, at, room int) (rows []string) {
	c.top = scrolled(len(list), at, at, c.top, room)
	if c.Following() {
		c.top = max(0, len(list)-room)
	}
	for i := c.top; i < min(len(list), c.top+room); i++ {
		rows = append(rows, callRow(f, list[i], i == at))
	}
	edges(f.Theme, rows, c.top, len(list)-c.top-len(rows), f.W)
	return rows
}

func (c *Commands) head(f Frame, n int) string {
	th := f.Theme
	what := "all"
	if c.only != "" {
		what = string(c.only)
	}
	left := " " + th.Title.Render("Command log") + th.Dim.Render(fmt.Sprintf("   %s: %d", what, n))
	if f.W >= 80 {
		left += th.Dim.Render("   every call behind a tick, and every write")
	}
	if c.Following() {
		return theme.Between(left, th.Accent.Render("following")+" ", f.W)
	}
	return theme.Between(left, th.Warn.Render("held")+th.Dim.Render(", end follows")+" ", f.W)
}

// callRow is one line: when, what kind, how it came out, for whom, the call, and what came of it.
func callRow(f Frame, c *Call, chosen bool) string {
	th := f.Theme
	mark := " "
	if chosen {
		mark = th.Accent.Render("▸")
	}
	kind, look := th.Dim, th.Text
	switch c.Kind {
	case Wrote:
		kind = th.Title
	case Said:
		look = th.Dim
		if c.Status != "" {
			look = th.StatusStyle(string(c.Status))
		}
	}
	sign := "  "
	if c.Status != "" {
		sign = th.StatusStyle(string(c.Status)).Render(th.Sign(string(c.Status))) + " "
	}
	left := mark + th.Dim.Render(instant(c.At)) + " " + cell(kind, string(c.Kind), 6) + sign
	room := f.W - 1 - 9 - 6 - 2 - 1
	if f.W >= 110 && c.Kind != Said {
		const who = 24
		left += cell(th.Dim, c.Who, who) + " "
		room -= who + 1
	}
	row := left
	if c.Result == "" {
		row += cell(look, c.What, room)
	} else {
		result := room * 2 / 5
		row += cell(look, middle(c.What, room-3-result), room-3-result) + th.Dim.Render(" → ") + cell(th.Text, c.Result, result)
	}
	row += " "
	if chosen {
		row = th.Selected.Over(row)
	}
	return row
}

// middle cuts a call that is too long in its middle: what tells calls apart stands at both ends.
func middle(s string, w int) string {
	if w < 12 || theme.Width(s) <= w {
		return s
	}
	head, tail := w*3/5, []rune(s)
	n, from := 0, len(tail)
	for from > 0 {
		cells := theme.Width(string(tail[from-1]))
		if n+cells > w-head {
			break
		}
		n, from = n+cells, from-1
	}
	return theme.Truncate(s, head) + string(tail[from:])
}

// callFacts are the chosen call in full, as far as h lines go.
func callFacts(f Frame, c Call, h int) []string {
	th := f.Theme
	lines := []string{theme.Truncate(" "+th.Title.Render(string(c.Kind))+th.Dim.Render(" "+c.At.UTC().Format("2006-01-02 15:04:05")+" UTC  ")+th.Text.Render(c.Who), f.W)}
	result := fact(th, "result", th.Text, c.Result, f.W)
	if c.Status != "" && c.Kind != Said {
		result = fact(th, "result", th.StatusStyle(string(c.Status)), string(c.Status)+": "+c.Result, f.W)
	}
	call := fact(th, "call", th.Dim, c.What, f.W)
	if c.Kind == Said {
		call = fact(th, "", th.Text, c.What, f.W)
	}
	if most := max(1, h-1-min(len(result), 2)); len(call) > most {
		call = append(call[:most-1], cell(th.Dim, "             … "+f.Keys.Key(keys.Copy)+" copies all of it", f.W))
	}
	return fitLines(append(append(lines, call...), result...), h)
}

// Text is a call as plain text, for the clipboard.
func (c Call) Text() string {
	text := stamp(c.At) + " " + string(c.Kind)
	if c.Who != "" {
		text += " for " + c.Who
	}
	text += "\n" + c.What + "\n"
	if c.Result != "" {
		text += string(c.Status) + ": " + c.Result + "\n"
	}
	return text
}
