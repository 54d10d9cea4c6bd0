package checks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

type configmapParams struct {
	Name   string            `yaml:"name" doc:"the ConfigMap in the environment's namespace"`
	Keys   []string          `yaml:"keys,omitempty" doc:"keys that must be there"`
	Values map[string]string `yaml:"values,omitempty" doc:"what keys must hold: the exact value, or /…/ for a regular expression (RE2) that the whole or a part must match"`
	SameAs string            `yaml:"sameAs,omitempty" doc:"another environment whose ConfigMap of that name should have the same content"`
	Except []string          `yaml:"except,omitempty" doc:"keys that may differ from sameAs; they are shown all the same"`
}

var configmapKind = runbook.Kind{
	Name: "configmap",
	Doc: `A ConfigMap has its keys and values, and is the same as that of another environment but for what may differ.
passes   keys and values are as written, and every difference to sameAs is in except
warns    it differs from sameAs in other keys too
fails    it is not there, a key is missing or a value is another; or the one of sameAs is not there
unknown  a cluster does not answer, or forbids to look
Every difference is shown in the evidence; values that look like credentials are hidden.
self     a map of data (value by key), missing and wrong (numbers), different (keys that differ and may not)`,
	Example:  "configmap: {name: app-config, keys: [LOG_LEVEL], values: {REGION: eu-1, LOG_LEVEL: /^(info|warn)$/}, sameAs: staging, except: [ENVIRONMENT]}",
	Params:   configmapParams{},
	Interval: 30 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintConfigmap,
}

func lintConfigmap(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*configmapParams)
	var out []runbook.ParamProblem
	if known(p.Name) && !isObjectName(p.Name) {
		out = append(out, problem("name", "names have lower-case letters, digits, - and .", "%q is not the name of a Kubernetes object", p.Name))
	}
	for _, key := range slices.Sorted(maps.Keys(p.Values)) {
		if _, err := wantedValue(p.Values[key]); err != nil && known(p.Values[key]) {
			out = append(out, problem("values."+key, "write /…/ around a regular expression of RE2", "%v", err))
		}
	}
	if len(p.Except) > 0 && p.SameAs == "" {
		out = append(out, problem("except", "write sameAs: ENVIRONMENT beside it", "except stands without sameAs"))
	}
	return out
}

// wantedValue tells whether a value is what the text asks for.
func wantedValue(text string) (func(string) bool, error) {
	pattern, err := slashed(text)
	if pattern != nil {
		return pattern.MatchString, nil
	}
	return func(s string) bool { return s == text }, err
}

func readyConfigmap(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[configmapParams](configmapKind, work.Check)
	if err != nil {
		return check{}, err
	}
	l := configmapLook{configmapParams: p, here: work.Env}
	if l.cluster, err = w.cluster(work.Env); err != nil {
		return check{}, err
	}
	if p.SameAs != "" {
		if l.there = w.plan.Env(p.SameAs); l.there.Name == "" {
			return check{}, fmt.Errorf("sameAs: the runbook has no environment %q", p.SameAs)
		}
		if l.other, err = w.cluster(l.there); err != nil {
			return check{}, err
		}
	}
	look := onCluster(l.cluster, object("ConfigMap", work.Env, p.Name), l.look)
	return check{look: look, cluster: l.cluster, follows: []kube.Resource{kube.ConfigMaps.Named(p.Name)}, cached: true}, nil
}

type configmapLook struct {
	configmapParams
	here, there    runbook.Environment
	cluster, other *kube.Cluster
}

func (l configmapLook) look(ctx context.Context) seen {
	m, source, err := l.read(ctx, l.cluster, l.here)
	source.Expected = l.expected()
	if apierrors.IsNotFound(err) {
		s := seen{self: map[string]any{"data": map[string]any{}, "missing": len(l.Keys) + len(l.Values), "wrong": 0, "different": []any{}}}
		s.summed(run.Failed, "there is no ConfigMap %s", l.Name)
		source.Observed = s.Summary
		s.Evidence, s.Badness, s.final = []run.Evidence{source}, float64(1+len(l.Keys)+len(l.Values)), true
		return s
	}
	if err != nil {
		return couldNotLook(source, err)
	}
	v := configmapView{data: dataOf(m)}
	l.judge(&v)
	source.Observed = said("%s", strings.Join(append([]string{count(len(v.data), "key")}, v.wrong...), "; "))
	v.evidence = append([]run.Evidence{source}, v.evidence...)
	if l.SameAs != "" {
		if s, ok := l.compare(ctx, &v); !ok {
			if len(v.wrong) == 0 {
				return s
			}
			v.evidence = append(v.evidence, s.Evidence...)
		}
	}
	s := v.result(l)
	if l.other != nil {
		s.follows = []followed{{l.other, kube.ConfigMaps.Named(l.Name)}}
	}
	return s
}

