package theme

import (
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
)

var statuses = []string{
	"pending", "checking", "passed", "warn", "failed", "unknown", "drifted", "stale", "attested",
	"conflicted", "overridden", "deferred", "not-applicable",
}

func every() map[string]Options {
	return map[string]Options{
		"dark": {Colours: Full}, "light": {Colours: Full, Light: true}, "few": {Colours: Few},
		"few-light": {Colours: Few, Light: true}, "none": {}, "none-ascii": {ASCII: true},
	}
}

func TestGlyphs(t *testing.T) {
	for name, o := range every() {
		t.Run(name, func(t *testing.T) {
			th := New(o)
			var b strings.Builder
			for _, l := range th.Legend() {
				b.WriteString(th.StatusStyle(l.Status).Render(l.Glyph) + " " + PadRight(l.Status, 16) + th.Dim.Render(l.Meaning) + "\n")
			}
			b.WriteString(th.Environment("production", true) + th.Environment("eu live", true) + th.Environment("staging", false) + "\n")
			b.WriteString(th.Key.Render("R") + " " + th.Hint.Render("roll back") + "\n" + th.RuleLine(20) + "\n")
			golden.RequireEqual(t, b.String())
		})
	}
}

// No two states may look alike once colour is gone.
func TestGlyphsDiffer(t *testing.T) {
	for name, o := range every() {
		th := New(o)
		seen := map[string]string{}
		for _, l := range th.Legend() {
			if other, ok := seen[l.Glyph]; ok {
				t.Errorf("%s: %s and %s are both %s", name, other, l.Status, l.Glyph)
			}
			seen[l.Glyph] = l.Status
			if ansi.StringWidth(l.Glyph) != 3 || ansi.StringWidthWc(l.Glyph) != 3 {
				t.Errorf("%s: %s is not three cells wide", name, l.Glyph)
			}
			if o.ASCII && !isASCII(l.Glyph) {
				t.Errorf("%s: %s is not ASCII", name, l.Glyph)
			}
		}
		for _, s := range statuses {
			if signOf(s).meaning == "unknown to this program" {
				t.Errorf("%s has no glyph", s)
			}
		}
	}
	if g := New(Options{}).Glyph("exploded", false); g != "(?)" {
		t.Errorf("a state nobody knows shows as %s", g)
	}
}

func TestNoColourMeansNoColour(t *testing.T) {
	th := New(Options{})
	for _, s := range statuses {
		if m := th.Mark(s, false); strings.Contains(m, "\x1b[3") || strings.Contains(m, "\x1b[9") || strings.Contains(m, ";") {
			t.Errorf("%s has a colour: %q", s, m)
		}
	}
}

