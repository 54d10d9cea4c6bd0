package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

func TestRBeforeAnyWrite(t *testing.T) {
	d := begin(t)
	refused(t, d, run.Rollback{})
	d = inStaging(t)
	refused(t, d, run.Rollback{})
	if d.S.Rollback != nil || d.S.WhyNotArmed() == "" {
		t.Error("a fuse burns although nothing was written")
	}
}

func TestRWorksEverywhere(t *testing.T) {
	places := map[string]func(testing.TB) *drive{
		"moving":      func(t testing.TB) *drive { return moving(t) },
		"move unseen": func(t testing.TB) *drive { d := moving(t); d.World.PodTime = time.Hour; return d },
		"holding":     func(t testing.TB) *drive { return holding(t) },
		"frozen":      func(t testing.TB) *drive { d := holding(t); d.Want(run.Freeze{}); d.For(time.Minute); return d },
		"freezing":    func(t testing.TB) *drive { d := holding(t); d.Want(run.Freeze{}); return d },
		"thawing": func(t testing.TB) *drive {
			d := holding(t)
			d.Want(run.Freeze{})
			d.For(time.Minute)
			d.Want(run.Continue{})
			return d
		},
		"stuck": func(t testing.TB) *drive {
			d := moving(t)
			d.World.Broken["worker"] = "quota"
			d.For(2 * time.Minute)
			return d
		},
		"second wave":   func(t testing.TB) *drive { d := holding(t); d.For(3 * time.Minute); return d },
		"deployed":      func(t testing.TB) *drive { return deployed(t) },
		"watching":      func(t testing.TB) *drive { return watching(t) },
		"lock lost":     func(t testing.TB) *drive { d := holding(t); d.World.Holder = "bob"; d.For(time.Minute); return d },
		"no prometheus": func(t testing.TB) *drive { d := watching(t); d.World.NoData = true; d.For(time.Minute); return d },
		"taken back":    func(t testing.TB) *drive { d := holding(t); d.Want(run.Rollback{}); d.Want(run.TakeBack{}); return d },
		"gate waits": func(t testing.TB) *drive {
			d := deployed(t)
			d.World.Silent["validate"] = true
			d.Want(run.OpenGate{})
			return d
		},
		"not armed": func(t testing.TB) *drive {
			d := holding(t)
			d.World.Unarmed = "forbidden"
			d.For(time.Minute)
			return d
		},
		"cannot freeze": func(t testing.TB) *drive { d := holding(t); d.World.Cold["worker"] = "timed out"; return d },
		"blind": func(t testing.TB) *drive {
			d := moving(t)
			d.World.Blind["worker"] = "timed out"
			d.For(time.Minute)
			return d
		},
		"after resuming": func(t testing.TB) *drive { d := holding(t); return resumed(t, d, time.Hour) },
		"preflight of production, staging written": func(t testing.TB) *drive {
			d := inProduction(t)
			d.Want(run.Start{Step: "move"})
			d.See(run.Preflighted{Step: "move", Problems: []run.Safe{"forbidden"}})
			return d
		},
	}
	for name, reach := range places {
		t.Run(name, func(t *testing.T) {
			d := reach(t)
			env := "production"
			if d.S.Envs[env].Written.IsZero() {
				env = "staging"
			}
			d.Want(run.Rollback{Because: "a test"})
			if r := d.S.Rollback; r == nil || r.Env != env || r.Stage != run.Fusing {
				t.Fatalf("no fuse burns: %+v;%s", r, d.Log())
			}
			if n := forward(d.S); n != 0 {
				t.Fatalf("%d forward works are wanted in the instant of R", n)
			}
			d.At = d.At.Add(3 * time.Second)
			d.Input(run.Input{})
			undo := wants[run.UndoWork](d.S)
			if len(undo) != 1 || forward(d.S) != 0 {
				t.Fatalf("the fuse is down: %d undo works, %d forward;%s", len(undo), forward(d.S), d.Log())
			}
			d.World.Blind = map[string]run.Safe{}
			d.World.Broken, d.World.PodTime = map[string]run.Safe{}, 0
			d.Until("settling", 2*time.Minute, rollbackAt(run.Settling))
			for _, p := range d.S.Rollback.Pins {
				if got := d.World.Runs(env, p.Component); got != p.Image || d.World.Paused(env, p.Component) {
					t.Errorf("%s runs %s, paused %v", p.Component, got, d.World.Paused(env, p.Component))
				}
			}
		})
	}
}

// forward counts the works that would move something forward.
func forward(s run.State) int {
	n := len(wants[run.MoveWork](s))
	for _, w := range wants[run.FreezeWork](s) {
		if w.Thaw {
			n++
		}
	}
	return n
}

// resumed kills the process and goes on with another one after a while.
func resumed(t testing.TB, d *drive, after time.Duration) *drive {
	t.Helper()
	return runtest.Replayed(t, d.S.Plan, d.World, d.Events, d.At.Add(after))
}

