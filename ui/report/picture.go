package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// The size of a chart, and of the plot in it.
const (
	chartW, chartH               = 920, 240
	plotX, plotY, plotW, plotH   = 72, 36, 656, 176
	columns                      = plotW // one column of points a pixel
	labelGap, markGap, markSlots = 13, 8, 2
	gapFactor                    = 2.5 // more than so many samples missing is a gap
)

// Picture is the drawing of a chart: coordinates only, as the template takes them.
type Picture struct {
	ID, Title, Desc string
	W, H            int
	X, Y, R, B      string // the corners of the plot
	PlotW, PlotH    string
	Gaps            []Rect // where there was no data
	Band            *Rect  // of the baseline
	Base, Line      string // paths
	Dots            []Dot  // points that stand alone
	Rules           []Rule // trigger and objective
	Marks           []Mark // deploys
	Times, Values   []Tick
}

// Rect is an area with what it means.
type Rect struct{ X, Y, W, H, Title string }

// Dot is a single point.
type Dot struct{ X, Y string }

// Rule is a line across the plot; its label stands at LabelY.
type Rule struct{ Y, Label, LabelY, Class string }

// Mark is a line down the plot; an empty label stands in its title only.
type Mark struct{ X, Label, LabelX, LabelY, Title, Class string }

// picture draws the chart.
func (c *Chart) picture(id string) *Picture {
	p := &Picture{
		ID: id, Title: c.Title + ", " + c.Environment, W: chartW, H: chartH,
		X: px(plotX), Y: px(plotY), R: px(plotX + plotW), B: px(plotY + plotH), PlotW: px(plotW), PlotH: px(plotH),
	}
	x, y := c.axes()
	p.Desc = c.desc()
	p.Times, p.Values = x.timeTicks(), y.valueTicks(func(v float64) string { return value(c.Unit, v) })
	if b := c.Baseline; b != nil {
		top, bottom := y.y(b.High), y.y(b.Low)
		p.Band = &Rect{
			X: px(plotX), Y: px(top), W: px(plotW), H: px(math.Max(bottom-top, 1)),
			Title: fmt.Sprintf("baseline %s to %s", value(c.Unit, b.Low), value(c.Unit, b.High)),
		}
	}
	p.trace(c, x, y)
	p.rules(c, y)
	p.Marks = marks(x, c.Marks)
	return p
}

// axes span all that is shown: the points, the band and the lines.
func (c *Chart) axes() (x, y axis) {
	var low, high float64
	any := false
	see := func(v float64) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		if !any {
			low, high = v, v
		}
		low, high, any = math.Min(low, v), math.Max(high, v), true
	}
	from, to := math.Inf(1), math.Inf(-1)
	for _, p := range c.Points {
		from, to = math.Min(from, float64(p.T)), math.Max(to, float64(p.T))
		if p.State == run.PointOK {
			see(p.V)
		}
	}
	if c.Baseline != nil {
		see(c.Baseline.Low)
		see(c.Baseline.High)
	}
	for _, l := range c.Limits {
		if l.On {
			see(l.Level)
		}
	}
	if o, err := runbook.ParseObjective(c.Objective); err == nil {
		see(o.Level)
	}
	if low > 0 && low < 0.5*high {
		low = 0
	}
	room := (high/2 - low/2) * 0.16
	high += room
	if low != 0 {
		low -= room
	}
	return newAxis(from, to, plotX, plotW), newAxis(low, high, plotY, plotH)
}

// trace draws the points, thinned to the lowest and the highest of a column, and what lies between them.
func (p *Picture) trace(c *Chart, x, y axis) {
	var base, line pen
	gap := c.gap()
	var before *Point
	for i := range c.Points {
		point := &c.Points[i]
		if before != nil && !point.Base && !before.Base {
			missing := float64(point.T-before.T) > gap
			if missing || point.State != run.PointOK {
				p.gap(x, before.T, point.T, point.Why)
			}
			if missing {
				line.lift()
			}
		}
		before = point
		if point.State != run.PointOK {
			line.lift()
			continue
		}
		to := &line
		if point.Base {
			to = &base
			if n := len(c.Points); i > 0 && i < n && c.Points[i-1].Base && float64(point.T-c.Points[i-1].T) > c.baseGap() {
				base.lift()
			}
		}
		to.to(x.x(float64(point.T)), y.y(point.V))
	}
	p.Base, _ = base.done()
	p.Line, p.Dots = line.done()
}

// gap is how many seconds without a sample are one.
func (c *Chart) gap() float64 { return gapFactor * math.Max(c.Every, 1) }

// baseGap is the same for the baseline, whose points may have been thinned.
func (c *Chart) baseGap() float64 {
	var steps []int64
	for i := 1; i < len(c.Points) && c.Points[i].Base; i++ {
		steps = append(steps, c.Points[i].T-c.Points[i-1].T)
	}
	if len(steps) == 0 {
		return c.gap()
	}
	slices.Sort(steps)
	return gapFactor * math.Max(float64(steps[len(steps)/2]), 1)
}

// gap marks a time without data; one that goes on where the last one ends is the same.
func (p *Picture) gap(x axis, from, to int64, why run.Safe) {
	left, right := x.x(float64(from)), x.x(float64(to))
	said := "no data"
	if why != "" {
		said += ": " + string(why)
	}
	if n := len(p.Gaps); n > 0 {
		last := &p.Gaps[n-1]
		var lx, lw float64
		_, err := fmt.Sscan(last.X+" "+last.W, &lx, &lw)
		if err == nil && left <= lx+lw+0.2 {
			last.W = px(math.Max(right-lx, 1))
			return
		}
	}
	p.Gaps = append(p.Gaps, Rect{
		X: px(left), Y: px(plotY), W: px(math.Max(right-left, 1)), H: px(plotH),
		Title: said + ", from " + clock(time.Unix(from, 0)),
	})
}

