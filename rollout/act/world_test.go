package act_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/act"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const shop = `
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {allocatable: {cpu: "64", memory: 256Gi, pods: "500"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: flags, namespace: shop}
data:
  flags.json: |
    {
      "note": "not ours",
      "flags": {
        "lobby": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"}
      }
    }
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: restore, namespace: shop}
spec:
  schedule: '0 3 * * *'
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec: {restartPolicy: Never, containers: [{name: restore, image: 'registry.example/restore:v1'}]}
`

var env = runbook.Environment{Name: "production", Namespace: "shop"}

// world is a practice cluster on a virtual clock, and a Worker on it.
type world struct {
	t        *testing.T
	ctx      context.Context
	clock    *practice.Jumping
	server   *kubeapi.Server
	client   kubernetes.Interface // of somebody else
	clusters *kube.Clusters
	behave   kubeapi.Behaviour
	answer   func(*http.Request) (*http.Response, error) // of the network
	runs     func(context.Context, process.Command) (process.Output, error)
	vars     map[string]string

	mu      sync.Mutex
	asked   []*http.Request
	bodies  []string
	ran     []process.Command
	outputs []string
	files   map[string]string
	seen    []run.Observation
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.asked, w.bodies = append(w.asked, r), append(w.bodies, string(body))
	w.mu.Unlock()
	return w.answer(r)
}

func (w *world) Run(ctx context.Context, c process.Command) (process.Output, error) {
	w.mu.Lock()
	w.ran = append(w.ran, c)
	w.mu.Unlock()
	return w.runs(ctx, c)
}

func says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) { return response(r, status, body), nil }
}

func response(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// inTurn answers with one after the other, the last again and again.
func inTurn(all ...func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	n := 0
	return func(r *http.Request) (*http.Response, error) {
		f := all[min(n, len(all)-1)]
		n++
		return f(r)
	}
}

func breaks(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{
			t: t, ctx: ctx, clock: practice.NewJumping(time.Date(2026, 3, 13, 16, 30, 0, 0, time.UTC)), files: map[string]string{},
			vars: map[string]string{}, behave: kubeapi.Behaviour{Ends: 20 * time.Second, Log: []string{"restoring", "password=hunter2secret", "done"}},
			answer: says(200, "ok"), runs: func(context.Context, process.Command) (process.Output, error) { return process.Output{}, nil },
		}
		w.server = kubeapi.New(kubeapi.Options{Clock: w.clock, Seed: 7, Behaviour: func(kubeapi.Container) kubeapi.Behaviour { return w.behave }})
		w.clock.AddIdle(w.server.Quiet)
		if err := w.server.CreateFromYAML([]byte(shop)); err != nil {
			t.Fatal(err)
		}
		w.server.Start(ctx)
		w.client = kubernetes.NewForConfigOrDie(w.server.RESTConfig())
		w.clusters = kube.NewClusters(func(runbook.Environment) (*rest.Config, error) { return w.server.RESTConfig(), nil }, w.clock)
		w.clock.AddIdle(func() bool { return w.clusters.Settled(w.server.CaughtUp) })
		w.clock.Run(func() { f(w) })
		w.clusters.Close()
		cancel()
		time.Sleep(time.Second) // the bubble's: lets the clock come to rest
		synctest.Wait()
	})
}

// hold takes the environment's lock for the rest of the test.
func (w *world) hold() {
	cluster, err := w.clusters.Get(env)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Go(func() {
		_ = cluster.KeepLock(w.ctx, kube.Holder{Identity: "test", Run: "R"}, func(kube.LockChange) {})
	})
	if err := cluster.AwaitLock(w.ctx, time.Minute); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) worker() *act.Worker {
	return act.New(act.Sources{
		Clusters: w.clusters, HTTP: w, Programs: w, Clock: w.clock, Variable: func(name string) string { return w.vars[name] },
		Output: func(data []byte) (string, error) { w.outputs = append(w.outputs, string(data)); return "sha", nil },
		File:   func(name string, data []byte) error { w.files[name] = string(data); return nil },
	})
}

// do does a work and returns its outcome.
func (w *world) do(body run.Body) run.Acted {
	w.t.Helper()
	var last run.Acted
	err := w.worker().Do(w.ctx, run.Work{ID: "w", Body: body}, func(o run.Observation) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, o)
		if a, ok := o.(run.Acted); ok {
			last = a
		}
	})
	if err != nil {
		w.t.Fatalf("Do: %v", err)
	}
	return last
}

// expect fails unless an outcome is as it should be and says the words.
func (w *world) expect(got run.Acted, stage run.ActionStage, words ...string) {
	w.t.Helper()
	text := fmt.Sprintf("%+v", got)
	if got.Outcome != stage {
		w.t.Errorf("it is %s, want %s: %s", got.Outcome, stage, text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			w.t.Errorf("it does not say %q: %s", word, text)
		}
	}
}

// hides fails when anything that was reported or kept has the secret in it.
func (w *world) hides(secrets ...string) {
	w.t.Helper()
	text := fmt.Sprintf("%+v %v", w.seen, w.outputs)
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			w.t.Errorf("%q shows in %s", secret, text)
		}
	}
}

func (w *world) flags() (*corev1.ConfigMap, string) {
	m, err := w.client.CoreV1().ConfigMaps("shop").Get(w.ctx, "flags", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return m, m.Data["flags.json"]
}

func (w *world) jobs() int {
	list, err := w.client.BatchV1().Jobs("shop").List(w.ctx, metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list.Items)
}

var errCut = errors.New("connection reset by peer")
