package run_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

func TestMovesGoInOrderAndHold(t *testing.T) {
	d := deployed(t)
	var got []string
	var at []time.Time
	for _, e := range d.Events {
		if w, ok := e.Event.(run.Wished); ok && w.Step == "move" {
			m := d.S.Deploys["move"].Moves[w.Move]
			got, at = append(got, fmt.Sprint(m.Components, m.Share)), append(at, e.At)
		}
	}
	if want := []string{"[worker] 25", "[worker] 100", "[api] 25", "[api] 100"}; !slices.Equal(got, want) {
		t.Fatalf("moves %v, want %v", got, want)
	}
	if held := at[1].Sub(at[0]); held < 2*time.Minute+10*time.Second || held > 2*time.Minute+20*time.Second {
		t.Errorf("the first share was held %s, want 2 min after its pods were ready", held)
	}
	if gap := at[2].Sub(at[1]); gap > 30*time.Second {
		t.Errorf("all pods of a wave are not held, but the next began after %s", gap)
	}
	for i, w := range d.World.Writes {
		for _, other := range d.World.Writes[:i] {
			if w.Wish == other.Wish && w.Component == other.Component && w.Env == other.Env {
				t.Errorf("%v was done twice", w)
			}
		}
	}
}

func TestARefusedPreflightIsTriedAgain(t *testing.T) {
	tests := []struct {
		name   string
		script func(*drive)
		want   run.Status
	}{
		{"a problem is a failure", func(d *drive) { d.World.Problems = []run.Safe{"forbidden"} }, run.Failed},
		{"could not look is unknown", func(d *drive) { d.World.Unknown = []run.Safe{"timed out"} }, run.Unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := inProduction(t)
			test.script(d)
			before := len(d.World.Writes)
			d.Want(run.Start{Step: "move"})
			d.For(time.Minute)
			shows(t, d, "move", test.want)
			if len(d.World.Writes) != before {
				t.Error("it wrote")
			}
			d.World.Problems, d.World.Unknown = nil, nil
			d.Want(run.Start{Step: "move"})
			d.Until("holding", time.Minute, stage("move", run.Holding))
			if n := d.S.Deploys["move"].Attempt; n != 2 {
				t.Errorf("attempt %d", n)
			}
		})
	}
}

func TestADeployWithoutAWayBackIsRefused(t *testing.T) {
	d := inProduction(t)
	d.Want(run.Start{Step: "move"})
	d.See(run.Preflighted{Step: "move", Pins: []run.Pin{{Component: "worker"}, {Component: "stranger"}}})
	shows(t, d, "move", run.Unknown)
	if why := d.S.Observed("move"); !strings.Contains(string(why), "api") {
		t.Errorf("it does not say what is missing: %q", why)
	}
}

func TestWhatPausesAPromotion(t *testing.T) {
	tests := []struct {
		name        string
		break_, fix func(*drive)
	}{
		{"the lock", func(d *drive) { d.World.Holder = "bob" }, func(d *drive) { d.World.Holder = "" }},
		{"drift of a box", func(d *drive) { d.World.Checks["secret"] = run.Failed }, func(d *drive) { d.World.Checks["secret"] = run.Passed }},
		{"a box nobody can look at", func(d *drive) { d.World.Checks["secret"] = run.Unknown }, func(d *drive) { d.World.Checks["secret"] = run.Passed }},
		{"a component nobody can look at", func(d *drive) { d.World.Blind["worker"] = "timed out" }, func(d *drive) { d.World.Blind["worker"] = "" }},
		{"a component that fell", func(d *drive) { d.World.Stuck["worker"] = "CrashLoopBackOff" }, func(d *drive) { d.World.Stuck["worker"] = "" }},
		{"a trigger", func(d *drive) { d.World.Errors = 3 }, func(d *drive) { d.World.Errors = 0.1 }},
	}
	live := []string{"{id: secret, title: Secret,", "{id: secret, title: Secret, recheck: run,", "baseline + 5pp', for: 1m", "baseline + 2pp', for: 1h"}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := holding(t, live...)
			test.break_(d)
			d.For(30 * time.Minute)
			if dep := d.S.Deploys["move"]; dep.Stage != run.Holding || dep.Move != 0 {
				t.Fatalf("it went on to move %d (%s):%s", dep.Move, dep.Stage, d.Log())
			}
			if len(d.S.PromotionBlockers("move")) == 0 {
				t.Error("nothing says why it waits")
			}
			if d.S.Rollback != nil {
				t.Error("it rolled back by itself")
			}
			test.fix(d)
			d.Until("promoted", time.Minute, func(s run.State) bool { return s.Deploys["move"].Move == 1 })
		})
	}
}

