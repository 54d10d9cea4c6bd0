package kube

import (
	"context"
	"sync/atomic"

	"github.com/politicalsphere/sop/runbook/run"
)

// Each calls f(0) … f(n-1) at the same time and returns when all have ended. It waits in the clock, which a
// sync.WaitGroup would not.
func Each(clock run.Clock, n int, f func(i int)) {
	if n == 1 {
		f(0)
		return
	}
	done, left := clock.NewSignal(), atomic.Int64{}
	left.Store(int64(n))
	for i := range n {
		clock.Go(func() {
			defer func() {
				if left.Add(-1) == 0 {
					done.Set()
				}
			}()
			f(i)
		})
	}
	for left.Load() > 0 {
		_ = clock.Wait(context.Background(), -1, done) // the context never ends
	}
}
