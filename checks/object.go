package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/jsonpath"
)

type objectParams struct {
	APIVersion string `yaml:"apiVersion" doc:"group and version as in a manifest: v1, apps/v1, argoproj.io/v1alpha1"`
	Kind       string `yaml:"kind" doc:"kind as in a manifest: PersistentVolumeClaim, Ingress, Rollout"`
	Name       string `yaml:"name,omitempty" doc:"one object; this or selector"`
	Selector   string `yaml:"selector,omitempty" doc:"all objects with these labels, as kubectl -l writes them"`
	Namespace  string `yaml:"namespace,omitempty" doc:"another namespace of the same cluster than the environment's; ignored for kinds without namespaces"`
	Exists     *bool  `yaml:"exists,omitempty" doc:"false: there must be none, as kubectl wait --for=delete; true is the default"`
	Condition  string `yaml:"condition,omitempty" doc:"a condition that must be True, or NAME=STATUS: Ready, Available=True, Degraded=False; one that speaks of an older generation does not count"`
	JSONPath   string `yaml:"jsonpath,omitempty" doc:"a path as kubectl has them, such as '{.status.phase}'; it must be there, or have the value"`
	Value      string `yaml:"value,omitempty" doc:"what jsonpath must give"`
	Min        *int   `yaml:"min,omitempty" doc:"with selector: how many objects there must be; 1 when nothing is written"`
}

var objectKind = runbook.Kind{
	Name: "object",
	Doc: `Any object of the cluster, of any kind, is as it should be: what kubectl wait waits for, and more by expect.
passes   it is there (or with exists: false is not), and the condition and the jsonpath hold for each
fails    it is not there, there are fewer than min, or a condition or jsonpath does not hold
unknown  the cluster does not answer, forbids to look, or does not know the kind
Secrets are refused: the kind secret proves their keys without their values.
self     with name the object itself (self.spec, self.status …); with selector a map of count and items (a list of
         objects); both have exists (true or false)`,
	Example:  "object: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: web, jsonpath: '{.status.loadBalancer.ingress[0]}'}",
	Params:   objectParams{},
	Interval: 30 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintObject,
}

func lintObject(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*objectParams)
	var out []runbook.ParamProblem
	if _, err := p.gvk(); err != nil && known(p.APIVersion) && known(p.Kind) {
		out = append(out, problem("apiVersion", "write it as in a manifest: apps/v1", "%v", err))
	}
	switch {
	case p.Name == "" && p.Selector == "":
		out = append(out, problem("name", "write name or selector", "no object is named"))
	case p.Name != "" && p.Selector != "":
		out = append(out, problem("selector", "keep one of the two", "name and selector stand beside each other"))
	case p.Name != "" && known(p.Name) && strings.ContainsAny(p.Name, "/%\x00") || p.Name == "." || p.Name == "..":
		out = append(out, problem("name", "", "%q is not the name of a Kubernetes object", p.Name))
	}
	if p.Namespace != "" && known(p.Namespace) && !isObjectName(p.Namespace) {
		out = append(out, problem("namespace", "names have lower-case letters, digits and -", "%q is not the name of a namespace", p.Namespace))
	}
	if p.Min != nil && (p.Name != "" || *p.Min < 1) {
		out = append(out, problem("min", "write 1 or more, beside a selector", "min asks for nothing here"))
	}
	if p.Exists != nil && !*p.Exists && (p.Condition != "" || p.JSONPath != "" || p.Min != nil) {
		out = append(out, problem("exists", "leave condition, jsonpath and min out", "an object that must not exist has no condition"))
	}
	if p.Value != "" && p.JSONPath == "" {
		out = append(out, problem("value", "write the jsonpath that gives it", "value stands without jsonpath"))
	}
	if p.JSONPath != "" && known(p.JSONPath) {
		if _, err := parsePath(p.JSONPath); err != nil {
			out = append(out, problem("jsonpath", "write it as kubectl does: '{.status.phase}'", "%v", err))
		}
	}
	return append(out, lintSelector("selector", p.Selector)...)
}

// gvk is the kind that is asked for.
func (p objectParams) gvk() (schema.GroupVersionKind, error) {
	gv, err := schema.ParseGroupVersion(p.APIVersion)
	switch {
	case err != nil || gv.Version == "" || strings.ContainsAny(p.APIVersion, " %?#\\") || strings.Contains(p.APIVersion, ".."):
		return schema.GroupVersionKind{}, fmt.Errorf("%q is not a group and version", p.APIVersion)
	case p.Kind == "":
		return schema.GroupVersionKind{}, errors.New("no kind is named")
	case gv.Group == "" && p.Kind == "Secret":
		return schema.GroupVersionKind{}, errors.New("a Secret's values are not shown; use the kind secret, which proves its keys")
	}
	return gv.WithKind(p.Kind), nil
}

