package kubeapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// retryCreate is how long the ReplicaSet controller waits after it was not allowed to make a pod.
const retryCreate = 10 * time.Second

// syncReplicaSet makes or deletes pods until there are as many as told, and tells the status.
func (s *Server) syncReplicaSet(k key) {
	res := s.byPath[replicaSetGVR]
	was := s.get(res, k)
	if was == nil {
		return
	}
	rs := was.obj.DeepCopyObject().(*appsv1.ReplicaSet)
	pods := s.livePods(rs)
	var failed error
	if rs.DeletionTimestamp == nil {
		failed = s.fit(rs, pods)
		pods = s.livePods(rs)
	}
	s.countReplicas(rs, pods)
	s.noteCreateFailure(rs, failed)
	if failed != nil {
		s.later(work{kind: replicaSetWork, key: k}, retryCreate)
	}
	if !apiequality.Semantic.DeepEqual(rs, was.obj) {
		s.replace(res, was, rs)
	}
}

// livePods are the pods of a ReplicaSet that count: not ended and not ending.
func (s *Server) livePods(rs *appsv1.ReplicaSet) []*corev1.Pod {
	return slices.DeleteFunc(controlled[*corev1.Pod](s, rs.UID, podGVR), func(p *corev1.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded
	})
}

// hasPods says whether a ReplicaSet still has pods, ending ones too.
func (s *Server) hasPods(rs *appsv1.ReplicaSet) bool {
	return len(s.dependents(rs.UID, s.byPath[podGVR])) > 0
}

// fit makes the number of pods what it should be.
func (s *Server) fit(rs *appsv1.ReplicaSet, pods []*corev1.Pod) error {
	for range int(*rs.Spec.Replicas) - len(pods) {
		if err := s.makePod(rs); err != nil {
			return err
		}
	}
	surplus := len(pods) - int(*rs.Spec.Replicas)
	if surplus <= 0 {
		return nil
	}
	slices.SortStableFunc(pods, s.expendable)
	for _, pod := range pods[:surplus] {
		res := s.byPath[podGVR]
		s.begin(res, s.get(res, keyOf(pod)), deletion{DeleteOptions: &metav1.DeleteOptions{}})
		s.event(rs, "replicaset-controller", corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+pod.Name)
	}
	return nil
}

// expendable orders pods by which is to go first: without a node, not running, not ready, then the youngest.
func (s *Server) expendable(a, b *corev1.Pod) int {
	return cmp.Or(
		falseFirst(a.Spec.NodeName != "", b.Spec.NodeName != ""),
		falseFirst(a.Status.Phase == corev1.PodRunning, b.Status.Phase == corev1.PodRunning),
		falseFirst(isReady(a), isReady(b)),
		-readySince(a).Compare(readySince(b)),
		-cmp.Compare(restarts(a), restarts(b)),
		-a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Name, b.Name),
	)
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func isReady(p *corev1.Pod) bool {
	c := podCondition(p, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

func readySince(p *corev1.Pod) time.Time {
	if isReady(p) {
		return podCondition(p, corev1.PodReady).LastTransitionTime.Time
	}
	return time.Time{}
}

func restarts(p *corev1.Pod) (n int32) {
	for _, c := range p.Status.ContainerStatuses {
		n = max(n, c.RestartCount)
	}
	return n
}

// makePod makes one pod of the template.
func (s *Server) makePod(rs *appsv1.ReplicaSet) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: rs.Name + "-", Namespace: rs.Namespace,
			Labels: maps.Clone(rs.Spec.Template.Labels), Annotations: maps.Clone(rs.Spec.Template.Annotations),
			OwnerReferences: controllerRef(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet")),
		},
		Spec: *rs.Spec.Template.Spec.DeepCopy(),
	}
	_, err := s.admit(s.byPath[podGVR], pod, controllerUser, false)
	if err != nil {
		s.event(rs, "replicaset-controller", corev1.EventTypeWarning, "FailedCreate", "Error creating: "+err.Error())
		return err
	}
	s.event(rs, "replicaset-controller", corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: "+pod.Name)
	return nil
}

// countReplicas computes the status, and has the ReplicaSet looked at again when the next pod becomes available.
func (s *Server) countReplicas(rs *appsv1.ReplicaSet, pods []*corev1.Pod) {
	st := &rs.Status
	st.ObservedGeneration = rs.Generation
	st.Replicas = int32(len(pods))
	st.FullyLabeledReplicas = st.Replicas
	st.ReadyReplicas, st.AvailableReplicas = 0, 0
	wait := time.Duration(rs.Spec.MinReadySeconds) * time.Second
	now := s.clock.Now()
	for _, p := range pods {
		if !isReady(p) {
			continue
		}
		st.ReadyReplicas++
		left := readySince(p).Add(wait).Sub(now)
		if wait == 0 || left <= 0 {
			st.AvailableReplicas++
			continue
		}
		s.later(work{kind: replicaSetWork, key: keyOf(rs)}, left)
	}
}

// noteCreateFailure keeps the condition ReplicaFailure.
func (s *Server) noteCreateFailure(rs *appsv1.ReplicaSet, failed error) {
	st := &rs.Status
	at := slices.IndexFunc(st.Conditions, func(c appsv1.ReplicaSetCondition) bool { return c.Type == appsv1.ReplicaSetReplicaFailure })
	switch {
	case failed == nil && at >= 0:
		st.Conditions = slices.Delete(st.Conditions, at, at+1)
	case failed != nil && at < 0:
		st.Conditions = append(st.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, LastTransitionTime: s.now(),
			Reason: "FailedCreate", Message: failed.Error(),
		})
	}
}

// charge refuses a pod that a ResourceQuota of its namespace has no room for.
func (s *Server) charge(pod *corev1.Pod) error {
	for _, v := range s.tables[quotaGVR].sorted(pod.Namespace) {
		quota := v.obj.(*corev1.ResourceQuota)
		used := s.usedBy(quota)
		cost := costOf(pod)
		for _, name := range slices.Sorted(maps.Keys(quota.Spec.Hard)) {
			need, counted := cost[name]
			hard, have := quota.Spec.Hard[name], used[name]
			sum := have.DeepCopy()
			sum.Add(need)
			if counted && sum.Cmp(hard) > 0 {
				return apierrors.NewForbidden(podGVR.GroupResource(), pod.Name, fmt.Errorf(
					"exceeded quota: %s, requested: %s=%s, used: %s=%s, limited: %s=%s",
					quota.Name, name, need.String(), name, have.String(), name, hard.String()))
			}
		}
	}
	return nil
}

// usedBy is what the pods of the quota's namespace use of what it limits.
func (s *Server) usedBy(quota *corev1.ResourceQuota) corev1.ResourceList {
	used := corev1.ResourceList{}
	for name := range quota.Spec.Hard {
		used[name] = zero
	}
	for _, v := range s.tables[podGVR].sorted(quota.Namespace) {
		pod := v.obj.(*corev1.Pod)
		if pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
			continue
		}
		for name, cost := range costOf(pod) {
			if sum, ok := used[name]; ok {
				sum.Add(cost)
				used[name] = sum
			}
		}
	}
	return used
}

// syncQuota keeps the status of a quota.
func (s *Server) syncQuota(k key) {
	res := s.byPath[quotaGVR]
	was := s.get(res, k)
	if was == nil {
		return
	}
	quota := was.obj.DeepCopyObject().(*corev1.ResourceQuota)
	quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard.DeepCopy(), Used: s.usedBy(quota)}
	if !apiequality.Semantic.DeepEqual(quota, was.obj) {
		s.replace(res, was, quota)
	}
}
