package run

import (
	"reflect"
	"slices"
	"time"
)

// sampled takes one tick of the watch: the sample is journaled, the triggers are judged again.
func (d *decision) sampled(v Sampled) {
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
