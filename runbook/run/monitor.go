package run

import (
	"reflect"
	"slices"
	"time"
)

// sampled takes one tick of the watch: the sample is journaled, the triggers are judged again.
func (d *decision) sampled(v Sampled) {
	v.Sample = v.Sample.numbers()
	d.emit(SampleTaken(v))
	env := d.s.Envs[v.Env]
	before := env.Triggers
	after := judge(d.s.monitored(v.Env), env.Baseline, env.Samples, before, d.at, env.LastReady, d.s.warmUp(v.Env), d.s.settled(v.Env))
	switch {
	case !sameWords(before, after):
		d.emit(TriggersJudged{Env: v.Env, Triggers: after})
	case !reflect.DeepEqual(before, after):
		d.emit(TriggersSeen{Env: v.Env, Triggers: after})
	}
	d.judgeBand(v)
}

// numbers makes points that are no number inconclusive: they can neither be judged nor journaled.
func (s Sample) numbers() Sample {
	points := make(map[string]Point, len(s.Points))
	for name, p := range s.Points {
		if !finite(p.Value) || !finite(p.Num) || !finite(p.Den) {
			p = Point{State: PointInconclusive, Why: "the answer is no number"}
		}
		points[name] = p
	}
	return Sample{At: s.At, Points: points}
}

// maxBaselinePoints keeps a baseline within one record of the journal (64 KiB).
const maxBaselinePoints = 1200

// fit leaves out every metric that is no number, and thins the points of all until the baseline fits into one record.
func (b Baseline) fit() Baseline {
	total := 0
	for _, m := range b.Metrics {
		total += len(m.Points)
	}
	every := (total + maxBaselinePoints - 1) / maxBaselinePoints
	metrics := make(map[string]BaselineMetric, len(b.Metrics))
	for name, m := range b.Metrics {
		var points []XY
		for i, p := range m.Points {
			if finite(p.V) && i%max(1, every) == 0 {
				points = append(points, p)
			}
		}
		m.Points = points
		if !finite(m.Mean) || !finite(m.Low) || !finite(m.High) || !finite(m.Coverage) {
			m = BaselineMetric{Refused: "the baseline is no number"}
		}
		metrics[name] = m
	}
	b.Metrics = metrics
	return b
}

// settled tells whether the new pods are all up: no move is under way.
func (s State) settled(env string) bool {
	for _, dep := range s.Deploys {
		if dep.Env == env && (dep.Stage == InMove || dep.Stage == Stuck) {
			return false
		}
	}
	return true
}

func (s State) warmUp(env string) time.Duration {
	if step, _, ok := s.place(s.Envs[env].Monitored); ok && step.Watch != nil {
		return step.Watch.WarmUp.Or(defaultWarmUp)
	}
	return defaultWarmUp
}

func sameWords(a, b []TriggerState) bool {
	return slices.EqualFunc(a, b, func(x, y TriggerState) bool {
		return x.Metric == y.Metric && x.Index == y.Index && x.State == y.State
	})
}

// judgeBand follows, while a rollback settles, since when the metrics are back.
func (d *decision) judgeBand(v Sampled) {
	r := d.s.Rollback
	if !r.live() || r.Stage != Settling || r.Env != v.Env {
		return
	}
	in, _ := d.s.inBand(v.Env, v.Sample)
	switch {
	case in && r.InBand.IsZero():
		d.emit(InBandChanged{Since: d.at})
	case !in && !r.InBand.IsZero():
		d.emit(InBandChanged{})
	}
}

// judgeWatches gives the verdict of a watch whose time is over, or whose environment was rolled back.
func (d *decision) judgeWatches() {
	for step := range Steps(d.s.Plan) {
		w, ok := d.s.Watches[step.ID]
		if !ok || !w.Ended.IsZero() {
			continue
		}
		switch {
		case d.s.rolledBack() && d.s.Rollback.Env == w.Env:
			d.emit(WatchEnded{Step: step.ID, Verdict: VerdictFail, Why: "rolled back"})
		case !d.at.Before(w.Until):
			env := d.s.Envs[w.Env]
			v, why := verdict(d.s.monitored(w.Env), env.Triggers, env.Samples, w.From, w.Until, d.s.every(w.Env))
			d.emit(WatchEnded{Step: step.ID, Verdict: v, Why: why})
		}
	}
}
