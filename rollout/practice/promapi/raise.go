package promapi

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// raised says since when a rule fires by word of the scenario, and until when once it has ended. It is replaced, not
// changed.
type raised struct{ from, until time.Time }

// Raise adds a rule that fires from an instant on whatever its expression says, until lift is called. The rule stays.
func (s *Server) Raise(r Rule, at time.Time) (lift func()) {
	r.raised = &raised{from: at}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.raised)
	s.raised = append(s.raised, r)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.raised = slices.Clone(s.raised) // others may be reading it
		s.raised[n].raised = &raised{from: at, until: s.options.Now()}
	}
}

// allRules are the rules that there are at present.
func (s *Server) allRules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat(s.options.Rules, s.raised)
}

// labels are those of an alert: of the series that it fires for, and the rule's own.
func (r Rule) labels(series labels.Labels) labels.Labels {
	b := labels.NewBuilder(series).Del(model.MetricNameLabel).Set(labels.AlertName, r.Name)
	for k, v := range r.Labels {
		b.Set(k, v)
	}
	return b.Labels()
}

// stretches are those that a raised rule fires in, as evaluations every judgeEvery see them.
func (r raised) stretches(rule Rule, to time.Time) []stretch {
	if !r.until.IsZero() && r.until.Before(to) {
		to = r.until
	}
	first, last := r.from.Truncate(judgeEvery), to.Truncate(judgeEvery)
	if first.Before(r.from) {
		first = first.Add(judgeEvery)
	}
	if last.Before(first) {
		return nil
	}
	return []stretch{{labels: rule.labels(labels.EmptyLabels()), first: first.UnixMilli(), last: last.UnixMilli()}}
}
