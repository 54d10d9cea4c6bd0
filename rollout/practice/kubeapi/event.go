package kubeapi

import (
	"encoding/hex"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// event tells of something that happened to an object; the same thing again is counted on the same event. Both
// APIs for events show it: in the real server they are two views of one store, here two objects of one name.
func (s *Server) event(about object, component, kind, reason, message string) {
	ref := corev1.ObjectReference{
		Namespace: about.GetNamespace(), Name: about.GetName(), UID: about.GetUID(), ResourceVersion: about.GetResourceVersion(),
	}
	if gvks, _, err := scheme.Scheme.ObjectKinds(about); err == nil {
		ref.APIVersion, ref.Kind = gvks[0].GroupVersion().String(), gvks[0].Kind
	}
	sum := s.digest("event", ref.UID, component, kind, reason, message)
	k := key{ref.Namespace, ref.Name + "." + hex.EncodeToString(sum[:8])}
	if k.namespace == "" {
		k.namespace = metav1.NamespaceDefault
	}
	res := s.byPath[eventGVR]
	now := s.now()
	meta := metav1.ObjectMeta{Namespace: k.namespace, Name: k.name}
	e := &corev1.Event{
		ObjectMeta: meta, InvolvedObject: ref, Reason: reason, Message: message, Type: kind, Count: 1,
		Source: corev1.EventSource{Component: component}, ReportingController: component,
		FirstTimestamp: now, LastTimestamp: now,
	}
	if was := s.get(res, k); was != nil {
		e = was.obj.DeepCopyObject().(*corev1.Event)
		e.Count++
		e.LastTimestamp = now
		s.replace(res, was, e)
	} else if _, err := s.admit(res, e, controllerUser, false); err != nil {
		return // its namespace is going
	}
	s.mirror(e)
}

var newEventGVR = schema.GroupVersionResource{Group: "events.k8s.io", Version: "v1", Resource: "events"}

// mirror shows an event in the group events.k8s.io.
func (s *Server) mirror(e *corev1.Event) {
	res := s.byPath[newEventGVR]
	n := &eventsv1.Event{
		ObjectMeta: *e.ObjectMeta.DeepCopy(), Regarding: e.InvolvedObject, Reason: e.Reason, Note: e.Message, Type: e.Type,
		ReportingController: e.ReportingController, DeprecatedSource: e.Source, DeprecatedCount: e.Count,
		DeprecatedFirstTimestamp: e.FirstTimestamp, DeprecatedLastTimestamp: e.LastTimestamp,
	}
	if was := s.get(res, keyOf(n)); was != nil {
		s.replace(res, was, n)
		return
	}
	s.add(res, n)
}
