package practice

import (
	"context"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// haste is how much faster the world's time goes while it settles, age how old it is when it has.
const (
	haste = 1000
	age   = 3 * day
)

// headstart is the world's clock. Until settled is called it runs in haste and in the past, so that whoever comes
// into the world finds pods that have been running for days, and has not waited for them. From then on it is the
// clock that it was made from.
type headstart struct {
	run.Clock

	mu     sync.Mutex
	hasty  bool
	origin time.Time // of the clock beneath, when the haste began
}

func newHeadstart(c run.Clock) *headstart {
	return &headstart{Clock: c, hasty: true, origin: c.Now()}
}

// Now is the world's present.
func (h *headstart) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Clock.Now()
	if h.hasty {
		return h.origin.Add(-age).Add(haste * now.Sub(h.origin))
	}
	return now
}

// Wait waits by the world's time. A wait that is under way when the haste ends returns early, as one that is
// interrupted by its signal does.
func (h *headstart) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	h.mu.Lock()
	if h.hasty && d > 0 {
		d = (d + haste - 1) / haste // never 0, or a waiter would spin without the time going on
	}
	h.mu.Unlock()
	return h.Clock.Wait(ctx, d, s)
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
