package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// Severity of a Problem.
const (
	SeverityError   = "error"   // the file cannot be run
	SeverityWarning = "warning" // it can, but somebody should look
)

// Problem is one thing wrong with a file, on one line, with its address and, where there is one, a way out. Its
// JSON form is what `sop lint -o json` prints.
type Problem struct {
	File     string `json:"file"`
	Line     int    `json:"line"`   // from 1; 0 when the problem has no place in a file
	Column   int    `json:"column"` // from 1, in characters
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// String is the problem as one line: file:line:col: severity: message (hint).
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		fmt.Fprintf(&b, "%s:", p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
		}
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s: %s", p.Severity, p.Message)
	if p.Hint != "" {
		fmt.Fprintf(&b, " (%s)", p.Hint)
	}
	return b.String()
}

// HasErrors tells whether any of the problems is an error.
func HasErrors(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Severity == SeverityError })
}

// Source is one file: its name as problems show it, and what it holds.
type Source struct {
	Name string
	Data []byte
}

// Position is a place in a file; the zero value is no place.
type Position struct {
	File         string
	Line, Column int
}
