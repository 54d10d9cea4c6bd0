//go:build testbed

package rollout_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// These tests run against a real control plane: KUBECONFIG leads to it (all rights), KUBECONFIG_DEPLOYER has none to
// write in production. Each uses a component of its own.

// bed is one worker on the real control plane.
type bed struct {
	t       *testing.T
	ctx     context.Context
	env     runbook.Environment
	worker  *rollout.Worker
	cluster *kube.Cluster

	mu   sync.Mutex
	seen []run.Observation // since the last act
	news chan struct{}
}

func newBed(t *testing.T, kubeconfig, namespace string) *bed {
	t.Helper()
	connect := func(runbook.Environment) (*rest.Config, error) {
		return clientcmd.BuildConfigFromFlags("", os.Getenv(kubeconfig))
	}
	clusters := kube.NewClusters(connect, plainClock{})
	t.Cleanup(clusters.Close)
	env := runbook.Environment{Name: namespace, Namespace: namespace}
	cluster, err := clusters.Get(env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return &bed{t: t, ctx: ctx, env: env, cluster: cluster, worker: rollout.NewWorker(clusters, plainClock{}, "test"), news: make(chan struct{}, 1)}
}

func (b *bed) report(o run.Observation) {
	b.mu.Lock()
	b.seen = append(b.seen, o)
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// start does work beside the test until the returned function is called.
func (b *bed) start(body run.Body) (stop func()) {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.worker.Do(ctx, run.Work{ID: "beside", Body: body}, b.report)
	}()
	return func() { cancel(); <-done }
}

// do does work to its end and returns what it reported.
func do[T run.Observation](b *bed, body run.Body) []T {
	b.t.Helper()
	var got []T
	err := b.worker.Do(b.ctx, run.Work{ID: "work", Body: body}, func(o run.Observation) { got = append(got, o.(T)) })
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

// act forgets what was seen before.
func (b *bed) act() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = nil
}

// until waits for an observation that ok accepts, since the last act, and tells how long it waited.
func until[T run.Observation](b *bed, what string, ok func(T) bool) (T, time.Duration) {
	b.t.Helper()
	began, from := time.Now(), 0
	for {
		b.mu.Lock()
		for _, o := range b.seen[from:] {
			if v, is := o.(T); is && ok(v) {
				b.mu.Unlock()
				return v, time.Since(began)
			}
		}
		from = len(b.seen)
		last := fmt.Sprintf("%+v", b.seen[max(0, len(b.seen)-1):])
		b.mu.Unlock()
		select {
		case <-b.news:
		case <-b.ctx.Done():
			b.t.Fatalf("%s was never seen; last: %s", what, last)
		}
	}
}

func component(name, tag string) runbook.Component {
	return runbook.Component{Name: name, Workload: "deployment/" + name, Container: name, Image: "registry.example/" + name + ":" + tag}
}

// pins pins the components by a preflight that must find nothing wrong.
func (b *bed) pins(canary bool, targets ...runbook.Component) []run.Pin {
	b.t.Helper()
	began := time.Now()
	p := do[run.Preflighted](b, run.PreflightWork{Env: b.env, Targets: targets, Canary: canary})[0]
	b.t.Logf("preflight of %d: %s, notes %q", len(targets), time.Since(began).Round(time.Millisecond), p.Notes)
	if len(p.Problems)+len(p.Unknown) > 0 {
		b.t.Fatalf("preflight: problems %q, unknown %q", p.Problems, p.Unknown)
	}
	return p.Pins
}

func (b *bed) move(wish string, fence int64, share int, canary bool, pins []run.Pin, targets ...runbook.Component) []run.Patched {
	b.t.Helper()
	b.act()
	w := run.MoveWork{Wish: wish, Run: b.t.Name(), Env: b.env, Share: share, Canary: canary, Hold: time.Minute}
	for i, c := range targets {
		w.Targets = append(w.Targets, run.MoveTarget{Component: c, Pin: pins[i], Fence: pins[i].Fence + fence, Stamp: pins[i].Fence + fence + 1})
	}
	began := time.Now()
	got := do[run.Patched](b, w)
	b.t.Logf("move %s of %d: %s", wish, len(targets), time.Since(began).Round(time.Millisecond))
	return got
}

func (b *bed) moved(got []run.Patched) {
	b.t.Helper()
	for _, p := range got {
		if p.Err != "" || p.Already || p.Refused {
			b.t.Fatalf("move: %+v", p)
		}
	}
}

func (b *bed) undo(wish string, pins []run.Pin) []run.Undone {
	b.t.Helper()
	b.act()
	return do[run.Undone](b, run.UndoWork{Wish: wish, Run: b.t.Name(), Env: b.env, Pins: pins, Burnt: time.Now()})
}

func (b *bed) locked() {
	b.t.Helper()
	b.t.Cleanup(b.start(run.LockWork{Env: b.env, Run: b.t.Name(), Head: "7:abc"}))
	until(b, "the lock", func(run.LockHeld) bool { return true })
}

func progress(ok func(run.Progress) bool) func(run.Progressed) bool {
	return func(p run.Progressed) bool { return p.Err == "" && ok(p.Progress) }
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("kubectl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestBedCanary(t *testing.T) {
	b := newBed(t, "KUBECONFIG", "staging")
	api := component("api", "v2")
	before := kubectl(t, "-n", "staging", "get", "deployment", "api", "-o", "jsonpath={.spec.strategy} {.spec.minReadySeconds} {.spec.progressDeadlineSeconds}")
	pins := b.pins(true, api)
	b.locked()
	defer b.start(run.FollowWork{Env: b.env, Targets: []runbook.Component{api}})()

	b.moved(b.move("one", 0, 5, true, pins, api))
	held := func(n int) func(run.Progressed) bool {
		return progress(func(p run.Progress) bool {
			return p.UpdatedReady == n && p.OldReady == 3 && p.ObservedGeneration == p.Generation
		})
	}
	_, took := until(b, "one canary pod", held(1))
	t.Logf("one canary pod ready after %s", took)
	b.moved(b.move("two", 1, 66, true, pins, api))
	_, took = until(b, "two canary pods", held(2))
	t.Logf("two canary pods ready after %s", took)
	if got := b.move("two", 1, 66, true, pins, api); !got[0].Already {
		t.Errorf("the same wish again: %+v", got)
	}
	if got := b.move("stale", 1, 100, true, pins, api); !got[0].Refused {
		t.Errorf("a stale fence: %+v", got)
	}
	b.moved(b.move("finish", 2, 100, true, pins, api))
	_, took = until(b, "the end", progress(func(p run.Progress) bool {
		return p.Condition == run.Done && p.UpdatedReady == 3 && p.OldReady == 0 && p.Image == api.Image
	}))
	t.Logf("done after %s", took)
	after := kubectl(t, "-n", "staging", "get", "deployment", "api", "-o", "jsonpath={.spec.strategy} {.spec.minReadySeconds} {.spec.progressDeadlineSeconds}")
	if before != after {
		t.Errorf("the pace after the canary: %s, before: %s", after, before)
	}
	found, err := b.worker.FindPins(b.ctx, b.env, []runbook.Component{api})
	if err != nil || found[0].Hash != pins[0].Hash || found[0].Guess {
		t.Errorf("pins found: %+v, %v", found, err)
	}
	commands, err := rollout.KubectlUndo(b.env, found[0])
	if err != nil {
		t.Fatal(err)
	}
	b.act()
	out, err := exec.Command("sh", "-c", strings.Join(commands, " && ")).CombinedOutput()
	t.Logf("%s\n%s", strings.Join(commands, "\n"), out)
	if err != nil {
		t.Fatal(err)
	}
	until(b, "the pinned revision", progress(func(p run.Progress) bool { return p.Condition == run.Done && p.Hash == pins[0].Hash }))
}

func TestBedUndoMidway(t *testing.T) {
	b := newBed(t, "KUBECONFIG", "staging")
	all := []runbook.Component{component("api", "v3"), component("web", "v3"), component("worker", "v3"), component("game-server", "v3-notready")}
	pins := b.pins(false, all...)
	b.locked()
	stop := b.start(run.ArmWork{Env: b.env, Pins: pins})
	until(b, "armed", func(a run.Armed) bool { return a.OK })
	stop()
	defer b.start(run.FollowWork{Env: b.env, Targets: all})()
	b.moved(b.move("go", 0, 100, false, pins, all...))
	until(b, "half way", progress(func(p run.Progress) bool {
		return p.UpdatedReady == 1 || p.Component == "game-server" && p.Updated == 1
	}))
	for i := range pins { // a responder that has read the pins from the cluster
		if found, err := b.worker.FindPins(b.ctx, b.env, all[i:i+1]); err != nil || found[0].ReplicaSet != pins[i].ReplicaSet {
			t.Errorf("pin found: %+v, %v", found, err)
		}
	}
	for _, u := range b.undo("back", pins) {
		t.Logf("undone: %+v", u)
		i := slices.IndexFunc(pins, func(p run.Pin) bool { return p.Component == u.Component })
		if !u.Accepted || u.Fence != pins[i].Fence+2 {
			t.Errorf("undo: %+v", u)
		}
	}
	for i, c := range all {
		_, took := until(b, c.Name+" back", progress(func(p run.Progress) bool {
			return p.Component == c.Name && p.Condition == run.Done && p.Hash == pins[i].Hash && p.OldReady == 0
		}))
		t.Logf("%s is back after %s", c.Name, took)
	}
	for _, u := range b.undo("again", pins) {
		if !u.Already {
			t.Errorf("undo of what is back already: %+v", u)
		}
	}
}

func TestBedBadImages(t *testing.T) {
	b := newBed(t, "KUBECONFIG", "production")
	crash, missing := component("worker", "v2-crash"), component("web", "v2-missing")
	all := []runbook.Component{crash, missing}
	pins := b.pins(true, all...)
	b.locked()
	defer b.start(run.FollowWork{Env: b.env, Targets: all})()
	b.moved(b.move("go", 0, 34, true, pins, all...))
	for _, x := range []struct{ component, reason string }{{"worker", "CrashLoopBackOff"}, {"web", "ImagePullBackOff"}} {
		p, took := until(b, x.reason, progress(func(p run.Progress) bool {
			return p.Component == x.component && strings.Contains(string(p.Stuck), x.reason)
		}))
		t.Logf("%s after %s: %s", x.reason, took, p.Progress.Stuck)
	}
	for _, u := range b.undo("back", pins) {
		t.Logf("undone: %+v", u)
	}
	for i, c := range all {
		until(b, c.Name+" back", progress(func(p run.Progress) bool {
			return p.Component == c.Name && p.Condition == run.Done && p.Hash == pins[i].Hash && p.Total == 3
		}))
	}
}

func TestBedFreeze(t *testing.T) {
	b := newBed(t, "KUBECONFIG", "production")
	api := component("api", "v2")
	pins := b.pins(false, api)
	b.locked()
	defer b.start(run.FollowWork{Env: b.env, Targets: []runbook.Component{api}})()
	b.moved(b.move("go", 0, 100, false, pins, api))
	for _, thaw := range []bool{false, true, false} {
		began := time.Now()
		b.act()
		f := do[run.Frozen](b, run.FreezeWork{Wish: "freeze", Run: "r", Env: b.env, Targets: []runbook.Component{api}, Thaw: thaw})
		t.Logf("freeze (thaw %t): %s %+v", thaw, time.Since(began).Round(time.Millisecond), f)
		until(b, "frozen", progress(func(p run.Progress) bool { return p.Paused == !thaw }))
	}
	if got := b.move("more", 1, 100, false, pins, component("api", "v4")); !got[0].Refused {
		t.Errorf("a move while paused: %+v", got)
	}
	for _, u := range b.undo("back", pins) {
		t.Logf("undone: %+v", u)
	}
	until(b, "back", progress(func(p run.Progress) bool { return p.Condition == run.Done && p.Hash == pins[0].Hash && !p.Paused }))
}

func TestBedForbidden(t *testing.T) {
	b := newBed(t, "KUBECONFIG_DEPLOYER", "production")
	c := component("game-server", "v2")
	p := do[run.Preflighted](b, run.PreflightWork{Env: b.env, Targets: []runbook.Component{c}, Canary: true, Needs: []run.Need{{Step: restore}, {Step: raise}}})[0]
	for _, right := range []string{"create jobs.batch", "patch configmaps flags"} {
		if !slices.ContainsFunc(p.Problems, func(s run.Safe) bool { return strings.Contains(string(s), "no right to "+right) }) {
			t.Errorf("nothing is said of the right to %s", right)
		}
	}
	t.Logf("problems:\n%q\nunknown: %q\nnotes: %q", p.Problems, p.Unknown, p.Notes)
	if len(p.Problems) == 0 || len(p.Unknown) > 0 {
		t.Errorf("preflight without rights: %+v", p)
	}
	stop := b.start(run.ArmWork{Env: b.env, Pins: p.Pins})
	a, _ := until(b, "not armed", func(a run.Armed) bool { return !a.OK })
	stop()
	t.Logf("not armed: %s", a.Why)
	if got := b.move("go", 0, 100, false, p.Pins, c); got[0].Err == "" {
		t.Errorf("a move without a lock: %+v", got)
	} else {
		t.Logf("move: %+v", got)
	}
}

func TestBedTwoHolders(t *testing.T) {
	one, two := newBed(t, "KUBECONFIG", "staging"), newBed(t, "KUBECONFIG", "staging")
	stop := one.start(run.LockWork{Env: one.env, Run: "one", Head: "1:a"})
	first, _ := until(one, "the lock", func(run.LockHeld) bool { return true })
	defer two.start(run.LockWork{Env: two.env, Run: "two", Head: "1:b"})()
	lost, _ := until(two, "that it is taken", func(run.LockLost) bool { return true })
	t.Logf("second sees: %+v", lost)
	stop()
	second, took := until(two, "the lock given back", func(run.LockHeld) bool { return true })
	t.Logf("taken over after %s, token %d then %d", took, first.Token, second.Token)
	if second.Token <= first.Token {
		t.Errorf("the token did not grow: %d, then %d", first.Token, second.Token)
	}
}

// TestBedOutage stops the API server in the middle of a rollback; TESTBED_CTL is the program that does it.
func TestBedOutage(t *testing.T) {
	b := newBed(t, "KUBECONFIG", "production")
	ctl := func(verb string) {
		t.Helper()
		if out, err := exec.Command(os.Getenv("TESTBED_CTL"), verb, "kube-apiserver").CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", verb, err, out)
		}
	}
	all := []runbook.Component{component("api", "v5"), component("web", "v5")}
	pins := b.pins(true, all...)
	b.locked()
	defer b.start(run.FollowWork{Env: b.env, Targets: all})()
	b.moved(b.move("go", 0, 34, true, pins, all...))
	until(b, "the canary", progress(func(p run.Progress) bool { return p.UpdatedReady == 2 }))
	b.act()
	ctl("kill")
	blind, took := until(b, "that it cannot look", func(p run.Progressed) bool { return p.Err != "" })
	t.Logf("it says so after %s: %s", took, blind.Err)
	b.act()
	defer b.start(run.UndoWork{Wish: "back", Run: t.Name(), Env: b.env, Pins: pins, Burnt: time.Now()})()
	failed, took := until(b, "an undo without an API server", func(u run.Undone) bool { return u.Err != "" })
	t.Logf("undo: %s after %s", failed.Err, took)
	b.act()
	ctl("start")
	started := time.Now()
	until(b, "that it can look again", progress(func(run.Progress) bool { return true }))
	t.Logf("it can look again %s after the start", time.Since(started))
	accepted, _ := until(b, "the undo taken", func(u run.Undone) bool { return u.Accepted })
	t.Logf("taken %s after the start: %+v", time.Since(started), accepted)
	for i, c := range all {
		until(b, c.Name+" back", progress(func(p run.Progress) bool {
			return p.Component == c.Name && p.Condition == run.Done && p.Hash == pins[i].Hash && p.Total == 3
		}))
	}
	t.Logf("both are back %s after the start", time.Since(started))
}
