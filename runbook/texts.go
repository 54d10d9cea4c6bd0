package runbook

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/politicalsphere/sop/runbook/expr"
)

// Which names each place of a runbook knows.
const (
	scopeSite     = expr.Inputs | expr.Run // before an environment is known
	scopePhase    = scopeSite | expr.Env
	scopeWhen     = scopePhase | expr.Steps | expr.Answers
	scopeExpect   = scopePhase | expr.Self
	scopeWorkload = scopeSite | expr.Component
)

// place is where a text stands: what it may use and whose values it gets.
type place struct {
	scope       expr.Scope
	environment string // of the phase; empty: the run's target
	anyTarget   bool   // of a metric: any environment may be asked for it
	component   string
}

// walker visits every text of a runbook that may hold ${…}. Lint and Resolve use the same walk, so that nothing is
// filled in that was not looked at. It changes the runbook in place where visit changes the text.
type walker struct {
	visit func(path string, at place, s *string)
	after func(path string, d *Duration) // called for a duration once its expression was visited; may be nil
}

func (w walker) runbook(rb *Runbook) {
	w.environments(rb)
	w.components(rb)
	for name, m := range rb.Metrics.All() {
		w.metric(&m, "metrics."+name)
		rb.Metrics.Set(name, m)
	}
	for i := range rb.Phases {
		p := &rb.Phases[i]
		at := place{scope: scopePhase, environment: p.Environment}
		for j := range p.Sections {
			w.steps(p.Sections[j].Steps, fmt.Sprintf("phases[%d].sections[%d].steps", i, j), at)
		}
	}
	if r := rb.Rollback; r != nil {
		w.duration(&r.Fuse, "rollback.fuse", place{scope: scopeSite})
		w.duration(&r.Settle, "rollback.settle", place{scope: scopeSite})
		w.steps(r.Steps, "rollback.steps", place{scope: scopePhase})
	}
	if c := rb.Communication; c != nil {
		w.duration(&c.Every, "communication.every", place{scope: scopeSite})
		for name, ch := range c.Channels.All() {
			w.visit("communication.channels."+name+".webhook", place{scope: scopeSite}, &ch.Webhook)
			ch.Command = slices.Clone(ch.Command)
			for i := range ch.Command {
				w.visit(fmt.Sprintf("communication.channels.%s.command[%d]", name, i), place{scope: scopeSite}, &ch.Command[i])
			}
			c.Channels.Set(name, ch)
		}
	}
}

func (w walker) environments(rb *Runbook) {
	at := place{scope: scopeSite}
	for name, e := range rb.Environments.All() {
		path := "environments." + name
		w.visit(path+".context", at, &e.Context)
		w.visit(path+".clusterUID", at, &e.ClusterUID)
		w.visit(path+".namespace", at, &e.Namespace)
		w.visit(path+".prometheus.url", at, &e.Prometheus.URL)
		values := e.Values.Clone()
		for key, v := range e.Values.All() {
			w.visit(path+".values."+key, at, &v)
			values.Set(key, v)
		}
		e.Values = values
		rb.Environments.Set(name, e)
	}
}

func (w walker) components(rb *Runbook) {
	for name, c := range rb.Components.All() {
		path, at := "components."+name, place{scope: scopeWorkload, component: name}
		w.visit(path+".workload", at, &c.Workload)
		w.visit(path+".container", at, &c.Container)
		w.visit(path+".image", at, &c.Image)
		rb.Components.Set(name, c)
	}
}

// metric visits the texts of one metric, which differ by environment.
func (w walker) metric(m *Metric, path string) {
	at := place{scope: scopePhase, anyTarget: true}
	w.visit(path+".query", at, &m.Query)
	w.visit(path+".numerator", at, &m.Numerator)
	w.visit(path+".denominator", at, &m.Denominator)
	m.Triggers = slices.Clone(m.Triggers)
	for i := range m.Triggers {
		w.duration(&m.Triggers[i].For, fmt.Sprintf("%s.triggers[%d].for", path, i), at)
	}
}

