package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// working is one worker under way, or waiting to be started again.
type working struct {
	work   run.Work
	cancel context.CancelFunc
	tries  int
	since  time.Time // when it was started last
	said   string    // the last error that was told
}

// ended is how a worker ended.
type ended struct {
	id    string
	owner *working
	err   error
	again bool // its back-off is over
}

// Back-off of workers that fail.
const (
	firstBackOff = time.Second
	lastBackOff  = 30 * time.Second
)

// employ starts and stops workers by the difference between what is wanted and what goes on.
func (e *Engine) employ(ctx context.Context) {
	wanted := run.Wanted(e.state)
	e.order = make(map[string]int, len(wanted))
	for i, w := range wanted {
		e.order[w.ID] = i + 1 // intents have no work and come first
	}
	for id, w := range e.works {
		if _, ok := e.order[id]; !ok {
			w.cancel()
			delete(e.works, id)
		}
	}
	for _, w := range wanted {
		if _, ok := e.works[w.ID]; !ok && ctx.Err() == nil {
			e.hire(ctx, &working{work: w})
		}
	}
}

func (e *Engine) hire(ctx context.Context, w *working) {
	ctx, w.cancel = context.WithCancel(ctx)
	e.works[w.work.ID] = w
	w.since = e.clock.Now()
	work := w.work
	if lock, ok := work.Body.(run.LockWork); ok {
		lock.Head = e.journal.Head().String()
		work.Body = lock
	}
	e.running++
	e.clock.Go(func() {
		err := e.do(ctx, w, work)
		e.post(mail{work: work.ID, ended: &ended{id: work.ID, owner: w, err: err}})
	})
}

// do runs the worker; a panic in it is its error, not the end of the run.
func (e *Engine) do(ctx context.Context, owner *working, w run.Work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: a fault in the program: %v\n%s", w.ID, p, debug.Stack())
		}
	}()
	return e.worker.Do(ctx, w, func(o run.Observation) {
		e.post(mail{work: w.ID, owner: owner, input: run.Input{Observation: o}})
	})
}

// workEnded takes the end of a worker, or of its back-off. One that failed and is still wanted starts again.
func (e *Engine) workEnded(ctx context.Context, end ended, now time.Time) {
	e.running--
	w := end.owner
	if e.works[end.id] != w {
		return // not wanted any more
	}
	if end.again {
		e.hire(ctx, w)
		return
	}
	if end.err == nil {
		return // it has done what there was to do
	}
	if text := end.err.Error(); text != w.said {
		w.said = text
		failed := run.WorkFailed{Work: end.id, Err: run.MakeSafe(text, 400)}
		e.commit(run.Decide(e.state, run.Input{At: now, Observation: failed}))
	}
	if now.Sub(w.since) > lastBackOff {
		w.tries = 0 // it had gone well for a while
	}
	pause := min(firstBackOff<<min(w.tries, 10), lastBackOff)
	w.tries++
	pausing, cancel := context.WithCancel(ctx)
	w.cancel = cancel
	e.running++
	e.clock.Go(func() {
		_ = e.clock.Wait(pausing, pause, nil)
		e.post(mail{work: end.id, ended: &ended{id: end.id, owner: w, again: true}})
	})
}

// stopAll ends every worker and waits until they are gone, so that locks are given back; not longer than a while, for
// one may hang on the network.
func (e *Engine) stopAll() {
	for _, w := range e.works {
		w.cancel()
	}
	e.works = nil
	patience := e.clock.Now().Add(5 * time.Second)
	for e.running > 0 && e.clock.Now().Before(patience) {
		_ = e.clock.Wait(context.Background(), patience.Sub(e.clock.Now()), e.signal)
		e.mu.Lock()
		batch := e.mailbox
		e.mailbox = nil
		e.mu.Unlock()
		for _, m := range batch {
			if m.ended != nil {
				e.running--
			}
		}
	}
}
