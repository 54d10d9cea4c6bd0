package checks

import (
	"context"
	"slices"
	"sync"

	"github.com/politicalsphere/sop/runbook/run"
)

// places bound how many looks use the network at the same time, so that forty checks do not open forty connections at
// once. Who comes first is served first.
type places struct {
	mu    sync.Mutex
	free  int
	queue []run.Signal
}

// take waits for a place. Only the end of ctx is an error.
func (p *places) take(ctx context.Context, clock run.Clock) error {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
		p.mu.Unlock()
		return nil
	}
	mine := clock.NewSignal()
	p.queue = append(p.queue, mine)
	p.mu.Unlock()
	err := clock.Wait(ctx, -1, mine) // set by who hands a place over
	if err == nil {
		return nil
	}
	p.mu.Lock()
	i := slices.Index(p.queue, mine)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 { // it was handed over in the same moment
		p.giveBack()
	}
	return err
}

// giveBack hands a place to who waits longest.
func (p *places) giveBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.free++
		return
	}
	p.queue[0].Set()
	p.queue = p.queue[1:]
}
