package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// revisionAnnotation numbers the ReplicaSets of a Deployment.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// PinOf pins what the Deployment runs: active is its present ReplicaSet, pods are those that its selector matches.
func PinOf(c runbook.Component, d *appsv1.Deployment, active *appsv1.ReplicaSet, pods []*corev1.Pod) (run.Pin, error) {
	i, err := containerOf(&d.Spec.Template, c)
	if err != nil {
		return run.Pin{}, err
	}
	strategy, err := json.Marshal(paceOf(d))
	if err != nil {
		return run.Pin{}, fmt.Errorf("write the strategy of %s: %w", c.Workload, err)
	}
	container := d.Spec.Template.Spec.Containers[i]
	c.Container = container.Name
	pin := run.Pin{
		Component: c.Name, Workload: c.Workload, Namespace: d.Namespace, Container: container.Name,
		UID: string(d.UID), Generation: d.Generation, Fence: MarkOf(d).Fence, Replicas: desired(d),
		Image: container.Image, ReplicaSet: active.Name, ReplicaSetUID: string(active.UID), Hash: hashOf(active.Labels),
		Strategy: strategy,
	}
	for _, pod := range pods {
		if hashOf(pod.Labels) == pin.Hash && pod.DeletionTimestamp == nil {
			pin.Digests = append(pin.Digests, digests(pod, c)...)
		}
	}
	slices.Sort(pin.Digests)
	pin.Digests = slices.Compact(pin.Digests)
	return pin, nil
}

// NotedPin returns the pin that a run left on the Deployment; ok is false when there is none, or when the Deployment
// runs something that this run neither found nor brought: then somebody else has moved it since.
func NotedPin(c runbook.Component, d *appsv1.Deployment) (pin run.Pin, ok bool) {
	note := MarkOf(d).Pin
	if note == nil || note.UID != string(d.UID) {
		return run.Pin{}, false
	}
	i, err := containerOf(&d.Spec.Template, runbook.Component{Name: c.Name, Workload: c.Workload, Container: note.Container})
	if err != nil {
		return run.Pin{}, false
	}
	if image := d.Spec.Template.Spec.Containers[i].Image; image != note.To && image != note.Image {
		return run.Pin{}, false
	}
	pin = note.Pin
	pin.Component, pin.Workload, pin.Namespace = c.Name, c.Workload, d.Namespace
	return pin, true
}

// GuessPin is where `kubectl rollout undo` would go: the ReplicaSet with the second-highest revision. That is not
// known to have been good, and it is marked as a guess.
func GuessPin(c runbook.Component, d *appsv1.Deployment, sets []*appsv1.ReplicaSet) (run.Pin, error) {
	sets = slices.Clone(sets)
	slices.SortFunc(sets, func(a, b *appsv1.ReplicaSet) int { return revision(b) - revision(a) })
	if len(sets) < 2 || revision(sets[1]) == 0 {
		return run.Pin{}, fmt.Errorf("%s has no earlier revision to go back to", c.Workload)
	}
	target := sets[1]
	before := d.DeepCopy()
	before.Spec.Template = bare(target.Spec.Template)
	pin, err := PinOf(c, before, target, nil)
	if err != nil {
		return run.Pin{}, err
	}
	pin.Guess, pin.Strategy = true, nil
	if held(d) { // a canary's pace must not stay, whatever it was moved to
		pin.Strategy = MarkOf(d).Pin.Strategy
	}
	return pin, nil
}

func revision(rs *appsv1.ReplicaSet) int {
	n, err := strconv.Atoi(rs.Annotations[revisionAnnotation])
	if err != nil {
		return 0
	}
	return n
}
