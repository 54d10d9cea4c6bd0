package kube

import (
	"context"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Connect tells how an environment's cluster is reached.
type Connect func(runbook.Environment) (*rest.Config, error)

// Clusters are the clusters of a program: one Cluster for each context and namespace.
type Clusters struct{}

// NewClusters returns the clusters that connect reaches. Nothing is dialled yet.
func NewClusters(connect Connect, clock run.Clock) *Clusters { return &Clusters{} }

// Get returns the environment's Cluster, always the same one. It does not touch the network.
func (cs *Clusters) Get(env runbook.Environment) (*Cluster, error) { return &Cluster{env: env}, nil }

// Close ends all watches.
func (cs *Clusters) Close() {}

// CaughtUp tells whether every cache has taken up what the world wrote last: last gives the highest resourceVersion
// of a resource in a namespace (empty: all). The virtual clock of practice asks it.
func (cs *Clusters) CaughtUp(last func(gvr schema.GroupVersionResource, namespace string) uint64) bool {
	return true
}

// Cluster is one namespace of one cluster. Its methods may be called from any goroutine.
type Cluster struct {
	env    runbook.Environment
	client kubernetes.Interface
}

// Namespace is the namespace that all of its namespaced objects are in.
func (c *Cluster) Namespace() string { return c.env.Namespace }

// Context is the kubeconfig context's name; empty means the current one.
func (c *Cluster) Context() string { return c.env.Context }

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

// OnChange sets the signal after every change of the resource's cache, and when it can no longer look or can again.
// It starts the cache. stop ends it.
func (c *Cluster) OnChange(r Resource, s run.Signal) (stop func()) { return func() {} }

// Fresh tells when the resource's watch last said anything, with the error of the last try when it is broken.
func (c *Cluster) Fresh(r Resource) (time.Time, error) { return time.Time{}, nil }

// VerifyUID compares the cluster with the one that the environment names (the uid of the namespace kube-system). It is
// nil when they are the same or the environment names none. Every write asks it first.
func (c *Cluster) VerifyUID(ctx context.Context) error { return nil }

// Unreachable tells whether err means that the cluster could not be looked at: no connection, a time-out, an
// overloaded or failing API server, a cache that could not be filled. Missing and forbidden are not.
func Unreachable(err error) bool { return false }

// Right is one thing that the access rules may allow.
type Right struct {
	Verb, Group, Resource, Subresource string
	Name                               string // empty: all of them
	Optional                           bool   // nice to have
}

// Denied is a Right that is missing, with the API server's reason.
type Denied struct {
	Right  Right
	Reason string
}

// Allowed asks which of the rights are missing in the namespace. An error means that it could not be looked at.
func (c *Cluster) Allowed(ctx context.Context, rights []Right) ([]Denied, error) { return nil, nil }
