package watch_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/promapi"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/rollout/watch"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestABaselineOfAHealthyHalfHour(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		taken := w.baseline(t, 30*time.Minute, errorRate, p95)
		base := taken.Baseline
		if taken.Err != "" || !base.To.Equal(w.start) || !base.From.Equal(w.start.Add(-30*time.Minute)) {
			t.Fatalf("got %+v", taken)
		}
		e, l := base.Metrics["error-rate"], base.Metrics["p95"]
		if e.Refused != "" || e.Broken || e.Coverage != 1 || math.Abs(e.Mean-0.04) > 0.01 || e.Low > e.Mean || e.High < e.Mean || len(e.Points) != 121 {
			t.Errorf("error rate: %+v", e)
		}
		if l.Refused != "" || l.Broken || l.Coverage != 1 || l.Mean < 0.08 || l.Mean > 0.15 || l.Low > l.Mean || l.High < l.Mean {
			t.Errorf("p95: %+v", l)
		}
		if first, last := e.Points[0].T, e.Points[120].T; first != base.From.Unix() || last != base.To.Unix() {
			t.Errorf("points from %d to %d", first, last)
		}
	})
}

func TestABaselineTakesWhatThereIs(t *testing.T) {
	young := share(`sum(rate(http_requests_total{version="v2",status=~"5.."}[1m]))`, `sum(rate(http_requests_total{version="v2"}[1m]))`)
	for _, c := range []struct {
		age     time.Duration
		refused string
	}{{10 * time.Minute, ""}, {4 * time.Minute, ""}, {2 * time.Minute, ""}, {20 * time.Second, "30s are needed"}, {0, "no series matches the query"}} {
		inBubble(t, func(t *testing.T, w *world) {
			if c.age > 0 {
				w.Observe(w.start.Add(-c.age), pod(0, "v2"), promapi.Ready)
			}
			m := w.baseline(t, 30*time.Minute, young).Baseline.Metrics["m"]
			if !strings.Contains(string(m.Refused), c.refused) || (c.refused == "") != (m.Refused == "") {
				t.Errorf("of %s: refused %q, want %q", c.age, m.Refused, c.refused)
			}
			if c.refused == "" && m.Coverage != 1 {
				t.Errorf("of %s: coverage %v, want all since it was there", c.age, m.Coverage)
			}
		})
	}
}

func TestABaselineIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		metric  runbook.Metric
		refused string
	}{
		{"too many gaps", query(`sum(rate(http_requests_total[2m])) and on () (vector(time()) % 120 < 60)`), "have a value"},
		{"not a number", query(`vector(0) / vector(0)`), "only 0 % of its points have a value: the value is NaN"},
		{"several series", query(`up`), "4 series where one is expected"},
		{"no traffic", share(`vector(0)`, `vector(0)`), "0/0"},
		{"a bad query", query(`sum(`), "does not accept the query"},
		{"a mistyped numerator", share(`nosuch`, `sum(rate(http_requests_total[2m]))`), "a mistyped label?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				taken := w.baseline(t, 10*time.Minute, c.metric, p95)
				if got := taken.Baseline.Metrics["m"]; !strings.Contains(string(got.Refused), c.refused) || got.Refused == "" {
					t.Errorf("refused %q, want %q; %+v", got.Refused, c.refused, got)
				}
				if other := taken.Baseline.Metrics["p95"]; taken.Err != "" || other.Refused != "" {
					t.Errorf("it spoils another: %q, %q", taken.Err, other.Refused)
				}
			})
		})
	}
}

func TestABaselineOfNoErrorsAtAll(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		m := share(`nosuch`, `sum(rate(http_requests_total[2m]))`)
		m.Absent = "zero"
		if b := w.baseline(t, 10*time.Minute, m).Baseline.Metrics["m"]; b.Refused != "" || b.Coverage != 1 || b.Mean != 0 {
			t.Errorf("got %+v", b)
		}
	})
}

func TestABrokenObjectiveIsSaid(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		m := p95
		m.Objective = "< 10ms"
		if b := w.baseline(t, 10*time.Minute, m).Baseline.Metrics["p95"]; !b.Broken || b.Refused != "" {
			t.Errorf("got %+v", b)
		}
	})
}

