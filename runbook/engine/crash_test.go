package engine_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// short makes a run quick enough to be killed at every record.
var short = []string{
	"hold: 2m", "hold: 10s", "watch: {for: 10m, every: 15s}", "watch: {for: 1m, every: 15s}",
	"          - {id: soft, title: Soft, verify: [{probe: {}, interval: 10s}], required: false}\n", "",
	"          - {id: later, title: Later, verify: [{probe: {}, interval: 10s, ttl: 40s}], deferTo: after}\n", "",
	"          - {id: slow, title: Slow, verify: [{probe: {}, interval: 10s, ttl: 40s, failureThreshold: 3, successThreshold: 2}]}\n", "",
}

// mortal is a journal whose process dies: after it wrote a record, or when it is about to write the next.
type mortal struct {
	*paper
	at     int  // number of the record, from 1; 0: it lives
	before bool // dies before it writes that record; else right after
	kill   context.CancelFunc
	killed bool
}

func (m *mortal) Append(at time.Time, actor, kind string, data any) (journal.Record, error) {
	return m.die(func() (journal.Record, error) { return m.paper.Append(at, actor, kind, data) })
}

func (m *mortal) AppendUrgent(at time.Time, actor, kind string, data any) (journal.Record, error) {
	return m.die(func() (journal.Record, error) { return m.paper.AppendUrgent(at, actor, kind, data) })
}

func (m *mortal) die(write func() (journal.Record, error)) (journal.Record, error) {
	next := len(m.all()) + 1
	if m.killed || m.at > 0 && m.before && next == m.at {
		m.killed = true
		m.kill()
		return journal.Record{}, errDisk
	}
	rec, err := write()
	if next == m.at {
		m.killed = true
		m.kill()
	}
	return rec, err
}

// story takes a run to its end.
type story func(s *stage)

func forwards(s *stage) { s.play(nil) }

func andBack(s *stage) {
	s.play(func(st run.State) bool { return holding(st) || st.Rollback != nil })
	if st := s.Latest(); st.Ended.IsZero() && (st.Rollback == nil || st.Rollback.Stage == run.TakenBack) {
		s.want(run.Rollback{Because: "a test"})
	}
	s.play(nil)
}

// live plays a story with a process that dies where the journal says; it returns how many records were written.
func live(t *testing.T, tell story, at int, before bool) (records int, world *runtest.World) {
	d := &diary{}
	c := &crew{world: runtest.NewWorld(), diary: d}
	m := &mortal{paper: &paper{diary: d}, at: at, before: before}
	plan := runtest.Plan(t, short...)
	state := run.New(runtest.ID, plan)
	begin := run.Begin(state, time.Now(), "alice", run.RunStarted{Operator: "alice", Environment: "production"})
	for life := 1; ; life++ {
		ctx, cancel := context.WithCancel(t.Context())
		m.kill = cancel
		s := &stage{t: t, crew: c, paper: m.paper, cancel: cancel, ended: make(chan error, 1)}
		s.Engine = engine.New(engine.Config{Clock: engine.RealTime(), Journal: m, Worker: c, State: state, Begin: begin})
		go func() { s.ended <- s.Run(ctx); cancel() }()
		told := make(chan bool, 1)
		go func() {
			defer func() { told <- true }()
			s.alive = func() bool { return ctx.Err() == nil }
			tell(s)
		}()
		<-told
		cancel()
		<-s.ended
		if !m.killed || life > 1 {
			if s.Latest().Ended.IsZero() {
				t.Errorf("killed at record %d (before: %v): the run did not end", at, before)
			}
			return len(m.all()), c.world
		}
		m.killed, m.at = false, 0
		time.Sleep(30 * time.Second)
		var err error
		if state, err = engine.Replay(runtest.ID, plan, m.all()); err != nil {
			t.Fatal(err)
		}
		begin = run.Resume(state, time.Now(), "bob")
		if state.Started.IsZero() {
			begin = run.Begin(state, time.Now(), "alice", run.RunStarted{Operator: "alice", Environment: "production"})
		}
	}
}

// TestARunKilledAnywhereIsFinishedAndRepeatsNothing kills the process around every record of its journal.
func TestARunKilledAnywhereIsFinishedAndRepeatsNothing(t *testing.T) {
	for _, test := range []struct {
		name  string
		tell  story
		acts  map[string]int // by environment, component and kind, when nobody dies
		image string         // in production at the end
	}{
		{"forwards", forwards, map[string]int{"staging/worker/move": 1, "staging/api/move": 1, "production/worker/move": 2, "production/api/move": 2}, "v2"},
		{"and back", andBack, map[string]int{"staging/worker/move": 1, "staging/api/move": 1, "production/worker/move": 1, "production/worker/undo": 1}, "v1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			records := 1
			synctest.Test(t, func(t *testing.T) { records, _ = live(t, test.tell, 0, false) })
			for at := 1; at <= records && !t.Failed(); at++ {
				for _, before := range []bool{true, false} {
					synctest.Test(t, func(t *testing.T) {
						_, world := live(t, test.tell, at, before)
						where := fmt.Sprintf("killed at record %d of %d (before: %v)", at, records, before)
						acts := map[string]int{}
						for _, w := range world.Writes {
							acts[w.Env+"/"+w.Component+"/"+w.Kind]++
						}
						for act, n := range acts {
							if want, ok := test.acts[act]; ok && n != want {
								t.Errorf("%s: %s was done %d times, want %d", where, act, n, want)
							}
						}
						for act := range test.acts {
							if acts[act] == 0 {
								t.Errorf("%s: %s was never done", where, act)
							}
						}
						if got := world.Runs("production", "worker"); got != "registry.example/worker:"+test.image {
							t.Errorf("%s: production runs %s", where, got)
						}
					})
				}
			}
			t.Logf("%d records", records)
		})
	}
}
