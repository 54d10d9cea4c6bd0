package run_test

import (
	"math"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name   string
		script func(*drive)
		want   run.Verdict
		shows  run.Status
	}{
		{"well", func(*drive) {}, run.VerdictPass, run.Passed},
		{"tripped", func(d *drive) { d.World.Errors = 30 }, run.VerdictFail, run.Failed},
		{"a peak shorter than the trigger's time", func(d *drive) { d.World.Errors = 30; d.For(30 * time.Second); d.World.Errors = 0.1 }, run.VerdictPass, run.Passed},
		{"no data", func(d *drive) { d.World.NoData = true }, run.VerdictInconclusive, run.Unknown},
		{"no number", func(d *drive) { d.World.Errors = math.NaN() }, run.VerdictInconclusive, run.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := watching(t)
			test.script(d)
			d.Until("over", 11*time.Minute, func(s run.State) bool { return !s.Watches["watch"].Ended.IsZero() })
			if got := d.S.Watches["watch"].Verdict; got != test.want {
				t.Errorf("verdict %s, want %s: %s", got, test.want, d.S.Watches["watch"].Why)
			}
			shows(t, d, "watch", test.shows)
			if d.S.Rollback != nil {
				t.Error("it rolled back although the runbook says auto: false")
			}
		})
	}
}

func TestAWatchIsExtended(t *testing.T) {
	d := watching(t)
	d.World.NoData = true
	d.For(10 * time.Minute)
	shows(t, d, "watch", run.Unknown)
	d.World.NoData = false
	d.Want(run.Extend{Step: "watch", By: time.Hour})
	shows(t, d, "watch", run.Checking)
	d.For(61 * time.Minute)
	shows(t, d, "watch", run.Passed)
	refused(t, d, run.Extend{Step: "watch", By: -time.Minute})
	refused(t, d, run.Extend{Step: "nowhere", By: time.Minute})
}

func TestATripRollsBackOnlyWhereItMay(t *testing.T) {
	tests := []struct {
		name  string
		edits []string
		auto  string
		rolls bool
	}{
		{"a person sits there", nil, "", false},
		{"the runbook says auto", []string{"auto: false", "auto: true"}, "", true},
		{"an unattended run", nil, run.PolicyAuto, true},
		{"a trigger that only rings", []string{", then: rollback", "", "auto: false", "auto: true"}, run.PolicyAuto, false},
		{"a warning", []string{"severity: critical", "severity: warning", "auto: false", "auto: true"}, run.PolicyAuto, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := watching(t, test.edits...)
			d.S.Auto = test.auto
			d.World.Errors = 30
			d.For(2 * time.Minute)
			if got := d.S.Rollback != nil; got != test.rolls {
				t.Fatalf("rolled back: %v, want %v:%s", got, test.rolls, d.Log())
			}
			if !test.rolls {
				return
			}
			d.Until("settling", time.Minute, rollbackAt(run.Settling))
			shows(t, d, "watch", run.Failed)
		})
	}
}

func TestATripThatWasTakenBackIsNotPressedAgain(t *testing.T) {
	d := watching(t, "auto: false", "auto: true")
	d.World.Errors = 30
	d.Until("fuse", 2*time.Minute, rollbackAt(run.Fusing))
	d.Want(run.TakeBack{})
	d.For(5 * time.Minute)
	if d.S.Presses != 1 || d.S.Rollback.Stage != run.TakenBack {
		t.Errorf("%d presses, %s", d.S.Presses, d.S.Rollback.Stage)
	}
}

func TestFinish(t *testing.T) {
	d := holding(t)
	refused(t, d, run.Finish{Reason: "half done"})
	undone(t, d)
	refused(t, d, run.Finish{Reason: "half undone"})
	d.Until("settling", time.Minute, rollbackAt(run.Settling))
	d.Want(run.Finish{Reason: "the metrics are known"})
	if d.S.Outcome != run.RolledBack {
		t.Errorf("outcome %q", d.S.Outcome)
	}
	d = inStaging(t)
	d.Want(run.Finish{Reason: "tomorrow"})
	if d.S.Outcome != run.NeedsPerson || d.S.Verdict != run.VerdictNone {
		t.Errorf("outcome %q, %q", d.S.Outcome, d.S.Verdict)
	}
}

func TestStatusUpdatesComeDue(t *testing.T) {
	d := runtest.Start(t, runtest.Plan(t, "rollback:\n  auto", "communication: {every: 15m}\nrollback:\n  auto"), runtest.NewWorld())
	if want := begun.Add(15 * time.Minute); d.S.NextUpdate != want {
		t.Fatalf("due %s, want %s", d.S.NextUpdate, want)
	}
	d.For(20 * time.Minute)
	d.Want(run.StatusSent{})
	if want := begun.Add(35 * time.Minute); d.S.NextUpdate != want {
		t.Errorf("due %s, want %s", d.S.NextUpdate, want)
	}
}
