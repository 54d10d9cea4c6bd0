package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func TestFreezeAndThaw(t *testing.T) {
	d := holding(t)
	until := d.S.Deploys["move"].HoldUntil
	d.For(30 * time.Second)
	d.Want(run.Freeze{})
	d.For(20 * time.Minute)
	if dep := d.S.Deploys["move"]; dep.Stage != run.Holding || dep.Move != 0 || !d.World.Paused("production", "worker") {
		t.Fatalf("it is not frozen: %+v", dep)
	}
	d.Want(run.Continue{})
	d.For(time.Second)
	dep := d.S.Deploys["move"]
	if dep.Frozen || d.World.Paused("production", "worker") {
		t.Fatalf("it is still frozen:%s", d.Log())
	}
	if want := until.Add(20 * time.Minute); dep.HoldUntil != want {
		t.Errorf("held until %s, want %s: frozen time is not held time", dep.HoldUntil, want)
	}
	d.Until("deployed", 15*time.Minute, stage("move", run.DeployDone))
}

func TestAMoveThatAFreezeCutGoesOn(t *testing.T) {
	for _, how := range []struct {
		name string
		stop run.Intent
		back func(*drive)
	}{
		{"freeze", run.Freeze{}, func(*drive) {}},
		{"R and esc", run.Rollback{}, func(d *drive) { d.Want(run.TakeBack{}) }},
	} {
		for _, answered := range []bool{false, true} {
			t.Run(how.name, func(t *testing.T) {
				d := inProduction(t)
				d.World.PodTime = time.Minute
				d.Want(run.Start{Step: "move"})
				d.Until("moving", time.Minute, stage("move", run.InMove))
				cut := wants[run.MoveWork](d.S)[0]
				if answered { // the patch reached the world, but its answer not us
					d.World.Look(run.Work{Body: cut}, d.At)
				}
				d.Want(how.stop)
				if n := len(wants[run.MoveWork](d.S)); n != 0 {
					t.Fatal("the move is still wanted")
				}
				d.For(2 * time.Second)
				how.back(d)
				d.For(30 * time.Minute)
				if n := len(wants[run.MoveWork](d.S)); n != 0 {
					t.Fatal("a frozen move is wanted")
				}
				d.Want(run.Continue{})
				d.Until("holding", 3*time.Minute, stage("move", run.Holding))
				if n := moveWrites(d, "worker"); n != 1 {
					t.Errorf("the worker was patched %d times", n)
				}
			})
		}
	}
}

func TestAThawThatFailsStaysFrozenAndIsTriedAgain(t *testing.T) {
	d := holding(t)
	d.Want(run.Freeze{})
	d.For(time.Second)
	d.World.Cold["worker"] = "forbidden"
	d.Want(run.Continue{})
	d.For(time.Minute)
	if dep := d.S.Deploys["move"]; !dep.Frozen || dep.Thawing || dep.Why == "" {
		t.Fatalf("a thaw that failed counts as done: %+v", dep)
	}
	d.World.Cold["worker"] = ""
	d.Want(run.Continue{})
	d.For(time.Second)
	if d.S.Deploys["move"].Frozen {
		t.Errorf("still frozen:%s", d.Log())
	}
}

func TestAThawIsFrozenAgain(t *testing.T) {
	d := holding(t)
	d.Want(run.Freeze{})
	d.For(time.Second)
	d.World.Holder = "bob" // what sets it going again waits for the lock
	d.For(10 * time.Second)
	d.Want(run.Continue{})
	if n := len(wants[run.FreezeWork](d.S)); n != 0 {
		t.Fatal("a thaw is wanted without the lock")
	}
	d.Want(run.Freeze{})
	d.World.Holder = ""
	d.For(10 * time.Minute)
	if dep := d.S.Deploys["move"]; !dep.Frozen || dep.Thawing || !d.World.Paused("production", "worker") {
		t.Errorf("it goes again: %+v", dep)
	}
}

func TestRCutsAThaw(t *testing.T) {
	d := holding(t)
	d.Want(run.Freeze{})
	d.For(time.Second)
	d.Want(run.Continue{})
	d.Want(run.Rollback{})
	for _, w := range wants[run.FreezeWork](d.S) {
		if w.Thaw {
			t.Errorf("the thaw %s is wanted beside the fuse", w.Wish)
		}
	}
	d.For(time.Second)
	d.Want(run.TakeBack{})
	d.For(time.Minute)
	if !d.S.Deploys["move"].Frozen || !d.World.Paused("production", "worker") {
		t.Error("taking back thawed by itself")
	}
}

func TestFreezeAnswersThatAreNotOursAreIgnored(t *testing.T) {
	d := holding(t)
	refused(t, d, run.Continue{})
	d.Want(run.Freeze{})
	wish := d.S.Deploys["move"].FreezeWish
	n := d.Count(run.FreezeDone{})
	for _, f := range []run.Frozen{{Wish: "another", Component: "api"}, {Wish: wish, Component: "api"}, {Wish: wish, Component: "stranger"}, {}} {
		d.See(f)
	}
	for range 3 {
		d.See(run.Frozen{Wish: wish, Component: "worker", Err: "forbidden"})
	}
	if got := d.Count(run.FreezeDone{}) - n; got != 1 {
		t.Errorf("%d answers were taken, want 1", got)
	}
}

func TestNothingToFreeze(t *testing.T) {
	refused(t, begin(t), run.Freeze{})
	refused(t, deployed(t), run.Freeze{})
	refused(t, begin(t), run.Continue{})
}

func TestASecondDeployKeepsTheFirstWayBack(t *testing.T) {
	d := deployed(t, "{id: report, title: Report}", "{id: again, title: Again, deploy: {strategy: rolling, waves: [[api]]}}")
	d.For(30 * time.Second)
	d.Want(run.Override{Step: "watch", Reason: "left out in this test"})
	openGate(d, 3, t)
	d.Want(run.Start{Step: "again"})
	d.For(time.Minute)
	undone(t, d)
	d.For(time.Minute)
	for _, name := range []string{"worker", "api"} {
		if got, want := d.World.Runs("production", name), "registry.example/"+name+":v1"; got != want {
			t.Errorf("%s runs %s", name, got)
		}
	}
}

func TestAFreezeLeavesAloneWhatWasNotMoved(t *testing.T) {
	d := holding(t)
	d.Want(run.Freeze{})
	d.For(2 * time.Second)
	if !d.World.Paused("production", "worker") || d.World.Paused("production", "api") {
		t.Fatal("a freeze pauses what this run moved, and nothing else")
	}
	d.Want(run.Rollback{})
	d.Until("rolled back", 15*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Settling || s.Rollback.Stage == run.Restored })
	for _, component := range []string{"worker", "api"} {
		if d.World.Paused("production", component) {
			t.Errorf("%s stays paused after the rollback", component)
		}
	}
}

func TestAFreezeIsWantedUntilEveryComponentAnswered(t *testing.T) {
	d := holding(t)
	d.Until("second wave holding", 30*time.Minute, func(s run.State) bool {
		dep := s.Deploys["move"]
		return dep.Stage == run.Holding && dep.Move == 2
	})
	d.Want(run.Freeze{})
	d.See(run.Frozen{Wish: d.S.Deploys["move"].FreezeWish, Component: "api"})
	if len(wants[run.FreezeWork](d.S)) != 1 {
		t.Error("worker has not answered, but its freeze is not wanted any more")
	}
}
