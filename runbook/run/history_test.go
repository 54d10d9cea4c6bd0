package run_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
)

// see gives the check of a step one look now.
func see(d *drive, step string, r run.Result) {
	d.TB.Helper()
	d.World.Looks[step] = r
	d.See(run.Checked{Step: step, Result: r})
}

func TestWhatUnTickedStaysVisible(t *testing.T) {
	d := begin(t)
	d.World.Looks["secret"] = passed("4 of 4 keys")
	d.For(15 * time.Second)
	if fall, n := d.S.LastFall("secret"); fall != nil || n != 0 {
		t.Fatalf("it fell before it stood: %+v", fall)
	}
	at := d.At
	see(d, "secret", failed(1, "3 of 4 keys"))
	fall, n := d.S.LastFall("secret")
	if n != 1 || !fall.At.Equal(at) || fall.To != run.Failed || fall.Before != "4 of 4 keys" || fall.After != "3 of 4 keys" || !fall.Back.IsZero() {
		t.Fatalf("%d falls, the last %+v", n, fall)
	}
	d.For(15 * time.Second)
	see(d, "secret", ill("vault"))
	if fall, n := d.S.LastFall("secret"); n != 1 || fall.To != run.Unknown || !fall.At.Equal(at) {
		t.Errorf("%d falls, the last %+v", n, fall)
	}
	d.For(5 * time.Second)
	back := d.At
	see(d, "secret", passed("4 of 4 keys"))
	d.For(5 * time.Minute)
	if fall, n := d.S.LastFall("secret"); n != 1 || !fall.Back.Equal(back) {
		t.Errorf("%d falls, the last %+v", n, fall)
	}
	d = resumed(t, d, time.Hour)
	if fall, n := d.S.LastFall("secret"); n != 1 || !fall.Back.Equal(back) || fall.Before != "4 of 4 keys" {
		t.Errorf("after a replay: %d falls, the last %+v", n, fall)
	}
	d.For(15 * time.Second)
	d.World.Silent["secret"] = true
	d.For(2 * time.Minute)
	if fall, n := d.S.LastFall("secret"); n != 2 || fall.To != run.Stale {
		t.Errorf("going stale counts as %d falls, the last %+v", n, fall)
	}
}

// TestALookAtTheKeypressIsNoFall: asking again un-ticks nothing by itself, finding it bad does.
func TestALookAtTheKeypressIsNoFall(t *testing.T) {
	for _, bad := range []bool{false, true} {
		d := begin(t, "{id: secret, title: Secret, verify: [{probe: {}, interval: 10s, ttl: 40s}]}", "{id: secret, title: Secret, recheck: once, verify: [{probe: {}, interval: 10s, ttl: 40s}]}")
		d.Want(run.Attest{Step: "config"})
		d.For(2 * time.Minute)
		want := 0
		if bad {
			d.World.Checks["secret"], want = run.Failed, 1
		}
		d.Want(run.OpenGate{})
		d.For(15 * time.Second)
		if _, n := d.S.LastFall("secret"); n != want {
			t.Errorf("%d falls, want %d", n, want)
		}
	}
}

// flapped is a run in which strict changed four times within two minutes and is good now.
func flapped(t testing.TB, edits ...string) *drive {
	t.Helper()
	d := begin(t, edits...)
	d.Want(run.Attest{Step: "config"})
	d.For(15 * time.Second)
	for range 2 {
		see(d, "strict", failed(2, "2 of 3 answer"))
		d.For(30 * time.Second)
		see(d, "strict", passed("3 of 3 answer"))
		d.For(30 * time.Second)
	}
	return d
}

func TestAFlappingBoxOpensNoGateByLuck(t *testing.T) {
	d := flapped(t)
	if !d.S.Flapping("strict") || d.S.Flapping("secret") {
		t.Fatal("the mark is missing, or on another")
	}
	shows(t, d, "strict", run.Drifted)
	if text := string(d.S.Observed("strict")); !strings.Contains(text, "flapping, good now and trusted from") {
		t.Errorf("it says %q", text)
	}
	if rings := loud(d.S, 0); len(rings) != 3 || !strings.Contains(rings[2], "Strict flaps: 4 changes within 10m0s") { // two falls, then the mark
		t.Errorf("it rang %q", rings)
	}
	d.Want(run.OpenGate{})
	d.For(9 * time.Minute)
	if d.S.Phase != 0 || !d.S.Flapping("strict") {
		t.Fatal("it counts as calm before ten minutes are over")
	}
	d.For(time.Minute)
	if d.S.Flapping("strict") || d.Count(run.CheckCalmed{}) != 1 {
		t.Fatalf("it is not calm after ten minutes:%s", d.Log())
	}
	shows(t, d, "strict", run.Passed)
	openGate(d, 1, t)
	lines := len(d.S.Log)
	if rings := loud(d.S, lines); len(rings) != 0 {
		t.Errorf("calm rings: %q", rings)
	}
}

func TestAFlappingBoxRingsOnce(t *testing.T) {
	d := flapped(t)
	lines := len(d.S.Log)
	for range 10 {
		see(d, "strict", failed(2, "2 of 3 answer"))
		d.For(30 * time.Second)
		see(d, "strict", passed("3 of 3 answer"))
		d.For(30 * time.Second)
	}
	if rings := loud(d.S, lines); len(rings) != 0 {
		t.Errorf("it rang again: %q", rings)
	}
	if _, n := d.S.LastFall("strict"); n != 12 {
		t.Errorf("%d falls are remembered, want 12", n)
	}
}

