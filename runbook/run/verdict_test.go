package run

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook"
)

func TestVerdict(t *testing.T) {
	critical := trigger("> 5%", 90*time.Second)
	warning := runbook.Trigger{Trip: "> 1%", Severity: "warning"}
	both := []runbook.Metric{errorRate(critical, warning)}
	state := func(i int, w TriggerWord) TriggerState {
		tr := both[0].Triggers[i]
		return TriggerState{Metric: "errors", Index: i, Severity: tr.Severity, Then: tr.Then, State: w, Why: "so it is"}
	}
	full := series("errors", repeated(rate(0.1, 40), 41)...)
	holes := series("errors", append(repeated(rate(0.1, 40), 31), repeated(nothing, 10)...)...)
	end := judgeStart.Add(40 * tick)
	for _, c := range []struct {
		name     string
		metrics  []runbook.Metric
		triggers []TriggerState
		samples  []Sample
		to       time.Time
		want     Verdict
		why      string
	}{
		{"all is well", both, []TriggerState{state(0, TriggerOK), state(1, TriggerOK)}, full, end, VerdictPass, "no trip in 10m0s"},
		{"tripped", both, []TriggerState{state(0, TriggerTripped), state(1, TriggerTripped)}, full, end, VerdictFail, "Error rate > 5% tripped (so it is)"},
		{"tripped beside what could not be judged", both, []TriggerState{state(0, TriggerTripped), state(1, TriggerInconclusive)}, nil, end, VerdictFail, "tripped"},
		{"only a warning tripped", both, []TriggerState{state(0, TriggerOK), state(1, TriggerTripped)}, full, end, VerdictInconclusive, "asks for a person"},
		{"over the line at the end", both, []TriggerState{state(0, TriggerSuspect), state(1, TriggerOK)}, full, end, VerdictInconclusive, "suspect"},
		{"could not be judged", both, []TriggerState{state(0, TriggerInconclusive), state(1, TriggerOK)}, full, end, VerdictInconclusive, "could not be judged"},
		{"a trigger was forgotten", both, []TriggerState{state(0, TriggerOK)}, full, end, VerdictInconclusive, "never judged"},
		{"too many gaps", both, []TriggerState{state(0, TriggerOK), state(1, TriggerOK)}, holes, end, VerdictInconclusive, "a value in only 31 of 40 ticks"},
		{"blind at the end", both, []TriggerState{state(0, TriggerOK), state(1, TriggerOK)}, full[:34], end, VerdictInconclusive, "nothing is known of Error rate in the last 1m45s"},
		{"the last ticks are late", both, []TriggerState{state(0, TriggerOK), state(1, TriggerOK)}, full[:36], end, VerdictPass, "no trip"},
		{"no sample", both, []TriggerState{state(0, TriggerOK), state(1, TriggerOK)}, nil, end, VerdictInconclusive, "0 of 40"},
		{"samples of another time", both, []TriggerState{state(0, TriggerOK), state(1, TriggerOK)}, full, judgeStart.Add(24 * time.Hour), VerdictInconclusive, "ticks"},
		{"no trigger", []runbook.Metric{errorRate()}, nil, full, end, VerdictInconclusive, "no metric has a trigger"},
		{"no metric", nil, nil, full, end, VerdictInconclusive, "no metric has a trigger"},
		{"no watch", both, nil, nil, judgeStart, VerdictNone, "nothing was watched"},
	} {
		got, why := verdict(c.metrics, c.triggers, c.samples, judgeStart, c.to, tick)
		if got != c.want || !strings.Contains(string(why), c.why) {
			t.Errorf("%s: %s because %q, want %s because %q", c.name, got, why, c.want, c.why)
		}
	}
	if got, _ := verdict(both, nil, full, time.Time{}, end, tick); got != VerdictNone {
		t.Errorf("a watch that has not begun: %s", got)
	}
}

