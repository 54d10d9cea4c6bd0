package cli

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/run"
)

// A fault in the engine's own goroutine ends the run with what to do next. Nobody waits for it for ever.
func TestAFaultInTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{id: "01JAAAAAAAAAAAAAAAAAAAAAAA", clock: engine.RealTime(), operator: "ana", over: make(chan struct{})}
		s.engine = engine.New(engine.Config{ // without a plan there is nothing that the law could read
			Clock: s.clock, Journal: lost{errors.New("no disk")}, Worker: &parts{}, State: run.State{ID: s.id, Started: s.Now()},
		})
		s.Send(run.Note{Text: "never decided"})
		left := make(chan *run.Stop, 1)
		go func() { left <- unattended(t.Context(), s, io.Discard) }()
		s.start(t.Context())()
		synctest.Wait()
		select {
		case why := <-left:
			if why != nil {
				t.Errorf("it stopped for %+v", why)
			}
		default:
			t.Error("the policy still waits for a run that has stopped")
		}
		err := s.fault()
		if err == nil {
			t.Fatal("the fault is not known")
		}
		for _, words := range []string{"a fault in the program stopped run " + s.id, "nil pointer", "sop resume " + s.id, "sop rollback --run " + s.id} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("it does not say %q: %v", words, err)
			}
		}
	})
}
