package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// diary is the order in which records were written and workers started, over both.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// crew does the work in a scripted world.
type crew struct {
	mu    sync.Mutex
	world *runtest.World
	diary *diary
	fault func(run.Work) error // before the look; nil: none
	going map[string]int       // workers at work, by id
}

func (c *crew) Do(ctx context.Context, w run.Work, report func(run.Observation)) error {
	c.count(w.ID, 1)
	defer c.count(w.ID, -1)
	c.diary.add("start " + w.ID)
	for {
		if c.fault != nil {
			if err := c.fault(w); err != nil {
				return err
			}
		}
		c.mu.Lock()
		seen, again := c.world.Look(w, time.Now())
		c.mu.Unlock()
		for _, o := range seen {
			report(o)
		}
		if again < 0 {
			return nil
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *crew) count(id string, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.going == nil {
		c.going = map[string]int{}
	}
	if c.going[id] += by; c.going[id] == 0 {
		delete(c.going, id)
	}
}

// paper is a journal in memory that can fail and hang.
type paper struct {
	mu      sync.Mutex
	diary   *diary
	records []journal.Record
	failAt  int           // the append with this number, from 1, and all after it fail; 0: none
	full    bool          // only forward appends fail
	panics  bool          // every append is a fault of the program
	hang    chan struct{} // appends wait until it is closed; nil: they do not
	appends int
}

var errDisk = errors.New("input/output error")

func (p *paper) Append(at time.Time, actor, kind string, data any) (journal.Record, error) {
	return p.write(at, actor, kind, data, false)
}

func (p *paper) AppendUrgent(at time.Time, actor, kind string, data any) (journal.Record, error) {
	return p.write(at, actor, kind, data, true)
}

func (p *paper) write(at time.Time, actor, kind string, data any, urgent bool) (journal.Record, error) {
	p.mu.Lock()
	hang := p.hang
	p.mu.Unlock()
	if hang != nil {
		<-hang
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.appends++
	if p.panics {
		panic("a nil map")
	}
	if p.failAt > 0 && p.appends >= p.failAt || p.full && !urgent {
		return journal.Record{}, errDisk
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return journal.Record{}, err
	}
	rec := journal.Record{Seq: uint64(len(p.records) + 1), At: at.UTC(), Actor: actor, Kind: kind, Data: raw}
	p.records = append(p.records, rec)
	p.diary.add("journal " + kind + " " + string(raw))
	return rec, nil
}

func (p *paper) Head() journal.Head { return journal.Head{} }

func (p *paper) set(change func(*paper)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *paper) all() []journal.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.records)
}

// stage is an engine under way in a bubble of its own time.
type stage struct {
	*engine.Engine
	t      *testing.T
	crew   *crew
	paper  *paper
	cancel context.CancelFunc
	ended  chan error
	alive  func() bool // nil: it is
}

// perform begins a run; journal nil means paper.
func perform(t *testing.T, edits ...string) *stage {
	t.Helper()
	d := &diary{}
	return performWith(t, &crew{world: runtest.NewWorld(), diary: d}, &paper{diary: d}, run.State{}, edits...)
}

func performWith(t *testing.T, c *crew, p *paper, from run.State, edits ...string) *stage {
	t.Helper()
	s := &stage{t: t, crew: c, paper: p, ended: make(chan error, 1)}
	state := from
	var begin []run.Stamped
	if from.Started.IsZero() {
		state = run.New(runtest.ID, runtest.Plan(t, edits...))
		begin = run.Begin(state, time.Now(), "alice", run.RunStarted{Operator: "alice", Environment: "production"})
	} else {
		begin = run.Resume(state, time.Now(), "bob")
	}
	s.start(engine.Config{Clock: engine.RealTime(), Journal: p, Worker: c, State: state, Begin: begin})
	return s
}

func (s *stage) start(config engine.Config) {
	s.Engine = engine.New(config)
	ctx, cancel := context.WithCancel(s.t.Context())
	s.cancel = cancel
	go func() { s.ended <- s.Run(ctx) }()
}

// stop ends the engine, as a killed process would, and returns its error.
func (s *stage) stop() error {
	s.cancel()
	return <-s.ended
}

func (s *stage) want(i run.Intent) {
	s.Send("alice", i)
	synctest.Wait()
}

// until lets time pass until cond is true.
func (s *stage) until(what string, long time.Duration, cond func(run.State) bool) {
	s.t.Helper()
	for end := time.Now().Add(long); !cond(s.Latest()); time.Sleep(time.Second) {
		if time.Now().After(end) {
			text := ""
			for _, l := range s.Latest().Log {
				text += "\n" + string(l.Text)
			}
			s.t.Fatalf("not %s within %s:%s", what, long, text)
		}
	}
	synctest.Wait()
}

// play takes a run on as a good operator would, from wherever it stands, until it has ended or cond is true.
func (s *stage) play(cond func(run.State) bool) {
	s.t.Helper()
	for end := time.Now().Add(3 * time.Hour); time.Now().Before(end); time.Sleep(5 * time.Second) {
		synctest.Wait()
		state := s.Latest()
		if s.alive != nil && !s.alive() || !state.Ended.IsZero() || cond != nil && cond(state) {
			return
		}
		state.Auto = run.PolicyGoodOperator
		next := run.NextIntent(state, time.Now())
		for _, d := range state.Deploys {
			if d.Frozen && (state.Rollback == nil || state.Rollback.Stage == run.TakenBack) {
				next.Intent = run.Continue{}
			}
		}
		if w := state.Watches["watch"]; w.Verdict == run.VerdictInconclusive && next.Stop != nil {
			next = run.Next{Intent: run.Extend{Step: "watch", By: 5 * time.Minute}} // half of it was not watched
		}
		if next.Stop != nil {
			s.t.Errorf("cannot go on: %s", next.Stop.Why)
			return
		}
		if next.Intent != nil {
			s.Send("alice", next.Intent)
		}
	}
	text := ""
	for _, l := range s.Latest().Log {
		text += "\n" + l.At.Format("15:04:05 ") + string(l.Text)
	}
	s.t.Errorf("the run did not end:%s", text)
}

func holding(s run.State) bool { return s.Deploys["move"].Stage == run.Holding }

func count(lines []string, prefix string) int {
	n := 0
	for _, l := range lines {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}
