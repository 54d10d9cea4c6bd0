package promapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// Rule is one alert of Prometheus. It fires for each series of Expr that is there for a time of For without a gap.
type Rule struct {
	Name, Expr  string
	For         time.Duration
	Labels      map[string]string
	Annotations map[string]string
}

const (
	errorShare = `sum by (namespace) (rate(http_requests_total{status=~"5.."}[2m])) / sum by (namespace) (rate(http_requests_total[2m]))`
	slowest    = `histogram_quantile(0.95, sum by (namespace, le) (rate(http_request_duration_seconds_bucket[2m])))`
)

// DefaultRules are the alerts of the organisation that the practice world is modelled on.
var DefaultRules = []Rule{
	rule("ErrorRateElevated", errorShare+" > 0.005", 10*time.Minute, "warning", "More than 0.5 % of the requests fail"),
	rule("ErrorRateCritical", errorShare+" > 0.01", 5*time.Minute, "critical", "More than 1 % of the requests fail"),
	rule("LatencyElevated", slowest+" > 0.2", 10*time.Minute, "warning", "The p95 of the response time is over 200 ms"),
	rule("LatencyCritical", slowest+" > 0.5", 5*time.Minute, "critical", "The p95 of the response time is over 500 ms"),
}

func rule(name, expr string, d time.Duration, severity, summary string) Rule {
	return Rule{Name: name, Expr: expr, For: d, Labels: map[string]string{"severity": severity},
		Annotations: map[string]string{"summary": summary}}
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
	for _, rule := range s.options.Rules {
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
	for _, rule := range s.options.Rules {
		active, err := s.judge(r.Context(), rule, now)
		if err != nil {
			return nil, err
		}
		list = append(list, map[string]any{"type": "alerting", "name": rule.Name, "query": rule.Expr,
			"duration": rule.For.Seconds(), "labels": rule.Labels, "annotations": rule.Annotations,
			"alerts": active, "health": "ok", "state": worst(active), "lastEvaluation": now, "evaluationTime": 0})
	}
	return map[string]any{"groups": []any{map[string]any{"name": "practice", "file": "practice.yaml",
		"interval": judgeEvery.Seconds(), "rules": list, "lastEvaluation": now, "evaluationTime": 0}}}, nil
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

// judge works out one rule's alerts from the past instead of keeping a state, so that nothing has to tick.
func (s *Server) judge(ctx context.Context, rule Rule, now time.Time) ([]alert, error) {
	active := []alert{}
	if s.Outage().Trouble == Empty {
		return active, nil
	}
	q, err := s.engine.NewRangeQuery(ctx, s, nil, rule.Expr, now.Add(-rule.For-judgeBack), now, judgeEvery)
	if err != nil {
		return nil, fmt.Errorf("reading the alert rule %s: %w", rule.Name, err)
	}
	defer q.Close()
	result := q.Exec(ctx)
	matrix, err := result.Matrix()
	if err != nil {
		return nil, fmt.Errorf("evaluating the alert rule %s: %w", rule.Name, queryFailure(err))
	}
	for _, one := range matrix {
		if a, ok := rule.alert(one, now); ok {
			active = append(active, a)
		}
	}
	return active, nil
}

// alert reads the end of a series: since when has it been there without a gap?
func (rule Rule) alert(one promql.Series, now time.Time) (alert, bool) {
	points := one.Floats
	n := len(points)
	if n == 0 || points[n-1].T != now.UnixMilli() {
		return alert{}, false
	}
	first := n - 1
	for first > 0 && points[first].T-points[first-1].T == judgeEvery.Milliseconds() {
		first--
	}
	since := time.UnixMilli(points[first].T).UTC()
	state := "pending"
	if now.Sub(since) >= rule.For {
		state = "firing"
	}
	b := labels.NewBuilder(one.Metric).Del(labels.MetricName).Set(labels.AlertName, rule.Name)
	for k, v := range rule.Labels {
		b.Set(k, v)
	}
	return alert{Labels: b.Labels(), Annotations: rule.Annotations, State: state, ActiveAt: since,
		Value: strconv.FormatFloat(points[n-1].F, 'e', -1, 64)}, true
}
