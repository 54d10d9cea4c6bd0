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
