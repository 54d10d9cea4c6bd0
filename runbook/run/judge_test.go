package run

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook"
)

var judgeStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const tick = 15 * time.Second

func errorRate(trips ...runbook.Trigger) runbook.Metric {
	return runbook.Metric{Name: "errors", Title: "Error rate", Unit: runbook.UnitPercent, Numerator: "n", Denominator: "d", Triggers: trips}
}

func latency(trips ...runbook.Trigger) runbook.Metric {
	return runbook.Metric{Name: "p95", Title: "Response time p95", Unit: runbook.UnitSeconds, Query: "q", Triggers: trips}
}

func trigger(trip string, d time.Duration) runbook.Trigger {
	return runbook.Trigger{Trip: trip, For: runbook.Duration{D: d}, Severity: "critical", Then: "rollback"}
}

func ok(v float64) Point { return Point{State: PointOK, Value: v} }

// rate is v percent of den requests per second.
func rate(v, den float64) Point {
	return Point{State: PointOK, Value: v, Num: v * den / 100, Den: den}
}

var nothing = Point{State: PointInconclusive, Why: "0/0: no requests"}

// series is one sample of the metric a tick.
func series(metric string, points ...Point) []Sample {
	out := make([]Sample, len(points))
	for i, p := range points {
		out[i] = Sample{At: judgeStart.Add(time.Duration(i) * tick), Points: map[string]Point{metric: p}}
	}
	return out
}

func repeated(p Point, n int) []Point {
	out := make([]Point, n)
	for i := range out {
		out[i] = p
	}
	return out
}

func baselineOf(metric string, mean float64) *Baseline {
	return &Baseline{Metrics: map[string]BaselineMetric{metric: {Mean: mean, Low: mean, High: mean, Coverage: 1}}}
}

// follow judges after every sample, as the engine does, and returns how the first trigger stood each time.
func follow(m runbook.Metric, base *Baseline, samples []Sample, lastReady time.Time, warmUp time.Duration, settled bool) []TriggerState {
	var states, last []TriggerState
	for i, s := range samples {
		last = judge([]runbook.Metric{m}, base, samples[:i+1], last, s.At, lastReady, warmUp, settled)
		states = append(states, last[0])
	}
	return states
}

func words(states []TriggerState) string {
	letters := map[TriggerWord]string{TriggerOK: "o", TriggerSuspect: "s", TriggerTripped: "T", TriggerInconclusive: "?"}
	var b strings.Builder
	for _, s := range states {
		b.WriteString(letters[s.State])
	}
	return b.String()
}

