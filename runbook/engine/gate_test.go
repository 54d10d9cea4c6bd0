package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// TestTheLargestRunFitsIntoARealJournal: 40 steps with 4 checks each, every text as long as can be. Each event becomes a
// record, and what is read back is what happened.
func TestTheLargestRunFitsIntoARealJournal(t *testing.T) {
	long := run.MakeSafe(strings.Repeat("a long \"<text>\" ", 400), run.SafeMax)
	plan := runtest.Large(t, 40, 4)
	d := runtest.Start(t, plan, runtest.NewWorld())
	for i := range 40 {
		r := run.Result{Status: run.Passed, Summary: long, Sensor: long, Pin: long}
		for range 20 {
			r.Evidence = append(r.Evidence, run.Evidence{Observed: long, Expected: long, Source: long, Query: long})
		}
		d.World.Looks[runtest.LargeStep(i)] = r
	}
	d.For(20 * time.Second)
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if d.S.Outcome != run.Completed {
		t.Fatalf("outcome %q", d.S.Outcome)
	}
	root := t.TempDir()
	j, err := journal.Create(root, runtest.ID, journal.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.Events {
		if run.IsVolatile(e.Event) {
			continue
		}
		if _, err := j.Append(e.At, e.Actor, e.Event.Kind(), e.Event); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	records, _, err := journal.Read(j.Dir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Replay(runtest.ID, plan, records)
	if err != nil {
		t.Fatal(err)
	}
	if s.Outcome != run.Completed || s.Steps[runtest.LargeStep(39)].Checks[3].Pin == "" {
		t.Errorf("it came back as %q", s.Outcome)
	}
}
