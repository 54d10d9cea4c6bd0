package chart

import (
	"math"
	"unicode/utf8"

	"github.com/politicalsphere/sop/ui/theme"
)

// bar is one column of a sparkline: the worst value in it.
type bar struct {
	y    float64
	kind owner // none: nothing came; gap, data or breach
}

var (
	blockBars = [8]rune{'▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'}
	asciiBars = [8]rune{'_', '.', '-', ':', '=', '+', '*', '%'}
)

// spark writes one row. A column shows its worst sample, so that no spike is averaged away.
// It is quieter than a plot's line: whole bars of that colour would be the loudest on the screen.
func (c *Chart) spark(f *Frame, width, indent int) {
	c.sparks.settleSpark(f)
	c.fillBars(f, width-indent)
	c.out = theme.Spaces(c.out, indent)
	last := ""
	for _, b := range c.bars {
		look := c.looks[b.kind][0]
		if b.kind == data {
			look = c.th.Dim.On()
		}
		if look != last {
			if last != "" {
				c.out = append(c.out, "\x1b[m"...)
			}
			c.out = append(c.out, look...)
			last = look
		}
		c.out = utf8.AppendRune(c.out, c.barGlyph(b))
	}
	if last != "" {
		c.out = append(c.out, "\x1b[m"...)
	}
	c.endLine()
}

func (c *Chart) fillBars(f *Frame, width int) {
	c.bars = cleared(c.bars, width)
	col := func(x float64) int {
		if !(f.To > f.From) {
			return 0
		}
		return max(0, min(width-1, int((x-f.From)/(f.To-f.From)*float64(width))))
	}
	end := col(math.Min(f.Now, f.To))
	before := Point{Y: math.NaN()}
	at := -1
	for _, p := range f.Points {
		if !f.shown(p) {
			continue
		}
		x := col(p.X)
		if at >= 0 {
			c.between(f, before, p, at, x)
		}
		c.raise(f, x, p.Y)
		before, at = p, x
	}
	if at >= 0 && (before.Y != before.Y || f.broken(before.X, f.Now)) {
		for x := at + 1; x <= end; x++ {
			c.bars[x].kind = gap
		}
	}
}

// between fills the columns that lie between two samples of one line with the earlier one's value, which was
// the last known one there, and marks them as missing where the line is broken.
func (c *Chart) between(f *Frame, a, b Point, from, to int) {
	missing := a.Y != a.Y || b.Y != b.Y || f.broken(a.X, b.X)
	for x := from + 1; x < to; x++ {
		if missing {
			c.bars[x].kind = gap
		} else {
			c.raise(f, x, a.Y)
		}
	}
}

// raise puts y into a column if it is the worst so far.
func (c *Chart) raise(f *Frame, x int, y float64) {
	b := &c.bars[x]
	if y != y {
		if b.kind == none {
			b.kind = gap
		}
		return
	}
	worse := y > b.y
	if f.Threshold.On && f.Threshold.Below {
		worse = y < b.y
	}
	if b.kind < data || worse {
		b.y = y
		b.kind = data
		if f.Threshold.breaks(y) {
			b.kind = breach
		}
	}
}

func (c *Chart) barGlyph(b bar) rune {
	bars, mark := &blockBars, '▲'
	if c.tier == ASCII {
		bars, mark = &asciiBars, '!'
	}
	switch {
	case b.kind == none:
		return ' '
	case b.kind == gap:
		return c.tier.signs().gap
	case b.kind == breach && (c.tier == ASCII || c.th.Colours == theme.NoColour):
		return mark
	}
	share := (b.y - c.sparks.lo) / c.sparks.size()
	return bars[int(math.Max(0, math.Min(7, math.Round(share*7))))]
}
