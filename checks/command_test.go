package checks

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// programs plays what a program does.
type programs func(context.Context, process.Command) (process.Output, error)

func (f programs) Run(ctx context.Context, c process.Command) (process.Output, error) {
	return f(ctx, c)
}

// ends is a program that ends at once.
func ends(code int, stdout, stderr string) programs {
	return func(context.Context, process.Command) (process.Output, error) {
		return process.Output{Stdout: []byte(stdout), Stderr: []byte(stderr), Code: code}, nil
	}
}

func neverStarts(err error) programs {
	return func(context.Context, process.Command) (process.Output, error) { return process.Output{}, err }
}

func (b *bench) running(p process.Runner) *bench {
	b.more = func(s *Sources) { s.Programs = p }
	return b
}

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		name   string
		runs   process.Runner
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", ends(0, "starting\nall well\n", ""), nil, "", run.Passed, []string{"exit code 0: starting | all well", "smoke --fast", "exit code 0"}},
		{"silent", ends(0, "", ""), nil, "", run.Passed, []string{"exit code 0"}},
		{"bad", ends(1, "one of nine", "connection refused\n"), nil, "", run.Failed, []string{"exit code 1: connection refused"}},
		{"bad without a word on stderr", ends(1, "one of nine", ""), nil, "", run.Failed, []string{"exit code 1: one of nine"}},
		{"warns", ends(2, "slow", ""), nil, "", run.Warn, []string{"exit code 2: slow"}},
		{"another code", ends(42, "", ""), nil, "", run.Failed, []string{"exit code 42"}},
		{"a code that passes", ends(3, "", ""), params("pass", []any{0, 3}), "", run.Passed, []string{"0 or 3"}},
		{"0 that does not pass", ends(0, "", ""), params("pass", []any{7}), "", run.Failed, nil},
		{"2 that passes", ends(2, "", ""), params("pass", []any{0, 2}), "", run.Passed, nil},
		{"a code that warns", ends(1, "", ""), params("warn", []any{1}), "", run.Warn, nil},
		{"2 when another warns", ends(2, "", ""), params("warn", []any{1}), "", run.Failed, nil},
		{"it could not look itself", ends(3, "", "no route"), params("unknown", []any{3}), "", run.Unknown, []string{"exit code 3: no route"}},
		{"a shell that did not find it", ends(127, "", "sh: foo: not found"), nil, "", run.Unknown, nil},
		{"a shell whose child was killed", ends(137, "", ""), nil, "", run.Unknown, nil},
		{"exit -1", ends(255, "", ""), nil, "", run.Failed, nil},
		{"text there", ends(0, "12 passed", ""), params("contains", "passed"), "", run.Passed, []string{`output with "passed"`}},
		{"text not there", ends(0, "12 failed", "passed"), params("contains", "passed"), "", run.Failed, []string{`does not contain "passed"`}},
		{"text not in what was kept", cut("12 failed"), params("contains", "passed"), "", run.Unknown, []string{"too long"}},
		{"expect of JSON", ends(0, `{"ok":true}`, ""), nil, "self.json.ok", run.Passed, nil},
		{"expect is false", ends(0, `{"failed":3}`, ""), nil, "self.json.failed == 0.0", run.Failed, []string{"json.failed = 3"}},
		{"expect does not make a bad code good", ends(1, `{"ok":true}`, ""), nil, "self.json.ok", run.Failed, nil},
		{"no JSON", ends(0, "<html>", ""), nil, "self.json.ok", run.Unknown, []string{"could not judge"}},
		{"JSON that was cut", cut(`{"ok":true}`), nil, "self.json == null", run.Passed, nil},
		{"not there", neverStarts(fmt.Errorf("run smoke: %w in PATH", process.ErrNotFound)), nil, "", run.Unknown, []string{"could not look: run smoke: program not found in PATH"}},
		{"killed", neverStarts(errors.New("run smoke: it was killed (signal: killed)")), nil, "", run.Unknown, []string{"killed"}},
		{"hostile output", ends(1, "", "\x1b]52;c;aGk=\x07GOOD\rEVIL\u202e\u009b2J\n"), nil, "", run.Failed, []string{"^[]52", "^M", "<U+202E>", "<U+009B>"}},
		{"a huge line", ends(1, "", strings.Repeat("x", 1<<20)), nil, "", run.Failed, []string{"…"}},
		{"many lines", ends(1, "", strings.Repeat("\n \n", 1<<18)+"last"), nil, "", run.Failed, []string{"exit code 1: last"}},
		{"no variable", ends(0, "", ""), params("variables", []any{"TOKEN"}), "", run.Unknown, []string{"TOKEN is not set"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := params("argv", []any{"smoke", "--fast"})
			for k, v := range c.params {
				p[k] = v
			}
			r := newBench(t).running(c.runs).look(runbook.Check{Kind: "command", Params: p, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if r.Sensor != "command smoke" {
				t.Errorf("the sensor is %q", r.Sensor)
			}
			if (r.Badness > 0) != (c.status == run.Warn || c.status == run.Failed && c.expect == "" || c.name == "expect does not make a bad code good") {
				t.Errorf("badness %v of %s", r.Badness, r.Status)
			}
		})
	}
}

