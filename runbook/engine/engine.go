package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// Worker does Work and reports what it sees until it is done or its context ends. An error means that it could not go
// on: it is started again after a while as long as the work is wanted.
type Worker interface {
	Do(ctx context.Context, w run.Work, report func(run.Observation)) error
}

// Journal is what the engine needs of a journal.
type Journal interface {
	Append(at time.Time, actor, kind string, data any) (journal.Record, error)
	// AppendUrgent also uses the reserve that is kept for rollbacks.
	AppendUrgent(at time.Time, actor, kind string, data any) (journal.Record, error)
	Head() journal.Head
}

// Config is what an engine is made of; all fields are needed.
type Config struct {
	Clock   run.Clock
	Journal Journal
	Worker  Worker
	State   run.State     // run.New, or what Replay returned
	Begin   []run.Stamped // run.Begin or run.Resume
}

// Engine is one run under way.
type Engine struct {
	clock   run.Clock
	journal Journal
	worker  Worker
	begin   []run.Stamped
	signal  run.Signal

	mu        sync.Mutex // guards what others touch: mailbox, state, listeners
	mailbox   []mail
	state     run.State
	listeners []run.Signal
	pending   int // intents that were sent and not decided yet, and the beginning
	states    chan run.State

	// What follows belongs to the goroutine of Run alone.
	works   map[string]*working
	order   map[string]int // of the wanted work, so that what is seen in one instant applies in step order
	running int
	dead    error // the journal's; nil while it lives
}

// mail is an input on its way, and whose work it came from.
type mail struct {
	work  string
	owner *working // of an observation
	input run.Input
	ended *ended
}

// New returns an engine that has not begun.
func New(c Config) *Engine {
	return &Engine{
		clock: c.Clock, journal: c.Journal, worker: c.Worker, state: c.State, begin: c.Begin,
		signal: c.Clock.NewSignal(), states: make(chan run.State, 1), works: map[string]*working{}, pending: 1,
	}
}

// Send wants something of the run. It never waits.
func (e *Engine) Send(actor string, intent run.Intent) {
	e.mu.Lock()
	e.pending++
	e.mu.Unlock()
	e.post(mail{input: run.Input{Actor: actor, Intent: intent}})
}

// Pending tells whether an intent is on its way that was not decided yet, or the run has not begun: what is known of one
// that is resumed is then still from before the gap.
func (e *Engine) Pending() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pending > 0
}

// Latest is the State as it is now.
func (e *Engine) Latest() run.State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// States holds the latest State that was not taken yet: a slow reader misses those between.
func (e *Engine) States() <-chan run.State { return e.states }

// Notify sets s whenever the State changes, and when an intent was decided, even if nothing came of it.
func (e *Engine) Notify(s run.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listeners = append(e.listeners, s)
}

// Wake sets what Notify was given: there is nothing new, but nothing will be either.
func (e *Engine) Wake() {
	e.mu.Lock()
	listeners := e.listeners
	e.mu.Unlock()
	for _, s := range listeners {
		s.Set()
	}
}

func (e *Engine) post(m mail) {
	e.mu.Lock()
	e.mailbox = append(e.mailbox, m)
	e.mu.Unlock()
	e.signal.Set()
}

// Run goes on until the run has ended or ctx ends; then it stops the workers and returns. The error is the journal's,
// when it died.
func (e *Engine) Run(ctx context.Context) error {
	defer e.stopAll()
	e.commit(e.begin)
	e.decided()
	e.employ(ctx)
	for e.state.Ended.IsZero() {
		if ctx.Err() != nil {
			return e.dead
		}
		batch := e.take(ctx)
		if len(batch) == 0 && ctx.Err() == nil {
			e.commit(run.Decide(e.state, run.Input{At: e.clock.Now()}))
		}
		for _, m := range batch {
			e.hurry(ctx)
			e.handle(ctx, m, e.clock.Now())
		}
		e.employ(ctx)
	}
	return e.dead
}

// take waits for mail or for the next deadline, and returns the mail in order of the works it came from.
func (e *Engine) take(ctx context.Context) []mail {
	d := time.Duration(-1)
	if due, ok := run.Deadline(e.state); ok {
		d = max(0, due.Sub(e.clock.Now()))
	}
	if e.clock.Wait(ctx, d, e.signal) != nil || e.clock.Wait(ctx, 0, nil) != nil { // the second lets others of this instant report too
		return nil
	}
	e.mu.Lock()
	batch := e.mailbox
	e.mailbox = nil
	e.mu.Unlock()
	slices.SortStableFunc(batch, func(a, b mail) int { return e.order[a.work] - e.order[b.work] })
	return batch
}

// hurry takes a rollback out of the mailbox before its turn: on a slow disk the mail before it may take a while.
func (e *Engine) hurry(ctx context.Context) {
	e.mu.Lock()
	i := slices.IndexFunc(e.mailbox, mail.hurries)
	if i < 0 {
		e.mu.Unlock()
		return
	}
	m := e.mailbox[i]
	e.mailbox = slices.Delete(e.mailbox, i, i+1)
	e.mu.Unlock()
	e.handle(ctx, m, e.clock.Now())
	e.employ(ctx)
}

// hurries tells whether somebody wants to go back, now.
func (m mail) hurries() bool {
	switch m.input.Intent.(type) {
	case run.Rollback, run.Burn:
		return true
	}
	return false
}

func (e *Engine) handle(ctx context.Context, m mail, now time.Time) {
	if m.ended != nil {
		e.workEnded(ctx, *m.ended, now)
		return
	}
	if m.work != "" && m.input.Observation != nil && e.works[m.work] != m.owner {
		return // of a worker that was stopped: its look is older than what was decided since
	}
	m.input.At = now
	e.commit(run.Decide(e.state, m.input))
	if m.input.Intent != nil {
		e.decided()
	}
}

// decided tells the listeners that an intent is no longer pending.
func (e *Engine) decided() {
	e.mu.Lock()
	e.pending--
	e.mu.Unlock()
	e.Wake()
}

// commit makes events true: first in the journal, then in the State, then for everybody to see.
func (e *Engine) commit(events []run.Stamped) {
	if len(events) == 0 {
		return
	}
	kept := e.record(events)
	next := run.Apply(e.state, kept...)
	e.mu.Lock()
	e.state = next
	listeners := e.listeners
	e.mu.Unlock()
	select {
	case <-e.states:
	default:
	}
	e.states <- next // a channel of one, just emptied, with one sender
	for _, s := range listeners {
		s.Set()
	}
}
