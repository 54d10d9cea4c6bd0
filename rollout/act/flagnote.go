package act

import (
	"context"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// forgetTime is how long a note about flags may take to go: the patches of a rollback wait for the flags.
const forgetTime = time.Second

// noteAnyway notes flags that are in no cluster, where there may be none to note them in. It returns what to say when it
// could not.
func (w *Worker) noteAnyway(ctx context.Context, work run.FlagsWork) string {
	ctx, stop := w.within(ctx, flagsTimeout)
	defer stop()
	cluster, err := w.cluster(work.Act.Env)
	if err == nil {
		err = cluster.NoteRaised(ctx, work.Note, false)
	}
	if err != nil {
		return "; a rollback from another machine will not know of them, since they could not be noted: " + web.Scrub(err.Error())
	}
	return ""
}

// forget takes the note about flags away. It returns what to say when it could not.
func (w *Worker) forget(ctx context.Context, work run.FlagsWork) string {
	ctx, stop := w.within(ctx, forgetTime)
	defer stop()
	cluster, err := w.cluster(work.Act.Env)
	if err == nil {
		err = cluster.ForgetRaised(ctx, work.Note)
	}
	if err != nil {
		return "; the note about them stays, so another rollback will look at them again: " + web.Scrub(err.Error())
	}
	return ""
}