func (l configmapLook) read(ctx context.Context, c *kube.Cluster, env runbook.Environment) (*corev1.ConfigMap, run.Evidence, error) {
	source := run.Evidence{Source: object("ConfigMap", env, l.Name), Query: kubectl(env, "get", "configmap", l.Name, "-o", "yaml")}
	m, err := c.ConfigMap(ctx, l.Name)
	if err == nil {
		source.ResourceVersion = m.ResourceVersion
	}
	return m, source, err
}

func (l configmapLook) expected() run.Safe {
	keys := slices.Clone(l.Keys)
	for _, key := range slices.Sorted(maps.Keys(l.Values)) {
		keys = append(keys, key+" = "+showValue(key, l.Values[key]))
	}
	if len(keys) == 0 {
		return "is there"
	}
	return said("%s", strings.Join(keys, ", "))
}

// dataOf is the content of a ConfigMap, the binary part too.
func dataOf(m *corev1.ConfigMap) map[string]string {
	data := maps.Clone(m.Data)
	if data == nil {
		data = map[string]string{}
	}
	for k, v := range m.BinaryData {
		data[k] = string(v)
	}
	return data
}

// configmapView is what one look found.
type configmapView struct {
	data           map[string]string
	wrong          []string // keys and values that are not as written
	missing, other int
	different      []string // keys that differ from sameAs and may not
	excepted       int
	evidence       []run.Evidence
}

// judge compares with what is written.
func (l configmapLook) judge(v *configmapView) {
	for _, key := range l.Keys {
		if _, ok := v.data[key]; !ok {
			v.missing++
			v.wrong = append(v.wrong, key+" is missing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.Values)) {
		got, ok := v.data[key]
		good, err := wantedValue(l.Values[key])
		switch {
		case !ok && !slices.Contains(l.Keys, key):
			v.missing++
			v.wrong = append(v.wrong, key+" is missing")
		case ok && (err != nil || !good(got)):
			v.other++
			v.wrong = append(v.wrong, fmt.Sprintf("%s is %s", key, quoted(key, got)))
		}
	}
}

// quoted is a value as it stands in a sentence.
func quoted(key, value string) string {
	if value == "" {
		return "empty"
	}
	return showValue(key, value)
}

// compare adds the differences to the other environment's. It is not ok when that one says nothing.
func (l configmapLook) compare(ctx context.Context, v *configmapView) (s seen, ok bool) {
	source := run.Evidence{Source: object("ConfigMap", l.there, l.Name)}
	if err := l.other.VerifyUID(ctx); err != nil {
		return couldNotLook(source, err), false
	}
	m, source, err := l.read(ctx, l.other, l.there)
	source.Expected = said("the same as in %s", l.here.Name)
	if apierrors.IsNotFound(err) {
		source.Observed = said("there is no ConfigMap %s in %s", l.Name, l.SameAs)
		v.wrong, v.evidence = append(v.wrong, string(source.Observed)), append(v.evidence, source)
		return s, true
	}
	if err != nil {
		s := couldNotLook(source, err)
		s.follows = []followed{{l.other, kube.ConfigMaps.Named(l.Name)}}
		return s, false
	}
	theirs := dataOf(m)
	all := maps.Clone(theirs)
	maps.Copy(all, v.data)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		mine, here := v.data[key]
		their, there := theirs[key]
		if here == there && mine == their {
			continue
		}
		fact := source
		fact.Observed = said("%s: %s in %s, %s in %s", key, sideOf(key, mine, here), l.here.Name, sideOf(key, their, there), l.there.Name)
		if slices.Contains(l.Except, key) {
			v.excepted++
			fact.Expected = "may differ"
		} else {
			v.different = append(v.different, key)
		}
		if len(v.evidence) <= maxListed {
			v.evidence = append(v.evidence, fact)
		}
	}
	return s, true
}

func sideOf(key, value string, there bool) string {
	if !there {
		return "not there"
	}
	return quoted(key, value)
}

func (v configmapView) result(l configmapLook) seen {
	s := seen{}
	data, different := map[string]any{}, []any{}
	for key, value := range v.data {
		data[key] = value
	}
	for _, key := range v.different {
		different = append(different, key)
	}
	s.self = map[string]any{"data": data, "missing": v.missing, "wrong": v.other, "different": different}
	s.Evidence = v.evidence
	good := fmt.Sprintf("ConfigMap %s has %s", l.Name, count(len(v.data), "key"))
	if l.SameAs != "" && v.excepted == 0 {
		good += ", the same as in " + l.SameAs
	} else if l.SameAs != "" {
		good += fmt.Sprintf(", the same as in %s but for %s that may differ", l.SameAs, count(v.excepted, "key"))
	}
	switch {
	case len(v.wrong) > 0:
		s.summed(run.Failed, "ConfigMap %s: %s", l.Name, strings.Join(v.wrong, "; "))
		s.Badness = float64(len(v.wrong) + len(v.different))
	case len(v.different) > 0:
		s.summed(run.Warn, "differs from %s in %s", l.SameAs, strings.Join(v.different, ", "))
		s.Badness = float64(len(v.different))
	default:
		s.summed(run.Passed, "%s", good)
	}
	return s
}
