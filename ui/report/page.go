package report

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Section is one part of the document. HTML and Markdown are both drawn from it; a figure stands in the HTML only, so
// what it shows stands in a table beside it.
type Section struct {
	ID     string // of its heading, for links
	Title  string
	Blocks []Block
}

// Block is one thing in a section: exactly one of its fields is set.
type Block struct {
	Text  Cell   // a paragraph
	Note  *Note  // what must not be overlooked
	Facts []Fact // names and what they are
	Table *Table
	Chart *Picture // of one metric
	Lanes *Lanes   // a time line
}

// Note is a block that stands out. Its word says what its colour says.
type Note struct {
	Word string // note, warning
	Text string
}

// Fact is a name and what it is.
type Fact struct {
	Name  string
	Value Cell
}

// Table is a table. Every row has as many cells as there are columns.
type Table struct {
	Columns []string
	Rows    []Row
}

// Row is one row of a table; Loud marks one that needed a person.
type Row struct {
	Cells []Cell
	Loud  bool
}

// Cell is what stands in one place: lines of parts.
type Cell []Words

// Words is one line of a cell.
type Words []Part

// Style says what a part is.
type Style string

// The styles of parts.
const (
	Plain  Style = ""
	Code   Style = "code"
	Dim    Style = "dim"
	Strong Style = "strong"
	State  Style = "state" // a status, with its glyph in HTML
)

// Part is some text of one style.
type Part struct {
	Text  string
	Style Style
	Mark  string // glyph of a State
	Tone  string // good, warn, bad or quiet, of a State
}

// words is a cell of one plain line.
func words(text string) Cell { return Cell{Words{{Text: text}}} }

// code is a cell of one line that is to be copied.
func code(text string) Cell { return Cell{Words{{Text: text, Style: Code}}} }

// line adds a line of parts to a cell.
func (c *Cell) line(parts ...Part) { *c = append(*c, parts) }

// row is a row of cells.
func row(cells ...Cell) Row { return Row{Cells: cells} }

// clean makes foreign text harmless to a terminal; escaping is the business of whoever writes the document.
func clean(s string) string { return string(run.MakeSafe(s, 0)) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// clock is a time of day; the document says that all are UTC.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// when is an instant as short as it can be said: its day is left out where it is that of the run's beginning.
func (r *Report) when(t time.Time) string {
	switch {
	case t.IsZero():
		return "–"
	case t.UTC().Format(time.DateOnly) == r.Started.UTC().Format(time.DateOnly):
		return clock(t)
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// took writes how long something lasted.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "–"
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// looks are the glyph and the tone of every status. Round is sensed, square is by hand.
var looks = map[run.Status][2]string{
	run.Pending: {"( )", "quiet"}, run.Checking: {"(◌)", "quiet"}, run.Passed: {"(✔)", "good"}, run.Warn: {"(!)", "warn"},
	run.Failed: {"(✖)", "bad"}, run.Unknown: {"(?)", "warn"}, run.Drifted: {"(↺)", "bad"}, run.Stale: {"(◷)", "warn"},
	run.Attested: {"[✔]", "good"}, run.Conflicted: {"[≠]", "bad"}, run.Overridden: {"[»]", "warn"}, run.Deferred: {"[↓]", "quiet"},
	run.NotApplicable: {"(–)", "quiet"},
}

// state is a status with its glyph; a box that only a person ticks is square.
func state(s run.Status, manual bool) Part {
	look, ok := looks[s]
	switch {
	case !ok:
		look = [2]string{"(?)", "warn"}
	case manual && s == run.Pending:
		look[0] = "[ ]"
	}
	return Part{Text: string(s), Style: State, Mark: look[0], Tone: look[1]}
}

// verdict is a verdict with its glyph.
func verdict(v run.Verdict) Part {
	look := map[run.Verdict][2]string{
		run.VerdictPass: {"✔", "good"}, run.VerdictFail: {"✖", "bad"}, run.VerdictInconclusive: {"?", "warn"}, run.VerdictNone: {"–", "quiet"},
	}[v]
	return Part{Text: string(v), Style: State, Mark: look[0], Tone: look[1]}
}

// outcome is what the run came to, with its glyph.
func (r *Report) outcome() Part {
	p := Part{Text: string(r.Outcome), Style: State, Mark: "?", Tone: "warn"}
	switch r.Outcome {
	case run.Completed:
		p.Mark, p.Tone = "✔", "good"
	case run.RolledBack:
		p.Mark = "↺"
	case run.RunFailed:
		p.Mark, p.Tone = "✖", "bad"
	}
	if r.Open {
		p.Text, p.Mark = "not over", "◌"
	}
	return p
}

// trigger is the state of a trigger with its glyph.
func trigger(w run.TriggerWord) Part {
	look, ok := map[run.TriggerWord][2]string{
		run.TriggerOK: {"✔", "good"}, run.TriggerSuspect: {"!", "warn"}, run.TriggerTripped: {"✖", "bad"}, run.TriggerInconclusive: {"?", "warn"},
	}[w]
	if !ok {
		return Part{Text: "not judged", Style: State, Mark: "–", Tone: "quiet"}
	}
	return Part{Text: string(w), Style: State, Mark: look[0], Tone: look[1]}
}
