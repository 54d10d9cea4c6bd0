package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/rollout/kube"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// workloadState is a Deployment, StatefulSet or DaemonSet as far as a rollout's status goes.
type workloadState struct {
	desired, updated, ready, available, total int
	generation                                int64
	observed                                  bool // the controller has seen the present generation
	paused                                    bool
	version                                   string
	selector                                  labels.Selector
	template                                  *corev1.PodTemplateSpec
	surge                                     int    // how many pods more than wanted its own strategy starts at once
	wrong                                     string // what keeps it from being complete; empty when nothing does
	note                                      string // what is odd about it
}

// readWorkload reads the target from the cache and judges it.
func readWorkload(ctx context.Context, cluster *kube.Cluster, t target) (workloadState, error) {
	switch t.kind {
	case "StatefulSet":
		o, err := cluster.StatefulSet(ctx, t.name)
		if err != nil {
			return workloadState{}, err
		}
		return stateOfSet(o), nil
	case "DaemonSet":
		o, err := cluster.DaemonSet(ctx, t.name)
		if err != nil {
			return workloadState{}, err
		}
		return stateOfDaemons(o), nil
	}
	o, err := cluster.Deployment(ctx, t.name)
	if err != nil {
		return workloadState{}, err
	}
	return stateOfDeployment(o), nil
}

func (w workloadState) self() map[string]any {
	return map[string]any{
		"desired": w.desired, "updated": w.updated, "ready": w.ready, "available": w.available, "total": w.total,
		"generation": w.generation, "paused": w.paused,
	}
}

// badness counts the pods that are missing, old or not available.
func (w workloadState) badness() float64 {
	return float64(1 + max(w.desired-w.available, 0) + max(w.desired-w.updated, 0) + max(w.total-w.desired, 0))
}

const (
	notObserved = "the controller has not yet taken up the last change"
	// noPod is complete by the letter, and nothing runs: that must not be green.
	noPod = "it wants no pod"
)

func replicasOf(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

// common fills in what all three kinds have.
func (w *workloadState) common(o metav1.Object, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec) {
	w.version, w.generation, w.template = o.GetResourceVersion(), o.GetGeneration(), template
	var err error
	if w.selector, err = metav1.LabelSelectorAsSelector(selector); err != nil {
		w.selector = labels.Nothing()
	}
}

// stateOfDeployment judges in the order in which kubectl asks. A time-out that the controller reports counts only
// while the rollout is incomplete: it survives an undo.
func stateOfDeployment(d *appsv1.Deployment) workloadState {
	w := workloadState{
		desired: replicasOf(d.Spec.Replicas), updated: int(d.Status.UpdatedReplicas), ready: int(d.Status.ReadyReplicas),
		available: int(d.Status.AvailableReplicas), total: int(d.Status.Replicas),
		observed: d.Status.ObservedGeneration >= d.Generation, paused: d.Spec.Paused, surge: surgeOf(d),
	}
	switch {
	case !w.observed:
		w.wrong = notObserved
	case w.updated < w.desired:
		w.wrong = fmt.Sprintf("rollout under way: %d of %d pods updated", w.updated, w.desired)
	case w.total > w.updated:
		w.wrong = fmt.Sprintf("rollout under way: %s still to end", count(w.total-w.updated, "old pod"))
	case w.available < w.updated:
		w.wrong = fmt.Sprintf("%s not available", count(w.updated-w.available, "pod"))
	}
	if w.wrong != "" {
		w.wrong += troubleOf(d, w.observed)
	}
	if w.wrong == "" && w.desired == 0 {
		w.wrong = noPod
	}
	if w.paused {
		w.note = "is paused"
	}
	w.common(d, d.Spec.Selector, &d.Spec.Template)
	return w
}

// troubleOf is what the controller says of a rollout that does not end.
func troubleOf(d *appsv1.Deployment, observed bool) (words string) {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			words += ", " + c.Message
		}
		if c.Type == appsv1.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded" && observed {
			words += ", progress deadline exceeded"
		}
	}
	return words
}

