package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// timedOut is the reason of the Progressing condition that kubectl takes for a failure.
const timedOut = "ProgressDeadlineExceeded"

// Status is how far a Deployment is: sets are the ReplicaSets it owns, pods those that its selector matches.
func Status(c runbook.Component, d *appsv1.Deployment, sets []*appsv1.ReplicaSet, pods []*corev1.Pod) run.Progress {
	mark, active := MarkOf(d), Active(d, sets)
	p := run.Progress{
		Component: c.Name, UID: string(d.UID), ResourceVersion: d.ResourceVersion,
		Generation: d.Generation, ObservedGeneration: d.Status.ObservedGeneration,
		Fence: mark.Fence, Act: string(run.MakeSafe(mark.Act, 200)), Run: string(run.MakeSafe(mark.Run, 200)),
		Paused: d.Spec.Paused, Desired: desired(d),
		Updated: int(d.Status.UpdatedReplicas), Available: int(d.Status.AvailableReplicas), Total: int(d.Status.Replicas),
		Undoer: undoer(d),
	}
	if i, err := containerOf(&d.Spec.Template, c); err == nil {
		p.Image = string(run.MakeSafe(d.Spec.Template.Spec.Containers[i].Image, 0))
	}
	if active != nil {
		p.Hash = hashOf(active.Labels)
	}
	condition, message := judge(d, active)
	p.Condition, p.Message = condition, run.MakeSafe(message, 0)
	countPods(&p, c, sets, pods)
	if condition != run.Done {
		p.Stuck = stuck(d, active, pods)
	}
	return p
}

// judge is kubectl's judgement, in its order and words.
func judge(d *appsv1.Deployment, active *appsv1.ReplicaSet) (run.Condition, string) {
	s, finish := d.Status, fmt.Sprintf("Waiting for deployment %q rollout to finish: ", d.Name)
	switch {
	case d.Generation > s.ObservedGeneration:
		return run.Waiting, "Waiting for deployment spec update to be observed..."
	case overdue(d, active):
		return run.Broken, fmt.Sprintf("deployment %q exceeded its progress deadline", d.Name)
	case int(s.UpdatedReplicas) < desired(d):
		return run.Waiting, finish + fmt.Sprintf("%d out of %d new replicas have been updated...", s.UpdatedReplicas, desired(d))
	case s.Replicas > s.UpdatedReplicas:
		return run.Waiting, finish + fmt.Sprintf("%d old replicas are pending termination...", s.Replicas-s.UpdatedReplicas)
	case s.AvailableReplicas < s.UpdatedReplicas:
		return run.Waiting, finish + fmt.Sprintf("%d of %d updated replicas are available...", s.AvailableReplicas, s.UpdatedReplicas)
	}
	return run.Done, fmt.Sprintf("deployment %q successfully rolled out", d.Name)
}

func complete(d *appsv1.Deployment) bool {
	condition, _ := judge(d, nil)
	return condition == run.Done
}

// overdue tells whether the controller gave up on the present ReplicaSet in the time since our last patch. An undo to an
// older ReplicaSet leaves the condition of the bad one standing, which says nothing about the good one; and the patch
// that ends a long hold restores a short deadline, which the controller counts from before the hold: it gives up at
// once, and takes that back with the next pod.
func overdue(d *appsv1.Deployment, active *appsv1.ReplicaSet) bool {
	i := slices.IndexFunc(d.Status.Conditions, func(c appsv1.DeploymentCondition) bool { return c.Type == appsv1.DeploymentProgressing })
	if i < 0 || d.Status.Conditions[i].Reason != timedOut || active == nil {
		return false
	}
	c := d.Status.Conditions[i]
	given := patchedAt(d)
	if within := d.Spec.ProgressDeadlineSeconds; within != nil && !given.IsZero() {
		given = given.Add(time.Duration(*within) * time.Second)
	}
	return strings.Contains(c.Message, `"`+active.Name+`"`) && !c.LastUpdateTime.Time.Before(given)
}

// patchedAt is when we last changed the Deployment's spec or annotations, to the second; zero when never.
func patchedAt(d *appsv1.Deployment) time.Time {
	var at time.Time
	for _, f := range d.ManagedFields {
		if f.Manager == kube.FieldManager && f.Subresource == "" && f.Time != nil && f.Time.After(at) {
			at = f.Time.Time
		}
	}
	return at
}

// countPods fills in what the pods tell.
func countPods(p *run.Progress, c runbook.Component, sets []*appsv1.ReplicaSet, pods []*corev1.Pod) {
	owned := map[string]bool{}
	for _, rs := range sets {
		owned[hashOf(rs.Labels)] = true
	}
	for _, pod := range pods {
		hash := hashOf(pod.Labels)
		if !owned[hash] {
			continue
		}
		seen := run.Pod{Name: pod.Name, New: p.Hash != "" && hash == p.Hash, Ready: ready(pod), State: podState(pod), Restarts: restarts(pod)}
		p.Pods = append(p.Pods, seen)
		leaving := pod.DeletionTimestamp != nil
		switch {
		case !seen.Ready || leaving:
		case seen.New:
			p.UpdatedReady++
		default:
			p.OldReady++
		}
		if seen.New && !leaving {
			p.Digests = append(p.Digests, digests(pod, c)...)
		}
	}
	slices.Sort(p.Digests)
	p.Digests = slices.Compact(p.Digests)
	slices.SortStableFunc(p.Pods, func(a, b run.Pod) int { return strings.Compare(a.Name, b.Name) })
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func restarts(pod *corev1.Pod) int {
	n := 0
	for _, s := range pod.Status.ContainerStatuses {
		n += int(s.RestartCount)
	}
	return n
}

// digests are the image ids of the component's container in the pod; empty until it has been pulled.
func digests(pod *corev1.Pod, c runbook.Component) []string {
	var ids []string
	only := len(pod.Status.ContainerStatuses) == 1
	for _, s := range pod.Status.ContainerStatuses {
		if s.ImageID != "" && (s.Name == c.Container || c.Container == "" && (only || s.Name == c.Name)) {
			ids = append(ids, s.ImageID)
		}
	}
	return ids
}
