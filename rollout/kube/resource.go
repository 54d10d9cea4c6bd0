package kube

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
)

// Resource is something that a cache follows: the objects of one kind in the environment's namespace, or one of them,
// or those of all namespaces. Two equal Resources share one cache. Make one from the values below or with Cluster.Kind.
type Resource struct {
	gvr   schema.GroupVersionResource
	reach reach
	name  string
}

type reach int

const (
	inNamespace reach = iota
	everywhere        // a namespaced kind in all namespaces
	clusterWide       // a kind without namespaces
)

// The resources that have typed objects. Secrets are followed by their metadata only.
var (
	Deployments    = namespaced("apps", "v1", "deployments")
	StatefulSets   = namespaced("apps", "v1", "statefulsets")
	DaemonSets     = namespaced("apps", "v1", "daemonsets")
	ReplicaSets    = namespaced("apps", "v1", "replicasets")
	Jobs           = namespaced("batch", "v1", "jobs")
	EndpointSlices = namespaced("discovery.k8s.io", "v1", "endpointslices")
	Pods           = namespaced("", "v1", "pods")
	Services       = namespaced("", "v1", "services")
	ConfigMaps     = namespaced("", "v1", "configmaps")
	Secrets        = namespaced("", "v1", "secrets")
	Quotas         = namespaced("", "v1", "resourcequotas")
	Events         = namespaced("", "v1", "events")
	Nodes          = Resource{gvr: schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, reach: clusterWide}
)

// builtIn are the resources above by their kinds: nobody has to ask the API server for them.
var builtIn = map[schema.GroupVersionKind]Resource{
	{Group: "apps", Version: "v1", Kind: "Deployment"}:                Deployments,
	{Group: "apps", Version: "v1", Kind: "StatefulSet"}:               StatefulSets,
	{Group: "apps", Version: "v1", Kind: "DaemonSet"}:                 DaemonSets,
	{Group: "apps", Version: "v1", Kind: "ReplicaSet"}:                ReplicaSets,
	{Group: "batch", Version: "v1", Kind: "Job"}:                      Jobs,
	{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}: EndpointSlices,
	{Version: "v1", Kind: "Pod"}:                                      Pods,
	{Version: "v1", Kind: "Service"}:                                  Services,
	{Version: "v1", Kind: "ConfigMap"}:                                ConfigMaps,
	{Version: "v1", Kind: "Secret"}:                                   Secrets,
	{Version: "v1", Kind: "ResourceQuota"}:                            Quotas,
	{Version: "v1", Kind: "Event"}:                                    Events,
	{Version: "v1", Kind: "Node"}:                                     Nodes,
}

func namespaced(group, version, resource string) Resource {
	return Resource{gvr: schema.GroupVersionResource{Group: group, Version: version, Resource: resource}}
}

// Named is the one object of that name: a cache of its own, which sees nothing else and needs no right to more.
func (r Resource) Named(name string) Resource {
	r.name = name
	return r
}

// Everywhere is the resource in all namespaces; a kind without namespaces stays what it is.
func (r Resource) Everywhere() Resource {
	if r.reach == inNamespace {
		r.reach = everywhere
	}
	return r
}

// String is the plural name, with the group if there is one: deployments.apps.
func (r Resource) String() string { return r.gvr.GroupResource().String() }

// Namespaced tells whether its objects are in a namespace.
func (r Resource) Namespaced() bool { return r.reach != clusterWide }

// whole tells whether a cache of all objects serves those who ask for one: kinds whose objects are small and are
// looked at together anyway.
func (r Resource) whole() bool {
	switch (Resource{gvr: r.gvr, reach: r.reach}) {
	case Deployments, StatefulSets, DaemonSets, ReplicaSets, EndpointSlices, Pods, Services, Quotas, Nodes:
		return true
	}
	return false
}

// kind is how a resource is listed, watched and read.
type kind struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
	get   func(context.Context, string) (runtime.Object, error)
	slim  func(metav1.Object) metav1.Object
}

// reads is what a typed, dynamic or metadata client offers that a cache needs.
type reads[L, O runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
	Get(context.Context, string, metav1.GetOptions) (O, error)
}

func kindOf[L, O runtime.Object](client reads[L, O]) kind {
	return kind{
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return client.List(ctx, o) },
		get: func(ctx context.Context, name string) (runtime.Object, error) {
			return client.Get(ctx, name, metav1.GetOptions{})
		},
		watch: client.Watch, slim: slim,
	}
}

