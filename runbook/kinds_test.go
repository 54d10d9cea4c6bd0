package runbook

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The stub kinds have the parameters of real ones, so that every notation is used.
type httpStub struct {
	URL     string            `yaml:"url" doc:"what to ask"`
	Status  []string          `yaml:"status,omitempty" doc:"good statuses"`
	Headers map[string]string `yaml:"headers,omitempty" doc:"headers to send"`
	MaxBody int               `yaml:"maxBody,omitempty" doc:"bytes that are read"`
	Share   Percent           `yaml:"share,omitempty"`
	Wait    Duration          `yaml:"wait,omitempty"`
	Plain   time.Duration     `yaml:"plain,omitempty"`
	Level   Quantity          `yaml:"level,omitempty"`
	Ratio   float64           `yaml:"ratio,omitempty"`
	Strict  *bool             `yaml:"strict,omitempty"`
	Nested  struct {
		Deep string `yaml:"deep"`
	} `yaml:"nested,omitempty"`
	Any any `yaml:"any,omitempty"`
}

type workloadStub struct {
	Components Names `yaml:"components" doc:"which"`
	Available  bool  `yaml:"available,omitempty"`
}

var stubKinds = []Kind{
	{
		Name: "http", Params: httpStub{}, Example: "http: {url: '${env.values.url}/healthz'}",
		Lint: func(params any, _ Check) []ParamProblem {
			p := params.(*httpStub)
			if !HasExpr(p.URL) && !strings.HasPrefix(p.URL, "http") {
				return []ParamProblem{{Path: "url", Message: "no address", Hint: "begin with https://"}}
			}
			if slices.Contains(p.Status, "500") {
				return []ParamProblem{{Path: "status", Message: "500 is odd", Warning: true}}
			}
			return nil
		},
	},
	{Name: "workload", Params: workloadStub{}, Example: "- workload: {components: all}\n  interval: 10s"},
	{Name: "bare", Example: "bare: {}"},
}

func TestExamplesLint(t *testing.T) {
	for _, k := range stubKinds {
		for _, p := range LintExample(k) {
			t.Errorf("%s: %v", k.Name, p)
		}
	}
	if p := LintExample(Kind{Name: "http", Params: httpStub{}, Example: "http: {uri: x}"}); len(p) != 2 {
		t.Errorf("an example with an unknown and a missing key has two problems, got %v", p)
	}
}

// small is a runbook with nothing wrong that tests break in one place.
const small = `apiVersion: sop/v1
kind: Runbook
metadata: {name: small, title: Small, lastUpdated: 2025-11-14}
inputs:
  version: {title: Version to deploy, pattern: 'v[0-9.]+', required: true}
  hold: {type: duration, default: 5m}
environments:
  staging: {namespace: staging, values: {url: 'https://staging.example', only: here}}
  production: {namespace: production, prometheus: {url: 'https://prometheus.example'}, values: {url: 'https://example'}}
components:
  api: {workload: deployment/api, image: 'registry.example/api:${inputs.version}'}
  web: {workload: deployment/web, image: 'registry.example/web:${inputs.version}'}
metrics:
  errors:
    title: Errors
    unit: percent
    numerator: 'n{ns="${env.namespace}"}'
    denominator: 'd'
    objective: '< 0.1%'
    triggers:
      - {trip: '> baseline + 5pp', for: 90s, severity: critical, then: rollback}
  p95:
    title: p95
    unit: seconds
    query: q
    triggers:
      - {trip: '> baseline + 20%', atLeast: 10ms}
phases:
  - id: before
    title: Before
    sections:
      - title: One
        steps:
          - {id: ready, title: Ready, verify: [{workload: {components: [api]}, interval: 10s}], recheck: run, deferTo: after}
          - id: answers
            title: Answers
            when: steps.ready == 'passed'
            verify:
              - http: {url: '${env.values.url}/healthz', status: [200, 2xx], ttl: 1m}
                expect: self.status < 300
  - id: staging
    title: Staging
    environment: staging
    sections:
      - steps:
          - {id: roll, title: Roll, deploy: {strategy: rolling}, verify: [{workload: {components: all}}]}
  - id: after
    title: After
    environment: production
    sections:
      - steps:
          - {id: move, title: Move, deploy: {strategy: canary, waves: [[web], [api]], steps: [5%, 50%], hold: '${inputs.hold}'}}
          - {id: watch, title: Watch, watch: {for: 30m, metrics: [errors]}}
rollback:
  fuse: 3s
  steps:
    - {id: stop, title: Stop, rollback: {do: stop}}
    - {id: undo, title: Undo, rollback: {do: undo}}
`

func loadSmall(t *testing.T, data string, sites ...Source) (*Document, []Problem) {
	t.Helper()
	return Load(stubKinds, Source{Name: "small.yaml", Data: []byte(data)}, sites...)
}

// mustLoad loads what must have no problems.
func mustLoad(t *testing.T, data string, sites ...Source) *Document {
	t.Helper()
	doc, problems := loadSmall(t, data, sites...)
	if doc == nil || len(problems) > 0 {
		t.Fatalf("Load: %v", problems)
	}
	return doc
}

// with replaces the one place of small that old is.
func with(t *testing.T, old, replacement string) string {
	t.Helper()
	if strings.Count(small, old) != 1 {
		t.Fatalf("%q stands %d times in the small runbook", old, strings.Count(small, old))
	}
	return strings.Replace(small, old, replacement, 1)
}
