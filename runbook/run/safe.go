package run

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe is text from outside the program that can be shown on a terminal as it is.
//
// It is made once, where the text comes in (MakeSafe, MakeSafeText, or decoding from JSON), and nothing may
// convert a foreign string to it by hand. Everything a terminal would obey instead of show stands there as
// visible text: control characters as ^X, whatever else has no glyph of its own (C1 controls, bidi marks,
// zero-width characters, variation selectors, unassigned and private code points) as <U+XXXX>, and broken
// UTF-8 as U+FFFD. Making a Safe safe again changes nothing.
type Safe string

// SafeMax is the length in runes that MakeSafe and MakeSafeText keep when the caller names none.
const SafeMax = 4096

// maxMarks is how many combining marks may stand on one character; more would climb into the rows above.
const maxMarks = 2

// MakeSafe makes one line of s: newline and tab become spaces. The result has at most max runes
// (max ≤ 0 means SafeMax), the last one being "…" when something was cut; the work is bounded by max too,
// however long s is.
func MakeSafe(s string, max int) Safe { return sanitise(s, max, false) }

// MakeSafeText is MakeSafe for text of several lines: newline and tab stay.
func MakeSafeText(s string, max int) Safe { return sanitise(s, max, true) }

// UnmarshalText makes text safe while it is read back, because a file may have been edited since it was
// written. It cuts nothing: what was written had its length bounded already.
func (s *Safe) UnmarshalText(text []byte) error {
	*s = sanitise(string(text), longestSpelling*len(text)+1, true)
	return nil
}

// longestSpelling is the most runes that one input byte can turn into: a C1 control of two bytes, such as
// U+009B, is spelt with eight.
const longestSpelling = 4

func sanitise(s string, max int, lines bool) Safe {
	if max <= 0 {
		max = SafeMax
	}
	if plain(s, max, lines) {
		return Safe(s)
	}
	c := cleaner{max: max, lines: lines}
	c.out.Grow(min(len(s), 4*max) + 8)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		invalid := r == utf8.RuneError && size == 1
		if invalid && c.invalid {
			continue // a run of broken bytes is one replacement, as in strings.ToValidUTF8
		}
		c.invalid = invalid
		if !c.add(r) {
			break
		}
	}
	return c.text()
}

// plain reports whether s is printable ASCII within the limit, as most of it is.
func plain(s string, max int, lines bool) bool {
	if len(s) > max {
		return false
	}
	for i := 0; i < len(s); i++ {
		if b := s[i]; b >= 0x7f || b < 0x20 && (!lines || b != '\n' && b != '\t') {
			return false
		}
	}
	return true
}

// cleaner builds a Safe rune by rune.
type cleaner struct {
	out      strings.Builder
	max, len int // in runes
	fits     int // bytes of out that leave room for an ellipsis
	marks    int // combining marks on the present base
	base     bool
	lines    bool
	invalid  bool
	cut      bool
}

// add appends what stands for r and reports false once the limit is reached.
func (c *cleaner) add(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		if !c.lines {
			r = ' '
		}
		c.base, c.marks = false, 0
		return c.put(string(r), 1)
	case r < 0x20 || r == 0x7f:
		return c.spell("^" + string(r^0x40))
	case stacks(r):
		// A mark without a base would sit on our own text before it.
		if !c.base || c.marks == maxMarks {
			return c.spell(fmt.Sprintf("<U+%04X>", r))
		}
		c.marks++
		return c.put(string(r), 1)
	case !unicode.IsPrint(r) || invisible(r):
		return c.spell(fmt.Sprintf("<U+%04X>", r))
	}
	c.base, c.marks = true, 0
	return c.put(string(r), 1)
}

// spell puts ASCII text that stands for a character; no mark may follow and hide its meaning.
func (c *cleaner) spell(s string) bool {
	c.base, c.marks = false, 0
	return c.put(s, len(s))
}

// put appends s whole or not at all, so that a spelling is never cut in two.
func (c *cleaner) put(s string, runes int) bool {
	if c.len+runes > c.max {
		c.cut = true
		return false
	}
	c.out.WriteString(s)
	c.len += runes
	if c.len < c.max {
		c.fits = c.out.Len()
	}
	return true
}

func (c *cleaner) text() Safe {
	if c.cut {
		return Safe(c.out.String()[:c.fits] + "…")
	}
	return Safe(c.out.String())
}

// stacks reports whether a terminal draws r on the character before it.
func stacks(r rune) bool {
	if invisible(r) {
		return false
	}
	conjoining := r >= 0x1160 && r <= 0x11ff || r >= 0xd7b0 && r <= 0xd7ff // Korean vowels and finals
	return conjoining && unicode.IsPrint(r) || unicode.Is(unicode.M, r)
}

// invisible reports characters that count as letters or marks but draw nothing of their own.
func invisible(r rune) bool {
	return r >= 0x80 && (unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == 0x2800)
}
