package run_test

import (
	"os"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// anything are the parameters of every check in the runbook that ships.
type anything struct {
	Components any `yaml:"components,omitempty"`
	Available  any `yaml:"available,omitempty"`
	Services   any `yaml:"services,omitempty"`
	Min        any `yaml:"min,omitempty"`
	URL        any `yaml:"url,omitempty"`
	Name       any `yaml:"name,omitempty"`
	Keys       any `yaml:"keys,omitempty"`
	Days       any `yaml:"days,omitempty"`
	From       any `yaml:"from,omitempty"`
	To         any `yaml:"to,omitempty"`
	Zone       any `yaml:"zone,omitempty"`
	Query      any `yaml:"query,omitempty"`
	For        any `yaml:"for,omitempty"`
	Repository any `yaml:"repository,omitempty"`
	Ref        any `yaml:"ref,omitempty"`
	Merged     any `yaml:"merged,omitempty"`
	Checks     any `yaml:"checks,omitempty"`
	Ready      any `yaml:"ready,omitempty"`
	Headroom   any `yaml:"headroom,omitempty"`
	Path       any `yaml:"path,omitempty"`
	Secrets    any `yaml:"secrets,omitempty"`
	Hosts      any `yaml:"hosts,omitempty"`
	Warn       any `yaml:"warn,omitempty"`
	Fail       any `yaml:"fail,omitempty"`
	Suites     any `yaml:"suites,omitempty"`
	MaxAge     any `yaml:"maxAge,omitempty"`
	Reports    any `yaml:"reports,omitempty"`
	ConfigMap  any `yaml:"configmap,omitempty"`
	Flags      any `yaml:"flags,omitempty"`
	Off        any `yaml:"off,omitempty"`
	Pairs      any `yaml:"pairs,omitempty"`
	Contains   any `yaml:"contains,omitempty"`
	SameAs     any `yaml:"sameAs,omitempty"`
	Except     any `yaml:"except,omitempty"`
	Anchored   any `yaml:"anchored,omitempty"`
}

// shippedPlan is the runbook that ships, with kinds that take any parameters.
func shippedPlan(tb testing.TB) *runbook.Plan {
	tb.Helper()
	data, err := os.ReadFile("../../runbooks/deployment.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	var kinds []runbook.Kind
	for _, name := range []string{
		"workload", "endpoints", "http", "secret", "window", "prometheus", "access", "github", "nodes", "reach", "certificate", "image",
		"junit", "sarif", "json", "flags", "job", "file", "configmap", "journal",
	} {
		kinds = append(kinds, runbook.Kind{Name: name, Doc: "stub", Params: anything{}, Example: name + ": {}"})
	}
	doc, problems := runbook.Load(kinds, runbook.Source{Name: "deployment.yaml", Data: data})
	if doc == nil {
		tb.Fatal(problems)
	}
	plan, problems := runbook.Resolve(doc, runbook.Choice{Inputs: map[string]string{"version": "v1.2.3"}, Environment: "production"})
	if plan == nil {
		tb.Fatal(problems)
	}
	return plan
}

// shipped is a run of it in which every live check has been looked at once.
func shipped(tb testing.TB) (run.State, run.Input) {
	tb.Helper()
	s := run.New("bench", shippedPlan(tb))
	s = run.Apply(s, run.Begin(s, begun, "alice", run.RunStarted{Operator: "alice", Environment: "production"})...)
	var in run.Input
	for _, w := range run.Wanted(s) {
		if c, ok := w.Body.(run.CheckWork); ok {
			in = run.Input{At: begun, Observation: run.Checked{Step: c.Step, Index: c.Index, Result: run.Result{Status: run.Passed}}}
			s = run.Apply(s, run.Decide(s, in)...)
		}
	}
	if in.Observation == nil {
		tb.Fatal("the shipped runbook has no check")
	}
	return s, in
}

func BenchmarkDecideUnchanged(b *testing.B) {
	s, in := shipped(b)
	for b.Loop() {
		run.Decide(s, in)
	}
}

func BenchmarkWantedAndDeadline(b *testing.B) {
	s, _ := shipped(b)
	for b.Loop() {
		run.Wanted(s)
		run.Deadline(s)
	}
}

func TestAnUnchangedLookCostsLittle(t *testing.T) {
	s, in := shipped(t)
	if n := testing.AllocsPerRun(10, func() { run.Decide(s, in) }); n > 500 {
		t.Errorf("%v allocations for a look that shows nothing new", n)
	}
}

func BenchmarkApplyChanged(b *testing.B) {
	s, in := shipped(b)
	seen := in.Observation.(run.Checked)
	seen.Result.Status = run.Failed
	in.Observation = seen
	events := run.Decide(s, in)
	if len(events) == 0 {
		b.Fatal("a box that fails changes nothing")
	}
	for b.Loop() {
		run.Apply(s, events...)
	}
}

// large is a run of 40 steps with 3 checks each, every one looked at and passed, and a look that shows it again.
func large(tb testing.TB) (run.State, run.Input) {
	tb.Helper()
	s := run.New("bench", runtest.Large(tb, 40, 3))
	s = run.Apply(s, run.Begin(s, begun, "alice", run.RunStarted{Operator: "alice", Environment: "production"})...)
	var in run.Input
	for _, w := range run.Wanted(s) {
		c := w.Body.(run.CheckWork)
		r := run.Result{
			Status: run.Passed, Summary: "4 of 4 pods are available", Sensor: "cluster testbed", Pin: "sha256:a",
			Evidence: []run.Evidence{{Observed: "4 of 4", Expected: "4 of 4", Source: "Deployment production/api", Query: "GET /apis/apps/v1/namespaces/production/deployments/api", ResourceVersion: "4711"}},
		}
		in = run.Input{At: begun, Observation: run.Checked{Step: c.Step, Index: c.Index, Result: r}}
		s = run.Apply(s, run.Decide(s, in)...)
	}
	return s, in
}

func BenchmarkLargeDecideUnchanged(b *testing.B) {
	s, in := large(b)
	for b.Loop() {
		run.Decide(s, in)
	}
}

func BenchmarkLargeDecideAndApplyChanged(b *testing.B) {
	s, in := large(b)
	seen := in.Observation.(run.Checked)
	seen.Result.Status, seen.Result.Summary = run.Failed, "3 of 4 pods are available"
	in.Observation = seen
	for b.Loop() {
		run.Apply(s, run.Decide(s, in)...)
	}
}

func BenchmarkLargeWantedAndDeadline(b *testing.B) {
	s, _ := large(b)
	for b.Loop() {
		run.Wanted(s)
		run.Deadline(s)
	}
}

// BenchmarkLargeScreen asks what a checklist draws for every box.
func BenchmarkLargeScreen(b *testing.B) {
	s, _ := large(b)
	for b.Loop() {
		s.Sensors()
		for step := range run.Steps(s.Plan) {
			s.StepStatus(step.ID)
			s.Observed(step.ID)
			s.Folded(step.ID)
			s.Flapping(step.ID)
			s.LastFall(step.ID)
		}
	}
}

func BenchmarkLargeGate(b *testing.B) {
	s, _ := large(b)
	for b.Loop() {
		if events := run.Decide(s, run.Input{At: begun, Intent: run.OpenGate{}}); len(events) < 2 {
			b.Fatal("the gate stays shut")
		}
	}
}
