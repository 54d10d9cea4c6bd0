package runbook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

func (l *linter) phases() {
	seen := map[string]bool{}
	for i, p := range l.rb.Phases {
		path := fmt.Sprintf("phases[%d]", i)
		l.name(path+".id", "phase id", p.ID)
		if p.ID != "" && seen[p.ID] {
			l.errorf(path+".id", "every phase needs an id of its own", "phase id %s stands twice", quote(p.ID))
		}
		seen[p.ID] = true
		if _, ok := l.rb.Environments.Get(p.Environment); p.Environment != "" && !ok {
			l.errorf(path+".environment", suggest(p.Environment, l.rb.Environments.Keys()), "unknown environment %s", quote(p.Environment))
		}
		l.oneOf(path+".list", p.List, "checkboxes", "bullets")
		for j, s := range p.Sections {
			l.section(fmt.Sprintf("%s.sections[%d]", path, j), i, s)
		}
		if len(p.Sections) == 0 && l.doc.nodes[path+".sections"] != nil {
			l.errorf(path+".sections", "add a section with steps, or delete the phase", "phase %s has no sections", quote(p.ID))
		}
	}
	if len(l.rb.Phases) == 0 && l.doc.nodes["phases"] != nil {
		l.errorf("phases", "add a phase", "the runbook has no phases")
	}
}

func (l *linter) section(path string, phase int, s Section) {
	if len(s.Steps) == 0 && l.doc.nodes[path+".steps"] != nil {
		l.errorf(path+".steps", "add a step, or delete the section", "the section has no steps")
	}
	for i, st := range s.Steps {
		at := fmt.Sprintf("%s.steps[%d]", path, i)
		l.step(at, st)
		if st.Rollback != nil {
			l.errorf(at+".rollback", "move the step under rollback: steps:", "the action rollback belongs to the rollback procedure")
		}
		if st.DeferTo != "" {
			l.deferTo(at+".deferTo", phase, st.DeferTo)
		}
	}
}

func (l *linter) deferTo(path string, phase int, to string) {
	var later []string
	for i, p := range l.rb.Phases {
		if i > phase {
			later = append(later, p.ID)
		} else if p.ID == to {
			l.errorf(path, suggest("", l.ids(phase+1)), "a step can only be deferred to a later phase, and %s is not", quote(to))
			return
		}
	}
	if !slices.Contains(later, to) {
		l.errorf(path, suggest(to, later), "unknown phase %s", quote(to))
	}
}

// ids are the ids of the phases from number first on.
func (l *linter) ids(first int) []string {
	var out []string
	for _, p := range l.rb.Phases[min(first, len(l.rb.Phases)):] {
		out = append(out, p.ID)
	}
	return out
}

func (l *linter) step(path string, s Step) {
	l.name(path+".id", "step id", s.ID)
	if first, ok := l.steps[s.ID]; ok && s.ID != "" {
		l.errorf(path+".id", fmt.Sprintf("the first is on line %d; every step needs an id of its own", l.at(first).Line), "step id %s stands twice", quote(s.ID))
	} else {
		l.steps[s.ID] = path + ".id"
	}
	l.oneOf(path+".recheck", s.Recheck, "once", "phase", "run")
	actions := s.actions()
	if len(actions) > 1 {
		l.errorf(path, "make two steps of it", "step %s has the actions %s; one is the most", quote(s.ID), strings.Join(actions, " and "))
	}
	if s.Deploy != nil {
		l.deploy(path+".deploy", s.Deploy)
	}
	if s.Watch != nil {
		l.watch(path+".watch", s.Watch)
	}
	l.actions(path, s)
	for i, c := range s.Verify {
		l.check(fmt.Sprintf("%s.verify[%d]", path, i), c)
	}
}

func (l *linter) deploy(path string, d *Deploy) {
	l.oneOf(path+".strategy", d.Strategy, "rolling", "canary")
	known := l.rb.Components.Keys()
	if len(known) == 0 {
		l.errorf(path, "add components:", "there is nothing to deploy: the runbook names no components")
	}
	moved := map[string]bool{}
	for i, wave := range d.Waves {
		if len(wave) == 0 {
			l.errorf(fmt.Sprintf("%s.waves[%d]", path, i), "name components or delete it", "the wave is empty")
		}
		for j, name := range wave {
			at := fmt.Sprintf("%s.waves[%d][%d]", path, i, j)
			switch {
			case !slices.Contains(known, name):
				l.errorf(at, suggest(name, known), "unknown component %s", quote(name))
			case moved[name]:
				l.errorf(at, "a component moves once", "component %s stands twice in the waves", quote(name))
			}
			moved[name] = true
		}
	}
	if len(d.Waves) > 0 {
		for _, name := range known {
			if !moved[name] {
				l.warnf(path+".waves", "add it to a wave, or leave waves out", "component %s is in no wave and will not be deployed", quote(name))
			}
		}
	}
	l.shares(path, d)
}

