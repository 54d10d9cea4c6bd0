package ui

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// clickOn clicks on the first place where a text stands.
func clickOn(t *testing.T, m *Model, text string) {
	t.Helper()
	for y, l := range strings.Split(ansi.Strip(m.View().Content), "\n") {
		if i := strings.Index(l, text); i >= 0 {
			m.Update(tea.MouseClickMsg{X: theme.Width(l[:i]) + 1, Y: y, Button: tea.MouseLeft})
			return
		}
	}
	t.Fatalf("%q is not on the screen:\n%s", text, ansi.Strip(m.View().Content))
}

func TestAClickChooses(t *testing.T) {
	for name, look := range looks() {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 50}} {
			m, _ := open(drifting().scene("", "checklist"), look, size[0], size[1])
			clickOn(t, m, "Certificates Valid")
			if m.list.Step != "certificates" {
				t.Errorf("%s %v: a click on a box chose %s", name, size, m.list.Step)
			}
			at := m.list.Phase
			if size[0] >= 100 {
				clickOn(t, m, "1 Prereq")
			} else {
				clickOn(t, m, " 1"+m.th.Encode(m.th.Glyph("attested", false))[:1])
			}
			if at == 0 || m.list.Phase != 0 {
				t.Errorf("%s %v: a click on a phase led from %d to %d", name, size, at, m.list.Phase)
			}
			if strings.Contains(ansi.Strip(m.View().Content), " w watch") {
				clickOn(t, m, " w watch")
				if m.scope != keys.Watch {
					t.Errorf("%s %v: a click on a tab led to %s", name, size, m.scope)
				}
			}
			m, _ = open(watching().scene("", "watch"), look, size[0], size[1])
			names := m.watch.Names(m.bodyFrame(5))
			for i, n := range names {
				clickOn(t, m, m.th.Encode(n))
				if m.watch.Focus != i {
					t.Errorf("%s %v: a click on %s chose chart %d, want %d", name, size, n, m.watch.Focus, i)
				}
			}
		}
	}
}

// Wherever the mouse comes down, nothing is wanted, nothing is asked and nobody is led out.
func TestTheMouseNeverActs(t *testing.T) {
	for n, sc := range append(scenes(), hostile()) {
		m, s := open(sc, looks()["colour"], 120, 40)
		for _, way := range [][]string{nil, {"g"}, {"?"}, {"n"}, {":"}} {
			press1(m, "esc", "esc", "esc")
			press1(m, way...)
			before, asked := len(s.wanted), m.dialog
			for y := n % 3; y < 40; y += 5 {
				for x := n % 5; x < 120; x += 11 {
					for _, msg := range []tea.Msg{
						tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft},
						tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseRight},
						tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown},
						tea.MouseReleaseMsg{X: x, Y: y, Button: tea.MouseLeft},
					} {
						if _, cmd := m.Update(msg); cmd != nil {
							t.Fatalf("%s: %T at %d,%d does something", sc.name, msg, x, y)
						}
					}
				}
			}
			if len(s.wanted) != before || m.dialog != asked {
				t.Fatalf("%s after %v: the mouse wanted %v, dialog %v", sc.name, way, s.wanted[before:], m.dialog != asked)
			}
		}
	}
}

func TestTheWheelScrolls(t *testing.T) {
	down := tea.MouseWheelMsg{Button: tea.MouseWheelDown}
	m, _ := open(drifting().scene("", "checklist"), looks()["colour"], 80, 24)
	rows := m.list.Rows(m.frame())
	at := slices.IndexFunc(rows, func(s runbook.Step) bool { return s.ID == m.list.Step })
	m.Update(down)
	if at+1 < len(rows) && m.list.Step != rows[at+1].ID {
		t.Errorf("on the checklist it led to %s", m.list.Step)
	}
	press1(m, "v")
	m.Update(down)
	m.View()
	if m.report.Top != notch {
		t.Errorf("the report begins with line %d", m.report.Top)
	}
	press1(m, "?")
	m.Update(down)
	if m.helpTop != notch {
		t.Errorf("the help begins with line %d", m.helpTop)
	}
	press1(m, "esc", "c", "g")
	if m.dialog == nil || m.dialog.steps == nil {
		t.Fatal("no gate")
	}
	hot := m.dialog.hot
	m.Update(down)
	if m.dialog.hot != min(hot+1, len(m.dialog.steps)-1) {
		t.Errorf("at the gate it chose %d", m.dialog.hot)
	}
}

// Where the mouse is taken, the help says how to select text.
func TestTheHelpTellsOfTheMouse(t *testing.T) {
	sc := drifting().scene("", "checklist")
	for _, on := range []bool{true, false} {
		m := New(newFake(sc.state, sc.now), Options{Mouse: on})
		m.Update(tea.WindowSizeMsg{Width: 120, Height: screen.MinHeight + 100})
		press1(m, "?")
		v := m.View()
		if got := strings.Contains(ansi.Strip(v.Content), "Hold shift while dragging"); got != on || (v.MouseMode != tea.MouseModeNone) != on {
			t.Errorf("mouse %v: told %v, mode %v", on, got, v.MouseMode)
		}
	}
}
