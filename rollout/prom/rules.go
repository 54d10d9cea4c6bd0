package prom

import (
	"context"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// AlertRule is an alerting rule with the alerts that it has at the moment.
type AlertRule struct {
	Name   run.Safe
	Labels Labels // that it puts on its alerts; a value may be a template
	// Fault is why the rule cannot be evaluated, or that it was not yet; empty when all is well. Such a rule has no alerts,
	// which says nothing.
	Fault  run.Safe
	Alerts []Alert
}

// Alert is one that is firing or pending.
type Alert struct {
	Labels  Labels // alertname among them
	Firing  bool   // otherwise pending: its condition holds, but not yet for as long as the rule wants
	Since   time.Time
	Summary run.Safe // by its annotation
}

// AlertRules asks which alerting rules there are and which alerts they have, both of the same instant. The error is as
// for Query.
func (c *Client) AlertRules(ctx context.Context) ([]AlertRule, error) {
	var got v1.RulesResult
	err := c.ask(ctx, "the alerting rules", func(ctx context.Context) (err error) {
		got, err = c.api.Rules(ctx, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []AlertRule
	for _, group := range got.Groups {
		for _, rule := range group.Rules {
			if r, ok := rule.(v1.AlertingRule); ok {
				out = append(out, alertRule(r))
			}
		}
	}
	return out, nil
}

func alertRule(r v1.AlertingRule) AlertRule {
	out := AlertRule{Name: run.MakeSafe(r.Name, maxLabel), Labels: labels(model.Metric(r.Labels))}
	switch {
	case r.Health == v1.RuleHealthGood, r.Health == "" && r.LastError == "":
	case r.LastError != "":
		out.Fault = run.MakeSafe(r.LastError, maxWarning)
	default:
		out.Fault = "it was not evaluated yet"
	}
	for _, a := range r.Alerts {
		if a == nil || a.State != v1.AlertStateFiring && a.State != v1.AlertStatePending {
			continue
		}
		out.Alerts = append(out.Alerts, Alert{
			Labels: labels(model.Metric(a.Labels)), Firing: a.State == v1.AlertStateFiring, Since: a.ActiveAt.UTC(),
			Summary: run.MakeSafe(string(a.Annotations["summary"]), maxWarning),
		})
	}
	return out
}
