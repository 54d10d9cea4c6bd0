package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// Resource is something that is followed by a watch.
type Resource string

// The resources that have a cache.
const (
	Deployments    Resource = "deployments"
	ReplicaSets    Resource = "replicasets"
	Pods           Resource = "pods"
	Services       Resource = "services"
	EndpointSlices Resource = "endpointslices"
	Nodes          Resource = "nodes"
)

// kind is how a resource is listed and watched.
type kind struct {
	gvr        schema.GroupVersionResource
	namespaced bool
	list       func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch      func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// lists is a typed client's two methods that a cache needs.
type lists[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

func kindOf[L runtime.Object](gv schema.GroupVersion, r Resource, namespaced bool, client lists[L]) kind {
	return kind{
		gvr: gv.WithResource(string(r)), namespaced: namespaced,
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, o)
		},
		watch: client.Watch,
	}
}

func (c *Cluster) kind(r Resource) kind {
	apps, core := schema.GroupVersion{Group: "apps", Version: "v1"}, schema.GroupVersion{Version: "v1"}
	switch ns := c.env.Namespace; r {
	case Deployments:
		return kindOf(apps, r, true, c.client.AppsV1().Deployments(ns))
	case ReplicaSets:
		return kindOf(apps, r, true, c.client.AppsV1().ReplicaSets(ns))
	case Pods:
		return kindOf(core, r, true, c.client.CoreV1().Pods(ns))
	case Services:
		return kindOf(core, r, true, c.client.CoreV1().Services(ns))
	case EndpointSlices:
		return kindOf(schema.GroupVersion{Group: "discovery.k8s.io", Version: "v1"}, r, true, c.client.DiscoveryV1().EndpointSlices(ns))
	case Nodes:
		return kindOf(core, r, false, c.client.CoreV1().Nodes())
	}
	panic("kube: no cache for the resource " + string(r))
}

// feed returns the resource's cache and starts it when it is asked for the first time.
func (c *Cluster) feed(r Resource) *feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.feeds[r]; ok {
		return f
	}
	k, namespace := c.kind(r), ""
	if k.namespaced {
		namespace = c.env.Namespace
	}
	f := newFeed(k, namespace, c.clock)
	c.feeds[r] = f
	c.clock.Go(func() { f.run(c.ctx) })
	return f
}

// OnChange sets the signal after every change of the resource's cache, and when it can no longer look or can again.
// It starts the cache. stop ends it.
func (c *Cluster) OnChange(r Resource, s run.Signal) (stop func()) { return c.feed(r).subscribe(s) }

// Fresh tells when the API server last said anything about the resource, with the error of the last try while there
// is no watch. The zero time means never. It starts the cache.
func (c *Cluster) Fresh(r Resource) (time.Time, error) {
	f := c.feed(r)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.heard, c.failed(c.ctx, "follow", f.err)
	}
	return f.heard, nil
}

// Sync waits until the caches of the resources can answer, and starts them. Its error tells why they cannot.
func (c *Cluster) Sync(ctx context.Context, resources ...Resource) error {
	for _, r := range resources {
		c.feed(r) // all at once
	}
	for _, r := range resources {
		if err := c.ready(ctx, c.feed(r)); err != nil {
			return err
		}
	}
	return nil
}

// ready waits until the cache can answer: as long as its watch may still come up or come back, but not when the API
// server has said no.
func (c *Cluster) ready(ctx context.Context, f *feed) error {
	signal := c.clock.NewSignal()
	defer f.subscribe(signal)()
	for {
		f.mu.Lock()
		synced, err, failing := f.synced, f.err, c.clock.Now().Sub(f.failing)
		f.mu.Unlock()
		switch {
		case err == nil && synced:
			return nil
		case refused(err), err != nil && failing >= bearFor:
			return c.blindTo(f, err)
		case synced: // a hiccup: what it knew a moment ago still holds
			return nil
		}
		left := time.Duration(-1) // the first try is under way and has a time-out of its own
		if err != nil {
			left = bearFor - failing
		}
		if ended := c.clock.Wait(ctx, left, signal); ended != nil {
			return c.blindTo(f, cmp.Or(err, ended))
		}
	}
}

// refused tells whether the API server answered that it will not show this.
func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsUnauthorized(err)
}

// blindTo is the error of a cache that cannot answer. A refusal stays recognisable as what it is.
func (c *Cluster) blindTo(f *feed, cause error) error {
	if !refused(cause) || apierrors.IsUnauthorized(cause) {
		cause = &blind{cause}
	}
	where := "cluster"
	if f.namespace != "" {
		where = "namespace " + f.namespace
	}
	return c.failed(c.ctx, fmt.Sprintf("look at the %s of the %s", f.kind.gvr.Resource, where), cause)
}

// one returns an object from the cache by name.
func one[T metav1.Object](ctx context.Context, c *Cluster, r Resource, name string) (T, error) {
	var none T
	f := c.feed(r)
	if err := c.ready(ctx, f); err != nil {
		return none, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if o, ok := f.objects[name].(T); ok {
		return o, nil
	}
	return none, fmt.Errorf("namespace %s: %w", c.env.Namespace, apierrors.NewNotFound(f.kind.gvr.GroupResource(), name))
}

// some returns the objects in the cache that keep wants, in the order of their names.
func some[T metav1.Object](ctx context.Context, c *Cluster, r Resource, keep func(T) bool) ([]T, error) {
	f := c.feed(r)
	if err := c.ready(ctx, f); err != nil {
		return nil, err
	}
	var found []T
	f.mu.Lock()
	for _, o := range f.objects {
		if t, ok := o.(T); ok && keep(t) {
			found = append(found, t)
		}
	}
	f.mu.Unlock()
	slices.SortFunc(found, func(a, b T) int { return strings.Compare(a.GetName(), b.GetName()) })
	return found, nil
}
