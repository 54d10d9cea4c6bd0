package checks

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	defaultInterval = 30 * time.Second
	defaultTimeout  = 5 * time.Second
	// clusterTimeout is longer than the caches wait before they say why they are blind, which tells more than a
	// time-out.
	clusterTimeout = 8 * time.Second
	leastInterval  = time.Second
	// gather is how long a change waits for those that come with it: a rollout changes dozens of pods at once.
	gather = 50 * time.Millisecond
	// atOnce is how many looks may use the network at the same time.
	atOnce = 12
	// longestBackOff bounds the interval while the source is ill, unless the check's own is longer.
	longestBackOff = time.Minute
)

// Worker looks at checks. Its methods may be called from any goroutine.
type Worker struct {
	Sources
	plan   *runbook.Plan
	kinds  map[string]kind
	places *places
	hubs   hubs
}

// New returns a Worker for the checks of a plan.
func New(sources Sources, plan *runbook.Plan) *Worker {
	w := &Worker{Sources: sources, plan: plan, kinds: map[string]kind{}, places: &places{free: atOnce}}
	for _, k := range kinds() {
		w.kinds[k.Name] = k
	}
	return w
}

// Do looks at the check of a run.CheckWork: at once, then at its interval (a tenth more or less) and whenever the
// cluster says that something it depends on has changed. It reports a run.Checked for each look; a look that a
// change called for and that saw nothing new is not reported. It ends with nil after one look when Once is set,
// otherwise with the context's error.
func (w *Worker) Do(ctx context.Context, work run.Work, report func(run.Observation)) error {
	body, ok := work.Body.(run.CheckWork)
	if !ok {
		return fmt.Errorf("check: work %s is a %T, not a check", work.ID, work.Body)
	}
	rounds := w.rounds(body)
	c, err := w.ready(body)
	if err != nil {
		s := unknown(run.Evidence{}, "could not look: %s", err)
		report(run.Checked{Step: body.Step, Index: body.Index, Result: s.Result})
		if body.Once {
			return nil
		}
		return w.Clock.Wait(ctx, -1, nil) // it stays so: a run's plan does not change
	}
	changed := w.Clock.NewSignal()
	follow := &following{interval: rounds.interval, signal: changed, stops: map[followed]func(){}}
	defer follow.end()
	if !body.Once && c.cluster != nil {
		for _, r := range c.follows {
			follow.begin(followed{c.cluster, r})
		}
	}
	var last run.Result
	var until time.Time // when the next look is due
	for due := true; ; {
		s := w.lookOnce(ctx, body, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if due || !reflect.DeepEqual(s.Result, last) {
			report(run.Checked{Step: body.Step, Index: body.Index, Result: s.Result})
		}
		if body.Once {
			return nil
		}
		for _, f := range s.follows {
			if follow.begin(f) {
				changed.Set() // it may have changed between the look and now
			}
		}
		last = s.Result
		// A look that a change called for does not put off the one that is due.
		if next := w.Clock.Now().Add(rounds.after(s, due)); due || next.Before(until) {
			until = next
		}
		if due, err = w.next(ctx, until, changed); err != nil {
			return err
		}
	}
}

// ready makes the check of a work.
func (w *Worker) ready(body run.CheckWork) (check, error) {
	k, ok := w.kinds[body.Check.Kind]
	if !ok {
		return check{}, fmt.Errorf("there is no check kind %q; `sop kinds` lists them", body.Check.Kind)
	}
	return k.ready(w, body)
}

// next waits until the next look is due or something changed.
func (w *Worker) next(ctx context.Context, until time.Time, changed run.Signal) (due bool, err error) {
	if err := w.Clock.Wait(ctx, max(until.Sub(w.Clock.Now()), 0), changed); err != nil {
		return false, err
	}
	left := until.Sub(w.Clock.Now())
	if left <= 0 {
		return true, nil
	}
	return false, w.Clock.Wait(ctx, min(gather, left), nil)
}

// following are the caches whose changes call for a look.
type following struct {
	interval time.Duration
	signal   run.Signal
	stops    map[followed]func()
}

// begin follows a cache; new is false when it was followed already.
func (f *following) begin(what followed) (new bool) {
	if _, ok := f.stops[what]; ok {
		return false
	}
	f.stops[what] = what.cluster.Follow(what.resource, f.interval, f.signal)
	return true
}

func (f *following) end() {
	for _, stop := range f.stops {
		stop()
	}
}

// lookOnce looks within the check's time-out, which begins when it has a place, and lets expect judge.
func (w *Worker) lookOnce(ctx context.Context, body run.CheckWork, c check) seen {
	if !c.cached {
		if err := w.places.take(ctx, w.Clock); err != nil {
			return unknown(run.Evidence{}, "could not look: %s", err)
		}
		defer w.places.giveBack()
	}
	timeout := body.Check.Timeout.Or(w.kinds[body.Check.Kind].Timeout)
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.Clock.Go(func() {
		if w.Clock.Wait(within, timeout, nil) == nil {
			cancel(tooLate{timeout})
		}
	})
	s := c.look(within)
	if late, ok := context.Cause(within).(tooLate); ok && s.Status == run.Unknown {
		var e run.Evidence
		if len(s.Evidence) > 0 {
			e = s.Evidence[0]
		}
		sensor, follows := s.Sensor, s.follows
		s = couldNotLook(e, late)
		s.Sensor, s.follows = sensor, follows
	}
	s.Sensor = cmp.Or(s.Sensor, c.sensor)
	if body.Check.Expect != "" && s.Status != run.Unknown && s.Status != run.NotApplicable && !s.final {
		s = w.expect(body, s, c.secrets)
	}
	return s
}

// rounds says how long to wait between looks.
type rounds struct {
	interval time.Duration
	random   *rand.Rand
	illness  int // looks in a row that the source did not answer
}

// rounds of a check are jittered by a seed of its own, so that the checks of a run do not all ask at once and a
// run can be played again.
func (w *Worker) rounds(body run.CheckWork) *rounds {
	interval := body.Check.Interval.Or(w.kinds[body.Check.Kind].Interval)
	if interval <= 0 {
		interval = defaultInterval
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", body.Step, body.Index)
	if w.plan != nil {
		fmt.Fprint(h, w.plan.Digest)
	}
	return &rounds{interval: max(interval, leastInterval), random: rand.New(rand.NewPCG(h.Sum64(), 1))}
}

// after is the wait after a look. While the source is ill it doubles with every look that was due.
func (r *rounds) after(s seen, due bool) time.Duration {
	switch {
	case !s.Ill:
		r.illness = 0
	case due:
		r.illness++
	}
	wait := r.interval
	for i := 1; i < r.illness && wait < longestBackOff; i++ {
		wait = min(2*wait, longestBackOff)
	}
	wait += time.Duration((r.random.Float64()*0.2 - 0.1) * float64(wait))
	if s.again > 0 {
		wait = min(wait, s.again)
	}
	return wait
}