// pen draws a path, one column of pixels after the other.
type pen struct {
	b    strings.Builder
	dots []Dot
	col  []spot // of the present column
	down bool   // the path goes on
	n    int    // points since it was put down
	last spot
}

type spot struct{ x, y float64 }

// to goes on to a point.
func (n *pen) to(x, y float64) {
	if len(n.col) > 0 && math.Floor(n.col[0].x) != math.Floor(x) {
		n.flush()
	}
	n.col = append(n.col, spot{x, y})
}

// flush draws the present column: its first, lowest, highest and last point.
func (n *pen) flush() {
	if len(n.col) == 0 {
		return
	}
	keep := n.col
	if len(keep) > 4 {
		low, high := 0, 0
		for i, s := range n.col {
			if s.y < n.col[low].y {
				low = i
			}
			if s.y > n.col[high].y {
				high = i
			}
		}
		a, b := min(low, high), max(low, high)
		keep = []spot{n.col[0], n.col[a], n.col[b], n.col[len(n.col)-1]}
	}
	for _, s := range keep {
		op := "L"
		if !n.down {
			op = "M"
		}
		n.b.WriteString(op + px(s.x) + " " + px(s.y))
		n.down, n.last = true, s
		n.n++
	}
	n.col = n.col[:0]
}

// lift ends the path here; a point that stands alone becomes a dot.
func (n *pen) lift() {
	n.flush()
	if n.n == 1 {
		n.dots = append(n.dots, Dot{px(n.last.x), px(n.last.y)})
	}
	n.down, n.n = false, 0
}

func (n *pen) done() (path string, dots []Dot) {
	n.lift()
	return n.b.String(), n.dots
}

// rules are the lines of the triggers and of the objective. Their labels stand beside the plot and make room for each
// other.
func (p *Picture) rules(c *Chart, y axis) {
	type placed struct {
		at   float64
		rule Rule
	}
	var all []placed
	for _, l := range c.Limits {
		if !l.On {
			continue
		}
		side := "above"
		if l.Below {
			side = "below"
		}
		word := "trips " + side + " " + value(c.Unit, l.Level)
		class := "trip"
		if l.State == run.TriggerTripped {
			word, class = "✖ tripped, "+side+" "+value(c.Unit, l.Level), "trip tripped"
		}
		all = append(all, placed{y.y(l.Level), Rule{Label: word, Class: class}})
	}
	if o, err := runbook.ParseObjective(c.Objective); err == nil && c.Objective != "" {
		all = append(all, placed{y.y(o.Level), Rule{Label: "objective " + o.Op + " " + value(c.Unit, o.Level), Class: "objective"}})
	}
	if b := c.Baseline; b != nil {
		all = append(all, placed{y.y(b.Mean), Rule{Label: "baseline " + value(c.Unit, b.Mean), Class: "mean"}})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	free := float64(plotY) - labelGap
	for i := range all {
		free = math.Max(all[i].at, free+labelGap)
		room := float64(plotY+plotH) - labelGap*float64(len(all)-1-i) // for those below
		all[i].rule.Y, all[i].rule.LabelY = px(all[i].at), px(math.Min(free, math.Max(room, plotY)))
		free = math.Min(free, math.Max(room, plotY))
		p.Rules = append(p.Rules, all[i].rule)
	}
}

// marks are what was done to the cluster. Labels that would cover each other go up a line, or into the title.
func marks(x axis, list []run.ChartMark) (out []Mark) {
	var ends [markSlots]float64
	for _, m := range list {
		at := float64(m.At.Unix())
		if at < x.from || at > x.to {
			continue
		}
		pos := x.x(at)
		mark := Mark{X: px(pos), LabelX: px(pos), Title: clean(m.Label) + " at " + clock(m.At), Class: "mark"}
		if m.Label == "rollback" {
			mark.Class = "mark undo"
		}
		width := 6.4*float64(len([]rune(m.Label))) + markGap
		for slot := range ends {
			left := pos - width/2
			if left > ends[slot] && pos+width/2 < x.at+x.length+60 {
				mark.Label, mark.LabelY = clean(m.Label), px(float64(plotY)-6-float64(slot)*labelGap)
				ends[slot] = pos + width/2
				break
			}
		}
		out = append(out, mark)
	}
	return out
}

// desc says in words what the picture shows, for who cannot see it.
func (c *Chart) desc() string {
	var said []string
	if low, high, last, ok := c.extent(); ok {
		said = append(said, fmt.Sprintf("From %s to %s, at last %s.", value(c.Unit, low), value(c.Unit, high), value(c.Unit, last)))
	} else {
		said = append(said, "No sample has a value.")
	}
	if b := c.Baseline; b != nil {
		said = append(said, fmt.Sprintf("Baseline %s, band %s to %s.", value(c.Unit, b.Mean), value(c.Unit, b.Low), value(c.Unit, b.High)))
	}
	for _, l := range c.Limits {
		said = append(said, fmt.Sprintf("Trigger %s: %s.", l.Trip, trigger(l.State).Text))
	}
	if c.Objective != "" {
		said = append(said, "Objective "+c.Objective+".")
	}
	if n := c.Unclear + c.Unknown; n > 0 {
		said = append(said, fmt.Sprintf("%d of %d samples have no value.", n, n+c.Conclusive))
	}
	return clean(strings.Join(said, " "))
}
