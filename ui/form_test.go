package ui

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
)

// A reason says how much is missing while it is typed, is not taken before, and neither tab nor a held key takes it.
func TestAReasonIsLongEnough(t *testing.T) {
	m, s := colour(drifting().scene("drift", "checklist"))
	screen := func() string { return ansi.Strip(m.View().Content) }
	press1(m, "o", "o", "o")
	says(t, screen(), "10 characters more")
	typed(m, "known ")
	says(t, screen(), "5 characters more")
	press1(m, "enter")
	says(t, screen(), "too short: 5 characters more; esc leaves it")
	typed(m, " old load")
	press1(m, "tab", "ctrl+v", "tab")
	if m.dialog == nil || len(s.wanted) > 0 {
		t.Fatalf("taken by tab: %v", s.wanted)
	}
	press1(m, "enter")
	if want := []run.Intent{run.Override{Step: "network", Reason: "known  old load"}}; !reflect.DeepEqual(s.wanted, want) || m.dialog != nil {
		t.Errorf("wanted %#v, not %#v", s.wanted, want)
	}
}

// Whoever types fast loses no character to the protection against a key that is held.
func TestAKeyThatWasLetGoIsText(t *testing.T) {
	m, s := colour(drifting().scene("drift", "checklist"))
	press1(m, "n")
	typed(m, "no news")
	press1(m, "enter")
	if want := []run.Intent{run.Note{Text: "o news"}}; !reflect.DeepEqual(s.wanted, want) {
		t.Errorf("the first n is still held, the second is text: wanted %#v", s.wanted)
	}
}

// What is pasted becomes one line without control characters, and not more of it than goes into the journal.
func TestAPasteIntoANoteIsBounded(t *testing.T) {
	m, s := colour(drifting().scene("drift", "checklist"))
	press1(m, "n")
	m.Update(tea.PasteMsg{Content: "one\r\ntwo\x1b]52;c;x\x07\u202e" + strings.Repeat("x", 5000)})
	press1(m, "enter")
	if len(s.wanted) != 1 {
		t.Fatalf("wanted %v", s.wanted)
	}
	text := s.wanted[0].(run.Note).Text
	if n := len([]rune(text)); n > maxField || n < maxField/2 || !strings.HasPrefix(text, "one two^[") || strings.ContainsAny(text, "\x1b\x07\r\n\u202e") {
		t.Errorf("%d characters: %.60q", n, text)
	}
}

// A form fits the smallest screen with its answer and its mistake in sight, follows a resize, and hides no alarm.
func TestAFormFitsTheScreen(t *testing.T) {
	for _, sc := range scenes() {
		if !sc.state.Ended.IsZero() || FuseOrMore(sc.state) {
			continue
		}
		for name, way := range map[string][]string{"override": {"c", "o"}, "note": {"n"}, "attest": {"c", "space"}, "abort": {"c", "g", "a"}} {
			m, _ := colour(sc)
			press1(m, way...)
			if !typing(m.dialog) {
				continue
			}
			typed(m, "why")
			press1(m, "enter")
			for _, size := range [][2]int{{200, 50}, {80, 24}, {60, 16}} {
				if m.dialog == nil {
					break
				}
				m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				checkPicture(t, sc.name+", "+name, m, size[0], size[1])
				says(t, ansi.Strip(m.View().Content), "why", m.dialog.title[:12])
				if m.dialog.least > 3 {
					says(t, ansi.Strip(m.View().Content), "too short: 7 characters more")
				}
			}
		}
	}
}

// A form that nobody types into wakes nobody: its cursor does not blink.
func TestAnIdleFormIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		m := New(newLive(drifting().s), Options{})
		d := drive(ctx, t, m)
		d.press("n", "x")
		d.pass(2 * time.Second)
		before := d.seen
		d.pass(20 * time.Second)
		if n := d.seen - before; n > 21 { // the clock's
			t.Errorf("%d messages in 20 seconds", n)
		}
		says(t, d.text(), "x", "Note into the journal")
		cancel()
		time.Sleep(2 * time.Second) // the last tick is on its way yet
	})
}
