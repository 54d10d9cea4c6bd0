package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
	"github.com/politicalsphere/sop/ui/keys"
)

// put writes a file below a directory.
func put(t *testing.T, text string, parts ...string) {
	t.Helper()
	path := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheShelf(t *testing.T) {
	state, work := t.TempDir(), t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	t.Chdir(work)
	put(t, must(t, exitDone, "show", "deployment", "-o", "yaml").out, work, "ours.yaml")
	put(t, "apiVersion: sop/v1\nkind: Site\ncomponents: {}\n", work, "acme.site.yaml")
	put(t, "apiVersion: sop/v1\nkind: Runbook\nmetadata: {titel: x}\n", work, "broken.yml")
	put(t, "kind: Deployment\n", work, "other.yaml")
	s := shelf{&app{}}
	var names []string
	for _, c := range s.Runbooks() {
		names = append(names, c.Name)
		if (c.Problem != "") != (c.Name == "broken.yml") {
			t.Errorf("%s: problem %q", c.Name, c.Problem)
		}
		if c.Problem == "" && (c.Title != "Deployment SOP" || c.Steps < 30 || !slices.Contains(c.Environments, "production") || c.Ships != (c.Name == "deployment")) {
			t.Errorf("%+v", c)
		}
	}
	if want := []string{"deployment", "broken.yml", "ours.yaml"}; !slices.Equal(names, want) {
		t.Errorf("runbooks %v, want %v", names, want)
	}
	if got := s.Sites(); !slices.Equal(got, []string{"acme.site.yaml"}) {
		t.Errorf("site files %v", got)
	}
	if drills := s.Drills(); len(drills) < 3 || drills[0].Difficulty > drills[len(drills)-1].Difficulty {
		t.Errorf("drills %+v", drills)
	}
	if rb, problems := s.Runbook("nowhere.yaml", nil); rb != nil || !runbook.HasErrors(problems) {
		t.Errorf("a runbook that is not there: %v, %v", rb, problems)
	}
	if runs, err := s.Runs(); err != nil || len(runs) != 0 {
		t.Errorf("no runs: %+v, %v", runs, err)
	}
}

// A drill that was played is on the shelf with its score, and its report can be looked at.
func TestADrillIsRemembered(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var result struct {
		Run   string
		Score struct{ Total int }
	}
	args := []string{"practice", "tuesday", "--auto", "good-operator", "--speed", "max", "-o", "json"}
	for _, input := range short {
		args = append(args, "--set", input)
	}
	must(t, exitDone, args...).into(t, &result)
	runs, err := (shelf{&app{}}).Runs()
	if err != nil || len(runs) != 1 {
		t.Fatalf("%+v, %v", runs, err)
	}
	c := runs[0]
	if c.ID != result.Run || c.Practice != "tuesday" || !c.Ended || c.Outcome != run.Completed || c.Lasted <= 0 || c.PID != 0 || c.Damage != "" {
		t.Errorf("%+v", c)
	}
	if c.Score == nil || *c.Score != result.Score.Total {
		t.Errorf("the score is %v, want %d", c.Score, result.Score.Total)
	}
}

func TestPreferences(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("TMUX", "")
	prefer := func(f screenFlags) (ui.Options, string, error) {
		var said bytes.Buffer
		a := &app{terminal: true, err: &said, flags: f}
		err := a.needTerminal("sop run")
		return a.liked(ui.Options{}), said.String(), err
	}
	if o, _, err := prefer(screenFlags{}); err != nil || !o.Mouse || o.Quiet || o.Theme != "" || o.Sync != "auto" || o.ASCII {
		t.Errorf("without a file: %+v, %v", o, err)
	}
	put(t, "theme: light\nmouse: off\nnotify: off\nascii: on\nkeys: {freeze: z}\n", dir, "sop", "config.yaml")
	if o, _, err := prefer(screenFlags{}); err != nil || o.Mouse || !o.Quiet || o.Theme != "light" || !o.ASCII || o.Keys.Key(keys.Freeze) != "z" {
		t.Errorf("the file: %+v, %v", o, err)
	}
	if o, _, err := prefer(screenFlags{theme: "dark", mouse: "on", sync: "off"}); err != nil || !o.Mouse || o.Theme != "dark" || o.Sync != "off" {
		t.Errorf("flags do not win: %+v, %v", o, err)
	}
	if _, _, err := prefer(screenFlags{theme: "blue"}); codeOf(err) != exitUsage || !strings.Contains(err.Error(), "--theme is one of auto, dark, light") {
		t.Errorf("--theme blue: %v", err)
	}
	put(t, "theme: blue\nkeys: {roll-back: f8}\n", dir, "sop", "config.yaml")
	_, said, err := prefer(screenFlags{})
	if codeOf(err) != exitUsage || !strings.Contains(said, "config.yaml:1:8: error: theme is not \"blue\"") || !strings.Contains(said, "config.yaml:2:8: error: R cannot be taken") {
		t.Errorf("a file with mistakes: %v, said %s", err, said)
	}
	var out bytes.Buffer
	a := &app{terminal: true, err: &out}
	if err := a.needTerminalToRollBack(); err != nil || !strings.Contains(out.String(), "the rollback goes on without it") {
		t.Errorf("a rollback stops for it: %v, %s", err, out.String())
	}
	if o := a.liked(ui.Options{}); o.Keys.Key(keys.RollBack) != "R" {
		t.Errorf("and has no R: %+v", o)
	}
}

func TestADumbTerminalIsNotFilled(t *testing.T) {
	t.Setenv("TERM", "dumb")
	a := &app{terminal: true, err: &bytes.Buffer{}}
	for _, err := range []error{a.needTerminal("sop run"), a.needTerminalToRollBack()} {
		if codeOf(err) != exitUsage || !strings.Contains(err.Error(), "TERM=dumb") {
			t.Errorf("%v", err)
		}
	}
	if err := a.needTerminal("sop run"); !strings.Contains(err.Error(), "--plain") {
		t.Errorf("it does not point to --plain: %v", err)
	}
}
