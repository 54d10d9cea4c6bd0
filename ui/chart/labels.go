package chart

import (
	"math"

	"github.com/politicalsphere/sop/ui/theme"
)

// moments draws a vertical line at each mark that is not minor.
func (v *view) moments() {
	for _, m := range v.f.Marks {
		if !v.inWindow(m.X) || m.Minor {
			continue
		}
		for row := range v.rows {
			v.canvas.set(v.col(m.X), v.top+row, v.tier.signs().moment, moment)
		}
	}
}

// momentLabels writes "▼ label" beside each mark, in a row of their own, or in the plot's first one where it is free.
// The minor ones have only a row of their own, and there what the others leave.
func (v *view) momentLabels() {
	v.pointers(false)
	if v.labels {
		v.pointers(true)
	}
}

func (v *view) pointers(minor bool) {
	sign := v.tier.signs().pointer
	if minor {
		sign = v.tier.signs().minor
	}
	used := -2 // the last column that a label took; two before the first, for the blank between labels
	for i, m := range v.f.Marks {
		if !v.inWindow(m.X) || m.Minor != minor {
			continue
		}
		col, end := v.col(m.X), v.nextMark(i, minor)
		if end == col {
			continue // two marks in one column: the later one names it
		}
		if col <= used || !v.roomFor(col, 1, minor) {
			continue
		}
		last, written := v.momentLabel(m.Label, col, end, used, minor)
		if written || v.labels { // in the plot itself a pointer without its label would only puzzle
			v.canvas.set(col, 0, sign, moment)
		}
		used = last
	}
}

// roomFor reports whether a mark's label may cover n cells of the first row; a minor one takes none from the others.
func (v *view) roomFor(col, n int, minor bool) bool {
	if !v.canvas.free(col, 0, n, moment) {
		return false
	}
	for i := max(0, col-1); minor && i < min(col+n+1, v.cols); i++ { // with a blank on each side
		if v.canvas.at(i, 0).r != 0 && v.canvas.at(i, 0).r != v.tier.signs().minor {
			return false
		}
	}
	return true
}

// nextMark is the column of the mark after mark i that is as important, or the end of the plot.
func (v *view) nextMark(i int, minor bool) int {
	for _, m := range v.f.Marks[i+1:] {
		if m.Minor == minor && v.inWindow(m.X) {
			return v.col(m.X)
		}
	}
	return v.cols
}

// momentLabel writes a label to the right of its pointer, with a blank between them if there is room, or to its
// left if only there it has any. It returns the last column that is taken now, and whether it wrote anything.
func (v *view) momentLabel(label string, col, end, used int, minor bool) (last int, written bool) {
	w := theme.Width(label)
	if w == 0 {
		return col, false
	}
	if end < v.cols {
		end-- // a blank before the next pointer
	}
	least := 0
	if minor {
		least = 1
	}
	for blank := 1; blank >= least; blank-- {
		from := col + 1 + blank
		if from+w <= end && v.roomFor(col+1, blank+w, minor) {
			v.clear(col+1, blank)
			return from + v.canvas.write(from, 0, label, moment) - 1, true
		}
	}
	for blank := 1; blank >= least; blank-- {
		from := col - blank - w
		if from > used+1 && v.roomFor(from, w+blank, minor) {
			v.canvas.write(from, 0, label, moment)
			v.clear(from+w, blank)
			return col, true
		}
	}
	return col, false
}

// clear blanks n cells of the first row.
func (v *view) clear(col, n int) {
	for i := range n {
		v.canvas.write(col+i, 0, " ", moment)
	}
}

// limitLabel writes a limit's label on its line, as far right as the data lets it.
func (v *view) limitLabel(l *Limit, own owner) {
	w := theme.Width(l.Label)
	if !l.there() || w == 0 || w+2 > v.cols*2/3 {
		return
	}
	row := v.top + v.row(l.At)
	for col := v.cols - w; col >= 1; col-- {
		if !v.canvas.free(col-1, row, w+1, own) {
			continue
		}
		v.canvas.write(col-1, row, " ", own)
		v.canvas.write(col, row, l.Label, own)
		if after := col + w; after < v.cols && v.canvas.free(after, row, 1, own) {
			v.canvas.write(after, row, " ", own)
		}
		return
	}
}

// staleness writes where the data ends why it does: how old it is, or that there is none.
func (v *view) staleness() {
	text := v.f.Stale
	row := v.top + v.rows - 1
	if _, any := v.lastShown(); !any {
		if text == "" {
			text = "no data yet"
		}
		row = v.top + v.rows/2
	}
	w := theme.Width(text)
	if w == 0 {
		return
	}
	col := min(v.col(math.Max(v.f.From, math.Min(v.f.Now, v.f.To)))+2, v.cols-w)
	for ; col >= 0; col-- {
		if v.canvas.free(col, row, w, gap) {
			v.canvas.write(col, row, text, gap)
			return
		}
	}
}

// lastShown is the last sample that has a value.
func (v *view) lastShown() (Point, bool) {
	for i := len(v.f.Points) - 1; i >= 0; i-- {
		if p := v.f.Points[i]; v.f.shown(p) && p.Y == p.Y {
			return p, true
		}
	}
	return Point{}, false
}

// crosshair draws the cursor's column; its value stands on the time axis.
func (v *view) crosshair() {
	p, ok := v.cursorAt()
	if !ok {
		return
	}
	for row := range v.rows {
		v.canvas.set(v.col(p.X), v.top+row, v.tier.signs().cursor, cursor)
	}
}

func (v *view) cursorAt() (Point, bool) {
	if !v.f.Crosshair {
		return Point{}, false
	}
	return v.f.Nearest(v.f.Cursor)
}
