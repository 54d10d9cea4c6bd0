package checks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// checkout is a repository with a remote: v1 is an annotated tag on main, v2 a light one, side a branch that main has not
// got and v3 its annotated tag.
type checkout struct {
	t           *testing.T
	dir, remote string
}

func newCheckout(t *testing.T) *checkout {
	base := t.TempDir()
	c := &checkout{t: t, dir: filepath.Join(base, "checkout"), remote: filepath.Join(base, "remote")}
	t.Setenv("HOME", base) // whatever git is told on this machine
	t.Setenv("XDG_CONFIG_HOME", base)
	c.gitIn(base, "init", "--quiet", "--initial-branch=main", "remote")
	c.commit("one")
	c.gitIn(c.remote, "tag", "-a", "-m", "first", "v1")
	c.commit("two")
	c.gitIn(c.remote, "tag", "v2")
	c.gitIn(c.remote, "checkout", "--quiet", "-b", "side")
	c.commit("three")
	c.gitIn(c.remote, "tag", "-a", "-m", "third", "v3")
	c.gitIn(c.remote, "checkout", "--quiet", "main")
	c.gitIn(base, "clone", "--quiet", "--no-local", "remote", "checkout")
	return c
}

// commit makes one in the remote.
func (c *checkout) commit(text string) {
	c.write(filepath.Join(c.remote, "file"), text)
	c.gitIn(c.remote, "add", ".")
	c.gitIn(c.remote, "commit", "--quiet", "-m", text)
}

func (c *checkout) write(path, text string) {
	c.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		c.t.Fatal(err)
	}
}

func (c *checkout) git(args ...string) string { return c.gitIn(c.dir, args...) }

func (c *checkout) gitIn(dir string, args ...string) string {
	c.t.Helper()
	out, err := process.Local{}.Run(c.t.Context(), process.Command{Argv: append([]string{"git"}, args...), Dir: dir, Env: []string{
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}})
	if err != nil || out.Code != 0 {
		c.t.Fatalf("git %s: %d %s %v", strings.Join(args, " "), out.Code, out.Stderr, err)
	}
	return strings.TrimSpace(string(out.Stdout))
}

// copy is the same in a place of its own.
func (c *checkout) copy(t *testing.T) *checkout {
	base := t.TempDir()
	if err := os.CopyFS(base, os.DirFS(filepath.Dir(c.dir))); err != nil {
		t.Fatal(err)
	}
	d := &checkout{t: t, dir: filepath.Join(base, "checkout"), remote: filepath.Join(base, "remote")}
	d.git("remote", "set-url", "origin", d.remote)
	return d
}

func (c *checkout) look(p map[string]any) run.Result {
	c.t.Helper()
	if p["dir"] == nil {
		p["dir"] = c.dir
	}
	return newBench(c.t).running(process.Local{}).look(runbook.Check{Kind: "git", Params: p})
}

