package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// saidBy is all that a command writes past the screen.
func saidBy(cmd tea.Cmd) string {
	if cmd == nil {
		return ""
	}
	msg := cmd()
	if cmds := several(msg); cmds != nil {
		all := ""
		for _, c := range cmds {
			all += saidBy(c)
		}
		return all
	}
	if raw, ok := msg.(tea.RawMsg); ok {
		return fmt.Sprint(raw.Msg)
	}
	return fmt.Sprintf("%T", msg)
}

func TestNotifications(t *testing.T) {
	evil := run.MakeSafe("api; drifted\x1b]0;x\x07", 0)
	for _, c := range []struct {
		name  string
		has   theme.Terminal
		learn tea.Msg
		words bool
		want  string
	}{
		{"unknown", theme.Terminal{}, nil, true, "\a"},
		{"looked at", theme.Terminal{Telling: theme.OSC9}, nil, false, "\a"},
		{"iTerm2", theme.Terminal{}.Known("iTerm2 3.5.0"), nil, true, "\a\x1b]9;sop: api; drifted^[]0;x^G\x07"},
		{"urxvt", theme.Terminal{}.Known("rxvt-unicode-256color"), nil, true, "\a\x1b]777;notify;sop;api, drifted^[]0,x^G\x07"},
		{"its own answer", theme.Terminal{}, tea.TerminalVersionMsg{Name: "ghostty 1.2.0"}, true, "\a\x1b]9;sop: api; drifted^[]0;x^G\x07"},
		{"tmux", theme.Terminal{Tmux: true}, nil, true, "\a"},
		{"tmux that lets nothing through", theme.Terminal{Tmux: true}, outerMsg{""}, true, "\a"},
		{"tmux in kitty", theme.Terminal{Tmux: true}, outerMsg{"kitty(0.35.2) "}, true, "\a" + ansi.TmuxPassthrough("\x1b]9;sop: api; drifted^[]0;x^G\x07")},
		{"tmux in something", theme.Terminal{Tmux: true}, outerMsg{"st "}, true, "\a"},
		{"screen", theme.Terminal{Screen: true}, nil, true, "\a"},
	} {
		n := manners{terminal: c.has}
		if c.learn != nil {
			n.learn(c.learn)
		}
		if got := saidBy(n.bell(evil, c.words)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestQuietIsQuiet(t *testing.T) {
	m := New(newFake(run.State{}, noon), Options{Quiet: true, Terminal: &theme.Terminal{Telling: theme.OSC9}})
	m.blurred = true
	if got := saidBy(m.ring(run.State{Log: []run.Line{{At: noon, Text: "loud", Loud: true}}})); got != "\a" {
		t.Errorf("with notify: off it said %q", got)
	}
}

func TestClipboards(t *testing.T) {
	for _, c := range []struct {
		name    string
		has     theme.Terminal
		through bool
		want    string
	}{
		{"any", theme.Terminal{}, false, "tea.setClipboardMsg"},
		{"tmux", theme.Terminal{Tmux: true}, false, "tea.setClipboardMsg"},
		{"tmux that hands on", theme.Terminal{Tmux: true}, true, "tea.setClipboardMsg" + ansi.TmuxPassthrough(ansi.SetSystemClipboard("text"))},
		{"screen", theme.Terminal{Screen: true}, false, ansi.ScreenPassthrough(ansi.SetSystemClipboard("text"), screenLimit)},
	} {
		n := manners{terminal: c.has, through: c.through}
		if got := saidBy(n.clipboard("text")); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWhatIsAskedOfTheTerminal(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"a test's", Options{Terminal: &theme.Terminal{}}, ""},
		{"unknown", Options{Terminal: &theme.Terminal{}, asks: true}, "tea.terminalVersion"},
		{"known", Options{Terminal: &theme.Terminal{Telling: theme.OSC9}, asks: true}, ""},
		{"console", Options{Terminal: &theme.Terminal{Console: true}, asks: true}, ""},
		{"sync", Options{Terminal: &theme.Terminal{}, Sync: "on"}, "tea.ModeReportMsg"},
		{"sync inside of tmux", Options{Terminal: &theme.Terminal{Tmux: true}, Sync: "on"}, ""},
		{"tmux", Options{Terminal: &theme.Terminal{Tmux: true}, Outer: func() string { return "x" }}, "ui.outerMsg"},
	} {
		got := ""
		for _, cmd := range c.o.greet() {
			got += saidBy(cmd)
		}
		if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	report := tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeReset}
	if (Options{Sync: "off"}).filter(nil, report) != nil || (Options{}).filter(nil, report) == nil {
		t.Error("sync off lets the terminal's offer through, or auto does not")
	}
}

func TestProgressBar(t *testing.T) {
	bar := func(sc scene, o Options) *tea.ProgressBar {
		m := New(newFake(sc.state, sc.now), o)
		return m.View().ProgressBar
	}
	knows := &theme.Terminal{Bar: true}
	if b := bar(watching().scene("", "watch"), Options{Terminal: knows}); b == nil || b.Value <= 0 || b.Value >= 100 {
		t.Errorf("a watch shows %+v", b)
	}
	if b := bar(stuck().scene("", "rollout"), Options{Terminal: knows}); b == nil || b.State != tea.ProgressBarWarning {
		t.Errorf("a stuck rollout shows %+v", b)
	}
	if b := bar(undoing().scene("", "rollback"), Options{Terminal: knows}); b == nil || b.State != tea.ProgressBarError {
		t.Errorf("a rollback shows %+v", b)
	}
	if b := bar(rolledBack().scene("", "report"), Options{Terminal: knows}); b != nil {
		t.Errorf("a run that is over shows %+v", b)
	}
	for _, o := range []Options{{Terminal: &theme.Terminal{}}, {Terminal: knows, Progress: "off"}, {Terminal: &theme.Terminal{Tmux: true}, Progress: "on"}} {
		if b := bar(watching().scene("", "watch"), o); b != nil {
			t.Errorf("%+v shows %+v", o, b)
		}
	}
	if b := bar(watching().scene("", "watch"), Options{Terminal: &theme.Terminal{}, Progress: "on"}); b == nil {
		t.Error("progress on shows nothing")
	}
}

// A window that nobody looks at is drawn once a second. What is loud rings all the same, and a fuse is drawn at once.
func TestABlurredWindowRests(t *testing.T) {
	m, s := colour(drifting().scene("", "checklist"))
	before := m.View().Content
	m.Update(tea.BlurMsg{})
	said := m.state
	said.Notice = run.Notice{At: noon, Text: "something new"}
	s.tell(m, said)
	if m.View().Content != before {
		t.Error("drawn at once though nobody looks")
	}
	said.Log = append(said.Log[:len(said.Log):len(said.Log)], run.Line{At: noon.Add(time.Minute), Text: "loud", Loud: true})
	if saidBy(m.ring(said)) == "" {
		t.Error("it does not ring")
	}
	s.pass(time.Second)
	m.Update(tickMsg{m.ticks})
	if !strings.Contains(ansi.Strip(m.View().Content), "something new") {
		t.Error("not drawn with the next tick")
	}
	s.tell(m, fuse().s)
	if m.View(); m.scope != keys.Rollback || !strings.Contains(ansi.Strip(m.View().Content), "ROLL BACK") {
		t.Error("a fuse is not drawn at once")
	}
	m, _ = colour(drifting().scene("", "checklist"))
	m.View()
	m.Update(tea.BlurMsg{})
	m.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	m.Update(tea.FocusMsg{})
	if lines := strings.Split(m.View().Content, "\n"); len(lines) != 30 {
		t.Errorf("on coming back %d lines are drawn", len(lines))
	}
}

// The keys of the configuration work, and the screens tell them and not the standard ones.
func TestChangedKeysWorkAndAreTold(t *testing.T) {
	m2, refused := keys.Remap([]keys.Change{{ID: keys.Freeze, Keys: []string{"z"}}, {ID: keys.RollBack, Keys: []string{"R", "f8"}}})
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	sc := holding().scene("", "rollout")
	s := newFake(sc.state, sc.now)
	m := New(s, Options{First: "rollout", Keys: m2})
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 50})
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "z freeze") || strings.Contains(text, "f freeze") {
		t.Error("the footer tells the standard key")
	}
	press1(m, "f")
	if len(s.wanted) != 0 {
		t.Errorf("the standard key still wants %v", s.wanted)
	}
	press1(m, "z")
	if len(s.wanted) != 1 || s.wanted[0] != (run.Freeze{}) {
		t.Errorf("the new key wants %v", s.wanted)
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeyF8})
	if len(s.wanted) != 2 || s.wanted[1] != (run.Rollback{}) {
		t.Errorf("f8 wants %v", s.wanted)
	}
	press1(m, "?")
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "R f8") {
		t.Errorf("the help does not tell f8: %s", text)
	}
}
