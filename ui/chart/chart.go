// Package chart draws time series with characters: the watch's charts and their one-row sparklines.
//
// A Frame is all there is to know about one picture: points, the deploy's marks, the baseline, the limits and
// ready text for the title. A Chart is where it is drawn; it keeps its buffers and the y scale between frames,
// so that drawing allocates nothing and the scale does not jump with every sample. The package knows no time
// of its own and asks nobody for anything.
//
//	c := chart.New(th, chart.Braille)      // one per metric, kept
//	c.Draw(&chart.Frame{Title: chart.Title{Name: "Error rate", Value: "3.1 %"}, Unit: chart.Percent,
//		Points: points, From: -600, To: 1800, Now: 840, Every: 15,
//		Threshold: chart.Limit{On: true, At: 0.0504, Label: "5.04 trip"},
//		Marks: []chart.Moment{{X: 0, Label: "deploy v1.4.2"}}}, 120, 15)
//	for i := range c.Len() { row = c.AppendLine(row, i) }
//
// Every line has exactly the width asked for. A cell has one owner: breach over data over gap over threshold
// over objective over crosshair over mark; the baseline's tint lies under all of them. Nothing is told by
// colour alone: without colour a breach has a sign of its own, and the axis is thick beside the baseline.
// A gap is never bridged: where no data came the line breaks, and the lowest row shows it.
package chart

import (
	"github.com/politicalsphere/sop/ui/theme"
)

// Tier is what the terminal's font can show.
type Tier uint8

// The tiers, from the finest.
const (
	Braille Tier = iota // 2 × 4 dots a cell
	Blocks              // half blocks, for fonts whose braille is unreadable
	ASCII
)

// Point is one sample. Y is NaN where the source was asked and had no answer.
type Point struct {
	X float64 // seconds relative to the deploy
	Y float64 // in the unit's base: a ratio for Percent, seconds for Seconds
}

// Moment is something that happened, such as the deploy or a step of the rollout. A minor one has no line through the
// plot, and its label gives way to those of the others.
type Moment struct {
	X     float64
	Label string
	Minor bool
}

// Band is what was usual before the deploy, such as p10 to p90 of the baseline.
type Band struct {
	On     bool
	Lo, Hi float64
}

func (b Band) there() bool { return b.On && b.Lo-b.Lo == 0 && b.Hi-b.Hi == 0 && b.Lo <= b.Hi }

// Limit is a horizontal line: the threshold that trips, or the objective.
type Limit struct {
	On    bool
	At    float64
	Below bool // the limit is broken by values under it
	Label string
}

// Tone is how the title's verdict is coloured.
type Tone uint8

// The tones, from the one that asks for nothing.
const (
	Quiet Tone = iota
	Good
	Warn
	Bad
)

// Title is the row above the plot, as ready text. What does not fit is left out whole, the last in this list
// of importance first: Name, Value, Verdict, Delta, Trip, Evidence.
type Title struct {
	Name, Value, Delta, Trip, Verdict, Evidence string

	Tone Tone
}

// Frame is one picture. Its text is our own or made Safe before.
type Frame struct {
	Title  Title
	Unit   Unit
	Points []Point // by ascending X

	From, To float64 // the window, fixed for the whole watch; seconds relative to the deploy
	Now      float64 // the present; from the last point up to here there may be a gap
	Every    float64 // seconds between samples; more than 2.5 of them is a gap. 0: only NaN is one

	Band      Band
	Threshold Limit
	Objective Limit
	Marks     []Moment // by ascending X
	Origin    string   // the time axis' word for 0, such as "deploy"; "0" if empty
	Stale     string   // such as "stale 14s": written where the data ends

	Crosshair bool
	Cursor    float64 // where the crosshair is; it snaps to the nearest sample
}

// gapFactor is how many sampling intervals may pass between two points of one line.
const gapFactor = 2.5

func (f *Frame) broken(a, b float64) bool { return f.Every > 0 && b-a > gapFactor*f.Every }

