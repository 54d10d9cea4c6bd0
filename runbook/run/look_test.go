package run_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func pinnedAt(pin run.Safe) run.Result {
	return run.Result{Status: run.Passed, Summary: "the image is there", Pin: pin, Sensor: "registry.example"}
}

// TestAnotherIdentityIsAFailure: a tag that was moved after it was verified means another thing by the same name.
func TestAnotherIdentityIsAFailure(t *testing.T) {
	d := begin(t)
	d.World.Looks["slow"] = pinnedAt("sha256:a") // three failures in a row would be forgiven
	d.For(15 * time.Second)
	shows(t, d, "slow", run.Passed)
	if pin := d.S.Steps["slow"].Checks[0].Pin; pin != "sha256:a" {
		t.Fatalf("pinned %q", pin)
	}
	d.World.Looks["slow"] = pinnedAt("sha256:b")
	d.For(15 * time.Second)
	shows(t, d, "slow", run.Drifted)
	if text := string(d.S.Observed("slow")); !strings.Contains(text, "changed since it was verified: sha256:a → sha256:b") {
		t.Errorf("it says %q", text)
	}
	d.Want(run.Recheck{Step: "slow"})
	d.For(time.Minute)
	shows(t, d, "slow", run.Drifted) // looking again accepts nothing

	d = resumed(t, d, time.Minute)
	d.For(15 * time.Second)
	shows(t, d, "slow", run.Drifted) // nor does another process

	d.Want(run.Override{Step: "slow", Reason: "rebuilt on purpose, see the pipeline"})
	d.For(time.Minute)
	shows(t, d, "slow", run.Overridden)
	d.World.Looks["slow"] = pinnedAt("sha256:c")
	d.For(15 * time.Second)
	shows(t, d, "slow", run.Drifted) // a third one was accepted by nobody
	d.World.Looks["slow"] = pinnedAt("sha256:a")
	d.For(30 * time.Second)
	shows(t, d, "slow", run.Passed)
}

func TestAnIdentityThatCannotBeToldIsUnknown(t *testing.T) {
	d := begin(t)
	d.World.Looks["secret"] = pinnedAt("sha256:a")
	d.For(15 * time.Second)
	d.World.Looks["secret"] = pinnedAt("")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Unknown)
	d.World.Looks["secret"] = pinnedAt("sha256:a")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Passed)
}

// TestAFailureIsNotWhatIsPinned: only what passed was verified.
func TestAFailureIsNotWhatIsPinned(t *testing.T) {
	d := begin(t)
	bad := failed(1, "not signed")
	bad.Pin = "sha256:a"
	d.World.Looks["secret"] = bad
	d.For(15 * time.Second)
	d.World.Looks["secret"] = pinnedAt("sha256:b")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Passed)
	if pin := d.S.Steps["secret"].Checks[0].Pin; pin != "sha256:b" {
		t.Errorf("pinned %q", pin)
	}
}

func TestAPinThatComesLaterIsJournaled(t *testing.T) {
	d := begin(t)
	d.World.Looks["secret"] = pinnedAt("")
	d.For(15 * time.Second)
	d.World.Looks["secret"] = pinnedAt("sha256:a")
	d.For(15 * time.Second)
	d = resumed(t, d, time.Minute)
	if pin := d.S.Steps["secret"].Checks[0].Pin; pin != "sha256:a" {
		t.Errorf("the next process knows %q", pin)
	}
}

func TestResultsThatSayNothing(t *testing.T) {
	for name, r := range map[string]run.Result{
		"a pass of a sensor that did not answer":    {Status: run.Passed, Summary: "well", Sensor: "vault", Ill: true},
		"a failure of a sensor that did not answer": {Status: run.Failed, Summary: "bad", Sensor: "vault", Ill: true},
		"no status":           {Summary: "well"},
		"a status of a step":  {Status: run.Overridden},
		"a status of a stale": {Status: run.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t)
			d.World.Looks["secret"] = r
			d.For(15 * time.Second)
			shows(t, d, "secret", run.Unknown)
		})
	}
}

func TestABadnessThatIsNoNumberSaysNothing(t *testing.T) {
	for _, b := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -3} {
		d := begin(t)
		d.World.Looks["secret"] = failed(b, "bad")
		d.For(15 * time.Second)
		if got := d.S.Steps["secret"].Checks[0].Result.Badness; got != 0 {
			t.Errorf("%v came through as %v", b, got)
		}
	}
}

// TestALookFitsIntoTheJournal: whatever a kind brings in, its event is journaled, or a replay would miss it.
func TestALookFitsIntoTheJournal(t *testing.T) {
	for _, text := range []string{"\"<é>", "<", "\\", "é", "x", "𝄞"} {
		fitsIntoTheJournal(t, run.MakeSafe(strings.Repeat(text, 4000), 4096))
	}
}

func fitsIntoTheJournal(t *testing.T, long run.Safe) {
	t.Helper()
	r := run.Result{Status: run.Failed, Summary: long, Sensor: long, Pin: long}
	for range 100 {
		r.Evidence = append(r.Evidence, run.Evidence{Observed: long, Expected: long, Source: long, Query: long, ResourceVersion: string(long)})
	}
	d := begin(t)
	d.World.Looks["secret"] = r
	d.For(15 * time.Second)
	for _, e := range d.Events {
		data, err := json.Marshal(e.Event)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 60<<10 {
			t.Errorf("%s has %d bytes", e.Event.Kind(), len(data))
		}
	}
	shows(t, d, "secret", run.Failed)
	if len(d.S.Steps["secret"].Checks[0].Result.Evidence) == 0 {
		t.Error("nothing is left of the evidence")
	}
}

func TestChecksThatDoNotApply(t *testing.T) {
	na := run.Result{Status: run.NotApplicable, Summary: "this release has no migration"}
	d := begin(t, twoChecks...)
	d.World.Looks["secret/0"], d.World.Looks["secret/1"] = na, passed("well")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Passed)
	d.World.Looks["secret/1"] = na
	d.For(15 * time.Second)
	shows(t, d, "secret", run.NotApplicable)
	if !d.S.StepStatus("secret").OpensGate() {
		t.Error("what does not apply keeps the gate shut")
	}
	d.World.Looks["secret/0"] = failed(0, "a migration after all, and it fails")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Failed)
	d.World.Looks["secret/0"] = ill("vault")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Unknown)
}

// TestNotApplicableIsNoWayRoundTheThreshold: what failed needs as many good looks in a row, of whatever word.
func TestNotApplicableIsNoWayRoundTheThreshold(t *testing.T) {
	d := begin(t)
	d.World.Checks["slow"] = run.Failed
	d.For(15 * time.Second)
	d.At = d.At.Add(time.Second)
	d.See(run.Checked{Step: "slow", Result: run.Result{Status: run.NotApplicable}})
	shows(t, d, "slow", run.Failed)
	d.See(run.Checked{Step: "slow", Result: run.Result{Status: run.NotApplicable}})
	shows(t, d, "slow", run.NotApplicable)
}
