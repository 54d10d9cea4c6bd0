package watch

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	defaultLength = 30 * time.Minute
	// leastSpan is how long a metric must have been there to serve as a baseline.
	leastSpan = 30 * time.Second
	// enoughCoverage is the share of that time that must have a conclusive value.
	enoughCoverage = 0.8
)

// span is the time of a baseline, by the clock of the server.
type span struct {
	from, to time.Time
	step     time.Duration
}

// asking is one baseline on its way.
type asking struct {
	*Worker
	client  *prom.Client
	address string
	span    span
	skew    time.Duration // how far the server's clock is ahead of ours
	young   *atomic.Bool  // set when a metric has not been there for long enough
}

// baseline reports one BaselineTaken.
func (w *Worker) baseline(ctx context.Context, work run.BaselineWork, report func(run.Observation)) error {
	taken := run.BaselineTaken{Step: work.Step, Env: work.Env.Name}
	base, young, err := w.take(ctx, work)
	if now := w.clock.Now(); err == nil && young && work.To.Before(now) {
		work.To = now // what there is, up to the first write
		base, _, err = w.take(ctx, work)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		taken.Err = safe(err.Error())
	} else {
		taken.Baseline = base
	}
	report(taken)
	return nil
}

// take reads the baseline that ends at work.To. young says that a metric was not there for long enough before that.
func (w *Worker) take(ctx context.Context, work run.BaselineWork) (base run.Baseline, young bool, err error) {
	length, step := work.Length, work.Every
	if length <= 0 {
		length = defaultLength
	}
	if step <= 0 {
		step = defaultEvery
	}
	a := asking{Worker: w, address: work.Env.Prometheus.URL, client: w.clients.Get(work.Env.Prometheus.URL), young: new(atomic.Bool)}
	if a.skew, err = a.ahead(ctx); err != nil {
		return run.Baseline{}, false, err
	}
	to := work.To.Add(a.skew).Truncate(time.Second) // so that the answer's instants are exactly ours
	a.span = span{from: to.Add(-length), to: to, step: step}
	alerts, err := a.alerts(ctx, work.Env)
	if err != nil {
		return run.Baseline{}, false, err
	}
	base = run.Baseline{From: work.To.Add(-length), To: work.To, Metrics: make(map[string]run.BaselineMetric, len(work.Metrics))}
	metrics := make([]run.BaselineMetric, len(work.Metrics))
	errs := make([]error, len(work.Metrics))
	if err := w.all(ctx, len(work.Metrics), func(i int) { metrics[i], errs[i] = a.metric(ctx, work.Metrics[i]) }); err != nil {
		return run.Baseline{}, false, err
	}
	for i, m := range work.Metrics {
		if isUnreachable(errs[i]) {
			return run.Baseline{}, false, errs[i]
		}
		if errs[i] != nil {
			metrics[i].Refused = safe(errs[i].Error())
		} else if metrics[i].Refused == "" {
			metrics[i].Refused = alerts
		}
		metrics[i].Points = thin(metrics[i].Points, mostPoints(len(work.Metrics)))
		base.Metrics[m.Name] = metrics[i]
	}
	base.From = began(base, work.To.Add(-length))
	return base, a.young.Load(), nil
}

