package practice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/practice/images"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/rollout/practice/promapi"
	"github.com/politicalsphere/sop/runbook/run"
)

// World is one simulated world: a cluster, a Prometheus and the organisation's sites. Its methods may be called from
// any goroutine, after Start unless they say otherwise.
type World struct {
	scenario  Scenario
	seed      int64
	clock     *headstart
	kube      *kubeapi.Server
	prom      *promapi.Server
	images    *images.Registry
	tools     tools
	authority *authority
	pipes     *pipeListener
	ctx       context.Context // ends the world's goroutines; set by Start

	telling sync.Mutex // one at a time tells Prometheus of the pods; taken before the lock of kube
	told    map[promapi.Pod]promapi.Phase

	mu      sync.Mutex // taken after the lock of kube; whoever holds it does not call kube
	faults  []*faultState
	present []*Trouble      // what is wrong now and looked up when somebody asks
	certs   map[string]pair // by host, and by namespace for its Secret
	serial  int64           // of the last certificate
	posts   []Post          // that the chat took
	started bool
}

// New makes the world of a scenario. It needs nothing but its arguments; the clock should stand at the scenario's
// Start.
func New(sc Scenario, clock run.Clock, seed int64) (*World, error) {
	w := &World{
		scenario: sc,
		seed:     seed,
		clock:    newHeadstart(clock),
		told:     map[promapi.Pod]promapi.Phase{},
		pipes:    newPipeListener(),
	}
	for i, f := range sc.Faults {
		s, err := newFaultState(f, seed, i)
		if err != nil {
			return nil, fmt.Errorf("making the world of %s: faults[%d]: %w", sc.Metadata.Name, i, err)
		}
		w.faults = append(w.faults, s)
	}
	if err := w.certify(clock.Now()); err != nil {
		return nil, err
	}
	w.prom = promapi.New(promapi.Options{Now: w.clock.Now, Wait: w.wait, Hold: hold(clock), Start: clock.Now(), Seed: uint64(seed), Loads: loads()})
	for name, i := range sc.World.Images {
		e := i.Work.effect()
		e.Component, e.Version = splitImageName(name)
		w.prom.Inject(e)
	}
	w.images = images.New(registry, w.inRegistry)
	prepare(w.images, sc.World)
	w.tools = w.toolsAt(clock.Now(), clock.Now, func(string) bool { return false })
	w.kube = kubeapi.New(kubeapi.Options{Clock: w.clock, Seed: seed, Behaviour: w.behaviour, ImageID: w.images.ID, User: sc.Operator, Proxy: w.behindService})
	if err := w.kube.Apply(w.objects()...); err != nil {
		return nil, fmt.Errorf("filling the cluster of %s: %w", sc.Metadata.Name, err)
	}
	w.kube.OnPods(w.tell)
	return w, nil
}

// Start lets the cluster settle and returns when every component is available, the migrations have been tried and what
// the scenario says is wrong already has come about; then the time of the drill begins,
// a few milliseconds after the scenario's Start. The world lives until ctx ends. It can be started once. With a
// virtual clock the caller should be one of its goroutines (Jumping.Run), or its time runs on by itself afterwards.
func (w *World) Start(ctx context.Context) error {
	w.mu.Lock()
	again := w.started
	w.started, w.ctx = true, ctx
	w.mu.Unlock()
	if again {
		return errors.New("starting the practice world: it was started before; make a new one")
	}
	w.kube.Start(ctx)
	err := w.settle(ctx)
	if err == nil {
		err = w.tryMigrations(ctx)
	}
	if err != nil {
		return fmt.Errorf("starting the practice world %s: %w", w.scenario.Metadata.Name, err)
	}
	for i := range w.scenario.World.Already {
		w.begin(&w.scenario.World.Already[i])
	}
	w.clock.settled()
	w.servePipes(ctx)
	w.tell()
	return nil
}

// hold is how the world's time is made to stand still while it is computed; nil for a clock that does so by itself.
func hold(clock run.Clock) func() (release func()) {
	if c, ok := clock.(interface{ Hold() (release func()) }); ok {
		return c.Hold
	}
	return nil
}

// Clock is the world's own time, which is the given clock's as soon as Start has returned.
func (w *World) Clock() run.Clock { return w.clock }

// Scenario is what the world was made from.
func (w *World) Scenario() Scenario { return w.scenario }

// RESTConfig is for client-go; it reaches the world's cluster without a network.
func (w *World) RESTConfig() *rest.Config { return w.kube.RESTConfig() }

// Cluster is the world's API server, for a test that wants to disturb or look at it.
func (w *World) Cluster() *kubeapi.Server { return w.kube }

// Prometheus is the world's Prometheus, for a test that wants to disturb or look at it.
func (w *World) Prometheus() *promapi.Server { return w.prom }

// Idle is the condition for a clock to jump: every open watch has handed over what it has.
func (w *World) Idle() func() bool { return w.kube.Quiet }

// behaviour says how a container runs. It is called with the cluster's lock held.
func (w *World) behaviour(c kubeapi.Container) kubeapi.Behaviour {
	version := tag(c.Image)
	switch c.Name {
	case migrationContainer:
		return w.migrationRun(c.Namespace)
	case restoreContainer:
		return w.restoreRun(c.Namespace)
	}
	if !w.images.Has(c.Image) {
		return kubeapi.Behaviour{Missing: "failed to resolve reference \"" + c.Image + "\": not found"}
	}
	i := w.scenario.World.imageOf(c.Name, version)
	b := kubeapi.Behaviour{
		Missing: i.Missing, NotReady: i.NotReady, StartDelay: i.StartDelay, Crash: i.Crash.behaviour(),
		Log: []string{fmt.Sprintf("%s %s listening", c.Name, version)},
	}
	for _, t := range w.troublesNow() {
		f := t.Pods
		if f == nil || !f.matches(c.Namespace, c.Labels["app"], version) {
			continue
		}
		if f.Crash != nil {
			b.Crash = f.Crash.behaviour()
		}
		if f.NotReady != "" {
			b.NotReady = f.NotReady
		}
	}
	return b
}

type instantly struct{}

// wait holds up an answer by the world's time. Requests over a dialed connection are never held up: the one who
// asks is really blocked in reading, and a virtual clock would wait for it.
func (w *World) wait(ctx context.Context, d time.Duration) error {
	if ctx.Value(instantly{}) != nil || d <= 0 {
		return ctx.Err()
	}
	return w.clock.Wait(ctx, d, nil)
}
