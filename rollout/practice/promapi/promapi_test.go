package promapi_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

const (
	errorsOf = `sum(rate(http_requests_total{namespace="production",status=~"5.."}[2m])) / sum(rate(http_requests_total{namespace="production"}[2m]))`
	p95      = `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="production"}[2m])))`
)

var start = time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)

// world is a Server whose clock stands until a test moves it.
type world struct {
	*promapi.Server
	now time.Time
	api v1.API
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{now: start}
	w.Server = promapi.New(promapi.Options{
		Now:   func() time.Time { return w.now },
		Start: start,
		Seed:  seed,
		Loads: []promapi.Load{
			{Namespace: "production", Component: "api", Rate: 240, Behaviour: promapi.Behaviour{ErrorRatio: 0.0004, Median: 50 * time.Millisecond, CPU: 0.2, Memory: 180 << 20}},
			{Namespace: "production", Component: "web", Rate: 120, Behaviour: promapi.Behaviour{ErrorRatio: 0.0002, Median: 60 * time.Millisecond, CPU: 0.2, Memory: 120 << 20}},
		},
	})
	for i := range 8 {
		w.Observe(start.Add(-72*time.Hour), w.pod("api", i, "v1"), promapi.Ready)
	}
	for i := range 4 {
		w.Observe(start.Add(-72*time.Hour), w.pod("web", i, "v1"), promapi.Ready)
	}
	client, err := api.NewClient(api.Config{Address: "http://prometheus.example", RoundTripper: direct{w.Server}})
	if err != nil {
		t.Fatal(err)
	}
	w.api = v1.NewAPI(client)
	return w
}

func (w *world) pod(component string, i int, version string) promapi.Pod {
	return promapi.Pod{Namespace: "production", Component: component, Name: fmt.Sprintf("%s-%s-%d", component, version, i), Version: version}
}

func (w *world) value(t *testing.T, query string) float64 {
	t.Helper()
	v := w.vector(t, query)
	if len(v) != 1 {
		t.Fatalf("%s at %s gives %d series, want 1: %v", query, w.now.Sub(start), len(v), v)
	}
	return float64(v[0].Value)
}

func (w *world) vector(t *testing.T, query string) model.Vector {
	t.Helper()
	v, _, _, err := w.api.Query(t.Context(), query, time.Time{})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v.(model.Vector)
}

// direct sends requests straight to a handler.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func TestHealthyWorldIsCalm(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		w := newWorld(t, seed)
		first := w.value(t, p95)
		if first < 0.08 || first > 0.15 {
			t.Errorf("seed %d: p95 is %.4f s, want 0.08 to 0.15", seed, first)
		}
		for range 120 {
			w.now = w.now.Add(15 * time.Second)
			if v := w.value(t, p95); math.Abs(v/first-1) > 0.05 {
				t.Fatalf("seed %d: p95 went from %.4f to %.4f in a healthy world", seed, first, v)
			}
			if v := w.value(t, errorsOf); v > 0.001 {
				t.Fatalf("seed %d: the error ratio is %.5f in a healthy world", seed, v)
			}
		}
		if v := w.value(t, strings.ReplaceAll(errorsOf, "2m", "30m")); v < 0.0002 || v > 0.0005 {
			t.Errorf("seed %d: the error ratio of half an hour is %.5f, want 0.0002 to 0.0005", seed, v)
		}
		if v := w.value(t, `sum(rate(http_requests_total[5m]))`); math.Abs(v/360-1) > 0.06 {
			t.Errorf("seed %d: %.1f requests per second, want about 360", seed, v)
		}
	}
}

