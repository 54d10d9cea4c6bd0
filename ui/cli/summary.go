package cli

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// summary is one run in a list, read from the first and last events of its journal.
type summary struct {
	Run         string      `json:"run"`
	Runbook     string      `json:"runbook,omitempty"`
	Environment string      `json:"environment,omitempty"`
	Practice    string      `json:"practice,omitempty"`
	Operator    string      `json:"operator,omitempty"`
	Started     time.Time   `json:"started,omitzero"`
	Ended       time.Time   `json:"ended,omitzero"`
	Outcome     run.Outcome `json:"outcome,omitempty"`
	Damage      run.Safe    `json:"damage,omitempty"`
}

func summarise(dir string) (summary, error) {
	s := summary{Run: filepath.Base(dir)}
	records, _, err := journal.Read(dir)
	if err != nil && len(records) == 0 {
		return s, err
	}
	for _, r := range records {
		ev, decodeErr := run.Decode(r.Kind, r.Data)
		if decodeErr != nil {
			continue
		}
		switch v := ev.(type) {
		case run.RunStarted:
			s.Runbook, s.Environment, s.Practice, s.Operator, s.Started = v.Runbook, v.Environment, v.Practice, v.Operator, r.At
		case run.Finished:
			s.Outcome, s.Ended = v.Outcome, r.At
		}
	}
	return s, err
}

func (s summary) text() string {
	if s.Damage != "" {
		return fmt.Sprintf("%s  %s", s.Run, s.Damage)
	}
	outcome, took := string(s.Outcome), ""
	if s.Ended.IsZero() {
		outcome = "open"
	} else {
		took = s.Ended.Sub(s.Started).Round(time.Second).String()
	}
	where := s.Environment
	if s.Practice != "" {
		where = "practice " + s.Practice
	}
	return fmt.Sprintf("%s  %s  %-12s %-20s %-12s %s", s.Run, stamp(s.Started), s.Runbook, where, outcome, took)
}