func TestProtectedIsSaidByWord(t *testing.T) {
	for name, o := range every() {
		th := New(o)
		if got := ansi.Strip(th.Environment("eu-live", true)); !strings.Contains(got, "EU-LIVE") || !strings.Contains(got, "PROTECTED") {
			t.Errorf("%s: %q", name, got)
		}
		if got := ansi.Strip(th.Environment("production", true)); !strings.Contains(got, "PRODUCTION") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestOverComesBack(t *testing.T) {
	th := New(Options{Colours: Full})
	row := th.Selected.Over("a" + th.Bad.Render("b") + "c")
	if want := th.Selected.On() + "a" + th.Bad.On() + "b" + reset + th.Selected.On() + "c" + reset; row != want {
		t.Errorf("got %q, want %q", row, want)
	}
}

func TestAReversedRowIsOfOnePiece(t *testing.T) {
	th := New(Options{})
	if got, want := th.Selected.Over("a"+th.Bad.Render("b")+"c"), th.Selected.Render("abc"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name    string
		env     map[string]string
		want    Options
		profile colorprofile.Profile
	}{
		{"true colour", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}, Options{Colours: Full}, colorprofile.TrueColor},
		{"256", map[string]string{"TERM": "screen-256color", "LANG": "de_DE.utf8"}, Options{Colours: Full}, colorprofile.ANSI256},
		{"16", map[string]string{"TERM": "xterm", "LANG": "en_US.UTF-8"}, Options{Colours: Few}, colorprofile.ANSI},
		{"a terminal known by name", map[string]string{"TERM": "xterm-kitty", "LANG": "en_US.UTF-8"}, Options{Colours: Full}, colorprofile.TrueColor},
		{"NO_COLOR=1", map[string]string{"TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "1"}, Options{}, colorprofile.ASCII},
		{"NO_COLOR=0", map[string]string{"TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "0"}, Options{}, colorprofile.ASCII},
		{"NO_COLOR=yes", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "NO_COLOR": "yes"}, Options{}, colorprofile.ASCII},
		{"an empty NO_COLOR", map[string]string{"TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": ""}, Options{Colours: Few}, colorprofile.ANSI},
		{"console", map[string]string{"TERM": "linux", "LANG": "C.UTF-8"}, Options{Colours: Few, ASCII: true}, colorprofile.ANSI},
		{"dumb", map[string]string{"TERM": "dumb", "LANG": "C.UTF-8"}, Options{ASCII: true}, colorprofile.ASCII},
		{"nothing", nil, Options{ASCII: true}, colorprofile.ASCII},
		{"Latin 1", map[string]string{"TERM": "xterm", "LANG": "en_US.ISO-8859-1"}, Options{Colours: Few, ASCII: true}, colorprofile.ANSI},
		{"no locale", map[string]string{"TERM": "xterm"}, Options{Colours: Few, ASCII: true}, colorprofile.ANSI},
		{"LC_CTYPE wins over LANG", map[string]string{"TERM": "xterm", "LANG": "C", "LC_CTYPE": "en_GB.UTF-8"}, Options{Colours: Few}, colorprofile.ANSI},
		{"an empty LC_ALL", map[string]string{"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": ""}, Options{Colours: Few}, colorprofile.ANSI},
		{"POSIX", map[string]string{"TERM": "xterm-256color", "LANG": "POSIX"}, Options{Colours: Full, ASCII: true}, colorprofile.ANSI256},
		{"tmux", map[string]string{"TERM": "tmux-256color", "LANG": "C.UTF-8", "TMUX": "/tmp/x,1,0"}, Options{Colours: Full}, colorprofile.ANSI256},
		{"tmux with true colour", map[string]string{"TERM": "tmux-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TMUX": "/tmp/x,1,0"}, Options{Colours: Full}, colorprofile.TrueColor},
		{"screen over ssh", map[string]string{"TERM": "screen", "LANG": "C.UTF-8", "STY": "1.pts"}, Options{Colours: Few}, colorprofile.ANSI},
		{"light by COLORFGBG", map[string]string{"TERM": "xterm", "LANG": "C.UTF-8", "COLORFGBG": "0;15"}, Options{Colours: Few, Light: true}, colorprofile.ANSI},
		{"light by rxvt's COLORFGBG", map[string]string{"TERM": "rxvt", "LANG": "C.UTF-8", "COLORFGBG": "0;default;15"}, Options{Colours: Few, Light: true}, colorprofile.ANSI},
		{"dark by COLORFGBG", map[string]string{"TERM": "xterm", "LANG": "C.UTF-8", "COLORFGBG": "15;0"}, Options{Colours: Few}, colorprofile.ANSI},
		{"a vt220", map[string]string{"TERM": "vt220", "LANG": "C.UTF-8"}, Options{}, colorprofile.ASCII},
		{"an xterm without colour", map[string]string{"TERM": "xterm-m", "LANG": "C.UTF-8"}, Options{}, colorprofile.ASCII},
		{"Windows Terminal", map[string]string{"WT_SESSION": "x"}, Options{Colours: Full}, colorprofile.TrueColor},
		{"console with COLORTERM", map[string]string{"TERM": "linux", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}, Options{Colours: Few, ASCII: true}, colorprofile.ANSI},
		{"LC_ALL wins", map[string]string{"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "C"}, Options{Colours: Few, ASCII: true}, colorprofile.ANSI},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Detect(func(k string) string { return c.env[k] })
			if got.Options() != c.want || got.Profile() != c.profile {
				t.Errorf("got %+v and %v, want %+v and %v", got.Options(), got.Profile(), c.want, c.profile)
			}
		})
	}
}

// What a terminal understands beyond the picture: only what is known, and nothing inside of a multiplexer.
func TestWhatTerminalsUnderstand(t *testing.T) {
	for _, c := range []struct {
		name    string
		env     map[string]string
		telling Telling
		bar     bool
	}{
		{"xterm", map[string]string{"TERM": "xterm-256color"}, Untold, false},
		{"iTerm2", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.6.6"}, OSC9, true},
		{"an older iTerm2", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.5.14"}, OSC9, false},
		{"iTerm2 over ssh", map[string]string{"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2", "LC_TERMINAL_VERSION": "3.6.10"}, OSC9, true},
		{"WezTerm", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20240203-110809-5046fc22"}, OSC9, false},
		{"a newer WezTerm", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20260117-154428"}, OSC9, true},
		{"kitty over ssh", map[string]string{"TERM": "xterm-kitty"}, OSC9, false},
		{"ghostty over ssh", map[string]string{"TERM": "xterm-ghostty"}, OSC9, true},
		{"foot", map[string]string{"TERM": "foot"}, OSC777, false},
		{"GNOME's", map[string]string{"TERM": "xterm-256color", "VTE_VERSION": "7600"}, OSC777, false},
		{"a newer one of GNOME's", map[string]string{"TERM": "xterm-256color", "VTE_VERSION": "8202"}, OSC777, true},
		{"Windows Terminal", map[string]string{"TERM": "xterm-256color", "WT_SESSION": "x"}, Untold, true},
		{"VS Code", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.98.2"}, Untold, true},
		{"an older VS Code", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.96.0"}, Untold, false},
		{"Terminal", map[string]string{"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal", "TERM_PROGRAM_VERSION": "455"}, Untold, false},
		{"tmux that was started in kitty", map[string]string{"TERM": "tmux-256color", "TMUX": "/tmp/x", "KITTY_WINDOW_ID": "1", "LC_TERMINAL": "iTerm2", "LC_TERMINAL_VERSION": "3.6.10"}, Untold, false},
		{"screen", map[string]string{"TERM": "screen", "STY": "1", "TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20260117"}, Untold, false},
		{"console", map[string]string{"TERM": "linux", "LC_TERMINAL": "iTerm2", "LC_TERMINAL_VERSION": "3.6.10"}, Untold, false},
	} {
		got := Detect(func(k string) string { return c.env[k] })
		if got.Telling != c.telling || got.Bar != c.bar {
			t.Errorf("%s: telling %v, bar %v, want %v, %v", c.name, got.Telling, got.Bar, c.telling, c.bar)
		}
	}
	if got := (Terminal{}).Known("tmux 3.4"); !got.Tmux || got.Telling != Untold {
		t.Errorf("a tmux over ssh that says so: %+v", got)
	}
	if got := (Terminal{Telling: OSC9}).Known("XTerm(390)"); got.Telling != OSC9 {
		t.Errorf("an answer that says nothing changed what was known: %+v", got)
	}
	for answer, bar := range map[string]bool{"iTerm2 3.6.6": true, "iTerm2 3.4.19": false, "WezTerm 20240203-110809-5046fc22": false, "ghostty 1.0.1": true, "VTE(8202)": true, "iTerm2": false} {
		if got := (Terminal{}).Known(answer); got.Bar != bar {
			t.Errorf("%s: bar %v", answer, got.Bar)
		}
	}
}