func TestJudge(t *testing.T) {
	join := func(parts ...[]Point) (all []Point) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	good, bad := rate(0.05, 40), rate(6, 40)
	pp := errorRate(trigger("> baseline + 5pp", 90*time.Second))
	for _, c := range []struct {
		name   string
		metric runbook.Metric
		base   *Baseline
		points []Point
		want   string
	}{
		{"healthy", pp, baselineOf("errors", 0.05), repeated(good, 8), "oooooooo"},
		{"on the line is not over it", pp, baselineOf("errors", 0.05), repeated(rate(5.05, 40), 8), "oooooooo"},
		{"over for 90 s", pp, baselineOf("errors", 0.05), repeated(bad, 8), "ssssssTT"},
		{"a dip resets", pp, baselineOf("errors", 0.05), join(repeated(bad, 5), repeated(good, 1), repeated(bad, 7)), "sssssossssssT"},
		{"a trip stays", pp, baselineOf("errors", 0.05), join(repeated(bad, 7), repeated(good, 3), repeated(nothing, 9)), "ssssssTTTTTTTTTTTTT"},
		{"a gap neither counts nor resets", pp, baselineOf("errors", 0.05), join(repeated(bad, 3), repeated(nothing, 3), repeated(bad, 2)), "ssssssTT"},
		{"only gaps after one bad point never trip", pp, baselineOf("errors", 0.05), join(repeated(bad, 1), repeated(nothing, 9)), "sssssss???"},
		{"after a long gap the time begins anew", pp, baselineOf("errors", 0.05), join(repeated(bad, 2), repeated(nothing, 7), repeated(bad, 7)), "ssssssss?ssssssT"},
		{"no data at all", pp, baselineOf("errors", 0.05), repeated(nothing, 4), "????"},
		{"the metric is not in the sample", pp, baselineOf("errors", 0.05), repeated(Point{}, 3), "???"},
		{"unknown is not healthy", pp, baselineOf("errors", 0.05), repeated(Point{State: PointUnknown, Why: "down"}, 3), "???"},
		{"NaN that claims to be a value", pp, baselineOf("errors", 0.05), repeated(ok(math.NaN()), 3), "???"},
		{"infinite", pp, baselineOf("errors", 0.05), repeated(ok(math.Inf(1)), 3), "???"},
		{"no baseline", pp, nil, repeated(bad, 8), "????????"},
		{"a baseline without the metric", pp, baselineOf("other", 1), repeated(bad, 8), "????????"},
		{"a refused baseline", pp, &Baseline{Metrics: map[string]BaselineMetric{"errors": {Refused: "alerts fired"}}}, repeated(good, 2), "??"},
		{"an absolute line needs no baseline", errorRate(trigger("> 1%", 0)), nil, join(repeated(good, 1), repeated(bad, 1)), "oT"},
		{"a line that cannot be read", errorRate(trigger("<= 10%", 0)), nil, repeated(good, 2), "??"},
		{"a share of a baseline of 0", latency(trigger("> baseline + 20%", 0)), baselineOf("p95", 0), repeated(ok(1), 2), "??"},
		{"falling", latency(trigger("< baseline - 50%", tick)), baselineOf("p95", 10), join(repeated(ok(6), 1), repeated(ok(4), 2)), "osT"},
		{"for shorter than a tick", errorRate(trigger("> 1%", 10*time.Second)), nil, repeated(bad, 2), "sT"},
	} {
		if got := words(follow(c.metric, c.base, series(c.metric.Name, c.points...), time.Time{}, 0, true)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestJudgeSaysWhatIsBehindAState(t *testing.T) {
	m := errorRate(trigger("> baseline + 5pp", 90*time.Second))
	states := follow(m, baselineOf("errors", 0.05), series("errors", repeated(rate(6, 40), 8)...), time.Time{}, 0, true)
	want := TriggerState{
		Metric: "errors", Severity: "critical", Then: "rollback", State: TriggerTripped, Since: judgeStart,
		Value: 6, Baseline: 0.05, Limit: 5.05, For: 90 * time.Second, Why: "over the line for 1m30s",
	}
	if got := states[7]; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if s := states[2]; s.Why != "over the line for 30s of 1m30s" || !s.Since.Equal(judgeStart) {
		t.Errorf("suspect: %+v", s)
	}
	lost := append(series("errors", rate(6, 40), rate(6, 40)), Sample{
		At:     judgeStart.Add(tick + 2*time.Minute),
		Points: map[string]Point{"errors": {State: PointUnknown, Why: "reach Prometheus: refused"}},
	})
	if s := follow(m, baselineOf("errors", 0.05), lost, time.Time{}, 0, true)[2]; s.Why != "nothing known for 2m0s: reach Prometheus: refused" || s.Value != 6 || !s.Since.IsZero() {
		t.Errorf("lost: %+v", s)
	}
	refused := &Baseline{Metrics: map[string]BaselineMetric{"errors": {Mean: 3, Refused: "alerts fired"}}}
	if s := judge([]runbook.Metric{m}, refused, series("errors", rate(9, 40)), nil, judgeStart, time.Time{}, 0, true)[0]; s.Why != "no baseline to compare with: alerts fired" || s.Baseline != 0 || s.Limit != 0 || s.Value != 9 {
		t.Errorf("refused: %+v", s)
	}
	// A worker that died leaves no sample behind that would say so.
	dead := judge([]runbook.Metric{m}, baselineOf("errors", 0.05), series("errors", rate(0.01, 40)), nil, judgeStart.Add(time.Hour), time.Time{}, 0, true)
	if dead[0].State != TriggerInconclusive || dead[0].Why != "nothing known for 1h0m0s: no sample for too long" {
		t.Errorf("dead: %+v", dead[0])
	}
}

func TestJudgeLetsLatencyWarmUp(t *testing.T) {
	slow := series("p95", repeated(ok(0.5), 20)...)
	m := latency(trigger("> 200ms", 90*time.Second))
	ready := judgeStart
	for _, c := range []struct {
		name      string
		metric    runbook.Metric
		samples   []Sample
		lastReady time.Time
		settled   bool
		want      string
	}{
		{"until 3 min after the last pod", m, slow, ready, true, "ssssssssssssTTTTTTTT"},
		{"not while pods come up", m, slow, ready, false, strings.Repeat("s", 20)},
		{"nothing was deployed", m, slow, time.Time{}, true, "ssssssTTTTTTTTTTTTTT"},
		{"errors have none", errorRate(trigger("> 1%", 90*time.Second)), series("errors", repeated(rate(6, 40), 20)...), ready, false, "ssssssTTTTTTTTTTTTTT"},
		{"fast from the start", m, series("p95", ok(0.1)), ready, true, "o"},
	} {
		states := follow(c.metric, nil, c.samples, c.lastReady, 3*time.Minute, c.settled)
		if got := words(states); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if c.want == "o" && states[0].Why == "" {
			t.Errorf("%s: does not say that it is warm-up", c.name)
		}
	}
}

func TestJudgeDistrustsFewRequests(t *testing.T) {
	m := errorRate(trigger("> 5%", time.Minute))
	for _, c := range []struct {
		name   string
		metric runbook.Metric
		point  Point
		want   TriggerWord
	}{
		{"1 of 12", m, rate(8.3, 0.2), TriggerSuspect},
		{"8 of 99", m, rate(8, 1.65), TriggerSuspect},
		{"8 of 100", m, rate(8, 100.0/60), TriggerTripped},
		{"half of 12 is no chance", m, rate(50, 0.2), TriggerTripped},
		{"all of 2", m, rate(100, 2.0/60), TriggerTripped},
		{"all of a fifth of one", m, rate(100, 0.2/60), TriggerSuspect},
		{"more events than requests", m, rate(250, 0.5), TriggerTripped},
		{"fewer than all must be sure as well", errorRate(trigger("< 99%", time.Minute)), rate(98, 0.2), TriggerSuspect},
		{"a query that is no ratio is taken at its word", latency(trigger("> 5s", time.Minute)), ok(6), TriggerTripped},
	} {
		s := follow(c.metric, nil, series(c.metric.Name, repeated(c.point, 5)...), time.Time{}, 0, true)[4]
		if s.State != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, s.State, s.Why, c.want)
		}
		if c.want == TriggerSuspect && !strings.Contains(string(s.Why), "requests in 1m0s: it may be chance") {
			t.Errorf("%s: why is %q", c.name, s.Why)
		}
	}
}

func TestJudgeBurnWeighsByRequests(t *testing.T) {
	m := errorRate(trigger("burn > 14.4 of 0.1% over 5m", 0))
	// One bad tick of many requests, then quiet: 3 % of 1000 and 0 of 19 × 100 are 1.03 % of all.
	points := append([]Point{rate(3, 1000)}, repeated(rate(0, 100), 24)...)
	states := follow(m, nil, series("errors", points...), time.Time{}, 0, true)
	if s := states[0]; s.State != TriggerTripped || s.Value != 3 || math.Abs(s.Limit-1.44) > 1e-9 {
		t.Errorf("first: %+v", s)
	}
	late := judge([]runbook.Metric{m}, nil, series("errors", points[:20]...), nil, judgeStart.Add(19*tick), time.Time{}, 0, true)[0]
	if want := 3000.0 / 2900; late.State != TriggerOK || math.Abs(late.Value-want) > 1e-9 {
		t.Errorf("after 5 min: %+v, want ok at %v", late, want)
	}
	gone := judge([]runbook.Metric{m}, nil, series("errors", points...), nil, judgeStart.Add(24*tick), time.Time{}, 0, true)[0]
	if gone.Value != 0 {
		t.Errorf("out of the window: %+v", gone)
	}
}

func TestJudgeRemembersBeyondDroppedSamples(t *testing.T) {
	m := errorRate(trigger("> 1%", 10*time.Minute))
	all := series("errors", repeated(rate(6, 40), 41)...)
	var last []TriggerState
	for i := range all {
		last = judge([]runbook.Metric{m}, nil, all[max(0, i-5):i+1], last, all[i].At, time.Time{}, 0, true)
	}
	if last[0].State != TriggerTripped || !last[0].Since.Equal(judgeStart) {
		t.Errorf("%+v, want tripped since the start", last[0])
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct{ k, n, low, high float64 }{ // Wilson 1927, as tabulated by Newcombe 1998
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718},
	} {
		if low, high := wilson(c.k/c.n, c.n); math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%v of %v: %.4f … %.4f, want %.4f … %.4f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

// drawPoints draws some ticks, of which some are not conclusive.
func drawPoints(t *rapid.T, least, most float64) []Point {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Point {
		if rapid.IntRange(0, 4).Draw(t, "gap") == 0 {
			return nothing
		}
		return rate(rapid.Float64Range(least, most).Draw(t, "value"), 40)
	}), 1, 60).Draw(t, "points")
}

func TestUnderTheLineNeverTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := errorRate(trigger("> 5%", time.Duration(rapid.IntRange(0, 300).Draw(t, "for"))*time.Second))
		for _, s := range follow(m, nil, series("errors", drawPoints(t, 0, 5)...), time.Time{}, 0, true) {
			if s.State != TriggerOK && s.State != TriggerInconclusive {
				t.Fatalf("under the line: %+v", s)
			}
		}
	})
}

func TestOverForLongEnoughAlwaysTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.IntRange(0, 300).Draw(t, "for")) * time.Second
		m := errorRate(trigger("> 5%", length))
		before := drawPoints(t, 0, 10)
		over := repeated(rate(rapid.Float64Range(5.001, 100).Draw(t, "value"), 40), int(length/tick)+2)
		states := follow(m, nil, series("errors", append(before, over...)...), time.Time{}, 0, true)
		if got := states[len(states)-1].State; got != TriggerTripped {
			t.Fatalf("after %s over the line: %s, in all %s", length, got, words(states))
		}
	})
}

// rank orders the states from good to bad as far as they can be compared.
var rank = map[TriggerWord]int{TriggerOK: 0, TriggerSuspect: 1, TriggerTripped: 2}

func TestHigherIsNeverBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trip := rapid.SampledFrom([]string{"> 5%", "> baseline + 5pp", "> baseline + 20%", "burn > 10 of 0.5% over 2m"}).Draw(t, "trip")
		m := errorRate(trigger(trip, time.Duration(rapid.IntRange(0, 90).Draw(t, "for"))*time.Second))
		den := rapid.SampledFrom([]float64{0.2, 1, 40}).Draw(t, "den")
		var low, high []Point
		for _, p := range drawPoints(t, 0, 12) {
			if p.State != PointOK {
				low, high = append(low, p), append(high, p)
				continue
			}
			low = append(low, rate(p.Value, den))
			high = append(high, rate(p.Value+rapid.Float64Range(0, 20).Draw(t, "more"), den))
		}
		base := baselineOf("errors", 0.5)
		a := follow(m, base, series("errors", low...), time.Time{}, 0, true)
		b := follow(m, base, series("errors", high...), time.Time{}, 0, true)
		for i := range a {
			if a[i].State != TriggerInconclusive && b[i].State != TriggerInconclusive && rank[b[i].State] < rank[a[i].State] {
				t.Fatalf("tick %d: %s with lower values, %s with higher ones", i, words(a), words(b))
			}
			if a[i].State == TriggerInconclusive != (b[i].State == TriggerInconclusive) && b[i].State != TriggerTripped && a[i].State != TriggerTripped {
				t.Fatalf("tick %d: what is known depends on the value: %s, %s", i, words(a), words(b))
			}
		}
	})
}
