package chart

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/politicalsphere/sop/ui/theme"
)

// timeSteps are the distances of time labels, in seconds.
var timeSteps = [...]float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400}

// labelRoom is how far apart time labels stand at least.
const labelRoom = 12

// timeAxis draws the row below the plot: where the marks stand, minutes before and after, the cursor's value.
func (v *view) timeAxis() {
	row := v.top + v.rows
	for col := range v.cols {
		*v.canvas.at(col, row) = cell{r: v.tier.signs().line, own: axis}
	}
	for _, m := range v.f.Marks {
		if v.inWindow(m.X) && !m.Minor {
			v.canvas.at(v.col(m.X), row).r = v.tier.signs().foot
		}
	}
	if p, ok := v.cursorAt(); ok { // first, so that no label is cut by it
		v.readout(p, row)
	}
	if v.f.To > v.f.From {
		v.timeLabels(row)
	}
}

// timeLabels writes the label of 0 first, since the others count from it.
func (v *view) timeLabels(row int) {
	step := v.timeStep()
	v.text = append(v.text[:0], '0')
	if o := v.f.Origin; o != "" && theme.Width(o) == utf8.RuneCountInString(o) {
		v.text = append(v.text[:0], o...)
	}
	if v.inWindow(0) {
		v.timeLabel(0, row)
	}
	for k := math.Ceil(v.f.From / step); k*step <= v.f.To; k++ {
		if k != 0 {
			v.text = appendOffset(v.text[:0], k*step, v.tier.signs().minus)
			v.timeLabel(k*step, row)
		}
	}
}

func (v *view) timeStep() float64 {
	perCol := (v.f.To - v.f.From) / float64(v.cols)
	for _, s := range timeSteps {
		if s >= perCol*labelRoom {
			return s
		}
	}
	return nice(perCol*labelRoom/86400) * 86400
}

// timeLabel writes v.text centred on x with a blank on each side, where the axis is still bare. The foot of a
// mark at x stays visible: there the label stands on its left, or on its right at the left edge.
func (v *view) timeLabel(x float64, row int) {
	w, col := utf8.RuneCount(v.text), v.col(x)
	from := max(1, min(v.cols-w, col-w/2))
	if v.canvas.at(col, row).r == v.tier.signs().foot {
		if from = col - w - 1; from < 1 {
			from = col + 2
		}
	}
	if !v.bare(from-1, row, w+2) {
		return
	}
	v.canvas.write(from-1, row, " ", axis)
	v.canvas.writeOwn(from, row, v.text, axis)
	if from+w < v.cols && v.canvas.at(from+w, row).r != v.tier.signs().foot {
		v.canvas.write(from+w, row, " ", axis)
	}
}

// bare reports whether the axis has nothing but line at n cells from col on; past the right edge is bare too.
func (v *view) bare(col, row, n int) bool {
	line := v.tier.signs().line
	if col < 0 || col+n > v.cols+1 {
		return false
	}
	for i := col; i < min(col+n, v.cols); i++ {
		if r := v.canvas.at(i, row).r; r != line && !(i == col+n-1 && r == v.tier.signs().foot) {
			return false
		}
	}
	return true
}

// readout writes the time and value under the cursor onto the axis.
func (v *view) readout(p Point, row int) {
	v.text = append(v.text[:0], ' ')
	v.text = appendOffset(v.text, p.X, v.tier.signs().minus)
	v.text = append(v.text, ' ', ' ')
	v.text = AppendValue(v.text, v.f.Unit, p.Y)
	v.text = append(v.text, ' ')
	w := utf8.RuneCount(v.text)
	v.canvas.writeOwn(max(0, min(v.cols-w, v.col(p.X)-w/2)), row, v.text, cursor)
}

// appendOffset writes a time relative to the deploy: "−10m", "+1h30m", "+45s", "+12m30s".
func appendOffset(dst []byte, x float64, minus string) []byte {
	s := int64(math.Round(abs(x)))
	switch {
	case s == 0:
		return append(dst, '0')
	case x < 0:
		dst = append(dst, minus...)
	default:
		dst = append(dst, '+')
	}
	for _, u := range [...]struct {
		size int64
		name byte
	}{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}} {
		if n := s / u.size; n > 0 {
			dst = append(strconv.AppendInt(dst, n, 10), u.name)
			s -= n * u.size
		}
	}
	return dst
}

// emit turns the canvas into lines, each with its gutter.
func (v *view) emit() {
	if v.labels {
		v.out = theme.Spaces(v.out, v.gutterCells())
		v.appendRow(0, false)
		v.endLine()
	}
	lo, hi := -1, -1 // the rows of the band, from its top to its bottom
	if v.f.Band.there() {
		lo, hi = v.row(v.f.Band.Hi), v.row(v.f.Band.Lo)
	}
	step := v.scale.tickStep(v.rows)
	for row := range v.rows {
		banded := lo >= 0 && row >= lo && row <= hi
		if v.gutter {
			v.gutterRow(row, step, banded)
		}
		v.appendRow(v.top+row, banded)
		v.endLine()
	}
	if v.axis {
		if v.gutter {
			v.out = theme.Spaces(v.out, tickWidth)
			v.out = v.th.Axis.Append(v.out, v.tier.signs().corner)
		}
		v.appendRow(v.top+v.rows, false)
		v.endLine()
	}
}

func (v *view) gutterCells() int {
	if v.gutter {
		return gutterWidth
	}
	return 0
}

// gutterRow writes the number of the tick that falls into this row, if one does, and the axis.
func (v *view) gutterRow(row int, step float64, banded bool) {
	signs := v.tier.signs()
	v.text = v.text[:0]
	wall := signs.wall
	if y, ok := v.tickIn(row, step); ok {
		v.text = appendTick(v.text, v.f.Unit, y, step, math.Max(abs(v.scale.lo), abs(v.scale.hi)))
		wall = signs.tick
	}
	if banded && wall == signs.tick {
		wall = signs.bandTick
	} else if banded {
		wall = signs.bandWall
	}
	w := utf8.RuneCount(v.text)
	v.out = append(v.out, v.th.Axis.On()...)
	v.out = theme.Spaces(v.out, tickWidth-1-w)
	v.out = append(v.out, v.text...)
	if w < tickWidth {
		v.out = append(v.out, ' ')
	}
	v.out = append(v.out, wall...)
	v.out = append(v.out, v.th.Axis.Off()...)
}

// tickIn is the lowest tick whose row this is.
func (v *view) tickIn(row int, step float64) (float64, bool) {
	first := math.Ceil(v.scale.lo/step - 1e-9)
	for k := first; k*step <= v.scale.hi+step*1e-9 && k-first < 1000; k++ {
		if v.row(k*step) == row {
			return k*step + 0, true // + 0 makes −0 plain
		}
	}
	return 0, false
}
