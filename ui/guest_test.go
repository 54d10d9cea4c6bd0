package ui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/ui/keys"
)

// lookingOn is somebody who attached to a run.
type lookingOn struct {
	*fake
	may bool
}

func (l *lookingOn) MayAct() (bool, string) {
	return l.may, "attached, read only: alice has the run in hand"
}

func attached(sc scene, may bool) (*Model, *lookingOn) {
	s, look := &lookingOn{fake: newFake(sc.state, sc.now), may: may}, looks()["colour"]
	m := New(s, Options{First: sc.screen, Cluster: "eks-prod/production", Terminal: &look})
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	return m, s
}

// Who only looks on changes nothing by any key on any screen, is told what to do instead, and is asked nothing.
func TestWhoLooksOnChangesNothing(t *testing.T) {
	for name, way := range ways {
		for _, b := range keys.Standard().Bindings() {
			for _, key := range b.Keys {
				m, s := attached(holding().scene("", "checklist"), false)
				press1(m, way...)
				asked := m.dialog
				press1(m, key)
				if keys.Wants(b.ID) && m.inputScope() != keys.Palette && m.dialog != nil && m.dialog != asked && m.dialog.scope != keys.Text {
					t.Errorf("%s, %s: the question %q", name, key, m.dialog.title)
				}
				press1(m, "enter", "y")
				typed(m, "a good reason")
				press1(m, "enter")
				if len(s.wanted) > 0 {
					t.Errorf("%s, %s: it wanted %#v", name, key, s.wanted)
				}
			}
		}
	}
	m, _ := attached(holding().scene("", "rollout"), false)
	press1(m, "R")
	says(t, ansi.Strip(m.View().Content), "attached, read only", "alice has the run in hand")
	if cmd := press1(m, "q"); cmd == nil || m.dialog != nil {
		t.Error("q asked something of somebody who leaves nothing behind")
	}
}

// Nobody asks those who look on why it was rolled back, and a fuse keeps them not from leaving.
func TestWhoLooksOnMayLeaveAFuse(t *testing.T) {
	m, s := attached(fuse().scene("", "rollback"), false)
	press1(m, "enter", "esc")
	if cmd := press1(m, "q"); cmd == nil || len(s.wanted) > 0 {
		t.Errorf("q did not leave; wanted %#v", s.wanted)
	}
}

// Who has the run in hand presses keys as if it were their own.
func TestWhoHasTheRunInHandRollsBack(t *testing.T) {
	m, s := attached(holding().scene("", "rollout"), true)
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "attached, in control") {
		t.Errorf("the header does not say so:\n%s", text)
	}
	press1(m, "R")
	if len(s.wanted) != 1 {
		t.Errorf("R wanted %#v", s.wanted)
	}
	m, s = attached(holding().scene("", "rollout"), true)
	press1(m, "q")
	says(t, ansi.Strip(m.View().Content), "Leave this run?", "sop attach")
	if len(s.wanted) > 0 {
		t.Errorf("q wanted %#v", s.wanted)
	}
}

// Who looks on opens the details of a step where others would be asked whether to start it.
func TestWhoLooksOnIsNotAskedToStart(t *testing.T) {
	for _, action := range []string{"notify: {channel: news, text: we begin}", "wait: {for: 1h}", "job: {cronJob: restore}, confirm: restore"} {
		p := acting(t, action)
		m := New(&lookingOn{fake: p.f}, Options{})
		m.list.Step = "config"
		press1(m, "enter")
		if m.dialog != nil || !m.list.Detail {
			t.Errorf("%s: it asked", action)
		}
	}
}
