package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

func TestAWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := perform(t)
		s.play(nil)
		if err := <-s.ended; err != nil {
			t.Fatal(err)
		}
		if got := s.Latest(); got.Outcome != run.Completed || got.Verdict != run.VerdictPass {
			t.Errorf("ended %s, %s", got.Outcome, got.Verdict)
		}
		replayed, err := engine.Replay(runtest.ID, s.Latest().Plan, s.paper.all())
		if err != nil || replayed.Outcome != run.Completed || replayed.Phase != 4 {
			t.Errorf("replayed: %v %s phase %d", err, replayed.Outcome, replayed.Phase)
		}
	})
}

// What is known of a run that is resumed is from before the gap until it has begun again: who acts on it without a person
// waits for that.
func TestARunThatHasNotBegunIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := run.New(runtest.ID, runtest.Plan(t))
		begin := run.Begin(state, time.Now(), "alice", run.RunStarted{Operator: "alice", Environment: "production"})
		d := &diary{}
		s := &stage{t: t, crew: &crew{world: runtest.NewWorld(), diary: d}, ended: make(chan error, 1)}
		config := engine.Config{Clock: engine.RealTime(), Journal: &paper{diary: d}, Worker: s.crew, State: state, Begin: begin}
		if !engine.New(config).Pending() {
			t.Error("it counts as begun before it is")
		}
		s.start(config)
		synctest.Wait()
		if s.Pending() || s.Latest().Started.IsZero() {
			t.Error("it began, and still counts as about to")
		}
		_ = s.stop()
	})
}

func TestAWishIsDurableBeforeItsWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := perform(t)
		s.play(holding)
		s.want(run.Freeze{})
		s.until("frozen", time.Minute, func(st run.State) bool { return len(st.Deploys["move"].FreezeAnswers) == 1 })
		s.want(run.Rollback{Because: "a test"})
		s.until("settling", time.Minute, func(st run.State) bool { return st.Rollback.Stage == run.Settling })
		_ = s.stop()
		lines := s.paper.diary.all()
		wishes := 0
		for i, line := range lines {
			id, started := strings.CutPrefix(line, "start "+runtest.ID)
			if !started {
				continue
			}
			wishes++
			if !slices.ContainsFunc(lines[:i], func(l string) bool {
				return strings.HasPrefix(l, "journal") && strings.Contains(l, fmt.Sprintf("%q", runtest.ID+id))
			}) {
				t.Errorf("the worker of %s started before its wish was written", id)
			}
		}
		if wishes < 4 {
			t.Errorf("only %d wishes were made: %v", wishes, lines)
		}
	})
}
