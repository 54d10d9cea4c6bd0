package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook/run"
)

// defaultEvery is the time between two samples, and between two points of a baseline, when the work names none.
const defaultEvery = 15 * time.Second

// Worker does run.BaselineWork and run.SampleWork. It may do several works at once.
type Worker struct {
	clients *prom.Clients
	clock   run.Clock
	seen    *memory
}

// New returns a Worker that asks through the clients and waits by the clock.
func New(clients *prom.Clients, clock run.Clock) *Worker {
	return &Worker{clients: clients, clock: clock, seen: newMemory(clock)}
}

// Do reports one run.BaselineTaken for a run.BaselineWork and then returns nil; for a run.SampleWork it reports a
// run.Sampled every tick until ctx ends, and returns its error. A Prometheus that cannot be asked is no error: it is
// what there is to report.
func (w *Worker) Do(ctx context.Context, work run.Work, report func(run.Observation)) error {
	switch body := work.Body.(type) {
	case run.BaselineWork:
		return w.baseline(ctx, body, report)
	case run.SampleWork:
		return w.sample(ctx, body, report)
	}
	return fmt.Errorf("do the work %s: the watch takes baselines and samples, not %T", work.ID, work.Body)
}

// sample keeps to the instants start, start + every, start + 2·every …: a late answer leaves out the ticks that it
// missed, and moves none of the later ones.
func (w *Worker) sample(ctx context.Context, work run.SampleWork, report func(run.Observation)) error {
	every := work.Every
	if every <= 0 {
		every = defaultEvery
	}
	t := w.newTicker(work)
	start := w.clock.Now()
	for {
		s, err := t.tick(ctx)
		if err != nil {
			return err
		}
		report(run.Sampled{Env: work.Env.Name, Sample: s})
		gone := w.clock.Now().Sub(start)
		next := (max(gone, 0)/every + 1) * every
		if err := w.clock.Wait(ctx, next-gone, nil); err != nil {
			return err
		}
	}
}
