package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// raising is a run whose production runs the new version, watched, and whose flags begin to rise.
func raising(t testing.TB, _ ...string) *runtest.Drive {
	t.Helper()
	d := inProduction(t, "{id: report, title: Report}", "{id: report, title: Report, flags: {configmap: {name: flags}, flags: lobby, hold: 5m}}\n          - {id: after-watch, title: Key metrics, watch: {for: 5m, every: 15s}}")
	pastTheWatch(t, d)
	d.Want(run.Start{Step: "report"})
	d.For(5 * time.Second)
	return d
}

func TestFlagsRiseShareByShare(t *testing.T) {
	d := raising(t)
	for _, share := range []int{5, 25, 50, 100} {
		if got := d.World.Outside.Shares["report"]; got != share {
			t.Fatalf("on for %d %%, want %d:%s", got, share, d.Log())
		}
		wantStatus(t, d, "report", run.Checking)
		d.For(5*time.Minute + time.Second)
	}
	d.For(15 * time.Second)
	wantStatus(t, d, "report", run.Passed)
	if n := d.Count(run.ShareWished{}); n != 4 {
		t.Errorf("%d wishes for 4 shares", n)
	}
}

func TestNoShareIsRaisedOverATrigger(t *testing.T) {
	d := raising(t)
	d.World.Errors = 40
	d.For(20 * time.Minute)
	if got := d.World.Outside.Shares["report"]; got != 5 {
		t.Fatalf("raised to %d %% over a tripped trigger", got)
	}
	if why := d.S.FlagsBlockers("report", d.At); len(why) == 0 {
		t.Error("nothing says what holds them back")
	}
}

func TestNoShareIsRaisedBlind(t *testing.T) {
	d := raising(t)
	d.World.NoData = true
	d.For(20 * time.Minute)
	if got := d.World.Outside.Shares["report"]; got != 5 {
		t.Fatalf("raised to %d %% without metrics", got)
	}
	d.World.NoData = false
	d.For(time.Minute)
	if got := d.World.Outside.Shares["report"]; got != 25 {
		t.Errorf("at %d %% after the metrics came back:%s", got, d.Log())
	}
}

func TestFlagsFreezeAndGoOn(t *testing.T) {
	d := raising(t)
	d.Want(run.Freeze{})
	d.For(time.Hour)
	if got := d.World.Outside.Shares["report"]; got != 5 {
		t.Fatalf("frozen flags rose to %d %%", got)
	}
	d.Want(run.Continue{})
	d.For(4 * time.Minute)
	if got := d.World.Outside.Shares["report"]; got != 5 {
		t.Fatal("their share was not watched anew")
	}
	d.For(2 * time.Minute)
	if got := d.World.Outside.Shares["report"]; got != 25 {
		t.Errorf("at %d %%, want 25:%s", got, d.Log())
	}
}

func TestARollbackTurnsFlagsOffFirst(t *testing.T) {
	d := raising(t)
	d.Want(run.Rollback{})
	d.For(2900 * time.Millisecond)
	if d.World.Outside.Shares["report"] == 0 {
		t.Fatal("they went off while it could be taken back")
	}
	d.For(10 * time.Second)
	if got := d.World.Outside.Shares["report"]; got != 0 {
		t.Fatalf("still on for %d %%:%s", got, d.Log())
	}
	off, undo := -1, -1
	for i, e := range d.Events {
		switch e.Event.(type) {
		case run.FlagsOffSeen:
			off = i
		case run.UndoSeen:
			if undo < 0 {
				undo = i
			}
		}
	}
	if off < 0 || undo < off {
		t.Errorf("flags off at event %d, first patch at %d", off, undo)
	}
	if a := d.S.Actions["report"]; a.Stage != run.ActionUndone {
		t.Errorf("the books say %s", a.Stage)
	}
}

