package kube

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// logLimit is how much of a container's log is read, in bytes.
const logLimit = 64 << 10

// Deployment returns the Deployment of that name. Like everything that comes from a cache it must not be changed.
func (c *Cluster) Deployment(ctx context.Context, name string) (*appsv1.Deployment, error) {
	return one[*appsv1.Deployment](ctx, c, Deployments, name)
}

// DeploymentNow reads the Deployment of that name from the API server, for whoever is about to write it.
func (c *Cluster) DeploymentNow(ctx context.Context, name string) (*appsv1.Deployment, error) {
	d := &appsv1.Deployment{}
	return d, c.get(ctx, c.client.AppsV1().RESTClient(), "deployments", name, d)
}

// ReplicaSets returns the ReplicaSets that the workload with that uid owns, in the order of their names.
func (c *Cluster) ReplicaSets(ctx context.Context, owner types.UID) ([]*appsv1.ReplicaSet, error) {
	return some(ctx, c, ReplicaSets, func(rs *appsv1.ReplicaSet) bool {
		o := metav1.GetControllerOf(rs)
		return o != nil && o.UID == owner
	})
}

// ReplicaSetNow reads the ReplicaSet of that name from the API server.
func (c *Cluster) ReplicaSetNow(ctx context.Context, name string) (*appsv1.ReplicaSet, error) {
	rs := &appsv1.ReplicaSet{}
	return rs, c.get(ctx, c.client.AppsV1().RESTClient(), "replicasets", name, rs)
}

// Pods returns the namespace's pods that the selector matches, in the order of their names.
func (c *Cluster) Pods(ctx context.Context, selector labels.Selector) ([]*corev1.Pod, error) {
	return some(ctx, c, Pods, func(p *corev1.Pod) bool { return selector.Matches(labels.Set(p.Labels)) })
}

// EndpointSlices returns the slices of a Service, in the order of their names. A Service that is missing has none.
func (c *Cluster) EndpointSlices(ctx context.Context, service string) ([]*discoveryv1.EndpointSlice, error) {
	return some(ctx, c, EndpointSlices, func(s *discoveryv1.EndpointSlice) bool {
		return s.Labels[discoveryv1.LabelServiceName] == service
	})
}

// Service returns the Service of that name.
func (c *Cluster) Service(ctx context.Context, name string) (*corev1.Service, error) {
	return one[*corev1.Service](ctx, c, Services, name)
}

// Nodes returns all nodes of the cluster.
func (c *Cluster) Nodes(ctx context.Context) ([]*corev1.Node, error) {
	return some(ctx, c, Nodes, func(*corev1.Node) bool { return true })
}

// ConfigMap reads a ConfigMap from the API server.
func (c *Cluster) ConfigMap(ctx context.Context, name string) (*corev1.ConfigMap, error) {
	m := &corev1.ConfigMap{}
	return m, c.get(ctx, c.client.CoreV1().RESTClient(), "configmaps", name, m)
}

// Job reads a Job from the API server.
func (c *Cluster) Job(ctx context.Context, name string) (*batchv1.Job, error) {
	j := &batchv1.Job{}
	return j, c.get(ctx, c.client.BatchV1().RESTClient(), "jobs", name, j)
}

// Object reads any object from the API server; with namespaced unset it is a cluster-wide one. A Secret is refused:
// ask Secret, which keeps its values back.
func (c *Cluster) Object(ctx context.Context, gvr schema.GroupVersionResource, namespaced bool, name string) (*unstructured.Unstructured, error) {
	if gvr.Group == "" && gvr.Resource == "secrets" {
		return nil, fmt.Errorf("read secrets/%s as an object: a Secret's values are not shown; check its keys instead", name)
	}
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	client := c.dynamic.Resource(gvr)
	read := client.Get
	if namespaced {
		read = client.Namespace(c.env.Namespace).Get
	}
	o, err := read(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, c.failed(ctx, fmt.Sprintf("read %s/%s", gvr.Resource, name), err)
	}
	return o, nil
}

// Events reads the events about the object with that uid from the API server, oldest first.
func (c *Cluster) Events(ctx context.Context, uid types.UID) ([]corev1.Event, error) {
	list := &corev1.EventList{}
	err := c.list(ctx, c.client.CoreV1().RESTClient(), "events", metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(uid)}, list)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	return list.Items, nil
}

// SecretKeys are the keys of a Secret with the length of each value in bytes.
type SecretKeys struct {
	Type            string
	Lengths         map[string]int
	ResourceVersion string
}

// Secret reads which keys a Secret has. It is never cached and its values never leave this package.
func (c *Cluster) Secret(ctx context.Context, name string) (SecretKeys, error) {
	s := &corev1.Secret{}
	if err := c.get(ctx, c.client.CoreV1().RESTClient(), "secrets", name, s); err != nil {
		return SecretKeys{}, err
	}
	keys := SecretKeys{Type: string(s.Type), Lengths: map[string]int{}, ResourceVersion: s.ResourceVersion}
	for k, v := range s.Data {
		keys.Lengths[k] = len(v)
	}
	return keys, nil
}

// TLSCertificate reads the certificate (PEM, never the key) of a TLS Secret: its entry tls.crt, nil when it has none.
func (c *Cluster) TLSCertificate(ctx context.Context, name string) ([]byte, error) {
	s := &corev1.Secret{}
	if err := c.get(ctx, c.client.CoreV1().RESTClient(), "secrets", name, s); err != nil {
		return nil, err
	}
	return s.Data[corev1.TLSCertKey], nil
}

// PodLogs reads the last lines of a container's log, of its previous instance when previous is set; at most 64 KiB.
// An empty container means the pod's only one. The lines are foreign text.
func (c *Cluster) PodLogs(ctx context.Context, pod, container string, previous bool, lines int) ([]string, error) {
	tail, limit := int64(lines), int64(logLimit)
	options := &corev1.PodLogOptions{Container: container, Previous: previous, TailLines: &tail, LimitBytes: &limit}
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	what := "read the log of pod " + pod
	body, err := c.client.CoreV1().Pods(c.env.Namespace).GetLogs(pod, options).MaxRetries(0).Stream(ctx)
	if err != nil {
		return nil, c.failed(ctx, what, err)
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, logLimit))
	if err != nil {
		return nil, c.failed(ctx, what, err)
	}
	var read []string
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, logLimit+1)
	for s.Scan() {
		read = append(read, s.Text())
	}
	return read[max(0, len(read)-lines):], nil
}

// get reads one object of the namespace. Unlike the typed clients it does not wait and try again on its own, since
// only the clock may wait.
func (c *Cluster) get(ctx context.Context, client rest.Interface, resource, name string, into runtime.Object) error {
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	err := client.Get().Namespace(c.env.Namespace).Resource(resource).Name(name).MaxRetries(0).Do(ctx).Into(into)
	if err != nil {
		return c.failed(ctx, fmt.Sprintf("read %s/%s in namespace %s", resource, name, c.env.Namespace), err)
	}
	return nil
}

// list reads objects of the namespace, like get.
func (c *Cluster) list(ctx context.Context, client rest.Interface, resource string, options metav1.ListOptions, into runtime.Object) error {
	ctx, done := c.within(ctx, listTimeout)
	defer done()
	err := client.Get().Namespace(c.env.Namespace).Resource(resource).VersionedParams(&options, scheme.ParameterCodec).MaxRetries(0).Do(ctx).Into(into)
	if err != nil {
		return c.failed(ctx, fmt.Sprintf("list %s in namespace %s", resource, c.env.Namespace), err)
	}
	return nil
}
