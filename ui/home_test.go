package ui

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// shelfOf is a Shelf of made-up things.
type shelfOf struct {
	mu     sync.Mutex
	now    time.Time
	runs   []RunCard
	sites  []string
	broken bool
	attach bool
}

func (s *shelfOf) Runbooks() []RunbookCard {
	cards := []RunbookCard{
		{Name: "deployment", Title: "Deployment SOP", Version: "1.0.0", Owner: "DevOps Team", Ships: true, Steps: 35, Environments: []string{"staging", "production"}, Phases: []string{"Prerequisites", "Pre-Deployment Checklist", "Phase 1: Staging Deployment", "Phase 2: Production Deployment"}},
		{Name: "ours.yaml", Title: "Shop release", Version: "2.1.0", Owner: "Shop", Steps: 12, Environments: []string{"production"}, Phases: []string{"All of it"}},
	}
	if s.broken {
		cards = append(cards, RunbookCard{Name: "broken.yaml", Problem: `broken.yaml:3:5: error: unknown key "titel" in metadata (did you mean "title"?)`})
	}
	return cards
}

func (s *shelfOf) Drills() []DrillCard {
	return []DrillCard{{"tuesday", "A release on a Tuesday morning", 1}, {"thursday", "A release on a Thursday afternoon", 2}, {"wednesday", "A release on a Wednesday before lunch", 2}}
}

func (s *shelfOf) Runs() ([]RunCard, error) { return s.runs, nil }

func (s *shelfOf) Sites() []string { return s.sites }

func (s *shelfOf) Attaches() bool { return s.attach }

func (s *shelfOf) Operator() string { return "alice" }

func (s *shelfOf) Now() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *shelfOf) pass(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.now = s.now.Add(d) }

func (s *shelfOf) Runbook(name string, sites []string) (*runbook.Runbook, []runbook.Problem) {
	if name == "broken.yaml" {
		return nil, []runbook.Problem{{File: name, Line: 3, Column: 5, Severity: runbook.SeverityError, Message: "unknown key"}}
	}
	rb := &runbook.Runbook{Metadata: runbook.Metadata{Name: "deployment", Title: "Deployment SOP"}}
	half := "30m"
	rb.Inputs = mapOf(pair[runbook.Input]{"version", runbook.Input{Title: "Version to deploy", Pattern: `^v[0-9]+\.[0-9]+\.[0-9]+$`, Required: true}}, pair[runbook.Input]{"watch", runbook.Input{Title: "How long production is watched", Type: "duration", Default: &half}})
	rb.Environments = mapOf(pair[runbook.Environment]{"staging", runbook.Environment{Namespace: "staging"}}, pair[runbook.Environment]{"production", runbook.Environment{Namespace: "shop", Protected: true}})
	rb.Phases = []runbook.Phase{{ID: "p", Title: "Production", Environment: "production"}}
	return rb, nil
}

type pair[V any] struct {
	name  string
	value V
}

func mapOf[V any](pairs ...pair[V]) (m runbook.Map[V]) {
	for _, p := range pairs {
		m.Set(p.name, p.value)
	}
	return m
}

// forty are runs of all kinds.
func forty() (list []RunCard) {
	score := 87
	for i := range 40 {
		c := RunCard{
			ID: fmt.Sprintf("01K0000000000000000000%04d", i), Runbook: "deployment", Environment: "production", Operator: "alice",
			At: noon.Add(-time.Duration(i*7) * time.Hour), Ended: true, Lasted: time.Duration(41+i) * time.Minute, Outcome: run.Completed,
		}
		switch i % 5 {
		case 1:
			c.Outcome = run.RolledBack
		case 2:
			c.Practice, c.Score = "tuesday", &score
		case 3:
			c.Outcome, c.Practice = run.RunFailed, "wednesday"
		}
		switch i {
		case 0:
			c.Ended, c.Outcome, c.PID = false, "", 4711
		case 5:
			c.Ended, c.Outcome = false, ""
		case 9:
			c.Damage = "line 12 at offset 4021: its hash does not match"
		}
		list = append(list, c)
	}
	return list
}

// playHome runs commands as Bubble Tea does and gives back what comes of them, until all wait for time to pass.
func playHome(h *Home, cmds ...tea.Cmd) {
	got := make(chan tea.Msg, 1000)
	start := func(cmd tea.Cmd) {
		if cmd != nil {
			go func() { got <- cmd() }()
		}
	}
	for _, c := range cmds {
		start(c)
	}
	for range 200 {
		synctest.Wait()
		select {
		case msg := <-got:
			for _, c := range several(msg) {
				start(c)
			}
			if several(msg) == nil && msg != nil {
				_, cmd := h.Update(msg)
				start(cmd)
			}
		default:
			return
		}
	}
}