// shares are the steps of a canary: rising, above nothing, at most everything.
func (l *linter) shares(path string, d *Deploy) {
	if d.Strategy != "canary" && (len(d.Steps) > 0 || d.Hold != Duration{}) {
		l.errorf(path, "write strategy: canary, or leave steps and hold out", "steps and hold belong to a canary")
	}
	before := Percent(0)
	for i, p := range d.Steps {
		if p <= before {
			l.errorf(fmt.Sprintf("%s.steps[%d]", path, i), "each share must be above the one before it", "the shares of a canary must rise, and %v comes after %v", p, before)
		}
		before = p
	}
}

func (l *linter) watch(path string, w *Watch) {
	if w.For == (Duration{}) && l.doc.nodes[path+".for"] != nil {
		l.errorf(path+".for", "write how long to watch, such as 30m", "a watch must last")
	}
	known := l.rb.Metrics.Keys()
	if len(known) == 0 {
		l.errorf(path, "add metrics:", "there is nothing to watch: the runbook names no metrics")
	}
	for i, name := range w.Metrics.List {
		if !slices.Contains(known, name) {
			l.errorf(fmt.Sprintf("%s.metrics[%d]", path, i), suggest(name, known), "unknown metric %s", quote(name))
		}
	}
}

func (l *linter) check(path string, c Check) {
	for key, n := range map[string]int{"failureThreshold": c.FailureThreshold, "successThreshold": c.SuccessThreshold} {
		if n < 0 || n > 1000 {
			l.errorf(path+"."+key, "write how many in a row, 1 or more", "%s must be from 1 to 1000, not %d", key, n)
		}
	}
	if c.TTL.D > 0 && c.Interval.D > c.TTL.D {
		l.warnf(path+".ttl", "make ttl longer than interval", "a result lives for %v and is renewed every %v: the box would be stale in between", c.TTL, c.Interval)
	}
	kind, params, ok := l.doc.params(c)
	if !ok {
		return
	}
	if names, ok := componentNames(params); ok {
		for i, name := range names.List {
			if known := l.rb.Components.Keys(); !HasExpr(name) && !slices.Contains(known, name) {
				l.errorf(fmt.Sprintf("%s.%s.components[%d]", path, c.Kind, i), suggest(name, known), "unknown component %s", quote(name))
			}
		}
	}
	if kind.Lint == nil {
		return
	}
	for _, p := range kind.Lint(params, c) {
		at := path + "." + c.Kind
		if p.Path != "" {
			at += "." + p.Path
		}
		if p.Warning {
			l.warnf(at, p.Hint, "%s", p.Message)
		} else {
			l.errorf(at, p.Hint, "%s", p.Message)
		}
	}
}

// params decodes a check's parameters as its kind wants them; texts may still hold ${…}. It is not ok when they are
// wrong, which is then already a problem.
func (doc *Document) params(c Check) (Kind, any, bool) {
	k, ok := doc.kind(c.Kind)
	if !ok || k.Params == nil {
		return Kind{}, nil, false
	}
	into := newParams(k)
	d := &decoder{lenient: true, template: true}
	d.decode(rawNode(c.Params), reflect.ValueOf(into).Elem(), c.Kind)
	return k, into, len(d.problems) == 0
}

func (doc *Document) kind(name string) (Kind, bool) {
	i := slices.IndexFunc(doc.kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return doc.kinds[i], true
}

// newParams is a pointer to an empty parameter struct of the kind.
func newParams(k Kind) any {
	return reflect.New(reflect.Indirect(reflect.ValueOf(k.Params)).Type()).Interface()
}

// componentNames finds the parameter that names components, which lint can judge for every kind.
func componentNames(params any) (Names, bool) {
	v := reflect.ValueOf(params).Elem()
	if v.Kind() != reflect.Struct {
		return Names{}, false
	}
	for _, k := range fieldsOf(v.Type()) {
		if n, ok := v.FieldByIndex(k.index).Interface().(Names); ok && k.key == "components" {
			return n, true
		}
	}
	return Names{}, false
}

func (l *linter) rollback() {
	r := l.rb.Rollback
	if r == nil {
		return
	}
	done := map[string]bool{}
	last := -1
	order := []string{"stop", "undo", "verify"}
	for i, s := range r.Steps {
		path := fmt.Sprintf("rollback.steps[%d]", i)
		l.step(path, s)
		if s.DeferTo != "" {
			l.errorf(path+".deferTo", "leave it out", "a step of the rollback cannot be deferred")
		}
		if s.Deploy != nil || s.Watch != nil || s.Flags != nil {
			l.errorf(path, "move it into a phase", "the rollback procedure has no action %s", s.Action())
		}
		if s.Rollback == nil || s.Rollback.Do == "" {
			continue
		}
		do := s.Rollback.Do
		l.oneOf(path+".rollback.do", do, order...)
		n := slices.Index(order, do)
		switch {
		case n < 0:
		case done[do]:
			l.errorf(path+".rollback.do", "keep one", "%s stands twice in the rollback", do)
		case n < last:
			l.errorf(path+".rollback.do", "the order is stop, undo, verify", "%s comes after %s", do, order[last])
		}
		done[do], last = true, max(last, n)
	}
}

// rest looks at the prose around the procedure.
func (l *linter) rest() {
	for name := range l.rb.Severities.All() {
		if !slices.Contains(severities, name) {
			l.errorf("severities."+name, suggest(name, severities), "unknown severity %s", quote(name))
		}
	}
}
