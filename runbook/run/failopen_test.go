package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// TestFailOpenBugsOfOthersAreAbsent goes through ways in which other programs let a deployment go on unproved. Each
// script must leave the run in its phase, with nothing written to production.
func TestFailOpenBugsOfOthersAreAbsent(t *testing.T) {
	tests := []struct {
		name   string
		script func(testing.TB) *drive
	}{
		{"a failed step is not skipped when its retries are used up", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Refuse["api"] = "forbidden"
			d.Want(run.Start{Step: "roll"})
			for range 20 {
				d.For(time.Minute)
				d.Want(run.Continue{})
			}
			d.Want(run.OpenGate{})
			return d
		}},
		{"a time-out does not decide", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.PodTime = 24 * time.Hour
			d.Want(run.Start{Step: "roll"})
			d.For(2 * time.Hour)
			d.Want(run.OpenGate{})
			return d
		}},
		{"a failure that a person confirms is not tried again", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Problems = []run.Safe{"forbidden"}
			d.Want(run.Start{Step: "roll"})
			d.For(time.Second)
			n := d.Count(run.DeployStarted{})
			d.World.Problems = nil
			d.For(time.Hour)
			if d.Count(run.DeployStarted{}) != n {
				t.Error("it tried again by itself")
			}
			d.Want(run.Finish{Reason: "it failed"})
			return d
		}},
		{"no success before the decision", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Silent["smoke"] = true
			d.Want(run.Start{Step: "roll"})
			d.For(time.Minute)
			d.Want(run.OpenGate{})
			if d.S.Outcome != "" || d.S.StepStatus("smoke").OpensGate() {
				t.Error("it shows a success that nobody saw")
			}
			return d
		}},
		{"abort is asked for once", func(t testing.TB) *drive {
			d := inStaging(t)
			d.Want(run.Finish{Reason: "stop"})
			if d.S.Ended.IsZero() {
				t.Error("it asks again")
			}
			return d
		}},
		{"a person may take all day", func(t testing.TB) *drive {
			d := begin(t)
			d.For(24 * time.Hour)
			if !d.S.Ended.IsZero() || d.S.StepStatus("config") != run.Pending {
				t.Error("it decided for the person")
			}
			return d
		}},
		{"a required failure stops it", func(t testing.TB) *drive {
			d := inStaging(t)
			d.Want(run.Start{Step: "roll"})
			d.For(time.Minute)
			d.World.Checks["smoke"] = run.Failed
			d.For(15 * time.Second)
			for range 5 {
				d.Want(run.OpenGate{})
				d.For(time.Minute)
			}
			refused(t, d, run.Start{Step: "move"})
			return d
		}},
		{"what has ended cannot be clicked any more", func(t testing.TB) *drive {
			d := inStaging(t)
			d.Want(run.Finish{Reason: "stop"})
			for _, i := range []run.Intent{run.OpenGate{}, run.Attest{Step: "notify"}, run.Start{Step: "move"}, run.Override{Step: "smoke", Reason: "after the end"}} {
				refused(t, d, i)
			}
			return d
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := test.script(t)
			d.For(5 * time.Minute)
			if d.S.Phase > 1 || !d.S.Envs["production"].Written.IsZero() {
				t.Errorf("it went on to phase %d:%s", d.S.Phase, d.Log())
			}
			for _, w := range d.World.Writes {
				if w.Env == "production" {
					t.Errorf("it wrote %v", w)
				}
			}
		})
	}
}
