package promapi

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// Rule is one alert of Prometheus. It fires for each series of Expr that is there for a time of For without a gap, or,
// if it was raised, as long as it is.
type Rule struct {
	Name, Expr  string
	For         time.Duration
	Labels      map[string]string
	Annotations map[string]string

	raised *raised
}

const (
	errorShare = `sum by (namespace) (rate(http_requests_total{status=~"5.."}[2m])) / sum by (namespace) (rate(http_requests_total[2m]))`
	slowest    = `histogram_quantile(0.95, sum by (namespace, le) (rate(http_request_duration_seconds_bucket[2m])))`
)

// DefaultRules are the alerts of the organisation that the practice world is modelled on. Beside them there is one that
// always fires.
var DefaultRules = []Rule{
	rule("ErrorRateElevated", errorShare+" > 0.005", 10*time.Minute, "warning", "More than 0.5 % of the requests fail"),
	rule("ErrorRateCritical", errorShare+" > 0.01", 5*time.Minute, "critical", "More than 1 % of the requests fail"),
	rule("LatencyElevated", slowest+" > 0.2", 10*time.Minute, "warning", "The p95 of the response time is over 200 ms"),
	rule("LatencyCritical", slowest+" > 0.5", 5*time.Minute, "critical", "The p95 of the response time is over 500 ms"),
}

// watchdog always fires, to show that alerts arrive.
func watchdog(since time.Time) Rule {
	r := rule("Watchdog", "vector(1)", 0, "none", "This alert always fires, to show that alerts arrive")
	r.raised = &raised{from: since}
	return r
}

func rule(name, expr string, d time.Duration, severity, summary string) Rule {
	return Rule{
		Name: name, Expr: expr, For: d, Labels: map[string]string{"severity": severity},
		Annotations: map[string]string{"summary": summary},
	}
}

