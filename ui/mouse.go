package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// The mouse scrolls and chooses, and that is all: no click starts, ticks, opens or rolls back, for a hand that reaches
// for the window hits something. What is clicked on is found in the picture itself, as the person sees it.

// mouse takes the wheel and clicks.
func (m *Model) mouse(msg tea.Msg) {
	if m.state.Plan == nil || m.w < screen.MinWidth || m.h < screen.MinHeight {
		return
	}
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		m.scroll(wheel(msg))
	case tea.MouseClickMsg:
		if msg.Button == tea.MouseLeft && m.dialog == nil && !m.help {
			m.click(msg.X, msg.Y)
		}
	}
}

// notch is how many lines of a text a turn of the wheel moves.
const notch = 3

func (m *Model) scroll(n int) {
	id := map[int]keys.ID{-1: keys.Up, 1: keys.Down}[n]
	switch {
	case n == 0:
	case m.dialog != nil:
		if m.dialog.steps != nil || m.dialog.menu != nil {
			m.choose(id, "")
		}
	case m.help:
		m.helpTop = max(0, m.helpTop+notch*n)
	case m.scope == keys.Watch, m.scope == keys.WatchOnly, m.scope == keys.Checklist && !m.list.Detail:
		m.screenKey(id, "")
	default:
		for range notch {
			m.screenKey(id, "")
		}
	}
}

// click chooses what stands at x, y: a screen, a phase, a step or a chart.
func (m *Model) click(x, y int) {
	lines := strings.Split(ansi.Strip(m.View().Content), "\n")
	if y < 0 || y >= len(lines) {
		return
	}
	if to, ok := m.tabAt(lines[y], x); ok && y < len(lines)/2 {
		m.scope = to
		return
	}
	switch m.scope {
	case keys.Checklist:
		if i, ok := m.phaseAt(lines[y], x); ok {
			m.list.Turn(m.state, i-m.list.Phase)
			return
		}
		for _, at := range []int{y, y - 1} { // a box, or its evidence
			if id, ok := m.stepAt(lines[max(0, at)]); ok {
				m.list.Step, m.list.DetailTop = id, 0
				return
			}
		}
	case keys.Watch, keys.WatchOnly:
		f := m.bodyFrame(5)
		if i := chartAt(lines[:y+1], x, m.encoded(m.watch.Names(f))); i >= 0 {
			m.watch.Turn(f, i-m.watch.Focus)
		}
	}
}

func (m *Model) encoded(texts []string) []string {
	for i, s := range texts {
		texts[i] = m.th.Encode(s)
	}
	return texts
}

// where is the cell at which a text stands in a line; -1: it does not.
func where(line, text string) int {
	i := strings.Index(line, text)
	if i < 0 || text == "" {
		return -1
	}
	return theme.Width(line[:i])
}

// tabAt is the screen whose way stands at x in the rule under the header.
func (m *Model) tabAt(line string, x int) (keys.Scope, bool) {
	if !strings.HasPrefix(line, m.th.Encode("─")) {
		return "", false
	}
	for _, h := range m.options.Keys.Hints(m.scope, nil) {
		to, ok := keys.Target(h.ID)
		text := " " + h.Keys + " " + h.Label
		if i := where(line, text); ok && i >= 0 && x >= i && x <= i+theme.Width(text) {
			return to, true
		}
	}
	return "", false
}

// phaseAt is the phase whose line, or whose place in the line of phases, stands at x.
func (m *Model) phaseAt(line string, x int) (int, bool) {
	phases := screen.Phases(m.state)
	runes := []rune(line)
	for i := range phases {
		number := string(rune('1' + i))
		if len(runes) > 2 && x < phaseReach && string(runes[1:2]) == number && runes[2] == ' ' {
			return i, true
		}
		for _, box := range []string{"(", "["} { // 3(✔)
			if at := where(line, " "+number+box); at >= 0 && x > at && x <= at+4 {
				return i, true
			}
		}
	}
	return 0, false
}

// phaseReach is how wide the column of phases is at least.
const phaseReach = 24

// stepAt is the step whose row a line is: its box with its title after it, perhaps cut.
func (m *Model) stepAt(line string) (string, bool) {
	for _, step := range m.list.Rows(m.frame()) {
		status := m.state.StepStatus(step.ID)
		glyph := m.th.Encode(m.th.Glyph(string(status), step.IsManual())) + " "
		_, rest, found := strings.Cut(line, glyph)
		shown, _, _ := strings.Cut(rest, "  ")
		shown = strings.TrimSuffix(strings.TrimSuffix(shown, m.th.Encode(theme.Ellipsis)), " ")
		if found && shown != "" && strings.HasPrefix(m.th.Encode(string(run.MakeSafe(step.Title, 0))), shown) {
			return step.ID, true
		}
	}
	return "", false
}

// chartAt is the chart whose title stands nearest above x in the last of the lines; -1: none does.
func chartAt(lines []string, x int, titles []string) int {
	best, at := -1, -1
	for y := len(lines) - 1; y >= 0 && best < 0; y-- {
		for i, t := range titles {
			if col := where(lines[y], t); col >= 0 && col <= x && col > at {
				best, at = i, col
			}
		}
	}
	return best
}
