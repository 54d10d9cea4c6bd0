package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// TestThresholds follows a check with failureThreshold 3 and successThreshold 2 through every kind of change: P W F U N
// are looks that passed, warned, failed, could not look, and do not apply; the states after each stand beside.
func TestThresholds(t *testing.T) {
	words := map[string]run.Status{
		"P": run.Passed, "W": run.Warn, "F": run.Failed, "D": run.Drifted, "U": run.Unknown, "N": run.NotApplicable,
	}
	for _, test := range []struct{ name, looks, shows string }{
		{"a first failure is kept back by nothing", "F", "F"},
		{"a first pass is kept back by nothing", "P", "P"},
		{"a failure counts after three", "P F F F F", "P P P D D"},
		{"two failures and a pass begin the row anew", "P F F P F F F", "P P P P P P D"},
		{"a warning holds as a pass does", "W F F F", "W W W D"},
		{"to a warning and back at once", "P W P", "P W P"},
		{"could-not-look is kept back by nothing", "P U", "P U"},
		{"and is left after two passes", "P U P P", "P U U P"},
		{"a pass with a hole is no row", "P U P U P P", "P U U U U P"},
		{"a failure after could-not-look counts at once", "P U F", "P U D"},
		{"could-not-look forgives no failure", "P F F U F", "P P P U D"},
		{"a recovery takes two", "F P P", "F F P"},
		{"of whatever word", "F W N", "F F N"},
		{"a failure between begins the row anew", "F P F P P", "F F F F P"},
		{"could-not-look is no way round", "F U P P", "F U U P"},
		{"nor is a pass before it", "F P U P P", "F F U U P"},
		{"what does not apply fails at once when it does", "N F", "N F"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := begin(t)
			want := strings.Fields(test.shows)
			for i, w := range strings.Fields(test.looks) {
				d.At = d.At.Add(time.Second)
				d.See(run.Checked{Step: "slow", Result: run.Result{Status: words[w]}})
				if got := d.S.StepStatus("slow"); got != words[want[i]] {
					t.Fatalf("after look %d (%s) it shows %s, want %s", i+1, w, got, words[want[i]])
				}
			}
		})
	}
}

// looked tells whether a step's checks are looked at now.
func looked(s run.State, step string) bool {
	return slices.ContainsFunc(wants[run.CheckWork](s), func(w run.CheckWork) bool { return w.Step == step })
}

// TestHowLongABoxStaysLive goes through recheck: once, phase and run, before and after its phase.
func TestHowLongABoxStaysLive(t *testing.T) {
	for _, test := range []struct {
		recheck    string
		here, next bool // looked at in its phase after it passed, and in the phase after
		shows      run.Status
	}{
		{"once", false, false, run.Passed},
		{"phase", true, false, run.Passed},
		{"run", true, true, run.Drifted},
	} {
		t.Run(test.recheck, func(t *testing.T) {
			d := begin(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, recheck: "+test.recheck+",")
			d.Want(run.Attest{Step: "config"})
			if !looked(d.S, "secret") {
				t.Fatal("nobody looks")
			}
			d.For(15 * time.Second)
			if got := looked(d.S, "secret"); got != test.here {
				t.Errorf("looked at again: %v", got)
			}
			openGate(d, 1, t)
			if got := looked(d.S, "secret"); got != test.next {
				t.Errorf("looked at in the next phase: %v", got)
			}
			d.World.Checks["secret"] = run.Failed
			d.For(2 * time.Minute)
			shows(t, d, "secret", test.shows) // a box behind us shows what it showed, and does not go stale
		})
	}
}

// TestALookOfOneFailingOnceIsMadeAgain: once means until it passes.
func TestALookOfOneFailingOnceIsMadeAgain(t *testing.T) {
	for _, bad := range []run.Status{run.Failed, run.Unknown} {
		d := begin(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, recheck: once,")
		d.World.Checks["secret"] = bad
		d.For(time.Minute)
		if !looked(d.S, "secret") {
			t.Errorf("%s ends the looks", bad)
		}
		d.World.Checks["secret"] = run.Passed
		d.For(15 * time.Second)
		shows(t, d, "secret", run.Passed)
		if looked(d.S, "secret") {
			t.Error("it is looked at although it passed")
		}
	}
}

// TestWhichLooksAKeypressAsksFor: those that are older than their ttl, of what the gate waits for, and no others.
func TestWhichLooksAKeypressAsksFor(t *testing.T) {
	old := func(step string) func(*drive) {
		return func(d *drive) {
			d.World.Silent[step] = true
			d.For(39 * time.Second)
			d.At = d.At.Add(2 * time.Second)
		}
	}
	tests := []struct {
		name   string
		script func(*drive)
		want   []run.CheckRef
	}{
		{"all fresh", func(*drive) {}, nil},
		{"older than its ttl", old("secret"), []run.CheckRef{{Step: "secret"}}},
		{"stale since long", func(d *drive) { d.World.Silent["secret"] = true; d.For(10 * time.Minute) }, []run.CheckRef{{Step: "secret"}}},
		{"optional", func(d *drive) { d.World.Silent["soft"] = true; d.For(10 * time.Minute) }, nil},
		{"deferred", func(d *drive) { d.Want(run.Defer{Step: "later"}); old("later")(d) }, nil},
		{"overridden for what was seen", func(d *drive) {
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			d.Want(run.Override{Step: "secret", Reason: "left out in this test"})
			old("secret")(d)
		}, []run.CheckRef{{Step: "secret"}}},
		{"overridden since nobody can see it", func(d *drive) {
			d.World.Checks["secret"] = run.Unknown
			d.For(15 * time.Second)
			d.Want(run.Override{Step: "secret", Reason: "left out in this test"})
			old("secret")(d)
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := ready(t)()
			test.script(d)
			d.Want(run.OpenGate{})
			for _, e := range d.Events {
				if asked, ok := e.Event.(run.GateAsked); ok {
					if !slices.Equal(asked.Fresh, test.want) {
						t.Errorf("asks for %v, want %v", asked.Fresh, test.want)
					}
					return
				}
			}
			t.Error("no gate was asked for")
		})
	}
}

func TestADeferredStepSaysWhoAndWhy(t *testing.T) {
	d := begin(t)
	d.Want(run.Defer{Step: "later", Note: "the index is still being built"})
	f := d.S.Steps["later"].Deferral
	if f == nil || f.By != "alice" || f.To != "after" || f.Note != "the index is still being built" || !f.At.Equal(d.At) {
		t.Errorf("got %+v", f)
	}
	shows(t, d, "later", run.Deferred)
}

// TestAResumeLooksAgainAtWhatIsLive: what was seen before the gap opens no gate; what lies behind us stays as it was.
func TestAResumeLooksAgainAtWhatIsLive(t *testing.T) {
	d := ready(t)()
	d.World.Checks["secret"] = run.Failed
	d.For(15 * time.Second)
	d.Want(run.Override{Step: "secret", Reason: "left out in this test"})
	openGate(d, 1, t)
	d.For(15 * time.Second)
	for _, step := range []string{"ready", "secret", "strict", "smoke"} {
		d.World.Silent[step] = true
	}
	d = resumed(t, d, time.Hour)
	shows(t, d, "ready", run.Stale) // recheck: run
	shows(t, d, "smoke", run.Stale) // of the open phase
	shows(t, d, "strict", run.Passed)
	shows(t, d, "secret", run.Overridden)
}
