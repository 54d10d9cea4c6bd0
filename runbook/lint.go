package runbook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// linter finds what the types cannot. A rule looks only at what was decoded: what is missing or of the wrong type is
// already a problem and not another one here.
type linter struct {
	doc      *Document
	rb       *Runbook
	problems []Problem
	steps    map[string]string // id → path of the first step with it
}

func lint(doc *Document) []Problem {
	l := &linter{doc: doc, rb: doc.Runbook, steps: map[string]string{}}
	l.header()
	l.inputs()
	l.environments()
	l.components()
	l.metrics()
	l.channels()
	l.phases()
	l.rollback()
	l.inhibits()
	l.people()
	l.rest()
	l.expressions()
	return l.problems
}

// LintExample lints a kind's example, with or without its dash, as the only check of a small runbook. Every kind's
// test calls it and wants no problems.
func LintExample(k Kind) []Problem {
	const head = `apiVersion: sop/v1
kind: Runbook
metadata: {name: example, title: Example}
inputs: {version: {default: v1.4.2}}
environments:
  staging: {namespace: staging, prometheus: {url: 'https://prometheus.example'}, values: {url: 'https://staging.example'}}
components: {api: {workload: deployment/api, image: 'registry.example/api:${inputs.version}'}}
phases:
  - id: only
    title: Only
    sections:
      - steps:
          - id: example
            title: Example
            verify:
`
	const indent = "              "
	item := strings.ReplaceAll(strings.TrimRight(k.Example, "\n"), "\n", "\n"+indent)
	if !strings.HasPrefix(item, "- ") {
		item = "- " + strings.ReplaceAll(item, "\n", "\n  ")
	}
	doc, problems := Load([]Kind{k}, Source{Name: "example of " + k.Name, Data: []byte(head + indent + item + "\n")})
	if doc != nil {
		_, wrong := Resolve(doc, Choice{})
		problems = append(problems, wrong...)
	}
	return problems
}

// at is the position of a path, or of the nearest value around it.
func (l *linter) at(path string) Position {
	for {
		if n := l.doc.nodes[path]; n != nil {
			return n.position()
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			break
		}
		path = path[:i]
	}
	if n := l.doc.nodes[""]; n != nil {
		return n.position()
	}
	return Position{}
}

func (l *linter) errorf(path, hint, format string, args ...any) {
	l.problems = append(l.problems, problemAt(l.at(path), fmt.Sprintf(format, args...), hint))
}

func (l *linter) warnf(path, hint, format string, args ...any) {
	p := problemAt(l.at(path), fmt.Sprintf(format, args...), hint)
	p.Severity = SeverityWarning
	l.problems = append(l.problems, p)
}

// fault reports an error of one of the small languages, with the hint that it carries.
func (l *linter) fault(path string, err error) {
	var t *tripError
	if errors.As(err, &t) {
		l.errorf(path, t.hint, "%s", t.message)
		return
	}
	l.errorf(path, "", "%v", err)
}

