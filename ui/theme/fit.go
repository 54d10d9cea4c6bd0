package theme

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Ellipsis stands where text was cut.
const Ellipsis = "…"

// Terminals disagree about the width of some clusters (an emoji with a skin tone has 2 cells or 4). All
// functions here take the larger of the two, so that no line ever breaks the layout. A newline or tab is a
// space to all of them but Wrap.

// Width is the number of cells that s takes on one line. Escape sequences take none.
func Width(s string) int {
	w := 0
	for i := 0; i < len(s); {
		if plain(s, i) {
			i++
			w++
			continue
		}
		n, cells := next(s[i:])
		i += n
		w += cells
	}
	return w
}

// plain tells whether the character at byte i of s is one of ASCII that nothing is added to.
func plain(s string, i int) bool {
	return s[i] >= 0x20 && s[i] < 0x7f && (i+1 == len(s) || s[i+1] < utf8.RuneSelf)
}

// next returns the length in bytes and the cells of the first unit of s, which is never torn: a character
// with all that belongs to it, or an escape sequence.
func next(s string) (bytes, cells int) {
	b := s[0]
	if plain(s, 0) {
		return 1, 1
	}
	if b == 0x1b {
		return escapeLen(s), 0
	}
	if b == '\n' || b == '\t' {
		return 1, 1
	}
	if b < 0x20 || b == 0x7f {
		return 1, 0
	}
	if r, size := utf8.DecodeRuneInString(s); narrow(r) && (len(s) == size || s[size] < utf8.RuneSelf) {
		return size, 1
	} else if narrow(r) {
		if after, _ := utf8.DecodeRuneInString(s[size:]); narrow(after) {
			return size, 1
		}
	}
	cluster, cells := firstCluster(s)
	return len(cluster), cells
}

// narrow knows, without a table, the characters that we draw with and most of the Latin, Greek and Cyrillic
// ones: one cell, and never a part of another character.
func narrow(r rune) bool {
	switch {
	case r < 0x300:
		return r >= 0x20 && r < 0x7f || r >= 0xa0 && r != 0xad && r != 0xa9 && r != 0xae
	case r < 0x2000:
		return r >= 0x370 && r < 0x483
	case r < 0x2190:
		return r >= 0x2010 && r <= 0x2027 || r >= 0x2030 && r <= 0x203b
	}
	return r <= 0x21ff || r >= 0x2200 && r <= 0x22ff || r >= 0x2500 && r <= 0x25fc || r >= 0x2800 && r <= 0x28ff ||
		r == 0x2714 || r == 0x2716
}

func firstCluster(s string) (string, int) {
	cluster, cells := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
	if len(cluster) == 0 {
		return s[:1], 0
	}
	return cluster, max(cells, ansi.StringWidthWc(cluster))
}

// escapeLen is the length of the control sequence (as our styles write) at the start of s.
func escapeLen(s string) int {
	if len(s) < 2 || s[1] != '[' {
		return 1
	}
	for i := 2; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
	}
	return len(s)
}

// cut returns how many bytes of s fit into width cells, and the cells they take.
func cut(s string, width int) (bytes, cells int) {
	for bytes < len(s) {
		if plain(s, bytes) {
			if cells == width {
				break
			}
			bytes++
			cells++
			continue
		}
		n, w := next(s[bytes:])
		if cells+w > width {
			return bytes, cells
		}
		bytes += n
		cells += w
	}
	return bytes, cells
}

var blanks = strings.NewReplacer("\n", " ", "\t", " ")

func oneLine(s string) string {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\t') < 0 {
		return s
	}
	return blanks.Replace(s)
}

// Truncate keeps what fits into width cells, ending in "…" when something was cut. A style that the cut
// leaves open is closed.
func Truncate(s string, width int) string {
	if width <= 0 {
		return ""
	}
	s = oneLine(s)
	if n, _ := cut(s, width); n == len(s) {
		return s
	}
	n, _ := cut(s, width-1)
	kept := s[:n] + Ellipsis
	if strings.IndexByte(kept, 0x1b) >= 0 {
		kept += reset
	}
	return kept
}

// AppendFit appends s cut or padded on the right to exactly width cells.
func AppendFit(dst []byte, s string, width int) []byte {
	s = oneLine(s)
	n, cells := cut(s, width)
	if n < len(s) && width > 0 {
		n, cells = cut(s, width-1)
		dst = append(append(dst, s[:n]...), Ellipsis...)
		if strings.IndexByte(s[:n], 0x1b) >= 0 {
			dst = append(dst, reset...)
		}
		cells++
	} else if width > 0 {
		dst = append(dst, s...)
	}
	return Spaces(dst, width-cells)
}

// Spaces appends n spaces, none when n is negative.
func Spaces(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, ' ')
	}
	return dst
}

// PadRight makes s exactly width cells wide, left-aligned, cutting what is too long.
func PadRight(s string, width int) string {
	s = oneLine(s)
	if w := Width(s); w == width {
		return s
	}
	return string(AppendFit(make([]byte, 0, width+8), s, width))
}

// PadLeft makes s exactly width cells wide, right-aligned as numbers are, cutting what is too long.
func PadLeft(s string, width int) string {
	s = Truncate(s, width)
	w := Width(s)
	if w >= width {
		return s
	}
	return string(append(Spaces(make([]byte, 0, width-w+len(s)), width-w), s...))
}

// Between puts left and right at the two ends of a line of exactly width cells; the left one is cut first.
func Between(left, right string, width int) string {
	right = Truncate(right, width)
	room := width - Width(right)
	if right != "" && room > 0 {
		return PadRight(left, room-1) + " " + right
	}
	return PadRight(left, room) + right
}