func TestVerdictCountsTicksNotSamples(t *testing.T) {
	m := []runbook.Metric{errorRate(trigger("> 5%", 0))}
	fine := []TriggerState{{Metric: "errors", State: TriggerOK}}
	at := func(n int, from, every time.Duration) (out []Sample) {
		for i := range n {
			out = append(out, Sample{At: judgeStart.Add(from + time.Duration(i)*every), Points: map[string]Point{"errors": rate(0, 40)}})
		}
		return out
	}
	end := judgeStart.Add(20 * tick)
	for _, c := range []struct {
		name    string
		samples []Sample
		want    Verdict
		why     string
	}{
		{"ticks between the watch's own", at(20, 7*time.Second, tick), VerdictPass, "no trip"},
		{"ticks at its very edges", at(21, 0, tick), VerdictPass, "no trip"},
		{"twice as many in half the time", at(20, 0, tick/2), VerdictInconclusive, "only 10 of 20 ticks"},
		{"all at the same instant", at(20, time.Minute, 0), VerdictInconclusive, "only 1 of 20 ticks"},
	} {
		if got, why := verdict(m, fine, c.samples, judgeStart, end, tick); got != c.want || !strings.Contains(string(why), c.why) {
			t.Errorf("%s: %s because %q, want %s because %q", c.name, got, why, c.want, c.why)
		}
	}
}

// TestVerdictNeverPassesUnseen plays what other tools got wrong: an all-error run, a run without a measurement and one
// without a baseline were each called a success.
func TestVerdictNeverPassesUnseen(t *testing.T) {
	absolute, relative := errorRate(trigger("> 5%", time.Minute)), errorRate(trigger("> baseline + 5pp", time.Minute))
	for _, c := range []struct {
		name   string
		metric runbook.Metric
		point  Point
	}{
		{"every query failed", absolute, Point{State: PointUnknown, Why: "refused"}},
		{"every answer was empty", absolute, Point{State: PointInconclusive, Why: "no series"}},
		{"no baseline", relative, rate(0, 40)},
	} {
		samples := series("errors", repeated(c.point, 41)...)
		states := follow(c.metric, nil, samples, time.Time{}, 0, true)
		got, why := verdict([]runbook.Metric{c.metric}, states[40:], samples, judgeStart, samples[40].At, tick)
		if got != VerdictInconclusive || why == "" {
			t.Errorf("%s: %s because %q", c.name, got, why)
		}
	}
}

func watched(m runbook.Metric, samples []Sample) Verdict {
	states := follow(m, nil, samples, time.Time{}, 0, true)
	end := samples[len(samples)-1].At
	v, _ := verdict([]runbook.Metric{m}, states[len(states)-1:], samples, judgeStart, end, tick)
	return v
}

func TestNoDataNeverPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "ticks")
		points := make([]Point, n)
		for i := range points {
			points[i] = Point{State: rapid.SampledFrom([]PointState{PointInconclusive, PointUnknown, ""}).Draw(t, "state"), Value: rapid.Float64().Draw(t, "value")}
		}
		if got := watched(errorRate(trigger("> 5%", time.Minute)), series("errors", points...)); got != VerdictInconclusive {
			t.Fatalf("no data is %s", got)
		}
	})
}

func TestGapsNeverTurnFailIntoPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := errorRate(trigger("> 5%", time.Duration(rapid.IntRange(0, 90).Draw(t, "for"))*time.Second))
		samples := series("errors", drawPoints(t, 0, 10)...)
		samples = append(samples, series("errors", repeated(rate(1, 40), 60)...)[len(samples):]...)
		before := watched(m, samples)
		var more []Sample
		for _, s := range samples {
			more = append(more, s)
			if s.At.Before(samples[len(samples)-1].At) && rapid.Bool().Draw(t, "gap") {
				more = append(more, Sample{At: s.At.Add(tick / 2), Points: map[string]Point{"errors": nothing}})
			}
		}
		if after := watched(m, more); before == VerdictFail && after == VerdictPass {
			t.Fatal("gaps turned fail into pass")
		}
		// Losing what was known makes no pass either.
		for i := range more {
			if rapid.Bool().Draw(t, "lost") {
				more[i].Points = map[string]Point{"errors": nothing}
			}
		}
		if after := watched(m, more); before == VerdictInconclusive && after == VerdictPass {
			t.Fatal("lost points turned inconclusive into pass")
		}
	})
}
