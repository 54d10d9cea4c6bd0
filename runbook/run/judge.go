package run

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// TriggerWord is how a trigger stands.
type TriggerWord string

// A trigger goes ok → suspect → tripped, and stays tripped. Inconclusive means that the numbers cannot tell: it is
// neither ok nor tripped, and never counts as a pass.
const (
	TriggerOK           TriggerWord = "ok"
	TriggerSuspect      TriggerWord = "suspect"
	TriggerTripped      TriggerWord = "tripped"
	TriggerInconclusive TriggerWord = "inconclusive"
)

// TriggerState is how one trigger of one metric stands. Value, Baseline and Limit are in the metric's unit.
type TriggerState struct {
	Metric   string        `json:"metric"`
	Index    int           `json:"index"` // of the trigger in the metric
	Severity string        `json:"severity,omitempty"`
	Then     string        `json:"then,omitempty"`
	State    TriggerWord   `json:"state"`
	Since    time.Time     `json:"since,omitzero"`  // since when it is over the line; zero when it is not
	Value    float64       `json:"value"`           // the last conclusive one; of a tripped one that which tripped it
	Baseline float64       `json:"baseline"`        // 0 when there is none
	Limit    float64       `json:"limit"`           // the line; 0 when there is none to draw
	For      time.Duration `json:"forNs,omitempty"` // how long it must be over before it trips
	Why      Safe          `json:"why,omitempty"`   // what is behind the state, in words
}

const (
	// fewRequests is how many requests a window must hold for their error rate to be taken at its word.
	fewRequests = 100
	// leastWindow is the window in which a trigger with a shorter `for` counts requests.
	leastWindow = time.Minute
	// zOf95 makes the two-sided 95 % confidence interval.
	zOf95 = 1.959964
	// leastSilence is how long the numbers may be missing before a trigger with a shorter `for` is inconclusive.
	leastSilence = time.Minute
)

// judge says how every trigger of the metrics stands at the instant at, from the samples so far (in order of time)
// and from how they stood before. base is nil when there is none. Latency may be suspect but does not trip while new
// pods come up (settled is false) and until warmUp after the last of them was ready (lastReady; zero: no pod was
// started, so there is no warm-up).
//
// A trigger is suspect from the first conclusive sample over its line. It trips when the last conclusive sample is over
// too and at least `for` after that first one, with none below in between. Samples that are not conclusive neither
// count nor reset; but without a conclusive one for longer than `for` (at least a minute) nothing is known, and the
// time over the line begins anew after such a gap.
func judge(metrics []runbook.Metric, base *Baseline, samples []Sample, prev []TriggerState, at time.Time,
	lastReady time.Time, warmUp time.Duration, settled bool,
) []TriggerState {
	for len(samples) > 0 && samples[len(samples)-1].At.After(at) {
		samples = samples[:len(samples)-1]
	}
	warm := settled && (lastReady.IsZero() || !at.Before(lastReady.Add(warmUp)))
	var states []TriggerState
	for _, m := range metrics {
		for i, t := range m.Triggers {
			before := stateOf(prev, m.Name, i)
			if before.State == TriggerTripped {
				states = append(states, before)
				continue
			}
			j := judgement{
				metric: m, trigger: t, samples: samples, before: before, at: at,
				warm: warm || m.Unit != runbook.UnitSeconds,
			}
			s := TriggerState{Metric: m.Name, Index: i, Severity: t.Severity, Then: t.Then, For: t.For.D}
			states = append(states, j.judge(s, base))
		}
	}
	return states
}

func stateOf(states []TriggerState, metric string, index int) TriggerState {
	for _, s := range states {
		if s.Metric == metric && s.Index == index {
			return s
		}
	}
	return TriggerState{}
}

// judgement is one trigger with what it is judged by.
type judgement struct {
	metric  runbook.Metric
	trigger runbook.Trigger
	trip    runbook.Trip
	samples []Sample
	before  TriggerState
	at      time.Time
	warm    bool // it may trip
}

// reading is a conclusive value at an instant, with the rates it was made of (0 unless it is a ratio) and the time
// that they stand for.
type reading struct {
	at       time.Time
	value    float64
	num, den float64
}