// oneOf reports a word that is none of the known ones; the empty word is the default.
func (l *linter) oneOf(path, word string, known ...string) {
	if word != "" && !slices.Contains(known, word) {
		hint := ""
		if near := nearest(word, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		l.errorf(path, hint, "%s must be %s, not %s", lastKey(path), strings.Join(known, " or "), quote(word))
	}
}

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

var (
	kebab     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	inputName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$`)
	expressed = regexp.MustCompile(`\$\{[^}]*\}`)
)

const maxName = 63 // as Kubernetes' names

// name checks an id or name; the hint offers the right form.
func (l *linter) name(path, kind, name string) {
	if name == "" {
		return
	}
	if !kebab.MatchString(name) || len(name) > maxName {
		form := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
		hint := "small letters, digits and single hyphens, at most 63"
		if kebab.MatchString(form) && len(form) <= maxName {
			hint = "write " + form
		}
		l.errorf(path, hint, "%s %s is not in kebab-case", kind, quote(name))
	}
}

func (l *linter) header() {
	rb := l.rb
	if rb.APIVersion != "" && rb.APIVersion != "sop/v1" {
		l.errorf("apiVersion", "write apiVersion: sop/v1", "apiVersion must be sop/v1, not %s", quote(rb.APIVersion))
	}
	switch rb.Kind {
	case "", "Runbook":
	default:
		l.errorf("kind", "write kind: Runbook", "kind must be Runbook, not %s", quote(rb.Kind))
	}
	l.name("metadata.name", "name", rb.Metadata.Name)
	for path, day := range map[string]string{"metadata.lastUpdated": rb.Metadata.LastUpdated, "metadata.reviewBy": rb.Metadata.ReviewBy} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			l.errorf(path, "write it as 2026-02-14", "%s is not a day: %s", lastKey(path), quote(day))
		}
	}
}

func (l *linter) inputs() {
	for name, in := range l.rb.Inputs.All() {
		path := "inputs." + name
		if !inputName.MatchString(name) || len(name) > maxName {
			l.errorf(path, "letters, digits and single hyphens, a letter first", "input %s has a name that no expression can hold", quote(name))
		}
		l.oneOf(path+".type", in.Type, "string", "duration")
		pattern, err := regexp.Compile(in.Pattern)
		if err != nil {
			l.errorf(path+".pattern", "the syntax is RE2's", "the pattern does not compile: %s", printable(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
			pattern = nil
		}
		if in.Default != nil {
			if in.Required {
				l.warnf(path+".default", "leave one of them out", "input %s is required and has a default, so it is never asked for", name)
			}
			if err := in.accepts(*in.Default, pattern); err != nil && *in.Default != "" {
				l.errorf(path+".default", "", "the default of input %s does not fit: %v", name, err)
			}
		}
		for i, o := range in.Options {
			if err := in.accepts(o, pattern); err != nil {
				l.errorf(fmt.Sprintf("%s.options[%d]", path, i), "", "the option does not fit: %v", err)
			}
			if slices.Index(in.Options, o) < i {
				l.errorf(fmt.Sprintf("%s.options[%d]", path, i), "keep one", "option %s stands twice", quote(o))
			}
		}
	}
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func (l *linter) environments() {
	for name, e := range l.rb.Environments.All() {
		path := "environments." + name
		l.name(path, "environment", name)
		if e.Namespace != "" && !HasExpr(e.Namespace) && !dnsLabel.MatchString(e.Namespace) {
			l.errorf(path+".namespace", "small letters, digits and hyphens, at most 63", "%s is no name of a namespace", quote(e.Namespace))
		}
		if e.Prometheus.URL != "" {
			l.httpURL(path+".prometheus.url", e.Prometheus.URL)
		}
		for key := range e.Values.All() {
			if !inputName.MatchString(key) {
				l.errorf(path+".values."+key, "letters, digits and single hyphens, a letter first", "value %s has a name that no expression can hold", quote(key))
			}
		}
	}
}

// httpURL reports what no client could ask. Expressions are taken as given.
func (l *linter) httpURL(path, s string) {
	if strings.HasPrefix(s, "${") {
		return
	}
	if err := checkURL(expressed.ReplaceAllString(s, "x")); err != nil {
		l.errorf(path, "write it like https://prometheus.example", "%s: %v", quote(s), err)
	}
}

func (l *linter) components() {
	for name, c := range l.rb.Components.All() {
		path := "components." + name
		l.name(path, "component", name)
		l.workload(path+".workload", c.Workload)
		l.image(path+".image", c.Image)
	}
}

var laterWorkloads = []string{"statefulset", "daemonset", "rollout", "job", "cronjob", "replicaset", "pod"}

func (l *linter) workload(path, s string) {
	if s == "" {
		return
	}
	kind, name, ok := strings.Cut(s, "/")
	switch {
	case !ok || name == "" || strings.Contains(name, "/"):
		l.errorf(path, "write kind/name, such as deployment/api", "%s is no workload", quote(s))
	case slices.Contains(laterWorkloads, strings.ToLower(kind)):
		l.errorf(path, "only deployment/name; roll the others by hand for now", "workload kind %s is not in this version of sop", quote(kind))
	case kind != "deployment":
		l.errorf(path, suggest(kind, []string{"deployment"}), "unknown workload kind %s", quote(kind))
	case !HasExpr(name) && !dnsName.MatchString(name):
		l.errorf(path, "small letters, digits, hyphens and dots", "%s is no name of a workload", quote(name))
	}
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// imageForm is host/path:tag@digest, of which the tag or the digest must be there.
var imageForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?$`)

func (l *linter) image(path, s string) {
	sample := expressed.ReplaceAllString(s, "x")
	if s == "" || strings.Contains(sample, "${") || strings.HasPrefix(s, "${") && strings.HasSuffix(s, "}") && strings.Count(s, "${") == 1 {
		return
	}
	if err := checkImage(sample); err != nil {
		l.errorf(path, "write it like registry.example/api:v1.4.2 or …@sha256:…", "%s: %v", quote(s), err)
	}
}

// checkImage says what is wrong with the name of an image.
func checkImage(s string) error {
	switch m := imageForm.FindStringSubmatch(s); {
	case m == nil:
		return errors.New("not the name of an image")
	case !strings.Contains(s[strings.LastIndexByte(s, '/')+1:], ":"):
		return errors.New("the image has neither a tag nor a digest")
	}
	return nil
}
