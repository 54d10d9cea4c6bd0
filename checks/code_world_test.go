package checks

import (
	"context"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// TestCodeInThePracticeWorld asks the world that trainees practise in, which speaks the real protocols by code of its
// own: each kind on a good day, and when the thing that it is there for is wrong.
func TestCodeInThePracticeWorld(t *testing.T) {
	hub := func(more ...any) runbook.Check {
		p := params("url", "https://github.example/api/v3", "repository", "political-sphere/platform", "ref", "v1.4.2")
		for i := 0; i < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return runbook.Check{Kind: "github", Params: p}
	}
	all := hub("checks", "all", "merged", "main")
	git := runbook.Check{Kind: "git", Params: params("ref", "v1.4.2", "on", "main", "tag", "annotated")}
	managed := runbook.Check{Kind: "alerts", Params: params("alertmanager", "https://alertmanager.production.example", "heartbeat", "Watchdog")}
	ruled := runbook.Check{Kind: "alerts", Params: params("severity", []any{"critical", "warning"}, "heartbeat", "Watchdog")}
	for _, c := range []struct {
		name, already string
		check         runbook.Check
		status        run.Status
		words         []string
	}{
		{"all checks", "", all, run.Passed, []string{"green", "on main"}},
		{"required checks", "", hub("checks", "required", "merged", "main"), run.Passed, []string{"green"}},
		{"a named check", "", hub("checks", []any{"e2e"}), run.Passed, []string{"1 check green"}},
		{"a red check", "code: {checks: {e2e: failure}}", all, run.Failed, []string{"e2e failure"}},
		{"a running check", "code: {checks: {e2e: in_progress}}", all, run.Failed, []string{"e2e still running"}},
		{"a red status", "code: {statuses: {license/cla: error}}", all, run.Failed, []string{"license/cla error"}},
		{"not merged", "code: {unmerged: true}", all, run.Failed, []string{"not on main"}},
		{"no such version", "", hub("ref", "v9.9.9"), run.Failed, []string{"no commit v9.9.9"}},
		{"rate limit", "code: {rateLimited: true}", all, run.Unknown, []string{"rate limit is used up until"}},
		{"the forge is down", "site: {host: github.example, trouble: down}", all, run.Unknown, []string{"connection refused"}},
		{"git", "", git, run.Passed, []string{"on origin/main", "an annotated tag"}},
		{"git, not merged", "code: {unmerged: true}", git, run.Failed, []string{"is not on origin/main"}},
		{"git, no such tag", "", runbook.Check{Kind: "git", Params: params("ref", "v9.9.9", "tag", "any")}, run.Failed, []string{"no tag v9.9.9"}},
		{"git, clean", "", runbook.Check{Kind: "git", Params: params("ref", "HEAD", "clean", true, "head", true)}, run.Passed, []string{"clean"}},
		{"git, fetched", "", runbook.Check{Kind: "git", Params: params("ref", "v1.4.2", "fetch", true)}, run.Passed, nil},
		{"Alertmanager", "", managed, run.Passed, []string{"none firing"}},
		{"Alertmanager with an alert", "alert: {namespace: production, name: DatabaseSlow}", managed, run.Failed, []string{"1 firing: DatabaseSlow"}},
		{"Prometheus", "", ruled, run.Passed, []string{"none firing"}},
		{"Prometheus with an alert", "alert: {namespace: production, name: DatabaseSlow}", ruled, run.Failed, []string{"1 firing: DatabaseSlow"}},
		{"a stand-in", "", runbook.Check{Kind: "command", Params: params("argv", []any{"smoke", "production"})}, run.Passed, nil},
		{"no stand-in", "", runbook.Check{Kind: "command", Params: params("argv", []any{"sh", "-c", "exit 0"})}, run.Unknown, []string{"program not found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			world := b.practise(c.already)
			b.clock.Run(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if err := world.Start(ctx); err != nil {
					t.Error(err)
					return
				}
				r := b.lookNow(c.check)
				want(t, r, c.status, c.words...)
				if r.Sensor == "" || r.Ill != (c.status == run.Unknown) {
					t.Errorf("sensor %q, ill %v", r.Sensor, r.Ill)
				}
			})
		})
	}
}

// practise opens the bench's doors to a world in which a thing is wrong from the beginning.
func (b *bench) practise(already string) *practice.World {
	text := `apiVersion: sop/v1
kind: Scenario
metadata: {name: a, title: A, difficulty: 1}
runbook: deployment
environment: production
operator: trainee
inputs: {version: v1.4.2}
start: 2026-03-02T09:30:00Z
seed: 1
world: {running: v1.4.1, release: v1.4.2}
expect: {action: complete}
debrief: nothing
`
	if already != "" {
		text = strings.Replace(text, "release: v1.4.2}", "release: v1.4.2, already: [{"+already+"}]}", 1)
	}
	sc, err := practice.Parse("a.yaml", []byte(text))
	if err != nil {
		b.t.Fatal(err)
	}
	world, err := practice.New(sc, b.clock, 1)
	if err != nil {
		b.t.Fatal(err)
	}
	b.clock.AddIdle(world.Idle())
	b.http = world.Transport()
	b.more = func(s *Sources) {
		s.Programs, s.Prom = world, prom.NewClients(b.http, b.clock)
	}
	env, _ := b.plan.Runbook.Environments.Get("production")
	env.Prometheus.URL = "https://prometheus.production.example"
	b.plan.Runbook.Environments.Set("production", env)
	return world
}
