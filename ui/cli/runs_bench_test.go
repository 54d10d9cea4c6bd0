package cli

import (
	"fmt"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// BenchmarkRuns lists 300 runs of 300 records, about 300 KB each, as `sop runs` and the home screen do.
func BenchmarkRuns(b *testing.B) {
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	root, err := journal.DefaultRoot()
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)
	text := run.Safe(fmt.Sprintf("%900s", "a remark"))
	for i := range 300 {
		begun := at.Add(time.Duration(i) * time.Hour)
		j, err := journal.Create(root, journal.NewID(begun), journal.Options{NoSync: true, Reserve: -1})
		if err != nil {
			b.Fatal(err)
		}
		events := []run.Event{run.RunStarted{Operator: "ana", Runbook: "deployment", Environment: "production"}}
		for range 298 {
			events = append(events, run.Noted{Text: text})
		}
		for k, e := range append(events, run.Finished{Outcome: run.Completed, Verdict: run.VerdictPass}) {
			if _, err := j.Append(begun.Add(time.Duration(k)*time.Second), "ana", e.Kind(), e); err != nil {
				b.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		list, err := pastRuns()
		if err != nil || len(list) != 300 || list[0].Outcome != run.Completed || list[0].Operator != "ana" || list[0].Damage != "" {
			b.Fatalf("%d runs, %v", len(list), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/list")
}
