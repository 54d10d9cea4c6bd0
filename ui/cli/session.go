package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// planFile is the frozen runbook in a run's directory.
const planFile = "runbook.yaml"

// session is one run under way: the seam that the screens and the unattended policies drive.
type session struct {
	id       string
	dir      string // of the run; empty when it has none
	clock    run.Clock
	operator string
	engine   *engine.Engine
	parts    *parts
	close    func() error

	over   chan struct{}         // closed when the engine is done
	failed atomic.Pointer[error] // why it is, when that was a fault of the program
}

// fault is why the engine stopped in the middle of a run; nil when it did not.
func (s *session) fault() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// isOver tells whether the engine is done, however it came to that: nothing that is sent any more is decided.
func (s *session) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// States, Latest, Send and Now make a session what the screens look at.
func (s *session) States() <-chan run.State { return s.engine.States() }

// Latest is the State as it is now.
func (s *session) Latest() run.State { return s.engine.Latest() }

// Send wants something in the operator's name.
func (s *session) Send(intent run.Intent) { s.engine.Send(s.operator, intent) }

// Now is the run's time.
func (s *session) Now() time.Time { return s.clock.Now() }

// begin opens a new run. A journal that cannot be opened is an error, but for a rollback, which goes on without one.
func (a *app) begin(c connections, p *parts, id string, doc *runbook.Document, plan *runbook.Plan, started run.RunStarted, opts journal.Options) (*session, error) {
	started.Operator, started.Practice = c.operator, c.practice
	started.Runbook, started.Digest = plan.Runbook.Metadata.Name, plan.Digest
	started.Inputs, started.Environment = plan.Inputs, plan.Environment
	j, err := newJournal(id, doc, opts)
	if err != nil && !started.Only {
		return nil, failed(err)
	}
	s := &session{id: id, clock: c.clock, operator: c.operator, parts: p, close: func() error { return nil }, over: make(chan struct{})}
	var record engine.Journal = lost{err}
	if err != nil {
		fmt.Fprintf(a.err, "sop: no journal, the rollback goes on without one: %v\n", err)
	} else {
		record, s.close, s.dir = j, j.Close, j.Dir()
		p.follow(plan, j)
	}
	state := run.New(id, plan)
	s.engine = engine.New(engine.Config{
		Clock: c.clock, Journal: record, Worker: s.parts, State: state,
		Begin: run.Begin(state, c.clock.Now(), c.operator, started),
	})
	return s, nil
}

func newJournal(id string, doc *runbook.Document, opts journal.Options) (*journal.Journal, error) {
	root, err := journal.DefaultRoot()
	if err != nil {
		return nil, err
	}
	j, err := journal.Create(root, id, opts)
	if err != nil {
		return nil, err
	}
	if err := j.WriteFile(planFile, doc.Data); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// lost is the journal of a rollback that could not open one: it keeps nothing and says why.
type lost struct{ cause error }

// Append fails with the cause.
func (l lost) Append(time.Time, string, string, any) (journal.Record, error) {
	return journal.Record{}, l.cause
}

// AppendUrgent fails with the cause.
func (l lost) AppendUrgent(time.Time, string, string, any) (journal.Record, error) {
	return journal.Record{}, l.cause
}

// Head is empty.
func (lost) Head() journal.Head { return journal.Head{} }

// start runs the engine until the run has ended or ctx ends. join waits for that; it waits by the clock, for the last
// works may need the world's time to pass.
func (s *session) start(ctx context.Context) (join func()) {
	over, ended := s.clock.NewSignal(), atomic.Bool{}
	s.clock.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				err := fmt.Errorf("a fault in the program stopped run %s: %v: sop resume %s goes on, sop rollback --run %s rolls back\n%s", s.id, p, s.id, s.id, debug.Stack())
				s.failed.Store(&err)
			}
			ended.Store(true)
			close(s.over)
			over.Set()
			s.engine.Wake()
		}()
		_ = s.engine.Run(ctx) // a dead journal is told on the screen and in the State
	})
	return func() {
		for !ended.Load() {
			_ = s.clock.Wait(context.Background(), never, over)
		}
	}
}

// end stops the connections and closes the journal.
func (s *session) end() error {
	s.parts.clusters.Close()
	return s.close()
}
