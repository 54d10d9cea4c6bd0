package chart

import (
	"unicode/utf8"

	"github.com/politicalsphere/sop/ui/theme"
)

// owner is who a cell belongs to; a higher one takes it from a lower one.
type owner uint8

const (
	none owner = iota
	moment
	cursor
	objective
	threshold
	gap
	data
	breach
	axis // the axis row and the gutter, where nothing else comes
	owners
)

// cell is one character. Its dots, if it has any, come before its rune.
type cell struct {
	r    rune // 0 blank, covered: the right half of a wide character
	dots uint8
	own  owner
}

const covered rune = -1

// canvas is a grid of cells that is used again for every frame.
type canvas struct {
	cols, rows int
	cells      []cell
}

func (v *canvas) reset(cols, rows int) {
	v.cols, v.rows = cols, rows
	if n := cols * rows; cap(v.cells) < n {
		v.cells = make([]cell, n)
	} else {
		v.cells = v.cells[:n]
		clear(v.cells)
	}
}

func (v *canvas) at(col, row int) *cell { return &v.cells[row*v.cols+col] }

// set gives the cell to own unless somebody higher has it.
func (v *canvas) set(col, row int, r rune, own owner) {
	if c := v.at(col, row); c.own <= own && c.dots == 0 {
		c.r, c.own = r, own
	}
}

// free reports whether text of own may cover n cells from col on, without cutting a wide character.
func (v *canvas) free(col, row, n int, own owner) bool {
	if col < 0 || col+n > v.cols || col+n < v.cols && v.at(col+n, row).r == covered {
		return false
	}
	for i := col; i < col+n; i++ {
		if c := v.at(i, row); c.dots != 0 || c.own > own || c.r == covered {
			return false
		}
	}
	return true
}

// write puts text into cells and returns how many it took; what does not fit is left out. Marks that combine
// with a character have no cell of their own here and are dropped.
func (v *canvas) write(col, row int, text string, own owner) int {
	start := col
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		w := theme.Width(text[i : i+size])
		if r < 0x20 {
			r, w = ' ', 1
		}
		i += size
		if w == 0 {
			continue
		}
		if col+w > v.cols {
			break
		}
		*v.at(col, row) = cell{r: r, own: own}
		for k := 1; k < w; k++ {
			*v.at(col+k, row) = cell{r: covered, own: own}
		}
		col += w
	}
	return col - start
}

// writeOwn is write for text of our own making, in which every character has one cell.
func (v *canvas) writeOwn(col, row int, text []byte, own owner) {
	for i := 0; i < len(text) && col < v.cols; col++ {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		*v.at(col, row) = cell{r: r, own: own}
	}
}

// brailleBit is a dot's bit by its place in the cell.
var brailleBit = [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// density is how many dots a cell has in each direction.
func (t Tier) density() (dx, dy int) {
	switch t {
	case Braille:
		return 2, 4
	case Blocks:
		return 1, 2
	}
	return 1, 1
}

// dot sets the dot at x, y, counted from the top left.
func (v *canvas) dot(t Tier, x, y, top int, own owner) {
	var c *cell
	var bit uint8
	switch t {
	case Braille:
		c, bit = v.at(x>>1, top+y>>2), brailleBit[y&3][x&1]
	case Blocks:
		c, bit = v.at(x, top+y>>1), 1<<(y&1)
	default:
		c, bit = v.at(x, top+y), 1
	}
	c.dots |= bit
	if c.own < own {
		c.own = own
	}
}

// glyphs are the signs of a tier.
type glyphs struct {
	moment, pointer, minor, dash, objective, gap, cursor, foot, line rune
	breach                                                           rune // where a breach has no colour
	corner, tick, wall, bandTick, bandWall, minus                    string
}

var unicodeSigns = glyphs{
	moment: '┊', pointer: '▼', minor: '▾', dash: '─', objective: '┈', gap: '·', cursor: '│', foot: '┴', line: '─', breach: '●',
	corner: "└", tick: "┤", wall: "│", bandTick: "┨", bandWall: "┃", minus: "−",
}

var asciiSigns = glyphs{
	moment: ':', pointer: 'V', minor: 'v', dash: '-', objective: '.', gap: '?', cursor: '|', foot: '+', line: '-', breach: '#',
	corner: "+", tick: "+", wall: "|", bandTick: "]", bandWall: "]", minus: "-",
}

func (t Tier) signs() *glyphs {
	if t == ASCII {
		return &asciiSigns
	}
	return &unicodeSigns
}

var halfBlocks = [4]rune{' ', '▀', '▄', '█'}

// glyph is the character of a cell.
func (c *Chart) glyph(x *cell) rune {
	switch {
	case x.dots != 0:
		return c.dots(x)
	case x.r == 0:
		return ' '
	}
	return x.r
}

// dots is the character of a cell in which data lies.
func (c *Chart) dots(x *cell) rune {
	switch {
	case c.tier == ASCII && x.own == breach:
		return asciiSigns.breach
	case c.tier == ASCII:
		return '*'
	case x.own == breach && c.th.Colours == theme.NoColour:
		return unicodeSigns.breach
	case c.tier == Blocks:
		return halfBlocks[x.dots&3]
	}
	return 0x2800 + rune(x.dots)
}

// appendRow appends a row of the canvas, changing the style only where it changes.
func (c *Chart) appendRow(row int, banded bool) {
	under := 0
	if banded {
		under = 1
	}
	styled, last := false, owners
	out := c.out
	cells := c.canvas.cells[row*c.canvas.cols : (row+1)*c.canvas.cols]
	for i := range cells {
		x := &cells[i]
		if x.r == covered {
			continue
		}
		if x.own != last {
			if styled {
				out = append(out, "\x1b[m"...)
			}
			look := c.looks[x.own][under]
			out = append(out, look...)
			last, styled = x.own, look != ""
		}
		if r := c.glyph(x); r < utf8.RuneSelf {
			out = append(out, byte(r))
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	if styled {
		out = append(out, "\x1b[m"...)
	}
	c.out = out
}
