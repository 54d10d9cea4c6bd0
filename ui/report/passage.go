package report

import (
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Law: the KPIs count what the journals hold and guess nothing. A deployment is a run that wrote a new image to its
// target; staging on the way there is none. What was measured too seldom is said to be so, and is neither met nor missed.

// Passage is what one run means for the KPIs.
type Passage struct {
	Run         string
	Runbook     string
	Environment string // its target
	Practice    bool
	At          time.Time // when it was created; practice has a time of its own within
	Deployed    bool      // it wrote a new image to its target
	Finished    bool      // every component there runs it
	RolledBack  bool
	Open        bool // it is not over
	Outcome     run.Outcome
	Verdict     run.Verdict
	Undid       []string // other runs that it rolled back

	Deploy  time.Duration // of the target, without holds and waiting for people; zero: not finished
	Detect  time.Duration // from the first value over a line to the trip, or to the press of R; zero: not known
	Back    time.Duration // from the press of R until every component took; zero: there was none
	Restore time.Duration // from the first value over a line, or the press, until the metrics were back; zero: not seen
}

// Succeeded tells whether a deployment that is over went well: its target runs the new image, was not rolled back, and
// nothing was found against it.
func (p Passage) Succeeded() bool {
	return p.Deployed && p.Finished && !p.Open && !p.RolledBack && p.Outcome != run.RunFailed && p.Verdict != run.VerdictFail
}

// PassageKinds are the kinds of events that a Passage is made of; the others, which are most, need not be decoded.
var PassageKinds = kindsOf(
	run.RunStarted{}, run.RunResumed{}, run.Finished{}, run.DeployStarted{}, run.DeployChecked{}, run.Wished{}, run.MoveReached{},
	run.DeployStuck{}, run.DeployRetried{}, run.DeployFinished{}, run.FreezeAsked{}, run.FreezeDone{}, run.TriggersJudged{},
	run.RollbackPressed{}, run.FuseBurnt{}, run.SettleBegan{}, run.RollbackDone{},
)

func kindsOf(events ...run.Event) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.Kind()
	}
	return list
}

// PassageOf adds a run up.
func PassageOf(id string, at time.Time, events []run.Stamped) Passage {
	t := tally{Passage: Passage{Run: id, At: at, Open: true}, clocks: map[string]*stopwatch{}}
	for _, e := range events {
		t.take(e)
	}
	for _, c := range t.clocks {
		if c.over {
			t.Deploy += c.sum
		}
	}
	return t.Passage
}

// tally follows a run from event to event.
type tally struct {
	Passage
	clocks map[string]*stopwatch // of the deploys to the target, by step
	over   time.Time             // since when a value is over its line
	knew   time.Time             // when that was known
	env    string                // of the rollback under way
	press  time.Time
	pins   []run.Pin
}

func (t *tally) take(e run.Stamped) {
	switch v := e.Event.(type) {
	case run.RunStarted:
		t.Runbook, t.Environment, t.Practice, t.pins = v.Runbook, v.Environment, v.Practice != "", v.Pins
	case run.RunResumed:
		for _, c := range t.clocks {
			c.skip(v.Last, e.At)
		}
	case run.Finished:
		t.Open, t.Outcome, t.Verdict = false, v.Outcome, v.Verdict
	case run.TriggersJudged:
		t.judged(v, e.At)
	case run.RollbackPressed, run.FuseBurnt, run.SettleBegan, run.RollbackDone:
		t.rollback(e)
	default:
		t.deploy(e)
	}
}

// judged notes since when something is over its line, and when that was known for sure.
func (t *tally) judged(v run.TriggersJudged, at time.Time) {
	if v.Env != t.Environment || !t.knew.IsZero() {
		return
	}
	t.over = time.Time{}
	for _, s := range v.Triggers {
		if s.State != run.TriggerSuspect && s.State != run.TriggerTripped || s.Since.IsZero() {
			continue
		}
		if t.over.IsZero() || s.Since.Before(t.over) {
			t.over = s.Since
		}
		if s.State == run.TriggerTripped {
			t.known(at)
		}
	}
}

func (t *tally) known(at time.Time) {
	if t.knew.IsZero() {
		t.knew = at
		if !t.over.IsZero() {
			t.Detect = at.Sub(t.over)
		}
	}
}

