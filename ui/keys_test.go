package ui

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

// keyNamed makes the message of a key as it is named in the key map.
func keyNamed(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
		"tab": tea.KeyTab, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
	}
	switch {
	case name == "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case name == "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case strings.HasPrefix(name, "ctrl+"):
		return tea.KeyPressMsg{Code: rune(name[5]), Mod: tea.ModCtrl}
	case special[name] != 0:
		return tea.KeyPressMsg{Code: special[name]}
	}
	r := []rune(name)[0]
	return tea.KeyPressMsg{Code: r, Text: name}
}

func press1(m *Model, names ...string) tea.Cmd {
	var cmd tea.Cmd
	for _, n := range names {
		filling := typing(m.dialog)
		_, cmd = m.Update(keyNamed(n))
		if filling {
			settle(m, cmd)
		}
	}
	return cmd
}

// typing tells whether a dialog takes text.
func typing(d *dialog) bool { return d != nil && (d.field != nil || d.form != nil) }

// settle hands over what a form tells itself, such as that a field is done.
func settle(m *Model, cmd tea.Cmd) {
	if cmd == nil || blinks(cmd) {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			settle(m, c)
		}
	case nil, tea.QuitMsg:
	default:
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice { // a sequence, whose type has no name outside
			for i := range v.Len() {
				settle(m, v.Index(i).Interface().(tea.Cmd))
			}
			return
		}
		_, next := m.Update(msg)
		settle(m, next)
	}
}

// typedSoFar is the text of a dialog.
func typedSoFar(d *dialog) string {
	if d.text != nil {
		return oneLine(*d.text)
	}
	return d.field.String()
}

func typed(m *Model, text string) {
	for _, r := range text {
		if r == ' ' {
			press1(m, "space")
			continue
		}
		press1(m, string(r))
	}
}

func (f *fake) pass(d time.Duration) { f.mu.Lock(); defer f.mu.Unlock(); f.now = f.now.Add(d) }

// tell gives the model a new State, as if the session had published it.
func (f *fake) tell(m *Model, s run.State) {
	f.mu.Lock()
	f.state = s
	f.mu.Unlock()
	m.Update(stateMsg{s})
}

func colour(sc scene) (*Model, *fake) { return open(sc, looks()["colour"], 120, 40) }

// ways lead to every screen and every dialog.
var ways = map[string][]string{
	"checklist": {"c"}, "rollout": {"p"}, "watch": {"w"}, "rollback": {"b"}, "report": {"v"}, "commands": {"x"}, "help": {"?"}, "details": {"c", "tab"},
	"gate": {"c", "g"}, "quit": {"q"}, "ctrl+c": {"ctrl+c"}, "resume": {"c", "u"}, "told": {"c", "t"}, "start": {"c", "s"},
	"extend": {"w", "e"}, "defer": {"c", "d"}, "untick": {"c", "home", "space"},
}

var textWays = map[string][]string{
	"attest": {"c", "space"}, "note": {"n"}, "filter": {"/"}, "palette": {":"},
}

func TestTheSingleKeyWorksEverywhere(t *testing.T) {
	for _, sc := range scenes() {
		if !sc.state.Ended.IsZero() || FuseOrMore(sc.state) {
			continue
		}
		for name, way := range ways {
			m, s := colour(sc)
			press1(m, way...)
			if typing(m.dialog) {
				continue // there R is text
			}
			before := len(s.wanted)
			press1(m, "R")
			if len(s.wanted) != before+1 || s.wanted[before] != (run.Rollback{}) {
				t.Errorf("%s, %s: R wanted %v", sc.name, name, s.wanted[before:])
			}
			if m.scope != keys.Rollback || m.dialog != nil {
				t.Errorf("%s, %s: after R the screen is %s", sc.name, name, m.scope)
			}
			press1(m, "R", "R")
			if len(s.wanted) != before+1 {
				t.Errorf("%s, %s: a repeated R wanted %v", sc.name, name, s.wanted[before:])
			}
		}
	}
}

// FuseOrMore tells whether a rollback is under way or over.
func FuseOrMore(s run.State) bool { return s.Rollback != nil }

