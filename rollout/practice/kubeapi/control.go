package kubeapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// The controllers' law: a piece of work is computed from what is stored, never from what has happened, so it may
// be done at any time and any number of times. All of it happens in one goroutine, in the order of due times.

// work is one thing that a controller looks after.
type work struct {
	kind workKind
	key  key
	res  *resource // of the key, for finalize
	uid  types.UID // of the gone owner, for collect
}

type workKind int

const (
	deploymentWork workKind = iota
	replicaSetWork
	scheduleWork
	podWork
	nodeWork
	serviceWork
	quotaWork
	jobWork
	collectWork
	finalizeWork // of a namespace or of an object that is deleted in the foreground
)

// agenda says what is due when; each work stands in it at most once.
type agenda struct {
	due  map[work]entry
	next int
}

type entry struct {
	at    time.Time
	order int // among equal times
}

// add has w done at the given time, or earlier if it is due earlier already.
func (a *agenda) add(w work, at time.Time) {
	if e, ok := a.due[w]; ok && !at.Before(e.at) {
		return
	}
	a.next++
	a.due[w] = entry{at, a.next}
}

// first is what is due first.
func (a *agenda) first() (w work, e entry, ok bool) {
	for v, f := range a.due {
		if !ok || cmp.Or(f.at.Compare(e.at), cmp.Compare(f.order, e.order)) < 0 {
			w, e, ok = v, f, true
		}
	}
	return w, e, ok
}

// later has w done after d; at once is in this pass. The caller holds s.mu.
func (s *Server) later(w work, d time.Duration) { s.agenda.add(w, s.clock.Now().Add(d)) }

// soon has w done Lag after a client's change, or in the same pass after a controller's.
func (s *Server) soon(w work) {
	if s.passing {
		s.later(w, 0)
		return
	}
	s.later(w, Lag)
}

// control runs passes until ctx ends.
func (s *Server) control(ctx context.Context) {
	for {
		if s.clock.Wait(ctx, s.untilDue(), s.wake) != nil {
			return
		}
		s.pass()
		s.tellPods()
	}
}

// untilDue is how long there is nothing to do; negative is for ever.
func (s *Server) untilDue() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, e, ok := s.agenda.first()
	if !ok {
		return -1
	}
	return max(e.at.Sub(s.clock.Now()), 0)
}

// pass does all that is due. The lock is given up between two pieces of work, so that requests get in.
func (s *Server) pass() {
	for s.doNext() {
	}
}

func (s *Server) doNext() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, e, ok := s.agenda.first()
	if !ok || e.at.After(s.clock.Now()) {
		return false
	}
	delete(s.agenda.due, w)
	s.passing = true
	s.do(w)
	s.passing = false
	return true
}

func (s *Server) do(w work) {
	switch w.kind {
	case deploymentWork:
		s.syncDeployment(w.key)
	case replicaSetWork:
		s.syncReplicaSet(w.key)
	case scheduleWork:
		s.schedule(w.key)
	case podWork:
		s.syncPod(w.key)
	case nodeWork:
		s.syncNode(w.key)
	case serviceWork:
		s.syncService(w.key)
	case quotaWork:
		s.syncQuota(w.key)
	case jobWork:
		s.syncJob(w.key)
	case collectWork:
		s.collect(w.uid)
	case finalizeWork:
		s.finalize(w)
	}
}

// changed marks the work that a change makes. The caller holds s.mu.
func (s *Server) changed(res *resource, kind watch.EventType, old, now *version) {
	k := keyOf(now.obj)
	switch o := now.obj.(type) {
	case *appsv1.Deployment:
		s.soon(work{kind: deploymentWork, key: k})
	case *appsv1.ReplicaSet:
		s.soon(work{kind: replicaSetWork, key: k})
		s.soonOwner(o, "Deployment", deploymentWork)
	case *corev1.Pod:
		s.podChanged(o, old, kind)
	case *corev1.Service:
		s.soon(work{kind: serviceWork, key: k})
	case *corev1.Node:
		s.soon(work{kind: nodeWork, key: k})
	case *batchv1.Job:
		s.soon(work{kind: jobWork, key: k})
	case *corev1.ResourceQuota:
		s.soon(work{kind: quotaWork, key: k})
	}
	switch {
	case kind == watch.Deleted:
		s.soon(work{kind: collectWork, uid: now.obj.GetUID()})
		s.soonFinalizing(now.obj)
	case now.obj.GetDeletionTimestamp() != nil:
		s.soon(work{kind: finalizeWork, key: k, res: res})
	}
	if !s.passing {
		s.wake.Set()
	}
}