func TestGit(t *testing.T) {
	template := newCheckout(t)
	for _, c := range []struct {
		name   string
		before func(*checkout)
		params map[string]any
		status run.Status
		words  []string
	}{
		{"a tag on main", nil, params("ref", "v1", "on", "main", "tag", "annotated"), run.Passed, []string{"on origin/main", "an annotated tag", "merge-base --is-ancestor refs/tags/v1 refs/remotes/origin/main"}},
		{"a commit", nil, params("ref", "HEAD"), run.Passed, []string{"HEAD is "}},
		{"all at once", nil, params("ref", "v2", "on", "main", "tag", "any", "head", true, "clean", true), run.Passed, []string{"a tag", "checked out", "clean"}},
		{"not on main", nil, params("ref", "v3", "on", "main"), run.Failed, []string{"is not on origin/main as of the last fetch"}},
		{"on its own branch", nil, params("ref", "v3", "on", "side"), run.Passed, nil},
		{"no such tag", nil, params("ref", "v9", "tag", "any"), run.Failed, []string{"no tag v9 here; git fetch"}},
		{"a branch is no tag", nil, params("ref", "main", "tag", "any"), run.Failed, []string{"no tag main"}},
		{"a light tag", nil, params("ref", "v2", "tag", "annotated"), run.Failed, []string{"light tag"}},
		{"another is checked out", nil, params("ref", "v1", "head", true), run.Failed, []string{"is checked out, not v1"}},
		{"no such branch", nil, params("ref", "v1", "on", "nope"), run.Unknown, []string{"could not look: there is no branch origin/nope"}},
		{"a branch of the checkout", nil, params("ref", "v1", "on", "main", "remote", "."), run.Passed, []string{"on main"}},
		{"changed", func(c *checkout) { c.write(filepath.Join(c.dir, "file"), "mine") }, params("ref", "HEAD", "clean", true), run.Failed, []string{"1 change in the checkout: file"}},
		{"a file with a hostile name", func(c *checkout) { c.write(filepath.Join(c.dir, "a\x1b]52;c;x\x07\u202eb\n"), "") }, params("ref", "HEAD", "clean", true), run.Failed, []string{"a^[]52;c;x^G<U+202E>b"}},
		{"not fetched yet", func(c *checkout) { c.commit("four"); c.gitIn(c.remote, "tag", "v4") }, params("ref", "v4", "on", "main"), run.Failed, []string{"no commit or tag v4"}},
		{"fetched", func(c *checkout) { c.commit("four"); c.gitIn(c.remote, "tag", "v4") }, params("ref", "v4", "on", "main", "fetch", true), run.Passed, []string{"git -C", "fetch --tags origin"}},
		{"a tag that moved at the remote", func(c *checkout) { c.gitIn(c.remote, "tag", "-f", "v2", "v1^{commit}") }, params("ref", "v2", "fetch", true), run.Unknown, []string{"could not look: fetch from origin"}},
		{"the remote is gone", func(c *checkout) { os.RemoveAll(c.remote) }, params("ref", "v1", "fetch", true), run.Unknown, []string{"could not look: fetch from origin"}},
		{"no repository", func(c *checkout) { os.RemoveAll(filepath.Join(c.dir, ".git")) }, params("ref", "v1"), run.Unknown, []string{"no git repository"}},
		{"no directory", nil, params("ref", "v1", "dir", "/no/such/place"), run.Unknown, []string{"no directory"}},
		{"a shallow clone that cannot say", func(c *checkout) { c.shallow() }, params("ref", "v1", "on", "main"), run.Unknown, []string{"shallow clone"}},
		{"a shallow clone that can", func(c *checkout) { c.shallow() }, params("ref", "v2", "on", "main"), run.Passed, nil},
		{"a damaged repository", func(c *checkout) { c.write(filepath.Join(c.dir, ".git", "HEAD"), "rubbish") }, params("ref", "v1"), run.Unknown, []string{"could not look"}},
		{"hooks and file monitors do not run", func(c *checkout) {
			c.write(filepath.Join(c.dir, ".git", "hooks", "reference-transaction"), "#!/bin/sh\nexit 1\n")
			c.write(filepath.Join(c.dir, "monitor"), "#!/bin/sh\ntouch ran\n")
			c.write(filepath.Join(c.dir, ".git", "info", "exclude"), "monitor")
			c.git("config", "core.fsmonitor", filepath.Join(c.dir, "monitor"))
			c.commit("four")
		}, params("ref", "HEAD", "clean", true, "fetch", true), run.Passed, []string{"clean"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := template.copy(t)
			if c.before != nil {
				c.before(w)
			}
			r := w.look(c.params)
			want(t, r, c.status, c.words...)
			if !strings.HasPrefix(string(r.Sensor), "git checkout /") {
				t.Errorf("the sensor is %q", r.Sensor)
			}
			if r.Ill != (c.status == run.Unknown) || (r.Badness > 0) != (c.status == run.Failed) {
				t.Errorf("ill %v, badness %v", r.Ill, r.Badness)
			}
			if c.status == run.Passed && (len(r.Pin) != 40 || !strings.HasPrefix(w.git("rev-parse", string(r.Pin)), string(r.Pin))) {
				t.Errorf("pinned to %q", r.Pin)
			}
		})
	}
}

// shallow makes the checkout a clone of the last commit of main whose v1 has come by itself.
func (c *checkout) shallow() {
	os.RemoveAll(c.dir)
	c.gitIn(filepath.Dir(c.dir), "clone", "--quiet", "--depth=1", "file://"+c.remote, "checkout")
	c.git("fetch", "--quiet", "--depth=1", "origin", "tag", "v1", "tag", "v2")
}

// TestGitChangesNothing: a look without fetch leaves every file of the repository as it was.
func TestGitChangesNothing(t *testing.T) {
	c := newCheckout(t)
	state := func() (out []string) {
		_ = filepath.Walk(c.dir, func(path string, info os.FileInfo, _ error) error {
			out = append(out, fmt.Sprint(path, info.ModTime(), info.Size()))
			return nil
		})
		return out
	}
	before := state()
	want(t, c.look(params("ref", "v2", "on", "main", "tag", "any", "head", true, "clean", true)), run.Passed)
	if after := state(); !slices.Equal(before, after) {
		t.Errorf("%q\nbecame\n%q", before, after)
	}
}

