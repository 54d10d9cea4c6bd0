package chart

import "math"

const gutterWidth = 7

// layout is where things go in a plot.
type layout struct {
	cols, rows int // of the plot proper
	gutter     bool
	labels     bool // a row of its own for the marks' labels
	axis       bool
	dx, dy     int // dots a cell
}

// layoutFor gives up, as the room shrinks, the labels' row, the time axis and the gutter. The title has its
// line already.
func layoutFor(f *Frame, width, height int) layout {
	l := layout{cols: width, rows: height - 1, gutter: width >= 30, axis: height >= 5}
	l.labels = len(f.Marks) > 0 && height >= 9
	if l.gutter {
		l.cols -= gutterWidth
	}
	if l.axis {
		l.rows--
	}
	if l.labels {
		l.rows--
	}
	return l
}

// view is one frame on its way onto the canvas.
type view struct {
	*Chart
	layout
	f   *Frame
	top int // the canvas row where the plot begins
}

func (c *Chart) plot(f *Frame, l layout) {
	l.dx, l.dy = c.tier.density()
	v := view{Chart: c, layout: l, f: f}
	rows := l.rows
	if l.labels {
		v.top = 1
		rows++
	}
	if l.axis {
		rows++
	}
	c.canvas.reset(l.cols, rows)
	c.scale.settle(f)

	// From the lowest owner to the highest; then the words, where room is left.
	v.moments()
	v.crosshair()
	v.limit(&f.Objective, objective)
	v.limit(&f.Threshold, threshold)
	v.line()
	v.gapLane()
	v.limitLabel(&f.Threshold, threshold)
	if f.Objective.there() && !(f.Threshold.there() && v.row(f.Objective.At) == v.row(f.Threshold.At)) {
		v.limitLabel(&f.Objective, objective)
	}
	v.momentLabels()
	v.staleness()
	if l.axis {
		v.timeAxis()
	}
	v.emit()
}

// xdot is the dot column of x.
func (v *view) xdot(x float64) int {
	w := v.cols * v.dx
	if !(v.f.To > v.f.From) {
		return 0
	}
	return max(0, min(w-1, int((x-v.f.From)/(v.f.To-v.f.From)*float64(w))))
}

func (v *view) col(x float64) int { return v.xdot(x) / v.dx }

// ydot is the dot row of y, from the top; what lies outside is drawn at the edge.
func (v *view) ydot(y float64) int {
	h := v.rows*v.dy - 1
	d := (v.scale.hi - y) / v.scale.size() * float64(h)
	switch { // before the conversion, which is undefined for what is too large
	case d >= float64(h):
		return h
	case d > 0:
		return int(d + 0.5)
	}
	return 0
}

func (v *view) row(y float64) int { return v.ydot(y) / v.dy }

// inWindow reports whether x has a column.
func (v *view) inWindow(x float64) bool { return x >= v.f.From && x <= v.f.To }

// limit draws a horizontal line: the threshold dashed, the objective dotted.
func (v *view) limit(l *Limit, own owner) {
	if !l.there() {
		return
	}
	row, signs := v.top+v.row(l.At), v.tier.signs()
	for col := range v.cols {
		switch {
		case own == objective:
			v.canvas.set(col, row, signs.objective, own)
		case col%2 == 0:
			v.canvas.set(col, row, signs.dash, own)
		}
	}
}

// pen draws the data's line.
type pen struct {
	*view
	limit int // the threshold's dot row; -1 without one
}

// put sets one dot; beyond tells that the value itself is beyond the threshold.
func (p *pen) put(x, y int, beyond bool) {
	own := data
	if p.limit >= 0 && (beyond || !p.f.Threshold.Below && y < p.limit || p.f.Threshold.Below && y > p.limit) {
		own = breach
	}
	p.canvas.dot(p.tier, x, y, p.top, own)
}

// join draws from one point to the next one to its right: every dot column up to x1, without a hole.
func (p *pen) join(x0, y0, x1, y1 int) {
	last := y0
	for x := min(x0+1, x1); x <= x1; x++ {
		y := y1
		if x < x1 {
			y = y0 + int(math.Round(float64((y1-y0)*(x-x0))/float64(x1-x0)))
		}
		switch {
		case y > last:
			for i := last + 1; i <= y; i++ {
				p.put(x, i, false)
			}
		case y < last:
			for i := last - 1; i >= y; i-- {
				p.put(x, i, false)
			}
		default:
			p.put(x, y, false)
		}
		last = y
	}
}

// line draws the data and notes the cells in which there was none.
func (v *view) line() {
	v.gaps = cleared(v.gaps, v.cols)
	p := pen{view: v, limit: -1}
	if v.f.Threshold.there() {
		p.limit = v.ydot(v.f.Threshold.At)
	}
	// connected: the point before this one belongs to the same line. open: the dot column where a gap began.
	var x0, y0 int
	var at float64
	seen, connected, open := false, false, -1
	for _, pt := range v.f.Points {
		if !v.f.shown(pt) {
			continue
		}
		x := v.xdot(pt.X)
		if seen && v.f.broken(at, pt.X) {
			connected = false
			if open < 0 {
				open = min(x0+1, x)
			}
		}
		if pt.Y != pt.Y {
			connected = false
			v.gaps[x/v.dx] = true
			if open < 0 {
				open = x
				if seen {
					open = min(x0+1, x)
				}
			}
			continue
		}
		v.closeGap(open, x-1)
		open = -1
		y := v.ydot(pt.Y)
		if connected {
			p.join(x0, y0, x, y)
		}
		p.put(x, y, v.f.Threshold.breaks(pt.Y))
		x0, y0, at, seen, connected = x, y, pt.X, true, true
	}
	v.trailingGap(open, seen, x0, at)
}

// trailingGap marks what is missing between the last point and now.
func (v *view) trailingGap(open int, seen bool, x0 int, at float64) {
	if open < 0 && seen && v.f.broken(at, v.f.Now) {
		open = x0 + 1
	}
	if open >= 0 {
		v.closeGap(open, v.xdot(math.Min(v.f.Now, v.f.To)))
	}
}

func (v *view) closeGap(from, to int) {
	if from < 0 {
		return
	}
	for x := from; x <= to; x += 1 {
		v.gaps[x/v.dx] = true
	}
}

// gapLane shows in the lowest row where data is missing, unless data itself lies there.
func (v *view) gapLane() {
	for col, missing := range v.gaps {
		if missing {
			v.canvas.set(col, v.top+v.rows-1, v.tier.signs().gap, gap)
		}
	}
}

// cleared returns b with n zero elements, using its memory again.
func cleared[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	b = b[:n]
	clear(b)
	return b
}
