package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	armEvery   = 30 * time.Second
	armSpacing = 2 * time.Second // between two proofs while the workload keeps changing
)

// arm proves again and again that the rollback would work.
func (w *Worker) arm(ctx context.Context, work run.ArmWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	changes := w.clock.NewSignal()
	defer cluster.OnChange(kube.Deployments, changes)()
	defer cluster.OnChange(kube.ReplicaSets, changes)()
	var said *run.Armed
	for {
		key := w.armKey(ctx, cluster, work.Pins)
		o := run.Armed{Env: work.Env.Name, OK: true}
		if err := w.prove(ctx, cluster, work); err != nil {
			o.OK, o.Why = false, safeError(err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if said == nil || *said != o {
			said = &o
			report(o)
		}
		if err := w.clock.Wait(ctx, armSpacing, nil); err != nil {
			return err
		}
		for until := w.clock.Now().Add(armEvery - armSpacing); w.clock.Now().Before(until) && key == w.armKey(ctx, cluster, work.Pins); {
			if err := w.clock.Wait(ctx, until.Sub(w.clock.Now()), changes); err != nil {
				return err
			}
		}
	}
}

// armKey is what a proof depends on, as the caches show it: a change of it asks for a new proof.
func (w *Worker) armKey(ctx context.Context, cluster *kube.Cluster, pins []run.Pin) string {
	var b strings.Builder
	for _, pin := range pins {
		name, _ := deploymentOf(pin.Workload)
		d, err := cluster.Deployment(ctx, name)
		if err != nil {
			fmt.Fprintf(&b, "%v;", err)
			continue
		}
		sets, err := cluster.ReplicaSets(ctx, d.UID)
		there := false
		for _, rs := range sets {
			there = there || rs.Name == pin.ReplicaSet
		}
		fmt.Fprintf(&b, "%s %d %s %t %v;", d.UID, d.Generation, d.Annotations[AnnotFence], there, err)
	}
	return b.String()
}

// prove returns why a rollback to the pins would not work, nil when it would.
func (w *Worker) prove(ctx context.Context, cluster *kube.Cluster, work run.ArmWork) error {
	pins := work.Pins
	if len(pins) == 0 {
		return fmt.Errorf("nothing is pinned yet")
	}
	errs := make([]error, len(pins)+1)
	kube.Each(w.clock, len(errs), func(i int) {
		if i == len(pins) {
			errs[i] = backRights(ctx, cluster, work.Needs)
		} else if errs[i] = w.proveOne(ctx, cluster, pins[i]); errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", pins[i].Component, errs[i])
		}
	})
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// proveOne sends the rollback as a dry run.
func (w *Worker) proveOne(ctx context.Context, cluster *kube.Cluster, pin run.Pin) error {
	for n := 1; ; n++ {
		d, rs, err := w.pinnedNow(ctx, cluster, pin)
		if err != nil {
			return err
		}
		patch, err := UndoPatch(d, rs, pin, "proof", pin.Run)
		if err != nil {
			return err
		}
		if _, err = cluster.Patch(ctx, d.Name, patch, kube.PatchOptions{DryRun: true}); !changed(err) || n == 3 {
			return err
		}
	}
}

// backRights tells which right a rollback lacks.
func backRights(ctx context.Context, cluster *kube.Cluster, needs []run.Need) error {
	denied, _, err := cluster.Allowed(ctx, kube.RollbackRights(needs))
	if err != nil {
		return err
	}
	if len(denied) > 0 {
		return lacking(cluster, denied[0])
	}
	return nil
}

// lacking words a missing right.
func lacking(cluster *kube.Cluster, d kube.Denied) error {
	reason, purpose := "", ""
	if d.Reason != "" {
		reason = " (" + d.Reason + ")"
	}
	if d.Right.For != "" {
		purpose = fmt.Sprintf(", which the step %q needs", d.Right.For)
	}
	return fmt.Errorf("no right to %s in namespace %s%s%s: ask whoever runs the cluster for a role that allows it", d.Right, cluster.Namespace(), purpose, reason)
}
