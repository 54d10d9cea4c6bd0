package kube_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const shop = `
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {allocatable: {cpu: "64", memory: 256Gi, pods: "500"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
type: Opaque
stringData: {password: hunter2, empty: ''}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: 'registry.example/api:v1'}]}
`

// world is a practice cluster on a virtual clock, and a Cluster on it.
type world struct {
	t       *testing.T
	ctx     context.Context
	clock   *practice.Jumping
	server  *kubeapi.Server
	client  kubernetes.Interface // of somebody else
	cluster *kube.Cluster
	wire    *wire
	stops   []func()
	behind  http.HandlerFunc // what answers behind Services
}

// wire is the network between a Cluster and the API server. Its fields are changed only while nobody uses it.
type wire struct {
	next http.RoundTripper
	cut  func(*http.Request) bool

	mu   sync.Mutex
	seen []string // method and path of each request that got through
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.cut != nil && w.cut(r) {
		return nil, errors.New("no route to host")
	}
	w.mu.Lock()
	w.seen = append(w.seen, r.Method+" "+r.URL.Path)
	w.mu.Unlock()
	return w.next.RoundTrip(r)
}

func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{t: t, ctx: ctx, clock: practice.NewJumping(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))}
		w.server = kubeapi.New(kubeapi.Options{Clock: w.clock, Seed: 7, Behaviour: func(kubeapi.Container) kubeapi.Behaviour {
			return kubeapi.Behaviour{Log: []string{"one", "two", "three"}}
		}, Proxy: func(string, string, string) http.Handler { return w.behind }})
		w.clock.AddIdle(w.server.Quiet)
		if err := w.server.CreateFromYAML([]byte(shop)); err != nil {
			t.Fatal(err)
		}
		var err error
		if w.client, err = kubernetes.NewForConfig(w.server.RESTConfig()); err != nil {
			t.Fatal(err)
		}
		w.server.Start(ctx)
		w.cluster, w.wire = w.open(runbook.Environment{Name: "production", Namespace: "shop"})
		w.clock.Run(func() {
			w.wait(20 * time.Second)
			f(w)
			for _, stop := range w.stops {
				stop()
			}
		})
		cancel()
		time.Sleep(time.Second) // the bubble's: lets the clock come to rest
		synctest.Wait()
	})
}

// open is another program's Cluster.
func (w *world) open(env runbook.Environment) (*kube.Cluster, *wire) {
	w.t.Helper()
	line := &wire{}
	clusters := kube.NewClusters(func(runbook.Environment) (*rest.Config, error) {
		config := w.server.RESTConfig()
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { line.next = next; return line })
		return config, nil
	}, w.clock)
	w.stops = append(w.stops, clusters.Close)
	w.clock.AddIdle(func() bool { return clusters.Settled(w.server.CaughtUp) })
	cluster, err := clusters.Get(env)
	if err != nil {
		w.t.Fatal(err)
	}
	again, err := clusters.Get(env)
	if err != nil || again != cluster {
		w.t.Fatalf("the same environment has another Cluster (%v)", err)
	}
	return cluster, line
}

func (w *world) wait(d time.Duration) {
	w.t.Helper()
	if err := w.clock.Wait(w.ctx, d, nil); err != nil {
		w.t.Fatal(err)
	}
}

// keepLock keeps the lock beside the test and returns what is told of it.
func (w *world) keepLock(c *kube.Cluster, who string) (told func() kube.LockChange, stop func()) {
	var mu sync.Mutex
	var last kube.LockChange
	over := false
	ctx, cancel := context.WithCancel(w.ctx)
	w.clock.Go(func() {
		_ = c.KeepLock(ctx, kube.Holder{Identity: who, Run: "run-" + who, Head: "7:abc"}, func(change kube.LockChange) {
			mu.Lock()
			defer mu.Unlock()
			last = change
		})
		mu.Lock()
		defer mu.Unlock()
		over = true
	})
	stop = func() {
		cancel()
		for {
			mu.Lock()
			ended := over
			mu.Unlock()
			if ended || w.clock.Wait(w.ctx, 100*time.Millisecond, nil) != nil {
				return
			}
		}
	}
	w.stops = append(w.stops, stop)
	return func() kube.LockChange {
		mu.Lock()
		defer mu.Unlock()
		return last
	}, stop
}

// pod is what somebody else makes.
func (w *world) pod(name string) {
	w.t.Helper()
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "other"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a:v1"}}},
	}
	if _, err := w.client.CoreV1().Pods("shop").Create(w.ctx, p, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

func env(namespace, uid string) runbook.Environment {
	return runbook.Environment{Name: "production", Namespace: namespace, ClusterUID: uid}
}
