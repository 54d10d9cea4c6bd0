package kubeapi

//lint:file-ignore SA1019 Endpoints are deprecated, but the real server still serves them and tools still read them.

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// storeEndpoints keeps the Endpoints of a service: the older form of its EndpointSlice.
func (s *Server) storeEndpoints(svc *corev1.Service, pods []*corev1.Pod) {
	res := s.byPath[endpointsGVR]
	var subset corev1.EndpointSubset
	for _, pod := range pods {
		node := pod.Spec.NodeName
		address := corev1.EndpointAddress{IP: pod.Status.PodIP, NodeName: &node, TargetRef: podReference(pod)}
		switch {
		case pod.DeletionTimestamp != nil:
		case isReady(pod):
			subset.Addresses = append(subset.Addresses, address)
		default:
			subset.NotReadyAddresses = append(subset.NotReadyAddresses, address)
		}
	}
	for i := range svc.Spec.Ports {
		p := &svc.Spec.Ports[i]
		subset.Ports = append(subset.Ports, corev1.EndpointPort{Name: p.Name, Port: targetPort(p, pods), Protocol: p.Protocol})
	}
	var subsets []corev1.EndpointSubset
	if len(subset.Addresses)+len(subset.NotReadyAddresses) > 0 {
		subsets = append(subsets, subset)
	}
	was := s.get(res, keyOf(svc))
	if was == nil {
		ep := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{
			Name: svc.Name, Namespace: svc.Namespace,
			OwnerReferences: controllerRef(svc, corev1.SchemeGroupVersion.WithKind("Service")),
		}, Subsets: subsets}
		_, _ = s.admit(res, ep, controllerUser, false) // refused only in a namespace that is going
		return
	}
	next := was.obj.DeepCopyObject().(*corev1.Endpoints)
	next.Subsets = subsets
	if !apiequality.Semantic.DeepEqual(next, was.obj) {
		s.replace(res, was, next)
	}
}