func cut(stdout string) programs {
	return func(context.Context, process.Command) (process.Output, error) {
		return process.Output{Stdout: []byte(stdout), Cut: true}, nil
	}
}

func TestCommandTimesOut(t *testing.T) {
	b := newBench(t)
	b.running(programs(func(ctx context.Context, _ process.Command) (process.Output, error) {
		_ = b.clock.Wait(ctx, -1, nil)
		return process.Output{Stdout: []byte("half")}, fmt.Errorf("run smoke: %w", context.Cause(ctx))
	}))
	r := b.look(runbook.Check{Kind: "command", Params: params("argv", []any{"smoke"}), Timeout: runbook.Duration{D: 3 * time.Second}})
	want(t, r, run.Unknown, "could not look: timed out after 3s")
	if !r.Ill || r.Sensor != "command smoke" {
		t.Errorf("%+v", r)
	}
}

func TestCommandWithoutADoor(t *testing.T) {
	r := newBench(t).running(nil).look(runbook.Check{Kind: "command", Params: params("argv", []any{"smoke"})})
	want(t, r, run.Unknown, "no programs can be run here")
}

// TestCommandIsGivenWhatStandsThere: nothing splits, joins or expands.
func TestCommandIsGivenWhatStandsThere(t *testing.T) {
	var got process.Command
	b := newBench(t)
	b.more = func(s *Sources) {
		s.Programs = programs(func(_ context.Context, c process.Command) (process.Output, error) {
			got = c
			return process.Output{}, nil
		})
		s.Variable = func(name string) string { return map[string]string{"TOKEN": "hunter2"}[name] }
	}
	argv := []any{"smoke", "a b", "$(id)", "'; rm -rf /", "x,y", "\u202e"}
	r := b.look(runbook.Check{Kind: "command", Params: params("argv", argv, "dir", "deploy", "env", params("B", "2", "A", "1"), "variables", "TOKEN")})
	want(t, r, run.Passed, `smoke 'a b' '$(id)' ''\''; rm -rf /' x,y`)
	if fmt.Sprint(got.Argv) != fmt.Sprint(argv) || got.Dir != "deploy" || strings.Join(got.Env, " ") != "A=1 B=2 TOKEN=hunter2" {
		t.Errorf("%+v", got)
	}
}

