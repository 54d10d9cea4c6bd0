package run_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
)

// twoChecks gives the step secret two checks.
var twoChecks = []string{
	"{id: secret, title: Secret, verify: [{probe: {}, interval: 10s, ttl: 40s}]}",
	"{id: secret, title: Secret, verify: [{probe: {}, interval: 10s, ttl: 40s}, {probe: {}, interval: 10s, ttl: 40s}]}",
}

func failed(badness float64, summary run.Safe) run.Result {
	return run.Result{Status: run.Failed, Summary: summary, Badness: badness}
}

func passed(summary run.Safe) run.Result { return run.Result{Status: run.Passed, Summary: summary} }

func ill(sensor run.Safe) run.Result {
	return run.Result{Status: run.Unknown, Summary: "could not look: connection refused", Sensor: sensor, Ill: true}
}

// overridden is a run in which the first check of secret fails by 3 and is overridden.
func overridden(t testing.TB) *drive {
	t.Helper()
	d := begin(t, twoChecks...)
	d.World.Looks["secret/0"] = failed(3, "3 keys are missing")
	d.World.Looks["secret/1"] = passed("well")
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "config"})
	d.Want(run.Override{Step: "secret", Reason: "the keys come with the next sync"})
	shows(t, d, "secret", run.Overridden)
	return d
}

func TestWhatVoidsAnOverride(t *testing.T) {
	pinned := func(r run.Result, pin run.Safe) run.Result { r.Pin = pin; return r }
	tests := []struct {
		name          string
		first, second run.Result
		want          run.Status // of the step; overridden: it stands
		why           string     // part of the reason of a void one
	}{
		{"nothing changed", failed(3, "3 keys are missing"), passed("well"), run.Overridden, ""},
		{"another wording", failed(3, "the keys a, b and c are missing"), passed("fine"), run.Overridden, ""},
		{"less bad", failed(1, "1 key is missing"), passed("well"), run.Overridden, ""},
		{"good", passed("all keys are there"), passed("well"), run.Overridden, ""},
		{"it says no more how bad", failed(0, "keys are missing"), passed("well"), run.Overridden, ""},
		{"a warning beside it", failed(3, "3 keys are missing"), run.Result{Status: run.Warn, Badness: 9}, run.Overridden, ""},
		{"does not apply any more", run.Result{Status: run.NotApplicable}, passed("well"), run.Overridden, ""},
		{"worse by its number", failed(4, "4 keys are missing"), passed("well"), run.Failed, "worse than when it was overridden: 4, was 3"},
		{"another check fails too", failed(3, "3 keys are missing"), failed(0, "no"), run.Failed, "was passed when it was overridden"},
		{"another check instead", passed("well"), failed(0, "no"), run.Drifted, "was passed when it was overridden"},
		{"the sensor is ill", ill("vault"), passed("well"), run.Unknown, ""},
		{"the other sensor is ill", failed(3, "3 keys are missing"), ill("vault"), run.Unknown, ""},
		{"pinned by then", pinned(failed(3, "3 keys are missing"), "sha256:b"), passed("well"), run.Failed, "it changed again, to sha256:b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := overridden(t)
			d.World.Looks["secret/0"], d.World.Looks["secret/1"] = test.first, test.second
			d.For(15 * time.Second)
			shows(t, d, "secret", test.want)
			v := d.S.Steps["secret"].Voided
			if test.why == "" {
				if v != nil || d.Count(run.OverrideVoided{}) != 0 {
					t.Fatalf("it is void: %+v", v)
				}
				return
			}
			if v == nil || !strings.Contains(string(v.Why), test.why) || v.Was.By != "alice" || v.Was.Reason == "" || v.At.IsZero() {
				t.Fatalf("void %+v, want it for %q", v, test.why)
			}
			if n := d.Count(run.OverrideVoided{}); n != 1 {
				t.Errorf("void %d times", n)
			}
			loud := false
			for _, l := range d.S.Log {
				loud = loud || l.Loud && strings.Contains(string(l.Text), "override void")
			}
			if !loud {
				t.Errorf("it does not ring:%s", d.Log())
			}
			d.World.Looks["secret/0"], d.World.Looks["secret/1"] = failed(3, "3 keys are missing"), passed("well")
			d.For(time.Minute)
			if d.S.StepStatus("secret").OpensGate() {
				t.Error("what is void came back to life")
			}
		})
	}
}

