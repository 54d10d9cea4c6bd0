package engine_test

import (
	"testing"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// flapping is a journal of n records: a box that ticks and un-ticks.
func flapping(b *testing.B, s *run.State, n int) []journal.Record {
	b.Helper()
	j, err := journal.Create(b.TempDir(), journal.NewID(runtest.Begin), journal.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	write := func(events []run.Stamped) {
		for _, e := range events {
			if !run.IsVolatile(e.Event) {
				if _, err := j.Append(e.At, e.Actor, e.Event.Kind(), e.Event); err != nil {
					b.Fatal(err)
				}
			}
		}
		*s = run.Apply(*s, events...)
	}
	write(run.Begin(*s, runtest.Begin, "alice", run.RunStarted{Operator: "alice", Environment: "production"}))
	check, ok := firstCheck(*s)
	if !ok {
		b.Fatal("the plan has no check")
	}
	for i := uint64(0); j.Head().Seq < uint64(n); i++ {
		status := []run.Status{run.Passed, run.Failed}[i%2]
		result := run.Result{Status: status, Summary: "4 of 4 pods ready"}
		write(run.Decide(*s, run.Input{At: runtest.Begin, Observation: run.Checked{Step: check.Step, Index: check.Index, Result: result}}))
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	records, _, err := journal.Read(j.Dir())
	if err != nil {
		b.Fatal(err)
	}
	return records
}

func firstCheck(s run.State) (run.CheckWork, bool) {
	for _, w := range run.Wanted(s) {
		if c, ok := w.Body.(run.CheckWork); ok {
			return c, true
		}
	}
	return run.CheckWork{}, false
}

// BenchmarkReplay is what `sop resume` does with a journal of 1,000 records.
func BenchmarkReplay(b *testing.B) {
	plan := runtest.Plan(b)
	s := run.New(runtest.ID, plan)
	records := flapping(b, &s, 1000)
	for b.Loop() {
		if _, err := engine.Replay(runtest.ID, plan, records); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(records)), "records")
}
