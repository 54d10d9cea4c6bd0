package practice

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func TestHeadstartIsHastyAndThenTheClockBeneath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beneath := NewJumping(clockStart)
		h := newHeadstart(beneath)
		beneath.Run(func() {
			begin := h.Now()
			if old := clockStart.Sub(begin); old != age {
				t.Errorf("the world is %s old, want %s", old, age)
			}
			for _, d := range []time.Duration{time.Minute, time.Nanosecond, 0} {
				if err := h.Wait(context.Background(), d, nil); err != nil {
					t.Error(err)
				}
			}
			if gone := h.Now().Sub(begin); gone < time.Minute || gone > time.Minute+time.Millisecond {
				t.Errorf("a minute took %s of the world's time", gone)
			}
			if gone := beneath.Now().Sub(clockStart); gone > 70*time.Millisecond {
				t.Errorf("a minute took %s of the clock beneath", gone)
			}
			woken := beneath.NewSignal()
			woken.Set()
			before := h.Now()
			if err := h.Wait(context.Background(), time.Hour, woken); err != nil || h.Now().Sub(before) != 0 {
				t.Errorf("a wait that was woken at once took %s, %v", h.Now().Sub(before), err)
			}
			h.settled()
			if !h.Now().Equal(beneath.Now()) {
				t.Errorf("settled at %s, the clock beneath says %s", h.Now(), beneath.Now())
			}
			before = beneath.Now()
			if err := h.Wait(context.Background(), time.Second, nil); err != nil || beneath.Now().Sub(before) != time.Second {
				t.Errorf("a second took %s, %v", beneath.Now().Sub(before), err)
			}
		})
	})
}

// racing is a clock that runs very much faster than life, as the practice world's does when somebody is in a hurry.
type racing struct{ origin time.Time }

const races = 1000

func (r racing) Now() time.Time { return clockStart.Add(races * time.Since(r.origin)) }

func (racing) Go(f func()) { go f() }

func (racing) NewSignal() run.Signal { return make(bell, 1) }

func (racing) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	var due <-chan time.Time
	if d >= 0 {
		due = time.After(d / races)
	}
	rung, _ := s.(bell)
	select {
	case <-due:
	case <-rung:
	case <-ctx.Done():
	}
	return ctx.Err()
}

type bell chan struct{}

func (b bell) Set() {
	select {
	case b <- struct{}{}:
	default:
	}
}

func TestWorldSettlesHoweverFastItsClockRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, err := New(find(t, "tuesday"), racing{time.Now()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(w.componentPods("")); n != 25 {
		t.Errorf("%d pods, want 25", n)
	}
}

func TestWorldThatCannotSettleSaysWhy(t *testing.T) {
	sc := find(t, "tuesday")
	sc.World.Images = map[string]Image{"web:v1.4.1": {NotReady: "connection refused"}}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		clock := NewJumping(sc.Start)
		w, err := New(sc, clock, 1)
		if err != nil {
			t.Fatal(err)
		}
		clock.Run(func() { err = w.Start(ctx) })
		if err == nil || !strings.Contains(err.Error(), "[production/web staging/web]") {
			t.Errorf("got %v, want an error that names web", err)
		}
		cancel()
		synctest.Wait()
	})
}