func TestTheFuse(t *testing.T) {
	press := func(t *testing.T) *drive {
		d := holding(t)
		d.Want(run.Rollback{Because: "errors"})
		return d
	}
	after := func(d *drive, long time.Duration) { d.At = d.At.Add(long); d.Input(run.Input{}) }
	burnt := func(d *drive) bool { return !d.S.Rollback.Burnt.IsZero() }

	t.Run("it freezes at once", func(t *testing.T) {
		d := press(t)
		if f := wants[run.FreezeWork](d.S); len(f) != 1 || f[0].Thaw {
			t.Errorf("no freeze is wanted: %v", f)
		}
	})
	t.Run("it burns after three seconds, not before", func(t *testing.T) {
		d := press(t)
		if after(d, 2999*time.Millisecond); burnt(d) {
			t.Error("too early")
		}
		if after(d, time.Millisecond); !burnt(d) {
			t.Error("too late")
		}
	})
	t.Run("enter burns it, but not in the first 400 ms", func(t *testing.T) {
		d := press(t)
		d.At = d.At.Add(399 * time.Millisecond)
		if d.Want(run.Burn{}); burnt(d) {
			t.Error("too early")
		}
		d.At = d.At.Add(time.Millisecond)
		if d.Want(run.Burn{}); !burnt(d) {
			t.Error("it did not burn")
		}
	})
	t.Run("further presses do nothing", func(t *testing.T) {
		d := press(t)
		until := d.S.Rollback.FuseUntil
		for range 30 {
			d.At = d.At.Add(30 * time.Millisecond)
			d.Want(run.Rollback{})
		}
		if d.S.Presses != 1 || d.S.Rollback.FuseUntil != until || burnt(d) {
			t.Errorf("%d presses, fuse until %s", d.S.Presses, d.S.Rollback.FuseUntil)
		}
	})
	t.Run("esc takes it back, continue goes on", func(t *testing.T) {
		d := press(t)
		d.For(time.Second)
		d.Want(run.TakeBack{})
		d.For(time.Hour)
		if burnt(d) || !d.S.Deploys["move"].Frozen {
			t.Fatal("it burnt, or is not frozen")
		}
		refused(t, d, run.TakeBack{})
		d.Want(run.Continue{})
		d.Until("deployed", 15*time.Minute, stage("move", run.DeployDone))
	})
	t.Run("it can be pressed again after it was taken back", func(t *testing.T) {
		d := press(t)
		d.Want(run.TakeBack{})
		undone(t, d)
		if d.S.Presses != 2 {
			t.Errorf("%d presses", d.S.Presses)
		}
	})
	t.Run("a fuse found on resume asks again", func(t *testing.T) {
		d := resumed(t, press(t), time.Minute)
		d.For(time.Hour)
		if burnt(d) || d.S.Rollback.Stage != run.Asking || forward(d.S) != 0 {
			t.Fatalf("stage %s", d.S.Rollback.Stage)
		}
		d.Want(run.Burn{})
		d.Until("settling", time.Minute, rollbackAt(run.Settling))
	})
	t.Run("also when the machine's clock was set back", func(t *testing.T) {
		d := resumed(t, press(t), -24*time.Hour)
		d.Want(run.Burn{})
		if !burnt(d) {
			t.Error("enter does nothing")
		}
	})
	t.Run("after the rollback there is nothing more to press", func(t *testing.T) {
		d := press(t)
		d.Until("settling", time.Minute, rollbackAt(run.Settling))
		d.Want(run.Rollback{}) // ignored
		refused(t, d, run.TakeBack{})
		refused(t, d, run.Start{Step: "move"})
		refused(t, d, run.Continue{})
		refused(t, d, run.OpenGate{})
	})
}

func TestAGuessNeverBurnsByItself(t *testing.T) {
	pin := run.Pin{Component: "api", Workload: "deployment/api", Image: "registry.example/api:v1", Hash: "hash-of-registry.example/api:v1", Guess: true}
	start := run.RunStarted{Operator: "alice", Environment: "production", Only: true, Pins: []run.Pin{pin}}
	d := runtest.StartAs(t, runtest.Plan(t), runtest.NewWorld(), start)
	d.Want(run.Rollback{})
	d.For(time.Hour)
	if d.S.Rollback.Stage != run.Asking {
		t.Fatalf("stage %s", d.S.Rollback.Stage)
	}
	d.Want(run.Burn{})
	d.Until("ended", 20*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Restored })

	start.Auto = run.PolicyAuto // --yes
	d = runtest.StartAs(t, runtest.Plan(t), runtest.NewWorld(), start)
	d.Want(run.Rollback{})
	if d.S.Rollback.Burnt.IsZero() {
		t.Error("--yes does not burn it")
	}
	d.Until("ended", time.Minute, func(s run.State) bool { return s.Outcome == run.RolledBack })
}
