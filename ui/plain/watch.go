package plain

import (
	"fmt"
	"math"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/chart"
	"github.com/politicalsphere/sop/ui/screen"
)

// watchedEnv is the environment whose metrics are looked at: that of the watch that began last, or of what is deployed
// now; empty when nothing is sampled.
func (t *Talk) watchedEnv() string {
	if d, ok := t.openDeploy(); ok && len(t.s.Envs[d.Env].Samples) > 0 {
		return d.Env
	}
	if id := screen.WatchStep(t.s); id != "" {
		return t.s.Watches[id].Env
	}
	if env := t.written(); env != "" && len(t.s.Envs[env].Samples) > 0 {
		return env
	}
	return ""
}

// numbers reads the metrics as they are now.
func (t *Talk) numbers() {
	env := t.watchedEnv()
	if env == "" {
		t.say("Nothing is watched yet. The numbers begin with a deploy")
		return
	}
	id := screen.WatchStep(t.s)
	if w, ok := t.s.Watches[id]; ok && w.Env == env {
		t.say(t.watchWords(w))
	}
	samples := t.s.Envs[env].Samples
	if len(samples) == 0 {
		t.say("No sample of " + plainly(env) + " came in yet")
		return
	}
	t.say(fmt.Sprintf("Numbers of %s, %s ago", plainly(env), span(t.now.Sub(samples[len(samples)-1].At))))
	for _, m := range t.s.Plan.Metrics[env] {
		t.say(t.metricWords(env, m))
	}
}

// watchWords says how far a watch is.
func (t *Talk) watchWords(w run.WatchState) string {
	if !w.Ended.IsZero() {
		return fmt.Sprintf("The watch of %s ended at %s: %s. %s", plainly(w.Env), clock(w.Ended), verdictWord(w.Verdict), speak(string(w.Why)))
	}
	return fmt.Sprintf("Watching %s: %s of %s are over. %s", plainly(w.Env), span(t.now.Sub(w.From)), span(w.Until.Sub(w.From)), t.soFar(w.Env))
}

// soFar says how the triggers stand all together.
func (t *Talk) soFar(env string) string {
	var words []string
	for _, tr := range t.s.Envs[env].Triggers {
		if tr.State != run.TriggerOK {
			words = append(words, fmt.Sprintf("%s is %s", t.metricTitle(env, tr.Metric), triggerWord(tr.State)))
		}
	}
	switch {
	case len(t.s.Envs[env].Triggers) == 0:
		return "Nothing is judged yet"
	case len(words) == 0:
		return "So far nothing is out of line"
	}
	return sentence(list(words))
}

func verdictWord(v run.Verdict) string {
	if v == run.VerdictNone || v == "" {
		return "no verdict"
	}
	return plainly(string(v))
}

func triggerWord(w run.TriggerWord) string {
	switch w {
	case run.TriggerOK:
		return "fine"
	case run.TriggerInconclusive:
		return "inconclusive, the numbers cannot tell"
	}
	return plainly(string(w))
}

// metricWords reads one metric: value, baseline, and how its trigger stands.
func (t *Talk) metricWords(env string, m runbook.Metric) string {
	text := t.metricTitle(env, m.Name) + ": "
	if v, ok := t.newest(env, m.Name); ok {
		text += number(m, v)
	} else {
		text += "no data"
	}
	if b := t.s.Envs[env].Baseline; b != nil {
		if base, ok := b.Metrics[m.Name]; ok && base.Refused == "" {
			text += ". Baseline " + number(m, base.Mean)
		}
	}
	for _, tr := range t.s.Envs[env].Triggers {
		if tr.Metric != m.Name {
			continue
		}
		if tr.Limit != 0 {
			text += ". Trips at " + number(m, tr.Limit)
		}
		text += ". It is " + triggerWord(tr.State)
		if tr.State != run.TriggerOK && tr.Why != "" {
			text += ": " + speak(string(tr.Why))
		}
	}
	return text
}

// newest is the last value of a metric in the last sample; false when that could not tell.
func (t *Talk) newest(env, metric string) (float64, bool) {
	samples := t.s.Envs[env].Samples
	if len(samples) == 0 {
		return 0, false
	}
	p, ok := samples[len(samples)-1].Points[metric]
	return p.Value, ok && p.State == run.PointOK && !math.IsNaN(p.Value)
}

func (t *Talk) metricTitle(env, name string) string {
	for _, m := range t.s.Plan.Metrics[env] {
		if m.Name == name && m.Title != "" {
			return plainly(m.Title)
		}
	}
	return plainly(name)
}

// triggerWords says how a trigger stands, with its numbers.
func (t *Talk) triggerWords(env string, tr run.TriggerState) string {
	title := t.metricTitle(env, tr.Metric)
	text := fmt.Sprintf("%s %s", title, triggerVerb(tr.State))
	for _, m := range t.s.Plan.Metrics[env] {
		if m.Name == tr.Metric {
			text += ": " + number(m, tr.Value)
			if tr.Limit != 0 {
				text += ", trips at " + number(m, tr.Limit)
			}
			if tr.Baseline != 0 {
				text += ", baseline " + number(m, tr.Baseline)
			}
		}
	}
	if tr.Why != "" {
		text += ". " + sentence(speak(string(tr.Why)))
	}
	return text
}

func triggerVerb(w run.TriggerWord) string {
	switch w {
	case run.TriggerTripped:
		return "tripped"
	case run.TriggerOK:
		return "is fine again"
	}
	return "is " + plainly(string(w))
}

// number says a value in its unit.
func number(m runbook.Metric, v float64) string {
	unit, _ := chart.ParseUnit(m.Unit)
	if m.Unit == runbook.UnitPercent {
		v /= 100
	}
	s := chart.FormatValue(unit, v)
	s = strings.Replace(s, " %", " percent", 1)
	if head, ok := strings.CutSuffix(s, "/s"); ok {
		s = head + " per second"
	}
	return plainly(strings.Replace(s, "µs", "microseconds", 1))
}