func TestGitThatDoesNotAnswer(t *testing.T) {
	commit := strings.Repeat("a", 40) + "\n"
	for _, c := range []struct {
		name  string
		runs  process.Runner
		words string
	}{
		{"not there", neverStarts(fmt.Errorf("run git: %w in PATH", process.ErrNotFound)), "program not found"},
		{"no door", nil, "no programs can be run here"},
		{"killed", neverStarts(errors.New("run git: it was killed (signal: killed)")), "killed"},
		{"a strange answer", ends(0, "\x1b[2Jmaybe", ""), `which is no commit`},
		{"a foreign checkout", ends(128, "", "fatal: detected dubious ownership in repository at '/x'"), "safe.directory"},
		{"a fatal without words", ends(128, "", ""), "exit code 128"},
		{"a hostile fatal", ends(128, "", "fatal: \x1b]52;c;x\x07 https://bob:hunter2@host/\nmore"), "^[]52"},
		{"merge-base fails", byArgument("merge-base", ends(128, "", "fatal: bad object"), ends(0, commit, "")), "bad object"},
		{"status fails", byArgument("status", ends(128, "", "fatal: index"), ends(0, commit, "")), "index"},
	} {
		r := newBench(t).running(c.runs).look(runbook.Check{Kind: "git", Params: params("ref", "v1", "on", "main", "clean", true)})
		want(t, r, run.Unknown, "could not look", c.words)
		if strings.Contains(shown(r), "hunter2") {
			t.Errorf("%s: a password shows in %q", c.name, shown(r))
		}
	}
	b := newBench(t)
	b.running(programs(func(ctx context.Context, _ process.Command) (process.Output, error) {
		return process.Output{}, errors.Join(errors.New("run git"), b.clock.Wait(ctx, -1, nil))
	}))
	r := b.look(runbook.Check{Kind: "git", Params: params("ref", "v1"), Timeout: runbook.Duration{D: 2 * time.Second}})
	want(t, r, run.Unknown, "timed out after 2s")
}

// byArgument plays one program for argument lists that begin with the word, and another for the rest.
func byArgument(word string, this, other programs) programs {
	return func(ctx context.Context, c process.Command) (process.Output, error) {
		if c.Argv[1] == word {
			return this(ctx, c)
		}
		return other(ctx, c)
	}
}

func TestLintOfRefs(t *testing.T) {
	for ref, ok := range map[string]bool{
		"v1.4.2": true, "main": true, "feature/x": true, "HEAD": true, "abc123": true, "refs/tags/v1": true, "v1.4.2-rc.1+b": true, "größe": true,
		"": false, "-x": false, "--upload-pack=x": false, "a b": false, "a..b": false, "a~1": false, "a^{tree}": false, "a:b": false, "@{u}": false,
		"a@{1}": false, "x\x00": false, "x\n": false, ".hidden": false, "/a": false, "a/": false, "a//b": false, "a.lock": false, "a*": false, `a\b`: false,
		strings.Repeat("x", 300): false,
	} {
		if isRef(ref) != ok {
			t.Errorf("%q: %v, want %v", ref, !ok, ok)
		}
	}
	for check, words := range map[string]string{
		"git: {ref: '-x'}":                                          "not the name of a git ref",
		"git: {ref: 'v1', on: 'a..b'}":                              "not the name of a git ref",
		"git: {ref: 'v1', remote: '--x'}":                           "not the name of a remote",
		"git: {ref: 'v1', remote: 'ext::sh'}":                       "not the name of a remote",
		"git: {ref: 'v1', tag: signed}":                             `"signed" is not known`,
		"git: {ref: 'v1', remote: '.', fetch: true}":                "cannot be fetched from",
		"git: {ref: 'v1', dir: '${inputs.path}'}":                   "must not depend on a value",
		"git: {on: main}":                                           "lacks",
		"command: {argv: [a], dir: '${inputs.path}'}":               "must not depend on a value",
		"command: {argv: [a], env: {'A-B': x}}":                     "not the name of a variable",
		"command: {argv: [a], variables: ['A=1']}":                  "not the name of a variable",
		"command: {argv: [a], env: {LD_PRELOAD: '${inputs.path}'}}": "must not depend on a value",
		"command: {argv: [a], pass: [256]}":                         "not an exit code",
		"command: {argv: [a], pass: [1], warn: [1]}":                "stands under pass already",
		"command: {argv: [a], shell: true}":                         `unknown key "shell"`,
	} {
		_, problems := load(check)
		if len(problems) == 0 || !strings.Contains(problems[0].Message, words) {
			t.Errorf("%s: %v, want %q", check, problems, words)
		}
	}
}
