package kube

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// Connect tells how an environment's cluster is reached.
type Connect func(runbook.Environment) (*rest.Config, error)

// Clusters are the clusters of a program: one Cluster for each context and namespace.
type Clusters struct {
	connect Connect
	clock   run.Clock
	ctx     context.Context // of all watches
	cancel  context.CancelFunc

	mu       sync.Mutex
	clusters map[target]*Cluster
}

// target is what one Cluster stands for.
type target struct{ context, namespace, uid string }

// NewClusters returns the clusters that connect reaches. Nothing is dialled yet.
func NewClusters(connect Connect, clock run.Clock) *Clusters {
	ctx, cancel := context.WithCancel(context.Background())
	return &Clusters{connect: connect, clock: clock, ctx: ctx, cancel: cancel, clusters: map[target]*Cluster{}}
}

// Get returns the environment's Cluster, always the same one. It does not touch the network.
func (cs *Clusters) Get(env runbook.Environment) (*Cluster, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	at := target{env.Context, env.Namespace, env.ClusterUID}
	if c, ok := cs.clusters[at]; ok {
		return c, nil
	}
	c, err := cs.open(env)
	if err != nil {
		return nil, fmt.Errorf("environment %s: %w", env.Name, err)
	}
	cs.clusters[at] = c
	return c, nil
}

func (cs *Clusters) open(env runbook.Environment) (*Cluster, error) {
	if env.Namespace == "" {
		return nil, fmt.Errorf("it names no namespace")
	}
	config, err := cs.connect(env)
	if err != nil {
		return nil, fmt.Errorf("no way to its cluster: %w", err)
	}
	c := &Cluster{
		env: env, clock: cs.clock, ctx: cs.ctx, feeds: map[Resource]*feed{},
		kinds: map[schema.GroupVersion]*metav1.APIResourceList{}, secrets: map[string]SecretKeys{},
	}
	c.lock.clock = cs.clock
	config = rest.CopyConfig(config)
	config.QPS = -1 // the caches and the few writes are the limit; client-go's own would hold a rollback back for seconds
	config.UserAgent = userAgent()
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return guard{&c.lock, next} })
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("no client for its cluster: %w", err)
	}
	plain := *client
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.proxied = &plain
	if c.client, err = kubernetes.NewForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("no client for its cluster: %w", err)
	}
	if c.dynamic, err = dynamic.NewForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("no client for its cluster: %w", err)
	}
	if c.metadata, err = metadata.NewForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("no client for its cluster: %w", err)
	}
	return c, nil
}

// userAgent is how the audit log of an API server names this program.
func userAgent() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return "sop/" + version
}

// Close ends all watches.
func (cs *Clusters) Close() { cs.cancel() }

// Settled tells whether every cache has taken up what the world wrote last, as far as it will get for now: is tells it
// of a watch of the resource in the namespace (empty: all), of one name (empty: all), that has got as far as the
// resourceVersion have (empty: the watch is about to open). The virtual clock of practice asks it. A cache that has no watch open does not count, because
// the goroutine that will open one, or ask again, is known to the clock.
func (cs *Clusters) Settled(is func(gvr schema.GroupVersionResource, namespace, name, have string) bool) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.clusters {
		for _, f := range c.started() {
			if version, open := f.position(); open && !is(f.resource.gvr, f.namespace, f.resource.name, version) {
				return false
			}
		}
	}
	return true
}

// Cluster is one namespace of one cluster. Its methods may be called from any goroutine.
type Cluster struct {
	env      runbook.Environment
	clock    run.Clock
	ctx      context.Context
	client   kubernetes.Interface
	dynamic  dynamic.Interface
	metadata metadata.Interface
	proxied  *http.Client // follows no redirect: an answer from behind a proxy must not lead the credentials elsewhere
	lock     lockState
	asking   flights

	mu       sync.Mutex
	feeds    map[Resource]*feed
	kinds    map[schema.GroupVersion]*metav1.APIResourceList // as discovered
	secrets  map[string]SecretKeys                           // as last read
	uidKnown bool                                            // it is the cluster that the environment names
}

// Namespace is the namespace that all of its namespaced objects are in.
func (c *Cluster) Namespace() string { return c.env.Namespace }

// Context is the kubeconfig context's name; empty means the current one.
func (c *Cluster) Context() string { return c.env.Context }

// started lists the caches that have been asked for.
func (c *Cluster) started() []*feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	feeds := make([]*feed, 0, len(c.feeds))
	for _, f := range c.feeds {
		feeds = append(feeds, f)
	}
	return feeds
}

// WrongCluster is the error of a cluster that is not the one the environment names.
type WrongCluster struct{ Context, Want, Got string }

func (e *WrongCluster) Error() string {
	return fmt.Sprintf("wrong cluster: context %q leads to the cluster %s, but the environment names %s; "+
		"choose the right context with --context or correct clusterUID in the runbook", e.Context, e.Got, e.Want)
}

// VerifyUID compares the cluster with the one that the environment names (the uid of the namespace kube-system). It is
// nil when they are the same or the environment names none, and a *WrongCluster when they differ. Every write asks it
// first; the answer is remembered once it was good.
func (c *Cluster) VerifyUID(ctx context.Context) error {
	c.mu.Lock()
	known := c.uidKnown || c.env.ClusterUID == ""
	c.mu.Unlock()
	if known {
		return nil
	}
	return c.asking.do(ctx, c.clock, "uid", c.verifyNow)
}

func (c *Cluster) verifyNow(ctx context.Context) error {
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	var ns metav1.PartialObjectMetadata
	err := c.client.CoreV1().RESTClient().Get().Resource("namespaces").Name("kube-system").MaxRetries(0).Do(ctx).Into(&ns)
	if err != nil {
		return c.failed(ctx, "read the namespace kube-system", err)
	}
	if string(ns.UID) != c.env.ClusterUID {
		return &WrongCluster{Context: c.env.Context, Want: c.env.ClusterUID, Got: string(ns.UID)}
	}
	c.mu.Lock()
	c.uidKnown = true
	c.mu.Unlock()
	return nil
}
