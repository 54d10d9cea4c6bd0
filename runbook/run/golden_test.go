package run_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// TestTheFirstJournalsStillLoad replays a run that was journaled before events had the fields that came later: what it
// was then, it is now.
func TestTheFirstJournalsStillLoad(t *testing.T) {
	data, err := os.ReadFile("testdata/journal-first.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	s := run.New(runtest.ID, runtest.Plan(t))
	lines := bufio.NewScanner(bytes.NewReader(data))
	var overridden run.Overriding
	for lines.Scan() {
		var record struct {
			At    time.Time       `json:"at"`
			Actor string          `json:"actor"`
			Kind  string          `json:"kind"`
			Data  json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			t.Fatal(err)
		}
		e, err := run.Decode(record.Kind, record.Data)
		if err != nil {
			t.Fatal(err)
		}
		s = run.Apply(s, run.Stamped{At: record.At, Actor: record.Actor, Event: e})
		if record.Kind == (run.StepOverridden{}).Kind() {
			overridden = *s.Steps["secret"].Override
		}
		run.Wanted(s)
		run.Deadline(s)
		s.Sensors()
	}
	if s.Outcome != run.RolledBack || s.Verdict != run.VerdictFail || s.Phase != 2 {
		t.Errorf("ended %s with %s in phase %d", s.Outcome, s.Verdict, s.Phase)
	}
	if overridden.Reason != "the key comes later" || overridden.By != "alice" || overridden.Failing != 1 || overridden.Checks != nil {
		t.Errorf("the override came back as %+v", overridden)
	}
	if fall, n := s.LastFall("smoke"); n != 1 || fall.To != run.Unknown || fall.Back.IsZero() || fall.Before != "well" {
		t.Errorf("what un-ticked the smoke test came back as %d falls, the last %+v", n, fall)
	}
	if s.StepStatus("later") != run.Deferred {
		t.Errorf("the deferred step shows %s", s.StepStatus("later"))
	}
}

// TestAnOverrideOfAnOlderVersionIsVoidByWhatItKnew: a run that goes on after an update keeps its promise.
func TestAnOverrideOfAnOlderVersionIsVoidByWhatItKnew(t *testing.T) {
	for _, test := range []struct {
		name string
		now  run.Status
		void bool
	}{{"the same", run.Failed, false}, {"better", run.Passed, false}, {"not to be seen", run.Unknown, false}} {
		t.Run(test.name, func(t *testing.T) {
			d := begin(t)
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			d.S = run.Apply(d.S, run.Stamped{At: d.At, Actor: "alice", Event: run.StepOverridden{Step: "secret", Reason: "the key comes later", Status: run.Failed, Failing: 1}})
			d.World.Checks["secret"] = test.now
			d.For(time.Minute)
			if void := d.Count(run.OverrideVoided{}) > 0; void != test.void {
				t.Errorf("void %v, want %v", void, test.void)
			}
		})
	}
	d := begin(t)
	d.World.Checks["secret"] = run.Unknown
	d.For(15 * time.Second)
	d.S = run.Apply(d.S, run.Stamped{At: d.At, Actor: "alice", Event: run.StepOverridden{Step: "secret", Reason: "the key comes later", Status: run.Unknown}})
	d.World.Checks["secret"] = run.Failed
	d.For(time.Minute)
	if d.Count(run.OverrideVoided{}) != 1 {
		t.Error("what was unknown failed, and the override stands")
	}
}
