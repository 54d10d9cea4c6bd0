package watch_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/promapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestATickIsOneQuery(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		samples := w.sample(t, 5*time.Minute-time.Second, errorRate, p95, throughput)
		if len(samples) != 20 || len(w.asked()) != 20 {
			t.Errorf("%d samples, want 20 of one query each", len(samples))
		}
		for i, s := range samples {
			if want := w.start.Add(time.Duration(i) * 15 * time.Second); !s.At.Equal(want) {
				t.Errorf("sample %d at %s, want %s", i, s.At, want)
			}
			e, l, r := s.Points["error-rate"], s.Points["p95"], s.Points["throughput"]
			if e.State != run.PointOK || e.Value <= 0 || e.Value > 0.1 || math.Abs(e.Value-100*e.Num/e.Den) > 1e-12 {
				t.Errorf("error rate %+v, want some 0.04 %%", e)
			}
			if l.State != run.PointOK || l.Value < 0.08 || l.Value > 0.15 || r.State != run.PointOK || math.Abs(r.Value-240) > 15 || r.Value != e.Den {
				t.Errorf("p95 %+v, requests %+v of %v", l, r, e.Den)
			}
		}
	})
}

func TestABadQueryIsUnknownAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var perTick []int
		for _, s := range w.sample(t, 5*time.Second, errorRate, broken) {
			perTick = append(perTick, len(w.asked()))
			if s.Points["error-rate"].State != run.PointOK {
				t.Errorf("the good one: %+v", s.Points["error-rate"])
			}
			if p := s.Points["broken"]; p.State != run.PointUnknown || !strings.Contains(string(p.Why), "does not accept the query") {
				t.Errorf("the bad one: %+v", p)
			}
		}
		if len(perTick) != 1 || perTick[0] != 4 {
			t.Errorf("%v queries, want 4: the batch and each by itself", perTick)
		}
		w.sample(t, 20*time.Second, errorRate, broken)
		if n := len(w.asked()); n != 6 {
			t.Errorf("%d queries in two ticks, want 4 and then 2: the good ones together, the bad one alone", n)
		}
	})
}

func TestAnAnswerThatSaysNothing(t *testing.T) {
	requests := `sum(rate(http_requests_total[2m]))`
	for _, c := range []struct {
		name   string
		metric runbook.Metric
		state  run.PointState
		value  float64
		why    string
	}{
		{"no series", query(`sum(rate(http_request_total[2m]))`), run.PointInconclusive, 0, "no series matches the query sum(rate(http_request_total[2m])): a mistyped label?"},
		{"NaN", query(`vector(0) / vector(0)`), run.PointInconclusive, 0, "NaN"},
		{"infinite", query(`vector(1) / vector(0)`), run.PointInconclusive, 0, "+Inf"},
		{"several series", query(`up`), run.PointInconclusive, 0, `4 series where one is expected, up{component="api"`},
		{"a scalar", query(`42`), run.PointOK, 42, ""},
		{"a name label", query(`max(up)`), run.PointOK, 1, ""},
		{"a text", query(`"hello"`), run.PointUnknown, 0, "numbers"},
		{"0/0", share(`vector(0)`, `vector(0)`), run.PointInconclusive, 0, "0/0"},
		{"nothing of no requests", share(`nosuch`, `vector(0)`), run.PointInconclusive, 0, "0/0"},
		{"events without requests", share(`vector(3)`, `vector(0)`), run.PointInconclusive, 0, "3/0 cannot be divided"},
		{"negative", share(`vector(3)`, `vector(-1)`), run.PointInconclusive, 0, "cannot be divided"},
		{"a mistyped numerator", share(`sum(rate(http_requests_total{staus="500"}[2m]))`, requests), run.PointInconclusive, 0, "had none within 24 h"},
		{"a mistyped denominator", share(`vector(1)`, `sum(rate(http_requests_total{job="apo"}[2m]))`), run.PointInconclusive, 0, "the denominator"},
		{"a share", share(`vector(1)`, `vector(8)`), run.PointOK, 12.5, ""},
		{"several numerators", share(`up`, `vector(8)`), run.PointInconclusive, 0, "4 series"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				p := w.one(t, c.metric)
				if p.State != c.state || p.Value != c.value || !strings.Contains(string(p.Why), c.why) || (c.why == "") != (p.Why == "") {
					t.Errorf("got %+v, want %s %v %q", p, c.state, c.value, c.why)
				}
			})
		})
	}
}

func TestAMissingNumerator(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		m := share(`sum(rate(http_requests_total{version="v2",status=~"5.."}[2m]))`, `sum(rate(http_requests_total[2m]))`)
		w.sample(t, 2*time.Minute, m)
		if n := counting(w.asked(), "count_over_time"); n != 1 {
			t.Errorf("asked %d times whether it was ever there, want once", n)
		}
		if p := w.one(t, m); p.State != run.PointInconclusive {
			t.Errorf("never there: %+v", p)
		}
		zero := m
		zero.Absent = "zero"
		if p := w.one(t, zero); p.State != run.PointOK || p.Value != 0 {
			t.Errorf("absent: zero gives %+v", p)
		}
		w.Observe(time.Now(), pod(0, "v2"), promapi.Ready)
		time.Sleep(time.Minute)
		if p := w.one(t, m); p.State != run.PointOK {
			t.Errorf("there: %+v", p)
		}
		w.Observe(time.Now(), pod(0, "v2"), promapi.Absent)
		time.Sleep(10 * time.Minute)
		w.asked()
		if p := w.one(t, m); p.State != run.PointOK || p.Value != 0 {
			t.Errorf("gone: %+v", p)
		}
		if n := counting(w.asked(), "count_over_time"); n != 0 {
			t.Errorf("asked %d times whether it was ever there, having seen it", n)
		}
		other := newWorld(bubbleClock{}, nil) // a worker that has seen nothing itself asks
		other.Observe(w.start.Add(-20*time.Minute), pod(0, "v2"), promapi.Ready)
		other.Observe(w.start.Add(-10*time.Minute), pod(0, "v2"), promapi.Absent)
		if p := other.one(t, m); p.State != run.PointOK || p.Value != 0 {
			t.Errorf("there before: %+v", p)
		}
	})
}

func TestARefusedLookIntoThePastIsAskedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.override = func(q string) (string, bool) {
			return `{"status":"error","errorType":"execution","error":"too many samples"}`, strings.Contains(q, "count_over_time")
		}
		m := share(`nosuch`, `vector(1)`)
		for _, s := range w.sample(t, 89*time.Second, m) {
			if p := s.Points["m"]; p.State != run.PointUnknown || !strings.Contains(string(p.Why), "could not be asked") {
				t.Errorf("got %+v", p)
			}
		}
		if n := counting(w.asked(), "count_over_time"); n != 2 {
			t.Errorf("asked %d times in six ticks, want at once and a minute later", n)
		}
	})
}

func TestAnUnreachableServerIsUnknown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.Break(promapi.Outage{Trouble: promapi.Down, Start: w.start, For: 40 * time.Second})
		samples := w.sample(t, time.Minute, errorRate, p95)
		if len(samples) != 4 || len(w.asked()) != 4 {
			t.Fatalf("%d samples, want 4 of one query each", len(samples))
		}
		for i, s := range samples {
			want := run.PointUnknown
			if i == 3 {
				want = run.PointOK
			}
			for name, p := range s.Points {
				if p.State != want || p.Value != 0 && want != run.PointOK {
					t.Errorf("sample %d, %s: %+v, want %s", i, name, p, want)
				}
			}
		}
	})
}

func TestLateAnswersDoNotPileUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.Break(promapi.Outage{Trouble: promapi.Slow, Delay: time.Minute, Start: w.start.Add(time.Minute), For: 2 * time.Minute})
		unknown := 0
		var last time.Time
		for _, s := range w.sample(t, 5*time.Minute, errorRate, p95) {
			if off := s.At.Sub(w.start) % (15 * time.Second); off != 0 || !s.At.After(last) {
				t.Errorf("a sample at %s, after %s", s.At, last)
			}
			last = s.At
			if s.Points["p95"].State == run.PointUnknown {
				unknown++
			}
		}
		// Each of them took 20 s: the batch timed out, and so did each query by itself.
		if unknown != 4 || last.Sub(w.start) != 5*time.Minute-15*time.Second {
			t.Errorf("%d samples are unknown, want 4; the last at %s", unknown, last.Sub(w.start))
		}
	})
}

func TestARestartIsNoSpike(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		for i := range 4 { // the counters of all pods start again from nothing
			w.Observe(w.start.Add(time.Minute), pod(i, "v1"), promapi.Waiting)
			w.Observe(w.start.Add(time.Minute+20*time.Second), pod(i, "v1"), promapi.Ready)
		}
		for _, s := range w.sample(t, 5*time.Minute, errorRate, throughput) {
			if e, r := s.Points["error-rate"], s.Points["throughput"]; e.Value > 0.15 || r.Value > 300 {
				t.Errorf("%s after the start: %+v, %+v", s.At.Sub(w.start), e, r)
			}
		}
	})
}

func TestABadReleaseShows(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.Inject(promapi.Effect{Version: "v2", Errors: 0.25})
		w.Observe(w.start, pod(0, "v1"), promapi.Absent)
		w.Observe(w.start, pod(0, "v2"), promapi.Ready)
		samples := w.sample(t, 5*time.Minute, errorRate)
		if p := samples[len(samples)-1].Points["error-rate"]; p.State != run.PointOK || math.Abs(p.Value-6.25) > 0.5 {
			t.Errorf("a quarter of a quarter fails: %+v", p)
		}
	})
}

// TestTheVirtualClock holds the worker to the rules of a clock that jumps only when it knows that nobody is busy.
func TestTheVirtualClock(t *testing.T) {
	clock := practice.NewJumping(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	w := newWorld(clock, func(ctx context.Context, d time.Duration) error { return clock.Wait(ctx, d, nil) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at []time.Duration
	clock.Run(func() {
		work := run.Work{Body: run.SampleWork{Env: w.env(), Metrics: []runbook.Metric{errorRate, broken}}}
		err := w.worker.Do(ctx, work, func(o run.Observation) {
			at = append(at, o.(run.Sampled).Sample.At.Sub(w.start))
			if len(at) == 100 {
				cancel()
			}
		})
		if err != context.Canceled {
			t.Errorf("ended with %v", err)
		}
	})
	if len(at) != 100 || at[99] != 99*15*time.Second {
		t.Errorf("samples at %v", at)
	}
}

func TestOtherWorkIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := newWorld(bubbleClock{}, nil).worker.Do(t.Context(), run.Work{ID: "lock", Body: run.LockWork{}}, func(run.Observation) {})
		if err == nil || !strings.Contains(err.Error(), "do the work lock") {
			t.Errorf("got %v", err)
		}
	})
}