func (j judgement) judge(s TriggerState, base *Baseline) TriggerState {
	readings := j.readings(j.metric)
	if n := len(readings); n > 0 {
		s.Value = readings[n-1].value
	}
	var err error
	if j.trip, err = runbook.ParseTrip(j.trigger.Trip); err != nil {
		return inconclusive(s, MakeSafe(err.Error(), 0))
	}
	if j.trip.Burn != nil {
		readings = over(readings, j.trip.Burn.Over)
		if n := len(readings); n > 0 {
			s.Value = readings[n-1].value
		}
	}
	var why Safe
	if s.Baseline, s.Limit, why = j.line(base); why != "" {
		return inconclusive(s, why)
	}
	if why := j.silent(readings); why != "" {
		return inconclusive(s, why)
	}
	return j.decide(s, readings)
}

func inconclusive(s TriggerState, why Safe) TriggerState {
	s.State, s.Why = TriggerInconclusive, why
	return s
}

// line is the trigger's limit; why says what there is no line for.
func (j judgement) line(base *Baseline) (mean, limit float64, why Safe) {
	var b BaselineMetric
	known := false
	if base != nil {
		b, known = base.Metrics[j.metric.Name]
	}
	usable := known && b.Refused == "" && finite(b.Mean)
	if usable {
		mean = b.Mean
	}
	if !j.trip.Baseline {
		return mean, j.trip.Limit(0, 0), ""
	}
	switch {
	case base == nil:
		return 0, 0, "no baseline to compare with"
	case !known:
		return 0, 0, "the baseline does not hold this metric"
	case b.Refused != "":
		return 0, 0, "no baseline to compare with: " + b.Refused
	case !usable:
		return 0, 0, "the baseline is not a number"
	case mean == 0 && j.trip.DeltaKind == runbook.DeltaRelative && j.trigger.AtLeast.Value == 0:
		return 0, 0, "the baseline is 0, and a share of that is no distance: give the trigger an atLeast"
	}
	return mean, j.trip.Limit(mean, j.trigger.AtLeast.Value), ""
}

// readings are the conclusive points of the metric.
func (j judgement) readings(m runbook.Metric) []reading {
	var out []reading
	for _, s := range j.samples {
		// A number that is none cannot be compared, whatever its state says.
		if p := s.Points[m.Name]; p.State == PointOK && finite(p.Value) {
			out = append(out, reading{at: s.At, value: p.Value, num: p.Num, den: p.Den})
		}
	}
	return out
}

// over turns each reading into the mean of the window that ends with it: all events over all requests where they are
// known. The window is as long as there are readings, and at most as long as wanted.
func over(readings []reading, window time.Duration) []reading {
	out := make([]reading, len(readings))
	for i, r := range readings {
		out[i] = mean(within(readings[:i+1], window))
		out[i].at = r.at
	}
	return out
}

// within are the readings no older than the window when the last was taken.
func within(readings []reading, window time.Duration) []reading {
	first := len(readings) - 1
	oldest := readings[first].at.Add(-window)
	for first > 0 && !readings[first-1].at.Before(oldest) {
		first--
	}
	return readings[first:]
}

// mean of at least one reading. The value of a ratio keeps its unit: what one request counts in it is the same in all.
func mean(readings []reading) reading {
	var sum reading
	weighted, n := 0.0, float64(len(readings))
	for _, r := range readings {
		sum.value += r.value / n
		sum.num += r.num / n
		sum.den += r.den / n
		weighted += r.value * r.den / n
	}
	if sum.den > 0 {
		sum.value = weighted / sum.den
	}
	return sum
}

// silence is the longest time without a conclusive reading after which the trigger's state still stands: `for`, but
// at least a minute and two ticks, since with a shorter one nothing could ever be over for `for`. The time between two
// ticks is the median, which a restart or a pause does not change.
func (j judgement) silence() time.Duration {
	gaps := make([]time.Duration, 0, len(j.samples))
	for i := 1; i < len(j.samples); i++ {
		gaps = append(gaps, j.samples[i].At.Sub(j.samples[i-1].At))
	}
	if len(gaps) == 0 {
		return max(j.trigger.For.D, leastSilence)
	}
	slices.Sort(gaps)
	return max(j.trigger.For.D, leastSilence, 2*gaps[(len(gaps)-1)/2])
}

