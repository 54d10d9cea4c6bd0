package rollout_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/rollout"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const node = `
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {allocatable: {cpu: "64", memory: 256Gi, pods: "500"}, conditions: [{type: Ready, status: "True"}]}
`

const workload = `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: shop}
spec:
  replicas: 4
  progressDeadlineSeconds: 30
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: NAME, image: 'registry.example/NAME:v1'}]}
`

// world is a practice cluster on a virtual clock with the Deployments api, web and worker, and a worker on it.
type world struct {
	t      *testing.T
	ctx    context.Context
	clock  *practice.Jumping
	server *kubeapi.Server
	client kubernetes.Interface // of somebody else
	env    runbook.Environment
	side              // the first program on it
	stops  []func()   // of the works beside the test
	needs  []run.Need // of a preflight: what the run's other steps need

	mu     sync.Mutex
	seen   []run.Observation // of the works beside the test, since the last forget
	signal run.Signal
}

// side is one program with its own clients.
type side struct {
	cluster *kube.Cluster
	worker  *rollout.Worker
	wire    *wire
}

// wire is the network between one side and the API server. Its fields are changed only while nobody uses it.
type wire struct {
	next http.RoundTripper
	// lose tells of a request whose answer is to be lost after it was carried out.
	lose func(*http.Request) bool
	// cut tells of a request that does not get through.
	cut func(*http.Request) bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.cut != nil && w.cut(r) {
		return nil, fmt.Errorf("no route to host")
	}
	response, err := w.next.RoundTrip(r)
	if err == nil && w.lose != nil && w.lose(r) {
		response.Body.Close()
		return nil, fmt.Errorf("connection reset by peer")
	}
	return response, err
}

// behave says how the images run: by words in their tags.
func behave(c kubeapi.Container) kubeapi.Behaviour {
	switch {
	case strings.Contains(c.Image, "missing"):
		return kubeapi.Behaviour{Missing: "not found"}
	case strings.Contains(c.Image, "crash"):
		return kubeapi.Behaviour{Crash: &kubeapi.Crash{After: time.Second, ExitCode: 3, Log: []string{"panic: no config \x1b[31m"}}}
	}
	return kubeapi.Behaviour{}
}

// inWorld runs f as a counted goroutine in a world that has come up.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		clock := practice.NewJumping(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
		w := &world{t: t, ctx: ctx, clock: clock, env: runbook.Environment{Name: "production", Namespace: "shop"}, signal: clock.NewSignal()}
		w.server = kubeapi.New(kubeapi.Options{Clock: clock, Seed: 7, Behaviour: behave})
		clock.AddIdle(w.server.Quiet)
		yaml := node
		for _, name := range []string{"api", "web", "worker"} {
			yaml += strings.ReplaceAll(workload, "NAME", name)
		}
		if err := w.server.CreateFromYAML([]byte(yaml)); err != nil {
			t.Fatal(err)
		}
		var err error
		if w.client, err = kubernetes.NewForConfig(w.server.RESTConfig()); err != nil {
			t.Fatal(err)
		}
		w.server.Start(ctx)
		var clusters *kube.Clusters
		w.side, clusters = w.newSide("alice")
		clock.Run(func() {
			w.wait(20 * time.Second)
			f(w)
			for _, stop := range w.stops {
				stop()
			}
		})
		clusters.Close()
		cancel()
		time.Sleep(time.Second) // the bubble's: lets the clock come to rest
		synctest.Wait()
	})
}

// newSide starts another program.
func (w *world) newSide(who string) (side, *kube.Clusters) {
	w.t.Helper()
	s := side{wire: &wire{}}
	clusters := kube.NewClusters(func(runbook.Environment) (*rest.Config, error) {
		config := w.server.RESTConfig()
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { s.wire.next = next; return s.wire })
		return config, nil
	}, w.clock)
	w.clock.AddIdle(func() bool { return clusters.Settled(w.caughtUp) })
	cluster, err := clusters.Get(w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	s.cluster, s.worker = cluster, rollout.NewWorker(clusters, w.clock, who)
	return s, clusters
}

// caughtUp is the world's word on a cache.
func (w *world) caughtUp(gvr schema.GroupVersionResource, namespace, name, have string) bool {
	return w.server.CaughtUp(gvr, namespace, name, have)
}

func (w *world) wait(d time.Duration) {
	w.t.Helper()
	if err := w.clock.Wait(w.ctx, d, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) report(o run.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, o)
	w.signal.Set()
}

func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

// beside does work until the returned function is called.
func (w *world) beside(s side, body run.Body) (stop func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	done, over := w.clock.NewSignal(), false
	w.clock.Go(func() {
		_ = s.worker.Do(ctx, run.Work{ID: "beside", Body: body}, w.report)
		w.mu.Lock()
		over = true
		w.mu.Unlock()
		done.Set()
	})
	stop = func() {
		cancel()
		for {
			w.mu.Lock()
			ended := over
			w.mu.Unlock()
			if ended || w.clock.Wait(w.ctx, -1, done) != nil {
				return
			}
		}
	}
	w.stops = append(w.stops, stop)
	return stop
}

// await waits up to ten minutes for an observation since the last forget that ok accepts.
func await[T run.Observation](w *world, what string, ok func(T) bool) T {
	w.t.Helper()
	until := w.clock.Now().Add(10 * time.Minute)
	for {
		w.mu.Lock()
		for _, o := range w.seen {
			if v, is := o.(T); is && ok(v) {
				w.mu.Unlock()
				return v
			}
		}
		last := fmt.Sprintf("%+v", w.seen[max(0, len(w.seen)-1):])
		w.mu.Unlock()
		left := until.Sub(w.clock.Now())
		if left <= 0 || w.clock.Wait(w.ctx, left, w.signal) != nil {
			w.t.Fatalf("never saw %s; last: %s", what, last)
		}
	}
}

// result does work to its end and returns what it reported, in the order of the components.
func result[T run.Observation](w *world, s side, body run.Body) []T {
	w.t.Helper()
	var got []T
	err := s.worker.Do(w.ctx, run.Work{ID: "work", Body: body}, func(o run.Observation) { got = append(got, o.(T)) })
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) component(name, tag string) runbook.Component {
	return runbook.Component{Name: name, Workload: "deployment/" + name, Container: name, Image: "registry.example/" + name + ":" + tag}
}

func (w *world) preflight(canary bool, targets ...runbook.Component) run.Preflighted {
	w.t.Helper()
	return result[run.Preflighted](w, w.side, run.PreflightWork{Step: "go", Env: w.env, Targets: targets, Canary: canary, Needs: w.needs})[0]
}

// pins pins the components by a preflight that must find nothing wrong.
func (w *world) pins(canary bool, targets ...runbook.Component) []run.Pin {
	w.t.Helper()
	p := w.preflight(canary, targets...)
	if len(p.Problems)+len(p.Unknown) > 0 || len(p.Pins) != len(targets) {
		w.t.Fatalf("preflight: %+v", p)
	}
	return p.Pins
}

// lock takes the lock for the rest of the test.
func (w *world) lock() {
	w.t.Helper()
	w.beside(w.side, run.LockWork{Env: w.env, Run: "r1", Head: "7:abc"})
	await(w, "the lock", func(run.LockHeld) bool { return true })
}

func (w *world) follow(targets ...runbook.Component) {
	w.beside(w.side, run.FollowWork{Env: w.env, Targets: targets})
}

// work is a move of the components, each at its pin's fence + past.
func (w *world) work(wish string, past int64, share int, pins []run.Pin, targets ...runbook.Component) run.MoveWork {
	m := run.MoveWork{Wish: wish, Run: "r1", Env: w.env, Share: share, Canary: true, Hold: 5 * time.Minute}
	for i, c := range targets {
		m.Targets = append(m.Targets, run.MoveTarget{Component: c, Pin: pins[i], Fence: pins[i].Fence + past, Stamp: pins[i].Fence + past + 1})
	}
	return m
}

func (w *world) move(m run.MoveWork) []run.Patched {
	w.t.Helper()
	w.forget()
	return result[run.Patched](w, w.side, m)
}

// moved is a move that must be written.
func (w *world) moved(m run.MoveWork) {
	w.t.Helper()
	for _, p := range w.move(m) {
		if p.Err != "" || p.Already || p.Refused {
			w.t.Fatalf("move: %+v", p)
		}
	}
}

func (w *world) undo(wish string, pins []run.Pin) []run.Undone {
	w.t.Helper()
	w.forget()
	got := result[run.Undone](w, w.side, run.UndoWork{Wish: wish, Run: "r1", Env: w.env, Pins: pins, Burnt: w.clock.Now()})
	slices.SortFunc(got, func(a, b run.Undone) int { return strings.Compare(a.Component, b.Component) })
	return got
}

func (w *world) deployment(name string) *appsv1.Deployment {
	w.t.Helper()
	d, err := w.client.AppsV1().Deployments("shop").Get(w.ctx, name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// patch is what somebody else writes.
func (w *world) patch(name, patch string) {
	w.t.Helper()
	_, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
}

func seen(ok func(run.Progress) bool) func(run.Progressed) bool {
	return func(p run.Progressed) bool { return p.Err == "" && ok(p.Progress) }
}

// back accepts a component that runs its pin again, and nothing else.
func back(pin run.Pin) func(run.Progressed) bool {
	return seen(func(p run.Progress) bool {
		return p.Component == pin.Component && p.Condition == run.Done && p.Hash == pin.Hash && p.OldReady == 0 && !p.Paused
	})
}
