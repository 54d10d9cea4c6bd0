package run

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Verdict is what a watch comes to.
type Verdict string

// VerdictNone means that there was no watch. It is no pass, and neither is VerdictInconclusive: the numbers could
// not tell, so the watch has to go on or a person has to look.
const (
	VerdictPass         Verdict = "pass"
	VerdictFail         Verdict = "fail"
	VerdictInconclusive Verdict = "inconclusive"
	VerdictNone         Verdict = "none"
)

// enoughPoints is the share of the ticks, in percent, that must have a conclusive point for a pass.
const enoughPoints = 80

// verdict says what the watch from one instant to another comes to, and why in words. A trip of a critical trigger, or
// of one that says rollback, is a fail. A pass needs a conclusive point in 80 % of the ticks of every metric that has
// triggers, and no trigger that is over its line or could not be judged. No data never passes.
func verdict(metrics []runbook.Metric, triggers []TriggerState, samples []Sample, from, to time.Time,
	every time.Duration,
) (Verdict, Safe) {
	if from.IsZero() || !to.After(from) {
		return VerdictNone, "nothing was watched"
	}
	var fails, doubts []string
	judged := 0
	for _, t := range triggers {
		name := triggerName(metrics, t)
		switch t.State {
		case TriggerTripped:
			if t.Severity == "critical" || t.Then == "rollback" {
				fails = append(fails, fmt.Sprintf("%s tripped (%s)", name, t.Why))
			} else {
				doubts = append(doubts, fmt.Sprintf("%s tripped, which asks for a person (%s)", name, t.Why))
			}
		case TriggerOK:
		case TriggerSuspect:
			doubts = append(doubts, fmt.Sprintf("%s is suspect (%s)", name, t.Why))
		default:
			doubts = append(doubts, fmt.Sprintf("%s could not be judged (%s)", name, t.Why))
		}
	}
	for _, m := range metrics {
		for i := range m.Triggers {
			judged++
			if stateOf(triggers, m.Name, i).State == "" {
				doubts = append(doubts, metricTitle(m)+" was never judged")
			}
		}
		if len(m.Triggers) > 0 {
			doubts = append(doubts, gaps(m, samples, from, to, every)...)
		}
	}
	switch {
	case len(fails) > 0:
		return VerdictFail, sentence(fails)
	case judged == 0:
		return VerdictInconclusive, "no metric has a trigger, so nothing could have failed"
	case len(doubts) > 0:
		return VerdictInconclusive, sentence(doubts)
	}
	return VerdictPass, Safe(fmt.Sprintf("no trip in %s, and enough data to tell", to.Sub(from).Round(time.Second)))
}

// gaps says where the data of a metric is too thin: over the whole watch, or at its end. The state of a trigger is as
// old as the last sample, so one that stands at ok says nothing of a time in which none was taken.
func gaps(m runbook.Metric, samples []Sample, from, to time.Time, every time.Duration) []string {
	if every <= 0 {
		every = defaultEvery
	}
	var found []string
	have, want, last := conclusive(m.Name, samples, from, to, every)
	if 100*have < enoughPoints*want {
		found = append(found, fmt.Sprintf("%s has a value in only %d of %d ticks", metricTitle(m), have, want))
	}
	silence := max(leastSilence, 2*every)
	for _, t := range m.Triggers {
		silence = max(silence, t.For.D)
	}
	if missing := to.Sub(last); have > 0 && missing > silence {
		found = append(found, fmt.Sprintf("nothing is known of %s in the last %s", metricTitle(m), missing.Round(time.Second)))
	}
	return found
}

// conclusive counts the ticks of the watch that have a conclusive point of the metric, and those there should be; last
// is when the last of them was. Points much closer to each other than a tick count once, so a watch that sampled twice
// as often for half the time is still half blind. (Counting by fixed intervals instead would lose points that fall now
// before, now after a boundary.)
func conclusive(metric string, samples []Sample, from, to time.Time, every time.Duration) (have, want int, last time.Time) {
	want = max(int(to.Sub(from)/every), 1)
	var counted time.Time
	for _, s := range samples {
		p := s.Points[metric]
		if p.State != PointOK || !finite(p.Value) || s.At.Before(from) || s.At.After(to) {
			continue
		}
		last = s.At
		if counted.IsZero() || s.At.Sub(counted) >= every*3/4 {
			have, counted = have+1, s.At
		}
	}
	return min(have, want), want, last
}

// triggerName says which trigger of which metric it is, in the words of the runbook.
func triggerName(metrics []runbook.Metric, t TriggerState) string {
	for _, m := range metrics {
		if m.Name == t.Metric && t.Index >= 0 && t.Index < len(m.Triggers) {
			return metricTitle(m) + " " + m.Triggers[t.Index].Trip
		}
	}
	return t.Metric
}

func metricTitle(m runbook.Metric) string {
	if m.Title != "" {
		return m.Title
	}
	return m.Name
}

func sentence(parts []string) Safe { return MakeSafe(strings.Join(parts, "; "), 1000) }

// Band is where the metric was before the first write four times out of five, in the metric's unit.
func Band(base BaselineMetric) (lo, hi float64) { return base.Low, base.High }
