package kubeapi

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// collect deletes what a gone object owned and nobody else owns.
func (s *Server) collect(owner types.UID) {
	for _, ref := range s.dependents(owner, nil) {
		v := s.get(ref.res, ref.key)
		if v == nil || v.obj.GetDeletionTimestamp() != nil {
			continue
		}
		if s.anotherOwner(v.obj, owner) {
			next := v.obj.DeepCopyObject().(object)
			next.SetOwnerReferences(withoutOwner(next, owner))
			s.replace(ref.res, v, next)
			continue
		}
		s.begin(ref.res, v, deletion{DeleteOptions: &metav1.DeleteOptions{}})
	}
}

func (s *Server) anotherOwner(obj object, gone types.UID) bool {
	return slices.ContainsFunc(obj.GetOwnerReferences(), func(o metav1.OwnerReference) bool {
		return o.UID != gone && s.exists(o.UID)
	})
}

// exists says whether any stored object has the UID.
func (s *Server) exists(uid types.UID) bool {
	for _, t := range s.tables {
		for _, v := range t.items {
			if v.obj.GetUID() == uid {
				return true
			}
		}
	}
	return false
}

func withoutOwner(obj object, uid types.UID) []metav1.OwnerReference {
	return slices.DeleteFunc(slices.Clone(obj.GetOwnerReferences()), func(o metav1.OwnerReference) bool { return o.UID == uid })
}

// finalize takes the deletion of an object one step further when it waits for others: for its dependents, for
// them to be let go, or for the content of a namespace.
func (s *Server) finalize(w work) {
	v := s.get(w.res, w.key)
	if v == nil || v.obj.GetDeletionTimestamp() == nil {
		return
	}
	if isNamespace(v.obj) {
		s.emptyNamespace(w.res, v)
		return
	}
	final := v.obj.GetFinalizers()
	switch {
	case slices.Contains(final, metav1.FinalizerOrphanDependents):
		s.orphan(v.obj.GetUID())
		s.unfinalize(w.res, v, metav1.FinalizerOrphanDependents)
	case slices.Contains(final, metav1.FinalizerDeleteDependents):
		s.collect(v.obj.GetUID())
		if len(s.dependents(v.obj.GetUID(), nil)) == 0 {
			s.unfinalize(w.res, v, metav1.FinalizerDeleteDependents)
		}
	}
}

// unfinalize takes a finalizer off and the object away if it was the last.
func (s *Server) unfinalize(res *resource, v *version, name string) {
	next := v.obj.DeepCopyObject().(object)
	next.SetFinalizers(slices.DeleteFunc(next.GetFinalizers(), func(f string) bool { return f == name }))
	if len(next.GetFinalizers()) > 0 {
		s.replace(res, v, next)
		return
	}
	if _, ends := next.(*corev1.Pod); ends && v.obj.GetDeletionGracePeriodSeconds() != nil {
		s.replace(res, v, next) // its node still has to end it
		return
	}
	s.remove(res, v)
}

// orphan takes the owner's reference off all it owns.
func (s *Server) orphan(owner types.UID) {
	for _, ref := range s.dependents(owner, nil) {
		if v := s.get(ref.res, ref.key); v != nil {
			next := v.obj.DeepCopyObject().(object)
			next.SetOwnerReferences(withoutOwner(next, owner))
			s.replace(ref.res, v, next)
		}
	}
}

// emptyNamespace deletes what a namespace holds and then itself.
func (s *Server) emptyNamespace(res *resource, v *version) {
	left := false
	for _, r := range s.resources {
		if !r.namespaced || !r.stored() {
			continue
		}
		for _, item := range s.tables[r.gvr].sorted(v.obj.GetName()) {
			if item.obj.GetDeletionTimestamp() == nil {
				s.begin(r, item, deletion{DeleteOptions: &metav1.DeleteOptions{}})
			}
			left = left || s.get(r, keyOf(item.obj)) != nil
		}
	}
	if !left {
		s.remove(res, v)
	}
}

// soonFinalizing has those looked at whose deletion waits for the object that is gone.
func (s *Server) soonFinalizing(gone object) {
	for _, o := range gone.GetOwnerReferences() {
		for _, t := range s.tables {
			for k, v := range t.items {
				if v.obj.GetUID() == o.UID && v.obj.GetDeletionTimestamp() != nil {
					s.soon(work{kind: finalizeWork, key: k, res: t.res})
				}
			}
		}
	}
	res := s.byPath[namespaceGVR]
	if ns := s.get(res, key{name: gone.GetNamespace()}); ns != nil && ns.obj.GetDeletionTimestamp() != nil {
		s.soon(work{kind: finalizeWork, key: keyOf(ns.obj), res: res})
	}
}