// TestAFlappingBoxMayBeOverridden: its badness is that of its bad moments, so that these do not void it at once.
func TestAFlappingBoxMayBeOverridden(t *testing.T) {
	d := flapped(t, "{id: strict, title: Strict, verify: [{probe: {}, interval: 10s, ttl: 40s}], overridable: false}", "{id: strict, title: Strict, verify: [{probe: {}, interval: 10s, ttl: 40s}]}")
	d.Want(run.Override{Step: "strict", Reason: "one replica is being moved"})
	see(d, "strict", failed(2, "2 of 3 answer"))
	shows(t, d, "strict", run.Overridden)
	see(d, "strict", failed(3, "none answers"))
	shows(t, d, "strict", run.Drifted)
}

func TestFourTurnsInALongTimeAreNoFlapping(t *testing.T) {
	d := begin(t)
	d.For(15 * time.Second)
	for range 4 {
		see(d, "strict", failed(2, "2 of 3 answer"))
		d.For(4 * time.Minute)
		see(d, "strict", passed("3 of 3 answer"))
		d.For(4 * time.Minute)
	}
	if d.S.Flapping("strict") {
		t.Error("a turn every four minutes counts as flapping")
	}
}

// TestWhatCannotBeSeenIsNoTurnAndNoCalm: a sensor that comes and goes makes no box flap, and time that nobody looked
// calms none.
func TestWhatCannotBeSeenIsNoTurnAndNoCalm(t *testing.T) {
	d := begin(t)
	d.For(15 * time.Second)
	for range 5 {
		see(d, "strict", ill("vault"))
		d.For(20 * time.Second)
		see(d, "strict", passed("3 of 3 answer"))
		d.For(20 * time.Second)
	}
	if d.S.Flapping("strict") {
		t.Error("an ill sensor makes its box flap")
	}

	d = flapped(t)
	see(d, "strict", ill("vault"))
	d.For(15 * time.Minute)
	shows(t, d, "strict", run.Unknown)
	see(d, "strict", passed("3 of 3 answer"))
	d.For(15 * time.Second)
	shows(t, d, "strict", run.Drifted)
	d.For(10 * time.Minute)
	shows(t, d, "strict", run.Passed)

	d = flapped(t)
	d = resumed(t, d, time.Hour)
	d.For(15 * time.Second)
	shows(t, d, "strict", run.Drifted)
}

func TestThresholdsDampFlapping(t *testing.T) {
	d := begin(t)
	d.For(15 * time.Second)
	for range 10 {
		see(d, "slow", failed(0, "no"))
		d.At = d.At.Add(time.Second)
		see(d, "slow", passed("yes"))
		d.At = d.At.Add(time.Second)
	}
	shows(t, d, "slow", run.Passed)
	if d.S.Flapping("slow") {
		t.Error("flickers below the failureThreshold count")
	}
}

// TestWhatChangedLatelyOpensNoGate: however the looks fall, a box that turned four times or more within ten minutes
// does not open a gate until ten minutes passed without a turn.
func TestWhatChangedLatelyOpensNoGate(t *testing.T) {
	check(t, func(rt *rapid.T) {
		d := begin(t)
		d.For(15 * time.Second)
		var turns []time.Time
		good := true
		for range rapid.IntRange(4, 30).Draw(rt, "looks") {
			now := rapid.Bool().Draw(rt, "good")
			if now != good {
				turns = append(turns, d.At)
			}
			if good = now; good {
				see(d, "strict", passed("well"))
			} else {
				see(d, "strict", failed(1, "bad"))
			}
			d.For(time.Duration(rapid.IntRange(1, 200).Draw(rt, "seconds")) * time.Second)
			flaps := false
			for i := 3; i < len(turns); i++ {
				within := turns[i].Sub(turns[i-3]) <= 10*time.Minute
				calm := i+1 < len(turns) && turns[i+1].Sub(turns[i]) > 10*time.Minute+20*time.Second || d.At.Sub(turns[i]) >= 10*time.Minute
				flaps = flaps && !calm || within && !calm
			}
			if flaps && d.S.StepStatus("strict").OpensGate() {
				rt.Fatalf("it flaps and opens the gate; turns %v, now %v", turns, d.At)
			}
			if !good && d.S.StepStatus("strict").OpensGate() {
				rt.Fatal("what is bad opens the gate")
			}
		}
		d.For(10*time.Minute + 20*time.Second)
		if d.S.Flapping("strict") || good != d.S.StepStatus("strict").OpensGate() {
			rt.Fatalf("after a calm time it shows %s", d.S.StepStatus("strict"))
		}
	})
}

// TestAnUnattendedRunGivesUpOnAFlappingBox: it neither passes it by luck nor waits for ever.
func TestAnUnattendedRunGivesUpOnAFlappingBox(t *testing.T) {
	d := flapped(t)
	d.S.Auto = run.PolicyAuto
	if next := run.NextIntent(d.S, d.At); next.Intent != nil {
		t.Errorf("it goes on with %+v", next.Intent)
	}
	next := run.NextIntent(d.S, d.At.Add(3*time.Minute))
	if next.Stop == nil || !strings.Contains(string(next.Stop.Why), "flapping") {
		t.Errorf("it waits on: %+v", next)
	}
}