func (w walker) steps(steps []Step, path string, at place) {
	for i := range steps {
		s, path := &steps[i], fmt.Sprintf("%s[%d]", path, i)
		w.visit(path+".text", at, &s.Text)
		w.visit(path+".why", at, &s.Why)
		w.visit(path+".how", at, &s.How)
		w.visit(path+".owner", at, &s.Owner)
		w.duration(&s.Estimate, path+".estimate", at)
		for j := range s.Verify {
			w.check(&s.Verify[j], fmt.Sprintf("%s.verify[%d]", path, j), at)
		}
		if d := s.Deploy; d != nil {
			w.duration(&d.Hold, path+".deploy.hold", at)
			w.duration(&d.Deadline, path+".deploy.deadline", at)
		}
		if v := s.Watch; v != nil {
			w.duration(&v.For, path+".watch.for", at)
			w.duration(&v.Every, path+".watch.every", at)
			w.duration(&v.WarmUp, path+".watch.warmUp", at)
		}
		w.actions(s, path, at)
	}
}

// actions visits every text and length of the actions that act outside of the rollout.
func (w walker) actions(s *Step, path string, at place) {
	for _, a := range []struct {
		key   string
		value any
	}{
		{"notify", s.Notify},
		{"approve", s.Approve},
		{"job", s.Job},
		{"command", s.Command},
		{"http", s.HTTP},
		{"flags", s.Flags},
		{"wait", s.Wait},
		{"ask", s.Ask},
	} {
		if v := reflect.ValueOf(a.value); !v.IsNil() {
			w.value(v.Elem(), path+"."+a.key, at)
		}
	}
}

// value visits every text and length in v, which can be set.
func (w walker) value(v reflect.Value, path string, at place) {
	switch x := v.Addr().Interface().(type) {
	case *Duration:
		w.duration(x, path, at)
		return
	case *Names:
		w.names(x, path, at)
		return
	case *Map[string]:
		filled := x.Clone()
		for key, text := range x.All() {
			w.visit(path+"."+key, at, &text)
			filled.Set(key, text)
		}
		*x = filled
		return
	}
	switch v.Kind() {
	case reflect.String:
		w.visit(path, at, v.Addr().Interface().(*string))
	case reflect.Pointer:
		if !v.IsNil() {
			w.value(v.Elem(), path, at)
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.value(v.Index(i), fmt.Sprintf("%s[%d]", path, i), at)
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			w.value(v.FieldByIndex(f.index), join(path, f.key), at)
		}
	}
}

// names visits a list of names; a text that holds several once it is filled in becomes as many.
func (w walker) names(n *Names, path string, at place) {
	var list []string
	for i, name := range n.List {
		filled := name
		w.visit(fmt.Sprintf("%s[%d]", path, i), at, &filled)
		if filled != name {
			list = append(list, splitNames(filled)...)
		} else {
			list = append(list, name)
		}
	}
	n.List = list
}

func (w walker) check(c *Check, path string, at place) {
	w.duration(&c.Interval, path+".interval", at)
	w.duration(&c.Timeout, path+".timeout", at)
	w.duration(&c.TTL, path+".ttl", at)
	if c.Params != nil {
		c.Params = w.param(c.Params, path+"."+c.Kind, at).(map[string]any)
	}
}

// param visits the texts within a parameter and returns it with what became of them.
func (w walker) param(v any, path string, at place) any {
	switch v := v.(type) {
	case string:
		w.visit(path, at, &v)
		return v
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = w.param(e, fmt.Sprintf("%s[%d]", path, i), at)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[k] = w.param(v[k], path+"."+k, at)
		}
		return out
	}
	return v
}

func (w walker) duration(d *Duration, path string, at place) {
	if d.Expr != "" {
		w.visit(path, at, &d.Expr)
		if w.after != nil {
			w.after(path, d)
		}
	}
}