func TestRIsTextInATextField(t *testing.T) {
	for name, way := range textWays {
		m, s := colour(newPlay().scene("begin", "checklist"))
		press1(m, way...)
		if !typing(m.dialog) {
			t.Errorf("%s: no field is open", name)
			continue
		}
		press1(m, "R")
		if len(s.wanted) != 0 || typedSoFar(m.dialog) != "R" {
			t.Errorf("%s: R in a field wanted %v, text %q", name, s.wanted, typedSoFar(m.dialog))
		}
		press1(m, "esc", "R")
		if len(s.wanted) != 1 || s.wanted[0] != (run.Rollback{}) {
			t.Errorf("%s: esc, R wanted %v", name, s.wanted)
		}
	}
}

func TestPastedTextIsNeverAKey(t *testing.T) {
	for _, sc := range scenes() {
		for name, way := range ways {
			m, s := colour(sc)
			press1(m, way...)
			before := len(s.wanted)
			m.Update(tea.PasteMsg{Content: "Ry\r\nRRq\x1b[13~"})
			if len(s.wanted) != before {
				t.Errorf("%s, %s: a paste wanted %v", sc.name, name, s.wanted[before:])
			}
		}
	}
	m, s := colour(newPlay().scene("begin", "checklist"))
	press1(m, "n")
	m.Update(tea.PasteMsg{Content: "see\x1b[31m\nR"})
	press1(m, "enter")
	if want := (run.Note{Text: "see^[[31m R"}); len(s.wanted) != 1 || s.wanted[0] != want {
		t.Errorf("pasted into a note: %v", s.wanted)
	}
}

