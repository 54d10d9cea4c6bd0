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
)

// feed returns the resource's cache and starts it when it is asked for the first time.
func (c *Cluster) feed(r Resource) *feed {
	if r.name != "" && r.whole() {
		r.name = ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.feeds[r]; ok {
		return f
	}
	f := newFeed(r, c.kind(r), c.namespaceOf(r), c.clock)
	c.feeds[r] = f
	c.clock.Go(func() { f.run(c.ctx) })
	return f
}

// OnChange sets the signal after every change of the resource's cache, and when it can no longer look or can again.
// It starts the cache. stop ends it.
func (c *Cluster) OnChange(r Resource, s run.Signal) (stop func()) { return c.Follow(r, pollEvery, s) }

// Follow is OnChange for who knows how often the cache should ask where the access rules do not let it watch; 0 means
// every 15 s. Of several readers the most impatient decides.
func (c *Cluster) Follow(r Resource, every time.Duration, s run.Signal) (stop func()) {
	if every <= 0 {
		every = pollEvery
	}
	return c.feed(r).subscribe(s, every)
}

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
	defer f.subscribe(signal, pollEvery)()
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
	switch {
	case apierrors.IsNotFound(cause): // of the list, not of an object: that is no answer about the object
		cause = &NoKind{f.resource.String()}
	case !refused(cause) || apierrors.IsUnauthorized(cause):
		cause = &blind{cause}
	}
	where := "cluster"
	if f.namespace != "" {
		where = "namespace " + f.namespace
	}
	return c.failed(c.ctx, fmt.Sprintf("look at the %s of the %s", f.resource.gvr.Resource, where), cause)
}

// one returns an object from the cache by name.
func one[T metav1.Object](ctx context.Context, c *Cluster, r Resource, name string) (T, error) {
	var none T
	f := c.feed(r.Named(name))
	if err := c.ready(ctx, f); err != nil {
		return none, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if o, ok := f.objects[place{namespace: c.namespaceOf(r), name: name}].(T); ok {
		return o, nil
	}
	err := error(apierrors.NewNotFound(r.gvr.GroupResource(), name))
	if r.Namespaced() {
		err = fmt.Errorf("namespace %s: %w", c.env.Namespace, err)
	}
	return none, err
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
	slices.SortFunc(found, func(a, b T) int {
		return cmp.Or(strings.Compare(a.GetName(), b.GetName()), strings.Compare(a.GetNamespace(), b.GetNamespace()))
	})
	return found, nil
}
