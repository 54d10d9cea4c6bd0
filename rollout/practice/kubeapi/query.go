package kubeapi

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// LastResourceVersion is the resourceVersion of the latest change of a resource that a cache can be expected to
// have seen: in a namespace ("" for all), of a name ("" for all). It is "0" when there was none, when the resource
// is not known, and while a fault or a Forbid keeps caches of it from catching up: its watch is muted, its list is
// held up, or it has no open watch and would be refused one. It is made for the idle conditions of a virtual clock.
func (s *Server) LastResourceVersion(gvr schema.GroupVersionResource, namespace, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[gvr]
	if t == nil || s.troubled(t, namespace) {
		return "0"
	}
	return strconv.FormatUint(t.latest[key{namespace, name}], 10)
}

// CaughtUp says whether a cache of the resource that stands at the resourceVersion have has seen all that
// LastResourceVersion expects of it; a cache that stands nowhere yet ("") has not, unless it is kept from getting there.
//
// After a fault is lifted it is false until the cache has listed again, which client-go's informers do only after
// a back-off in real time (0.8 to 30 s).
func (s *Server) CaughtUp(gvr schema.GroupVersionResource, namespace, name, have string) bool {
	if have == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		t := s.tables[gvr]
		return t == nil || s.troubled(t, namespace)
	}
	last := s.LastResourceVersion(gvr, namespace, name)
	if last == "0" {
		return true
	}
	want, _ := strconv.ParseUint(last, 10, 64)
	at, err := strconv.ParseUint(have, 10, 64)
	return err == nil && at >= want
}

// Quiet says whether every open watch that is not muted has handed over all the changes there are and its reader
// has taken them.
func (s *Server) Quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		for w := range t.watchers {
			if s.muted(w.request) || w.ended {
				continue
			}
			if w.writing || w.initial || w.rv < t.latest[key{namespace: w.scopeOf()}] && w.rv >= t.floor {
				return false
			}
		}
	}
	return true
}

func (w *watcher) scopeOf() string {
	if !w.form.res.namespaced {
		return ""
	}
	return w.namespace
}

// PodView is what the makers of metrics and logs need to know of a pod.
type PodView struct {
	Namespace, Name, UID string
	Owner                string            // the ReplicaSet's name
	Hash                 string            // the label pod-template-hash
	Labels               map[string]string // not to be changed
	Image, ImageID       string            // of the first container; ImageID is empty until it is pulled
	Node, IP             string
	Phase                string // Pending, Running, Succeeded, Failed
	Ready, Terminating   bool
	Created              time.Time // in whole seconds
	Started              time.Time // of the first container's present or last run; zero before it
	ReadySince           time.Time // zero while not ready
	Restarts             int       // of all its containers
}

// Pods returns the pods of a namespace ("" for all) in the order of their names.
func (s *Server) Pods(namespace string) []PodView {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.tables[podGVR].sorted(namespace)
	views := make([]PodView, len(all))
	for i, v := range all {
		views[i] = viewOf(v.obj.(*corev1.Pod), s.kubelet.runs[keyOf(v.obj)])
	}
	return views
}

// ConfigMap is the data of a ConfigMap; nil when there is none. It must not be changed.
func (s *Server) ConfigMap(namespace, name string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.get(s.byPath[configMapGVR], key{namespace, name})
	if v == nil {
		return nil
	}
	return v.obj.(*corev1.ConfigMap).Data
}

// OnPods calls f after every change of a pod or a ConfigMap that a request or a pass of the controllers brought, without
// the server's lock, in the goroutine that made the change. f must be quick; it may set a Signal.
func (s *Server) OnPods(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPods = append(s.onPods, f)
}

// tellPods calls the OnPods functions if something of theirs has changed since the last time. The caller must not hold s.mu.
func (s *Server) tellPods() {
	s.mu.Lock()
	latest := max(s.tables[podGVR].latest[key{}], s.tables[configMapGVR].latest[key{}])
	if latest == s.podsRV {
		s.mu.Unlock()
		return
	}
	s.podsRV = latest
	tell := s.onPods
	s.mu.Unlock()
	for _, f := range tell {
		f()
	}
}

// viewOf shows a pod; run is what its node knows of it, nil before it has one.
func viewOf(p *corev1.Pod, run *podRun) PodView {
	v := PodView{
		Namespace: p.Namespace, Name: p.Name, UID: string(p.UID), Labels: p.Labels, Hash: p.Labels["pod-template-hash"],
		Node: p.Spec.NodeName, IP: p.Status.PodIP, Phase: string(p.Status.Phase), Terminating: p.DeletionTimestamp != nil,
		Created: p.CreationTimestamp.Time,
	}
	if run != nil {
		v.Started, v.ReadySince = run.containers[0].started, run.readySince
	}
	for _, o := range p.OwnerReferences {
		v.Owner = o.Name
	}
	if len(p.Spec.Containers) > 0 {
		v.Image = p.Spec.Containers[0].Image
	}
	for i, c := range p.Status.ContainerStatuses {
		if i == 0 {
			v.ImageID = c.ImageID
		}
		v.Restarts += int(c.RestartCount)
	}
	v.Ready = isReady(p)
	return v
}

func podCondition(p *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}
