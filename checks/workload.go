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
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type workloadParams struct {
	Components runbook.Names `yaml:"components,omitempty" doc:"all, or a list of components of this runbook"`
	Workloads  []string      `yaml:"workloads,omitempty" doc:"workloads that are no components, by kind and name: deployment/NAME"`
	Available  *bool         `yaml:"available,omitempty" doc:"true (the default without expect): every wanted pod runs the present template and is available, and nothing is under way"`
}

var workloadKind = runbook.Kind{
	Name: "workload",
	Doc: `Workloads run every pod they want.
passes   every wanted pod is of the present template and available, and no rollout is under way
warns    it is complete, but paused, or it wants no pod at all
fails    pods are missing, old or not available, or the workload is not there
unknown  the cluster does not answer, or forbids to look
With expect, and available not written, expect alone judges the counts.
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
		if _, err := deploymentName(w); err != nil && known(w) {
			out = append(out, problem(fmt.Sprintf("workloads[%d]", i), "write deployment/NAME", "%v", err))
		}
	}
	return out
}

// deploymentName is the NAME of deployment/NAME.
func deploymentName(workload string) (string, error) {
	kind, name, ok := strings.Cut(workload, "/")
	switch {
	case !ok || !isObjectName(name):
		return "", fmt.Errorf("%q is not a workload such as deployment/api", workload)
	case !strings.EqualFold(kind, "deployment"):
		return "", fmt.Errorf("%q is of a kind that this version does not look at", workload)
	}
	return name, nil
}

// target is a workload to look at, under the name that people know it by.
type target struct{ label, name string }

func readyWorkload(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[workloadParams](workloadKind, work.Check)
	if err != nil {
		return check{}, err
	}
	targets, err := w.targets(p)
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
	return check{look: onCluster(cluster, said("Deployments of namespace %s", work.Env.Namespace), l.look), cluster: cluster, follows: []kube.Resource{kube.Deployments, kube.Pods}, cached: true}, nil
}

func (w *Worker) targets(p workloadParams) ([]target, error) {
	var out []target
	names := p.Components.List
	if p.Components.All {
		names = w.plan.Runbook.Components.Keys()
	}
	for _, label := range names {
		c, ok := w.plan.Component(label)
		if !ok {
			return nil, fmt.Errorf("the runbook has no component %q; it has %s", label, strings.Join(w.plan.Runbook.Components.Keys(), ", "))
		}
		name, err := deploymentName(c.Workload)
		if err != nil {
			return nil, fmt.Errorf("component %s: %w", label, err)
		}
		out = append(out, target{label, name})
	}
	for _, workload := range p.Workloads {
		name, err := deploymentName(workload)
		if err != nil {
			return nil, err
		}
		out = append(out, target{name, name})
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
	want, have := 0, 0
	for _, t := range l.targets {
		source := run.Evidence{Source: object("Deployment", l.env, t.name), Query: kubectl(l.env, "get", "deployment", t.name)}
		d, err := l.cluster.Deployment(ctx, t.name)
		if apierrors.IsNotFound(err) {
			source.Observed, source.Expected = said("%s is not there", t.label), "a Deployment of that name"
			s.Evidence = append(s.Evidence, source)
			wrong = append(wrong, string(source.Observed))
			continue
		}
		if err != nil {
			return couldNotLook(source, err)
		}
		c := countsOf(d)
		self[t.label] = c.self()
		want, have = want+c.desired, have+min(c.available, c.desired)
		bad, note := c.judge(d)
		source.Observed = said("%s %d/%d available", t.label, c.available, c.desired)
		source.Expected, source.ResourceVersion = said("%d updated and available", c.desired), d.ResourceVersion
		if words := joinWords(bad, note); words != "" {
			source.Observed = said("%s, %s", source.Observed, words)
		}
		if bad != "" {
			if trouble := l.podTrouble(ctx, d); trouble != "" {
				source.Observed = said("%s; %s", source.Observed, trouble)
			}
			wrong = append(wrong, fmt.Sprintf("%s %d/%d available, %s", t.label, c.available, c.desired, bad))
		} else if note != "" {
			odd = append(odd, t.label+" "+note)
		}
		s.Evidence = append(s.Evidence, source)
	}
	s.self = self
	missing := len(self) < len(l.targets)
	switch {
	case missing || l.judge && len(wrong) > 0:
		s.summed(run.Failed, "%s", strings.Join(wrong, "; "))
	case l.judge && len(odd) > 0:
		s.summed(run.Warn, "%s; %d/%d pods available", strings.Join(odd, "; "), have, want)
	default:
		s.summed(run.Passed, "%d/%d pods available", have, want)
	}
	return s
}

func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// counts are the pods of a Deployment.
type counts struct {
	desired, updated, ready, available, total int
	generation                                int64
	observed                                  bool // the controller has seen the present generation
	paused                                    bool
}

func countsOf(d *appsv1.Deployment) counts {
	c := counts{
		desired: 1, updated: int(d.Status.UpdatedReplicas), ready: int(d.Status.ReadyReplicas), available: int(d.Status.AvailableReplicas),
		total: int(d.Status.Replicas), generation: d.Generation, observed: d.Status.ObservedGeneration >= d.Generation, paused: d.Spec.Paused,
	}
	if d.Spec.Replicas != nil {
		c.desired = int(*d.Spec.Replicas)
	}
	return c
}

func (c counts) self() map[string]any {
	return map[string]any{
		"desired": c.desired, "updated": c.updated, "ready": c.ready, "available": c.available, "total": c.total,
		"generation": c.generation, "paused": c.paused,
	}
}

// judge says what is wrong, in the order in which kubectl asks, and what is merely odd. A time-out that the
// controller reports counts only while the rollout is incomplete: it survives an undo.
func (c counts) judge(d *appsv1.Deployment) (bad, note string) {
	switch {
	case !c.observed:
		bad = "the controller has not yet taken up the last change"
	case c.updated < c.desired:
		bad = fmt.Sprintf("rollout under way: %d of %d pods updated", c.updated, c.desired)
	case c.total > c.updated:
		bad = fmt.Sprintf("rollout under way: %s still to end", count(c.total-c.updated, "old pod"))
	case c.available < c.updated:
		bad = fmt.Sprintf("%s not available", count(c.updated-c.available, "pod"))
	}
	if bad != "" {
		for _, condition := range d.Status.Conditions {
			if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
				bad += ", " + condition.Message
			}
			if condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded" && c.observed {
				bad += ", progress deadline exceeded"
			}
		}
	}
	switch {
	case c.paused:
		note = "is paused"
	case c.desired == 0:
		note = "wants no pod"
	}
	return bad, note
}

// podTrouble names the first pod that does not come up, and why; empty when pods cannot be looked at.
func (l workloadLook) podTrouble(ctx context.Context, d *appsv1.Deployment) string {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return ""
	}
	pods, err := l.cluster.Pods(ctx, selector)
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

// reasonOf says why a pod is not ready; empty when it is, or is only starting.
func reasonOf(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return ""
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if w := c.State.Waiting; w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" && w.Reason != "" {
			return strings.TrimSpace(w.Reason + " " + w.Message)
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return strings.TrimSpace(c.Reason + " " + c.Message)
		}
	}
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Running != nil && !c.Ready {
			return "running, not ready"
		}
	}
	return ""
}
