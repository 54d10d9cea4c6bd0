package cli

import (
	"context"

	"github.com/politicalsphere/sop/rollout/practice"
)

// arrival is a practice world on its way. The screens do not wait for it, only the works do: the first picture has to
// come as fast as that of a run on a real cluster, which waits for no network either.
//
// It waits on a bare channel, so it is nothing for the virtual clock.
type arrival struct {
	there chan struct{} // closed when the world is there, or will never be
	err   error         // of its start; to be read when there is closed
}

// expect starts a world, which lives until its context ends, beside everything else. The context it returns is ctx
// until the world turns out not to come.
func expect(ctx, worldCtx context.Context, w *practice.World) (*arrival, context.Context) {
	a := &arrival{there: make(chan struct{})}
	ctx, leave := context.WithCancel(ctx)
	context.AfterFunc(worldCtx, leave)
	go func() {
		a.err = w.Start(worldCtx)
		close(a.there)
		if a.err != nil {
			leave()
		}
	}()
	return a, ctx
}

// wait returns when the world is there.
func (a *arrival) wait(ctx context.Context) error {
	select {
	case <-a.there:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure is why the world did not come; nil when it did, is still on its way, or was there before anybody waited.
func (a *arrival) failure() error {
	if a == nil {
		return nil
	}
	select {
	case <-a.there:
		return a.err
	default:
		return nil
	}
}