// silent says why nothing is known at present; empty when something is.
func (j judgement) silent(readings []reading) Safe {
	n := len(readings)
	if n > 0 && j.at.Sub(readings[n-1].at) <= j.silence() {
		return ""
	}
	if len(j.samples) == 0 {
		return "no sample yet"
	}
	what := Safe("no sample for too long")
	last := j.samples[len(j.samples)-1]
	switch p, asked := last.Points[j.metric.Name]; {
	case j.at.Sub(last.At) > j.silence():
	case !asked:
		what = "the metric is not sampled"
	case p.Why != "":
		what = p.Why
	default:
		what = "the last sample has no value"
	}
	if n > 0 {
		what = Safe(fmt.Sprintf("nothing known for %s: ", j.at.Sub(readings[n-1].at).Round(time.Second))) + what
	}
	return what
}

// decide is for when there is a line and a value to compare with it.
func (j judgement) decide(s TriggerState, readings []reading) TriggerState {
	last := readings[len(readings)-1]
	if !j.trip.Over(last.value, s.Limit) {
		s.State = TriggerOK
		if !j.warm {
			s.Why = "warm-up: latency does not trip yet"
		}
		return s
	}
	s.State = TriggerSuspect
	s.Since = j.since(readings, s.Limit)
	held := last.at.Sub(s.Since)
	switch {
	case held < s.For:
		s.Why = Safe(fmt.Sprintf("%s the line for %s of %s", j.side(), held.Round(time.Second), s.For))
	case !j.warm:
		s.Why = j.side() + " the line, but still in warm-up: latency does not trip yet"
	default:
		if why := j.tooFew(readings, s.Limit); why != "" {
			s.Why = why
			return s
		}
		s.State = TriggerTripped
		s.Why = j.side() + " the line"
		if held > 0 {
			s.Why += Safe(fmt.Sprintf(" for %s", held.Round(time.Second)))
		}
	}
	return s
}

func (j judgement) side() Safe {
	if j.trip.Op == "<" {
		return "under"
	}
	return "over"
}

// since is when the readings went over the limit to stay there. What the earlier state knows goes beyond the first
// sample, which may have been dropped.
func (j judgement) since(readings []reading, limit float64) time.Time {
	silence := j.silence()
	i := len(readings) - 1
	for i > 0 && j.trip.Over(readings[i-1].value, limit) && readings[i].at.Sub(readings[i-1].at) <= silence {
		i--
	}
	since := readings[i].at
	if i == 0 && j.before.State == TriggerSuspect && !j.before.Since.IsZero() && j.before.Since.Before(since) &&
		len(j.samples) > 0 && j.samples[0].At.Equal(since) {
		since = j.before.Since
	}
	return since
}

// tooFew says why the requests behind an error rate are too few to trust it; empty when they do. Under a hundred in
// the window the rate must be beyond the line by the nearer bound of its 95 % confidence interval. It knows nothing of
// numbers that are not shares of requests: they are taken at their word.
func (j judgement) tooFew(readings []reading, limit float64) Safe {
	if j.metric.Unit != runbook.UnitPercent || j.metric.Query != "" {
		return ""
	}
	window := max(leastWindow, j.trigger.For.D)
	last := readings[len(readings)-1] // of a burn trip it is the mean of its window already
	if j.trip.Burn != nil {
		window = max(leastWindow, min(j.trip.Burn.Over, last.at.Sub(readings[0].at)))
	} else {
		last = mean(within(readings, window))
	}
	n := last.den * window.Seconds()
	if n >= fewRequests {
		return ""
	}
	low, high := wilson(last.value/100, n)
	nearer := low
	if j.trip.Op == "<" {
		nearer = high
	}
	if j.trip.Over(100*nearer, limit) {
		return ""
	}
	return Safe(fmt.Sprintf("%s the line, but only %.0f requests in %s: it may be chance (%.3g … %.3g %%)",
		j.side(), n, window, 100*low, 100*high))
}

// wilson is the 95 % confidence interval of a share seen in n tries.
func wilson(share, n float64) (low, high float64) {
	if n <= 0 || math.IsNaN(n) {
		return 0, 1
	}
	share = min(max(share, 0), 1)
	z2 := zOf95 * zOf95
	centre := (share + z2/(2*n)) / (1 + z2/n)
	half := zOf95 / (1 + z2/n) * math.Sqrt(share*(1-share)/n+z2/(4*n*n))
	return max(centre-half, 0), min(centre+half, 1)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
