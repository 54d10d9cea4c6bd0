package run

import "time"

// Deadline is when to come back with a Tick although nothing else happened; ok is false when there is no such time.
func Deadline(s State) (at time.Time, ok bool) {
	if !s.Ended.IsZero() {
		return time.Time{}, false
	}
	var due []time.Time
	for _, d := range s.Deploys {
		due = append(due, s.deployDeadlines(d)...)
	}
	for _, w := range s.Watches {
		if w.Ended.IsZero() {
			due = append(due, w.Until)
		}
	}
	for _, a := range s.Actions {
		switch {
		case a.Stage == ActionWaiting:
			due = append(due, a.Until)
		case a.Stage == ActionHolding && !a.Paused:
			due = append(due, a.Hold)
		}
	}
	due = append(due, s.rollbackDeadlines()...)
	due = append(due, s.staleDeadlines()...)
	if s.Gate != nil {
		due = append(due, s.gateUntil())
	}
	for _, t := range due {
		if t.After(s.At) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok
}

func (s State) deployDeadlines(d DeployState) []time.Time {
	switch {
	case d.Frozen:
		return nil
	case d.Stage == Holding:
		return []time.Time{d.HoldUntil}
	case d.Stage == InMove:
		return []time.Time{d.MoveAt.Add(stuckGrace), d.MoveAt.Add(s.moveDeadline(d))}
	}
	return nil
}

func (s State) moveDeadline(d DeployState) time.Duration {
	step, _, _ := s.place(d.Step)
	return step.Deploy.Deadline.Or(defaultDeadline)
}

func (s State) rollbackDeadlines() []time.Time {
	r := s.Rollback
	if r == nil {
		return nil
	}
	switch r.Stage {
	case Fusing:
		return []time.Time{r.FuseUntil}
	case Restoring:
		return []time.Time{r.LateAt, r.FlagsUntil}
	case Restored:
		return []time.Time{r.flagsEnd()}
	case Settling:
		due := []time.Time{r.flagsEnd(), r.SettleFrom.Add(unwatchedSettles * s.settle()), r.SettleFrom.Add(settleDeadline)}
		if !r.InBand.IsZero() {
			due = append(due, r.InBand.Add(s.settle()))
		}
		return due
	}
	return nil
}

func (s State) settle() time.Duration {
	if s.Plan.Runbook.Rollback == nil {
		return defaultSettle
	}
	return s.Plan.Runbook.Rollback.Settle.Or(defaultSettle)
}

func (s State) staleDeadlines() []time.Time {
	var due []time.Time
	for ref, check := range s.liveChecks() {
		c := s.Steps[ref.Step].Checks[ref.Index]
		if !c.Stale && !c.Seen.IsZero() {
			due = append(due, c.Seen.Add(ttl(check)))
		}
	}
	return due
}
