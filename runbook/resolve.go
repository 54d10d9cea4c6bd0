package runbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/expr"
)

// Choice is what the operator chose at the start of a run.
type Choice struct {
	Inputs      map[string]string // --set key=value
	Environment string            // -e; empty: the last environment that a phase names, or else the only one
	Context     string            // --context; refused when the run spans environments
	Namespace   string            // -n; refused when the run spans environments
	Run         string            // id of the run, for ${run.id}; may be empty when only checking
	Operator    string            // who runs it, for ${run.operator}
	TargetOnly  bool              // only the target is touched (a rollback): Context and Namespace mean it
	Partial     bool              // required inputs may be left out (a rollback, a look): they are the empty text then
}

// Resolve checks the choice against the document and fills in every ${…}. It returns every problem at once; the Plan
// is nil when any of them is an error. The document stays as it is.
func Resolve(doc *Document, c Choice) (*Plan, []Problem) {
	rb, problems := doc.clone()
	if len(problems) > 0 {
		return nil, problems
	}
	r := &resolver{doc: doc, plan: &Plan{Runbook: rb, Digest: doc.Digest, RunID: c.Run, Operator: c.Operator}}
	r.plan.Inputs, r.problems = resolveInputs(doc.Runbook, c.Inputs, c.Partial)
	for name, in := range doc.Runbook.Inputs.All() {
		r.partial = r.partial || in.Required && r.plan.Inputs[name] == ""
	}
	r.target(c.Environment)
	r.override(c)
	if HasErrors(r.problems) {
		return nil, r.problems
	}
	r.fill()
	r.defaults()
	r.recheck()
	if HasErrors(r.problems) {
		return nil, r.problems
	}
	return r.plan, r.problems
}

type resolver struct {
	doc      *Document
	plan     *Plan
	partial  bool // a required input was left out: what it would have filled is empty and is not judged
	problems []Problem
}

// errorf reports a problem at the place in the file that a path names; an empty path has no place.
func (r *resolver) errorf(path, hint, format string, args ...any) {
	l := &linter{doc: r.doc}
	at := Position{}
	if path != "" {
		at = l.at(path)
	}
	r.problems = append(r.problems, problemAt(at, fmt.Sprintf(format, args...), hint))
}

// target settles which environment the run is for and names it in every phase that names none.
func (r *resolver) target(chosen string) {
	rb := r.plan.Runbook
	known := rb.Environments.Keys()
	if chosen == "" {
		for _, p := range rb.Phases {
			if p.Environment != "" {
				chosen = p.Environment
			}
		}
	}
	if chosen == "" && len(known) == 1 {
		chosen = known[0]
	}
	switch {
	case chosen == "" && len(known) > 1:
		r.errorf("", "name one with -e: "+strings.Join(known, ", "), "the run's environment is not named")
	case chosen != "" && !slices.Contains(known, chosen):
		r.errorf("", suggest(chosen, known), "unknown environment %s", quote(chosen))
	}
	r.plan.Environment = chosen
	for i := range rb.Phases {
		if rb.Phases[i].Environment == "" {
			rb.Phases[i].Environment = chosen
		}
	}
}

// used are the environments that the run touches.
func (r *resolver) used() []string {
	used := map[string]bool{}
	for _, p := range r.plan.Runbook.Phases {
		used[p.Environment] = true
	}
	used[r.plan.Environment] = true
	delete(used, "")
	return slices.Sorted(maps.Keys(used))
}

// override lets kubectl's flags win over the file, where it is clear which environment they mean.
func (r *resolver) override(c Choice) {
	if c.Context == "" && c.Namespace == "" {
		return
	}
	used := r.used()
	if c.TargetOnly {
		used = []string{r.plan.Environment}
	}
	if len(used) != 1 {
		r.errorf("", "put them into the environments of a site file: --values FILE", "--context and -n cannot be given: the run spans the environments %s", strings.Join(used, ", "))
		return
	}
	e := r.plan.Env(used[0])
	if c.Context != "" {
		e.Context = c.Context
	}
	if c.Namespace != "" {
		if !dnsLabel.MatchString(c.Namespace) {
			r.errorf("", "small letters, digits and hyphens, at most 63", "%s is no name of a namespace", quote(c.Namespace))
		}
		e.Namespace = c.Namespace
	}
	r.plan.Runbook.Environments.Set(used[0], e)
}

// fill expands every ${…}: environments first, since all the others may use them, and metrics once for each.
func (r *resolver) fill() {
	rb := r.plan.Runbook
	metrics := rb.Metrics
	rb.Metrics = Map[Metric]{}
	w := walker{visit: r.expand, after: r.length}
	w.runbook(rb)
	rb.Metrics = metrics
	r.plan.Metrics = map[string][]Metric{}
	for _, env := range r.used() {
		for name, m := range metrics.All() {
			in := walker{after: r.length, visit: func(path string, at place, s *string) {
				at.environment = env
				r.expand(path, at, s)
			}}
			in.metric(&m, "metrics."+name)
			r.plan.Metrics[env] = append(r.plan.Metrics[env], m)
		}
	}
}

