package keys

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/politicalsphere/sop/ui/theme"
)

var allScopes = Scopes()

func TestNoKeyIsBoundTwiceInAScope(t *testing.T) {
	seen := map[[2]string]ID{}
	for _, b := range Standard().Bindings() {
		for _, s := range b.Scopes {
			if !slices.Contains(allScopes, s) {
				t.Errorf("%s is bound in the unknown scope %s", b.ID, s)
			}
			for _, k := range b.Keys {
				at := [2]string{string(s), k}
				if other, ok := seen[at]; ok {
					t.Errorf("%s is %s and %s in %s", k, other, b.ID, s)
				}
				seen[at] = b.ID
			}
		}
	}
}

func TestRollBackIsInEveryScopeOfARun(t *testing.T) {
	for _, s := range RunScopes() {
		if id, ok := Standard().Match(s, "R"); !ok || id != RollBack {
			t.Errorf("R in %s is %q", s, id)
		}
	}
	for _, s := range []Scope{Text, Palette, Form, Begin, Home} {
		if id, ok := Standard().Match(s, "R"); ok && (s != Home || id != ToRollback) {
			t.Errorf("R in %s is %q", s, id)
		}
	}
}

func TestWhatActsIsNoControlCombination(t *testing.T) {
	for _, b := range Standard().Bindings() {
		for _, k := range b.Keys {
			if b.Acts && (strings.Contains(k, "ctrl") || strings.Contains(k, "alt")) {
				t.Errorf("%s acts on %s", b.ID, k)
			}
		}
	}
	for _, id := range []ID{RollBack, Burn, Freeze, Resume, Abort, Override} {
		if !slices.ContainsFunc(bindings, func(b Binding) bool { return b.ID == id && b.Acts }) {
			t.Errorf("%s is not marked as acting", id)
		}
	}
}

func TestTextStaysText(t *testing.T) {
	for _, b := range Standard().Bindings() {
		for _, s := range b.Scopes {
			for _, k := range b.Keys {
				if (s == Text || s == Palette || s == Form) && (utf8.RuneCountInString(k) == 1 || k == "space") {
					t.Errorf("%q cannot be typed in %s: it is %s", k, s, b.ID)
				}
			}
		}
	}
}

// Every key is spelt as Bubble Tea spells it, and every scope has a way out.
func TestKeysAreThoseOfTheTerminal(t *testing.T) {
	press := map[string]tea.KeyPressMsg{
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab}, "space": {Code: tea.KeySpace, Text: " "},
		"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
		"R": {Code: 'r', Text: "R", Mod: tea.ModShift, ShiftedCode: 'R'},
	}
	for _, b := range Standard().Bindings() {
		for _, k := range b.Keys {
			msg, known := press[k]
			if !known && utf8.RuneCountInString(k) == 1 {
				msg, known = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}, true
			}
			if !known || msg.String() != k {
				t.Errorf("%s: the terminal never sends %q (%q)", b.ID, k, msg.String())
			}
		}
	}
	for _, s := range allScopes {
		if _, ok := Standard().Match(s, "esc"); !ok {
			t.Errorf("%s has no esc", s)
		}
		if id, ok := Standard().Match(s, "ctrl+c"); !ok || id != Quit {
			t.Errorf("%s has no ctrl+c", s)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		scope Scope
		key   string
		want  ID
	}{
		{Checklist, "j", Down},
		{Checklist, "space", Attest},
		{Checklist, "r", Recheck},
		{Watch, "left", Left},
		{Rollout, "3", GoTo + ID(Watch)},
		{Rollout, "w", GoTo + ID(Watch)},
		{Fuse, "enter", Burn},
		{Fuse, "esc", TakeBack},
		{Confirm, "y", Yes},
		{Checklist, "y", Copy},
		{Home, "q", Quit},
		{HelpPage, "q", Back},
		{Text, "enter", Accept},
	} {
		if id, ok := Standard().Match(c.scope, c.key); !ok || id != c.want {
			t.Errorf("Standard().Match(%s, %s) = %q, %v, want %q", c.scope, c.key, id, ok, c.want)
		}
	}
	for _, c := range [][2]string{{"checklist", "ctrl+k"}, {"checklist", ""}, {"nowhere", "R"}, {"text", "q"}} {
		if id, ok := Standard().Match(Scope(c[0]), c[1]); ok {
			t.Errorf("Standard().Match(%s, %s) = %q, want nothing", c[0], c[1], id)
		}
	}
}

func TestTarget(t *testing.T) {
	for i, want := range screens {
		id, _ := Standard().Match(Watch, string(rune('1'+i)))
		if got, ok := Target(id); !ok || got != want {
			t.Errorf("key %d goes to %q, want %q", i+1, got, want)
		}
	}
	if s, ok := Target(RollBack); ok {
		t.Errorf("rolling back goes to the screen %q", s)
	}
}

func TestFooters(t *testing.T) {
	th := theme.New(theme.Options{})
	var b strings.Builder
	for _, width := range []int{60, 80, 120, 200} {
		for _, s := range allScopes {
			line := ansi.Strip(Standard().Footer(th, s, width, nil))
			if w := ansi.StringWidth(line); w > width {
				t.Errorf("%s at %d: %d cells", s, width, w)
			}
			if slices.Contains(RunScopes(), s) && s != Fuse && !strings.Contains(line, "R roll back") {
				t.Errorf("%s at %d does not tell how to roll back: %q", s, width, line)
			}
			b.WriteString(strings.TrimRight(string(s)+" "+line, " ") + "\n")
		}
	}
	golden.RequireEqual(t, b.String())
}

func TestFooterShowsOnlyWhatWorks(t *testing.T) {
	line := ansi.Strip(Standard().Footer(theme.New(theme.Options{}), Checklist, 200, func(id ID) bool { return id != Attest }))
	if strings.Contains(line, "attest") || !strings.Contains(line, "override") {
		t.Errorf("got %q", line)
	}
	if line := ansi.Strip(Standard().Footer(theme.New(theme.Options{}), Watch, 200, nil)); strings.Contains(line, "w watch") {
		t.Errorf("the watch shows the way to itself: %q", line)
	}
}

func TestHelp(t *testing.T) {
	th := theme.New(theme.Options{})
	var b strings.Builder
	for _, s := range allScopes {
		b.WriteString(string(s) + "\n")
		for _, width := range []int{20, 40, 78} {
			for _, line := range Standard().RenderHelp(th, s, width) {
				if w := ansi.StringWidth(line); w > width {
					t.Errorf("%s at %d: %d cells: %q", s, width, w, line)
				}
				if width == 78 {
					b.WriteString(strings.TrimRight(ansi.Strip(line), " ") + "\n")
				}
			}
		}
	}
	golden.RequireEqual(t, b.String())
}

// Whatever is bound is told on the help page, by itself or by the binding before it.
func TestHelpTellsEverything(t *testing.T) {
	for i, b := range bindings {
		if b.Help == "" && b.ID != Quit && (i == 0 || bindings[i-1].Help == "" || !slices.Equal(bindings[i-1].Scopes, b.Scopes)) {
			t.Errorf("%s in %v is told nowhere", b.ID, b.Scopes)
		}
	}
}
