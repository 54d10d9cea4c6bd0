package checks

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// question is a check as a runbook writes it, and what the practice world should make of it: when nothing is wrong, and
// with a trouble of which a word shows.
type question struct {
	check   string
	trouble string
	word    string
	bad     run.Status // Failed when empty
}

const onForge = "github: {repository: political-sphere/platform, ref: v1.4.2, url: 'https://github.example/api/v3', "

var questions = []question{
	{check: onForge + "checks: required, merged: main}", trouble: "code: {checks: {e2e: failure}}", word: "e2e"},
	{check: onForge + "checks: all}", trouble: "code: {checks: {zap: in_progress}}", word: "zap"},
	{check: onForge + "merged: main}", trouble: "code: {unmerged: true}", word: "main"},
	{check: onForge + "checks: [build]}", trouble: "site: {host: github.example, trouble: down}", word: "refused", bad: run.Unknown},
	{check: onForge + "checks: [build]}", trouble: "code: {rateLimited: true}", word: "limit", bad: run.Unknown},
	{check: "git: {ref: v1.4.2, on: main, tag: annotated, head: true, clean: true}", trouble: "code: {unmerged: true}", word: "main"},
	{check: "git: {ref: v1.4.2, clean: true}", trouble: "checkout: {dirty: true}", word: "change"},
	{check: "command: {argv: [smoke, production], contains: 5 of 5 passed}", trouble: "site: {host: example, trouble: unavailable}", word: "1"},
	{check: "junit: {suites: {unit: {url: 'https://artifacts.example/v1.4.2/unit.xml', minTests: 200}, integration: {url: 'https://artifacts.example/v1.4.2/integration.xml'}, e2e: {url: 'https://artifacts.example/v1.4.2/e2e.xml'}}, maxAge: 24h}", trouble: "report: {name: integration.xml, failures: 2}", word: "integration"},
	{check: "junit: {suites: {e2e: {url: 'https://artifacts.example/v1.4.2/e2e.xml'}}}", trouble: "report: {name: e2e.xml, missing: true}", word: "e2e"},
	{check: "junit: {suites: {unit: {url: 'https://artifacts.example/v1.4.2/unit.xml'}}}", trouble: "report: {name: unit.xml, broken: true}", word: "unit", bad: run.Unknown},
	{check: "nodes: {ready: true, headroom: surge}", trouble: "node: {name: node-2, notReady: true}", word: "node-2"},
	{check: "nodes: {ready: true}", trouble: "node: {name: node-2, cordoned: true}", word: "node-2", bad: run.Warn},
	{check: "nodes: {headroom: surge}", trouble: "quota: {namespace: production}", word: "compute"},
	{check: "endpoints: {services: 'postgres, redis, api, web', min: 1}", trouble: "dependency: {namespace: production, name: redis}", word: "redis"},
	{check: "tcp: {address: ['postgres.production.svc:5432', 'redis.production.svc:6379']}", trouble: "dependency: {namespace: production, name: redis}", word: "redis"},
	{check: "dns: {name: github.example}"},
	{check: "http: {url: 'https://example/healthz', status: 200, contains: ok}", trouble: "certificate: {namespace: production, days: -2}", word: "certificate"},
	{check: "tls: {address: example}", trouble: "certificate: {namespace: production, days: 60, name: old.example}", word: "example"},
	{check: "certificate: {secrets: [web-tls], hosts: [example, staging.example]}", trouble: "certificate: {namespace: production, days: 10}", word: "10"},
	{check: "configmap: {name: app-config, keys: [LOG_LEVEL, POOL_SIZE], sameAs: staging, except: [ENVIRONMENT, PUBLIC_URL, POOL_SIZE]}", trouble: "config: {namespace: production, set: {LOG_LEVEL: debug}}", word: "LOG_LEVEL", bad: run.Warn},
	{check: "secret: {name: app-secrets, keys: 'DATABASE_PASSWORD, API_KEY'}", trouble: "secret: {namespace: production, empty: [API_KEY]}", word: "API_KEY"},
	{check: "job: {name: migration-dry-run, maxAge: 24h}", trouble: "migration: {namespace: production, message: relation exists}", word: "relation exists"},
	{check: "alerts: {severity: [critical, warning], labels: {namespace: production}}", trouble: "alert: {namespace: production, name: DatabaseSlow}", word: "DatabaseSlow"},
	{check: "alerts: {}", trouble: "alert: {namespace: production, name: DatabaseSlow}", word: "DatabaseSlow"},
	{check: "alerts: {alertmanager: 'https://alertmanager.production.example'}", trouble: "alert: {namespace: production, name: DatabaseSlow}", word: "DatabaseSlow"},
	{check: "alerts: {alertmanager: 'https://alertmanager.production.example'}", trouble: "site: {host: alertmanager.production.example, trouble: unavailable}", word: "503", bad: run.Unknown},
	{check: "image: {components: all}", trouble: "site: {host: registry.example, trouble: unavailable}", word: "registry.example", bad: run.Unknown},
	{check: "reach: {services: [api], path: /healthz}", trouble: "pods: {namespace: production, component: api, notReady: no database}", word: "api"},
	{check: "object: {apiVersion: v1, kind: ResourceQuota, name: compute}"},
}