func TestARollbackDoesNotWaitForFlags(t *testing.T) {
	for name, script := range map[string]func(*runtest.Outside){
		"they hang":    func(o *runtest.Outside) { o.Mute["report"] = true },
		"they fail":    func(o *runtest.Outside) { o.Fail["report"] = "forbidden" },
		"in the dark":  func(o *runtest.Outside) { o.Doubt["report"] = true },
		"all is well":  func(*runtest.Outside) {},
		"it is rather": func(o *runtest.Outside) { o.Takes["report"] = time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			d := raising(t)
			script(d.World.Outside)
			d.Want(run.Rollback{})
			d.For(400 * time.Millisecond)
			d.Want(run.Burn{})
			burnt := d.S.Rollback.Burnt
			d.Until("patched", 3*time.Second, func(s run.State) bool { return s.Envs["production"].Components["api"].Undo.Accepted })
			if late := d.At.Sub(burnt); late > 2*time.Second {
				t.Errorf("the patches waited %s", late)
			}
			d.World.Outside.Mute["report"], d.World.Outside.Doubt["report"] = false, false
			delete(d.World.Outside.Fail, "report")
			d.For(2 * time.Minute)
			if got := d.World.Outside.Shares["report"]; got != 0 {
				t.Errorf("the flags stayed on for %d %%:%s", got, d.Log())
			}
		})
	}
}

func TestFlagsGoOnAfterACrash(t *testing.T) {
	d := raising(t)
	d.World.Outside.Mute["report"] = true
	d.For(4*time.Minute + 54*time.Second)
	d.For(10 * time.Second) // the wish for 25 % is made, and its answer does not come
	wish := d.S.Actions["report"].Wish
	if wish == "" {
		t.Fatalf("no wish is under way:%s", d.Log())
	}
	d.World.Outside.Mute["report"] = false
	d = runtest.Replayed(t, d.S.Plan, d.World, d.Events, d.At.Add(time.Minute))
	d.For(5 * time.Second)
	if got := d.World.Outside.Shares["report"]; got != 25 || d.World.Outside.Seen[wish] != run.ActionDone {
		t.Errorf("at %d %%, want 25 by the same wish:%s", got, d.Log())
	}
}

// pastTheWatch deploys to production, watches it to the end and opens the gate after it.
func pastTheWatch(t testing.TB, d *drive) {
	t.Helper()
	d.Want(run.Start{Step: "move"})
	d.Until("deployed", 30*time.Minute, stage("move", run.DeployDone))
	d.For(time.Minute)
	d.Want(run.Start{Step: "watch"})
	d.Until("watched", 11*time.Minute, func(s run.State) bool { return !s.Watches["watch"].Ended.IsZero() })
	openGate(d, 3, t)
}

func TestFlagsAreWatchedAlsoAfterTheLastWatch(t *testing.T) {
	d := inProduction(t, "{id: report, title: Report}", "{id: report, title: Report, flags: {configmap: {name: flags}, flags: lobby, hold: 5m}}")
	pastTheWatch(t, d)
	d.Want(run.Start{Step: "report"})
	d.For(22 * time.Minute)
	if got := d.World.Outside.Shares["report"]; got != 100 {
		t.Errorf("at %d %%, want 100:%s", got, d.Log())
	}
	if n := len(wants[run.SampleWork](d.S)); d.S.StepStatus("report") == run.Passed && n != 0 {
		t.Error("the metrics are asked for although nothing is watched any more")
	}
}

// A run that only raises flags deploys nothing, and is judged by the metrics all the same.
func TestFlagsAreWatchedWithoutADeploy(t *testing.T) {
	rising := func() *runtest.Drive {
		d := acting(t, "flags: {configmap: {name: flags}, flags: lobby, hold: 5m}",
			"{id: later, title: Later, verify: [{probe: {}, interval: 10s, ttl: 40s}], deferTo: after}", "{id: later, title: Later, verify: [{probe: {}, interval: 10s, ttl: 40s}]}",
			"trip: '> baseline + 5pp'", "trip: '> 5%'")
		d.Want(run.Start{Step: "config"})
		return d
	}
	d := rising()
	d.For(21 * time.Minute)
	if got := d.World.Outside.Shares["config"]; got != 100 {
		t.Fatalf("at %d %%, want 100:%s", got, d.Log())
	}
	d = rising()
	d.World.Errors = 40
	d.For(21 * time.Minute)
	if got := d.World.Outside.Shares["config"]; got != 5 || len(d.S.Tripped()) == 0 {
		t.Fatalf("raised to %d %% over a trigger:%s", got, d.Log())
	}
	d.Want(run.Rollback{})
	d.For(10 * time.Second)
	if got := d.World.Outside.Shares["config"]; got != 0 {
		t.Errorf("still on for %d %%:%s", got, d.Log())
	}
}
