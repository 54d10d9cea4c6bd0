package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/report"
)

// pushWithin is how long a push may take.
const pushWithin = 15 * time.Second

// pushJob is the job that the pushed numbers belong to.
const pushJob = "sop"

// series of the KPIs by their measure, with what they are.
var series = map[report.Measure][2]string{
	report.DeploymentFrequency: {"sop_kpi_deployments_per_day", "Deployments a day over the window."},
	report.SuccessRate:         {"sop_kpi_success_ratio", "Share of the deployments that are over and went well."},
	report.TimeToDeploy:        {"sop_kpi_time_to_deploy_seconds", "Mean time to deploy, without holds and waiting for people."},
	report.RollbackRate:        {"sop_kpi_rollback_ratio", "Share of the deployments that are over and were rolled back."},
	report.TimeToDetect:        {"sop_kpi_time_to_detect_seconds", "Mean time from the first value over a line until it tripped or R was pressed."},
	report.TimeToRollBack:      {"sop_kpi_time_to_roll_back_seconds", "Mean time from the press of R until every component took."},
	report.TimeToRestore:       {"sop_kpi_time_to_restore_seconds", "Mean time from the first value over a line until the metrics were back."},
}

// gatherer holds the KPIs as metrics. What was not measured has no series, and neither has a target that nobody can say
// is met: a zero would be a lie.
func gatherer(all []report.Performance) (prometheus.Gatherer, error) {
	group := []string{"runbook", "environment"}
	values := map[report.Measure]*prometheus.GaugeVec{}
	registry := prometheus.NewRegistry()
	vec := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append(group[:2:2], labels...))
	}
	for _, m := range slices.Sorted(maps.Keys(series)) {
		values[m] = vec(series[m][0], series[m][1])
		if err := registry.Register(values[m]); err != nil {
			return nil, err
		}
	}
	counted := vec("sop_kpi_deployments", "Deployments of the window by how they ended.", "outcome")
	window := vec("sop_kpi_window_seconds", "How long the runs were counted.")
	samples := vec("sop_kpi_samples", "How many deployments a KPI rests on.", "kpi")
	level := vec("sop_kpi_target", "The target of a KPI, in the unit of its series.", "kpi")
	met := vec("sop_kpi_target_met", "1: the target is met, 0: it is not; no series: too few runs to tell.", "kpi")
	for _, c := range []*prometheus.GaugeVec{counted, window, samples, level, met} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	for _, p := range all {
		runbook, env := p.Runbook, p.Environment
		for outcome, n := range map[string]int{"succeeded": p.Succeeded, "rolled-back": p.RolledBack, "failed": p.Failed, "open": p.Open} {
			counted.WithLabelValues(runbook, env, outcome).Set(float64(n))
		}
		window.WithLabelValues(runbook, env).Set(p.To.Sub(p.From).Seconds())
		for _, k := range p.KPIs {
			if values[k.ID] == nil {
				continue
			}
			if k.Value != nil {
				values[k.ID].WithLabelValues(runbook, env).Set(inBase(k.Unit, *k.Value))
			}
			samples.WithLabelValues(runbook, env, string(k.ID)).Set(float64(k.Samples))
			if v, ok := k.Level(); ok {
				level.WithLabelValues(runbook, env, string(k.ID)).Set(inBase(k.Unit, v))
			}
			switch k.Finding {
			case report.Met:
				met.WithLabelValues(runbook, env, string(k.ID)).Set(1)
			case report.NotMet:
				met.WithLabelValues(runbook, env, string(k.ID)).Set(0)
			}
		}
	}
	return registry, nil
}

// inBase brings percent to a ratio, as Prometheus wants it.
func inBase(unit string, v float64) float64 {
	if unit == "percent" {
		return v / 100
	}
	return v
}

// writeOpenMetrics prints the KPIs in the OpenMetrics text format.
func writeOpenMetrics(w io.Writer, all []report.Performance) error {
	g, err := gatherer(all)
	if err != nil {
		return err
	}
	families, err := g.Gather()
	if err != nil {
		return err
	}
	enc := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		return c.Close() // writes the end mark
	}
	return nil
}

// parseGateway checks the address of a Pushgateway before anything is read.
func parseGateway(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usage("--push wants the URL of a Pushgateway, such as http://pushgateway.example:9091")
	}
	return u, nil
}

// pushKPIs puts the KPIs to a Pushgateway, in a group of this machine's own, in place of what it pushed before. A name
// and password in the address go into a header and into no message.
func pushKPIs(ctx context.Context, gateway url.URL, all []report.Performance) error {
	g, err := gatherer(all)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	user := gateway.User
	gateway.User = nil
	pusher := push.New(gateway.String(), pushJob).Gatherer(g).Grouping("instance", host).Client(&http.Client{Timeout: pushWithin}).
		Format(expfmt.NewFormat(expfmt.TypeTextPlain))
	if user != nil {
		password, _ := user.Password()
		pusher = pusher.BasicAuth(user.Username(), password)
	}
	ctx, cancel := context.WithTimeout(ctx, pushWithin)
	defer cancel()
	if err := pusher.PushContext(ctx); err != nil {
		return fmt.Errorf("push the KPIs to %s: %s; nothing was pushed: see whether a Pushgateway answers there, then push again",
			gateway.String(), run.MakeSafe(err.Error(), 300))
	}
	return nil
}
