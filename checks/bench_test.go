package checks

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"k8s.io/client-go/rest"
)

var monday = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// bench is a Worker in virtual time with everything it asks played by the test.
type bench struct {
	t        *testing.T
	clock    *practice.Jumping
	http     http.RoundTripper
	clusters *kube.Clusters
	network  network
	plan     *runbook.Plan
	files    fs.FS
	variable map[string]string
	more     func(*Sources) // opens and closes further doors
	needs    []run.Need     // what the run's own steps need
}

func newBench(t *testing.T) *bench {
	rb := &runbook.Runbook{}
	for _, name := range []string{"api", "worker"} {
		rb.Components.Set(name, runbook.Component{Name: name, Workload: "deployment/" + name})
	}
	env := runbook.Environment{Name: "production", Namespace: "production", Prometheus: runbook.Prometheus{URL: "http://prom.example"}}
	rb.Environments.Set("production", env)
	return &bench{
		t: t, clock: practice.NewJumping(monday), plan: &runbook.Plan{Runbook: rb, Environment: "production", Digest: "abc"},
		http: serve(func(w http.ResponseWriter, r *http.Request) {
			t.Errorf("an unexpected request: %s %s", r.Method, r.URL)
		}),
		network: network{dial: unexpectedDial(t), resolver: zone{}},
	}
}

func (b *bench) worker() *Worker {
	s := Sources{Clusters: b.clusters, Prom: prom.NewClients(b.http, b.clock), HTTP: b.http, Files: b.files, Variable: func(name string) string { return b.variable[name] }, Clock: b.clock}
	s = b.network.open(s)
	if b.more != nil {
		b.more(&s)
	}
	return New(s, b.plan)
}

func (b *bench) work(c runbook.Check) run.Work {
	return run.Work{ID: "check", Body: run.CheckWork{Step: "step", Check: c, Env: b.plan.Env("production"), Needs: b.needs}}
}

// look does one look and checks what holds for every result.
func (b *bench) look(c runbook.Check) (r run.Result) {
	b.t.Helper()
	b.clock.Run(func() { r = b.lookNow(c) })
	return r
}

// lookNow is look for a goroutine of the clock: what it did before in this instant is all that has happened.
func (b *bench) lookNow(c runbook.Check) run.Result {
	b.t.Helper()
	work := b.work(c)
	body := work.Body.(run.CheckWork)
	body.Once = true
	work.Body = body
	var got []run.Checked
	if err := b.worker().Do(context.Background(), work, func(o run.Observation) { got = append(got, o.(run.Checked)) }); err != nil {
		b.t.Errorf("Do: %v", err)
	}
	if len(got) != 1 {
		b.t.Errorf("%d reports for one look", len(got))
		return run.Result{}
	}
	b.inspect(got[0].Result)
	return got[0].Result
}

// inspect checks what must hold for every result.
func (b *bench) inspect(r run.Result) {
	b.t.Helper()
	if r.Summary == "" {
		b.t.Error("a result without a summary")
	}
	for _, e := range append(r.Evidence, run.Evidence{Observed: r.Summary}) {
		for _, text := range []run.Safe{e.Observed, e.Expected, e.Source, e.Query} {
			if strings.IndexFunc(string(text), func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) >= 0 {
				b.t.Errorf("a control character in %q", text)
			}
			if len(text) > 4*maxQuery {
				b.t.Errorf("a text of %d bytes", len(text))
			}
		}
	}
}

// moment is one report with its time since the beginning.
type moment struct {
	after  time.Duration
	status run.Status
}

// follow runs a check until so many reports have come.
func (b *bench) follow(c runbook.Check, reports int) []moment {
	b.t.Helper()
	var got []moment
	begin := b.clock.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.clock.Run(func() {
		err := b.worker().Do(ctx, b.work(c), func(o run.Observation) {
			r := o.(run.Checked).Result
			b.inspect(r)
			got = append(got, moment{b.clock.Now().Sub(begin), r.Status})
			if len(got) == reports {
				cancel()
			}
		})
		if err != context.Canceled {
			b.t.Errorf("Do ended with %v", err)
		}
	})
	return got
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// serve answers in process.
func serve(h http.HandlerFunc) transport {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h(w, r)
		resp := w.Result()
		resp.Request = r
		return resp, nil
	}
}

// says answers every request with one status and body.
func says(status int, body string) transport {
	return serve(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			io.WriteString(w, body)
		}
	})
}

// fails answers nothing.
func fails(err error) transport {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs answers when the request's context ends.
func (b *bench) hangs() transport {
	return func(r *http.Request) (*http.Response, error) { return nil, b.clock.Wait(r.Context(), -1, nil) }
}

// endless answers with a body that does not end.
func endless(b byte) transport {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(repeat(b)), Request: r}, nil
	}
}

type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// want checks a result's status and that its summary and evidence hold some words.
func want(t *testing.T, r run.Result, status run.Status, words ...string) {
	t.Helper()
	if r.Status != status {
		t.Errorf("got %s (%s), want %s", r.Status, r.Summary, status)
	}
	text := shown(r)
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in %q", word, text)
		}
	}
}

// shown is all text of a result.
func shown(r run.Result) string {
	lines := []string{string(r.Summary)}
	for _, e := range r.Evidence {
		lines = append(lines, string(e.Observed), string(e.Expected), string(e.Source), string(e.Query))
	}
	return strings.Join(lines, "\n")
}

func params(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func kindNamed(name string) kind {
	for _, k := range kinds() {
		if k.Name == name {
			return k
		}
	}
	return kind{}
}

// bareWorker is a Worker of a plan whose sources are never asked.
func bareWorker(t *testing.T, plan *runbook.Plan) *Worker {
	b := newBench(t)
	b.plan = plan
	b.more = func(s *Sources) { s.Programs = programs(nil) }
	b.clusters = kube.NewClusters(func(runbook.Environment) (*rest.Config, error) {
		return &rest.Config{Host: "http://nowhere.example"}, nil
	}, b.clock)
	return b.worker()
}

func workOf(plan *runbook.Plan, c runbook.Check) run.CheckWork {
	return run.CheckWork{Step: "step", Check: c, Env: plan.Env("production"), Once: true}
}