// shown reports whether a point lies in the window and not in the future.
func (f *Frame) shown(p Point) bool { return p.X >= f.From && p.X <= f.To && p.X <= f.Now }

// Nearest is the shown sample nearest to x, also one without data; false when there is none.
func (f *Frame) Nearest(x float64) (Point, bool) {
	best, found := Point{}, false
	for _, p := range f.Points {
		if !f.shown(p) {
			continue
		}
		if !found || abs(p.X-x) <= abs(best.X-x) {
			best, found = p, true
		}
	}
	return best, found
}

// there reports whether the limit can be drawn: one that is not a number has no place.
func (l Limit) there() bool { return l.On && l.At-l.At == 0 }

// breaks reports whether y is beyond the limit.
func (l Limit) breaks(y float64) bool {
	return l.there() && (!l.Below && y > l.At || l.Below && y < l.At)
}

// Chart draws frames of one metric. It is not safe for concurrent use.
type Chart struct {
	tier   Tier
	looks  [owners][2]string // the escape sequence by owner and by lying in the band
	th     *theme.Theme
	canvas canvas
	scale  scale
	sparks scale // of the sparkline
	gaps   []bool
	bars   []bar
	text   []byte

	out  []byte
	ends []int
}

// New makes a chart in the colours of th. A theme in ASCII makes it ASCII whatever the tier says.
func New(th *theme.Theme, tier Tier) *Chart {
	c := &Chart{}
	c.Retheme(th, tier)
	return c
}

// Retheme changes the colours and the tier and keeps the scale, as when the terminal tells its background.
func (c *Chart) Retheme(th *theme.Theme, tier Tier) {
	if th.ASCII {
		tier = ASCII
	}
	c.th, c.tier = th, tier
	for o, s := range [owners]theme.Style{
		none: {}, moment: th.Moment, cursor: th.Cursor, objective: th.Objective, threshold: th.Threshold,
		gap: th.Warn, data: th.Data, breach: th.Breach, axis: th.Axis,
	} {
		c.looks[o] = [2]string{s.On(), s.With(th.Band).On()}
	}
}

// Len is the number of lines drawn.
func (c *Chart) Len() int { return len(c.ends) }

// AppendLine appends line i of what was drawn, without a newline.
func (c *Chart) AppendLine(dst []byte, i int) []byte {
	start := 0
	if i > 0 {
		start = c.ends[i-1] + 1
	}
	return append(dst, c.out[start:c.ends[i]]...)
}

// String is all that was drawn, the lines parted by newlines.
func (c *Chart) String() string {
	if len(c.ends) == 0 {
		return ""
	}
	return string(c.out[:c.ends[len(c.ends)-1]])
}

// endLine closes the line being written.
func (c *Chart) endLine() {
	c.ends = append(c.ends, len(c.out))
	c.out = append(c.out, '\n')
}

// Draw draws f in height lines of width cells. One line is a sparkline, two are a title and a sparkline, more
// are a plot, with axes as far as there is room for them.
func (c *Chart) Draw(f *Frame, width, height int) {
	c.out, c.ends = c.out[:0], c.ends[:0]
	if width <= 0 || height <= 0 {
		return
	}
	if height > 1 {
		c.title(&f.Title, width)
	}
	if height <= 2 {
		indent := 0
		if height > 1 && width > 1 {
			indent = 1 // under its title
		}
		c.spark(f, width, indent)
		return
	}
	c.plot(f, layoutFor(f, width, height))
}

// Spark draws f as a sparkline of width cells, the same as Draw with a height of one.
func (c *Chart) Spark(f *Frame, width int) { c.Draw(f, width, 1) }

// CellSeconds is how much time one column of the plot spans: the crosshair's step. 0 if there is no plot.
func (f *Frame) CellSeconds(width int) float64 {
	cols := layoutFor(f, width, 3).cols
	if cols <= 0 {
		return 0
	}
	return (f.To - f.From) / float64(cols)
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
