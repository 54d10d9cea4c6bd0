package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	// urgentWait is how long a rollback waits for its wish to become durable (DESIGN §5).
	urgentWait = time.Second
	// journalWait is how long everything else waits for a slow disk before the journal counts as dead.
	journalWait = 10 * time.Second
)

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
	if errors.Is(e.dead, errHangs) || e.dead != nil && !urgent(ev.Event) {
		return false
	}
	append := e.journal.Append
	if urgent(ev.Event) {
		append = e.journal.AppendUrgent
	}
	err := e.await(ev, func() error {
		_, err := append(ev.At, ev.Actor, ev.Event.Kind(), ev.Event)
		return err
	})
	if err == nil {
		return true
	}
	if !errors.Is(err, journal.ErrTooLarge) { // that one left the journal as it was
		e.dead = err
	}
	return false
}

// await runs an append, but does not wait for a disk that hangs: a rollback waits for a second, all else a little
// longer, and no longer than a second once somebody presses R.
func (e *Engine) await(ev run.Stamped, write func() error) error {
	var result atomic.Pointer[error]
	e.clock.Go(func() {
		err := guarded(write)
		result.Store(&err)
		e.signal.Set()
	})
	defer e.signal.Set() // mail may have come meanwhile
	limit, hurry := e.clock.Now().Add(journalWait), false
	for {
		now := e.clock.Now()
		if !hurry && (urgent(ev.Event) || e.hurried()) {
			hurry = true
			limit = now.Add(min(urgentWait, limit.Sub(now)))
		}
		if err := result.Load(); err != nil {
			return *err
		}
		if !now.Before(limit) {
			return errHangs
		}
		_ = e.clock.Wait(context.Background(), limit.Sub(now), e.signal)
	}
}

// guarded makes a panic of the journal its error: the run goes on as with any dead journal, and a rollback still works.
func guarded(write func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a fault in the program: %v", p)
		}
	}()
	return write()
}

// hurried tells whether a rollback is under way or asked for.
func (e *Engine) hurried() bool {
	if r := e.state.Rollback; r != nil && r.Stage != run.TakenBack && r.Stage != run.Restored {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.mailbox, mail.hurries)
}

var errHangs = errors.New("the disk did not answer")

// forwardWish tells whether an event lets a worker write forward.
func forwardWish(ev run.Event) bool {
	switch v := ev.(type) {
	case run.Wished, run.DeployStarted, run.DeployRetried, run.ShareWished:
		return true
	case run.ActionStarted:
		return v.Wish != "" && !v.Back
	case run.FreezeAsked:
		return v.Thaw
	}
	return false
}

// urgent tells whether an event belongs to a rollback.
func urgent(ev run.Event) bool {
	switch ev.(type) {
	case run.RollbackPressed, run.FuseBurnt, run.RollbackTaken, run.UndoSeen, run.UndoTook, run.UndoLate,
		run.UndoneAgain, run.SettleBegan, run.RollbackDone, run.ReasonGiven, run.FlagsOffAsked, run.FlagsOffSeen, run.FlagsOffLate:
		return true
	}
	return false
}
