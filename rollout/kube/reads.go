package kube

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
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

// StatefulSet returns the StatefulSet of that name.
func (c *Cluster) StatefulSet(ctx context.Context, name string) (*appsv1.StatefulSet, error) {
	return one[*appsv1.StatefulSet](ctx, c, StatefulSets, name)
}

// DaemonSet returns the DaemonSet of that name.
func (c *Cluster) DaemonSet(ctx context.Context, name string) (*appsv1.DaemonSet, error) {
	return one[*appsv1.DaemonSet](ctx, c, DaemonSets, name)
}

// AllPods returns the pods of all namespaces, each with nothing but its names, node, phase and the sizes of its
// containers.
func (c *Cluster) AllPods(ctx context.Context) ([]*corev1.Pod, error) {
	return some(ctx, c, Pods.Everywhere(), func(*corev1.Pod) bool { return true })
}

// Quotas returns the ResourceQuotas of the namespace.
func (c *Cluster) Quotas(ctx context.Context) ([]*corev1.ResourceQuota, error) {
	return some(ctx, c, Quotas, func(*corev1.ResourceQuota) bool { return true })
}

// ConfigMap returns the ConfigMap of that name; its cache is ConfigMaps.Named(name).
func (c *Cluster) ConfigMap(ctx context.Context, name string) (*corev1.ConfigMap, error) {
	return one[*corev1.ConfigMap](ctx, c, ConfigMaps, name)
}

// Job returns the Job of that name; its cache is Jobs.Named(name).
func (c *Cluster) Job(ctx context.Context, name string) (*batchv1.Job, error) {
	return one[*batchv1.Job](ctx, c, Jobs, name)
}

// Events returns the namespace's events that keep wants, oldest first.
func (c *Cluster) Events(ctx context.Context, keep func(*corev1.Event) bool) ([]*corev1.Event, error) {
	found, err := some(ctx, c, Events, keep)
	slices.SortStableFunc(found, func(a, b *corev1.Event) int { return EventTime(a).Compare(EventTime(b)) })
	return found, err
}

// EventTime is when an event happened last: it says so in one of several fields.
func EventTime(e *corev1.Event) time.Time {
	at := e.LastTimestamp.Time
	if e.Series != nil && e.Series.LastObservedTime.After(at) {
		at = e.Series.LastObservedTime.Time
	}
	if e.EventTime.After(at) {
		at = e.EventTime.Time
	}
	if at.IsZero() {
		at = e.CreationTimestamp.Time
	}
	return at
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
