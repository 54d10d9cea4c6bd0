package theme

import "strings"

// tab is how many cells a tab moves in wrapped text.
const tab = 4

// Wrap breaks text into lines of at most width cells, at spaces where it can and inside a word where it must.
// Newlines are kept, tabs become spaces, and leading space of a line is repeated on the lines it breaks into,
// so that lists and code stay readable. Text styled by escape sequences should be styled after wrapping.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.ReplaceAll(line, "\t", strings.Repeat(" ", tab))
		lines = wrapLine(lines, strings.TrimRight(line, " "), width)
	}
	return lines
}

func wrapLine(lines []string, line string, width int) []string {
	if Width(line) <= width {
		return append(lines, line)
	}
	body := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(body)]
	if len(indent) > width/2 {
		indent = indent[:width/2]
	}
	room := width - len(indent)
	for body != "" {
		n, _ := cut(body, room)
		if n == 0 { // one character wider than the room: a blank instead of a broken layout
			n, _ = next(body)
			lines = append(lines, indent+Ellipsis)
			body = body[n:]
			continue
		}
		if n < len(body) {
			n = breakAt(body, n)
		}
		lines = append(lines, indent+strings.TrimRight(body[:n], " "))
		body = strings.TrimLeft(body[n:], " ")
	}
	return lines
}

// breakAt moves a cut at byte n of s back to the last space, if there is one.
func breakAt(s string, n int) int {
	if s[n] == ' ' {
		return n
	}
	if i := strings.LastIndexByte(s[:n], ' '); i > 0 {
		return i
	}
	return n
}
