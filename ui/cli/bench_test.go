package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// BenchmarkStart is what a run does between the start of the process and its first picture, but for the terminal: read
// and judge the runbook, fill it in, open the journal, draw.
func BenchmarkStart(b *testing.B) {
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	a := &app{out: io.Discard, err: io.Discard}
	c := realConnections(nil)
	for b.Loop() {
		id := journal.NewID(time.Now())
		choice := choiceFlags{environment: "production", set: []string{"version=v1.4.2"}}
		doc, plan, err := a.plan("deployment", choice, nil, runbook.Choice{Run: id, Operator: "alice"})
		if err != nil {
			b.Fatal(err)
		}
		s, err := a.begin(c, newParts(c, plan), id, doc, plan, run.RunStarted{}, journal.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if view := ui.New(s, ui.Options{}).View(); view.Content == "" {
			b.Fatal("nothing to see")
		}
		if err := s.end(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRollback is the time from the burnt fuse until an API server on loopback has accepted the patches of all four
// components and the screen may say so: the decision, the journal with its fsyncs, the worker, HTTP and back.
func BenchmarkRollback(b *testing.B) {
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	e := newEstate(b)
	var slowest float64
	for b.Loop() {
		b.StopTimer()
		e.release()
		s, stop := e.session()
		changed := s.clock.NewSignal()
		s.engine.Notify(changed)
		b.StartTimer()
		began := time.Now()
		s.Send(run.Rollback{}) // without a person the fuse burns at once
		for late := began.Add(10 * time.Second); accepted(s.Latest()) < 4; {
			if err := s.clock.Wait(b.Context(), time.Second, changed); err != nil || time.Now().After(late) {
				b.Fatalf("%v; %+v", err, s.Latest().Envs["production"].Components)
			}
		}
		slowest = max(slowest, time.Since(began).Seconds()*1000)
		b.StopTimer()
		stop()
		b.StartTimer()
	}
	b.ReportMetric(slowest, "slowest-ms")
}

// BenchmarkChecklist opens the pre-deployment checklist of the shipped runbook on a healthy world: the time until every
// check has looked, and how many requests the API server gets for it.
func BenchmarkChecklist(b *testing.B) {
	sc, err := practice.Find("tuesday")
	if err != nil {
		b.Fatal(err)
	}
	sc.Start = time.Now()
	world, err := practice.New(sc, engine.RealTime(), 1)
	if err != nil {
		b.Fatal(err)
	}
	if err := world.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	var requests atomic.Int64
	c := practiceConnections(world, sc, engine.RealTime())
	c.connect = func(runbook.Environment) (*rest.Config, error) {
		config := world.RESTConfig()
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counted{next, &requests} })
		return config, nil
	}
	a := &app{out: io.Discard, err: io.Discard}
	choice := choiceFlags{environment: "production", set: []string{"version=v1.4.2"}}
	_, plan, err := a.plan(defaultRunbook, choice, nil, runbook.Choice{Run: journal.NewID(time.Now())})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := a.check(b.Context(), c, plan, "pre-deployment", "table"); codeOf(err) != exitDone {
			b.Fatalf("the checklist of a healthy world: %v", err)
		}
	}
	b.ReportMetric(float64(requests.Load())/float64(b.N), "requests/op")
}

// counted counts requests.
type counted struct {
	next http.RoundTripper
	n    *atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(r)
}

func accepted(s run.State) (n int) {
	for _, c := range s.Envs["production"].Components {
		if c.Undo.Accepted {
			n++
		}
	}
	return n
}

// estate is a world on loopback whose four components are released and rolled back again and again.
type estate struct {
	b      *testing.B
	app    *app
	kube   *genericclioptions.ConfigFlags
	client kubernetes.Interface
}

func newEstate(b *testing.B) *estate {
	b.Helper()
	sc, err := practice.Find("tuesday")
	if err != nil {
		b.Fatal(err)
	}
	sc.Start = time.Now()
	world, err := practice.New(sc, engine.RealTime(), 1)
	if err != nil {
		b.Fatal(err)
	}
	if err := world.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	at, err := world.Expose(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	kube := genericclioptions.NewConfigFlags(true)
	kube.KubeConfig = &at.Kubeconfig
	return &estate{b: b, app: &app{out: io.Discard, err: io.Discard}, kube: kube, client: kubernetes.NewForConfigOrDie(world.RESTConfig())}
}

// release sets the image of every component and waits until the controller has seen it.
func (e *estate) release() {
	e.b.Helper()
	deployments := e.client.AppsV1().Deployments("production")
	for _, name := range []string{"api", "web", "worker", "game-server"} {
		patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":"registry.example/%s:v1.4.2"}]}}}}`, name, name)
		d, err := deployments.Patch(e.b.Context(), name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
		for err == nil && d.Status.ObservedGeneration < d.Generation {
			d, err = deployments.Get(e.b.Context(), name, metav1.GetOptions{})
		}
		if err != nil {
			e.b.Fatal(err)
		}
	}
}

// session is a rollback that has read its pins, as `sop rollback` has when its screen comes up.
func (e *estate) session() (s *session, stop func()) {
	e.b.Helper()
	c, id := realConnections(e.kube), journal.NewID(time.Now())
	doc, plan, err := e.app.plan(defaultRunbook, choiceFlags{environment: "production"}, e.kube, runbook.Choice{Run: id, Partial: true, TargetOnly: true})
	if err != nil {
		e.b.Fatal(err)
	}
	components, err := chosen(plan, nil)
	if err != nil {
		e.b.Fatal(err)
	}
	p := newParts(c, plan)
	pins, _, err := e.app.pins(e.b.Context(), c, p, plan, components, "")
	if err != nil || len(pins) != 4 {
		e.b.Fatalf("pins %v: %v", pins, err)
	}
	if s, err = e.app.begin(c, p, id, doc, plan, run.RunStarted{Only: true, Pins: pins, Auto: run.PolicyAuto}, journal.Options{}); err != nil {
		e.b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(e.b.Context())
	join := s.start(ctx)
	return s, func() {
		cancel()
		join()
		if err := s.end(); err != nil {
			e.b.Fatal(err)
		}
	}
}
