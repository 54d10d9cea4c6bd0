package watch_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/promapi"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/rollout/watch"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// bubbleClock is the time of a synctest bubble.
type bubbleClock struct{}

type bubbleSignal chan struct{}

func (s bubbleSignal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

func (bubbleClock) Now() time.Time        { return time.Now() }
func (bubbleClock) Go(f func())           { go f() }
func (bubbleClock) NewSignal() run.Signal { return make(bubbleSignal, 1) }

func (bubbleClock) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	var after <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	set, _ := s.(bubbleSignal)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-after:
	case <-set:
	}
	return nil
}

// world is a Prometheus in process, with a healthy api in production: 240 requests/s of which 0.04 % fail.
type world struct {
	*promapi.Server
	start  time.Time
	worker *watch.Worker

	mu       sync.Mutex
	queries  []string
	override func(query string) (body string, ok bool)
	refuse   string // requests whose query contains it are not answered
}

// inBubble runs f with a world whose time is the bubble's.
func inBubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(bubbleClock{}, nil)) })
}

func newWorld(clock run.Clock, wait func(context.Context, time.Duration) error) *world {
	w := &world{start: clock.Now()}
	w.Server = promapi.New(promapi.Options{Now: clock.Now, Wait: wait, Start: w.start, Seed: 7, Loads: []promapi.Load{{
		Namespace: "production", Component: "api", Rate: 240,
		Behaviour: promapi.Behaviour{ErrorRatio: 0.0004, Median: 50 * time.Millisecond, CPU: 0.2, Memory: 180 << 20},
	}}})
	for i := range 4 {
		w.Observe(w.start.Add(-time.Hour), pod(i, "v1"), promapi.Ready)
	}
	w.worker = watch.New(prom.NewClients(w, clock), clock)
	return w
}

func pod(i int, version string) promapi.Pod {
	return promapi.Pod{Namespace: "production", Component: "api", Name: fmt.Sprintf("api-%s-%d", version, i), Version: version}
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	query := r.FormValue("query")
	w.mu.Lock()
	w.queries = append(w.queries, query)
	override := w.override
	down := w.Outage().Trouble == promapi.Down || w.refuse != "" && strings.Contains(query, w.refuse)
	w.mu.Unlock()
	rec := httptest.NewRecorder()
	if override != nil {
		if body, ok := override(query); ok {
			rec.WriteString(body)
			return rec.Result(), nil
		}
	}
	if down {
		return nil, syscall.ECONNREFUSED
	}
	w.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// asked are the queries since the last call.
func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.queries
	w.queries = nil
	return q
}

func (w *world) env() runbook.Environment {
	return runbook.Environment{Name: "production", Namespace: "production", Prometheus: runbook.Prometheus{URL: "http://prom.example"}}
}

// sample watches the metrics for that long and returns all that was seen.
func (w *world) sample(t *testing.T, d time.Duration, metrics ...runbook.Metric) []run.Sample {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d-time.Millisecond) // so that its end is no tick
	defer cancel()
	var got []run.Sample
	work := run.Work{ID: "sample", Body: run.SampleWork{Env: w.env(), Metrics: metrics, Every: 15 * time.Second}}
	if err := w.worker.Do(ctx, work, func(o run.Observation) { got = append(got, o.(run.Sampled).Sample) }); err != context.DeadlineExceeded {
		t.Fatalf("sampling ended with %v", err)
	}
	time.Sleep(time.Millisecond)
	return got
}

// one takes a single sample of one metric.
func (w *world) one(t *testing.T, m runbook.Metric) run.Point {
	t.Helper()
	return w.sample(t, time.Second, m)[0].Points[m.Name]
}

// baseline takes the baseline of the last d.
func (w *world) baseline(t *testing.T, d time.Duration, metrics ...runbook.Metric) run.BaselineTaken {
	t.Helper()
	var got []run.BaselineTaken
	work := run.Work{ID: "baseline", Body: run.BaselineWork{Step: "execute", Env: w.env(), Metrics: metrics, To: time.Now(), Length: d, Every: 15 * time.Second}}
	if err := w.worker.Do(t.Context(), work, func(o run.Observation) { got = append(got, o.(run.BaselineTaken)) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Step != "execute" || got[0].Env != "production" {
		t.Fatalf("got %d baselines: %+v", len(got), got)
	}
	synctest.Wait()
	return got[0]
}

var (
	errorRate = runbook.Metric{
		Name: "error-rate", Title: "Error rate", Unit: "percent", Objective: "< 0.1%",
		Numerator:   `sum(rate(http_requests_total{namespace="production",status=~"5.."}[2m])) # server's fault`,
		Denominator: `sum(rate(http_requests_total{namespace="production"}[2m]))`,
	}
	p95 = runbook.Metric{
		Name: "p95", Title: "p95", Unit: "seconds", Objective: "< 200ms",
		Query: `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="production"}[2m])))`,
	}
	throughput = runbook.Metric{
		Name: "throughput", Title: "Requests", Unit: "per-second",
		Query: `sum(rate(http_requests_total{namespace="production"}[2m]))`,
	}
	broken = runbook.Metric{Name: "broken", Unit: "count", Query: `sum(`}
)

// query is a metric of a single query.
func query(q string) runbook.Metric { return runbook.Metric{Name: "m", Unit: "count", Query: q} }

// share is a metric of two.
func share(num, den string) runbook.Metric {
	return runbook.Metric{Name: "m", Unit: "percent", Numerator: num, Denominator: den}
}

func counting(queries []string, part string) (n int) {
	for _, q := range queries {
		if strings.Contains(q, part) {
			n++
		}
	}
	return n
}