// loose drops the subresources that the dynamic and the metadata client's Get takes.
type loose[L, O runtime.Object] struct {
	list  func(context.Context, metav1.ListOptions) (L, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
	get   func(context.Context, string, metav1.GetOptions, ...string) (O, error)
}

func (l loose[L, O]) List(ctx context.Context, o metav1.ListOptions) (L, error) {
	return l.list(ctx, o)
}

func (l loose[L, O]) Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	return l.watch(ctx, o)
}

func (l loose[L, O]) Get(ctx context.Context, name string, o metav1.GetOptions) (O, error) {
	return l.get(ctx, name, o)
}

// kind is typed where the program knows the type, metadata only for Secrets, and dynamic for everything else.
func (c *Cluster) kind(r Resource) kind {
	ns := c.namespaceOf(r)
	switch r.gvr {
	case Deployments.gvr:
		return kindOf(c.client.AppsV1().Deployments(ns))
	case StatefulSets.gvr:
		return kindOf(c.client.AppsV1().StatefulSets(ns))
	case DaemonSets.gvr:
		return kindOf(c.client.AppsV1().DaemonSets(ns))
	case ReplicaSets.gvr:
		return kindOf(c.client.AppsV1().ReplicaSets(ns))
	case Jobs.gvr:
		return kindOf(c.client.BatchV1().Jobs(ns))
	case EndpointSlices.gvr:
		return kindOf(c.client.DiscoveryV1().EndpointSlices(ns))
	case Pods.gvr:
		k := kindOf(c.client.CoreV1().Pods(ns))
		if r.reach == everywhere {
			k.slim = slimPod
		}
		return k
	case Services.gvr:
		return kindOf(c.client.CoreV1().Services(ns))
	case ConfigMaps.gvr:
		return kindOf(c.client.CoreV1().ConfigMaps(ns))
	case Quotas.gvr:
		return kindOf(c.client.CoreV1().ResourceQuotas(ns))
	case Events.gvr:
		return kindOf(c.client.CoreV1().Events(ns))
	case Nodes.gvr:
		return kindOf(c.client.CoreV1().Nodes())
	case Secrets.gvr:
		return metadataKind(c.metadata.Resource(r.gvr).Namespace(ns))
	}
	return dynamicKind(c.dynamic.Resource(r.gvr).Namespace(ns))
}

func metadataKind(client metadata.ResourceInterface) kind {
	k := kindOf(loose[*metav1.PartialObjectMetadataList, *metav1.PartialObjectMetadata]{client.List, client.Watch, client.Get})
	k.slim = func(o metav1.Object) metav1.Object {
		o.SetAnnotations(nil) // kubectl apply keeps the values of a Secret in one
		o.SetManagedFields(nil)
		return o
	}
	return k
}

func dynamicKind(client dynamic.ResourceInterface) kind {
	k := kindOf(reads[runtime.Object, runtime.Object](loose[runtime.Object, runtime.Object]{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return client.List(ctx, o) },
		watch: client.Watch,
		get: func(ctx context.Context, name string, o metav1.GetOptions, _ ...string) (runtime.Object, error) {
			return client.Get(ctx, name, o)
		},
	}))
	return k
}

// namespaceOf is the namespace that a cache of the resource asks for; empty means all or none.
func (c *Cluster) namespaceOf(r Resource) string {
	if r.reach == inNamespace {
		return c.env.Namespace
	}
	return ""
}

// slim drops what nobody here reads: the field sets of the managers, the bulk of an object. Who they are stays.
func slim(o metav1.Object) metav1.Object {
	fields := o.GetManagedFields()
	if len(fields) == 0 {
		return o
	}
	for i := range fields {
		fields[i].FieldsV1 = nil
	}
	o.SetManagedFields(fields)
	return o
}

// slimPod keeps of a pod of any namespace what tells how full its node is: there may be thousands.
func slimPod(o metav1.Object) metav1.Object {
	p, ok := o.(*corev1.Pod)
	if !ok {
		return slim(o)
	}
	sizes := func(all []corev1.Container) []corev1.Container {
		out := make([]corev1.Container, len(all))
		for i, c := range all {
			out[i] = corev1.Container{Name: c.Name, Resources: c.Resources, RestartPolicy: c.RestartPolicy}
		}
		return out
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, UID: p.UID, ResourceVersion: p.ResourceVersion, DeletionTimestamp: p.DeletionTimestamp},
		Spec: corev1.PodSpec{
			NodeName: p.Spec.NodeName, Containers: sizes(p.Spec.Containers), InitContainers: sizes(p.Spec.InitContainers),
			Overhead: p.Spec.Overhead, Resources: p.Spec.Resources,
		},
		Status: corev1.PodStatus{Phase: p.Status.Phase},
	}
}

// pollEvery is how often a cache that may not watch asks, unless a reader wants it sooner.
const pollEvery = 15 * time.Second