func TestSameSeedSameSamplesHoweverOftenAsked(t *testing.T) {
	play := func(seed uint64, step time.Duration) string {
		w := newWorld(t, seed)
		for _, at := range []time.Duration{3*time.Minute + 2*time.Second, 7 * time.Minute} {
			for next := start.Add(at); w.now.Before(next); {
				w.now = w.now.Add(min(step, next.Sub(w.now)))
				w.vector(t, `up{pod="api-v1-7"}`) // any question makes the samples that are due
			}
			w.Observe(w.now, w.pod("api", int(at.Minutes()), "v2"), promapi.Ready)
			w.Observe(w.now, w.pod("api", int(at.Minutes())/3, "v1"), promapi.Absent)
		}
		w.now = start.Add(10 * time.Minute)
		v, _, _, err := w.api.Query(t.Context(), `{component=~".+"}[20m]`, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return v.String()
	}
	a := play(1, time.Second)
	if b := play(1, time.Hour); a != b {
		t.Error("the same seed gave other samples when asked less often")
	}
	if b := play(2, time.Hour); a == b {
		t.Error("another seed gave the same samples")
	}
	if n := strings.Count(a, "@"); n < 12*30*220 {
		t.Errorf("only %d samples", n)
	}
}

func TestTrafficFollowsReadyPods(t *testing.T) {
	w := newWorld(t, 1)
	w.Inject(promapi.Effect{Version: "v2", Errors: 0.25})
	for i := range 8 {
		w.Observe(w.now, w.pod("api", i, "v2"), promapi.Running)
		if i < 2 {
			w.Observe(w.now, w.pod("api", i, "v2"), promapi.Ready)
			w.Observe(w.now, w.pod("api", i, "v1"), promapi.Absent)
		}
	}
	w.now = w.now.Add(5 * time.Minute)
	share := w.value(t, `sum(rate(http_requests_total{component="api",version="v2"}[2m])) / sum(rate(http_requests_total{component="api"}[2m]))`)
	if math.Abs(share-0.25) > 0.02 {
		t.Errorf("2 of 8 ready pods have %.3f of the traffic, want 0.25", share)
	}
	bad := w.value(t, `sum(rate(http_requests_total{component="api",status=~"5.."}[2m])) / sum(rate(http_requests_total{component="api"}[2m]))`)
	if math.Abs(bad-0.0625) > 0.01 {
		t.Errorf("a quarter of the pods failing a quarter gives %.4f, want 0.0625", bad)
	}
	if n := w.value(t, `count(up{component="api"} == 1)`); n != 14 {
		t.Errorf("%v pods are up, want 14: those that are gone must be stale", n)
	}
	if n := w.value(t, `sum(http_requests_total{pod="api-v2-7"})`); n != 0 {
		t.Errorf("a pod that is not ready served %v requests", n)
	}
	if a, b := w.value(t, `sum(http_requests_total)`), w.value(t, `sum(http_request_duration_seconds_count)`); a != b {
		t.Errorf("%v requests by status, %v by latency", a, b)
	}
}

func TestWaitingAndRestart(t *testing.T) {
	w := newWorld(t, 1)
	p := w.pod("web", 0, "v1")
	w.now = start.Add(time.Minute)
	before := w.value(t, `sum(http_requests_total{pod="web-v1-0"})`)
	w.Observe(w.now, p, promapi.Waiting)
	w.now = w.now.Add(10 * time.Second)
	if up := w.value(t, `up{pod="web-v1-0"}`); up != 0 {
		t.Errorf("up is %v while the container waits", up)
	}
	if v := w.vector(t, `http_requests_total{pod="web-v1-0"}`); len(v) != 0 {
		t.Errorf("a waiting container still has %v", v)
	}
	w.Observe(w.now, p, promapi.Ready)
	w.now = w.now.Add(30 * time.Second)
	after := w.value(t, `sum(http_requests_total{pod="web-v1-0"})`)
	if after <= 0 || after >= before {
		t.Errorf("after a restart the counter went from %v to %v, want a fresh start", before, after)
	}
	if n := w.value(t, `resets(process_cpu_seconds_total{pod="web-v1-0"}[5m])`); n != 1 {
		t.Errorf("%v resets, want 1", n)
	}
}

func TestEffects(t *testing.T) {
	at := start.Add(10 * time.Minute)
	cases := []struct {
		name   string
		effect promapi.Effect
		query  string
		want   map[time.Duration]float64 // since at; within 6 %
	}{
		{
			"ramp of errors",
			promapi.Effect{Ramp: 10 * time.Minute, Errors: 0.2},
			strings.ReplaceAll(errorsOf, "2m", "20s"),
			map[time.Duration]float64{5 * time.Minute: 0.0965, 15 * time.Minute: 0.2},
		},
		{"latency", promapi.Effect{Latency: 3}, p95, map[time.Duration]float64{10 * time.Minute: 0.320}},
		{
			"cpu of one component",
			promapi.Effect{Component: "web", CPU: 4},
			`avg(avg_over_time(process_cpu_usage_cores{component="web"}[1m]))`,
			map[time.Duration]float64{-time.Minute: 0.2, 2 * time.Minute: 0.8},
		},
		{
			"leak",
			promapi.Effect{Leak: 1 << 20, Component: "web"},
			`avg(process_resident_memory_bytes{component="web"}) / 1024 / 1024`,
			map[time.Duration]float64{-time.Minute: 120, 2 * time.Minute: 240},
		},
		{
			"again and again",
			promapi.Effect{Errors: 0.5, For: time.Minute, Every: 3 * time.Minute},
			strings.ReplaceAll(errorsOf, "2m", "20s"),
			map[time.Duration]float64{time.Minute: 0.5, 4 * time.Minute: 0.5},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 5)
			c.effect.Start = at
			w.Inject(c.effect)
			for since, want := range c.want {
				w.now = at.Add(since)
				v, _, _, err := w.api.Query(t.Context(), c.query, w.now)
				if err != nil || len(v.(model.Vector)) != 1 {
					t.Fatal(v, err)
				}
				if got := float64(v.(model.Vector)[0].Value); math.Abs(got/want-1) > 0.06 {
					t.Errorf("%s after: %.4f, want %.4f", since, got, want)
				}
			}
		})
	}
}

