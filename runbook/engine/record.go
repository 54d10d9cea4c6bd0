package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// urgentWait is how long a rollback waits for its wish to become durable (DESIGN §5).
const urgentWait = time.Second

// record journals the events and returns those that may become true. Without a journal nothing moves forward: the
// wishes of forward writes are dropped, and the person is told; everything else goes on in memory.
func (e *Engine) record(events []run.Stamped) []run.Stamped {
	kept := events[:0:0]
	for _, ev := range events {
		switch {
		case run.IsVolatile(ev.Event), e.write(ev):
			kept = append(kept, ev)
		case forwardWish(ev.Event):
			text := run.MakeSafe(fmt.Sprintf("nothing moves forward any more, the journal is dead: %v; a rollback still works (R)", e.dead), 400)
			return append(kept, run.Stamped{At: ev.At, Event: run.Refusal{Text: text}})
		default:
			kept = append(kept, ev)
		}
	}
	return kept
}

// write journals one event; false means that it is not durable.
func (e *Engine) write(ev run.Stamped) bool {
	if e.dead != nil && !urgent(ev.Event) {
		return false
	}
	if urgent(ev.Event) {
		return e.writeUrgent(ev)
	}
	if _, err := e.journal.Append(ev.At, ev.Actor, ev.Event.Kind(), ev.Event); err != nil {
		e.dead = err
		return false
	}
	return true
}

// writeUrgent journals what belongs to a rollback, but does not wait for a hanging disk.
func (e *Engine) writeUrgent(ev run.Stamped) bool {
	if e.dead == errHangs {
		return false
	}
	done := e.clock.NewSignal()
	var result atomic.Pointer[error]
	e.clock.Go(func() {
		_, err := e.journal.AppendUrgent(ev.At, ev.Actor, ev.Event.Kind(), ev.Event)
		result.Store(&err)
		done.Set()
	})
	_ = e.clock.Wait(context.Background(), urgentWait, done)
	switch err := result.Load(); {
	case err == nil:
		e.dead = errHangs
	case *err != nil:
		e.dead = *err
	default:
		return true
	}
	return false
}

var errHangs = fmt.Errorf("the disk did not answer within %s", urgentWait)

// forwardWish tells whether an event lets a worker write forward.
func forwardWish(ev run.Event) bool {
	switch v := ev.(type) {
	case run.Wished, run.DeployStarted, run.DeployRetried:
		return true
	case run.FreezeAsked:
		return v.Thaw
	}
	return false
}

// urgent tells whether an event belongs to a rollback.
func urgent(ev run.Event) bool {
	switch ev.(type) {
	case run.RollbackPressed, run.FuseBurnt, run.FuseAsked, run.RollbackTaken, run.UndoSeen, run.UndoTook, run.UndoLate,
		run.UndoneAgain, run.SettleBegan, run.RollbackDone, run.ReasonGiven:
		return true
	}
	return false
}
