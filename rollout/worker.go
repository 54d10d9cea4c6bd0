package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Worker does the work of a rollout and a rollback. Its methods may be called from any goroutine.
type Worker struct {
	clusters *kube.Clusters
	clock    run.Clock
	who      string
}

// NewWorker returns a Worker on the clusters. who names the operator, for the lock.
func NewWorker(clusters *kube.Clusters, clock run.Clock, who string) *Worker {
	return &Worker{clusters: clusters, clock: clock, who: who}
}

// Do does one work and reports what it observes, until it is done or ctx ends. Whatever the cluster answers is an
// observation; an error is only what keeps the work from being tried at all.
func (w *Worker) Do(ctx context.Context, work run.Work, report func(run.Observation)) error {
	report = oneByOne(report)
	switch b := work.Body.(type) {
	case run.PreflightWork:
		return w.preflight(ctx, b, report)
	case run.ArmWork:
		return w.arm(ctx, b, report)
	case run.FollowWork:
		return w.follow(ctx, b, report)
	case run.LockWork:
		return w.lock(ctx, b, report)
	case run.MoveWork:
		return w.move(ctx, b, report)
	case run.FreezeWork:
		return w.freeze(ctx, b, report)
	case run.UndoWork:
		return w.undo(ctx, b, report)
	}
	return fmt.Errorf("work %s: a rollout cannot do %T", work.ID, work.Body)
}

// oneByOne lets only one of the parallel components report at a time.
func oneByOne(report func(run.Observation)) func(run.Observation) {
	var mu sync.Mutex
	return func(o run.Observation) {
		mu.Lock()
		defer mu.Unlock()
		report(o)
	}
}

// lock takes and keeps the environment's lock.
func (w *Worker) lock(ctx context.Context, work run.LockWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	holder := kube.Holder{Identity: fmt.Sprintf("%s, run %s", w.who, work.Run), Run: work.Run, Head: work.Head}
	return cluster.KeepLock(ctx, holder, func(c kube.LockChange) {
		switch {
		case c.Token != 0:
			report(run.LockHeld{Env: work.Env.Name, Token: c.Token})
		case c.By != "":
			report(run.LockLost{Env: work.Env.Name, Holder: run.MakeSafe(c.By, 200), Why: run.MakeSafe("held by "+c.By, 300)})
		default:
			report(run.LockLost{Env: work.Env.Name, Why: safeError(c.Err)})
		}
	})
}

// safeError is an error's text for the screen and the journal; empty for nil.
func safeError(err error) run.Safe {
	if err == nil {
		return ""
	}
	return run.MakeSafe(err.Error(), 500)
}

// changed tells whether a write was refused because the object is no longer what the patch tested: a failed `test`
// is answered 422, which a bad value is too.
func changed(err error) bool { return apierrors.IsInvalid(err) || apierrors.IsConflict(err) }

// transient tells whether trying again may help.
func transient(err error) bool { return kube.Unreachable(err) && !apierrors.IsUnauthorized(err) }

// The pauses between two tries: soon at first, since most troubles are short.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// pause is how long to wait before the n-th try again: not at all before the first, then doubling, or what the API
// server asks for, within the bounds of an emergency.
func pause(n int, err error) time.Duration {
	if s, ok := suggested(err); ok {
		return min(s, lastPause)
	}
	if n <= 1 {
		return 0
	}
	return min(firstPause<<min(n-2, 10), lastPause)
}

func suggested(err error) (time.Duration, bool) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || status.Status().Details.RetryAfterSeconds <= 0 {
		return 0, false
	}
	return time.Duration(status.Status().Details.RetryAfterSeconds) * time.Second, true
}
