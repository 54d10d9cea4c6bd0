package theme

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// inASCII spells our own signs with one character each, so that no column moves.
var inASCII = map[rune]byte{
	'✔': 'v', '✖': 'x', '◌': '.', '↺': '~', '◷': 'o', '–': '-', '≠': '#', '»': '>', '↓': 'v', '↑': '^', '←': '<', '→': '>',
	'▸': '>', '▾': 'v', '▲': '^', '▼': 'v', '●': '*', '○': 'o', '■': '#', '□': '.', '…': '~', '·': '.', '•': '*', '×': 'x', '›': '>',
	'─': '-', '│': '|', '┃': '|', '┊': ':', '┤': '+', '┨': '+', '├': '+', '└': '+', '┘': '+', '┌': '+', '┐': '+', '┴': '+',
	'┬': '+', '┼': '+', '┈': '.', '╌': '-', '█': '#', '▉': '#', '▊': '#', '▋': '#', '▌': '#', '▍': '-', '▎': '-', '▏': '-', '░': '.',
	'▁': '_', '▂': '_', '▃': '_', '▄': '=', '▅': '=', '▆': '=', '▇': '#', '▀': '\'', '−': '-', '—': '-',
	'“': '"', '”': '"', '„': '"', '«': '<', '‘': '\'', '’': '\'', 'µ': 'u', '±': '+', '°': 'o', '§': 'S', '≈': '~', '\u00a0': ' ', '‑': '-',
	'✓': 'v', '✗': 'x', '↳': '>', '➜': '>',
}

// compared are the comparisons that no single ASCII character says: they take the blank beside them for the second one.
var compared = map[string]string{"≤": "<=", "≥": ">="}

// Encode makes a finished view fit for the terminal: unchanged with Unicode, otherwise every other character
// becomes as many ASCII ones as it has cells, ours by a fixed table and foreign ones "?".
func (t *Theme) Encode(view string) string {
	if !t.ASCII || isASCII(view) {
		return view
	}
	out := make([]byte, 0, len(view))
	for i := 0; i < len(view); {
		n, cells := next(view[i:])
		unit := view[i : i+n]
		i += n
		two, isComparison := compared[unit]
		switch {
		case isComparison && strings.HasPrefix(view[i:], " "):
			out = append(out, two...)
			i++
		case isComparison && bytes.HasSuffix(out, []byte(" ")):
			out = append(out[:len(out)-1], two...)
		default:
			out = appendASCII(out, unit, cells)
		}
	}
	return string(out)
}

// appendASCII appends one unit of a view: an escape sequence, or a character of some cells.
func appendASCII(dst []byte, unit string, cells int) []byte {
	r, size := utf8.DecodeRuneInString(unit)
	sign, known := inASCII[r]
	switch {
	case isASCII(unit):
		return append(dst, unit...)
	case cells == 0:
		return dst
	case r < utf8.RuneSelf:
		sign = byte(r)
	case r >= 0x2800 && r <= 0x28ff: // a chart's dots, should one be drawn with them nevertheless
		sign = '*'
	case !known || size < len(unit):
		sign = '?'
	}
	dst = append(dst, sign)
	for ; cells > 1; cells-- {
		dst = append(dst, '?')
	}
	return dst
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
