package kubeapi

import (
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// jobTakes is how long a Job's container runs when its Behaviour does not say.
const jobTakes = 5 * time.Second

// nameJob gives a Job the selector and the labels by which it knows its pods.
func nameJob(o *batchv1.Job) {
	uid := string(o.UID)
	if o.Spec.Selector == nil {
		o.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{batchv1.ControllerUidLabel: uid}}
	}
	for _, m := range []*map[string]string{&o.Labels, &o.Spec.Template.Labels} {
		setLabel(m, batchv1.ControllerUidLabel, uid)
		setLabel(m, batchv1.JobNameLabel, o.Name)
	}
}

func ownedByJob(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "Job" })
}

// syncJob runs a Job's pods, one at a time, until enough have succeeded or too many failed.
func (s *Server) syncJob(k key) {
	res := s.byPath[jobGVR]
	was := s.get(res, k)
	if was == nil || was.obj.GetDeletionTimestamp() != nil {
		return
	}
	job := was.obj.DeepCopyObject().(*batchv1.Job)
	if jobOver(job) {
		return
	}
	pods := controlled[*corev1.Pod](s, job.UID, podGVR)
	st := &job.Status
	st.Active, st.Succeeded, st.Failed = 0, 0, 0
	for _, p := range pods {
		switch p.Status.Phase {
		case corev1.PodSucceeded:
			st.Succeeded++
		case corev1.PodFailed:
			st.Failed++
		default:
			st.Active++
		}
	}
	if st.StartTime == nil && !*job.Spec.Suspend {
		now := s.now()
		st.StartTime = &now
	}
	switch {
	case st.Succeeded >= *job.Spec.Completions:
		now := s.now()
		st.CompletionTime = &now
		s.endJob(job, batchv1.JobComplete, batchv1.JobSuccessCriteriaMet, batchv1.JobReasonCompletionsReached, "Reached expected number of succeeded pods")
		s.event(job, "job-controller", corev1.EventTypeNormal, "Completed", "Job completed")
	case st.Failed > *job.Spec.BackoffLimit:
		s.endJob(job, batchv1.JobFailed, batchv1.JobFailureTarget, batchv1.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit")
		s.event(job, "job-controller", corev1.EventTypeWarning, batchv1.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit")
	case st.Active == 0 && !*job.Spec.Suspend:
		s.runJob(job, pods)
	}
	if !apiequality.Semantic.DeepEqual(job, was.obj) {
		s.replace(res, was, job)
	}
}

func jobOver(job *batchv1.Job) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed
	})
}

// endJob writes the two conditions with which a Job ends.
func (s *Server) endJob(job *batchv1.Job, over, before batchv1.JobConditionType, reason, message string) {
	now := s.now()
	for _, kind := range []batchv1.JobConditionType{before, over} {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: kind, Status: corev1.ConditionTrue, Reason: reason, Message: message, LastProbeTime: now, LastTransitionTime: now,
		})
	}
}

// runJob makes the next pod, after a failed one only when its back-off is over.
func (s *Server) runJob(job *batchv1.Job, pods []*corev1.Pod) {
	if n := job.Status.Failed; n > 0 {
		wait := min(backOff<<min(n-1, 5), longestOff)
		for _, p := range pods {
			if left := failedAt(p).Add(wait).Sub(s.clock.Now()); left > 0 && p.Status.Phase == corev1.PodFailed {
				s.later(work{kind: jobWork, key: keyOf(job)}, left)
				return
			}
		}
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: job.Name + "-", Namespace: job.Namespace,
			Labels: maps.Clone(job.Spec.Template.Labels), Annotations: maps.Clone(job.Spec.Template.Annotations),
			OwnerReferences: controllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job")),
		},
		Spec: *job.Spec.Template.Spec.DeepCopy(),
	}
	if _, err := s.admit(s.byPath[podGVR], pod, controllerUser, false); err != nil {
		s.event(job, "job-controller", corev1.EventTypeWarning, "FailedCreate", "Error creating: "+err.Error())
		s.later(work{kind: jobWork, key: keyOf(job)}, retryCreate)
		return
	}
	job.Status.Active++
	s.event(job, "job-controller", corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: "+pod.Name)
}

// failedAt is when a pod's last container ended.
func failedAt(p *corev1.Pod) (at time.Time) {
	for _, c := range p.Status.ContainerStatuses {
		if end := c.State.Terminated; end != nil && end.FinishedAt.After(at) {
			at = end.FinishedAt.Time
		}
	}
	return at
}
