package checks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type prometheusParams struct {
	Query string `yaml:"query" doc:"a PromQL query that gives one number"`
}

var prometheusKind = runbook.Kind{
	Name: "prometheus",
	Doc: `A number from the environment's Prometheus is as expected. The query must give exactly one number.
passes   expect is true
fails    expect is false
unknown  Prometheus does not answer or does not accept the query; there is no series, more than one, or the value is
         NaN or infinite; or the answer carries a warning. No data is never green and never red.
expect is needed: only it says what is good.
self     the number`,
	Example:  `prometheus: {query: 'sum(up{job="api"})', expect: 'self >= 3.0'}`,
	Params:   prometheusParams{},
	Interval: 15 * time.Second,
	Timeout:  defaultTimeout,
	Lint:     lintPrometheus,
}

func lintPrometheus(params any, c runbook.Check) []runbook.ParamProblem {
	p := params.(*prometheusParams)
	var out []runbook.ParamProblem
	if c.Expect == "" {
		out = append(out, problem("expect", "write expect: 'self < 0.01'", "nothing says which number is good"))
	}
	if strings.TrimSpace(p.Query) == "" {
		out = append(out, problem("query", "write a PromQL query", "the query is empty"))
	}
	return out
}

func readyPrometheus(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[prometheusParams](prometheusKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.Prom == nil {
		return check{}, errors.New("no Prometheus is configured")
	}
	client := w.Prom.Get(work.Env.Prometheus.URL)
	return check{look: prometheusLook{client: client, query: p.Query}.look, sensor: said("Prometheus %s", client.Address())}, nil
}

type prometheusLook struct {
	client *prom.Client
	query  string
}

func (l prometheusLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("Prometheus %s", l.client.Address()), Query: run.MakeSafe(l.query, maxQuery)}
	v, err := l.client.Query(ctx, l.query, time.Time{})
	if err != nil {
		return couldNotAsk(source, err)
	}
	if len(v.Warnings) > 0 {
		return unknown(source, "the answer is not whole: %s", v.Warnings[0])
	}
	if len(v.Samples) == 0 {
		return unknown(source, "no data: no series answers the query")
	}
	if n := len(v.Samples); n > 1 {
		return unknown(source, "%d series where one is needed; wrap the query in sum(…) or max(…). Two of them: %s, %s", n, v.Samples[0].Labels, v.Samples[1].Labels)
	}
	value := v.Samples[0].Value
	if !prom.Finite(value) {
		return unknown(source, "the value is %s, which says nothing%s", notFinite(value), meaning(value))
	}
	s := seen{self: value}
	s.summed(run.Passed, "%s", number(value))
	source.Observed = s.Summary
	s.Evidence = []run.Evidence{source}
	return s
}

// couldNotAsk is a look that Prometheus did not answer. A query that it does not accept is no illness: another look
// is as cheap as any.
func couldNotAsk(source run.Evidence, err error) seen {
	s := couldNotLook(source, err)
	var refused *prom.Error
	if errors.As(err, &refused) {
		s.Ill = refused.Reason != prom.BadQuery
	}
	return s
}

func notFinite(value float64) string {
	if math.IsNaN(value) {
		return "NaN"
	}
	return fmt.Sprintf("%+v", value)
}

func meaning(value float64) string {
	if math.IsNaN(value) {
		return " (0/0: was there any traffic?)"
	}
	return " (a division by zero?)"
}
