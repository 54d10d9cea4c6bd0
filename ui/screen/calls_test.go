package screen

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

var eight = time.Date(2026, 3, 3, 20, 0, 0, 0, time.UTC)

// askers is a run with one phase of steps, each with one check.
func askers(ids ...string) run.State {
	rb := &runbook.Runbook{Phases: []runbook.Phase{{ID: "p", Title: "Phase", Sections: []runbook.Section{{}}}}}
	for _, id := range ids {
		s := runbook.Step{ID: id, Title: strings.ToUpper(id), Recheck: "run", Verify: []runbook.Check{{Kind: "http"}}}
		rb.Phases[0].Sections[0].Steps = append(rb.Phases[0].Sections[0].Steps, s)
	}
	rb.Environments.Set("production", runbook.Environment{Name: "production", Namespace: "games"})
	rb.Components.Set("api", runbook.Component{Name: "api", Workload: "deployment/api-v2"})
	plan := &runbook.Plan{Runbook: rb, Environment: "production"}
	return apply(run.New("01JQ0000000000000000000000", plan), eight, run.RunStarted{Operator: "alice", Environment: "production"})
}

func apply(s run.State, at time.Time, e run.Event) run.State {
	return run.Apply(s, run.Stamped{At: at, Actor: "alice", Event: e})
}

func asked(s run.State, at time.Time, step string, status run.Status, queries ...string) run.State {
	r := run.Result{Status: status, Summary: run.Safe(string(status) + " it is")}
	for _, q := range queries {
		r.Evidence = append(r.Evidence, run.Evidence{Observed: "saw " + run.MakeSafe(q, 50), Query: run.MakeSafe(q, 500)})
	}
	return apply(s, at, run.CheckSeen{Step: step, Result: r})
}

func whats(l *Commands, kind CallKind) (list []string) {
	for _, c := range l.list {
		if c.Kind == kind {
			list = append(list, c.What)
		}
	}
	return list
}

func TestEveryLookIsListedOnce(t *testing.T) {
	var l Commands
	s := askers("a", "b")
	l.Observe(run.State{}, s)
	next := asked(s, eight.Add(time.Second), "a", run.Passed, "GET /a", "GET /a", "GET /a2")
	l.Observe(s, next)
	l.Observe(next, next)
	s, next = next, asked(next, eight.Add(2*time.Second), "b", run.Unknown)
	l.Observe(s, next)
	s, next = next, asked(next, eight.Add(3*time.Second), "a", run.Failed, "GET /a")
	l.Observe(s, next)
	if got := strings.Join(whats(&l, Asked), ", "); got != "GET /a, GET /a2, http, GET /a" {
		t.Errorf("listed %s", got)
	}
	last, _ := l.Chosen(Frame{})
	if last.Status != run.Failed || last.Result != "failed it is" || last.Who != "A" || !last.At.Equal(eight.Add(3*time.Second)) {
		t.Errorf("the newest is %+v", last)
	}
	if said := whats(&l, Said); len(said) != 1 || said[0] != "run started by alice" {
		t.Errorf("said %v", said)
	}
}

// What is opened late lists what is still known, in the order of time.
func TestALateLogIsInOrder(t *testing.T) {
	s := askers("a", "b")
	s = asked(s, eight.Add(9*time.Second), "a", run.Passed, "GET /late")
	s = asked(s, eight.Add(3*time.Second), "b", run.Passed, "GET /early")
	var l Commands
	l.Observe(run.State{}, s)
	if got := strings.Join(whats(&l, Asked), ", "); got != "GET /early, GET /late" {
		t.Errorf("listed %s", got)
	}
}

