package kube

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Each calls f(0) … f(n-1) at the same time and returns when all have ended. It waits in the clock, which a
// sync.WaitGroup would not.
//
// They start a nanosecond apart. On the machine's clock that is nothing; on a virtual one, which goes on only when
// nobody works, each starts when the one before waits or has ended, so that the same world sees the same order.
func Each(clock run.Clock, n int, f func(i int)) {
	if n == 1 {
		f(0)
		return
	}
	var left atomic.Int64
	left.Store(int64(n))
	done := clock.NewSignal()
	for i := range n {
		clock.Go(func() {
			_ = clock.Wait(context.Background(), time.Duration(i), nil) // the context never ends, here and below
			f(i)
			if left.Add(-1) == 0 {
				done.Set()
			}
		})
	}
	for left.Load() > 0 {
		_ = clock.Wait(context.Background(), -1, done)
	}
}