// several are the commands of a batch or a sequence.
func several(msg tea.Msg) (cmds []tea.Cmd) {
	v := reflect.ValueOf(msg)
	if !v.IsValid() || v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return nil
	}
	cmds = []tea.Cmd{nil}
	for i := range v.Len() {
		cmds = append(cmds, v.Index(i).Interface().(tea.Cmd))
	}
	return cmds
}

func openHome(s *shelfOf, look theme.Terminal, w, h int) *Home {
	if s.now.IsZero() {
		s.now = noon
	}
	home := NewHome(s, Options{Terminal: &look, Theme: "dark", Mouse: true})
	playHome(home, home.Init())
	home.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return home
}

func pressHome(h *Home, names ...string) {
	for _, n := range names {
		_, cmd := h.Update(keyNamed(n))
		playHome(h, cmd)
	}
}

func typeHome(h *Home, text string) {
	for _, r := range text {
		pressHome(h, string(r))
	}
}

func picture(h *Home) string {
	var b strings.Builder
	for l := range strings.SplitSeq(h.View().Content, "\n") {
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	return b.String()
}

func colourful() theme.Terminal { return looks()["colour"] }

// bubble runs a test with a clock of its own. In the end the cursors of the fields blink their last.
func bubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			defer func() { <-time.After(time.Minute) }()
			f(t)
		})
	})
}

func TestHomePictures(t *testing.T) {
	shelves := map[string]func() *shelfOf{
		"new":   func() *shelfOf { return &shelfOf{} },
		"forty": func() *shelfOf { return &shelfOf{runs: forty(), sites: []string{"acme.site.yaml"}, broken: true} },
	}
	for what, shelf := range shelves {
		for name, look := range looks() {
			for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 50}} {
				bubble(t, fmt.Sprintf("%s/%s/%dx%d", what, name, size[0], size[1]), func(t *testing.T) {
					golden.RequireEqual(t, picture(openHome(shelf(), look, size[0], size[1])))
				})
			}
		}
	}
	ways := map[string][]string{
		"form": {"enter"}, "drill": {"tab", "enter"}, "rollback": {"R"}, "help": {"?"}, "palette": {":"}, "filter": {"/", "t", "u", "e"}, "past": {"end"},
	}
	for name, way := range ways {
		for _, size := range [][2]int{{80, 24}, {120, 40}} {
			bubble(t, fmt.Sprintf("%s/%dx%d", name, size[0], size[1]), func(t *testing.T) {
				h := openHome(shelves["forty"](), looks()["ascii"], size[0], size[1])
				pressHome(h, "tab")
				pressHome(h, way...)
				golden.RequireEqual(t, picture(h))
			})
		}
	}
}

func TestTheFirstPictureWaitsForNothing(t *testing.T) {
	h := NewHome(&shelfOf{now: noon}, Options{})
	h.Init()
	if text := ansi.Strip(h.View().Content); !strings.Contains(text, "looking …") || !strings.Contains(text, "Start a run") {
		t.Error(text)
	}
}

