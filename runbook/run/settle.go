package run

import (
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// judgeSettled ends the rollback when the metrics stayed in band, stayed out of it, or cannot be had.
func (d *decision) judgeSettled(r *RollbackState) {
	if r.Stage != Settling {
		return
	}
	settle, held := d.s.settle(), d.at.Sub(r.SettleFrom)
	back := !r.InBand.IsZero() && d.s.fresh(r.Env, d.at) // one good sample and then silence proves nothing
	switch {
	case back && d.at.Sub(r.InBand) >= settle:
		d.emit(RollbackDone{Verified: Passed})
	case held >= settleDeadline && !back:
		d.emit(d.s.unsettled(r))
	case !back && held >= unwatchedSettles*settle && d.s.blind(r):
		d.emit(RollbackDone{Verified: Unknown, Why: "no metric could tell"})
	}
}

// fresh tells whether the environment was sampled just now.
func (s State) fresh(env string, at time.Time) bool {
	samples := s.Envs[env].Samples
	return len(samples) > 0 && at.Sub(samples[len(samples)-1].At) <= max(leastSilence, 2*s.every(env))
}

// lastKnown is the last sample since the rollback took that could be judged; ok is false when none could.
func (s State) lastKnown(r *RollbackState) (last Sample, ok bool) {
	for _, sample := range slices.Backward(s.Envs[r.Env].Samples) {
		if sample.At.Before(r.SettleFrom) {
			break
		}
		if _, known := s.inBand(r.Env, sample); known {
			return sample, true
		}
	}
	return Sample{}, false
}

// blind tells whether no sample since the rollback took could be judged.
func (s State) blind(r *RollbackState) bool {
	_, known := s.lastKnown(r)
	return !known
}

// unsettled is the end of a rollback whose metrics did not come back to stay: failed only when they were seen outside.
func (s State) unsettled(r *RollbackState) RollbackDone {
	last, known := s.lastKnown(r)
	var out []string
	for _, m := range s.monitored(r.Env) {
		if in, can := s.metricInBand(r.Env, m, last); known && can && !in {
			out = append(out, m.Name)
		}
	}
	if len(out) == 0 {
		return RollbackDone{Verified: Unknown, Why: "no metric could tell for long enough"}
	}
	return RollbackDone{Verified: Failed, Why: MakeSafe("still out of band: "+strings.Join(out, ", "), 300)}
}

// inBand tells whether every metric with triggers is back under its lines; known is false when one could not be judged.
func (s State) inBand(env string, sample Sample) (in, known bool) {
	judged := 0
	for _, m := range s.monitored(env) {
		if len(m.Triggers) == 0 {
			continue
		}
		ok, can := s.metricInBand(env, m, sample)
		if !can {
			return false, false
		}
		if !ok {
			return false, true
		}
		judged++
	}
	return judged > 0, judged > 0
}

// metricInBand judges one metric by its triggers' lines, or by its objective where a line needs a baseline that is not
// there.
func (s State) metricInBand(env string, m runbook.Metric, sample Sample) (in, known bool) {
	point := sample.Points[m.Name]
	if point.State != PointOK {
		return false, false
	}
	base := s.Envs[env].Baseline
	for _, t := range m.Triggers {
		trip, err := runbook.ParseTrip(t.Trip)
		if err != nil {
			return false, false
		}
		if trip.Baseline && (base == nil || base.Metrics[m.Name].Refused != "" || len(base.Metrics[m.Name].Points) == 0) {
			objective, err := runbook.ParseObjective(m.Objective)
			if err != nil {
				return false, false
			}
			return objective.Met(point.Value), true
		}
		mean := 0.0
		if base != nil {
			mean = base.Metrics[m.Name].Mean
		}
		if trip.Over(point.Value, trip.Limit(mean, t.AtLeast.Value)) {
			return false, true
		}
	}
	return true, true
}