func TestTheMeanOfARatioIsThatOfAllRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		// 100 errors of 1000 requests at one step in four, 1 of 1 at the others.
		m := share(`100 * (vector(time()) % 60 < bool 15) + (vector(time()) % 60 >= bool 15)`,
			`1000 * (vector(time()) % 60 < bool 15) + (vector(time()) % 60 >= bool 15)`)
		b := w.baseline(t, 9*time.Minute+45*time.Second, m).Baseline.Metrics["m"]
		if want := 100 * 103.0 / 1003; math.Abs(b.Mean-want) > 1e-9 || b.Low != 10 || b.High != 100 {
			t.Errorf("mean %v, want %v; %+v", b.Mean, want, b)
		}
	})
}

func TestNoBaselineFromAServerThatIsDown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.Break(promapi.Outage{Trouble: promapi.Down, Start: w.start})
		taken := w.baseline(t, 10*time.Minute, errorRate)
		if !strings.Contains(string(taken.Err), "reach Prometheus") || taken.Baseline.Metrics != nil {
			t.Errorf("got %+v", taken)
		}
	})
}

func TestNoBaselineFromAServerThatGoesAway(t *testing.T) {
	for _, during := range []string{"histogram_quantile", "ALERTS", "time()"} {
		inBubble(t, func(t *testing.T, w *world) {
			w.refuse = during
			if taken := w.baseline(t, 10*time.Minute, errorRate, p95); !strings.Contains(string(taken.Err), "reach Prometheus") || taken.Baseline.Metrics != nil {
				t.Errorf("during %s: %+v", during, taken)
			}
		})
	}
}

func TestAlertsRefuseABaseline(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.override = func(q string) (string, bool) {
			return `{"status":"success","data":{"resultType":"vector","result":[
				{"metric":{"alertname":"TooSlow"},"value":[0,"1"]},{"metric":{"alertname":"DiskFull"},"value":[0,"3"]}]}}`, strings.Contains(q, "ALERTS{")
		}
		b := w.baseline(t, 10*time.Minute, errorRate).Baseline.Metrics["error-rate"]
		if b.Refused != "alerts fired during the baseline: DiskFull and 1 more" || len(b.Points) == 0 {
			t.Errorf("got %+v", b)
		}
		if q := w.asked(); counting(q, `namespace=~"|production"`) != 1 || counting(q, `[600s]`) != 1 {
			t.Errorf("asked %q", q)
		}
	})
}

// laterClock is ahead of the server by an hour.
type laterClock struct{ bubbleClock }

func (laterClock) Now() time.Time { return time.Now().Add(time.Hour) }

func TestAWrongClockOnThisSide(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		clock := laterClock{}
		w.worker = watch.New(prom.NewClients(w, clock), clock)
		var base run.Baseline
		work := run.Work{Body: run.BaselineWork{Env: w.env(), Metrics: []runbook.Metric{errorRate}, To: clock.Now(), Length: 10 * time.Minute}}
		if err := w.worker.Do(t.Context(), work, func(o run.Observation) { base = o.(run.BaselineTaken).Baseline }); err != nil {
			t.Fatal(err)
		}
		b := base.Metrics["error-rate"]
		if b.Coverage != 1 || len(b.Points) != 41 || b.Points[40].T != clock.Now().Unix() {
			t.Errorf("got %+v", b)
		}
		if s := w.sample(t, time.Second, errorRate)[0]; s.Points["error-rate"].State != run.PointOK || !s.At.Equal(clock.Now().Add(-time.Second)) {
			t.Errorf("got %+v at %s", s, s.At)
		}
	})
}

func TestABaselineFitsIntoARecord(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var six []runbook.Metric
		for i := range 6 {
			m := query(fmt.Sprintf("vector(time()) * -1.23456789e-7 / %d", i+1))
			m.Name = fmt.Sprintf("metric-%d", i)
			six = append(six, m)
		}
		base := w.baseline(t, 6*time.Hour, six...).Baseline
		text, err := json.Marshal(base)
		if err != nil || len(text) > 48<<10 {
			t.Errorf("%d bytes, %v", len(text), err)
		}
		b := base.Metrics["metric-0"]
		if n := len(b.Points); n < 100 || b.Points[n-1].T != w.start.Unix() || b.Coverage != 1 {
			t.Errorf("%d points to %+v", n, b.Points[n-1])
		}
	})
}
