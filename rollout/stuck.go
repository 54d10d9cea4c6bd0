package rollout

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// stateMax is how much of a foreign reason is kept.
const stateMax = 300

// podState is the pod's state as `kubectl get pods` shows it.
func podState(pod *corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return "Terminating"
	}
	state := cmp.Or(pod.Status.Reason, string(pod.Status.Phase), string(corev1.PodPending))
	if s, init := troubled(pod); s != nil {
		state = reasonOf(s.State)
		if init {
			state = "Init:" + state
		}
	}
	return string(run.MakeSafe(state, 80))
}

// troubled is the container that keeps the pod from running: waiting, or ended with an error.
func troubled(pod *corev1.Pod) (status *corev1.ContainerStatus, init bool) {
	for i, s := range pod.Status.InitContainerStatuses {
		if s.State.Waiting != nil && s.State.Waiting.Reason != "PodInitializing" || s.State.Terminated != nil && s.State.Terminated.ExitCode != 0 {
			return &pod.Status.InitContainerStatuses[i], true
		}
	}
	for i, s := range pod.Status.ContainerStatuses {
		if s.State.Waiting != nil || s.State.Terminated != nil {
			return &pod.Status.ContainerStatuses[i], false
		}
	}
	return nil, false
}

func reasonOf(s corev1.ContainerState) string {
	switch {
	case s.Waiting != nil:
		return cmp.Or(s.Waiting.Reason, "Waiting")
	case s.Terminated != nil:
		return cmp.Or(s.Terminated.Reason, fmt.Sprintf("ExitCode:%d", s.Terminated.ExitCode))
	}
	return "Running"
}

// hopeless are the reasons for which a container does not come up by itself.
var hopeless = []string{
	"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "CrashLoopBackOff",
	"CreateContainerConfigError", "CreateContainerError", "RunContainerError",
}

// stuck says why pods of the present template do not come up; empty when nothing hinders them.
func stuck(d *appsv1.Deployment, active *appsv1.ReplicaSet, pods []*corev1.Pod) run.Safe {
	if active != nil {
		for _, pod := range pods {
			if hashOf(pod.Labels) != hashOf(active.Labels) || pod.DeletionTimestamp != nil {
				continue
			}
			if why := stuckPod(pod); why != "" {
				return run.MakeSafe("pod "+pod.Name+": "+why, stateMax)
			}
		}
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return run.MakeSafe(c.Reason+": "+c.Message, stateMax)
		}
	}
	return ""
}

func stuckPod(pod *corev1.Pod) string {
	if s, _ := troubled(pod); s != nil {
		reason := reasonOf(s.State)
		failed := s.State.Terminated != nil && s.State.Terminated.ExitCode != 0 && s.RestartCount > 0
		if failed || slices.Contains(hopeless, reason) {
			return because(reason, s)
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return c.Reason + ": " + c.Message
		}
	}
	return ""
}

// because adds what is known of the reason: the registry's words, or how the container ended.
func because(reason string, s *corev1.ContainerStatus) string {
	switch {
	case s.LastTerminationState.Terminated != nil:
		t := s.LastTerminationState.Terminated
		return fmt.Sprintf("%s: container %s ended with exit code %d (%s), %d restarts", reason, s.Name, t.ExitCode, cmp.Or(t.Reason, "no reason"), s.RestartCount)
	case s.State.Waiting != nil && s.State.Waiting.Message != "":
		return reason + ": " + s.State.Waiting.Message
	case s.State.Terminated != nil:
		return fmt.Sprintf("%s: container %s ended with exit code %d, %d restarts", reason, s.Name, s.State.Terminated.ExitCode, s.RestartCount)
	}
	return reason
}

// crashed finds a container of the present template that crashes again and again, whose last words are worth reading.
func crashed(active *appsv1.ReplicaSet, pods []*corev1.Pod) (pod *corev1.Pod, container string, ok bool) {
	if active == nil {
		return nil, "", false
	}
	for _, p := range pods {
		if hashOf(p.Labels) != hashOf(active.Labels) || p.DeletionTimestamp != nil {
			continue
		}
		if s, _ := troubled(p); s != nil && s.RestartCount > 0 && stuckPod(p) != "" {
			return p, s.Name, true
		}
	}
	return nil, "", false
}
