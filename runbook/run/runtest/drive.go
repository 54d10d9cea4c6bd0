package runtest

import (
	"slices"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Drive takes a State through time: it does what the engine does, without goroutines.
type Drive struct {
	World  *World
	S      run.State
	At     time.Time
	Events []run.Stamped   // all of them
	Check  func(run.Input) // called after every input; nil: nothing

	TB    testing.TB
	works []due
}

type due struct {
	work run.Work
	at   time.Time // next look; zero: it has done all there is
	done bool
}

// Start begins a run at Begin.
func Start(tb testing.TB, plan *runbook.Plan, w *World) *Drive {
	return StartAs(tb, plan, w, run.RunStarted{Operator: "alice", Environment: "production"})
}

// StartAs begins a run with the first event given.
func StartAs(tb testing.TB, plan *runbook.Plan, w *World, first run.RunStarted) *Drive {
	d := &Drive{World: w, S: run.New(ID, plan), At: Begin, TB: tb}
	d.take(run.Begin(d.S, d.At, first.Operator, first))
	return d
}

// Replayed is a Drive that goes on after its process died: only the journaled events are left.
func Replayed(tb testing.TB, plan *runbook.Plan, w *World, events []run.Stamped, at time.Time) *Drive {
	d := &Drive{World: w, S: run.New(ID, plan), At: at, TB: tb}
	for _, e := range events {
		if !run.IsVolatile(e.Event) {
			d.S = run.Apply(d.S, e)
			d.Events = append(d.Events, e)
		}
	}
	d.take(run.Resume(d.S, at, "bob"))
	return d
}

func (d *Drive) take(events []run.Stamped) {
	d.Events = append(d.Events, events...)
	d.S = run.Apply(d.S, events...)
	d.employ()
}

func (d *Drive) employ() {
	wanted := run.Wanted(d.S)
	var next []due
	for _, w := range wanted {
		i := slices.IndexFunc(d.works, func(o due) bool { return o.work.ID == w.ID })
		if i >= 0 {
			next = append(next, d.works[i])
		} else {
			next = append(next, due{work: w, at: d.At})
		}
	}
	d.works = next
}

// Input gives the law one input now.
func (d *Drive) Input(in run.Input) {
	d.TB.Helper()
	in.At = d.At
	d.take(run.Decide(d.S, in))
	if d.Check != nil {
		d.Check(in)
	}
}

// Want sends an intent of alice.
func (d *Drive) Want(i run.Intent) { d.TB.Helper(); d.Input(run.Input{Actor: "alice", Intent: i}) }

// See sends an observation.
func (d *Drive) See(o run.Observation) { d.TB.Helper(); d.Input(run.Input{Observation: o}) }

// For lets time pass.
func (d *Drive) For(long time.Duration) { d.TB.Helper(); d.until(nil, long) }

// Until lets time pass until cond is true; it is an error when it is not within long.
func (d *Drive) Until(what string, long time.Duration, cond func(run.State) bool) {
	d.TB.Helper()
	if !d.until(cond, long) {
		d.TB.Fatalf("not %s within %s; log:%s", what, long, d.Log())
	}
}

func (d *Drive) until(cond func(run.State) bool, long time.Duration) bool {
	d.TB.Helper()
	end := d.At.Add(long)
	for same := 0; ; {
		if cond != nil && cond(d.S) {
			return true
		}
		next, i := d.next(end)
		if next.After(end) {
			d.At = end
			return false
		}
		if same++; next.After(d.At) {
			same = 0
		}
		if same > 1000 {
			d.TB.Fatalf("time stands still at %s; log:%s", d.At, d.Log())
		}
		d.At = next
		if i < 0 {
			d.Input(run.Input{})
			continue
		}
		d.look(i)
	}
}

// next is when something happens, and which work looks then; -1 stands for a deadline of the law.
func (d *Drive) next(end time.Time) (time.Time, int) {
	next, i := end.Add(1), -1
	if due, ok := run.Deadline(d.S); ok {
		next = due
	}
	for j, o := range d.works {
		if !o.done && o.at.Before(next) {
			next, i = o.at, j
		}
	}
	if next.Before(d.At) {
		next = d.At
	}
	return next, i
}

func (d *Drive) look(i int) {
	seen, again := d.World.Look(d.works[i].work, d.At)
	d.works[i].at, d.works[i].done = d.At.Add(again), again < 0
	for _, o := range seen {
		d.See(o)
	}
}

// Log is what happened, in words.
func (d *Drive) Log() string {
	text := ""
	for _, l := range d.S.Log {
		text += "\n" + l.At.Format("15:04:05 ") + string(l.Text)
	}
	return text
}

// Count tells how many events of the kind of e happened.
func (d *Drive) Count(e run.Event) int {
	n := 0
	for _, s := range d.Events {
		if s.Event.Kind() == e.Kind() {
			n++
		}
	}
	return n
}