// surgeOf is how many pods a rolling update of the Deployment may start beyond those it wants.
func surgeOf(d *appsv1.Deployment) int {
	r := d.Spec.Strategy.RollingUpdate
	if r == nil || r.MaxSurge == nil {
		return 0
	}
	return scaled(*r.MaxSurge, replicasOf(d.Spec.Replicas))
}

// stateOfSet judges a StatefulSet. Unlike kubectl it also wants every pod available, since a StatefulSet may have
// minReadySeconds.
func stateOfSet(o *appsv1.StatefulSet) workloadState {
	w := workloadState{
		desired: replicasOf(o.Spec.Replicas), updated: int(o.Status.UpdatedReplicas), ready: int(o.Status.ReadyReplicas),
		available: int(o.Status.AvailableReplicas), total: int(o.Status.Replicas),
		observed: o.Status.ObservedGeneration != 0 && o.Status.ObservedGeneration >= o.Generation,
	}
	partition := 0
	if r := o.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		partition = int(*r.Partition)
	}
	byHand := o.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType
	switch toUpdate := max(w.desired-partition, 0); {
	case !w.observed:
		w.wrong = notObserved
	case w.ready < w.desired:
		w.wrong = fmt.Sprintf("%s not ready", count(w.desired-w.ready, "pod"))
	case !byHand && w.updated < toUpdate:
		w.wrong = fmt.Sprintf("rollout under way: %d of %d pods updated", w.updated, toUpdate)
	case w.available < w.desired:
		w.wrong = fmt.Sprintf("%s not available", count(w.desired-w.available, "pod"))
	case w.total > w.desired:
		w.wrong = fmt.Sprintf("%s still to end", count(w.total-w.desired, "pod"))
	case w.desired == 0:
		w.wrong = noPod
	case partition > 0:
		w.note = fmt.Sprintf("updates only the pods from number %d on", partition)
	case byHand && w.updated < w.desired:
		w.note = fmt.Sprintf("updates a pod only when it is deleted: %d of %d updated", w.updated, w.desired)
	}
	w.common(o, o.Spec.Selector, &o.Spec.Template)
	return w
}

// stateOfDaemons judges a DaemonSet.
func stateOfDaemons(o *appsv1.DaemonSet) workloadState {
	w := workloadState{
		desired: int(o.Status.DesiredNumberScheduled), updated: int(o.Status.UpdatedNumberScheduled), ready: int(o.Status.NumberReady),
		available: int(o.Status.NumberAvailable), total: int(o.Status.CurrentNumberScheduled),
		observed: o.Status.ObservedGeneration != 0 && o.Status.ObservedGeneration >= o.Generation,
	}
	byHand := o.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType
	switch {
	case !w.observed:
		w.wrong = notObserved
	case w.updated < w.desired && !byHand:
		w.wrong = fmt.Sprintf("rollout under way: %d of %d pods updated", w.updated, w.desired)
	case w.available < w.desired:
		w.wrong = fmt.Sprintf("%s not available", count(w.desired-w.available, "pod"))
	case w.desired == 0:
		w.note = "fits on no node"
	case o.Status.NumberMisscheduled > 0:
		w.note = fmt.Sprintf("runs %s where it should not", count(int(o.Status.NumberMisscheduled), "pod"))
	case byHand && w.updated < w.desired:
		w.note = fmt.Sprintf("updates a pod only when it is deleted: %d of %d updated", w.updated, w.desired)
	}
	w.common(o, o.Spec.Selector, &o.Spec.Template)
	return w
}

// reasonOf says why a pod is not ready; empty when it is, or is only starting.
func reasonOf(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded {
		return ""
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if w := c.State.Waiting; w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" && w.Reason != "" {
			return joinWords(strings.TrimSpace(w.Reason+" "+w.Message), endOf(c.LastTerminationState.Terminated))
		}
		if end := c.State.Terminated; end != nil && end.ExitCode != 0 {
			return endOf(end)
		}
	}
	if p.Status.Phase == corev1.PodFailed {
		return joinWords("failed", strings.TrimSpace(p.Status.Reason+" "+p.Status.Message))
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

// endOf says how a container ended.
func endOf(end *corev1.ContainerStateTerminated) string {
	if end == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("ended with exit code %d %s", end.ExitCode, strings.TrimSpace(end.Reason+" "+end.Message)))
}
