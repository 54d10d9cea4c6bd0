// Package theme is how everything looks: colours, the glyphs of the step states, and fitting text into cells.
//
// A Theme is made once from what the terminal can do (Detect) and made again when the terminal tells its
// background. Views then only join strings: each Style is a ready pair of escape sequences, so a frame needs
// no style engine per cell. Colour never tells anything alone; every state also has its glyph and its word.
//
//	th := theme.New(theme.Detect(os.Getenv).Options())
//	row := th.Mark("drifted", false) + " " + theme.PadRight("Network Connectivity", 28) + th.Dim.Render("live   2s")
//
// Foreign text reaches a view only as Safe, made where it came in (run.MakeSafe). In a terminal without
// Unicode, Encode turns the finished view into ASCII, cell by cell, as the last step.
package theme

import (
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
)

// Safe is foreign text that was made fit for a terminal where it came in.
type Safe = run.Safe

// Colours is how much colour a theme may use.
type Colours uint8

// How much colour, from none.
const (
	NoColour Colours = iota // attributes only: bold, faint, reverse
	Few                     // the terminal's own 16 colours
	Full                    // 24-bit colours, which the renderer reduces for a terminal with 256
)

// Options say what a Theme is made for. The zero value is without colour, dark, and with Unicode.
type Options struct {
	Colours Colours
	Light   bool // the terminal's background is light
	ASCII   bool // neither the glyphs nor the charts may use anything but ASCII
}

// Theme holds the styles by what they mean. It is never changed after New, so all screens may share it.
type Theme struct {
	Options

	Text      Style // what is simply there
	Header    Style // the run's line at the top
	Title     Style // the name of what is below it
	Protected Style // a protected environment: white on red
	Ordinary  Style // any other environment
	Rule      Style // lines that part
	Dim       Style // what may be overlooked: ages, sources, units
	Accent    Style // the one accent: where the cursor is, what moves
	Good      Style
	Warn      Style
	Bad       Style
	Selected  Style // a whole row; put it around styled text with Over
	Key       Style // a key in a hint
	Hint      Style // what that key does

	Data      Style // a chart's line
	Breach    Style // that line beyond its threshold
	Threshold Style
	Objective Style
	Moment    Style // a mark of the deploy in a chart
	Axis      Style
	Cursor    Style // the crosshair
	Band      Style // the baseline's tint, a background; plain where there is no quiet one

	rule string
}

// New makes the theme for o.
func New(o Options) *Theme {
	t := &Theme{Options: o, rule: strings.Repeat("─", 256)}
	switch {
	case o.Colours == NoColour:
		t.mono()
	case o.Colours == Few:
		t.few()
	case o.Light:
		t.full(light)
	default:
		t.full(dark)
	}
	return t
}

// RuleLine is a horizontal line of width cells.
func (t *Theme) RuleLine(width int) string {
	const cell = len("─")
	if width <= 0 {
		return ""
	}
	if width*cell > len(t.rule) {
		return t.Rule.Render(strings.Repeat("─", width))
	}
	return t.Rule.Render(t.rule[:width*cell])
}

// Environment is the header's first word: the name in capitals, on red if it is protected. A protected
// environment whose name does not already say production is called protected by word too.
func (t *Theme) Environment(name Safe, protected bool) string {
	word := " " + strings.ToUpper(string(name)) + " "
	if !protected {
		return t.Ordinary.Render(word)
	}
	if !strings.HasPrefix(word, " PROD") {
		word += "· PROTECTED "
	}
	if t.Colours == NoColour {
		word = "!" + word + "!"
	}
	return t.Protected.Render(word)
}
