package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind finds the resource of a kind: for the common ones at once, else by asking the API server, which is remembered.
// A kind that the cluster does not know is a *NoKind.
func (c *Cluster) Kind(ctx context.Context, gvk schema.GroupVersionKind) (Resource, error) {
	if r, ok := builtIn[gvk]; ok {
		return r, nil
	}
	gv := gvk.GroupVersion()
	c.mu.Lock()
	list := c.kinds[gv]
	c.mu.Unlock()
	if list == nil {
		err := c.asking.do(ctx, c.clock, "kinds "+gv.String(), func(ctx context.Context) error { return c.discover(ctx, gv) })
		switch {
		case apierrors.IsNotFound(err):
			return Resource{}, &NoKind{gvk.Kind + " in " + gv.String()}
		case err != nil:
			return Resource{}, err
		}
		c.mu.Lock()
		list = c.kinds[gv]
		c.mu.Unlock()
	}
	for _, r := range list.APIResources {
		if r.Kind == gvk.Kind && !isSub(r.Name) {
			return resourceOf(gv, r), nil
		}
	}
	c.mu.Lock()
	delete(c.kinds, gv) // it may be installed later
	c.mu.Unlock()
	return Resource{}, &NoKind{gvk.Kind + " in " + gv.String()}
}

func isSub(resource string) bool {
	for _, r := range resource {
		if r == '/' {
			return true
		}
	}
	return false
}

func resourceOf(gv schema.GroupVersion, r metav1.APIResource) Resource {
	found := Resource{gvr: gv.WithResource(r.Name)}
	if !r.Namespaced {
		found.reach = clusterWide
	}
	return found
}

// discover reads what an API group and version serves.
func (c *Cluster) discover(ctx context.Context, gv schema.GroupVersion) error {
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	path := []string{"apis", gv.Group, gv.Version}
	if gv.Group == "" {
		path = []string{"api", gv.Version}
	}
	list := &metav1.APIResourceList{}
	if err := c.client.CoreV1().RESTClient().Get().AbsPath(path...).MaxRetries(0).Do(ctx).Into(list); err != nil {
		return c.failed(ctx, "ask for the kinds of "+gv.String(), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds[gv] = list
	return nil
}

// Object returns the object of that name. Its cache is r.Named(name), or for the common kinds r.
func (c *Cluster) Object(ctx context.Context, r Resource, name string) (*unstructured.Unstructured, error) {
	if err := showable(r); err != nil {
		return nil, err
	}
	o, err := one[metav1.Object](ctx, c, r, name)
	if err != nil {
		return nil, err
	}
	return c.plain(r, o)
}

// Objects returns the objects whose labels the selector matches, in the order of their names; their cache is r.
func (c *Cluster) Objects(ctx context.Context, r Resource, selector labels.Selector) ([]*unstructured.Unstructured, error) {
	if err := showable(r); err != nil {
		return nil, err
	}
	found, err := some(ctx, c, r, func(o metav1.Object) bool { return selector.Matches(labels.Set(o.GetLabels())) })
	if err != nil {
		return nil, err
	}
	out := make([]*unstructured.Unstructured, len(found))
	for i, o := range found {
		if out[i], err = c.plain(r, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// showable refuses Secrets: ask Secret, which keeps their values back.
func showable(r Resource) error {
	if r.gvr == Secrets.gvr {
		return fmt.Errorf("read %s as objects: a Secret's values are not shown; check its keys instead", r)
	}
	return nil
}

// plain is the object as maps and lists. Like everything that comes from a cache it must not be changed.
func (c *Cluster) plain(r Resource, o metav1.Object) (*unstructured.Unstructured, error) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		return u, nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", r, o.GetName(), err)
	}
	u := &unstructured.Unstructured{Object: content}
	for gvk, known := range builtIn {
		if known.gvr == r.gvr {
			u.SetGroupVersionKind(gvk)
		}
	}
	return u, nil
}
