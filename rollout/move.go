package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	lockWait   = 15 * time.Second // for a lock that is just being taken
	moveTries  = 2 * time.Minute  // how long a move is tried again when the API server does not answer
	freezeTime = 30 * time.Second
)

// move patches the components of a wave at the same time.
func (w *Worker) move(ctx context.Context, work run.MoveWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	kube.Each(w.clock, len(work.Targets), func(i int) {
		t := work.Targets[i]
		m := Move{
			Component: t.Component, Pin: t.Pin, Fence: t.Fence, Stamp: t.Stamp, Wish: work.Wish, Run: work.Run,
			Share: work.Share, Canary: work.Canary, Hold: work.Hold,
		}
		o := w.moveOne(ctx, cluster, m)
		o.Wish, o.Component = work.Wish, t.Component.Name
		if ctx.Err() == nil || o.Err == "" {
			report(o)
		}
	})
	return ctx.Err()
}

// moveOne looks, writes at most once with success, and looks again after every error: an unanswered patch may have
// been applied.
func (w *Worker) moveOne(ctx context.Context, cluster *kube.Cluster, m Move) run.Patched {
	name, err := deploymentOf(m.Component.Workload)
	if err != nil {
		return run.Patched{Refused: true, Err: safeError(err)}
	}
	until := w.clock.Now().Add(moveTries)
	var last *appsv1.Deployment // what the last patch was refused for
	for n := 1; ; n++ {
		d, err := cluster.DeploymentNow(ctx, name)
		if err == nil {
			switch s := Stand(d, m); {
			case s.Already:
				return run.Patched{Already: true, Generation: d.Generation}
			case s.Refused != "":
				return run.Patched{Refused: true, Err: run.MakeSafe(s.Refused, 500)}
			case last != nil && sameVersion(last, d):
				return run.Patched{Err: "the API server refused the patch: " + refusal(m, cluster, ctx, d)}
			}
			var written *appsv1.Deployment
			if written, err = w.write(ctx, cluster, d, m); err == nil {
				return run.Patched{Generation: written.Generation}
			}
			last = nil
			if changed(err) {
				last = d
			}
		}
		if apierrors.IsNotFound(err) {
			return run.Patched{Refused: true, Err: safeError(err)}
		}
		again := transient(err) || changed(err) && n < 10
		if !again || errors.Is(err, kube.ErrLockLost) || !w.clock.Now().Before(until) {
			return run.Patched{Err: safeError(err)}
		}
		if err := w.clock.Wait(ctx, pause(n, err), nil); err != nil {
			return run.Patched{Err: safeError(fmt.Errorf("move %s: interrupted, the workload has to be looked at again: %w", m.Component.Name, err))}
		}
	}
}

// write sends the move's patch once the lock is held.
func (w *Worker) write(ctx context.Context, cluster *kube.Cluster, d *appsv1.Deployment, m Move) (*appsv1.Deployment, error) {
	patch, err := ForwardPatch(d, m)
	if err != nil {
		return nil, err
	}
	if err := cluster.AwaitLock(ctx, lockWait); err != nil {
		return nil, err
	}
	return cluster.Patch(ctx, d.Name, patch, kube.PatchOptions{Forward: true})
}

// sameVersion tells whether nothing that a patch tests has changed: then it was not the test that failed.
func sameVersion(a, b *appsv1.Deployment) bool {
	return a.UID == b.UID && a.Generation == b.Generation && a.Annotations[AnnotFence] == b.Annotations[AnnotFence]
}

// refusal asks once more, without writing, for the API server's words.
func refusal(m Move, cluster *kube.Cluster, ctx context.Context, d *appsv1.Deployment) run.Safe {
	patch, err := ForwardPatch(d, m)
	if err == nil {
		_, err = cluster.Patch(ctx, d.Name, patch, kube.PatchOptions{DryRun: true})
	}
	return safeError(err)
}

// freeze pauses the components, or sets them going again, at the same time.
func (w *Worker) freeze(ctx context.Context, work run.FreezeWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	kube.Each(w.clock, len(work.Targets), func(i int) {
		err := w.freezeOne(ctx, cluster, work.Targets[i].Workload, work.Thaw)
		if ctx.Err() == nil || err == nil {
			report(run.Frozen{Wish: work.Wish, Component: work.Targets[i].Name, Err: safeError(err)})
		}
	})
	return ctx.Err()
}

func (w *Worker) freezeOne(ctx context.Context, cluster *kube.Cluster, workload string, thaw bool) error {
	name, err := deploymentOf(workload)
	if err != nil {
		return err
	}
	until := w.clock.Now().Add(freezeTime)
	for n := 1; ; n++ {
		d, err := cluster.DeploymentNow(ctx, name)
		if err == nil && d.Spec.Paused == !thaw {
			return nil
		}
		if err == nil {
			var patch []byte
			if patch, err = FreezePatch(d, thaw); err != nil {
				return err
			}
			// A freeze waits for nothing. What sets a rollout going again is held back when the lock has gone to somebody else.
			_, err = cluster.Patch(ctx, name, patch, kube.PatchOptions{Forward: thaw && cluster.LockTaken()})
		}
		if err == nil {
			return nil
		}
		if again := transient(err) || changed(err) && n < 10; !again || !w.clock.Now().Before(until) {
			return err
		}
		if w.clock.Wait(ctx, pause(n, err), nil) != nil {
			return err
		}
	}
}