func TestChoices(t *testing.T) {
	wait := func(h *Home) { h.shelf.(*shelfOf).pass(time.Second) }
	for _, c := range []struct {
		name string
		do   func(h *Home)
		want Choice
	}{
		{"nothing", func(h *Home) { pressHome(h, "down", "up", "tab") }, Choice{}},
		{"a run", func(h *Home) {
			pressHome(h, "tab", "enter", "enter", "enter")
			typeHome(h, "v1.4.2")
			pressHome(h, "enter", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"run", "deployment", "-e", "production", "--set", "version=v1.4.2"}}},
		{"a run on staging with a site file and a shorter watch", func(h *Home) {
			pressHome(h, "tab", "enter", "space", "enter", "up", "enter")
			typeHome(h, "v1.4.2")
			pressHome(h, "enter", "down", "enter", "ctrl+u")
			typeHome(h, "2m")
			pressHome(h, "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"run", "deployment", "--values", "acme.site.yaml", "-e", "staging", "--set", "version=v1.4.2", "--set", "watch=2m"}}},
		{"a version that does not match", func(h *Home) {
			pressHome(h, "tab", "enter", "enter", "enter")
			typeHome(h, "1.4.2")
			pressHome(h, "enter", "enter", "enter")
			wait(h)
			pressHome(h, "enter", "enter")
		}, Choice{}},
		{"enter, held", func(h *Home) {
			pressHome(h, "tab", "tab", "enter", "enter", "enter", "enter", "enter", "enter")
		}, Choice{}},
		{"a drill", func(h *Home) {
			pressHome(h, "tab", "tab", "down", "enter", "up", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"practice", "thursday", "--speed", "10"}}},
		{"only roll back", func(h *Home) {
			pressHome(h, "R", "enter", "enter", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"rollback", "deployment", "-e", "production"}}},
		{"R, held", func(h *Home) { pressHome(h, "R", "R", "R", "R", "R", "R") }, Choice{}},
		{"resume", func(h *Home) {
			pressHome(h, "home", "down", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"resume", "01K00000000000000000000005"}}},
		{"a live run that cannot be attached to", func(h *Home) {
			pressHome(h, "home", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{}},
		{"a live run", func(h *Home) {
			h.shelf.(*shelfOf).attach = true
			pressHome(h, "home", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"attach", "01K00000000000000000000000"}}},
		{"a report", func(h *Home) { pressHome(h, "end", "enter") }, Choice{Report: "01K00000000000000000000039"}},
		{"back out of a form", func(h *Home) { pressHome(h, "tab", "enter", "esc", "R", "esc") }, Choice{}},
		{"by the palette", func(h *Home) {
			pressHome(h, ":")
			typeHome(h, "rolled")
			pressHome(h, "enter", "enter", "enter", "enter")
			wait(h)
			pressHome(h, "enter")
		}, Choice{Args: []string{"rollback", "deployment", "-e", "production"}}},
	} {
		bubble(t, c.name, func(t *testing.T) {
			h := openHome(&shelfOf{runs: forty(), sites: []string{"acme.site.yaml"}}, colourful(), 80, 24)
			c.do(h)
			if !reflect.DeepEqual(h.choice, c.want) {
				t.Errorf("chose %+v, want %+v\n%s", h.choice, c.want, ansi.Strip(h.View().Content))
			}
		})
	}
}

func TestWhatIsWrongIsSaidInWords(t *testing.T) {
	bubble(t, "input", func(t *testing.T) {
		h := openHome(&shelfOf{}, colourful(), 80, 24)
		pressHome(h, "enter", "enter", "enter")
		if text := ansi.Strip(h.View().Content); !strings.Contains(text, "version is needed") {
			t.Error(text)
		}
		typeHome(h, "x")
		pressHome(h, "enter")
		if text := ansi.Strip(h.View().Content); !strings.Contains(text, `"x" does not match ^v`) || !strings.Contains(text, "--set version=x") {
			t.Error(text)
		}
	})
	bubble(t, "runbook", func(t *testing.T) {
		h := openHome(&shelfOf{broken: true}, colourful(), 80, 24)
		pressHome(h, "down", "down", "enter")
		if text := ansi.Strip(h.View().Content); !strings.Contains(text, "it cannot be run: broken.yaml:3:5") || h.form != nil {
			t.Error(text)
		}
	})
	bubble(t, "runs", func(t *testing.T) {
		h := openHome(&shelfOf{}, colourful(), 80, 24)
		h.Update(runsMsg{err: errors.New("list runs: permission denied")})
		if text := ansi.Strip(h.View().Content); !strings.Contains(text, "permission denied") {
			t.Error(text)
		}
	})
}

// Random keys, pastes and clicks at machine speed: nothing is chosen but by enter, on a question that stood there for a
// while or on a past run; and R leads to the rollback's question from the list.
func TestRandomKeysChooseNothingUnasked(t *testing.T) {
	var names []string
	for _, scope := range []keys.Scope{keys.Home, keys.Form, keys.Begin} {
		for _, b := range keys.Standard().Bindings() {
			if slices.Contains(b.Scopes, scope) {
				names = append(names, b.Keys...)
			}
		}
	}
	names = append(names, "x", "v", "1", ".", "space", "enter", "enter", "esc")
	bubble(t, "", func(t *testing.T) {
		rapid.Check(struct{ rapid.TB }{t}, func(t *rapid.T) { // without a deadline, which a bubble has none of
			s := &shelfOf{runs: forty(), sites: []string{"acme.site.yaml"}, broken: true, attach: rapid.Bool().Draw(t, "attach")}
			h := openHome(s, colourful(), 80, 24)
			for range rapid.IntRange(1, 25).Draw(t, "keys") {
				s.pass(time.Duration(rapid.IntRange(0, 700).Draw(t, "ms")) * time.Millisecond)
				var msg tea.Msg = keyNamed(rapid.SampledFrom(names).Draw(t, "key"))
				switch rapid.IntRange(0, 9).Draw(t, "what") {
				case 0:
					msg = tea.PasteMsg{Content: "R\r\nenter\x1b[13~y"}
				case 1:
					msg = tea.MouseClickMsg{X: 3, Y: rapid.IntRange(0, 24).Draw(t, "y"), Button: tea.MouseLeft}
				}
				scope := h.scope()
				stood := h.form != nil && s.Now().Sub(h.form.opened) >= grace
				_, cmd := h.Update(msg)
				playHome(h, cmd)
				key, _ := msg.(tea.KeyPressMsg)
				switch {
				case h.choice.Args != nil && (scope != keys.Begin || key.String() != "enter" || !stood):
					t.Fatalf("%T %v in %s chose %v", msg, msg, scope, h.choice.Args)
				case h.choice.Report != "" && (scope != keys.Home && scope != keys.Palette || key.String() != "enter"):
					t.Fatalf("%T %v in %s chose the report %s", msg, msg, scope, h.choice.Report)
				case scope == keys.Home && key.String() == "R" && (h.form == nil || h.form.verb != "rollback"):
					t.Fatalf("R did not lead to the rollback: %+v", h.form)
				}
				if h.choice.Args != nil || h.choice.Report != "" {
					return
				}
			}
			h.View()
		})
	})
}

func TestAPasteAtHomeIsText(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		h := openHome(&shelfOf{}, colourful(), 80, 24)
		_, cmd := h.Update(tea.PasteMsg{Content: "R\nq"})
		playHome(h, cmd)
		if h.form != nil || h.filter != "" {
			t.Errorf("a paste opened %+v", h.form)
		}
		pressHome(h, "enter", "enter")
		_, cmd = h.Update(tea.PasteMsg{Content: "v1.4.2\n\x1b[31m"})
		playHome(h, cmd)
		if got := *h.form.inputs["version"]; !strings.HasPrefix(got, "v1.4.2") || strings.ContainsAny(got, "\x1b\n") {
			t.Errorf("pasted %q", got)
		}
		if h.form.ready() {
			t.Error("the newline of a paste was taken for enter")
		}
	})
}

func TestHomeEverySize(t *testing.T) {
	for w := 1; w <= 220; w += 31 {
		for h := 1; h <= 60; h += 9 {
			bubble(t, fmt.Sprintf("%dx%d", w, h), func(t *testing.T) {
				m := openHome(&shelfOf{runs: forty(), broken: true, sites: []string{"a.site.yaml"}}, colourful(), w, h)
				for _, way := range []string{"down", "enter", "esc", "R", "esc", "?", "esc", ":"} {
					pressHome(m, way)
					lines := strings.Split(m.View().Content, "\n")
					if len(lines) > h {
						t.Fatalf("after %s: %d lines", way, len(lines))
					}
					for _, l := range lines {
						if n := max(ansi.StringWidth(l), ansi.StringWidthWc(l)); n > w {
							t.Fatalf("after %s: %d cells: %q", way, n, ansi.Strip(l))
						}
					}
				}
			})
		}
	}
}

func TestHomeIsSafe(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		evil := "a\x1b]0;pwned\x07\x1b[2J\u202e\nb"
		s := &shelfOf{runs: []RunCard{{ID: "01K", Runbook: evil, Environment: evil, Operator: evil, At: noon}}, sites: []string{evil}}
		h := openHome(s, colourful(), 120, 40)
		h.Update(runbooksMsg{list: []RunbookCard{{Name: evil, Title: evil, Owner: evil, Phases: []string{evil}, Environments: []string{evil}}}, sites: []string{evil}})
		h.Update(drillsMsg{list: []DrillCard{{Name: evil, Title: evil, Difficulty: 99}}})
		for _, way := range []string{"up", "enter", "esc", "tab", "enter", "esc", "tab", "enter", "esc", "/"} {
			pressHome(h, way)
			text := ansi.Strip(strings.ReplaceAll(h.View().Content, "\n", ""))
			if strings.ContainsAny(text, "\x07\u202e") || strings.Contains(h.View().Content, "]0;pwned\x07") || strings.Contains(h.View().Content, "\x1b[2J") {
				t.Fatalf("after %s foreign text reaches the terminal: %q", way, text)
			}
		}
	})
}

func TestTheMouseChoosesAndNeverActs(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		h := openHome(&shelfOf{runs: forty()}, colourful(), 80, 24)
		for y := range 24 {
			h.Update(tea.MouseClickMsg{X: 5, Y: y, Button: tea.MouseLeft})
			if h.form != nil || h.choice.Report != "" {
				t.Fatalf("a click on line %d acted", y)
			}
		}
		lines := strings.Split(ansi.Strip(h.View().Content), "\n")
		y := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "tuesday    A release") })
		h.Update(tea.MouseClickMsg{X: 5, Y: y, Button: tea.MouseLeft})
		if e, _ := h.list.Chosen(h.entries()); e.ID != "tuesday" {
			t.Errorf("clicked on tuesday, chose %s", e.ID)
		}
		h.Update(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
		if e, _ := h.list.Chosen(h.entries()); e.ID != "thursday" {
			t.Errorf("the wheel went to %s", e.ID)
		}
	})
}