func TestCommandShowsNoCredentials(t *testing.T) {
	const token, key, arg = "hunter2-and-more", "k3y/with+signs==", "s3cr3t-argument"
	forms := func(s string) []string {
		return []string{s, url.QueryEscape(s), hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s))}
	}
	var all []string
	for _, s := range []string{token, key, arg} {
		all = append(all, forms(s)...)
	}
	unasked := []string{"ghp_0123456789abcdefABCDEF0123456789abcd", "AKIAIOSFODNN7EXAMPLE", "s3cond", "pa55word!", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"}
	texts := append([]string{}, all...)
	for _, s := range []string{token, key, arg} { // its place among other bytes changes how it looks
		for _, user := range []string{"", "u", "us"} {
			basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + s + "\n"))
			texts, all = append(texts, basic), append(all, basic[4:16])
		}
	}
	texts = append(texts, unasked[0], unasked[1], "https://bob:"+unasked[2]+"@example.com/", `DB_PASSWORD="`+unasked[3]+`"`, "Authorization: Bearer "+unasked[4])
	for _, text := range texts {
		for _, runs := range []programs{ends(0, text, ""), ends(1, "", text), neverStarts(errors.New("run smoke: " + text))} {
			for _, expect := range []string{"", `self.stdout == ""`, "self.json.nothing"} {
				b := newBench(t)
				b.more = func(s *Sources) {
					s.Programs = runs
					s.Variable = func(string) string { return token }
				}
				r := b.look(runbook.Check{Kind: "command", Expect: expect, Params: params("argv", []any{"smoke", "--token", arg}, "env", params("API_KEY", key), "variables", "TOKEN")})
				for _, s := range append(all, unasked...) {
					if strings.Contains(shown(r), s) {
						t.Errorf("%q shows in %q", s, shown(r))
					}
				}
			}
		}
	}
}

func TestLintOfArguments(t *testing.T) {
	for _, c := range []struct{ argv, words string }{
		{"[smoke, '${inputs.path}']", ""},
		{"[sh, -c, 'curl -fsS \"$1\"', sh, '${inputs.path}']", ""},
		{"[bash, -euo, pipefail, -c, 'curl \"$1\"', bash, '${inputs.path}']", ""},
		{"[python3, scripts/check.py, '${inputs.path}']", ""},
		{"[kubectl, exec, pod, --, ls, '${inputs.path}']", ""},
		{"[smoke, '--url=${inputs.path}']", "a value must fill a whole argument"},
		{"[smoke, '${inputs.path}${inputs.path}']", "a value must fill a whole argument"},
		{"[smoke, ' ${inputs.path}']", "a value must fill a whole argument"},
		{"['${inputs.path}']", "which program runs must not depend on a value"},
		{"'${inputs.path}'", "no shell splits it"},
		{"'smoke --fast'", "no shell splits it"},
		{"[]", "no program is named"},
		{"['']", "no program is named"},
		{"[-x]", "is an option, not a program"},
		{"[sh, -c, 'curl ${inputs.path}']", "a value must fill a whole argument"},
		{"[sh, -c, '${inputs.path}']", "a value must not be a script that sh runs"},
		{"[/bin/sh, -ec, '${inputs.path}']", "a value must not be a script"},
		{"[bash, -euo, pipefail, -c, '${inputs.path}']", "a value must not be a script"},
		{"[sh, '${inputs.path}']", "a value must not be a script"},
		{"[env, A=1, sh, -c, '${inputs.path}']", "a value must not be a script"},
		{"[timeout, '5', python3.12, -c, '${inputs.path}']", "a value must not be a script that python3.12 runs"},
		{"[node, --eval, '${inputs.path}']", "a value must not be a script"},
		{"[kubectl, exec, pod, --, sh, -c, '${inputs.path}']", "a value must not be a script"},
		{"[ssh, host, ls, '${inputs.path}']", "a value must not be a script that ssh runs"},
	} {
		doc, problems := load("command: {argv: " + c.argv + "}")
		switch {
		case c.words == "" && (doc == nil || len(problems) > 0):
			t.Errorf("%s: %v", c.argv, problems)
		case c.words != "" && (len(problems) == 0 || !strings.Contains(problems[0].Message, c.words) || problems[0].Line == 0):
			t.Errorf("%s: %v, want %q", c.argv, problems, c.words)
		}
	}
}
