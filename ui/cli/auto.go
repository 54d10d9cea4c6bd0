package cli

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// never is a wait without a deadline.
const never = time.Duration(-1)

// unattended drives a session without a person: it sends what the policy wants next and tells what happens on w. It
// returns why it could not go on, or nil when the run has ended by itself or ctx has.
func unattended(ctx context.Context, s *session, w io.Writer) (stopped *run.Stop) {
	changed := s.clock.NewSignal()
	s.engine.Notify(changed)
	teller := teller{w: w}
	var last run.Intent
	for {
		over := s.isOver() // asked before the State, which then is the last one
		if s.engine.Pending() && ctx.Err() == nil && !over {
			_ = s.clock.Wait(ctx, never, changed)
			continue
		}
		state := s.Latest()
		teller.tell(state)
		if over || !state.Ended.IsZero() || ctx.Err() != nil || stopped != nil {
			return stopped
		}
		next := run.NextIntent(state, s.Now())
		if next.Intent != nil && reflect.DeepEqual(next.Intent, last) && state.Notice.Text != "" {
			next = run.Next{Stop: &run.Stop{Outcome: run.NeedsPerson, Why: state.Notice.Text}}
		}
		switch {
		case next.Stop != nil:
			stopped = next.Stop
			stopAt(s, state, *stopped)
			continue
		case next.Intent != nil:
			last = next.Intent
			s.Send(next.Intent)
		}
		wait := never
		if !next.Again.IsZero() {
			wait = max(0, next.Again.Sub(s.Now()))
		}
		if s.clock.Wait(ctx, wait, changed) != nil {
			return nil
		}
	}
}

// stopAt writes down why nothing goes on without a person. The run waits for one, who may mend what was wrong first; a
// drill ends, for its world ends with the program.
func stopAt(s *session, state run.State, why run.Stop) {
	if state.Practice != "" {
		s.Send(run.GiveUp{Stop: why})
		return
	}
	s.engine.Send(system, run.Note{Text: fmt.Sprintf("nothing goes on without a person: %s: sop resume %s goes on", why.Why, s.id)})
}

// teller prints each line of a run's log once.
type teller struct {
	w    io.Writer
	last run.Line
}

func (t *teller) tell(s run.State) {
	if s.Started.IsZero() {
		return
	}
	from := 0
	for i := len(s.Log) - 1; i >= 0; i-- {
		if s.Log[i] == t.last {
			from = i + 1
			break
		}
	}
	for _, line := range s.Log[from:] {
		mark := " "
		if line.Loud {
			mark = "!"
		}
		fmt.Fprintf(t.w, "%s %s %s\n", line.At.UTC().Format("15:04:05"), mark, line.Text)
		t.last = line
	}
}