func TestOutages(t *testing.T) {
	w := newWorld(t, 1)
	for i, trouble := range []promapi.Trouble{promapi.Unavailable, promapi.Empty, promapi.NotANumber, promapi.Down} {
		w.Break(promapi.Outage{Trouble: trouble, Start: start.Add(time.Duration(i+1) * time.Hour), For: time.Minute})
	}
	w.value(t, p95)
	w.now = start.Add(time.Hour)
	if _, _, _, err := w.api.Query(t.Context(), p95, time.Time{}); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("unavailable: %v, want a 503", err)
	}
	w.now = start.Add(2 * time.Hour)
	if v := w.vector(t, p95); len(v) != 0 {
		t.Errorf("empty: %v", v)
	}
	if v, _, _, err := w.api.LabelValues(t.Context(), "pod", nil, start, w.now); err != nil || len(v) != 0 {
		t.Errorf("empty: label values %v, %v", v, err)
	}
	w.now = start.Add(3 * time.Hour)
	if v := w.value(t, p95); !math.IsNaN(v) {
		t.Errorf("not a number: %v", v)
	}
	w.now = start.Add(4 * time.Hour)
	if w.Outage().Trouble != promapi.Down {
		t.Error("it should be down")
	}
	ts := httptest.NewServer(w.Server)
	_, err := http.Get(ts.URL + "/-/healthy")
	ts.Close()
	if err == nil {
		t.Error("down: got an answer")
	}
	w.now = w.now.Add(time.Minute)
	w.value(t, p95)
}

func TestSlowAnswersEndWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.Break(promapi.Outage{Trouble: promapi.Slow, Start: start, Delay: 20 * time.Second})
		begin := time.Now()
		w.value(t, p95)
		if d := time.Since(begin); d != 20*time.Second {
			t.Errorf("a slow answer took %s, want 20s", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin = time.Now()
		if _, _, _, err := w.api.Query(ctx, p95, time.Time{}); err == nil {
			t.Error("a query outlived its context")
		}
		if d := time.Since(begin); d != time.Second {
			t.Errorf("it took %s to give up, want 1s", d)
		}
	})
}

func TestAlertsComeFromTheSamples(t *testing.T) {
	w := newWorld(t, 1)
	if r, err := w.api.Alerts(t.Context()); err != nil || len(r.Alerts) != 1 || r.Alerts[0].Labels["alertname"] != "Watchdog" {
		t.Fatalf("a healthy world has the alerts %v, %v, want none but the one that always fires", r.Alerts, err)
	}
	w.Inject(promapi.Effect{Start: start, Errors: 0.1})
	w.now = start.Add(3 * time.Minute)
	if got := states(t, w); got != "ErrorRateElevated=pending ErrorRateCritical=pending " {
		t.Errorf("after 3 min: %s", got)
	}
	w.now = start.Add(7 * time.Minute)
	if got := states(t, w); got != "ErrorRateElevated=pending ErrorRateCritical=firing " {
		t.Errorf("after 7 min: %s", got)
	}
	const fired = `count by (alertname) (last_over_time(ALERTS{alertstate="firing",alertname!="Watchdog",namespace=~"production|"}[30m]))`
	if v := w.vector(t, fired); len(v) != 1 || v[0].Metric["alertname"] != "ErrorRateCritical" {
		t.Errorf("ALERTS tells of %v", v)
	}
	if v := w.vector(t, `ALERTS{alertname="ErrorRateElevated"}`); len(v) != 1 || v[0].Metric["alertstate"] != "pending" || v[0].Metric["severity"] != "warning" {
		t.Errorf("ALERTS tells of %v", v)
	}
	if v := w.vector(t, strings.ReplaceAll(fired, "production", "staging")); len(v) != 0 {
		t.Errorf("ALERTS tells of %v in staging", v)
	}
	r, err := w.api.Rules(t.Context(), nil)
	if err != nil || len(r.Groups) != 1 || len(r.Groups[0].Rules) != len(promapi.DefaultRules)+1 {
		t.Errorf("rules: %v, %v", r, err)
	}
}

func states(t *testing.T, w *world) string {
	t.Helper()
	r, err := w.api.Alerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := ""
	for _, a := range r.Alerts {
		if a.Labels["alertname"] == "Watchdog" {
			continue
		}
		if a.Labels["namespace"] != "production" || a.ActiveAt.After(w.now) {
			t.Errorf("odd alert %+v", a)
		}
		s += fmt.Sprintf("%s=%s ", a.Labels["alertname"], a.State)
	}
	return s
}

func TestOldSamplesGo(t *testing.T) {
	w := newWorld(t, 1)
	w.Observe(start, w.pod("api", 0, "v1"), promapi.Absent)
	w.value(t, p95)
	if n := w.value(t, `count_over_time(up{pod="api-v1-1"}[10h])`); n != 541 && n != 540 {
		t.Errorf("%v samples of history, want 45 minutes of them", n)
	}
	w.now = start.Add(3 * time.Hour)
	if n := w.value(t, `count_over_time(up{pod="api-v1-1"}[10h])`); n < 1440 || n > 1600 {
		t.Errorf("%v samples are kept, want 2 hours and a bit", n)
	}
	sets, _, _, err := w.api.Series(t.Context(), []string{`up{component="api"}`}, start.Add(-time.Hour), w.now)
	if err != nil || len(sets) != 7 {
		t.Errorf("%d pods have samples, want 7: %v", len(sets), err)
	}
}
