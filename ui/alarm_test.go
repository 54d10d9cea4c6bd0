package ui

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// rung is what a command writes to the terminal past the screen.
func rung(cmd tea.Cmd) string {
	if cmd == nil {
		return ""
	}
	msg, _ := cmd().(tea.RawMsg)
	return fmt.Sprint(msg.Msg)
}

func TestLoudLinesRingOnce(t *testing.T) {
	line := func(s int, text run.Safe, loud bool) run.Line {
		return run.Line{At: noon.Add(time.Duration(s) * time.Second), Text: text, Loud: loud}
	}
	m := New(newFake(run.State{}, noon), Options{Terminal: &theme.Terminal{Telling: theme.OSC9}})
	s := run.State{Log: []run.Line{line(0, "before we looked", true)}}
	m.alarm.begin(s)
	for i, c := range []struct {
		add  []run.Line
		want string
	}{
		{nil, ""},
		{[]run.Line{line(1, "quiet", false)}, ""},
		{[]run.Line{line(1, "drifted", true)}, "\a"}, // at the same instant as the one before
		{nil, ""},
		{[]run.Line{line(2, "a", true), line(2, "b", true)}, "\a"},
		{nil, ""},
		{[]run.Line{line(3, "quiet again", false)}, ""},
	} {
		s.Log = append(s.Log[:len(s.Log):len(s.Log)], c.add...)
		if got := rung(m.ring(s)); got != strings.Trim(c.want, " ") && !(c.want == "" && got == "") {
			t.Errorf("%d: rang %q, want %q", i, got, c.want)
		}
	}
	s.Log = append(s.Log, line(9, "api drifted", true))
	m.blurred = true
	if got := rung(m.ring(s)); !strings.Contains(got, "\a") || !strings.Contains(got, "api drifted") {
		t.Errorf("a window that is not looked at was told %q", got)
	}
}

func TestAnOverdueStatusUpdateRingsOnce(t *testing.T) {
	m := New(newFake(run.State{}, noon), Options{})
	at := func(now time.Time) string { m.now = now; return rung(m.overdue()) }
	m.state = run.State{NextUpdate: noon}
	if got := at(noon.Add(-time.Second)); got != "" {
		t.Errorf("rang before: %q", got)
	}
	if at(noon) == "" || at(noon.Add(time.Second)) != "" {
		t.Error("not exactly once")
	}
	m.state.NextUpdate = noon.Add(15 * time.Minute)
	if at(noon.Add(16*time.Minute)) == "" {
		t.Error("the next one did not ring")
	}
}

func TestStatesArriveAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(newPlay().s, noon)
		m := New(f, Options{})
		done := make(chan struct{})
		m.done = done
		f.states <- drifting().s
		if msg, ok := m.awaitState()().(stateMsg); !ok || msg.state.Phase != 1 {
			t.Errorf("got %T", msg)
		}
		got := make(chan tea.Msg)
		go func() { got <- m.awaitState()() }()
		synctest.Wait()
		close(done)
		if _, ok := (<-got).(endedMsg); !ok {
			t.Error("still waiting after the end")
		}
		close(f.states)
		m.done = nil
		if _, ok := m.awaitState()().(endedMsg); !ok {
			t.Error("a closed session was taken for a State")
		}
	})
}

func TestClocks(t *testing.T) {
	m, s := colour(fuse().scene("fuse", "rollback"))
	if cmd := m.tick(); cmd == nil {
		t.Fatal("no clock while the fuse burns")
	}
	old := m.ticks
	s.tell(m, undoing().s)
	if m.ticks == old {
		t.Error("the fuse's fast clock goes on after it burnt")
	}
	if m.View(); m.dirty {
		t.Fatal("a drawn view is dirty")
	}
	if _, cmd := m.Update(tickMsg{old}); cmd != nil || m.dirty {
		t.Error("a stale tick was taken")
	}
	s.tell(m, rolledBack().s)
	if m.tick() != nil {
		t.Error("the clock goes on after the run")
	}
}

func TestAStateWithoutAPlanIsAwaited(t *testing.T) {
	f := newFake(run.State{}, noon)
	m := New(f, Options{First: "rollback"})
	press1(m, "R", "enter", "g", "?", "down")
	m.Update(tea.PasteMsg{Content: "R"})
	m.Update(tickMsg{m.ticks})
	if text := m.View().Content; !strings.Contains(text, "waiting") || len(f.wanted) != 0 {
		t.Errorf("%q, wanted %v", text, f.wanted)
	}
	f.tell(m, fuse().s)
	if text := m.View().Content; !strings.Contains(text, "ROLL BACK") {
		t.Errorf("%q", text)
	}
}