func TestActions(t *testing.T) {
	begin, drift := newPlay().scene("begin", "checklist"), drifting().scene("drift", "checklist")
	deploy := ready().gate("pre-deployment").attest("notify").scene("deploy", "checklist")
	for _, c := range []struct {
		name string
		sc   scene
		do   func(m *Model)
		want []run.Intent
	}{
		{"attest with a note", begin, func(m *Model) { press1(m, "space"); typed(m, "seen it"); press1(m, "enter") }, []run.Intent{run.Attest{Step: "merged", Note: "seen it"}}},
		{"attest without", begin, func(m *Model) { press1(m, "down", "space", "enter") }, []run.Intent{run.Attest{Step: "ci-green"}}},
		{"attest and leave", begin, func(m *Model) { press1(m, "space", "esc") }, nil},
		{"a held space", begin, func(m *Model) { press1(m, "space", "space", "space") }, nil},
		{"attest what is sensed", drift, func(m *Model) { press1(m, "space", "enter") }, nil},
		{"untick", drift, func(m *Model) { press1(m, "down", "space", "y") }, []run.Intent{run.Unattest{Step: "certificates"}}},
		{"override", drift, func(m *Model) { press1(m, "o"); typed(m, "known and fine"); press1(m, "enter") }, []run.Intent{run.Override{Step: "network", Reason: "known and fine"}}},
		{"override with too little", drift, func(m *Model) { press1(m, "o"); typed(m, "known"); press1(m, "enter") }, nil},
		{"a held o", drift, func(m *Model) { press1(m, "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o", "o") }, nil},
		{"re-check", drift, func(m *Model) { press1(m, "r") }, []run.Intent{run.Recheck{Step: "network"}}},
		{"note", drift, func(m *Model) { press1(m, "n"); typed(m, "hello"); press1(m, "enter") }, []run.Intent{run.Note{Text: "hello"}}},
		{"start with s", deploy, func(m *Model) { press1(m, "s", "y") }, []run.Intent{run.Start{Step: "execute"}}},
		{"start with s and enter", deploy, func(m *Model) { press1(m, "s", "enter") }, []run.Intent{run.Start{Step: "execute"}}},
		{"start with enter", deploy, func(m *Model) { press1(m, "enter", "y") }, []run.Intent{run.Start{Step: "execute"}}},
		{"a held enter", deploy, func(m *Model) { press1(m, "enter", "enter", "enter", "enter") }, nil},
		{"start and no", deploy, func(m *Model) { press1(m, "s", "n") }, nil},
		{"open the gate", ready().scene("", "checklist"), func(m *Model) { press1(m, "g", "y") }, []run.Intent{run.OpenGate{}}},
		{"a gate that is shut", drift, func(m *Model) { press1(m, "g", "y", "enter") }, nil},
		{"override at the gate", drift, func(m *Model) { press1(m, "g", "o"); typed(m, "known and fine"); press1(m, "enter") }, []run.Intent{run.Override{Step: "network", Reason: "known and fine"}}},
		{"abort at the gate", drift, func(m *Model) { press1(m, "g", "a"); typed(m, "not today, thanks"); press1(m, "enter") }, []run.Intent{run.Finish{Reason: "not today, thanks"}}},
		{"freeze", holding().scene("", "rollout"), func(m *Model) { press1(m, "f") }, []run.Intent{run.Freeze{}}},
		{"resume", stuck().scene("", "rollout"), func(m *Model) { press1(m, "u", "y") }, []run.Intent{run.Continue{}}},
		{"extend", watching().scene("", "watch"), func(m *Model) { press1(m, "e", "y") }, []run.Intent{run.Extend{Step: "watch", By: 10 * time.Minute}}},
		{"status sent", begin, func(m *Model) { press1(m, "t", "y") }, []run.Intent{run.StatusSent{}}},
		{"palette", begin, func(m *Model) { press1(m, ":"); typed(m, "look again"); press1(m, "enter") }, []run.Intent{run.Recheck{Step: "merged"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := colour(c.sc)
			c.do(m)
			if !reflect.DeepEqual(s.wanted, c.want) {
				t.Errorf("wanted %#v, not %#v (notice %q)", s.wanted, c.want, m.noticeText())
			}
		})
	}
}

func TestTheCursorFollows(t *testing.T) {
	p := newPlay()
	m, s := colour(p.scene("", "checklist"))
	if m.list.Step != "merged" {
		t.Fatalf("begins at %s", m.list.Step)
	}
	s.tell(m, p.attest("approval").s)
	if m.list.Step != "merged" {
		t.Fatalf("somebody else's tick moved the cursor to %s", m.list.Step)
	}
	s.tell(m, p.attest("merged").s)
	if m.list.Step != "ci-green" {
		t.Fatalf("after its own tick the cursor is on %s", m.list.Step)
	}
	s.tell(m, p.attest("ci-green").s)
	if m.list.Step != "plan" {
		t.Fatalf("the cursor did not pass over what stands: %s", m.list.Step)
	}
	s.tell(m, p.attest("plan").gate("prerequisites").s)
	if m.list.Phase != 1 || m.list.Step != "certificates" {
		t.Fatalf("in the next phase the cursor is on %d %s", m.list.Phase, m.list.Step)
	}
	press1(m, "left")
	s.tell(m, p.check("infrastructure", 0, run.Passed, "fine").s)
	if m.list.Phase != 0 {
		t.Fatal("the person looks at another phase, and was moved away")
	}
}

func TestLeaving(t *testing.T) {
	quits := func(cmd tea.Cmd) bool {
		if cmd == nil {
			return false
		}
		_, ok := cmd().(tea.QuitMsg)
		return ok
	}
	m, s := colour(drifting().scene("", "checklist"))
	if quits(press1(m, "q")) || m.dialog == nil || !strings.Contains(ansi.Strip(m.View().Content), "sop resume") {
		t.Fatal("q on a live run did not ask")
	}
	if quits(press1(m, "n")) || m.dialog != nil || !quits(press1(m, "ctrl+c", "y")) || len(s.wanted) != 0 {
		t.Fatal("the answer did not count")
	}
	if m, _ := colour(rolledBack().scene("", "report")); !quits(press1(m, "q")) {
		t.Fatal("q on an ended run did not leave")
	}
}

func TestNoticesFade(t *testing.T) {
	sc := drifting().scene("", "checklist")
	m, s := colour(sc)
	said := sc.state
	said.Notice = run.Notice{At: sc.now, Text: "the gate stays shut: Network Connectivity"}
	s.tell(m, said)
	if !strings.Contains(ansi.Strip(m.View().Content), "the gate stays shut") {
		t.Fatal("the refusal is not shown")
	}
	s.pass(noticeTime + time.Second)
	m.Update(tickMsg{m.ticks})
	if strings.Contains(ansi.Strip(m.View().Content), "the gate stays shut: N") {
		t.Fatal("the refusal stays for ever")
	}
}

func TestAFilterIsSaid(t *testing.T) {
	m, _ := colour(drifting().scene("", "checklist"))
	press1(m, "/")
	typed(m, "secret")
	text := ansi.Strip(m.View().Content)
	if !strings.Contains(text, "Secrets") || strings.Contains(text, "Feature Flags") {
		t.Errorf("filtered while typing: %s", text)
	}
	press1(m, "enter")
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "only what contains") {
		t.Errorf("a filter that nobody sees: %s", text)
	}
	press1(m, "esc")
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "Feature Flags") {
		t.Errorf("esc did not show all: %s", text)
	}
}

