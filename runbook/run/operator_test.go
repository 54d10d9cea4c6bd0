package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// unattended lets a policy drive a run until it stops or ends.
func unattended(t *testing.T, policy string, script func(*runtest.World), edits ...string) (run.State, *run.Stop) {
	t.Helper()
	w := runtest.NewWorld()
	script(w)
	d := runtest.StartAs(t, runtest.Plan(t, edits...), w, run.RunStarted{Operator: "alice", Environment: "production", Auto: policy})
	for end := d.At.Add(3 * time.Hour); d.At.Before(end); d.For(time.Second) {
		if !d.S.Ended.IsZero() {
			return d.S, nil
		}
		next := run.NextIntent(d.S, d.At)
		if next.Stop != nil {
			return d.S, next.Stop
		}
		if next.Intent != nil {
			d.Want(next.Intent)
		}
	}
	t.Fatalf("it neither ended nor stopped:%s", d.Log())
	return d.S, nil
}

func TestPolicies(t *testing.T) {
	hands := []string{
		"          - {id: config, title: Config}\n", "", "          - {id: notify, title: Notify}\n", "",
		"{id: report, title: Report}", "{id: report, title: Report, required: false}",
	}
	tests := []struct {
		name    string
		policy  string
		edits   []string
		script  func(*runtest.World)
		outcome run.Outcome // of the run, or of the stop
		unknown bool
	}{
		{name: "auto stops at a person", policy: run.PolicyAuto, outcome: run.NeedsPerson},
		{name: "auto completes what needs none", policy: run.PolicyAuto, edits: hands, outcome: run.Completed},
		{name: "a good operator completes", policy: run.PolicyGoodOperator, outcome: run.Completed},
		{name: "a failed box", policy: run.PolicyAuto, script: func(w *runtest.World) { w.Checks["secret"] = run.Failed }, outcome: run.RunFailed},
		{name: "an unknown box", policy: run.PolicyAuto, script: func(w *runtest.World) { w.Checks["secret"] = run.Unknown }, outcome: run.NeedsPerson, unknown: true},
		{name: "an optional failed box", policy: run.PolicyGoodOperator, script: func(w *runtest.World) { w.Checks["soft"] = run.Failed }, outcome: run.Completed},
		{name: "a refused deploy", policy: run.PolicyGoodOperator, script: func(w *runtest.World) { w.Problems = []run.Safe{"forbidden"} }, outcome: run.RunFailed},
		{name: "a deploy nobody can verify", policy: run.PolicyGoodOperator, script: func(w *runtest.World) { w.Unknown = []run.Safe{"timed out"} }, outcome: run.NeedsPerson, unknown: true},
		{name: "a stuck deploy, unattended", policy: run.PolicyAuto, edits: hands, script: func(w *runtest.World) { w.Broken["api"] = "quota" }, outcome: run.RunFailed},
		{name: "a stuck deploy, good operator", policy: run.PolicyGoodOperator, script: func(w *runtest.World) { w.Stuck["api"] = "CrashLoopBackOff" }, outcome: run.NeedsPerson, unknown: true}, // staging has no metrics to verify its rollback
		{name: "no metrics", policy: run.PolicyAuto, edits: hands, script: func(w *runtest.World) { w.NoData = true }, outcome: run.NeedsPerson, unknown: true},
		{name: "a lock that stays with somebody else", policy: run.PolicyGoodOperator, script: func(w *runtest.World) { w.Holder = "bob" }, outcome: run.NeedsPerson},
		{name: "a trip that rolls nothing back", policy: run.PolicyAuto, edits: append([]string{", then: rollback", ""}, hands...), script: func(w *runtest.World) { w.Errors = 30 }, outcome: run.RunFailed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := test.script
			if script == nil {
				script = func(*runtest.World) {}
			}
			s, stop := unattended(t, test.policy, script, test.edits...)
			outcome, unknown := s.Outcome, false
			if stop != nil {
				outcome, unknown = stop.Outcome, stop.Unknown
				if stop.Why == "" {
					t.Error("it does not say why")
				}
			}
			if outcome != test.outcome || unknown != test.unknown {
				t.Errorf("%q (unknown %v), want %q (%v): %+v", outcome, unknown, test.outcome, test.unknown, stop)
			}
		})
	}
}

func TestPatienceBeginsAnewAfterAResume(t *testing.T) {
	d := begin(t)
	d.S.Auto = run.PolicyAuto
	d.For(time.Minute)
	d = resumed(t, d, time.Hour)
	d.S.Auto = run.PolicyAuto
	for _, w := range run.Wanted(d.S) { // nothing has been looked at yet
		if next := run.NextIntent(d.S, d.At); next.Stop != nil && next.Stop.Unknown {
			t.Fatalf("it gives up before %s looked: %s", w.ID, next.Stop.Why)
		}
	}
}

// Only a drill is given up, with what its last stop came to: nobody could go on with it.
func TestGiveUp(t *testing.T) {
	stop := run.Stop{Outcome: run.RunFailed, Why: "a box is red"}
	begin := func(first run.RunStarted) *runtest.Drive {
		first.Operator, first.Environment = "alice", "production"
		return runtest.StartAs(t, runtest.Plan(t), runtest.NewWorld(), first)
	}
	for name, first := range map[string]run.RunStarted{
		"a real run": {Auto: run.PolicyAuto}, "a person's run": {},
	} {
		d := begin(first)
		refused(t, d, run.GiveUp{Stop: stop})
		if !d.S.Ended.IsZero() {
			t.Errorf("%s ended as %s", name, d.S.Outcome)
		}
	}
	d := begin(run.RunStarted{Practice: "wednesday", Auto: run.PolicyGoodOperator})
	d.Want(run.GiveUp{Stop: stop})
	if got, ok := d.Events[len(d.Events)-1].Event.(run.Finished); !ok || got != (run.Finished{Outcome: run.RunFailed, Verdict: run.VerdictNone, Reason: "a box is red"}) {
		t.Errorf("it ended with %+v", d.Events[len(d.Events)-1])
	}
	if d.S.Outcome != run.RunFailed || len(run.Wanted(d.S)) != 0 {
		t.Errorf("it is %s, and %d works are wanted", d.S.Outcome, len(run.Wanted(d.S)))
	}
}
