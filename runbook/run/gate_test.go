package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// ready is a run whose first gate would open.
func ready(t testing.TB, edits ...string) func() *drive {
	return func() *drive {
		d := begin(t, edits...)
		d.Want(run.Attest{Step: "config"})
		d.For(15 * time.Second)
		return d
	}
}

func TestWhatBlocksAGate(t *testing.T) {
	tests := []struct {
		name   string
		script func(*drive)
		opens  bool
	}{
		{"all well", func(*drive) {}, true},
		{"warn", func(d *drive) { d.World.Checks["secret"] = run.Warn }, true},
		{"optional failed", func(d *drive) { d.World.Checks["soft"] = run.Failed }, true},
		{"failed", func(d *drive) { d.World.Checks["secret"] = run.Failed }, false},
		{"unknown", func(d *drive) { d.World.Checks["secret"] = run.Unknown }, false},
		{"stale", func(d *drive) { d.World.Silent["secret"] = true; d.For(2 * time.Minute) }, false},
		{"hand tick taken back", func(d *drive) { d.Want(run.Unattest{Step: "config"}) }, false},
		{"overridden", func(d *drive) {
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			d.Want(run.Override{Step: "secret", Reason: "the key comes later"})
		}, true},
		{"override not overridable", func(d *drive) {
			d.World.Checks["strict"] = run.Failed
			d.For(15 * time.Second)
			refused(t, d, run.Override{Step: "strict", Reason: "the key comes later"})
		}, false},
		{"deferred", func(d *drive) {
			d.World.Checks["later"] = run.Failed
			d.For(15 * time.Second)
			d.Want(run.Defer{Step: "later"})
		}, true},
		{"deferred where it may not be", func(d *drive) {
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			refused(t, d, run.Defer{Step: "secret"})
		}, false},
		{"not applicable", func(d *drive) {
			*d = *ready(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, when: '1 > 2',")()
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := ready(t)()
			test.script(d)
			d.For(15 * time.Second)
			d.Want(run.OpenGate{})
			d.For(2 * time.Minute)
			if opened := d.S.Phase == 1; opened != test.opens {
				t.Errorf("opened %v, want %v; log:%s", opened, test.opens, d.Log())
			}
		})
	}
}

func TestAGateLooksAgainAtTheKeypress(t *testing.T) {
	d := begin(t, "{id: secret, title: Secret, verify: [{probe: {}, interval: 10s, ttl: 40s}]}", "{id: secret, title: Secret, recheck: once, verify: [{probe: {}, interval: 10s, ttl: 40s}]}")
	d.Want(run.Attest{Step: "config"})
	d.For(2 * time.Minute)
	shows(t, d, "secret", run.Passed) // a look made once does not go stale by itself
	d.World.Checks["secret"] = run.Failed
	d.Want(run.OpenGate{})
	if d.S.Gate == nil || len(d.S.Gate.Fresh) != 1 {
		t.Fatalf("the gate does not wait for a new look: %+v", d.S.Gate)
	}
	d.For(time.Second)
	shows(t, d, "secret", run.Drifted)
	if d.S.Phase != 0 || d.S.Gate != nil {
		t.Errorf("phase %d, gate %+v", d.S.Phase, d.S.Gate)
	}
}

func TestALookThatDoesNotComeKeepsTheGateShut(t *testing.T) {
	d := ready(t)()
	d.World.Silent["secret"] = true
	d.For(39 * time.Second)
	d.At = d.At.Add(2 * time.Second) // beyond its ttl, in the instant of the keypress
	d.Want(run.OpenGate{})
	d.For(59 * time.Second)
	if d.S.Gate == nil {
		t.Error("it does not wait for the look")
	}
	d.For(2 * time.Second)
	if d.S.Gate != nil || d.Count(run.GateRefused{}) != 1 {
		t.Errorf("it waits for ever: %+v", d.S.Gate)
	}
	d.World.Silent["secret"] = false
	d.For(time.Hour)
	if d.S.Phase != 0 || d.Count(run.GateOpened{}) != 0 {
		t.Error("the gate opened long after the keypress")
	}
	openGate(d, 1, t)
}

func TestOverridesAreBound(t *testing.T) {
	d := ready(t, "{id: soft, title: Soft, verify: [{probe: {}, interval: 10s}], required: false}", "{id: soft, title: Soft, verify: [{probe: {}}, {probe: {}}]}")()
	d.World.Checks["secret"] = run.Unknown
	d.For(15 * time.Second)
	refused(t, d, run.Override{Step: "secret", Reason: "too short"})
	refused(t, d, run.Override{Step: "secret", Reason: "                "})
	refused(t, d, run.Override{Step: "ready", Reason: "it passes, so there is nothing to override"})
	refused(t, d, run.Override{Step: "smoke", Reason: "it belongs to a later phase"})
	refused(t, d, run.Override{Step: "nowhere", Reason: "there is no such step"})
	d.Want(run.Override{Step: "secret", Reason: "prometheus is down"})
	d.For(time.Minute)
	shows(t, d, "secret", run.Overridden)
	d.World.Checks["secret"] = run.Failed
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Drifted)
	if d.Count(run.OverrideVoided{}) != 1 || !d.S.Log[len(d.S.Log)-1].Loud {
		t.Errorf("the override of what got worse stands:%s", d.Log())
	}

	d.At = d.At.Add(time.Second)
	d.See(run.Checked{Step: "soft", Index: 0, Result: run.Result{Status: run.Failed}})
	d.Want(run.Override{Step: "soft", Reason: "one of the two is known"})
	shows(t, d, "soft", run.Overridden)
	d.See(run.Checked{Step: "soft", Index: 1, Result: run.Result{Status: run.Failed}})
	if d.S.StepStatus("soft") == run.Overridden {
		t.Error("an override of one failed check covers a second one")
	}
}

