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
