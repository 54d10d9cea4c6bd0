package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// The scripts take a run to a place from which a test goes on.

func begin(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	return runtest.Start(t, runtest.Plan(t, edits...), runtest.NewWorld())
}

func openGate(d *runtest.Drive, phase int, t testing.TB) {
	t.Helper()
	d.Want(run.OpenGate{})
	d.Until("past the gate", time.Minute, func(s run.State) bool { return s.Phase == phase })
}

// inStaging opens the first gate.
func inStaging(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	d := begin(t, edits...)
	d.Want(run.Attest{Step: "config"})
	d.For(30 * time.Second)
	openGate(d, 1, t)
	return d
}

// inProduction deploys to staging and opens its gate.
func inProduction(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	d := inStaging(t, edits...)
	d.Want(run.Start{Step: "roll"})
	d.Until("deployed to staging", 3*time.Minute, stage("roll", run.DeployDone))
	d.For(30 * time.Second)
	openGate(d, 2, t)
	d.Want(run.Attest{Step: "notify"})
	return d
}

// moving starts the deploy to production and stops in its first move.
func moving(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	d := inProduction(t, edits...)
	d.Want(run.Start{Step: "move"})
	d.Until("moving", time.Minute, stage("move", run.InMove))
	return d
}

// holding goes on to its first hold.
func holding(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	d := moving(t, edits...)
	d.Until("holding", time.Minute, stage("move", run.Holding))
	return d
}

// deployed goes on to the end of the deploy to production.
func deployed(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	d := moving(t, edits...)
	d.Until("deployed", 10*time.Minute, stage("move", run.DeployDone))
	return d
}

// watching goes on to the first minute of the watch.
func watching(t testing.TB, edits ...string) *runtest.Drive {
	t.Helper()
	d := deployed(t, edits...)
	d.For(30 * time.Second)
	d.Want(run.Start{Step: "watch"})
	d.For(time.Minute)
	return d
}

// undone presses R and burns the fuse.
func undone(t testing.TB, d *runtest.Drive) {
	t.Helper()
	d.Want(run.Rollback{Because: "a test"})
	d.Until("burnt", 4*time.Second, func(s run.State) bool { return !s.Rollback.Burnt.IsZero() })
}

func stage(step string, want run.DeployStage) func(run.State) bool {
	return func(s run.State) bool { return s.Deploys[step].Stage == want }
}

func rollbackAt(want run.RollbackStage) func(run.State) bool {
	return func(s run.State) bool { return s.Rollback != nil && s.Rollback.Stage == want }
}

func shows(t testing.TB, d *runtest.Drive, step string, want run.Status) {
	t.Helper()
	if got := d.S.StepStatus(step); got != want {
		t.Errorf("%s shows %s, want %s; log:%s", step, got, want, d.Log())
	}
}

// refused tells whether the last intent was answered with a notice.
func refused(t testing.TB, d *runtest.Drive, i run.Intent) {
	t.Helper()
	n := d.Count(run.Refusal{})
	d.Want(i)
	if d.Count(run.Refusal{}) != n+1 {
		t.Errorf("%#v was not refused; log:%s", i, d.Log())
	}
}

func wants[B run.Body](s run.State) []B {
	var list []B
	for _, w := range run.Wanted(s) {
		if b, ok := w.Body.(B); ok {
			list = append(list, b)
		}
	}
	return list
}

var begun = runtest.Begin

type (
	world = runtest.World
	drive = runtest.Drive
)

func place(f func(testing.TB, ...string) *runtest.Drive) func(testing.TB) run.State {
	return func(t testing.TB) run.State { return f(t).S }
}

func after(script func(*world)) func(testing.TB) run.State {
	return func(t testing.TB) run.State {
		w := runtest.NewWorld()
		script(w)
		d := runtest.Start(t, runtest.Plan(t), w)
		d.For(15 * time.Second)
		return d.S
	}
}
