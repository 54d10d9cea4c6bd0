package ui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// On the finished screen, without colour and in ASCII, every box says what its state is: the glyph stands before its
// title, and no two states share one.
func TestStatesAreToldApartWithoutColourAndUnicode(t *testing.T) {
	th := theme.New(theme.Options{ASCII: true})
	glyphs := map[string]string{}
	told := map[string]bool{}
	for _, sc := range scenes() {
		s := newFake(sc.state, sc.now)
		m := New(s, Options{First: "checklist", Terminal: &theme.Terminal{}})
		m.scope = keys.Checklist
		for i, phase := range screen.Phases(sc.state) {
			m.list.Turn(m.state, i-m.list.Phase)
			m.dirty, m.w, m.h = true, 200, 60
			view := m.View().Content
			if strings.ContainsFunc(view, func(r rune) bool { return r > 0x7e }) || strings.Contains(view, "\x1b[3") || strings.Contains(view, "\x1b[4m") {
				t.Fatalf("%s: colour or Unicode", sc.name)
			}
			lines := strings.Split(ansi.Strip(view), "\n")
			for step := range run.PhaseSteps(phase) {
				status := string(sc.state.StepStatus(step.ID))
				glyph := th.Glyph(status, step.IsManual())
				if other, ok := glyphs[glyph]; ok && other != status {
					t.Fatalf("%s is %s and %s", glyph, other, status)
				}
				glyphs[glyph] = status
				for _, l := range lines {
					if strings.Contains(l, glyph+" "+clean(step.Title)) {
						told[status] = true
					}
				}
			}
		}
	}
	for _, status := range []run.Status{run.Pending, run.Passed, run.Warn, run.Failed, run.Unknown, run.Drifted, run.Attested, run.Conflicted, run.Overridden} {
		if glyphs[th.Glyph(string(status), false)] == string(status) && !told[string(status)] {
			t.Errorf("%s is in a scene, but not to be seen on any screen", status)
		}
	}
	m, _ := open(drifting().scene("", "checklist"), theme.Terminal{}, 120, 60)
	press1(m, "?")
	text := ansi.Strip(m.View().Content)
	for _, l := range th.Legend() {
		if l.Status != "pending" && !strings.Contains(text, l.Glyph+"  "+l.Status) {
			t.Errorf("the help does not tell %s %s", l.Glyph, l.Status)
		}
	}
}
