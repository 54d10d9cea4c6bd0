package run

import (
	"context"
	"time"
)

// Clock is where every part of the program gets its time and starts its goroutines.
//
// The system's clock and the practice world's virtual clock both satisfy it. The virtual one jumps to the
// next deadline as soon as nobody is busy, so it has to know who is: a goroutine started with Go counts as
// busy until it ends or waits in Wait. Hence three rules for all code that takes a Clock: start goroutines
// with Go, wait only in Wait, and wake another goroutine only through its Signal (never through a bare channel).
type Clock interface {
	// Now is the present instant.
	Now() time.Time
	// Go runs f in a goroutine of its own.
	Go(f func())
	// NewSignal returns an unset Signal that belongs to this clock.
	NewSignal() Signal
	// Wait returns after d, or as soon as s is set (which it then unsets), whichever is first; d < 0 means
	// no deadline, a nil s nothing but the deadline. It returns ctx.Err() when ctx ends, otherwise nil.
	Wait(ctx context.Context, d time.Duration, s Signal) error
}

// Signal wakes one goroutine that waits in Clock.Wait. It is a level, not a queue: set twice is set once, and
// set before the wait makes that wait return at once.
type Signal interface {
	Set()
}