func TestAnOverrideSaysWhoWhenWhyAndWhat(t *testing.T) {
	o := overridden(t).S.Steps["secret"].Override
	if o.By != "alice" || o.At.IsZero() || o.Reason != "the keys come with the next sync" || o.Value != "3 keys are missing" || o.Status != run.Failed {
		t.Errorf("got %+v", o)
	}
	if len(o.Checks) != 2 || o.Checks[0].Badness != 3 || o.Checks[0].Status != run.Failed || o.Checks[1].Status != run.Passed {
		t.Errorf("bound to %+v", o.Checks)
	}
}

// TestAnOverrideDoesNotCoverWhatNobodySees: unknown is less than what was overridden, so the gate waits; the same value
// is covered again when the sensor is back, also when the blindness was overridden meanwhile.
func TestAnOverrideDoesNotCoverWhatNobodySees(t *testing.T) {
	for _, again := range []bool{false, true} {
		d := overridden(t)
		d.World.Looks["secret/0"] = ill("vault")
		d.For(15 * time.Second)
		shows(t, d, "secret", run.Unknown)
		if d.S.Steps["secret"].Override == nil {
			t.Fatal("the override is gone")
		}
		d.Want(run.OpenGate{})
		d.For(time.Minute)
		if d.S.Phase != 0 {
			t.Fatal("the gate opened blind over an override of something that was seen")
		}
		if again {
			d.Want(run.Override{Step: "secret", Reason: "vault is down, and we know it"})
			shows(t, d, "secret", run.Overridden)
		}
		d.World.Looks["secret/0"] = failed(3, "3 keys are missing")
		d.For(15 * time.Second)
		shows(t, d, "secret", run.Overridden)
		d.World.Looks["secret/0"] = failed(5, "5 keys are missing")
		d.For(15 * time.Second)
		if d.S.StepStatus("secret").OpensGate() {
			t.Error("it covers what got worse behind the blind sensor")
		}
	}
}

func TestAnOverrideOfABlindSensorDoesNotCoverAFailure(t *testing.T) {
	d := begin(t)
	d.World.Looks["secret"] = ill("vault")
	d.For(15 * time.Second)
	d.Want(run.Override{Step: "secret", Reason: "vault is down, and we know it"})
	d.For(time.Minute)
	shows(t, d, "secret", run.Overridden)
	d.World.Looks["secret"] = failed(1, "1 key is missing")
	d.For(15 * time.Second)
	shows(t, d, "secret", run.Failed)
}

// TestAGateLooksAgainAtWhatIsOverridden: the value that an override is bound to has to be known at the keypress too.
func TestAGateLooksAgainAtWhatIsOverridden(t *testing.T) {
	d := overridden(t)
	d.World.Silent["secret"] = true
	d.For(39 * time.Second)
	d.World.Silent["secret"] = false
	d.World.Looks["secret/0"] = failed(4, "4 keys are missing")
	d.At = d.At.Add(2 * time.Second)
	d.Want(run.OpenGate{})
	d.For(15 * time.Second)
	if d.S.Phase != 0 || d.Count(run.OverrideVoided{}) != 1 {
		t.Errorf("the gate opened over a value that got worse since it was seen:%s", d.Log())
	}
}

// TestAnOverrideCoversNothingWorse: whatever the checks show, an overridden step opens its gate only while every check
// can be seen, or was not to be seen when it was overridden, and none fails more than it did.
func TestAnOverrideCoversNothingWorse(t *testing.T) {
	look := rapid.Custom(func(t *rapid.T) run.Result {
		switch rapid.IntRange(0, 3).Draw(t, "look") {
		case 0:
			return passed("well")
		case 1:
			return ill("vault")
		}
		return failed(float64(rapid.IntRange(0, 5).Draw(t, "badness")), "bad")
	})
	check(t, func(rt *rapid.T) {
		d := begin(t, twoChecks...)
		see := func() (looks [2]run.Result) {
			for i, key := range []string{"secret/0", "secret/1"} {
				looks[i] = look.Draw(rt, key)
				d.World.Looks[key] = looks[i]
			}
			d.For(15 * time.Second)
			return looks
		}
		then := see()
		if d.S.StepStatus("secret").OpensGate() {
			return
		}
		d.Want(run.Override{Step: "secret", Reason: "because the test says so"})
		for range rapid.IntRange(1, 6).Draw(rt, "changes") {
			now := see()
			if d.S.StepStatus("secret") != run.Overridden {
				continue
			}
			for i := range now {
				switch {
				case now[i].Status == run.Failed && (then[i].Status != run.Failed || now[i].Badness > then[i].Badness):
					rt.Fatalf("check %d is %+v, was %+v when it was overridden:%s", i, now[i], then[i], d.Log())
				case now[i].Status == run.Unknown && then[i].Status != run.Unknown:
					rt.Fatalf("check %d cannot be seen, and was %+v:%s", i, then[i], d.Log())
				}
			}
		}
	})
}
