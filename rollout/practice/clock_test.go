package practice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var clockStart = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func TestJumpingServesDeadlinesInOrder(t *testing.T) {
	clock := NewJumping(clockStart)
	var mu sync.Mutex
	var got []string
	clock.Run(func() {
		ended := clock.NewSignal()
		var left atomic.Int32
		for i, d := range []time.Duration{3 * time.Hour, time.Hour, 3 * time.Hour, 0} {
			left.Add(1)
			clock.Go(func() {
				_ = clock.Wait(t.Context(), d, nil)
				mu.Lock()
				got = append(got, fmt.Sprintf("%d@%s", i, clock.Now().Sub(clockStart)))
				mu.Unlock()
				if left.Add(-1) == 0 {
					ended.Set()
				}
			})
			_ = clock.Wait(t.Context(), 0, nil) // until it waits too
		}
		_ = clock.Wait(t.Context(), -1, ended)
	})
	want := []string{"3@0s", "1@1h0m0s", "0@3h0m0s", "2@3h0m0s"}
	if !slices.Equal(got, want) {
		t.Errorf("woken %v, want %v", got, want)
	}
}

func TestJumpingDoesNotJumpBetweenSetAndWaking(t *testing.T) {
	clock := NewJumping(clockStart)
	clock.Run(func() {
		ping, pong := clock.NewSignal(), clock.NewSignal()
		clock.Go(func() { _ = clock.Wait(t.Context(), time.Hour, nil) }) // somebody it could jump to
		clock.Go(func() {
			for range 1000 {
				_ = clock.Wait(t.Context(), -1, ping)
				pong.Set()
			}
		})
		for range 1000 {
			ping.Set()
			_ = clock.Wait(t.Context(), -1, pong)
		}
		if now := clock.Now(); !now.Equal(clockStart) {
			t.Errorf("time went on by %s while two goroutines handed work to each other", now.Sub(clockStart))
		}
	})
}

func TestJumpingSignalIsALevel(t *testing.T) {
	clock := NewJumping(clockStart)
	clock.Run(func() {
		s := clock.NewSignal()
		s.Set()
		s.Set()
		_ = clock.Wait(t.Context(), time.Minute, s)
		if !clock.Now().Equal(clockStart) {
			t.Error("a signal set before the wait did not end it at once")
		}
		_ = clock.Wait(t.Context(), time.Minute, s)
		if got := clock.Now().Sub(clockStart); got != time.Minute {
			t.Errorf("the second wait took %s, want the whole minute", got)
		}
	})
}

func TestJumpingEndsAWaitWithItsContext(t *testing.T) {
	clock := NewJumping(clockStart)
	clock.Run(func() {
		ctx, cancel := context.WithCancel(t.Context())
		ended := clock.NewSignal()
		var err error
		clock.Go(func() {
			err = clock.Wait(ctx, -1, nil)
			ended.Set()
		})
		_ = clock.Wait(t.Context(), time.Second, nil)
		cancel()
		_ = clock.Wait(t.Context(), time.Hour, ended)
		if !errors.Is(err, context.Canceled) || clock.Now().Sub(clockStart) != time.Second {
			t.Errorf("wait ended with %v after %s, want canceled after 1s", err, clock.Now().Sub(clockStart))
		}
		if err := clock.Wait(ctx, time.Second, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait under an ended context returned %v", err)
		}
	})
}

func TestJumpingWaitsForTheIdleConditions(t *testing.T) {
	clock := NewJumping(clockStart)
	var lagging atomic.Bool
	var looked atomic.Int32
	lagging.Store(true)
	clock.AddIdle(func() bool {
		if looked.Add(1) == 20 {
			lagging.Store(false)
		}
		return !lagging.Load()
	})
	clock.Run(func() {
		_ = clock.Wait(t.Context(), time.Minute, nil)
		if lagging.Load() {
			t.Error("jumped while a condition said no")
		}
	})
}

func TestJumpingLetsAnUncountedGoroutineWait(t *testing.T) {
	clock := NewJumping(clockStart)
	if err := clock.Wait(t.Context(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	s := clock.NewSignal()
	go s.Set()
	if err := clock.Wait(t.Context(), -1, s); err != nil {
		t.Fatal(err)
	}
	if got := clock.Now().Sub(clockStart); got != time.Hour {
		t.Errorf("virtual time passed: %s, want 1h", got)
	}
}

func TestJumpingTellsWhenItIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := NewJumping(clockStart)
		ctx, cancel := context.WithCancel(t.Context())
		clock.Go(func() { _ = clock.Wait(ctx, -1, nil) })
		<-clock.Stuck()
		cancel()
		synctest.Wait()
	})
}

func TestJumpingInABubbleCostsNoFakeTimeToSpeakOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, before := NewJumping(clockStart), time.Now()
		clock.Run(func() {
			for range 100 {
				_ = clock.Wait(t.Context(), time.Hour, nil)
			}
		})
		if got := clock.Now().Sub(clockStart); got != 100*time.Hour {
			t.Errorf("virtual time %s, want 100h", got)
		}
		if spent := time.Since(before); spent > time.Second {
			t.Errorf("the bubble's own time went on by %s", spent)
		}
	})
}

func TestJumpingLeavesNobodyBehind(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			clock := NewJumping(clockStart)
			clock.AddIdle(func() bool { return false }) // nothing ever settles
			ctx, cancel := context.WithCancel(t.Context())
			clock.Go(func() { _ = clock.Wait(ctx, time.Hour, nil) })
			clock.Run(func() {})
			cancel()
			synctest.Wait()
		})
	}
}
