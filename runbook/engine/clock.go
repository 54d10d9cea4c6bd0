package engine

import (
	"context"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// System is the machine's clock, Speed times as fast from the moment it was made. In practice it starts at another
// date, and stands still while it is held.
type System struct {
	start time.Time // of this clock
	real  time.Time // when it was made
	speed float64

	mu    sync.Mutex
	holds int
	held  time.Time     // since when it stands still; real time
	stood time.Duration // how long it stood still before
}

// RealTime is the machine's own clock.
func RealTime() *System {
	now := time.Now()
	return &System{start: now, real: now, speed: 1}
}

// Scaled is a clock that begins at start and runs speed times as fast as the machine's.
func Scaled(start time.Time, speed float64) *System {
	return &System{start: start, real: time.Now(), speed: speed}
}

// Now is the present instant of this clock.
func (c *System) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	went := time.Since(c.real) - c.stood
	if c.holds > 0 {
		went -= time.Since(c.held)
	}
	return c.start.Add(time.Duration(float64(went) * c.speed))
}

// Hold makes the clock stand still until release is called, and all others that hold it have released it too. A world that
// is computed holds it while it computes: at thirty times the speed of life a third of a second would else be the ten
// seconds after which a server is taken for dead. Who holds it must not wait by it.
func (c *System) Hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holds++; c.holds == 1 {
		c.held = time.Now()
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.holds--; c.holds == 0 {
			c.stood += time.Since(c.held)
		}
	})
}

// Go runs f in a goroutine.
func (c *System) Go(f func()) { go f() }

// NewSignal returns an unset Signal.
func (c *System) NewSignal() run.Signal { return make(signal, 1) }

type signal chan struct{}

// Set wakes who waits, or who waits next.
func (s signal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// shortest is the least that a wait goes on for when the clock stood still meanwhile; real time.
const shortest = time.Millisecond

// Wait implements run.Clock.
func (c *System) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	var wake signal
	if s != nil {
		wake = s.(signal)
	}
	if d < 0 {
		select {
		case <-ctx.Done():
		case <-wake:
		}
		return ctx.Err()
	}
	end := c.Now().Add(d)
	timer := time.NewTimer(time.Duration(float64(d) / c.speed))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
			return ctx.Err()
		case <-timer.C:
			left := end.Sub(c.Now())
			if !c.behind(left) {
				return ctx.Err()
			}
			timer.Reset(max(shortest, time.Duration(float64(left)/c.speed)))
		}
	}
}

// behind tells whether so much is left of a wait because the clock stood still, and not because of rounding.
func (c *System) behind(left time.Duration) bool {
	return time.Duration(float64(left)/c.speed) >= shortest
}
