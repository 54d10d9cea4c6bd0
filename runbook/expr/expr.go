// Package expr is the small language inside a runbook: ${…} in texts and the conditions `when` and `expect`. It is
// CEL (the Common Expression Language) over a fixed set of names, with limits on length, depth and cost, so that a
// runbook can neither loop nor read anything but what it is given.
//
// # The names
//
//	inputs.NAME, inputs["NAME"]     what the operator gave (texts)
//	env.name namespace context protected prometheus.url values.NAME
//	component.name                  only under components:
//	run.id operator environment version (run.version is the input version)
//	steps.ID                        status of a step, such as 'passed'
//	self                            the observed value of a check
//
// Names of inputs, values and steps may hold hyphens: inputs.hold-time is one name, not a subtraction.
//
//	t, err := expr.ParseTemplate("registry.example/api:${inputs.version}", expr.Inputs)
//	image, err := t.Expand(expr.Vars{Inputs: map[string]string{"version": "v1.4.2"}})
//
// Everything here is a pure function; compiled expressions are kept by their text.
package expr

import (
	"fmt"
	"strings"
)

// Scope says which names an expression may use.
type Scope uint8

// The names of a scope; they are or-ed together.
const (
	Inputs Scope = 1 << iota
	Env
	Component
	Run
	Steps
	Answers
	Self
)

// Vars are the values of the names. What the scope does not have is not looked at.
type Vars struct {
	Inputs    map[string]string
	Env       Environment
	Component string // its name
	Run       RunInfo
	Steps     map[string]string
	Answers   map[string]string // by step/question; "" where nobody answered yet
	Self      any               // nil, bool, number, text, list or map
}

// Environment is what an expression may know of an environment.
type Environment struct {
	Name, Namespace, Context, PrometheusURL string
	Protected                               bool
	Values                                  map[string]string
}

// RunInfo is what an expression may know of the run.
type RunInfo struct{ ID, Operator, Environment, Version string }

// Limits that keep a runbook from holding up the program.
const (
	maxLength    = 2048    // characters of one expression
	maxDepth     = 32      // nesting
	maxNodes     = 1000    // parts of one expression
	maxCost      = 100_000 // CEL's cost units of one evaluation
	maxTemplates = 64      // expressions in one text
)

// Error is one thing wrong with an expression. Offset counts characters from the beginning of the text that was
// parsed.
type Error struct {
	Offset  int
	Message string
	Hint    string
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// Errors are all the things wrong with one text.
type Errors []*Error

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, x := range e {
		texts[i] = x.Error()
	}
	return strings.Join(texts, "; ")
}

// Reference is a name that an expression uses and that only the runbook can tell whether it is there.
type Reference struct {
	Root   string // "inputs", "env.values", "steps", "answers" or "run" (of which only version)
	Name   string
	Offset int // in characters
}

// names lists what a scope knows, for hints.
func (s Scope) names() string {
	var out []string
	for _, k := range []struct {
		bit  Scope
		name string
	}{{Inputs, "inputs"}, {Env, "env"}, {Component, "component"}, {Run, "run"}, {Steps, "steps"}, {Answers, "answers"}, {Self, "self"}} {
		if s&k.bit != 0 {
			out = append(out, k.name)
		}
	}
	return strings.Join(out, ", ")
}

// activation is vars as CEL wants them.
func (v Vars) activation() map[string]any {
	return map[string]any{
		"inputs":   orEmpty(v.Inputs),
		"env.name": v.Env.Name, "env.namespace": v.Env.Namespace, "env.context": v.Env.Context,
		"env.prometheus.url": v.Env.PrometheusURL, "env.protected": v.Env.Protected, "env.values": orEmpty(v.Env.Values),
		"component.name": v.Component,
		"run.id":         v.Run.ID, "run.operator": v.Run.Operator, "run.environment": v.Run.Environment, "run.version": v.Run.Version,
		"steps": orEmpty(v.Steps), "answers": orEmpty(v.Answers),
		"self": v.Self,
	}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// Condition is a compiled `when` or `expect`.
type Condition struct{ program *program }

// ParseCondition compiles a condition; it must give true or false. The error is of type Errors.
func ParseCondition(text string, scope Scope) (*Condition, error) {
	p, err := compile(text, scope)
	if err != nil {
		return nil, err
	}
	if !p.gives("bool") {
		return nil, Errors{{Message: "a condition must give true or false, this gives " + inWords(p.output), Hint: "compare it with something, as in inputs.version == 'v1.4.2'"}}
	}
	return &Condition{p}, nil
}

// Eval evaluates the condition.
func (c *Condition) Eval(v Vars) (bool, error) {
	out, err := c.program.eval(v)
	if err != nil {
		return false, err
	}
	b, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate condition %q: it gave %v, not true or false; compare it with something", c.program.text, out)
	}
	return b, nil
}

// References lists the names that the condition uses.
func (c *Condition) References() []Reference { return c.program.references }