func (s *Server) podChanged(pod *corev1.Pod, old *version, kind watch.EventType) {
	k := keyOf(pod)
	s.soonOwner(pod, "ReplicaSet", replicaSetWork)
	s.soonOwner(pod, "Job", jobWork)
	if pod.Spec.NodeName == "" && kind != watch.Deleted {
		s.soon(work{kind: scheduleWork, key: k})
	} else {
		s.soon(work{kind: podWork, key: k})
	}
	if kind == watch.Deleted {
		s.soonUnscheduled()
		for _, o := range pod.OwnerReferences { // a Deployment that recreates waits for the last pod to go
			if rs := s.get(s.byPath[replicaSetGVR], key{pod.Namespace, o.Name}); rs != nil {
				s.soonOwner(rs.obj, "Deployment", deploymentWork)
			}
		}
	}
	for _, v := range s.tables[serviceGVR].sorted(pod.Namespace) {
		svc := v.obj.(*corev1.Service)
		if selects(svc, pod) || old != nil && selects(svc, old.obj.(*corev1.Pod)) {
			s.soon(work{kind: serviceWork, key: keyOf(svc)})
		}
	}
	if kind != watch.Modified {
		for _, v := range s.tables[quotaGVR].sorted(pod.Namespace) {
			s.soon(work{kind: quotaWork, key: keyOf(v.obj)})
		}
	}
}

func (s *Server) soonOwner(obj object, kind string, w workKind) {
	for _, o := range obj.GetOwnerReferences() {
		if o.Kind == kind {
			s.soon(work{kind: w, key: key{obj.GetNamespace(), o.Name}})
		}
	}
}

// soonUnscheduled has the scheduler look again at the pods that found no room.
func (s *Server) soonUnscheduled() {
	for _, v := range s.tables[podGVR].sorted("") {
		if pod := v.obj.(*corev1.Pod); pod.Spec.NodeName == "" {
			s.soon(work{kind: scheduleWork, key: keyOf(pod)})
		}
	}
}

func selects(svc *corev1.Service, pod *corev1.Pod) bool {
	return len(svc.Spec.Selector) > 0 && labels.SelectorFromSet(svc.Spec.Selector).Matches(labels.Set(pod.Labels))
}

// controller is the owner reference that makes owner the controller of what it is put on.
func controllerRef(owner object, gvk schema.GroupVersionKind) []metav1.OwnerReference {
	return []metav1.OwnerReference{*metav1.NewControllerRef(owner, gvk)}
}

// controlled returns the copies of what uid controls of a resource, oldest first.
func controlled[T object](s *Server, uid types.UID, gvr schema.GroupVersionResource) []T {
	var all []T
	res := s.byPath[gvr]
	for _, ref := range s.dependents(uid, res) {
		if v := s.get(ref.res, ref.key); v != nil {
			all = append(all, v.obj.DeepCopyObject().(T))
		}
	}
	slices.SortStableFunc(all, func(a, b T) int {
		return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
	})
	return all
}

var (
	deploymentGVR    = appsv1.SchemeGroupVersion.WithResource("deployments")
	replicaSetGVR    = appsv1.SchemeGroupVersion.WithResource("replicasets")
	jobGVR           = batchv1.SchemeGroupVersion.WithResource("jobs")
	podGVR           = corev1.SchemeGroupVersion.WithResource("pods")
	configMapGVR     = corev1.SchemeGroupVersion.WithResource("configmaps")
	nodeGVR          = corev1.SchemeGroupVersion.WithResource("nodes")
	namespaceGVR     = corev1.SchemeGroupVersion.WithResource("namespaces")
	serviceGVR       = corev1.SchemeGroupVersion.WithResource("services")
	endpointsGVR     = corev1.SchemeGroupVersion.WithResource("endpoints")
	eventGVR         = corev1.SchemeGroupVersion.WithResource("events")
	quotaGVR         = corev1.SchemeGroupVersion.WithResource("resourcequotas")
	endpointSliceGVR = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
)