// began is when the first metric was there; otherwise stands when none was.
func began(base run.Baseline, otherwise time.Time) time.Time {
	var first time.Time
	for _, m := range base.Metrics {
		if len(m.Points) == 0 {
			continue
		}
		if at := time.Unix(m.Points[0].T, 0).UTC(); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	if first.IsZero() || first.Before(otherwise) {
		return otherwise
	}
	return first
}

// ahead is how far the server's clock is ahead of ours: a range is asked for by the clock that stamped the data.
func (a asking) ahead(ctx context.Context) (time.Duration, error) {
	v, err := a.client.Query(ctx, "time()", time.Time{})
	if err != nil {
		return 0, err
	}
	if len(v.Samples) != 1 || !prom.Finite(v.Samples[0].Value) {
		return 0, nil // not quite a Prometheus; the metrics will tell
	}
	skew := time.UnixMilli(int64(1000 * v.Samples[0].Value)).Sub(a.clock.Now())
	if skew.Abs() < 10*time.Second {
		return 0, nil // the way of the answer, not the clock
	}
	return skew, nil
}

// alerts names the alerts of the environment that fired within the span; empty when none did, or when this
// Prometheus evaluates none. Those that always fire to show that alerting works do not count.
func (a asking) alerts(ctx context.Context, env runbook.Environment) (run.Safe, error) {
	query := fmt.Sprintf(`count by (alertname) (last_over_time(ALERTS{alertstate="firing",alertname!~"Watchdog|InfoInhibitor",severity!~"none|info",namespace=~%s}[%s]))`,
		strconv.Quote("|"+regexp.QuoteMeta(env.Namespace)), prometheusDuration(a.span.to.Sub(a.span.from)))
	v, err := a.client.Query(ctx, query, a.span.to)
	if err != nil {
		return "", fmt.Errorf("find out whether alerts fired during the baseline: %w", err)
	}
	names := map[run.Safe]bool{}
	for _, s := range v.Samples {
		names[s.Labels["alertname"]] = true
	}
	if len(names) == 0 {
		return "", nil
	}
	sorted := slices.Sorted(maps.Keys(names))
	text := fmt.Sprintf("alerts fired during the baseline: %s", sorted[0])
	if len(sorted) > 1 {
		text += fmt.Sprintf(" and %d more", len(sorted)-1)
	}
	return safe(text), nil
}

// metric reads one metric over the span. Its error is that of a query.
func (a asking) metric(ctx context.Context, m runbook.Metric) (run.BaselineMetric, error) {
	parts := map[string]column{}
	for _, p := range partsOf([]runbook.Metric{m}) {
		matrix, err := a.client.QueryRange(ctx, p.expr, a.span.from, a.span.to, a.span.step)
		if err != nil {
			return run.BaselineMetric{}, err
		}
		parts[p.name] = columnOf(matrix)
	}
	main := value
	if isRatio(m) {
		main = denominator
		if len(parts[numerator].at) > 0 {
			a.seen.note(a.address, m.Numerator)
		}
	}
	var state run.PointState
	var why run.Safe
	points, wanted, reason := a.points(m, main, parts, func(m runbook.Metric) (run.PointState, run.Safe) {
		if state == "" { // one question for all points, also when it fails
			state, why = a.seen.absent(ctx, a.client, a.address, m)
		}
		return state, why
	})
	return a.summary(m, points, wanted, reason), nil
}

// column is the answer to a range query, by instant.
type column struct {
	at map[int64][]prom.Sample // Unix milliseconds
}

func columnOf(m prom.Matrix) column {
	c := column{at: map[int64][]prom.Sample{}}
	for _, s := range m.Series {
		for _, p := range s.Points {
			c.at[p.At.UnixMilli()] = append(c.at[p.At.UnixMilli()], prom.Sample{Labels: s.Labels, At: p.At, Value: p.Value})
		}
	}
	return c
}

// timed is a point at an instant of our clock.
type timed struct {
	at time.Time
	run.Point
}

// points are the conclusive points since the metric was first there, of as many as there should be since then. why is
// the most frequent reason of the others.
func (a asking) points(m runbook.Metric, main string, parts map[string]column,
	absent func(runbook.Metric) (run.PointState, run.Safe),
) (points []timed, wanted int, why run.Safe) {
	reasons := map[run.Safe]int{}
	for at := a.span.from; !at.After(a.span.to); at = at.Add(a.span.step) {
		answers := map[string]answer{}
		for name, c := range parts {
			answers[name] = answer{samples: c.at[at.UnixMilli()]}
		}
		if wanted == 0 && len(answers[main].samples) == 0 {
			continue // it was not there yet
		}
		wanted++
		p := point(m, answers, absent)
		if p.State == run.PointOK {
			points = append(points, timed{at.Add(-a.skew), p})
			continue
		}
		reasons[p.Why]++
		if reasons[p.Why] > reasons[why] {
			why = p.Why
		}
	}
	if wanted == 0 {
		expr := m.Query
		if isRatio(m) {
			expr = m.Denominator
		}
		why = unmatched("the query", expr)
	}
	return points, wanted, why
}

// summary says what the points come to, and whether they can serve.
func (a asking) summary(m runbook.Metric, points []timed, wanted int, why run.Safe) run.BaselineMetric {
	if wanted == 0 {
		a.young.Store(true)
		return run.BaselineMetric{Refused: why}
	}
	b := describe(m, points)
	b.Coverage = float64(len(points)) / float64(wanted)
	if there := time.Duration(wanted-1) * a.span.step; there < leastSpan && there < a.span.to.Sub(a.span.from) {
		a.young.Store(true)
		b.Refused = safe(fmt.Sprintf("there is data of %s only, and %s are needed: wait a little", there, leastSpan))
	} else if b.Coverage < enoughCoverage {
		b.Refused = safe(fmt.Sprintf("only %.0f %% of its points have a value: %s", 100*b.Coverage, why))
	}
	if o, err := runbook.ParseObjective(m.Objective); m.Objective != "" && err == nil && len(points) > 0 {
		b.Broken = !o.Met(b.Mean)
	}
	return b
}