func (t *tally) rollback(e run.Stamped) {
	switch v := e.Event.(type) {
	case run.RollbackPressed:
		t.env, t.press = v.Env, e.At
		if v.Env == t.Environment {
			t.freeze(e.At)
		}
	case run.FuseBurnt:
		for _, p := range t.pins {
			if p.Run != "" && p.Run != t.Run && !slices.Contains(t.Undid, p.Run) {
				t.Undid = append(t.Undid, p.Run)
			}
		}
		if t.env == t.Environment {
			t.RolledBack = true
			t.known(t.press)
			for _, c := range t.clocks {
				if !c.over {
					c.stop(e.At)
				}
			}
		}
	case run.SettleBegan:
		if t.env == t.Environment && t.Back == 0 {
			t.Back = e.At.Sub(t.press)
		}
	case run.RollbackDone:
		if t.env != t.Environment || v.Verified != run.Passed {
			return
		}
		from := t.press
		if !t.over.IsZero() {
			from = t.over
		}
		t.Restore = e.At.Sub(from)
	}
}

func (t *tally) freeze(at time.Time) {
	for _, c := range t.clocks {
		c.pause(at, true)
	}
}

// deploy follows the deploys to the target.
func (t *tally) deploy(e run.Stamped) {
	switch v := e.Event.(type) {
	case run.DeployStarted:
		if v.Env != t.Environment {
			return
		}
		if t.clocks[v.Step] == nil || t.clocks[v.Step].over {
			t.clocks[v.Step] = &stopwatch{}
		}
		t.clocks[v.Step].start(e.At)
	case run.DeployChecked:
		if len(v.Problems)+len(v.Unknown) > 0 {
			t.clocks[v.Step].stop(e.At)
		}
	case run.Wished:
		if c := t.clocks[v.Step]; c != nil {
			t.Deployed = true
			c.start(e.At)
		}
	case run.MoveReached:
		t.clocks[v.Step].stop(e.At)
	case run.DeployStuck:
		t.clocks[v.Step].stop(e.At)
	case run.DeployRetried:
		c := t.clocks[v.Step]
		c.pause(e.At, false)
		if v.HoldUntil.IsZero() {
			c.start(e.At)
		} else {
			c.stop(e.At)
		}
	case run.FreezeAsked:
		t.clocks[v.Step].asked(v, e.At)
	case run.FreezeDone:
		for _, c := range t.clocks {
			c.thawed(v, e.At)
		}
	case run.DeployFinished:
		if c := t.clocks[v.Step]; c != nil {
			c.stop(e.At)
			c.over, t.Finished = true, true
		}
	}
}

// stopwatch measures how long a deploy works: not while it holds, is frozen, or waits for a person. A nil one, of a
// deploy to somewhere else, measures nothing.
type stopwatch struct {
	sum    time.Duration
	from   time.Time
	runs   bool
	frozen bool
	thaw   string          // wish of the thaw under way
	cold   map[string]bool // components that it waits for
	over   bool
}

// add counts what was worked up to an instant.
func (s *stopwatch) add(at time.Time) {
	if s.runs && !s.frozen && at.After(s.from) {
		s.sum += at.Sub(s.from)
	}
	s.from = at
}

func (s *stopwatch) start(at time.Time) {
	if s != nil && !s.over {
		s.add(at)
		s.runs = true
	}
}

func (s *stopwatch) stop(at time.Time) {
	if s != nil && !s.over {
		s.add(at)
		s.runs = false
	}
}

func (s *stopwatch) pause(at time.Time, frozen bool) {
	if s != nil && !s.over {
		s.add(at)
		s.frozen = frozen
	}
}

// skip leaves out a time in which no process was there.
func (s *stopwatch) skip(from, to time.Time) {
	if !s.over {
		s.add(from)
		s.from = to
	}
}

func (s *stopwatch) asked(v run.FreezeAsked, at time.Time) {
	if s == nil {
		return
	}
	if !v.Thaw {
		s.thaw = ""
		s.pause(at, true)
		return
	}
	s.thaw, s.cold = v.Wish, map[string]bool{}
	for _, name := range v.Components {
		s.cold[name] = true
	}
}

func (s *stopwatch) thawed(v run.FreezeDone, at time.Time) {
	if s.thaw == "" || v.Wish != s.thaw || v.Err != "" {
		return
	}
	delete(s.cold, v.Component)
	if len(s.cold) == 0 {
		s.thaw = ""
		s.pause(at, false)
	}
}
