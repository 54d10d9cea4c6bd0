package kube

import (
	"context"
	"errors"
	"sync"

	"github.com/politicalsphere/sop/runbook/run"
)

// flights let several who ask the same thing at the same time share one request. They wait in the clock, which a
// mutex held over a request would not.
type flights struct {
	mu      sync.Mutex
	waiting map[string]*flight
}

// flight is one request under way; its fields are guarded by flights.mu.
type flight struct {
	waiting []run.Signal
	landed  bool
	err     error
}

// do calls ask, or waits for the call of the same name that is under way and returns its error. Who waits for one that
// was called off asks for himself.
func (f *flights) do(ctx context.Context, clock run.Clock, name string, ask func(context.Context) error) error {
	for {
		f.mu.Lock()
		under, ok := f.waiting[name]
		if !ok {
			return f.lead(ctx, name, ask)
		}
		signal := clock.NewSignal()
		under.waiting = append(under.waiting, signal)
		f.mu.Unlock()
		for {
			if err := clock.Wait(ctx, -1, signal); err != nil {
				return &blind{err}
			}
			f.mu.Lock()
			landed, err := under.landed, under.err
			f.mu.Unlock()
			if landed && errors.Is(err, context.Canceled) {
				break
			}
			if landed {
				return err
			}
		}
	}
}

// lead makes the call for all. The caller holds f.mu; lead gives it back.
func (f *flights) lead(ctx context.Context, name string, ask func(context.Context) error) error {
	if f.waiting == nil {
		f.waiting = map[string]*flight{}
	}
	own := &flight{}
	f.waiting[name] = own
	f.mu.Unlock()
	err := ask(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, name)
	own.landed, own.err = true, err
	for _, s := range own.waiting {
		s.Set()
	}
	return err
}
