package engine

import (
	"context"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// System is the machine's clock, Speed times as fast from the moment it was made. In practice it starts at another
// date.
type System struct {
	start time.Time // of this clock
	real  time.Time // when it was made
	speed float64
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
	return c.start.Add(time.Duration(float64(time.Since(c.real)) * c.speed))
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

// Wait implements run.Clock.
func (c *System) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	var wake signal
	if s != nil {
		wake = s.(signal)
	}
	var timeout <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(time.Duration(float64(d) / c.speed))
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-ctx.Done():
	case <-timeout:
	case <-wake:
	}
	return ctx.Err()
}