func (r *resolver) expand(path string, at place, s *string) {
	if !strings.Contains(*s, "${") {
		return
	}
	t, err := expr.ParseTemplate(*s, at.scope)
	if err != nil {
		r.errorf(path, "", "%s: %v", lastKey(path), err)
		return
	}
	environment := at.environment
	if environment == "" {
		environment = r.plan.Environment
	}
	v := expr.Vars{Inputs: r.plan.Inputs, Run: r.plan.runVars(), Component: at.component}
	if at.scope&expr.Env != 0 {
		v = r.plan.Vars(environment)
	}
	out, err := t.Expand(v)
	if err != nil {
		r.errorf(path, "", "%s: %v", lastKey(path), err)
		return
	}
	*s = out
}

// length reads the duration that an expression gave.
func (r *resolver) length(path string, d *Duration) {
	if r.partial && d.Expr == "" {
		return
	}
	long, err := parseDuration(d.Expr)
	if err != nil {
		r.errorf(path, "write a number and a unit, such as 90s or 5m", "%s: %v", lastKey(path), err)
		return
	}
	d.D, d.Expr = long, ""
}

// defaults gives every check the interval and the time-out of its kind where the file says nothing. A Job that no value
// names is done by hand: its step is a hand item here.
func (r *resolver) defaults() {
	fill := func(steps []Step) {
		for i := range steps {
			if j := steps[i].Job; j != nil && j.CronJob == "" && j.Manifest == "" {
				steps[i].Job, steps[i].Confirm = nil, ""
			}
			for j := range steps[i].Verify {
				c := &steps[i].Verify[j]
				if kind, ok := r.doc.kind(c.Kind); ok {
					c.Interval.D, c.Timeout.D = c.Interval.Or(kind.Interval), c.Timeout.Or(kind.Timeout)
				}
			}
		}
	}
	for _, p := range r.plan.Runbook.Phases {
		for _, section := range p.Sections {
			fill(section.Steps)
		}
	}
	if rb := r.plan.Runbook.Rollback; rb != nil {
		fill(rb.Steps)
	}
}

// recheck judges what only shows now: the parameters of checks, names, images and addresses.
func (r *resolver) recheck() {
	l := &linter{doc: r.doc, rb: r.plan.Runbook, steps: map[string]string{}}
	for name, c := range r.plan.Runbook.Components.All() {
		l.workload("components."+name+".workload", c.Workload)
		if r.partial {
			continue
		}
		if c.Image == "" {
			l.errorf("components."+name+".image", "look at the inputs that it uses", "the image of component %s is empty", name)
		}
		l.image("components."+name+".image", c.Image)
	}
	for _, name := range r.used() {
		e, path := r.plan.Env(name), "environments."+name
		if !dnsLabel.MatchString(e.Namespace) {
			l.errorf(path+".namespace", "small letters, digits and hyphens, at most 63", "%s is no name of a namespace", quote(e.Namespace))
		}
		if e.Prometheus.URL != "" && !r.partial {
			l.httpURL(path+".prometheus.url", e.Prometheus.URL)
		}
	}
	if !r.partial {
		r.recheckSteps(l)
	}
	for _, p := range l.problems {
		if p.Severity == SeverityError { // the warnings are Load's
			r.problems = append(r.problems, p)
		}
	}
	given := &linter{doc: r.doc, rb: r.plan.Runbook}
	r.webhooksGiven(given)
	r.problems = append(r.problems, given.problems...)
}

func (r *resolver) recheckSteps(l *linter) {
	for i, p := range r.plan.Runbook.Phases {
		for j, s := range p.Sections {
			for k, st := range s.Steps {
				r.recheckStep(l, fmt.Sprintf("phases[%d].sections[%d].steps[%d]", i, j, k), st)
			}
		}
	}
	if rb := r.plan.Runbook.Rollback; rb != nil {
		for i, st := range rb.Steps {
			r.recheckStep(l, fmt.Sprintf("rollback.steps[%d]", i), st)
		}
	}
}

func (r *resolver) recheckStep(l *linter, path string, s Step) {
	if s.Watch != nil && s.Watch.For.D == 0 {
		l.errorf(path+".watch.for", "give it more than 0s", "a watch must last")
	}
	for i, c := range s.Verify {
		at := fmt.Sprintf("%s.verify[%d]", path, i)
		kind, ok := r.doc.kind(c.Kind)
		if !ok || kind.Params == nil {
			continue
		}
		if err := DecodeParams(c, newParams(kind)); err != nil {
			l.errorf(at+"."+c.Kind, "look at the inputs and values that it uses", "%v", err)
			continue
		}
		l.check(at, c)
	}
}
