package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// elsewhere is a rollback without a run before it, by --yes, which found flags that run X had raised.
func elsewhere(t testing.TB, script func(*runtest.World), flags ...run.RaisedFlags) *runtest.Drive {
	t.Helper()
	w := runtest.NewWorld()
	script(w)
	pin := run.Pin{Component: "api", Workload: "deployment/api", Image: "registry.example/api:v0", Hash: "hash-of-registry.example/api:v0", Run: "X"}
	d := runtest.StartAs(t, runtest.Plan(t, "{id: report, title: Report}", "{id: report, title: Report, flags: {configmap: {name: flags}, flags: lobby, hold: 5m}}"), w, run.RunStarted{
		Operator: "bob", Environment: "production", Only: true, Auto: run.PolicyAuto, Pins: []run.Pin{pin}, Flags: flags,
	})
	d.Want(run.Rollback{})
	return d
}

func TestARollbackTurnsOffWhatItFound(t *testing.T) {
	for name, f := range map[string]run.RaisedFlags{
		"of this runbook":    {Run: "X", Runbook: "small", Step: "report", Title: "Report", ConfigMap: "other", Flags: []run.Safe{"hall"}, Share: 25},
		"of another runbook": {Run: "X", Runbook: "big", Step: "open", Title: "Open the hall", ConfigMap: "other", Flags: []run.Safe{"hall"}, Share: 25},
	} {
		t.Run(name, func(t *testing.T) {
			d := elsewhere(t, func(w *runtest.World) { w.Outside.Shares[f.Step] = 25 }, f)
			var work run.FlagsWork
			for _, w := range run.Wanted(d.S) {
				if flags, ok := w.Body.(run.FlagsWork); ok {
					work = flags
				}
			}
			if work.Share != 0 || !work.Insist || work.Flags.ConfigMap.Name != "other" || strings.Join(work.Flags.Flags.List, " ") != "hall" || work.Note.Run != "X" {
				t.Errorf("the work is %+v", work)
			}
			d.For(2 * time.Minute)
			if got := d.World.Outside.Shares[f.Step]; got != 0 {
				t.Fatalf("still on for %d %%:%s", got, d.Log())
			}
			if off, undo := first(d, "flags.off"), first(d, "rollback.patched"); off < 0 || undo < off {
				t.Errorf("flags off at event %d, first patch at %d", off, undo)
			}
			if d.S.Outcome != run.RolledBack || len(d.S.Raised("production")) != 0 || !strings.Contains(d.Log(), "that run X raised") {
				t.Errorf("it ended %s, raised %q:%s", d.S.Outcome, d.S.Raised("production"), d.Log())
			}
		})
	}
}

// first is where the first event of a kind stands; -1 when there is none.
func first(d *runtest.Drive, kind string) int {
	for i, e := range d.Events {
		if e.Event.Kind() == kind {
			return i
		}
	}
	return -1
}

// Flags that cannot be turned off hold up the end, for a while, and not the patches.
func TestARollbackEndsAlsoWithFlagsOn(t *testing.T) {
	f := run.RaisedFlags{Run: "X", Runbook: "small", Step: "report", Title: "Report", Host: "flags.example", Share: 100}
	d := elsewhere(t, func(w *runtest.World) { w.Outside.Fail["report"] = "forbidden" }, f)
	d.Until("patched", 3*time.Second, func(s run.State) bool { return s.Envs["production"].Components["api"].Undo.Accepted })
	d.For(50 * time.Second)
	if !d.S.Ended.IsZero() {
		t.Fatalf("it gave up on the flags after %s", d.S.Ended.Sub(d.S.Rollback.Burnt))
	}
	d.For(30 * time.Second)
	if d.S.Ended.IsZero() || d.S.Rollback.Flags["report"].Done || d.S.Rollback.Flags["report"].Err == "" {
		t.Errorf("it goes on with %+v:%s", d.S.Rollback.Flags, d.Log())
	}
}

// A run notes what it raises, without the address.
func TestWhatARunNotes(t *testing.T) {
	d := inProduction(t, "{id: report, title: Report}", "{id: report, title: Report, flags: {url: 'https://flags.example/path?team=x', flags: lobby, hold: 5m}}")
	pastTheWatch(t, d)
	d.World.Outside.Takes["report"] = time.Minute
	d.Want(run.Start{Step: "report"})
	for _, w := range run.Wanted(d.S) {
		if flags, ok := w.Body.(run.FlagsWork); ok {
			want := run.RaisedFlags{Run: runtest.ID, Runbook: "small", Step: "report", Title: "Report", Host: "flags.example", Share: 5}
			if got := flags.Note; got.Flags[0] != "lobby" || got.Run != want.Run || got.Runbook != want.Runbook || got.Step != want.Step || got.Host != want.Host || got.Share != want.Share {
				t.Errorf("noted %+v, want %+v", got, want)
			}
			return
		}
	}
	t.Fatalf("no flags are raised:%s", d.Log())
}