// inPractice looks once at each check in a practice world with some troubles.
func inPractice(t *testing.T, troubles string, look func(*bench)) {
	t.Helper()
	text := "apiVersion: sop/v1\nkind: Scenario\nmetadata: {name: a, title: A, difficulty: 1}\nrunbook: deployment\nstart: 2026-03-10T10:00:00Z\nseed: 1\n" +
		"world:\n  running: v1.4.1\n  release: v1.4.2\n" + troubles + "expect: {action: complete}\ndebrief: nothing\n"
	sc, err := practice.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.clock = practice.NewJumping(sc.Start)
	rb := &runbook.Runbook{}
	for _, name := range []string{"api", "web", "worker", "game-server"} {
		rb.Components.Set(name, runbook.Component{Name: name, Workload: "deployment/" + name, Container: name, Image: "registry.example/" + name + ":v1.4.2"})
	}
	for _, name := range []string{"staging", "production"} {
		rb.Environments.Set(name, runbook.Environment{Name: name, Namespace: name, Prometheus: runbook.Prometheus{URL: "https://prometheus." + name + ".example"}})
	}
	b.plan = &runbook.Plan{Runbook: rb, Environment: "production", Digest: "abc"}
	w, err := practice.New(sc, b.clock, sc.Seed)
	if err != nil {
		t.Fatal(err)
	}
	b.http, b.files = w.Transport(), w.Files()
	b.more = func(s *Sources) { s.Dial, s.Resolver, s.Roots, s.Programs = w.Dial, w, w.Roots(), w }
	b.clusters = kube.NewClusters(func(runbook.Environment) (*rest.Config, error) { return w.RESTConfig(), nil }, b.clock)
	b.clock.AddIdle(w.Idle())
	b.clock.AddIdle(func() bool { return b.clusters.Settled(w.Cluster().CaughtUp) })
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); b.clusters.Close() })
	b.clock.Run(func() {
		if err := w.Start(ctx); err != nil {
			t.Error(err)
			return
		}
		// The controllers follow what is wrong from the beginning a moment later, as a quota's status does.
		if err := b.clock.Wait(ctx, time.Second, nil); err != nil {
			t.Error(err)
			return
		}
		look(b)
	})
}

// written reads a check as a runbook writes it.
func written(t *testing.T, text string) runbook.Check {
	t.Helper()
	var m map[string]map[string]any
	if err := yaml.Unmarshal([]byte(text), &m); err != nil || len(m) != 1 {
		t.Fatalf("%s: %v", text, err)
	}
	for name, p := range m {
		return runbook.Check{Kind: name, Params: p}
	}
	return runbook.Check{}
}

// TestPracticeAnswersEveryKind: a healthy practice world makes every check pass.
func TestPracticeAnswersEveryKind(t *testing.T) {
	inPractice(t, "", func(b *bench) {
		for _, q := range questions {
			if r := b.lookNow(written(t, q.check)); r.Status != run.Passed {
				t.Errorf("%s: %s, %s", q.check, r.Status, r.Summary)
			}
		}
	})
}

// TestPracticeTroublesShow: with its trouble each check tells what is wrong. One world at a time: looks over a connection
// give up by the machine's time.
func TestPracticeTroublesShow(t *testing.T) {
	for _, q := range questions {
		if q.trouble == "" {
			continue
		}
		t.Run(q.trouble, func(t *testing.T) {
			inPractice(t, "  already:\n    - "+q.trouble+"\n", func(b *bench) {
				want := q.bad
				if want == "" {
					want = run.Failed
				}
				r := b.lookNow(written(t, q.check))
				if text := told(r); r.Status != want || !strings.Contains(text, q.word) {
					t.Errorf("%s: %s, want %s with %q: %s", q.check, r.Status, want, q.word, text)
				}
			})
		})
	}
}

// told is all that a result says.
func told(r run.Result) string {
	text := string(r.Summary)
	for _, e := range r.Evidence {
		text += "\n" + string(e.Observed) + "\n" + string(e.Query)
	}
	return text
}
