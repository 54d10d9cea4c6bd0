package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

type workloadParams struct {
	Components runbook.Names `yaml:"components,omitempty" doc:"all, or a list of components of this runbook"`
	Workloads  []string      `yaml:"workloads,omitempty" doc:"workloads that are no components, by kind and name: deployment/NAME, statefulset/NAME, daemonset/NAME"`
	Available  *bool         `yaml:"available,omitempty" doc:"true (the default without expect): every wanted pod runs the present template and is available, and nothing is under way"`
}

var workloadKind = runbook.Kind{
	Name: "workload",
	Doc: `Workloads run every pod they want.
passes   every wanted pod is of the present template and available, and no rollout is under way
warns    it is complete, but paused, or only a part of it is to be updated
fails    pods are missing, old or not available, it wants no pod at all, or the workload is not there
unknown  the cluster does not answer, or forbids to look
With expect, and available not written, expect alone judges the counts.
A Deployment, StatefulSet or DaemonSet is judged in the order of kubectl rollout status, the observed generation first;
beyond it, every pod must be available. The pod that does not come up is named with its reason.
self     a map by component (or workload name) of desired, updated, ready, available, total, generation, paused`,
	Example:  "workload: {components: all, available: true}",
	Params:   workloadParams{},
	Interval: 15 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintWorkload,
}

func lintWorkload(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*workloadParams)
	if !p.Components.All && len(p.Components.List) == 0 && len(p.Workloads) == 0 {
		return []runbook.ParamProblem{problem("components", "write components: all, or a list of names", "no workload is named")}
	}
	var out []runbook.ParamProblem
	for i, w := range p.Workloads {
		if _, err := targetOf("", w); err != nil && known(w) {
			out = append(out, problem(fmt.Sprintf("workloads[%d]", i), "write deployment/NAME, statefulset/NAME or daemonset/NAME", "%v", err))
		}
	}
	return out
}

// target is a workload to look at, under the name that people know it by.
type target struct {
	label string
	kind  string // Deployment, StatefulSet or DaemonSet
	name  string
}

// targetOf reads KIND/NAME; an empty label is the name.
func targetOf(label, workload string) (target, error) {
	kind, name, ok := strings.Cut(workload, "/")
	if !ok || !isObjectName(name) {
		return target{}, fmt.Errorf("%q is not a workload such as deployment/api", workload)
	}
	t := target{label: label, name: name}
	if label == "" {
		t.label = name
	}
	for _, k := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		if strings.EqualFold(strings.TrimSuffix(strings.ToLower(kind), "s"), k) {
			t.kind = k
		}
	}
	if t.kind == "" {
		return target{}, fmt.Errorf("%q is of a kind that this version does not look at", workload)
	}
	return t, nil
}

// resource is the cache that holds the target.
func (t target) resource() kube.Resource {
	switch t.kind {
	case "StatefulSet":
		return kube.StatefulSets
	case "DaemonSet":
		return kube.DaemonSets
	}
	return kube.Deployments
}

func readyWorkload(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[workloadParams](workloadKind, work.Check)
	if err != nil {
		return check{}, err
	}
	targets, err := w.targets(p.Components, p.Workloads)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	l := workloadLook{env: work.Env, cluster: cluster, targets: targets, judge: work.Check.Expect == ""}
	if p.Available != nil {
		l.judge = *p.Available
	}
	follows := []kube.Resource{kube.Pods}
	for _, t := range targets {
		if !slices.Contains(follows, t.resource()) {
			follows = append(follows, t.resource())
		}
	}
	look := onCluster(cluster, said("workloads of namespace %s", work.Env.Namespace), l.look)
	return check{look: look, cluster: cluster, follows: follows, cached: true}, nil
}

// targets are the workloads of components, all or by name, and others.
func (w *Worker) targets(components runbook.Names, workloads []string) ([]target, error) {
	var out []target
	names := components.List
	if components.All {
		names = w.plan.Runbook.Components.Keys()
	}
	for _, label := range names {
		c, ok := w.plan.Component(label)
		if !ok {
			return nil, fmt.Errorf("the runbook has no component %q; it has %s", label, strings.Join(w.plan.Runbook.Components.Keys(), ", "))
		}
		t, err := targetOf(label, c.Workload)
		if err != nil {
			return nil, fmt.Errorf("component %s: %w", label, err)
		}
		out = append(out, t)
	}
	for _, workload := range workloads {
		t, err := targetOf("", workload)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the runbook names no component")
	}
	return out, nil
}

type workloadLook struct {
	env     runbook.Environment
	cluster *kube.Cluster
	targets []target
	judge   bool // the kind's own judgement of the counts
}

func (l workloadLook) look(ctx context.Context) seen {
	s, self := seen{}, map[string]any{}
	var wrong, odd []string
	want, have, bad := 0, 0, 0.0
	for _, t := range l.targets {
		source := run.Evidence{Source: object(t.kind, l.env, t.name), Query: kubectl(l.env, "get", strings.ToLower(t.kind), t.name)}
		got, err := readWorkload(ctx, l.cluster, t)
		if apierrors.IsNotFound(err) {
			source.Observed, source.Expected = said("%s is not there", t.label), said("a %s of that name", t.kind)
			s.Evidence = append(s.Evidence, source)
			wrong, bad = append(wrong, string(source.Observed)), bad+1
			continue
		}
		if err != nil {
			return couldNotLook(source, err)
		}
		self[t.label] = got.self()
		want, have = want+got.desired, have+min(got.available, got.desired)
		source.Observed = said("%s %d/%d available", t.label, got.available, got.desired)
		source.Expected, source.ResourceVersion = said("%d updated and available", got.desired), got.version
		if words := joinWords(got.wrong, got.note); words != "" {
			source.Observed = said("%s, %s", source.Observed, words)
		}
		if got.wrong != "" {
			if trouble := l.podTrouble(ctx, got); trouble != "" {
				source.Observed = said("%s; %s", source.Observed, trouble)
			}
			wrong = append(wrong, fmt.Sprintf("%s %d/%d available, %s", t.label, got.available, got.desired, got.wrong))
			bad += got.badness()
		} else if got.note != "" {
			odd = append(odd, t.label+" "+got.note)
		}
		s.Evidence = append(s.Evidence, source)
	}
	s.self = self
	missing := len(self) < len(l.targets)
	switch {
	case missing || l.judge && len(wrong) > 0:
		s.summed(run.Failed, "%s", strings.Join(wrong, "; "))
		s.Badness = bad
	case l.judge && len(odd) > 0:
		s.summed(run.Warn, "%s; %d/%d pods available", strings.Join(odd, "; "), have, want)
		s.Badness = float64(len(odd))
	default:
		s.summed(run.Passed, "%d/%d pods available", have, want)
	}
	return s
}

func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// podTrouble names the first pod that does not come up, and why; empty when pods cannot be looked at.
func (l workloadLook) podTrouble(ctx context.Context, w workloadState) string {
	pods, err := l.cluster.Pods(ctx, w.selector)
	if err != nil {
		return ""
	}
	for _, p := range pods {
		if reason := reasonOf(p); reason != "" {
			return fmt.Sprintf("pod %s: %s", p.Name, reason)
		}
	}
	return ""
}
