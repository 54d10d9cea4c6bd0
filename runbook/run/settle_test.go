package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// settling rolls a watched deploy back until every component took.
func settling(t testing.TB) *drive {
	t.Helper()
	d := watching(t)
	undone(t, d)
	d.Until("settling", time.Minute, rollbackAt(run.Settling))
	return d
}

func TestHowARollbackSettles(t *testing.T) {
	tests := []struct {
		name   string
		script func(*drive)
		want   run.Status
	}{
		{"in band", func(*drive) {}, run.Passed},
		{"out of band to the end", func(d *drive) { d.World.Errors = 40 }, run.Failed},
		{"no metric from the start", func(d *drive) { d.World.NoData = true }, run.Unknown},
		{"no metric any more", func(d *drive) { d.For(time.Minute); d.World.NoData = true }, run.Unknown},
		{"out, then back", func(d *drive) { d.World.Errors = 40; d.For(5 * time.Minute); d.World.Errors = 0.1 }, run.Passed},
		{"killed while it settled, and nobody could look after", func(d *drive) {
			d.For(time.Minute)
			*d = *resumed(d.TB, d, time.Hour)
			d.World.NoData = true
		}, run.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := settling(t)
			test.script(d)
			d.Until("settled", 20*time.Minute, rollbackAt(run.Restored))
			if r := d.S.Rollback; r.Verified != test.want {
				t.Errorf("verified %s, want %s:%s", r.Verified, test.want, d.Log())
			}
			shows(t, d, "verify", test.want)
			if test.want != run.Passed {
				if !d.S.Ended.IsZero() {
					t.Error("it ended as if it had been verified")
				}
				return
			}
			d.Want(run.Attest{Step: "tell"})
			if d.S.Outcome != run.RolledBack || d.S.Verdict != run.VerdictFail {
				t.Errorf("ended %q with %q", d.S.Outcome, d.S.Verdict)
			}
		})
	}
}

func TestASamplerThatHangsProvesNothing(t *testing.T) {
	d := settling(t)
	d.See(run.Sampled{Env: "production", Sample: d.World.Sample(d.At)})
	for range 40 { // time passes, and nobody samples
		d.At = d.At.Add(30 * time.Second)
		d.Input(run.Input{})
	}
	if r := d.S.Rollback; r.Stage == run.Restored && r.Verified != run.Unknown {
		t.Errorf("one sample and silence count as %s", r.Verified)
	}
}

func TestARollbackThatIsLateGoesOnTrying(t *testing.T) {
	d := watching(t)
	d.World.Deny["worker"] = "quota exceeded"
	undone(t, d)
	d.For(10 * time.Second)
	if got := d.World.Runs("production", "api"); !strings.HasSuffix(got, "v1") {
		t.Errorf("the failure of one held the other up: api runs %s", got)
	}
	shows(t, d, "undo", run.Checking)
	d.For(11 * time.Minute)
	shows(t, d, "undo", run.Failed)
	if !d.S.Rollback.Late || d.Count(run.UndoLate{}) != 1 {
		t.Error("nobody is told that it is late")
	}
	if n := d.Count(run.UndoSeen{}); n != 2 {
		t.Errorf("%d outcomes journaled: the same error is told once", n)
	}
	d.World.Deny["worker"] = ""
	d.Until("settled", 10*time.Minute, rollbackAt(run.Restored))
	if r := d.S.Rollback; r.Verified != run.Passed {
		t.Errorf("verified %s", r.Verified)
	}
}

func TestARollbackIsNotLateForTimeNobodyWatched(t *testing.T) {
	d := watching(t)
	d.World.PodTime = 5 * time.Minute
	undone(t, d)
	d.For(time.Second)
	d = resumed(t, d, time.Hour)
	if d.S.Rollback.Late {
		t.Error("called late before anybody looked")
	}
	d.Until("settling", 10*time.Minute, rollbackAt(run.Settling))
}

func TestWhatUndoesOurUndoIsSaid(t *testing.T) {
	d := settling(t)
	d.World.Meddle("production", "api", "registry.example/api:v2", d.At)
	d.For(30 * time.Second)
	if d.S.Rollback.Stage != run.Restoring || d.Count(run.UndoneAgain{}) != 1 {
		t.Fatalf("stage %s:%s", d.S.Rollback.Stage, d.Log())
	}
	d.World.Meddle("production", "api", "registry.example/api:v1", d.At)
	d.Until("settled", 10*time.Minute, rollbackAt(run.Restored))
}

// Another run rolled back what this one moved: it is said, un-ticks the deploy, and nothing is written over it.
func TestWhatSomebodyElseChangesIsNotCalledDeployed(t *testing.T) {
	d := holding(t)
	d.Until("the api holds", 10*time.Minute, func(s run.State) bool { return s.Deploys["move"].Move == 2 && s.Deploys["move"].Stage == run.Holding })
	d.World.Meddle("production", "worker", "registry.example/worker:v1", d.At)
	writes := len(d.World.Writes)
	d.For(30 * time.Minute)
	if dep := d.S.Deploys["move"]; dep.Stage != run.Holding || len(d.World.Writes) != writes {
		t.Fatalf("it went on (%s):%s", dep.Stage, d.Log())
	}
	if d.Count(run.Strayed{}) != 1 || !strings.Contains(d.Log(), "worker was changed by another hand: it runs registry.example/worker:v1") {
		t.Errorf("it was not said once:%s", d.Log())
	}
	if why := d.S.PromotionBlockers("move"); len(why) != 1 || !strings.Contains(string(why[0]), "worker") {
		t.Errorf("what holds it back is %q", why)
	}
	d.World.Meddle("production", "worker", "registry.example/worker:v2", d.At)
	d.Until("done", 10*time.Minute, stage("move", run.DeployDone))
	d.World.Meddle("production", "api", "registry.example/api:v1", d.At)
	d.For(30 * time.Second)
	shows(t, d, "move", run.Drifted)
	if said := d.S.Observed("move"); !strings.Contains(string(said), "api: it runs registry.example/api:v1") {
		t.Errorf("the box says %q", said)
	}
}

func TestOnlyWhatWasTouchedGoesBack(t *testing.T) {
	d := holding(t) // the worker is at 25 %, the api untouched
	undone(t, d)
	d.For(time.Minute)
	for _, w := range d.World.Writes {
		if w.Kind == "undo" && w.Component != "worker" {
			t.Errorf("%s was written", w.Component)
		}
	}
	if len(d.S.Rollback.Pins) != 1 {
		t.Errorf("%d components in the rollback", len(d.S.Rollback.Pins))
	}
}

func TestTheReasonIsAskedAfter(t *testing.T) {
	d := watching(t)
	refused(t, d, run.Reason{Text: "too early"})
	undone(t, d)
	d.Want(run.Reason{Text: "errors after the deploy"})
	if d.S.Rollback.Reason != "errors after the deploy" {
		t.Errorf("reason %q", d.S.Rollback.Reason)
	}
}
