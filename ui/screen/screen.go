// Package screen draws the screens of a run: checklist, rollout, watch, rollback, report and command log, with the header
// and the footer that all of them share.
//
// Every function here is pure: it takes a Frame (the run's State, the time, a size and a theme) and returns lines, none
// wider than the frame. A screen's own struct (Checklist, Watch, …) holds nothing but where the person looks: cursor,
// scroll, chosen chart. The truth is the State alone; the command log only remembers what earlier States showed.
//
//	f := screen.Frame{State: state, Now: now, W: 120, H: 36, Theme: th}
//	body := list.View(f)      // at most 36 lines of at most 120 cells
//
// What stands in a State as plain text (titles, names, images) comes from files and from the cluster, and is made fit for
// a terminal at the one place where it goes out: clean.
package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// The smallest terminal that a screen is drawn in; below it there is one line that says so.
const (
	MinWidth  = 60
	MinHeight = 16
)

// Frame is what a screen is drawn from. W and H are the room of that screen alone.
type Frame struct {
	State  run.State
	Now    time.Time
	W, H   int
	Whole  int // H without the dialog that lies over the lower part: what the layout goes by, so that nothing jumps; 0: H
	Theme  *theme.Theme
	Keys   *keys.Map // what the keys do; nil: the standard map
	Mouse  bool      // the mouse is taken
	Filter string    // only what contains it is listed; empty: all
	Speed  float64   // how much faster the run's time goes than the person's, in practice; 0 is 1
	NoRun  bool      // a watch outside of any run: it writes nothing, so there is nothing to roll back
}

// real is a length of the run's time as the person feels it: a fuse is for fingers, whatever the speed.
func (f Frame) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / max(1, f.Speed))
}

// clean makes plain text from files and clusters fit for one line of a terminal.
func clean(s string) string { return string(run.MakeSafe(s, 0)) }

// cleanText is clean for text of several lines.
func cleanText(s string) string { return string(run.MakeSafeText(s, 0)) }

// matches tells whether a line passes the filter.
func (f Frame) matches(texts ...string) bool {
	if f.Filter == "" {
		return true
	}
	want := strings.ToLower(f.Filter)
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), want) {
			return true
		}
	}
	return false
}

// cell renders plain text cut or padded to width cells.
func cell(st theme.Style, s string, width int) string {
	if width <= 0 {
		return ""
	}
	return st.Render(theme.PadRight(s, width))
}

// cellRight is cell with the text at the right end.
func cellRight(st theme.Style, s string, width int) string {
	if width <= 0 {
		return ""
	}
	return st.Render(theme.PadLeft(s, width))
}

// wrapped renders text broken into lines of the width, each after an indent; the last column stays free, as the first does.
func wrapped(st theme.Style, text string, indent, width int) []string {
	if width <= indent+1 {
		return nil
	}
	lines := theme.Wrap(text, width-indent-1)
	pad := strings.Repeat(" ", indent)
	for i, l := range lines {
		lines[i] = pad + st.Render(l)
	}
	return lines
}

// labelled renders a label and wrapped text beside it, as in the details of a step.
func labelled(th *theme.Theme, label string, st theme.Style, text string, width int) []string {
	if text == "" {
		return nil
	}
	const column = 8
	lines := wrapped(st, text, column+1, width)
	if len(lines) > 0 {
		lines[0] = " " + cell(th.Dim, label, column) + strings.TrimPrefix(lines[0], strings.Repeat(" ", column+1))
	}
	return lines
}

// window cuts lines to h of them so that line at stays in view, and says what was left out at the edges.
func window(th *theme.Theme, lines []string, at, top, h, w int) (shown []string, newTop int) {
	if len(lines) <= h || h <= 0 {
		return lines[:min(len(lines), max(h, 0))], 0
	}
	if at >= 0 {
		if at < top+1 {
			top = at - 1
		}
		if at > top+h-2 {
			top = at - h + 2
		}
	}
	top = max(0, min(top, len(lines)-h))
	shown = append(shown, lines[top:top+h]...)
	edges(th, shown, top, len(lines)-top-h, w)
	return shown, top
}

// edges says in the first and the last line how many are left out above and below, where a line is left between them.
func edges(th *theme.Theme, shown []string, above, below, w int) {
	if len(shown) < 3 {
		return
	}
	if above > 0 {
		shown[0] = cell(th.Dim, fmt.Sprintf("   ↑ %d more above", above+1), w)
	}
	if below > 0 {
		shown[len(shown)-1] = cell(th.Dim, fmt.Sprintf("   ↓ %d more below", below+1), w)
	}
}

// fitLines makes exactly h lines of them.
func fitLines(lines []string, h int) []string {
	if h <= 0 {
		return nil
	}
	for len(lines) < h {
		lines = append(lines, "")
	}
	return lines[:h]
}

// clock writes a length of time as mm:ss, or h:mm:ss from an hour on.
func clock(d time.Duration) string {
	s := int(max(d, 0).Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// age writes how long ago something was, in at most four cells.
func age(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 100*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// hour writes an instant as a person says it; UTC, as the log does.
func hour(t time.Time) string { return t.UTC().Format("15:04") }

// instant is hour with seconds.
func instant(t time.Time) string { return t.UTC().Format("15:04:05") }

// progress is a bar of width cells, share of it filled.
func progress(th *theme.Theme, st theme.Style, share float64, width int) string {
	if width <= 0 {
		return ""
	}
	n := int(max(0, min(1, share))*float64(width) + 0.5)
	return st.Render(strings.Repeat("█", n)) + th.Dim.Render(strings.Repeat("░", width-n))
}

// Span writes a length of time as a runbook does: 30m, 90s, 1h30m.
func Span(d time.Duration) string {
	if d > 0 && d < 2*time.Minute && d%time.Second == 0 {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	text := strings.TrimSuffix(d.String(), "m0s")
	if len(text) < len(d.String()) {
		text += "m"
	}
	if hours, ok := strings.CutSuffix(text, "h0m"); ok {
		return hours + "h"
	}
	return text
}

// plural writes a count with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
