package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook/engine"
)

// hurry is how much faster than the program the world lives, so that its pods are there sooner.
const hurry = 12

// served is a world on loopback that the program gets to as to any cluster: by a kubeconfig and URLs.
func served(t *testing.T) practice.Exposed {
	t.Helper()
	at, _ := servedWorld(t)
	return at
}

// servedWorld is served, with the world itself, to look at from within.
func servedWorld(t *testing.T) (practice.Exposed, *practice.World) {
	t.Helper()
	sc, err := practice.Find("tuesday")
	if err != nil {
		t.Fatal(err)
	}
	sc.Start = time.Now()
	clock := engine.Scaled(sc.Start, hurry)
	world, err := practice.New(sc, clock, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := world.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	at, err := world.Expose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at, world
}

// moving is a runbook for the world's production: look, deploy at once, and the way back. A look may take as long as a
// busy machine needs.
const moving = `apiVersion: sop/v1
kind: Runbook
metadata: {name: moving, title: Moving, version: 1.0.0}
inputs:
  version: {title: Version, pattern: '^v[0-9.]+$', required: true}
environments:
  production: {namespace: production, prometheus: {url: '%s'}, values: {url: '%s'}}
components:
  web: {workload: deployment/web, container: web, image: 'registry.example/web:${inputs.version}'}
phases:
  - id: only
    title: Only
    sections:
      - steps:
          - id: up
            title: It runs
            verify:
              - {workload: {components: all, available: true}, timeout: 1m}
              - {http: {url: '${env.values.url}/healthz'}, timeout: 1m}
              - prometheus: {query: 'sum(rate(http_requests_total{namespace="production"}[2m]))'}
                expect: self > 0.0
                timeout: 1m
          - {id: move, title: Move it, deploy: {strategy: rolling}}
rollback:
  settle: 1s
  steps:
    - {id: back, title: Go back, rollback: {do: undo}}
`

func movingOn(t *testing.T, at practice.Exposed) string {
	return write(t, "moving.yaml", fmt.Sprintf(moving, at.Prometheus, at.Sites["production"]))
}

type checked struct {
	Runbook, Environment string
	Steps                []struct {
		ID, Status string
		Required   bool
		Checks     []struct {
			Kind, Status, Summary string
			Evidence              struct{ Observed, Source string }
		}
	}
}

func TestCheckOnCluster(t *testing.T) {
	t.Parallel()
	at := served(t)
	var c checked
	must(t, exitDone, "check", movingOn(t, at), "--kubeconfig", at.Kubeconfig, "-o", "json").into(t, &c)
	if c.Runbook != "moving" || c.Environment != "production" || len(c.Steps) != 1 || len(c.Steps[0].Checks) != 3 {
		t.Fatalf("got %+v", c)
	}
	for i, kind := range []string{"workload", "http", "prometheus"} {
		if got := c.Steps[0].Checks[i]; got.Kind != kind || got.Status != "passed" || got.Summary == "" || got.Evidence.Observed == "" {
			t.Errorf("got %+v", got)
		}
	}
}

// A Deployment that is not there is a failure that names it: not unknown, and no panic.
func TestCheckOfMissingDeployment(t *testing.T) {
	t.Parallel()
	at := served(t)
	site := write(t, "site.yaml", `apiVersion: sop/v1
kind: Site
components:
  web: {workload: deployment/wbe}
`)
	var c checked
	must(t, exitFailed, "check", movingOn(t, at), "--values", site, "--kubeconfig", at.Kubeconfig, "-o", "json").into(t, &c)
	if got := c.Steps[0].Checks[0]; got.Status != "failed" || !strings.Contains(got.Summary, "not there") || !strings.Contains(got.Evidence.Source, "wbe") {
		t.Errorf("got %+v", got)
	}
	s := must(t, exitUnknown, "rollback", movingOn(t, at), "--values", site, "--kubeconfig", at.Kubeconfig, "--yes")
	if !strings.Contains(s.err, "wbe") || s.out != "" {
		t.Errorf("got %s%s", s.out, s.err)
	}
}

// A run without a person deploys on a cluster, and a responder who knows nothing of it rolls it back.
func TestRunAndRollbackOnCluster(t *testing.T) {
	t.Parallel()
	at := served(t)
	file := movingOn(t, at)
	var ran outcome
	must(t, exitDone, "run", file, "--set", "version=v1.4.2", "--kubeconfig", at.Kubeconfig, "--auto", "-o", "json").into(t, &ran)
	if ran.Outcome != "completed" || len(ran.Components) != 1 || ran.Components[0].From != "registry.example/web:v1.4.1" || ran.Components[0].State != "deployed" {
		t.Fatalf("got %+v", ran)
	}

	printed := must(t, exitDone, "rollback", file, "web", "--kubeconfig", at.Kubeconfig, "--print").out
	if !strings.Contains(printed, "kubectl -n production patch deployment/web") {
		t.Errorf("printed %s", printed)
	}

	began := time.Now()
	var back struct {
		Run, Outcome string
		Components   []struct {
			Name, From, To, State, Error string
			PatchedAfterMs               float64
		}
	}
	must(t, exitDone, "rollback", file, "--kubeconfig", at.Kubeconfig, "--yes", "-o", "json").into(t, &back)
	if back.Run == ran.Run || len(back.Components) != 1 {
		t.Fatalf("got %+v", back)
	}
	c := back.Components[0]
	if c.To != "registry.example/web:v1.4.1" || c.State != "took" || c.Error != "" {
		t.Errorf("got %+v", c)
	}
	if took := time.Since(began); c.PatchedAfterMs <= 0 || c.PatchedAfterMs > float64(took.Milliseconds()) {
		t.Errorf("patched after %v ms of %s", c.PatchedAfterMs, took)
	}
}
