package runbook

import (
	"maps"

	"github.com/politicalsphere/sop/runbook/expr"
)

// Plan is a runbook with everything filled in: what a run executes. It is a value that nobody changes.
type Plan struct {
	Runbook     *Runbook            // every ${…} of phases, rollback, components and environments filled in; every Phase.Environment named
	Inputs      map[string]string   // resolved, defaults included
	Environment string              // the run's target (-e)
	RunID       string              // of Choice; empty when nothing is run
	Operator    string              // of Choice
	Metrics     map[string][]Metric // by environment, filled in, in the order of the file
	Digest      string              // SHA-256 of the merged file (hex)
}

// Env returns the environment of that name; the zero value when there is none.
func (p *Plan) Env(name string) Environment {
	e, _ := p.Runbook.Environments.Get(name)
	return e
}

// Component returns the component of that name.
func (p *Plan) Component(name string) (Component, bool) { return p.Runbook.Components.Get(name) }

// Waves are the deploy's waves by component names; a deploy that names none has all components in one.
func (p *Plan) Waves(d *Deploy) [][]string {
	if len(d.Waves) > 0 {
		return d.Waves
	}
	return [][]string{p.Runbook.Components.Keys()}
}

// Vars are what expressions know in an environment: for the `when` of a step (add Steps) and the `expect` of a check
// (add Self).
func (p *Plan) Vars(environment string) expr.Vars {
	return expr.Vars{Inputs: p.Inputs, Env: envVars(p.Env(environment)), Run: p.runVars()}
}

// Wanted evaluates a step's `when`; without one the step is wanted. steps holds the status of each step so far, answers
// what was answered, by step/question.
func (p *Plan) Wanted(s Step, environment string, steps, answers map[string]string) (bool, error) {
	if s.When == "" {
		return true, nil
	}
	c, err := expr.ParseCondition(s.When, scopeWhen)
	if err != nil {
		return false, err
	}
	v := p.Vars(environment)
	v.Steps, v.Answers = steps, answers
	return c.Eval(v)
}

// Expects evaluates a check's `expect` for the observed value: nil, a bool, number or text, or lists and maps of them.
// Without an expect the answer is true.
func (p *Plan) Expects(c Check, environment string, self any) (bool, error) {
	if c.Expect == "" {
		return true, nil
	}
	cond, err := expr.ParseCondition(c.Expect, scopeExpect)
	if err != nil {
		return false, err
	}
	v := p.Vars(environment)
	v.Self = self
	return cond.Eval(v)
}

func (p *Plan) runVars() expr.RunInfo {
	return expr.RunInfo{ID: p.RunID, Operator: p.Operator, Environment: p.Environment, Version: p.Inputs["version"]}
}

func envVars(e Environment) expr.Environment {
	return expr.Environment{
		Name: e.Name, Namespace: e.Namespace, Context: e.Context, PrometheusURL: e.Prometheus.URL,
		Protected: e.Protected, Values: maps.Collect(e.Values.All()),
	}
}
