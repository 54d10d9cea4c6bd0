package practice

import (
	"context"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// haste is how much shorter the world's waits are while it settles, age how old it is when it has.
const (
	haste = 1000
	age   = 3 * day
)

// headstart is the world's clock. Until settled is called it runs in haste and in the past, so that whoever comes
// into the world finds pods that have been running for days, and has not waited for them. From then on it is the
// clock that it was made from.
//
// In haste only waiting takes time: computing takes none, for beneath may be a clock that runs many times faster than
// life, by which a moment of computing would be hours.
type headstart struct {
	run.Clock

	mu    sync.Mutex
	hasty bool
	now   time.Time // while hasty
}

func newHeadstart(c run.Clock) *headstart {
	return &headstart{Clock: c, hasty: true, now: c.Now().Add(-age)}
}

// Now is the world's present.
func (h *headstart) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hasty {
		return h.now
	}
	return h.Clock.Now()
}

// Wait waits by the world's time. A wait that is under way when the haste ends returns early, as one that is
// interrupted by its signal does.
func (h *headstart) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	h.mu.Lock()
	hasty, began := h.hasty, h.now
	h.mu.Unlock()
	if !hasty || d <= 0 {
		return h.Clock.Wait(ctx, d, s)
	}
	before := h.Clock.Now()
	err := h.Clock.Wait(ctx, (d+haste-1)/haste, s) // never 0, or a waiter would spin without the time going on
	waited := min(d, haste*h.Clock.Now().Sub(before))
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := began.Add(waited); h.hasty && now.After(h.now) {
		h.now = now
	}
	return err
}

// skip lets the hasty time go on at once until so long before the drill. What was to happen meanwhile happens then.
func (h *headstart) skip(before time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if to := h.Clock.Now().Add(-before); h.hasty && to.After(h.now) {
		h.now = to
	}
}

func (h *headstart) settled() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hasty = false
}

func (h *headstart) isHasty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hasty
}