func TestTheFirstWriteWaitsForTheLockAndForDriftedBoxes(t *testing.T) {
	d := inProduction(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, recheck: run,")
	d.World.Holder = "bob"
	d.Want(run.Start{Step: "move"})
	d.For(30 * time.Minute)
	d.World.Checks["secret"] = run.Failed
	d.For(15 * time.Second)
	d.World.Holder = ""
	d.For(15 * time.Minute)
	if dep := d.S.Deploys["move"]; dep.Stage != run.Locking || !d.S.Envs["production"].Written.IsZero() {
		t.Fatalf("it wrote: %s:%s", dep.Stage, d.Log())
	}
	d.World.Checks["secret"] = run.Passed
	d.Until("moving", time.Minute, stage("move", run.InMove))
}

func TestWhatMakesADeployStuck(t *testing.T) {
	tests := []struct {
		name    string
		script  func(*runtest.World)
		fix     func(*runtest.World)
		within  time.Duration
		notYet  time.Duration
		unknown bool
	}{
		{name: "broken", script: func(w *runtest.World) { w.Broken["worker"] = "quota" }, fix: func(w *runtest.World) { w.Broken["worker"] = "" }, within: 100 * time.Second, notYet: 80 * time.Second},
		{name: "a pod that does not come up", script: func(w *runtest.World) { w.Stuck["worker"] = "ImagePullBackOff" }, fix: func(w *runtest.World) { w.Stuck["worker"] = "" }, within: 100 * time.Second, notYet: 80 * time.Second},
		{name: "too slow", script: func(w *runtest.World) { w.PodTime = time.Hour }, fix: func(w *runtest.World) { w.PodTime = time.Second }, within: 11 * time.Minute, notYet: 9 * time.Minute},
		{name: "refused", script: func(w *runtest.World) { w.Refuse["worker"] = "another fence" }, fix: func(w *runtest.World) { w.Refuse["worker"] = "" }, within: 10 * time.Second},
		{name: "out of sight", script: func(w *runtest.World) { w.Blind["worker"] = "timed out" }, fix: func(w *runtest.World) { w.Blind["worker"] = "" }, within: 11 * time.Minute, unknown: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := inProduction(t)
			test.script(d.World)
			d.Want(run.Start{Step: "move"})
			d.Until("moving", time.Minute, stage("move", run.InMove))
			d.For(test.notYet)
			if test.notYet > 0 && d.S.Deploys["move"].Stage == run.Stuck {
				t.Fatal("stuck too early")
			}
			d.Until("stuck", test.within-test.notYet, stage("move", run.Stuck))
			want := run.Failed
			if test.unknown {
				want = run.Unknown
			}
			shows(t, d, "move", want)
			if d.S.WhyNotArmed() != "" {
				t.Errorf("R is not armed: %s", d.S.WhyNotArmed())
			}
			test.fix(d.World)
			d.Want(run.Continue{})
			d.Until("holding", time.Minute, stage("move", run.Holding))
			if n := moveWrites(d, "worker"); n != 1 {
				t.Errorf("the worker was patched %d times", n)
			}
		})
	}
}

// A controller counts its deadline from before a long hold: it gives up as the next patch comes, and takes that back with
// the next pod.
func TestAGivingUpThatIsTakenBackIsNotStuck(t *testing.T) {
	d := inProduction(t)
	d.World.Broken["worker"] = "exceeded its progress deadline"
	d.Want(run.Start{Step: "move"})
	d.Until("moving", time.Minute, stage("move", run.InMove))
	d.For(time.Minute)
	d.World.Broken["worker"] = ""
	d.Until("holding", time.Minute, stage("move", run.Holding))
	for _, e := range d.Events {
		if v, ok := e.Event.(run.DeployStuck); ok {
			t.Errorf("it was called stuck: %s", v.Why)
		}
	}
}

func moveWrites(d *drive, component string) int {
	n := 0
	for _, w := range d.World.Writes {
		if w.Kind == "move" && w.Env == "production" && w.Component == component {
			n++
		}
	}
	return n
}