// parsePath reads a jsonpath, with or without its braces, as kubectl does.
func parsePath(text string) (*jsonpath.JSONPath, error) {
	if len(text) > 500 {
		return nil, errors.New("this jsonpath is too long")
	}
	if !strings.HasPrefix(text, "{") {
		text = "{." + strings.TrimPrefix(text, ".") + "}"
	}
	path := jsonpath.New("check")
	if err := path.Parse(text); err != nil {
		return nil, fmt.Errorf("%q is not a jsonpath: %w", text, err)
	}
	return path, nil
}

func readyObject(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[objectParams](objectKind, work.Check)
	if err != nil {
		return check{}, err
	}
	env := work.Env
	if p.Namespace != "" {
		env.Namespace = p.Namespace
	}
	cluster, err := w.cluster(env)
	if err != nil {
		return check{}, err
	}
	l := objectLook{objectParams: p, env: env, cluster: cluster, expects: strings.Contains(work.Check.Expect, "self.exists")}
	if l.kind, err = p.gvk(); err != nil {
		return check{}, err
	}
	if l.selector, err = labels.Parse(p.Selector); err != nil {
		return check{}, err
	}
	return check{look: onCluster(cluster, said("%s in namespace %s", p.Kind, env.Namespace), l.look), cached: true}, nil
}

type objectLook struct {
	objectParams
	env      runbook.Environment
	cluster  *kube.Cluster
	kind     schema.GroupVersionKind
	selector labels.Selector
	expects  bool // expect judges whether it is there
}

func (l objectLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("%s in namespace %s", l.Kind, l.env.Namespace), Expected: l.expected()}
	r, err := l.cluster.Kind(ctx, l.kind)
	if err != nil {
		return couldNotLook(source, err)
	}
	env := l.env
	if !r.Namespaced() {
		env.Namespace = ""
	}
	source.Query = kubectl(env, l.args(r)...)
	var s seen
	if l.Name != "" {
		source.Source = said("%s %s/%s", l.Kind, env.Namespace, l.Name)
		if env.Namespace == "" {
			source.Source = said("%s %s", l.Kind, l.Name)
		}
		s = l.lookAtOne(ctx, r, source)
	} else {
		s = l.lookAtAll(ctx, r, source)
	}
	follow := r
	if l.Name != "" {
		follow = r.Named(l.Name)
	}
	s.follows = []followed{{l.cluster, follow}}
	return s
}

func (l objectLook) args(r kube.Resource) []string {
	if l.Name != "" {
		return []string{"get", r.String(), l.Name, "-o", "yaml"}
	}
	return []string{"get", r.String(), "-l", l.Selector}
}

func (l objectLook) expected() run.Safe {
	var words []string
	if l.Condition != "" {
		name, status := l.condition()
		words = append(words, fmt.Sprintf("%s is %s", name, status))
	}
	if l.JSONPath != "" {
		words = append(words, strings.TrimSpace(l.JSONPath+" "+l.Value))
	}
	switch {
	case l.Exists != nil && !*l.Exists:
		return "none"
	case len(words) > 0:
		return said("%s", strings.Join(words, ", "))
	}
	return "is there"
}

// condition is the type and the status that are wanted.
func (l objectLook) condition() (name, status string) {
	name, status, ok := strings.Cut(l.Condition, "=")
	if !ok {
		status = "True"
	}
	return name, status
}

func (l objectLook) lookAtOne(ctx context.Context, r kube.Resource, source run.Evidence) seen {
	s := seen{self: map[string]any{"exists": false}}
	o, err := l.cluster.Object(ctx, r, l.Name)
	unwanted := l.Exists != nil && !*l.Exists
	if apierrors.IsNotFound(err) {
		source.Observed = said("there is no %s %s", l.Kind, l.Name)
		s.Evidence = []run.Evidence{source}
		switch {
		case unwanted || l.expects && l.Exists == nil:
			s.summed(run.Passed, "%s", source.Observed)
		default:
			s.summed(run.Failed, "%s", source.Observed)
			s.Badness, s.final = 1, true
		}
		return s
	}
	if err != nil {
		return couldNotLook(source, err)
	}
	self := maps.Clone(o.Object)
	self["exists"] = true
	s.self = self
	source.ResourceVersion = o.GetResourceVersion()
	bad, good := l.judge(o)
	switch {
	case unwanted:
		source.Observed = said("%s %s is still there%s", l.Kind, l.Name, leaving(o))
		s.summed(run.Failed, "%s", source.Observed)
		s.Badness = 1
	case bad != "":
		source.Observed = said("%s", bad)
		s.summed(run.Failed, "%s %s: %s", l.Kind, l.Name, bad)
		s.Badness = 1
	default:
		source.Observed = said("%s", joinWords("is there"+leaving(o), good))
		s.summed(run.Passed, "%s %s %s", l.Kind, l.Name, source.Observed)
	}
	s.Evidence = []run.Evidence{source}
	return s
}