func TestADeferredStepComesBackInItsPhase(t *testing.T) {
	d := ready(t)()
	d.World.Checks["later"] = run.Failed
	d.For(15 * time.Second)
	d.Want(run.Defer{Step: "later"})
	openGate(d, 1, t)
	for d.S.Phase < 3 {
		skip(t, d)
	}
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "report"})
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if !d.S.Ended.IsZero() {
		t.Fatal("the run ended over a deferred step that fails")
	}
	refused(t, d, run.Defer{Step: "later"})
	d.World.Checks["later"] = run.Passed
	d.For(15 * time.Second)
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if d.S.Outcome != run.Completed {
		t.Errorf("outcome %q;%s", d.S.Outcome, d.Log())
	}
}

// skip overrides or ticks all that blocks the open phase, and opens its gate.
func skip(t testing.TB, d *drive) {
	t.Helper()
	for _, step := range d.S.GateBlockers() {
		if step.IsManual() {
			d.Want(run.Attest{Step: step.ID})
		} else {
			d.Want(run.Override{Step: step.ID, Reason: "left out in this test"})
		}
	}
	openGate(d, d.S.Phase+1, t)
}

func TestABoxThatStaysLiveShutsLaterGatesAgain(t *testing.T) {
	d := inStaging(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, recheck: run,")
	d.For(15 * time.Second)
	d.Want(run.Override{Step: "roll", Reason: "left out in this test"})
	d.World.Checks["secret"] = run.Failed
	d.For(15 * time.Second)
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if d.S.Phase != 1 {
		t.Error("the gate opened over a box that drifted")
	}
	if !strings.Contains(string(d.S.Notice.Text), "Secret") {
		t.Errorf("the notice does not name it: %q", d.S.Notice.Text)
	}
}

func TestAGatesSnapshotIsHashed(t *testing.T) {
	opened := func() run.GateOpened {
		d := ready(t)()
		d.Want(run.OpenGate{})
		d.For(time.Second)
		for _, e := range d.Events {
			if g, ok := e.Event.(run.GateOpened); ok {
				return g
			}
		}
		t.Fatalf("the gate did not open:%s", d.Log())
		return run.GateOpened{}
	}
	g := opened()
	if len(g.Snapshot) != 7 || len(g.Hash) != 64 || g.Phase != "before" {
		t.Errorf("%d boxes, hash %q, phase %q", len(g.Snapshot), g.Hash, g.Phase)
	}
	if again := opened(); again.Hash != g.Hash {
		t.Error("the same boxes have another hash")
	}
}

func TestAnActionUnderWayIsNeitherOverriddenNorDeferred(t *testing.T) {
	d := inStaging(t, "{id: roll, title: Roll,", "{id: roll, title: Roll, deferTo: after,")
	d.Want(run.Override{Step: "roll", Reason: "not deployed to staging"})
	shows(t, d, "roll", run.Overridden)
	d.World.PodTime = time.Minute
	d.Want(run.Start{Step: "roll"})
	shows(t, d, "roll", run.Checking) // what is done after all is judged after all
	refused(t, d, run.Override{Step: "roll", Reason: "not deployed to staging"})
	refused(t, d, run.Defer{Step: "roll"})
	d.Want(run.OpenGate{})
	d.For(30 * time.Second)
	if d.S.Phase != 1 {
		t.Error("the gate opened over a deploy under way")
	}
}