func TestWritesAreListedWithTheirAnswers(t *testing.T) {
	var l Commands
	before := askers("a")
	s := before
	s.Deploys = map[string]run.DeployState{"a": {
		Step: "a", Env: "production", Moves: []run.Move{{Components: []string{"api"}, Share: 25}},
		Answered:      map[string]run.Patched{"api": {Component: "api", Generation: 7}, "gone": {Component: "gone", Err: "422 it changed"}},
		FreezeAnswers: []run.Frozen{{Component: "api"}},
	}}
	s.Rollback = &run.RollbackState{N: 1, Env: "production", Pins: []run.Pin{{Component: "api", ReplicaSet: "api-v2-77"}}}
	s.Envs = map[string]run.EnvState{"production": {Components: map[string]run.ComponentState{"api": {Undo: run.Undone{Component: "api", Accepted: true, AfterMs: 31}}}}}
	l.Observe(before, s)
	l.Observe(s, s)
	var got []string
	for _, c := range l.list {
		if c.Kind == Wrote {
			got = append(got, fmt.Sprint(c.What, " | ", c.Result, " | ", c.Status))
		}
	}
	want := []string{
		"PATCH /apis/apps/v1/namespaces/games/deployments/api-v2 | to 25 %: accepted, generation 7 | passed",
		"PATCH gone | to 25 %: 422 it changed | failed",
		"PATCH /apis/apps/v1/namespaces/games/deployments/api-v2 | pause: accepted | passed",
		"PATCH /apis/apps/v1/namespaces/games/deployments/api-v2 | to api-v2-77: accepted after 31 ms | passed",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheLogIsBounded(t *testing.T) {
	var l Commands
	s := askers("a")
	for i := range 3 * mostCalls {
		next := asked(s, eight.Add(time.Duration(i+1)*time.Second), "a", run.Passed, fmt.Sprint("GET /", i))
		l.Observe(s, next)
		s = next
	}
	if n := len(l.list); n < mostCalls || n > mostCalls*5/4 {
		t.Errorf("%d lines are kept", n)
	}
	if c, _ := l.Chosen(Frame{}); c.What != fmt.Sprint("GET /", 3*mostCalls-1) {
		t.Errorf("the newest is %s", c.What)
	}
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprint("GET /many/", i))
	}
	before := l.n
	l.Observe(s, asked(s, s.At.Add(time.Second), "a", run.Passed, many...))
	if n := l.n - before; n != mostOfOne+1 {
		t.Errorf("one look of fifty calls takes %d lines", n)
	}
}

func TestTheLogFollowsAndHolds(t *testing.T) {
	var l Commands
	s := askers("a", "b")
	f := Frame{State: s, W: 80, H: 19, Theme: theme.New(theme.Options{})}
	grow := func(n int) {
		for range n {
			next := asked(s, s.At.Add(time.Second), "a", run.Passed, "GET /"+s.At.Format("150405"))
			l.Observe(s, next)
			s = next
		}
	}
	grow(40)
	l.View(f)
	l.Move(f, -1)
	held, _ := l.Chosen(f)
	before := strings.Join(l.View(f), "\n")
	grow(15)
	if now, _ := l.Chosen(f); now.N != held.N || l.Following() {
		t.Fatalf("the chosen line moved from %d to %d", held.N, now.N)
	}
	if a, b := strings.Split(before, "\n")[3:9], l.View(f)[3:9]; strings.Join(a, "\n") != strings.Join(b, "\n") {
		t.Errorf("what was held moved:\n%s\nnow\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	l.Move(f, 1<<20)
	grow(1)
	if now, _ := l.Chosen(f); !l.Following() || now.N != l.n {
		t.Errorf("at the end it does not follow")
	}
	l.Turn(1)
	l.Turn(1) // only writes: there are none
	if text := strings.Join(l.View(f), "\n"); !strings.Contains(text, "nothing was asked or written yet") {
		t.Errorf("no writes: %s", text)
	}
	l.Move(f, -3)
	l.Turn(-1)
	f.Filter = "GET /200003"
	if c, ok := l.Chosen(f); !ok || c.What != "GET /200003" {
		t.Errorf("filtered: %+v", c)
	}
}

func TestTheLogFitsEverySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := askers("a", "b")
		var l Commands
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aä日本👩‍👩‍👧‍👦 /\x1b[2J\u202e\t\n")), 0, 60, -1)
		for range rapid.IntRange(0, 30).Draw(t, "looks") {
			step := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "step")
			next := asked(s, s.At.Add(time.Second), step, rapid.SampledFrom([]run.Status{run.Passed, run.Failed, run.Unknown, run.Warn}).Draw(t, "status"), text.Draw(t, "query"), text.Draw(t, "query"))
			l.Observe(s, next)
			s = next
		}
		f := Frame{
			State: s, Now: s.At, Theme: theme.New(theme.Options{ASCII: rapid.Bool().Draw(t, "ascii")}),
			W: rapid.IntRange(MinWidth, 250).Draw(t, "w"), H: rapid.IntRange(6, 66).Draw(t, "h"),
		}
		l.Move(f, rapid.IntRange(-40, 40).Draw(t, "move"))
		l.Turn(rapid.IntRange(-3, 3).Draw(t, "turn"))
		lines := l.View(f)
		if len(lines) > f.H {
			t.Fatalf("%d lines in %d", len(lines), f.H)
		}
		for _, line := range lines {
			if w := max(ansi.StringWidth(line), ansi.StringWidthWc(line)); w > f.W {
				t.Fatalf("%d cells in %d: %q", w, f.W, line)
			}
			if strings.ContainsAny(ansi.Strip(line), "\x1b\n\t\u202e") {
				t.Fatalf("foreign text got through: %q", line)
			}
		}
		if c, ok := l.Chosen(f); ok && !strings.Contains(strings.Join(lines, "\n"), "▸") {
			t.Fatalf("the chosen line %+v is not in view", c)
		}
	})
}
