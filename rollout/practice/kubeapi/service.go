package kubeapi

import (
	"crypto/sha256"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// clusterIP is an address made from a name: a service's or a node's.
func clusterIP(namespace, name string) string {
	sum := sha256.Sum256([]byte(namespace + "/" + name))
	return fmt.Sprintf("10.96.%d.%d", sum[0], 1+int(sum[1])%254)
}

// syncService keeps the EndpointSlice and the Endpoints of a service with a selector.
func (s *Server) syncService(k key) {
	v := s.get(s.byPath[serviceGVR], k)
	if v == nil {
		return
	}
	svc := v.obj.(*corev1.Service)
	if len(svc.Spec.Selector) == 0 {
		return
	}
	var pods []*corev1.Pod
	for _, p := range s.tables[podGVR].sorted(k.namespace) {
		pod := p.obj.(*corev1.Pod)
		if selects(svc, pod) && pod.Status.PodIP != "" && pod.Status.Phase == corev1.PodRunning {
			pods = append(pods, pod)
		}
	}
	s.storeSlice(svc, pods)
	s.storeEndpoints(svc, pods)
}

func (s *Server) storeSlice(svc *corev1.Service, pods []*corev1.Pod) {
	res := s.byPath[endpointSliceGVR]
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: svc.Namespace, GenerateName: svc.Name + "-",
			Labels: map[string]string{
				discoveryv1.LabelServiceName: svc.Name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io",
			},
			OwnerReferences: controllerRef(svc, corev1.SchemeGroupVersion.WithKind("Service")),
		},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for _, pod := range pods {
		slice.Endpoints = append(slice.Endpoints, endpoint(pod))
	}
	for i := range svc.Spec.Ports {
		p := &svc.Spec.Ports[i]
		port := targetPort(p, pods)
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &p.Name, Protocol: &p.Protocol, Port: &port})
	}
	refs := s.dependents(svc.UID, res)
	if len(refs) == 0 {
		_, _ = s.admit(res, slice, controllerUser, false) // refused only in a namespace that is going
		return
	}
	was := s.get(res, refs[0].key)
	next := was.obj.DeepCopyObject().(*discoveryv1.EndpointSlice)
	next.Endpoints, next.Ports = slice.Endpoints, slice.Ports
	if !apiequality.Semantic.DeepEqual(next, was.obj) {
		next.Generation++
		s.replace(res, was, next)
	}
}

func endpoint(pod *corev1.Pod) discoveryv1.Endpoint {
	serving, terminating := isReady(pod), pod.DeletionTimestamp != nil
	ready := serving && !terminating
	node := pod.Spec.NodeName
	return discoveryv1.Endpoint{
		Addresses:  []string{pod.Status.PodIP},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
		NodeName:   &node, TargetRef: podReference(pod),
	}
}

func podReference(pod *corev1.Pod) *corev1.ObjectReference {
	return &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}
}

// targetPort is the number of a service's port on its pods.
func targetPort(p *corev1.ServicePort, pods []*corev1.Pod) int32 {
	if p.TargetPort.Type == intstr.Int {
		return p.TargetPort.IntVal
	}
	for _, pod := range pods {
		for _, c := range pod.Spec.Containers {
			for _, cp := range c.Ports {
				if cp.Name == p.TargetPort.StrVal {
					return cp.ContainerPort
				}
			}
		}
	}
	return p.Port
}
