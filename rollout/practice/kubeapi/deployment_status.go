package kubeapi

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The reasons of the condition Progressing.
const (
	reasonUpdated  = "ReplicaSetUpdated"
	reasonDone     = "NewReplicaSetAvailable"
	reasonTimedOut = "ProgressDeadlineExceeded"
	reasonPaused   = "DeploymentPaused"
	reasonResumed  = "DeploymentResumed"
)

// status computes the counts and the condition Available; the other conditions are as they stand.
func (r *rollout) status() appsv1.DeploymentStatus {
	st := *r.d.Status.DeepCopy()
	st.ObservedGeneration = r.d.Generation
	st.Replicas, st.ReadyReplicas = 0, 0
	for _, rs := range r.sets {
		st.Replicas += rs.Status.Replicas
		st.ReadyReplicas += rs.Status.ReadyReplicas
	}
	st.UpdatedReplicas = 0
	if r.fresh != nil {
		st.UpdatedReplicas = r.fresh.Status.Replicas
	}
	st.AvailableReplicas = available(r.sets)
	st.UnavailableReplicas = max(0, wanted(r.sets)-st.AvailableReplicas)
	_, unavailable := r.limits()
	kept := r.d.Status
	r.d.Status = st
	if st.AvailableReplicas >= *r.d.Spec.Replicas-unavailable {
		r.setCondition(appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	} else {
		r.setCondition(appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
	st, r.d.Status = r.d.Status, kept
	return st
}

// complete says whether all pods are of the present template and available.
func complete(d *appsv1.Deployment, st appsv1.DeploymentStatus) bool {
	n := *d.Spec.Replicas
	return st.UpdatedReplicas == n && st.Replicas == n && st.AvailableReplicas == n && st.ObservedGeneration >= d.Generation
}

// progress keeps the condition Progressing: done, getting on, or out of time. Once a rollout is done, only the
// next new ReplicaSet starts the clock again; that is why one that is blocked after an undo never times out.
func (r *rollout) progress() {
	if !r.hasDeadline() {
		r.dropCondition(appsv1.DeploymentProgressing)
		r.noteFailure()
		return
	}
	was, now := r.d.Status, r.status()
	cond := r.condition(appsv1.DeploymentProgressing)
	settled := now.Replicas == now.UpdatedReplicas && cond != nil && cond.Reason == reasonDone
	name := r.d.Name
	what := "Deployment"
	if r.fresh != nil {
		name, what = r.fresh.Name, "ReplicaSet"
	}
	switch {
	case settled:
	case complete(r.d, now):
		r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonDone,
			fmt.Sprintf("%s %q has successfully progressed.", what, name))
	case now.UpdatedReplicas > was.UpdatedReplicas,
		now.Replicas-now.UpdatedReplicas < was.Replicas-was.UpdatedReplicas,
		now.ReadyReplicas > was.ReadyReplicas,
		now.AvailableReplicas > was.AvailableReplicas:
		r.touchProgress(fmt.Sprintf("%s %q is progressing.", what, name))
	case r.late(cond):
		r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionFalse, reasonTimedOut,
			fmt.Sprintf("%s %q has timed out progressing.", what, name))
	}
	r.noteFailure()
}

// touchProgress says that the rollout gets on, which starts its clock again.
func (r *rollout) touchProgress(message string) {
	cond := r.condition(appsv1.DeploymentProgressing)
	since := r.s.now()
	if cond != nil && cond.Status == corev1.ConditionTrue {
		since = cond.LastTransitionTime
	}
	r.dropCondition(appsv1.DeploymentProgressing)
	r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonUpdated, message)
	r.condition(appsv1.DeploymentProgressing).LastTransitionTime = since
}

// late says whether the deadline has passed; if it still runs, it has the Deployment looked at when it ends.
func (r *rollout) late(cond *appsv1.DeploymentCondition) bool {
	if cond == nil || cond.Reason == reasonDone {
		return false
	}
	if cond.Reason == reasonTimedOut {
		return true
	}
	left := r.deadline(cond.LastUpdateTime).Sub(r.s.clock.Now())
	if left > 0 {
		r.s.later(work{kind: deploymentWork, key: keyOf(r.d)}, left)
	}
	return left <= 0
}

// notePause writes into Progressing that the Deployment was paused or resumed, but never over a time-out.
func (r *rollout) notePause() {
	cond := r.condition(appsv1.DeploymentProgressing)
	if !r.hasDeadline() || cond != nil && cond.Reason == reasonTimedOut {
		return
	}
	paused := cond != nil && cond.Reason == reasonPaused
	switch {
	case r.d.Spec.Paused && !paused:
		r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionUnknown, reasonPaused, "Deployment is paused")
	case !r.d.Spec.Paused && paused:
		r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionUnknown, reasonResumed, "Deployment is resumed")
	}
}

// noteFailure takes over the condition ReplicaFailure of a ReplicaSet, the new one's first.
func (r *rollout) noteFailure() {
	var found *appsv1.ReplicaSetCondition
	for _, rs := range append(r.old(), r.fresh) {
		if rs == nil {
			continue
		}
		for i := range rs.Status.Conditions {
			if c := &rs.Status.Conditions[i]; c.Type == appsv1.ReplicaSetReplicaFailure {
				found = c
			}
		}
	}
	if found == nil {
		r.dropCondition(appsv1.DeploymentReplicaFailure)
		return
	}
	r.setCondition(appsv1.DeploymentReplicaFailure, found.Status, found.Reason, found.Message)
}

func (r *rollout) condition(kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range r.d.Status.Conditions {
		if r.d.Status.Conditions[i].Type == kind {
			return &r.d.Status.Conditions[i]
		}
	}
	return nil
}

// setCondition writes a condition unless it has that status and reason already; the time of transition changes
// only with the status.
func (r *rollout) setCondition(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) {
	now := r.s.now()
	c := appsv1.DeploymentCondition{
		Type: kind, Status: status, Reason: reason, Message: message, LastUpdateTime: now, LastTransitionTime: now,
	}
	if old := r.condition(kind); old != nil {
		if old.Status == status && old.Reason == reason {
			return
		}
		if old.Status == status {
			c.LastTransitionTime = old.LastTransitionTime
		}
	}
	r.dropCondition(kind)
	r.d.Status.Conditions = append(r.d.Status.Conditions, c)
}

func (r *rollout) dropCondition(kind appsv1.DeploymentConditionType) {
	r.d.Status.Conditions = slices.DeleteFunc(r.d.Status.Conditions, func(c appsv1.DeploymentCondition) bool { return c.Type == kind })
}
