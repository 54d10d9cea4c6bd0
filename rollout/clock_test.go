//go:build testbed

package rollout_test

import (
	"context"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// plainClock is the machine's clock, or the bubble's inside testing/synctest.
type plainClock struct{}

type plainSignal chan struct{}

func (plainClock) Now() time.Time        { return time.Now() }
func (plainClock) Go(f func())           { go f() }
func (plainClock) NewSignal() run.Signal { return make(plainSignal, 1) }

func (s plainSignal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

func (plainClock) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	var after <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	var set plainSignal
	if s != nil {
		set = s.(plainSignal)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-after:
	case <-set:
	}
	return ctx.Err()
}
