package report

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Summary is one run in a list, told from the first and the last records of its journal.
type Summary struct {
	Run         string      `json:"run"`
	Runbook     string      `json:"runbook,omitempty"`
	Environment string      `json:"environment,omitempty"`
	Practice    string      `json:"practice,omitempty"` // scenario; empty on a real cluster
	Only        bool        `json:"rollbackOnly,omitempty"`
	Operator    string      `json:"operator,omitempty"`
	Started     time.Time   `json:"started,omitzero"`
	Last        time.Time   `json:"last,omitzero"`  // of the last record
	Ended       time.Time   `json:"ended,omitzero"` // zero while it is not over
	Outcome     run.Outcome `json:"outcome,omitempty"`
	Verdict     run.Verdict `json:"verdict,omitempty"`
	Live        bool        `json:"live,omitempty"` // a program has it open now
	Damage      run.Safe    `json:"damage,omitempty"`
}

// Summarise tells a run from some of its events, the first and the last among them.
func Summarise(id string, events []run.Stamped) Summary {
	s := Summary{Run: id}
	for _, e := range events {
		s.Last = later(s.Last, e.At)
		switch v := e.Event.(type) {
		case run.RunStarted:
			s.Runbook, s.Environment, s.Practice, s.Only = clean(v.Runbook), clean(v.Environment), clean(v.Practice), v.Only
			s.Operator, s.Started = clean(v.Operator), e.At
		case run.Finished:
			s.Outcome, s.Verdict, s.Ended = v.Outcome, v.Verdict, e.At
		}
	}
	return s
}

// Open tells whether the run is not over.
func (s Summary) Open() bool { return s.Ended.IsZero() }

// Took is how long the run lasted, or has lasted by its last record.
func (s Summary) Took() time.Duration {
	if s.Open() {
		return s.Last.Sub(s.Started)
	}
	return s.Ended.Sub(s.Started)
}

// Word is the outcome in a word: live, open, damaged, or that of the run.
func (s Summary) Word() string {
	switch {
	case s.Live:
		return "live"
	case s.Started.IsZero():
		return "unreadable"
	case s.Open():
		return "open"
	}
	return string(s.Outcome)
}
