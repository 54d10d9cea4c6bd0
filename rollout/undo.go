package rollout

import (
	"context"
	"fmt"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
)

// undo brings the components back, all at once; none waits for another, and each is tried until it is done.
func (w *Worker) undo(ctx context.Context, work run.UndoWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	kube.Each(w.clock, len(work.Pins), func(i int) { w.undoOne(ctx, cluster, work, work.Pins[i], report) })
	return ctx.Err()
}

// undoOne tries until the API server has taken the rollback of one component. An error is reported when it is new.
func (w *Worker) undoOne(ctx context.Context, cluster *kube.Cluster, work run.UndoWork, pin run.Pin, report func(run.Observation)) {
	said := run.Safe("")
	for n := 1; ; n++ {
		o, err := w.tryUndo(ctx, cluster, work, pin)
		o.Wish, o.Component = work.Wish, pin.Component
		if err == nil {
			o.Accepted = true
			o.AfterMs = float64(w.clock.Now().Sub(work.Burnt)) / float64(time.Millisecond)
			report(o)
			return
		}
		if ctx.Err() != nil {
			return
		}
		if o.Err = safeError(err); o.Err != said && !(changed(err) && n < 3) { // a first miss is only a re-read
			said = o.Err
			report(o)
		}
		if w.clock.Wait(ctx, pause(n, err), nil) != nil {
			return
		}
	}
}

// tryUndo looks at the workload and its pinned ReplicaSet and sends the rollback.
func (w *Worker) tryUndo(ctx context.Context, cluster *kube.Cluster, work run.UndoWork, pin run.Pin) (run.Undone, error) {
	d, rs, err := w.pinnedNow(ctx, cluster, pin)
	from := imageOf(d, pin)
	if d != nil && MarkOf(d).Act == work.Wish && string(d.UID) == pin.UID {
		return run.Undone{Already: true, Generation: d.Generation, Fence: MarkOf(d).Fence}, nil // an earlier try, whose answer was lost
	}
	if err != nil {
		return run.Undone{From: from}, err
	}
	patch, err := UndoPatch(d, rs, pin, work.Wish, work.Run)
	if err != nil {
		return run.Undone{From: from}, err
	}
	written, err := cluster.Patch(ctx, d.Name, patch, kube.PatchOptions{})
	if err != nil {
		return run.Undone{From: from}, err
	}
	return run.Undone{From: from, Already: AtPin(d, rs, pin), Generation: written.Generation, Fence: MarkOf(written).Fence}, nil
}

// imageOf is the image that the pin's container has on the workload; empty when there is none.
func imageOf(d *appsv1.Deployment, pin run.Pin) string {
	if d == nil {
		return ""
	}
	for _, c := range d.Spec.Template.Spec.Containers {
		if c.Name == pin.Container {
			return c.Image
		}
	}
	return ""
}

// pinnedNow reads the workload and its pinned ReplicaSet at the same time. d is nil when it could not be read, also
// when the error is about the ReplicaSet only.
func (w *Worker) pinnedNow(ctx context.Context, cluster *kube.Cluster, pin run.Pin) (d *appsv1.Deployment, rs *appsv1.ReplicaSet, err error) {
	name, err := deploymentOf(pin.Workload)
	if err != nil {
		return nil, nil, err
	}
	var failed [2]error
	kube.Each(w.clock, 2, func(i int) {
		if i == 0 {
			d, failed[0] = cluster.DeploymentNow(ctx, name)
		} else {
			rs, failed[1] = cluster.ReplicaSetNow(ctx, pin.ReplicaSet)
		}
	})
	if failed[0] != nil {
		return nil, nil, failed[0]
	}
	if failed[1] != nil {
		return d, nil, fmt.Errorf("the revision to go back to: %w", failed[1])
	}
	return d, rs, nil
}
