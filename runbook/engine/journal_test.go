package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// forwardWrites counts what moved forward in the world since an instant.
func (c *crew) forwardWrites(since time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, w := range c.world.Writes {
		if (w.Kind == "move" || w.Kind == "thaw") && w.At.After(since) {
			n++
		}
	}
	return n
}

func TestADeadJournalStopsForwardAndNotBack(t *testing.T) {
	for name, fault := range map[string]func(*paper){
		"every append fails": func(p *paper) { p.failAt = p.appends + 1 },
		"the disk is full":   func(p *paper) { p.full = true },
		"it has a fault":     func(p *paper) { p.panics = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := perform(t)
				s.play(holding)
				since := time.Now()
				s.paper.set(fault)
				s.want(run.Note{Text: "the first that is lost"})
				time.Sleep(30 * time.Minute)
				if n := s.crew.forwardWrites(since); n != 0 {
					t.Fatalf("%d forward writes without a durable wish", n)
				}
				if s.Latest().Notice.Text == "" {
					t.Error("nobody is told")
				}
				s.want(run.Freeze{})
				time.Sleep(time.Second)
				s.want(run.Continue{})
				time.Sleep(time.Minute)
				if n := s.crew.forwardWrites(since); n != 0 {
					t.Fatalf("%d forward writes without a durable wish", n)
				}
				s.want(run.Rollback{Because: "the disk"})
				s.until("settling", time.Minute, func(st run.State) bool { return st.Rollback.Stage == run.Settling })
				if got := s.crew.world.Runs("production", "worker"); got != "registry.example/worker:v1" {
					t.Errorf("production runs %s", got)
				}
				if err := s.stop(); !errors.Is(err, errDisk) && (err == nil || name != "it has a fault") {
					t.Errorf("the engine ended with %v", err)
				}
			})
		})
	}
}

func TestAJournalThatDiesAnywhereLeavesNoWriteWithoutAWish(t *testing.T) {
	for at := 1; at <= 45; at += 2 {
		synctest.Test(t, func(t *testing.T) {
			d := &diary{}
			p := &paper{diary: d, failAt: at}
			s := performWith(t, &crew{world: runtest.NewWorld(), diary: d}, p, run.State{}, short...)
			steps := time.Now().Add(20 * time.Minute)
			for time.Now().Before(steps) {
				state := s.Latest()
				state.Auto = run.PolicyGoodOperator
				if next := run.NextIntent(state, time.Now()); next.Intent != nil {
					s.Send("alice", next.Intent)
				}
				time.Sleep(5 * time.Second)
			}
			_ = s.stop()
			wished := map[string]bool{}
			for _, rec := range p.all() {
				ev, err := run.Decode(rec.Kind, rec.Data)
				if err != nil {
					t.Fatal(err)
				}
				if w, ok := ev.(run.Wished); ok {
					wished[w.Wish] = true
				}
			}
			for _, w := range s.crew.world.Writes {
				if w.Kind == "move" && !wished[w.Wish] {
					t.Errorf("journal dead at %d: %s was written without a durable wish", at, w.Wish)
				}
			}
		})
	}
}

func TestADiskThatHangsHoldsARollbackUpASecond(t *testing.T) {
	for name, busy := range map[string]bool{"idle": false, "in the middle of another append": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := perform(t)
				s.play(holding)
				free := make(chan struct{})
				s.paper.set(func(p *paper) { p.hang = free })
				if busy {
					s.Send("alice", run.Note{Text: "this one hangs"})
					time.Sleep(3 * time.Second)
				}
				pressed := time.Now()
				s.Send("alice", run.Rollback{Because: "the disk"})
				for s.Latest().Rollback == nil {
					time.Sleep(10 * time.Millisecond)
				}
				if took := time.Since(pressed); took > time.Second+20*time.Millisecond {
					t.Errorf("R was held up %s", took)
				}
				s.until("settling", time.Minute, func(st run.State) bool { return st.Rollback.Stage == run.Settling })
				if took := s.Latest().Rollback.Burnt.Sub(pressed); took > 4*time.Second+20*time.Millisecond {
					t.Errorf("the fuse of 3 s burnt after %s", took)
				}
				close(free)
				if err := s.stop(); err == nil {
					t.Error("the engine does not say that the journal hung")
				}
			})
		})
	}
}

func TestASlowDiskIsNoDeadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := perform(t)
		s.play(holding)
		free := make(chan struct{})
		s.paper.set(func(p *paper) { p.hang = free })
		s.Send("alice", run.Note{Text: "this one is slow"})
		time.Sleep(5 * time.Second)
		s.paper.set(func(p *paper) { p.hang = nil })
		close(free)
		s.play(nil)
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
	})
}

// TestARealJournal goes through a whole run, is stopped in the middle, and goes on from the disk.
func TestARealJournal(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		plan := runtest.Plan(t, short...)
		j, err := journal.Create(root, runtest.ID, journal.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		c := &crew{world: runtest.NewWorld(), diary: &diary{}}
		state := run.New(runtest.ID, plan)
		begin := run.Begin(state, time.Now(), "alice", run.RunStarted{Operator: "alice", Environment: "production"})
		s := onDisk(t, c, j, state, begin)
		s.play(holding)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		left := s.Latest()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		j, records, err := journal.Open(j.Dir(), journal.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if state, err = engine.Replay(runtest.ID, plan, records); err != nil {
			t.Fatal(err)
		}
		if state.Phase != left.Phase || state.Deploys["move"].Stage != left.Deploys["move"].Stage || state.Acts != left.Acts {
			t.Fatalf("replayed phase %d %s, left phase %d %s", state.Phase, state.Deploys["move"].Stage, left.Phase, left.Deploys["move"].Stage)
		}
		s = onDisk(t, c, j, state, run.Resume(state, time.Now(), "bob"))
		s.play(nil)
		if got := s.Latest().Outcome; got != run.Completed {
			t.Errorf("outcome %q", got)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func onDisk(t *testing.T, c *crew, j *journal.Journal, state run.State, begin []run.Stamped) *stage {
	s := &stage{t: t, crew: c, ended: make(chan error, 1)}
	s.start(engine.Config{Clock: engine.RealTime(), Journal: j, Worker: c, State: state, Begin: begin})
	return s
}
