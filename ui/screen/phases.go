package screen

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/ui/theme"
)

// phaseColumnWidth is what the list of phases takes: its longest title, but not more than a third.
func phaseColumnWidth(f Frame) int {
	w := 0
	for _, ph := range Phases(f.State) {
		w = max(w, theme.Width(phaseTitle(ph)))
	}
	return max(24, min(w+phaseExtras, 40, f.W/3))
}

// phaseExtras is what stands around a phase's title: cursor, number, count, glyph.
const phaseExtras = 1 + 2 + 6 + 1 + 3

// phaseColumn lists the phases with their counts and what needs a person most.
func phaseColumn(f Frame, chosen, w int) []string {
	th := f.Theme
	var lines []string
	group := ""
	for i, ph := range Phases(f.State) {
		if ph.Group != group {
			group = ph.Group
			if group != "" {
				lines = append(lines, cell(th.Dim, "  "+clean(group), w))
			}
		}
		status, byHand, done, total := worst(f.State, ph)
		st := th.Text
		switch {
		case i == f.State.Phase && !f.State.Only:
			st = th.Title
		case i > f.State.Phase:
			st = th.Dim
		}
		mark := " "
		if i == chosen {
			mark = th.Accent.Render("▸")
		}
		count := fmt.Sprintf("%d/%d", done, total)
		row := mark + cell(st, fmt.Sprintf("%d %s", i+1, phaseTitle(ph)), w-phaseExtras+2) + cellRight(th.Dim, count, 6) + " " + th.Mark(string(status), byHand)
		if i == chosen {
			row = th.Selected.Over(row)
		}
		lines = append(lines, row)
	}
	return lines
}

// phaseBar is the phases in one line: a number and a glyph each, the chosen one in full.
func phaseBar(f Frame, chosen, w int) string {
	th := f.Theme
	phases := Phases(f.State)
	var before, after []string
	full := ""
	for i, ph := range phases {
		status, byHand, done, total := worst(f.State, ph)
		mark := th.Mark(string(status), byHand)
		switch {
		case i == chosen:
			full = th.Accent.Render("▸") + th.Title.Render(fmt.Sprintf("%d %s", i+1, phaseTitle(ph))) + th.Dim.Render(fmt.Sprintf(" %d/%d ", done, total)) + mark
		case i < chosen:
			before = append(before, th.Dim.Render(fmt.Sprint(i+1))+mark)
		default:
			after = append(after, th.Dim.Render(fmt.Sprint(i+1))+mark)
		}
	}
	left := " " + strings.Join(append(before, full), " ")
	return theme.Between(left, strings.Join(after, " ")+" ", w)
}
