package config

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/ui/keys"
)

func parse(t *testing.T, text string) Config {
	t.Helper()
	c, problems := Parse("config.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("%q: %v", text, problems)
	}
	return c
}

func TestAnEmptyFileChangesNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "~\n", "keys:\n", "keys: {}\n"} {
		if c := parse(t, text); c.Theme != Auto || !c.Mouse || !c.Notify || c.ASCII || c.Sync != Auto || c.Progress != Auto || c.Keys.Key(keys.Freeze) != "f" {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func TestSettings(t *testing.T) {
	c := parse(t, "theme: light\nascii: on\nmouse: off\nnotify: false\nsync: 'on'\nprogress: off\n")
	if c.Theme != "light" || !c.ASCII || c.Mouse || c.Notify || c.Sync != On || c.Progress != Off {
		t.Errorf("%+v", c)
	}
}

func TestTheExampleChangesNothing(t *testing.T) {
	c := parse(t, Example())
	if c.Theme != Auto || !c.Mouse || !c.Notify || c.ASCII {
		t.Errorf("%+v", c)
	}
	for _, scope := range keys.Scopes() {
		for _, b := range keys.Standard().Bindings() {
			for _, k := range b.Keys {
				want, known := keys.Standard().Match(scope, k)
				if id, ok := c.Keys.Match(scope, k); scope != keys.HelpPage && (ok != known || id != want) {
					t.Errorf("%s in %s is %q, was %q", k, scope, id, want)
				}
			}
		}
	}
}

func TestKeys(t *testing.T) {
	c := parse(t, "keys:\n  freeze: [z, f9]\n  roll-back: [R, f8]\n  help: f1\n  attest: x\n  go-to-commands: '6'\n  quit: Q\n")
	for _, want := range []struct {
		scope keys.Scope
		key   string
		id    keys.ID
	}{
		{keys.Checklist, "z", keys.Freeze},
		{keys.Watch, "f9", keys.Freeze},
		{keys.Checklist, "f", ""},
		{keys.Gate, "f8", keys.RollBack},
		{keys.Fuse, "R", keys.RollBack},
		{keys.Home, "f1", keys.Help},
		{keys.HelpPage, "f1", keys.Back},
		{keys.HelpPage, "?", ""},
		{keys.HelpPage, "esc", keys.Back},
		{keys.Checklist, "x", keys.Attest},
		{keys.Watch, "6", keys.GoTo + keys.ID(keys.Commands)},
		{keys.Checklist, "ctrl+c", keys.Quit},
		{keys.Checklist, "Q", keys.Quit},
		{keys.Checklist, "q", ""},
		{keys.Text, "ctrl+c", keys.Quit},
		{keys.Text, "enter", keys.Accept},
	} {
		if id, _ := c.Keys.Match(want.scope, want.key); id != want.id {
			t.Errorf("%s in %s is %q, want %q", want.key, want.scope, id, want.id)
		}
	}
	if c := parse(t, "keys: {freeze: []}"); c.Keys.Key(keys.Freeze) != "" {
		t.Error("an action could not be left without a key")
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"them: dark", `config.yaml:1:1: error: unknown key "them" in the configuration (did you mean "theme"?)`},
		{"theme: blue", `config.yaml:1:8: error: theme is not "blue" (write one of auto, dark, light)`},
		{"mouse: off\nmouse: on", `config.yaml:2:1: error: key "mouse" stands twice (the first is on line 1; keep one)`},
		{"mouse: [on]", `config.yaml:1:8: error: mouse is not a list (write one of on, off)`},
		{"mouse:", `mouse is not empty`},
		{"- theme", `config.yaml:1:1: error: the configuration must be a mapping`},
		{"theme: dark\n---\ntheme: light", `the file has a second document`},
		{"theme: &a dark", `anchors and aliases are not allowed`},
		{"theme: {", `config.yaml:1:`},
		{"keys: [R]", `config.yaml:1:7: error: keys must be a mapping, not a list`},
		{"keys:\n  freze: z", `config.yaml:2:3: error: there is no action "freze" whose keys can be changed (did you mean "freeze"?)`},
		{"keys:\n  accept: z", `there is no action "accept"`},
		{"keys:\n  freeze: [o]", `config.yaml:2:12: error: o is already override (checklist) (take another key, or give override another one too)`},
		{"keys:\n  override: z\n  freeze: z", `config.yaml:3:11: error: z is already override (checklist)`},
		{"keys:\n  freeze: ctrl+f", `config.yaml:2:11: error: freeze changes the world, so it is no Ctrl combination`},
		{"keys:\n  freeze: R", `R is the rollback on every screen`},
		{"keys:\n  roll-back: []", `config.yaml:2:3: error: R cannot be taken from roll-back`},
		{"keys:\n  roll-back: f8", `add keys beside it, as in roll-back: [R, f8]`},
		{"keys:\n  roll-back: [R, ctrl+r]", `no Ctrl combination`},
		{"keys:\n  roll-back: [R, space]", `config.yaml:2:18: error: space is pressed too often to roll back by it`},
		{"keys:\n  roll-back: [R, enter]", `enter is pressed too often`},
		{"keys:\n  roll-back: [R, y]", `y is already`},
		{"keys:\n  up: []", `up must have a key`},
		{"keys:\n  freeze: ff", `"ff" is no key that a terminal sends`},
		{"keys:\n  freeze: [z, z]", `z is listed twice`},
		{"keys:\n  freeze: ctrl+c", `ctrl+c leaves the program everywhere`},
		{"keys:\n  freeze: {a: b}", `a key of freeze is not a mapping`},
		{"keys:\n  freeze: \"\\x1b\"", `a key of freeze is not`},
		{strings.Repeat("#", maxSize+1), `that is no configuration`},
	} {
		cfg, problems := Parse("config.yaml", []byte(c.text))
		var all []string
		for _, p := range problems {
			all = append(all, p.String())
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%.60q says %q, want %q", c.text, got, c.want)
		}
		if cfg.Theme != Auto || cfg.Keys != keys.Standard() {
			t.Errorf("%.60q: a file with mistakes was taken in part: %+v", c.text, cfg)
		}
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, problems := Parse("c.yaml", []byte("theme: blue\nmause: off\nsync: maybe\nkeys:\n  freeze: [R, ctrl+f]\n  roll-back: [f8]\n"))
	if len(problems) != 6 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct{ xdg, home, want string }{
		{"/c", "/h", "/c/sop/config.yaml"}, {"", "/h", "/h/.config/sop/config.yaml"}, {"relative", "/h", "/h/.config/sop/config.yaml"}, {"", "", ""},
	} {
		env := map[string]string{"XDG_CONFIG_HOME": c.xdg, "HOME": c.home}
		if got := Path(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// Whatever the file says: R rolls back wherever it did, what acts is no Ctrl combination, and no key has two meanings.
func TestNoFileTakesTheRollbackAway(t *testing.T) {
	ids, names := keys.IDs(), []string{"R", "a", "z", "f8", "f9", "ctrl+r", "space", "enter", "esc", "y", "n", "?", "q", "ctrl+c"}
	rapid.Check(t, func(t *rapid.T) {
		var changes []keys.Change
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			changes = append(changes, keys.Change{
				ID:   rapid.SampledFrom(ids).Draw(t, "id"),
				Keys: rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "keys"),
			})
		}
		m, refused := keys.Remap(changes)
		if (m == nil) != (len(refused) > 0) {
			t.Fatalf("map %v, refused %v", m, refused)
		}
		if m == nil {
			return
		}
		for _, s := range keys.RunScopes() {
			if id, ok := m.Match(s, "R"); !ok || id != keys.RollBack {
				t.Fatalf("after %v R in %s is %q", changes, s, id)
			}
		}
		for _, b := range m.Bindings() {
			for _, k := range b.Keys {
				if b.Acts && strings.HasPrefix(k, "ctrl+") {
					t.Fatalf("after %v %s acts on %s", changes, b.ID, k)
				}
				for _, s := range b.Scopes {
					if id, _ := m.Match(s, k); id != b.ID {
						t.Fatalf("after %v %s in %s is %s and %s", changes, k, s, id, b.ID)
					}
				}
			}
		}
	})
}