// alert is an active alert in the API's form.
type alert struct {
	Labels      labels.Labels     `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
	Value       string            `json:"value"`
}

const (
	judgeEvery = 15 * time.Second
	// judgeBack is how much longer than its For a rule is looked at, so that ActiveAt is the true one for a while.
	judgeBack = 20 * time.Minute
)

func (s *Server) alerts(r *http.Request) (any, error) {
	now := s.present().Truncate(judgeEvery)
	all := []alert{}
	for _, rule := range s.allRules() {
		active, err := s.judge(r.Context(), rule, now)
		if err != nil {
			return nil, err
		}
		all = append(all, active...)
	}
	return map[string]any{"alerts": all}, nil
}

func (s *Server) rules(r *http.Request) (any, error) {
	now := s.present().Truncate(judgeEvery)
	list := []map[string]any{}
	switch kind := r.FormValue("type"); kind {
	case "", "alert":
	case "record": // there are none
		return map[string]any{"groups": []any{}}, nil
	default:
		return nil, badData("invalid query parameter type='%s'", kind)
	}
	for _, rule := range s.allRules() {
		active, err := s.judge(r.Context(), rule, now)
		if err != nil {
			return nil, err
		}
		list = append(list, map[string]any{
			"type": "alerting", "name": rule.Name, "query": rule.Expr,
			"duration": rule.For.Seconds(), "labels": rule.Labels, "annotations": rule.Annotations,
			"alerts": active, "health": "ok", "state": worst(active), "lastEvaluation": now, "evaluationTime": 0,
		})
	}
	return map[string]any{"groups": []any{map[string]any{
		"name": "practice", "file": "practice.yaml",
		"interval": judgeEvery.Seconds(), "rules": list, "lastEvaluation": now, "evaluationTime": 0,
	}}}, nil
}

func worst(active []alert) string {
	state := "inactive"
	for _, a := range active {
		if a.State == "firing" {
			return a.State
		}
		state = a.State
	}
	return state
}

// stretch is a time during which one series of a rule's expression was there without a gap, looked at every
// judgeEvery; times are in milliseconds.
type stretch struct {
	labels      labels.Labels
	first, last int64
	value       float64 // at last
}

// stretches works out the past of a rule instead of keeping a state, so that nothing has to tick.
func (s *Server) stretches(ctx context.Context, rule Rule, from, to time.Time) ([]stretch, error) {
	if s.Outage().Trouble == Empty {
		return nil, nil
	}
	if rule.raised != nil {
		return rule.raised.stretches(rule, to), nil
	}
	from = from.Add(-rule.For - judgeBack).Truncate(judgeEvery)
	q, err := s.engine.NewRangeQuery(ctx, s, nil, rule.Expr, from, to.Truncate(judgeEvery), judgeEvery)
	if err != nil {
		return nil, fmt.Errorf("reading the alert rule %s: %w", rule.Name, err)
	}
	defer q.Close()
	defer s.options.Hold()()
	matrix, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, fmt.Errorf("evaluating the alert rule %s: %w", rule.Name, queryFailure(err))
	}
	var all []stretch
	for _, one := range matrix {
		l := rule.labels(one.Metric)
		for i, p := range one.Floats {
			if i > 0 && p.T-one.Floats[i-1].T == judgeEvery.Milliseconds() {
				all[len(all)-1].last, all[len(all)-1].value = p.T, p.F
			} else {
				all = append(all, stretch{labels: l, first: p.T, last: p.T, value: p.F})
			}
		}
	}
	return all, nil
}

// judge gives a rule's present alerts.
func (s *Server) judge(ctx context.Context, rule Rule, now time.Time) ([]alert, error) {
	active := []alert{}
	all, err := s.stretches(ctx, rule, now, now)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.last != now.UnixMilli() {
			continue
		}
		state := "pending"
		if one.last-one.first >= rule.For.Milliseconds() {
			state = "firing"
		}
		active = append(active, alert{
			Labels: one.labels, Annotations: rule.Annotations, State: state,
			ActiveAt: time.UnixMilli(one.first).UTC(), Value: strconv.FormatFloat(one.value, 'e', -1, 64),
		})
	}
	return active, nil
}

const alertsMetric = "ALERTS"

// asksForAlerts says whether a selector names the series that Prometheus writes about its own alerts.
func asksForAlerts(matchers []*labels.Matcher) bool {
	named := false
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel {
			if !m.Matches(alertsMetric) {
				return false
			}
			named = true
		}
	}
	return named
}

// alertSeries makes up ALERTS: 1 for as long as an alert is pending or firing.
func (s *Server) alertSeries(ctx context.Context, from, to int64, matchers []*labels.Matcher) ([]*series, error) {
	var found []*series
	for _, rule := range s.allRules() {
		all, err := s.stretches(ctx, rule, time.UnixMilli(from), time.UnixMilli(to))
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			fires := one.first + rule.For.Milliseconds()
			for state, span := range map[string][2]int64{"pending": {one.first, min(one.last, fires-1)}, "firing": {fires, one.last}} {
				l := labels.NewBuilder(one.labels).Set(model.MetricNameLabel, alertsMetric).Set("alertstate", state).Labels()
				if matches(l, matchers) {
					found = merge(found, l, max(span[0], from), min(span[1], to))
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	return found, nil
}

// merge adds the samples of one stretch, and a stale mark after it, to the series with these labels.
func merge(all []*series, l labels.Labels, from, to int64) []*series {
	if from > to {
		return all
	}
	i := slices.IndexFunc(all, func(s *series) bool { return labels.Equal(s.labels, l) })
	if i < 0 {
		i = len(all)
		all = append(all, &series{labels: l})
	}
	step := judgeEvery.Milliseconds()
	t := (from + step - 1) / step * step
	for ; t <= to; t += step {
		all[i].times, all[i].values = append(all[i].times, t), append(all[i].values, 1)
	}
	all[i].times, all[i].values = append(all[i].times, t), append(all[i].values, float32(math.NaN()))
	return all
}
