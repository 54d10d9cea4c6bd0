package kube

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Deployment returns the Deployment of that name. Like everything that comes from a cache it must not be changed.
func (c *Cluster) Deployment(ctx context.Context, name string) (*appsv1.Deployment, error) {
	return c.client.AppsV1().Deployments(c.env.Namespace).Get(ctx, name, metav1.GetOptions{})
}

// ReplicaSets returns the ReplicaSets that the workload with that uid owns, in no order.
func (c *Cluster) ReplicaSets(ctx context.Context, owner types.UID) ([]*appsv1.ReplicaSet, error) {
	return nil, nil
}

// Pods returns the namespace's pods that the selector matches, in the order of their names.
func (c *Cluster) Pods(ctx context.Context, selector labels.Selector) ([]*corev1.Pod, error) {
	return nil, nil
}

// EndpointSlices returns the slices of a Service.
func (c *Cluster) EndpointSlices(ctx context.Context, service string) ([]*discoveryv1.EndpointSlice, error) {
	return nil, nil
}

// Service returns the Service of that name.
func (c *Cluster) Service(ctx context.Context, name string) (*corev1.Service, error) {
	return nil, nil
}

// Nodes returns all nodes of the cluster.
func (c *Cluster) Nodes(ctx context.Context) ([]*corev1.Node, error) { return nil, nil }

// ConfigMap reads a ConfigMap from the API server.
func (c *Cluster) ConfigMap(ctx context.Context, name string) (*corev1.ConfigMap, error) {
	return nil, nil
}

// Job reads a Job from the API server.
func (c *Cluster) Job(ctx context.Context, name string) (*batchv1.Job, error) { return nil, nil }

// Object reads any object from the API server; with namespaced unset it is a cluster-wide one. A Secret is refused: ask Secret.
func (c *Cluster) Object(ctx context.Context, gvr schema.GroupVersionResource, namespaced bool, name string) (*unstructured.Unstructured, error) {
	return nil, nil
}

// Events reads the events about the object with that uid from the API server, oldest first.
func (c *Cluster) Events(ctx context.Context, uid types.UID) ([]corev1.Event, error) {
	return nil, nil
}

// SecretKeys are the keys of a Secret with the length of each value in bytes.
type SecretKeys struct {
	Type            string
	Lengths         map[string]int
	ResourceVersion string
}

// Secret reads which keys a Secret has. It is never cached and its values never leave this package.
func (c *Cluster) Secret(ctx context.Context, name string) (SecretKeys, error) {
	return SecretKeys{}, nil
}

// TLSCertificate reads the certificate (PEM, never the key) of a TLS Secret: its entry tls.crt.
func (c *Cluster) TLSCertificate(ctx context.Context, name string) ([]byte, error) {
	return nil, nil
}

// PodLogs reads the last lines of a container's log, of its previous instance when previous is set; at most 64 KiB.
// An empty container means the pod's only one.
func (c *Cluster) PodLogs(ctx context.Context, pod, container string, previous bool, lines int) ([]string, error) {
	return nil, nil
}