func TestASilentSessionIsSaid(t *testing.T) {
	m, _ := colour(drifting().scene("", "checklist"))
	m.Update(endedMsg{})
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "nothing more comes from this run") {
		t.Error(text)
	}
}

// mutates tells which intents change more than what is written down.
func mutates(i run.Intent) bool {
	switch i.(type) {
	case run.Recheck, run.Note, run.Reason:
		return false
	}
	return true
}

// Random keys at machine speed: nothing that mutates without the answer that belongs to it as the last key.
func TestRandomKeysMutateNothingUnasked(t *testing.T) {
	all := scenes()
	var names []string
	for _, b := range keys.Standard().Bindings() {
		names = append(names, b.Keys...)
	}
	names = append(names, "x", "z", "ä", "backspace", "enter", "enter", "esc")
	rapid.Check(t, func(t *rapid.T) {
		sc := all[rapid.IntRange(0, len(all)-1).Draw(t, "scene")]
		m, s := colour(sc)
		for range rapid.IntRange(1, 60).Draw(t, "keys") {
			key := rapid.SampledFrom(names).Draw(t, "key")
			d, scope, before, by := m.dialog, m.inputScope(), len(s.wanted), ""
			if d != nil {
				by = d.by
			}
			press1(m, key)
			for _, i := range s.wanted[before:] {
				if mutates(i) && !asked(i, d, by, scope, key) {
					t.Fatalf("%s in %s (dialog %v) wanted %#v", key, scope, d != nil, i)
				}
			}
			if rapid.IntRange(0, 9).Draw(t, "draw") == 0 {
				m.View()
			}
			s.pass(time.Duration(rapid.IntRange(0, 500).Draw(t, "ms")) * time.Millisecond)
		}
	})
}

// asked tells whether an intent had the right to be sent by this key in this place.
func asked(i run.Intent, d *dialog, by string, scope keys.Scope, key string) bool {
	switch i.(type) {
	case run.Rollback:
		return key == "R" && !typing(d)
	case run.Freeze:
		return key == "f" && d == nil || d != nil && d.scope == keys.Palette
	case run.Burn:
		return key == "enter" && scope == keys.Fuse
	case run.TakeBack:
		return key == "esc" && scope == keys.Fuse
	}
	return d != nil && (key == "enter" || key == "y" && !typing(d)) && by != key
}

func TestEveryHintOfTheFooterWorks(t *testing.T) {
	for _, sc := range scenes() {
		m, _ := open(sc, looks()["colour"], 250, 50)
		for _, h := range append(keys.Standard().Hints(m.footerScope(), m.works), m.extraHints()...) {
			key := strings.Fields(h.Keys)[0]
			switch h.Keys {
			case "↑↓", "←→":
				continue
			}
			m, _ := open(sc, looks()["colour"], 250, 50)
			if id, ok := keys.Standard().Match(m.inputScope(), key); !ok || id != h.ID {
				t.Errorf("%s: the footer tells %q for %s, which does nothing", sc.name, h.Keys, h.ID)
			}
		}
	}
}

func ExampleOptions() {
	m := New(newFake(newPlay().s, noon), Options{Cluster: "eks-prod/production", NoColor: true})
	m.Update(tea.WindowSizeMsg{Width: 40, Height: 8})
	fmt.Println(strings.Split(ansi.Strip(m.View().Content), "\n")[1])
	// Output: too small: 40×8, needs 60×16
}
