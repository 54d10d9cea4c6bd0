package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxSize is how large one file may be; the shipped runbook has some 40 KiB.
const maxSize = 1 << 20

// file is one source with its lines, for addresses.
type file struct {
	name  string
	lines []string
}

// line returns line number n, counted from 1, without its end; empty when there is none.
func (f *file) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

// clampTo moves a place that lies behind the end of the file or of its line back into it.
func (f *file) clampTo(line, column int) (int, int) {
	line = min(max(line, 1), max(len(f.lines), 1))
	return line, min(max(column, 1), utf8.RuneCountInString(f.line(line))+1)
}

func (n *node) clamp() { n.line, n.column = n.src.clampTo(n.line, n.column) }

// parseFile reads one source into a tree. The tree is nil when there is nothing that could be looked at further.
func parseFile(s Source) (*node, []Problem) {
	f := &file{name: s.Name}
	if len(s.Data) > maxSize {
		return nil, []Problem{problemAt(Position{f.name, 1, 1}, fmt.Sprintf("the file has %d bytes; at most %d are read", len(s.Data), maxSize), "split it, or move long texts elsewhere")}
	}
	f.lines = strings.Split(strings.ReplaceAll(string(s.Data), "\r\n", "\n"), "\n")
	if n := len(f.lines); n > 1 && f.lines[n-1] == "" {
		f.lines = f.lines[:n-1]
	}
	if problems := f.checkBytes(); len(problems) > 0 {
		return nil, problems
	}
	return f.compose(s.Data)
}

// checkBytes finds what may not stand in the file at all, wherever it stands.
func (f *file) checkBytes() []Problem {
	var problems []Problem
	for i, line := range f.lines {
		column := 1
		for rest := line; rest != ""; column++ {
			r, size := utf8.DecodeRuneInString(rest)
			rest = rest[size:]
			at := Position{f.name, i + 1, column}
			switch {
			case r == utf8.RuneError && size == 1:
				problems = append(problems, problemAt(at, "not UTF-8 text", "save the file as UTF-8"))
			case r == '\ufeff' && i == 0 && column == 1:
				continue
			case isForbidden(r) || r == '\r':
				problems = append(problems, problemAt(at, "the file holds "+runeName(r), "delete it; only line breaks and tabs may stand in a file"))
			default:
				continue
			}
			break // one for a line says enough
		}
	}
	return problems
}

// depthLimit stops the YAML library early; the exact count over flow and block together is the tree's.
type depthLimit struct{}

var errTooDeep = errors.New("nested too deep")

func (depthLimit) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > maxDepth {
		return errTooDeep
	}
	return nil
}

func (depthLimit) CheckAlias(int, int) error { return nil } // the tree refuses every alias

// compose parses the bytes into one document.
func (f *file) compose(data []byte) (*node, []Problem) {
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(depthLimit{}))
	if err != nil {
		return nil, []Problem{problemAt(Position{f.name, 1, 1}, "cannot read the file as YAML: "+err.Error(), "")}
	}
	var doc yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, []Problem{problemAt(Position{f.name, 1, 1}, "the file is empty", "a runbook begins with apiVersion: sop/v1")}
	case err != nil:
		return nil, []Problem{f.syntax(err)}
	}
	b := &treeBuilder{src: f}
	root := b.build(doc.Content[0], 1)
	var second yaml.Node
	switch err := loader.Load(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		b.problems = append(b.problems, f.syntax(err))
	default:
		line, column := f.clampTo(second.Line, second.Column)
		b.problems = append(b.problems, problemAt(Position{f.name, line, column}, "a second document begins here", "one file holds one runbook; delete the --- or move the rest to its own file"))
	}
	return root, b.problems
}

// syntax puts an error of the YAML library into the words of the person who wrote the file.
func (f *file) syntax(err error) Problem {
	at := Position{f.name, 1, 1}
	message, hint := err.Error(), ""
	var le *yaml.LoadError
	if errors.As(err, &le) {
		message = le.Message
		if le.ContextMsg != "" {
			message = le.ContextMsg + ": " + message
		}
		mark := le.Mark
		if mark.Line == 0 {
			mark = le.ContextMark
		}
		at.Line, at.Column = f.clampTo(mark.Line, mark.Column)
		message, hint = f.explain(at, le.Message, message)
	}
	if errors.Is(err, errTooDeep) || strings.Contains(message, errTooDeep.Error()) {
		message, hint = errTooDeep.Error(), "a runbook nests at most 32 levels"
	}
	return problemAt(at, printable(message), hint)
}

// explain knows the mistakes that people make.
func (f *file) explain(at Position, short, long string) (message, hint string) {
	rest := ""
	if line := []rune(f.line(at.Line)); at.Column-1 < len(line) {
		rest = string(line[at.Column-1:])
	}
	switch {
	case strings.HasPrefix(rest, "\t"):
		return "a tab cannot indent YAML", "use spaces"
	case strings.Contains(short, "cannot start any token"):
		return "a text cannot begin with " + quote(firstRune(rest)), "put the text into 'single quotes'"
	case strings.Contains(short, "mapping values are not allowed"):
		return "a second ': ' on this line", "put the text into 'single quotes', or begin a new line"
	case strings.Contains(short, "unknown anchor"):
		return "alias to an unknown anchor", "write the value out; aliases are not allowed"
	}
	return "not valid YAML: " + long, "look at the quotes, brackets and indentation here and on the line above"
}

func problemAt(p Position, message, hint string) Problem {
	return Problem{File: p.File, Line: p.Line, Column: p.Column, Severity: SeverityError, Message: message, Hint: hint}
}

// isForbidden tells whether a character may not stand in a file: control characters but tab and line breaks, and the
// characters that change the direction of the text around them.
func isForbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return false
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u2028', r == '\u2029':
		return true
	}
	return unicode.IsControl(r)
}

// controlIn finds the first forbidden character of a text; lines tells whether line breaks and tabs are fine.
func controlIn(s string, lines bool) (rune, bool) {
	for _, r := range s {
		if isForbidden(r) || r == '\r' || !lines && (r == '\n' || r == '\t') {
			return r, true
		}
	}
	return 0, false
}

// runeName names a character that must not be printed.
func runeName(r rune) string { return fmt.Sprintf("the control character U+%04X", r) }

// printable makes foreign text fit for one line of a message.
func printable(s string) string {
	const most = 120
	var b strings.Builder
	for i, r := range []rune(strings.ToValidUTF8(s, "\ufffd")) {
		switch {
		case i == most:
			return b.String() + "…"
		case isForbidden(r) || r == '\n' || r == '\r' || r == '\t' || !unicode.IsPrint(r) && r != ' ':
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quote shows foreign text within a message.
func quote(s string) string { return `"` + printable(s) + `"` }

func firstRune(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(r)
}

func itoa(n int) string { return strconv.Itoa(n) }

func trimIndent(s string) string { return strings.TrimLeft(s, " ") }
