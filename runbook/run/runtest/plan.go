// Package runtest is a small world in memory for tests of the law of a run and of the engine that drives it: a
// runbook, the answers to every Work, and a driver that takes a State through time without a goroutine.
//
//	d := runtest.Start(t, runtest.Plan(t), runtest.NewWorld())
//	d.Want(run.OpenGate{})
//	d.For(5 * time.Minute)
//
// It is deterministic: the same script gives the same events.
package runtest

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Begin is the instant at which every scripted run starts.
var Begin = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// ID is the id of every scripted run.
const ID = "01HZY3V7Q2M8K4N6P8R0T2W4X6"

// Runbook is the procedure of the scripted runs: a checklist, a rolling deploy to staging, a canary to production with
// its watch, and a phase after it.
const Runbook = `apiVersion: sop/v1
kind: Runbook
metadata: {name: small, title: Small}
environments:
  staging: {namespace: staging}
  production: {namespace: production}
components:
  worker: {workload: deployment/worker, image: 'registry.example/worker:v2'}
  api: {workload: deployment/api, image: 'registry.example/api:v2'}
metrics:
  errors:
    title: Errors
    unit: percent
    numerator: n
    denominator: d
    objective: '< 0.1%'
    triggers:
      - {trip: '> baseline + 5pp', for: 1m, severity: critical, then: rollback}
phases:
  - id: before
    title: Before
    sections:
      - steps:
          - {id: ready, title: Ready, verify: [{workload: {}, interval: 10s, ttl: 40s}], recheck: run}
          - {id: secret, title: Secret, verify: [{probe: {}, interval: 10s, ttl: 40s}]}
          - {id: strict, title: Strict, verify: [{probe: {}, interval: 10s, ttl: 40s}], overridable: false}
          - {id: soft, title: Soft, verify: [{probe: {}, interval: 10s}], required: false}
          - {id: later, title: Later, verify: [{probe: {}, interval: 10s, ttl: 40s}], deferTo: after}
          - {id: slow, title: Slow, verify: [{probe: {}, interval: 10s, ttl: 40s, failureThreshold: 3, successThreshold: 2}]}
          - {id: config, title: Config}
  - id: staging
    title: Staging
    environment: staging
    sections:
      - steps:
          - {id: roll, title: Roll, deploy: {strategy: rolling}}
          - {id: smoke, title: Smoke, verify: [{workload: {}, interval: 10s, ttl: 40s}]}
  - id: production
    title: Production
    environment: production
    sections:
      - steps:
          - {id: notify, title: Notify}
          - {id: move, title: Move, deploy: {strategy: canary, waves: [[worker], [api]], steps: [25%], hold: 2m}}
          - {id: validate, title: Validate, verify: [{workload: {}, interval: 10s, ttl: 40s}]}
          - {id: watch, title: Watch, watch: {for: 10m, every: 15s}}
  - id: after
    title: After
    environment: production
    sections:
      - steps:
          - {id: report, title: Report}
rollback:
  auto: false
  fuse: 3s
  settle: 2m
  steps:
    - {id: stop, title: Stop, rollback: {do: stop}}
    - {id: undo, title: Undo, rollback: {do: undo}}
    - {id: verify, title: Verify, rollback: {do: verify}}
    - {id: tell, title: Tell}
`

// Kinds are the check kinds that the runbook uses: workload is one that a rollout changes, probe is not.
var Kinds = []runbook.Kind{
	{Name: "workload", Doc: "stub", Example: "workload: {}"},
	{Name: "probe", Doc: "stub", Example: "probe: {}"},
}

// Plan is the resolved Runbook; each pair of edits replaces a text that stands in it once.
func Plan(tb testing.TB, edits ...string) *runbook.Plan {
	tb.Helper()
	text := Runbook
	for i := 0; i+1 < len(edits); i += 2 {
		if strings.Count(text, edits[i]) != 1 {
			tb.Fatalf("%q stands %d times in the runbook, not once", edits[i], strings.Count(text, edits[i]))
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	doc, problems := runbook.Load(Kinds, runbook.Source{Name: "small.yaml", Data: []byte(text)})
	if doc == nil {
		tb.Fatalf("load the runbook: %v", problems)
	}
	plan, problems := runbook.Resolve(doc, runbook.Choice{Environment: "production", Run: ID, Operator: "alice"})
	if plan == nil {
		tb.Fatalf("resolve the runbook: %v", problems)
	}
	return plan
}
