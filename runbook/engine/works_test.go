package engine_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

func TestWorkersAreThoseThatAreWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := perform(t)
		s.play(holding)
		compare := func(when string) {
			t.Helper()
			synctest.Wait()
			s.crew.mu.Lock()
			defer s.crew.mu.Unlock()
			wanted := map[string]bool{}
			for _, w := range run.Wanted(s.Latest()) {
				wanted[w.ID] = true
			}
			for id, n := range s.crew.going {
				if !wanted[id] || n != 1 {
					t.Errorf("%s: %d workers at %s, wanted %v", when, n, id, wanted[id])
				}
			}
		}
		compare("holding")
		s.want(run.Rollback{})
		compare("fuse")
		s.want(run.TakeBack{})
		compare("taken back")
		_ = s.stop()
		if len(s.crew.going) != 0 {
			t.Errorf("still at work after the end: %v", s.crew.going)
		}
	})
}

func TestAWorkerThatFailsBacksOff(t *testing.T) {
	for name, fault := range map[string]func() error{
		"error": func() error { return errors.New("forbidden") },
		"panic": func() error { panic("a nil map") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				c := &crew{world: runtest.NewWorld(), diary: d, fault: func(w run.Work) error {
					if strings.HasPrefix(w.ID, "check/secret/") {
						return fault()
					}
					return nil
				}}
				s := performWith(t, c, &paper{diary: d}, run.State{})
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if got := s.Latest().StepStatus("secret"); got.OpensGate() || got == run.Failed || got == run.Pending {
					t.Errorf("shows %s", got)
				}
				if got := s.Latest().StepStatus("ready"); got != run.Passed {
					t.Errorf("a step beside it shows %s", got)
				}
				if n := count(d.all(), "start check/secret/"); n < 20 || n > 30 {
					t.Errorf("%d tries in 10 minutes, want one in 30 s once it has failed often", n)
				}
				_ = s.stop()
			})
		})
	}
}

func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := perform(t)
		for range 1000 {
			s.Send("alice", run.Note{Text: "a remark"})
		}
		synctest.Wait()
		if latest := <-s.States(); len(latest.Log) < 500 || s.Pending() {
			t.Errorf("the reader got a State with %d lines", len(latest.Log))
		}
		_ = s.stop()
	})
}

func TestStoppingDoesNotWaitForAWorkerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		free := make(chan struct{})
		c := &crew{world: runtest.NewWorld(), diary: d, fault: func(w run.Work) error {
			if strings.HasPrefix(w.ID, "check/secret/") {
				<-free
			}
			return nil
		}}
		s := performWith(t, c, &paper{diary: d}, run.State{})
		time.Sleep(time.Second)
		begun := time.Now()
		_ = s.stop()
		if took := time.Since(begun); took > 6*time.Second {
			t.Errorf("it took %s", took)
		}
		close(free)
	})
}

// calm makes three days a matter of some thousand looks.
var calm = append([]string{
	"{id: ready, title: Ready, verify: [{workload: {}, interval: 10s, ttl: 40s}], recheck: run}", "{id: ready, title: Ready, verify: [{workload: {}, interval: 2m}], recheck: run}",
	"{id: secret, title: Secret, verify: [{probe: {}, interval: 10s, ttl: 40s}]}", "{id: secret, title: Secret, verify: [{probe: {}, interval: 2m}]}",
	"{id: strict, title: Strict, verify: [{probe: {}, interval: 10s, ttl: 40s}]", "{id: strict, title: Strict, verify: [{probe: {}, interval: 2m}]",
}, short...)

func TestThreeDaysOfWaitingStayFlat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := perform(t, calm...)
		heap := func() uint64 {
			synctest.Wait()
			runtime.GC()
			runtime.GC() // what a sync.Pool keeps goes with the second
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		time.Sleep(time.Hour)
		before, records, lines := heap(), len(s.paper.all()), len(s.Latest().Log)
		time.Sleep(72 * time.Hour)
		after := heap()
		if n := len(s.paper.all()); n != records {
			t.Errorf("an idle run wrote %d records", n-records)
		}
		if n := len(s.Latest().Log); n != lines {
			t.Errorf("an idle run logged %d lines", n-lines)
		}
		if after > before+1<<20 {
			t.Errorf("the heap grew from %d to %d bytes", before, after)
		}
		_ = s.stop()
	})
}

func TestReplayNamesTheRecordItCannotRead(t *testing.T) {
	p := &paper{diary: &diary{}}
	_, _ = p.Append(time.Now(), "", "journal.healed", nil)
	_, _ = p.Append(time.Now(), "", "something.new", nil)
	if _, err := engine.Replay(runtest.ID, runtest.Plan(t), p.all()); err == nil || !strings.Contains(err.Error(), "record 2") {
		t.Errorf("error %v", err)
	}
}
