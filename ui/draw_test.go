package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// looks are the terminals in which the pictures must hold.
func looks() map[string]theme.Terminal {
	return map[string]theme.Terminal{
		"colour": {Colours: theme.Full, Many: true, True: true, UTF8: true},
		"ascii":  {},
	}
}

func open(sc scene, look theme.Terminal, w, h int) (*Model, *fake) { return openIn(sc, look, "", w, h) }

func openIn(sc scene, look theme.Terminal, background string, w, h int) (*Model, *fake) {
	s := newFake(sc.state, sc.now)
	m := New(s, Options{Cluster: "eks-prod/production", First: sc.screen, Terminal: &look, Theme: background})
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	press1(m, sc.keys...)
	return m, s
}

// show draws a model with the blanks at line ends made visible by their absence.
func show(m *Model) string {
	var b strings.Builder
	for line := range strings.SplitSeq(m.View().Content, "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// sizes are those of the pictures; the first is the smallest terminal that is drawn in.
var sizes = [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 50}}

// TestScreens compares what every scene says at every size, without its colours.
func TestScreens(t *testing.T) {
	for _, sc := range append(scenes(), opened()...) {
		t.Run(sc.name, func(t *testing.T) {
			var b strings.Builder
			for _, size := range sizes {
				m, _ := open(sc, looks()["colour"], size[0], size[1])
				fmt.Fprintf(&b, "%d×%d\n%s", size[0], size[1], ansi.Strip(show(m)))
			}
			golden.RequireEqual(t, b.String())
		})
	}
}

// profiles are what terminals can do, from the least.
var profiles = []struct {
	name     string
	terminal theme.Terminal
}{
	{"ascii", theme.Terminal{}},
	{"16", theme.Terminal{Colours: theme.Few, UTF8: true}},
	{"true", theme.Terminal{Colours: theme.Full, Many: true, True: true, UTF8: true}},
}

// styled are scenes of which every look is compared, one for each screen.
var styled = []string{"drift", "stuck", "tripped", "late", "rolled-back", "commands"}

// TestLooks compares one scene of each screen in every terminal: three sizes, three profiles, two backgrounds.
func TestLooks(t *testing.T) {
	for _, sc := range scenes() {
		if !slices.Contains(styled, sc.name) {
			continue
		}
		for _, p := range profiles {
			for _, background := range []string{"dark", "light"} {
				t.Run(sc.name+"/"+p.name+"-"+background, func(t *testing.T) {
					var b strings.Builder
					for _, size := range sizes[1:] {
						m, _ := openIn(sc, p.terminal, background, size[0], size[1])
						fmt.Fprintf(&b, "%d×%d\n%s", size[0], size[1], looksOf(m.View().Content))
						if p.name == "ascii" && background == "dark" {
							b.WriteString(ansi.Strip(show(m)))
						}
					}
					golden.RequireEqual(t, b.String())
				})
			}
		}
	}
}

// looksOf is the style of every cell of a picture: for each line the style of each run of cells, and how many they are.
// What stands in them is compared elsewhere, but for a terminal without Unicode, where it is another text.
func looksOf(content string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(content, "\n") {
		style, n := "", 0
		flush := func() {
			if n > 0 {
				fmt.Fprintf(&b, "%s×%d ", strings.TrimSuffix(strings.TrimPrefix(style, "\x1b["), "m"), n)
			}
			n = 0
		}
		for state := byte(0); line != ""; {
			seq, width, size, next := ansi.DecodeSequence(line, state, nil)
			if width == 0 && strings.HasPrefix(seq, "\x1b[") {
				flush()
				style = seq
			}
			n, state, line = n+width, next, line[size:]
		}
		flush()
		b.WriteString("\n")
	}
	return b.String()
}

// checkPicture is what holds for every picture at every size.
func checkPicture(t *testing.T, what string, m *Model, w, h int) {
	t.Helper()
	lines := strings.Split(m.View().Content, "\n")
	if len(lines) > h {
		t.Fatalf("%s at %d×%d: %d lines", what, w, h, len(lines))
	}
	for i, l := range lines {
		if n := max(ansi.StringWidth(l), ansi.StringWidthWc(l)); n > w {
			t.Fatalf("%s at %d×%d: line %d has %d cells: %q", what, w, h, i+1, n, ansi.Strip(l))
		}
	}
	text := ansi.Strip(strings.Join(lines, "\n"))
	for r := range strings.SplitSeq(text, "") {
		if r != "\n" && (r < " " || r >= "\x7f" && r < "\u00a0" || r >= "\u202a" && r <= "\u202e") {
			t.Fatalf("%s at %d×%d: control character %q", what, w, h, r)
		}
	}
	if m.scope == keys.WatchOnly {
		return // there is neither a lamp nor a way back
	}
	if w >= 12 && !strings.Contains(text, "R ") || w >= 40 && m.state.Ended.IsZero() && !strings.Contains(text, "armed") && !screen.RollbackLive(m.state) {
		t.Fatalf("%s at %d×%d: the lamp is not to be seen\n%s", what, w, h, text)
	}
	if w < screen.MinWidth || h < screen.MinHeight {
		return
	}
	if !strings.Contains(text, "PRODUCTION") {
		t.Fatalf("%s at %d×%d: the environment is not to be seen\n%s", what, w, h, text)
	}
	hint := "R roll back"
	if screen.FuseLive(m.state) {
		hint = "take it back"
	}
	if phase := phaseWord(m); phase != "" && !strings.Contains(text, m.th.Encode(phase)) {
		t.Fatalf("%s at %d×%d: the phase %q is not to be seen\n%s", what, w, h, phase, text)
	}
	if alarm := alarmWord(m); alarm != "" && !strings.Contains(text, m.th.Encode(alarm)) {
		t.Fatalf("%s at %d×%d: %q is not to be seen\n%s", what, w, h, alarm, text)
	}
	if m.state.Ended.IsZero() && m.dialog == nil && !strings.Contains(text, hint) {
		t.Fatalf("%s at %d×%d: no hint how to roll back\n%s", what, w, h, text)
	}
}

// phaseWord is what must be read wherever the checklist is in sight: the number of the phase that is looked at.
func phaseWord(m *Model) string {
	if m.scope != keys.Checklist || m.help || m.dialog != nil || m.list.Phase >= len(screen.Phases(m.state)) {
		return ""
	}
	return fmt.Sprintf("▸%d ", m.list.Phase+1)
}

// alarmWord is the sign that must be read on every screen while something is wrong.
func alarmWord(m *Model) string {
	for _, t := range m.state.Envs["production"].Triggers {
		if t.State == run.TriggerTripped {
			return "✖"
		}
	}
	if screen.RollbackLive(m.state) {
		return "R ●"
	}
	return ""
}

// edges are the sizes at which a layout changes, and those just before and after.
var edges = [][2]int{
	{1, 1},
	{3, 2},
	{12, 5},
	{20, 5},
	{40, 10},
	{59, 16},
	{60, 15},
	{60, 16},
	{61, 17},
	{75, 18},
	{79, 19},
	{80, 20},
	{80, 24},
	{99, 24},
	{100, 28},
	{119, 26},
	{120, 25},
	{120, 31},
	{139, 30},
	{140, 26},
	{149, 40},
	{150, 40},
	{159, 45},
	{160, 43},
	{160, 44},
	{160, 45},
	{200, 50},
	{220, 60},
	{250, 70},
}

// all are the scenes and those that mean harm.
func all() []scene { return slices.Concat(scenes(), opened(), []scene{hostile(), hostileChecks()}) }

func TestEverySize(t *testing.T) {
	look := looks()["colour"]
	for _, sc := range all() {
		for _, size := range edges {
			m, _ := open(sc, look, size[0], size[1])
			checkPicture(t, sc.name, m, size[0], size[1])
		}
	}
}

// TestAnySize goes anywhere on any screen at any size, and changes the size on the way.
func TestAnySize(t *testing.T) {
	list := all()
	terminals := slices.Collect(maps.Values(looks()))
	rapid.Check(t, func(rt *rapid.T) {
		sc := rapid.SampledFrom(list).Draw(rt, "scene")
		look := rapid.SampledFrom(terminals).Draw(rt, "terminal")
		size := func() (w, h int) {
			return rapid.IntRange(20, 220).Draw(rt, "width"), rapid.IntRange(5, 60).Draw(rt, "height")
		}
		w, h := size()
		m, _ := open(sc, look, w, h)
		checkPicture(t, sc.name, m, w, h)
		for range rapid.IntRange(0, 6).Draw(rt, "presses") {
			key := rapid.SampledFrom([]string{
				"c", "p", "w", "b", "v", "x", "tab", "?", "g", "n", "s", ":", "o", "esc", "down", "pgdown", "end", "left", "right", "enter", "space", "/",
			}).Draw(rt, "key")
			press1(m, key)
			checkPicture(t, sc.name+" after "+key, m, w, h)
		}
		w, h = size()
		m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		checkPicture(t, sc.name+" made another size", m, w, h)
	})
}

// hostile is a run whose every foreign text wants to take over the terminal.
func hostile() scene {
	evil := "a\x1b]0;pwned\x07\x1b[2J\u202e\u0085\u200b日本👩‍👩‍👧‍👦\x9b31m\nb\tc"
	p := stuck()
	sc := p.scene("hostile", "rollout")
	s := sc.state
	plan := *s.Plan
	rb := *plan.Runbook
	rb.Metadata.Title = evil
	rb.Phases = append(rb.Phases[:0:0], rb.Phases...)
	for i := range rb.Phases {
		ph := &rb.Phases[i]
		ph.Title, ph.Group = ph.Title+evil, evil
		ph.Sections = append(ph.Sections[:0:0], ph.Sections...)
		for j := range ph.Sections {
			sec := &ph.Sections[j]
			sec.Title = evil
			sec.Steps = append(sec.Steps[:0:0], sec.Steps...)
			for k := range sec.Steps {
				st := &sec.Steps[k]
				st.Title, st.Text, st.How, st.Why, st.Owner = st.Title+evil, evil, evil, evil, evil
			}
		}
	}
	plan.Runbook = &rb
	plan.Inputs = map[string]string{"version": evil}
	s.Plan, s.Operator = &plan, evil
	env := s.Envs["production"]
	env.Components = map[string]run.ComponentState{}
	for name, c := range s.Envs["production"].Components {
		c.Progress.Image = "registry.example/x:" + evil
		c.Progress.Pods = append(c.Progress.Pods, run.Pod{Name: evil, State: evil})
		env.Components[name] = c
	}
	for i := range env.Pins {
		env.Pins[i].ReplicaSet, env.Pins[i].Image, env.Pins[i].Digests = evil, evil, []string{evil}
	}
	s.Envs["production"] = env
	s.Notice = run.Notice{At: sc.now, Text: run.MakeSafe(evil, 300)}
	sc.state = s
	return sc
}

func TestTooSmallStillRollsBack(t *testing.T) {
	for _, sc := range scenes() {
		if !sc.state.Ended.IsZero() || screen.RollbackLive(sc.state) {
			continue
		}
		m, s := open(sc, looks()["colour"], 40, 10)
		text := ansi.Strip(m.View().Content)
		if !strings.Contains(text, "too small") || !strings.Contains(text, "R rolls back") || !strings.Contains(text, "armed") {
			t.Errorf("%s: %s", sc.name, text)
		}
		press1(m, "n")
		if text := ansi.Strip(m.View().Content); !strings.Contains(text, "esc, then R") {
			t.Errorf("%s: %s", sc.name, text)
		}
		press1(m, "esc", "R")
		if len(s.wanted) != 1 || s.wanted[0] != (run.Rollback{}) {
			t.Errorf("%s: R wanted %v", sc.name, s.wanted)
		}
	}
}

func TestPracticeAndProtectionAreSaidByWord(t *testing.T) {
	for name, look := range looks() {
		for _, w := range []int{60, 80, 120, 200} {
			s := newFake(drifting().s, noon)
			m := New(s, Options{Practice: true, Speed: 10, Terminal: &look})
			m.Update(tea.WindowSizeMsg{Width: w, Height: 24})
			if text := ansi.Strip(m.View().Content); !strings.Contains(text, "PRACTICE") || !strings.Contains(text, "PRODUCTION") {
				t.Errorf("%s at %d: %s", name, w, text)
			}
		}
	}
}

func BenchmarkView(b *testing.B) {
	for _, sc := range scenes() {
		m, _ := open(sc, looks()["colour"], 200, 50)
		b.Run("dirty/"+sc.name, func(b *testing.B) {
			for b.Loop() {
				m.dirty = true
				m.View()
			}
		})
	}
	long := rolledBack().scene("long", "report")
	for i := range 460 {
		long.state.Log = append(long.state.Log, run.Line{At: noon, Text: run.Safe(fmt.Sprintf("%d: postgres, redis, queue answer; every service has a ready address", i))})
	}
	m, _ := open(long, looks()["colour"], 200, 50)
	b.Run("dirty/long-report", func(b *testing.B) {
		for b.Loop() {
			m.dirty = true
			m.View()
		}
	})
	p := many()
	m, s := open(p.scene("calls", "commands"), looks()["colour"], 200, 50)
	for range 700 {
		s.tell(m, p.wait(time.Second).look("tests", 1, answer("nodes", run.Passed, "9 of 9")).s)
	}
	b.Run("dirty/long-commands", func(b *testing.B) {
		for b.Loop() {
			m.dirty = true
			m.View()
		}
	})
	b.Run("observe", func(b *testing.B) {
		for b.Loop() {
			m.log.Observe(p.s, p.s)
		}
	})
	m, _ = open(scenes()[0], looks()["colour"], 200, 50)
	m.View()
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			m.View()
		}
	})
}

// What stands beside a dialog stays where it was: a person who opens the gate goes on reading.
func TestADialogMovesNothingBesideIt(t *testing.T) {
	for _, size := range [][2]int{{100, 30}, {120, 40}, {160, 45}, {200, 50}} {
		for _, key := range []string{"g", ":", "o"} {
			m, _ := open(drifting().scene("", "checklist"), looks()["colour"], size[0], size[1])
			column := func() (at int) {
				for line := range strings.SplitSeq(ansi.Strip(m.View().Content), "\n") {
					if i := strings.Index(line, "Infrastructure Ready"); i >= 0 {
						return i
					}
				}
				return -1
			}
			before := column()
			press1(m, key)
			if after := column(); before < 0 || after != before {
				t.Errorf("at %d×%d, %s moves the list from byte %d to %d of its line", size[0], size[1], key, before, after)
			}
		}
	}
}
