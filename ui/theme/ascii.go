package theme

import "unicode/utf8"

// inASCII spells our own signs with one character each, so that no column moves.
var inASCII = map[rune]byte{
	'✔': 'v', '✖': 'x', '◌': '.', '↺': '~', '◷': 'o', '–': '-', '≠': '#', '»': '>', '↓': 'v', '↑': '^', '←': '<', '→': '>',
	'▸': '>', '▾': 'v', '▲': '^', '▼': 'v', '●': '*', '○': 'o', '■': '#', '□': '.', '…': '~', '·': '.', '•': '*', '×': 'x', '›': '>',
	'─': '-', '│': '|', '┃': '|', '┊': ':', '┤': '+', '┨': '+', '├': '+', '└': '+', '┘': '+', '┌': '+', '┐': '+', '┴': '+',
	'┬': '+', '┼': '+', '┈': '.', '╌': '-', '█': '#', '▉': '#', '▊': '#', '▋': '#', '▌': '#', '▍': '-', '▎': '-', '▏': '-', '░': '.',
	'▁': '_', '▂': '_', '▃': '_', '▄': '=', '▅': '=', '▆': '=', '▇': '#', '▀': '\'', '−': '-', '—': '-', '≤': '<', '≥': '>',
	'“': '"', '”': '"', '‘': '\'', '’': '\'', 'µ': 'u', '±': '+', '\u00a0': ' ',
}

// Encode makes a finished view fit for the terminal: unchanged with Unicode, otherwise every other character
// becomes as many ASCII ones as it has cells, ours by a fixed table and foreign ones "?".
func (t *Theme) Encode(view string) string {
	if !t.ASCII || isASCII(view) {
		return view
	}
	out := make([]byte, 0, len(view))
	for i := 0; i < len(view); {
		if view[i] < utf8.RuneSelf {
			out = append(out, view[i])
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(view[i:])
		if b, ok := inASCII[r]; ok {
			out = append(out, b)
			i += size
			continue
		}
		if r >= 0x2800 && r <= 0x28ff { // a chart's dots, should one be drawn with them nevertheless
			out = append(out, '*')
			i += size
			continue
		}
		cluster, cells := firstCluster(view[i:])
		for range cells {
			out = append(out, '?')
		}
		i += len(cluster)
	}
	return string(out)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
