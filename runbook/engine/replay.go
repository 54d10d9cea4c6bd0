package engine

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// Replay returns the State that a journal's records lead to. Records of the journal's own (its repairs) tell nothing
// about the run and are passed over.
func Replay(id string, plan *runbook.Plan, records []journal.Record) (run.State, error) {
	s := run.New(id, plan)
	events := make([]run.Stamped, 0, len(records))
	for _, r := range records {
		if strings.HasPrefix(r.Kind, "journal.") {
			continue
		}
		ev, err := run.Decode(r.Kind, r.Data)
		if err != nil {
			return s, fmt.Errorf("replay run %s: record %d: %w", id, r.Seq, err)
		}
		events = append(events, run.Stamped{At: r.At, Actor: r.Actor, Event: ev})
	}
	return run.Apply(s, events...), nil
}
