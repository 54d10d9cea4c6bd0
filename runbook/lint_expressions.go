package runbook

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/expr"
)

// expressions checks every ${…} and every condition, and reports ${…} where nothing fills it in.
func (l *linter) expressions() {
	visited := map[string]bool{}
	walker{visit: func(path string, at place, s *string) {
		visited[path] = true
		if !strings.Contains(*s, "${") {
			return
		}
		t, err := expr.ParseTemplate(*s, at.scope)
		if err != nil {
			l.expression(path, err)
			return
		}
		l.references(path, at, t.References())
	}}.runbook(l.rb)
	l.conditions(visited)
	for path, n := range l.doc.nodes {
		if n.shape == scalarNode && !visited[path] && HasExpr(n.text) && !inCheck(path) {
			p := problemAt(n.at(strings.Index(n.text, "${")), fmt.Sprintf("${…} is not filled in in %s", lastKey(path)), "write $${ if it is meant as it stands")
			l.problems = append(l.problems, p)
		}
	}
}

// inCheck tells whether a path lies within a check, whose texts are all visited.
func inCheck(path string) bool { return strings.Contains(path, ".verify[") }

// expression reports what is wrong with an expression at the very place.
func (l *linter) expression(path string, err error) {
	var wrong expr.Errors
	if !errors.As(err, &wrong) {
		l.errorf(path, "", "%v", err)
		return
	}
	for _, e := range wrong {
		at := l.at(path)
		if n := l.doc.nodes[path]; n != nil {
			at = n.at(e.Offset)
		}
		l.problems = append(l.problems, problemAt(at, e.Message, e.Hint))
	}
}

// references checks that inputs and values that an expression uses are there.
func (l *linter) references(path string, at place, refs []expr.Reference) {
	for _, r := range refs {
		var message, hint string
		switch r.Root {
		case "inputs":
			if _, ok := l.rb.Inputs.Get(r.Name); !ok {
				message, hint = "unknown input "+quote(r.Name), suggest(r.Name, l.rb.Inputs.Keys())
			}
		case "run":
			if _, ok := l.rb.Inputs.Get("version"); !ok {
				message, hint = "run.version is the input version, and the runbook has none", "add the input, or use another"
			}
		case "steps":
			if l.steps[r.Name] == "" {
				known := make([]string, 0, len(l.steps))
				for id := range l.steps {
					known = append(known, id)
				}
				slices.Sort(known)
				message, hint = "unknown step "+quote(r.Name), suggest(r.Name, known)
			}
		case "answers":
			if known := l.questions(); !slices.Contains(known, r.Name) {
				message, hint = "unknown question "+quote(r.Name), suggest(r.Name, known)
			}
		case "env.values":
			message, hint = l.value(at, r.Name)
		}
		if message == "" {
			continue
		}
		p := l.at(path)
		if n := l.doc.nodes[path]; n != nil {
			p = n.at(r.Offset)
		}
		l.problems = append(l.problems, problemAt(p, message, hint))
	}
}

// questions are those that the steps of the runbook ask, as step/question.
func (l *linter) questions() []string {
	var known []string
	for s := range l.rb.steps() {
		if s.Ask == nil {
			continue
		}
		for _, q := range s.Ask.Questions {
			known = append(known, s.ID+"/"+q.ID)
		}
	}
	return known
}

// value looks for env.values.NAME in the environments whose values the text may get.
func (l *linter) value(at place, name string) (message, hint string) {
	var known, missing []string
	there := false
	for env, e := range l.rb.Environments.All() {
		if at.environment != "" && env != at.environment {
			continue
		}
		if _, ok := e.Values.Get(name); ok {
			there = true
			continue
		}
		missing = append(missing, env)
		known = append(known, e.Values.Keys()...)
	}
	slices.Sort(known)
	switch {
	case len(missing) == 0 && there:
		return "", ""
	case !there:
		return "unknown value " + quote(name), suggest(name, slices.Compact(known))
	}
	return "value " + quote(name) + " is missing in environment " + strings.Join(missing, ", "), "add it there under values:"
}

// conditions checks the when of every step and the expect of every check.
func (l *linter) conditions(visited map[string]bool) {
	condition := func(path, text string, scope expr.Scope, environment string) {
		visited[path] = true
		if text == "" {
			return
		}
		c, err := expr.ParseCondition(text, scope)
		if err != nil {
			l.expression(path, err)
			return
		}
		l.references(path, place{scope: scope, environment: environment}, c.References())
	}
	steps := func(steps []Step, path, environment string) {
		for i, s := range steps {
			at := fmt.Sprintf("%s[%d]", path, i)
			condition(at+".when", s.When, scopeWhen, environment)
			for j, c := range s.Verify {
				condition(fmt.Sprintf("%s.verify[%d].expect", at, j), c.Expect, scopeExpect, environment)
			}
		}
	}
	for i, p := range l.rb.Phases {
		for j, s := range p.Sections {
			steps(s.Steps, fmt.Sprintf("phases[%d].sections[%d].steps", i, j), p.Environment)
		}
	}
	if l.rb.Rollback != nil {
		steps(l.rb.Rollback.Steps, "rollback.steps", "")
	}
}