// leaving says that an object is being deleted.
func leaving(o *unstructured.Unstructured) string {
	if o.GetDeletionTimestamp() != nil {
		return ", being deleted"
	}
	return ""
}

func (l objectLook) lookAtAll(ctx context.Context, r kube.Resource, source run.Evidence) seen {
	all, err := l.cluster.Objects(ctx, r, l.selector)
	if err != nil {
		return couldNotLook(source, err)
	}
	s := seen{}
	items, wrong := make([]any, 0, len(all)), []string{}
	for _, o := range all {
		items = append(items, o.Object)
		if bad, _ := l.judge(o); bad != "" {
			wrong = append(wrong, o.GetName()+": "+bad)
			if len(s.Evidence) < maxListed {
				s.Evidence = append(s.Evidence, run.Evidence{
					Observed: said("%s: %s", o.GetName(), bad), Expected: l.expected(), Source: object(l.Kind, l.env, o.GetName()), ResourceVersion: o.GetResourceVersion(),
				})
			}
		}
	}
	s.self = map[string]any{"count": len(all), "items": items, "exists": len(all) > 0}
	least := 1
	switch {
	case l.Min != nil:
		least = *l.Min
	case l.expects:
		least = 0
	}
	source.Observed = said("%d found", len(all))
	switch {
	case l.Exists != nil && !*l.Exists:
		if len(all) == 0 {
			s.summed(run.Passed, "there is no %s with %s", l.Kind, l.Selector)
		} else {
			s.summed(run.Failed, "%s with %s still there", count(len(all), l.Kind), l.Selector)
			s.Badness = float64(len(all))
		}
	case len(all) < least:
		s.summed(run.Failed, "%s with %s, %d needed", count(len(all), l.Kind), l.Selector, least)
		s.Badness = float64(least - len(all) + len(wrong))
	case len(wrong) > 0:
		s.summed(run.Failed, "%s", strings.Join(wrong, "; "))
		s.Badness = float64(len(wrong))
	default:
		s.summed(run.Passed, "%s as expected", count(len(all), l.Kind))
	}
	s.Evidence = append([]run.Evidence{source}, s.Evidence...)
	return s
}

// judge says what does not hold for an object, and otherwise what does.
func (l objectLook) judge(o *unstructured.Unstructured) (bad, good string) {
	if l.Condition != "" {
		if bad, good = l.judgeCondition(o); bad != "" {
			return bad, ""
		}
	}
	if l.JSONPath == "" {
		return "", good
	}
	path, err := parsePath(l.JSONPath)
	if err != nil {
		return err.Error(), ""
	}
	path.AllowMissingKeys(true)
	var text bytes.Buffer
	if err := path.Execute(&text, o.Object); err != nil {
		return fmt.Sprintf("%s cannot be read: %v", l.JSONPath, err), ""
	}
	got := text.String()
	shown := showValue(l.JSONPath, got)
	switch {
	case l.Value != "" && got != l.Value:
		return fmt.Sprintf("%s is %s, expected %s", l.JSONPath, orNothing(shown), l.Value), ""
	case got == "":
		return l.JSONPath + " is not there", ""
	}
	return "", joinWords(good, fmt.Sprintf("%s is %s", l.JSONPath, shown))
}

func orNothing(s string) string {
	if s == "" {
		return "not there"
	}
	return s
}

// judgeCondition looks for the condition. One that its controller wrote for an older generation says nothing of the
// present one, as kubectl wait knows.
func (l objectLook) judgeCondition(o *unstructured.Unstructured) (bad, good string) {
	name, status := l.condition()
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		m, ok := c.(map[string]any)
		if !ok || !strings.EqualFold(fmt.Sprint(m["type"]), name) {
			continue
		}
		observed, has, _ := unstructured.NestedInt64(m, "observedGeneration")
		if !has {
			observed, has, _ = unstructured.NestedInt64(o.Object, "status", "observedGeneration")
		}
		if has && observed < o.GetGeneration() {
			return "the controller has not yet taken up the last change", ""
		}
		got := fmt.Sprint(m["status"])
		words := fmt.Sprintf("%s is %s", name, got)
		if !strings.EqualFold(got, status) {
			for _, field := range []string{"reason", "message"} {
				if text, _ := m[field].(string); text != "" {
					words += ", " + text
				}
			}
			return words, ""
		}
		return "", words
	}
	return "it has no condition " + name, ""
}
