package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// watchResult is the JSON of `sop watch`.
type watchResult struct {
	Runbook     string          `json:"runbook"`
	Environment string          `json:"environment"`
	Verdict     run.Verdict     `json:"verdict"`
	Why         run.Safe        `json:"why"`
	Triggers    []triggerResult `json:"triggers"`
	Samples     int             `json:"samples"`
	Length      time.Duration   `json:"-"`
}

type triggerResult struct {
	Metric   string          `json:"metric"`
	State    run.TriggerWord `json:"state"`
	Value    float64         `json:"value"`
	Baseline float64         `json:"baseline"`
	Limit    float64         `json:"limit"`
	Trip     string          `json:"trip"`
	Unit     string          `json:"unit"`
	Why      run.Safe        `json:"why,omitempty"`
}

func (w *watching) result() watchResult {
	v, env := w.watch(), w.state.Envs[w.env]
	r := watchResult{
		Runbook: w.state.Plan.Runbook.Metadata.Name, Environment: w.env, Verdict: v.Verdict, Why: v.Why, Samples: len(env.Samples),
		Triggers: []triggerResult{}, Length: v.Ended.Sub(v.From).Round(time.Second),
	}
	for _, t := range env.Triggers {
		m := w.metric(t.Metric)
		r.Triggers = append(r.Triggers, triggerResult{
			Metric: t.Metric, State: t.State, Value: t.Value, Baseline: t.Baseline, Limit: t.Limit,
			Trip: m.Triggers[t.Index].Trip, Unit: m.Unit, Why: t.Why,
		})
	}
	return r
}

func (w *watching) metric(name string) runbook.Metric {
	for _, m := range w.work.Metrics {
		if m.Name == name {
			return m
		}
	}
	return runbook.Metric{}
}

// code is the exit code of a watch: of several, 1 beats 4.
func (r watchResult) code() int {
	for _, t := range r.Triggers {
		if t.State == run.TriggerTripped {
			return exitFailed
		}
	}
	switch r.Verdict {
	case run.VerdictPass:
		return exitDone
	case run.VerdictFail:
		return exitFailed
	}
	return exitUnknown
}

// watchTeller tells a watch line by line: every trigger whose state changed, and how all stand once a minute.
type watchTeller struct {
	w      io.Writer
	before []run.TriggerState
	last   time.Time
}

func (t *watchTeller) begin(w *watching) {
	base := w.state.Envs[w.env].Baseline
	fmt.Fprintf(t.w, "watching %s for %s, a sample every %s\n", w.env, w.step.For.D, w.work.Every)
	for _, m := range w.work.Metrics {
		b := base.Metrics[m.Name]
		switch {
		case b.Refused != "":
			fmt.Fprintf(t.w, "  %s has no baseline: %s\n", m.Name, b.Refused)
		case b.Broken:
			fmt.Fprintf(t.w, "  %s was at %s before, which breaks its objective %s already\n", m.Name, amount(b.Mean, m), m.Objective)
		default:
			fmt.Fprintf(t.w, "  %s was at %s before\n", m.Name, amount(b.Mean, m))
		}
	}
}

func (t *watchTeller) tell(w *watching) {
	now, states := w.c.clock.Now(), w.state.Envs[w.env].Triggers
	stamp := now.UTC().Format("15:04:05")
	for i, s := range states {
		if i < len(t.before) && t.before[i].State == s.State || i >= len(t.before) && s.State == run.TriggerOK {
			continue
		}
		mark := "!"
		if s.State == run.TriggerOK {
			mark = " "
		}
		fmt.Fprintf(t.w, "%s %s %s %s: %s %s\n", stamp, mark, s.Metric, s.State, t.stands(w, s), s.Why)
	}
	t.before = states
	if len(states) == 0 || now.Sub(t.last) < time.Minute {
		return
	}
	t.last = now
	var all []string
	for _, s := range states {
		all = append(all, s.Metric+" "+t.stands(w, s))
	}
	fmt.Fprintf(t.w, "%s   %s\n", stamp, strings.Join(all, ", "))
}

// stands is a value beside its line.
func (t *watchTeller) stands(w *watching, s run.TriggerState) string {
	m := w.metric(s.Metric)
	if s.Limit == 0 && s.State == run.TriggerInconclusive {
		return amount(s.Value, m)
	}
	return amount(s.Value, m) + " of " + amount(s.Limit, m)
}

// amount is a number with its unit.
func amount(v float64, m runbook.Metric) string {
	text := strconv.FormatFloat(v, 'g', 3, 64)
	switch m.Unit {
	case runbook.UnitPercent:
		return text + " %"
	case runbook.UnitSeconds:
		return text + " s"
	case "":
		return text
	}
	return text + " " + m.Unit
}
