package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// findings are what a preflight found about one thing.
type findings struct {
	problems, unknown, notes []run.Safe
	pin                      *run.Pin
}

func (f *findings) problem(format string, args ...any) {
	f.problems = append(f.problems, run.MakeSafe(fmt.Sprintf(format, args...), 500))
}

func (f *findings) note(format string, args ...any) {
	f.notes = append(f.notes, run.MakeSafe(fmt.Sprintf(format, args...), 500))
}

// fault files an error: it could not be looked at, or it is a problem.
func (f *findings) fault(what string, err error) {
	text := run.MakeSafe(what+": "+err.Error(), 500)
	if kube.Unreachable(err) || unjudged(err) {
		f.unknown = append(f.unknown, text)
	} else {
		f.problems = append(f.problems, text)
	}
}

// unjudged tells whether a dry run was not carried out, because a webhook that would judge the real write cannot
// judge a dry run. That is no pass.
func unjudged(err error) bool {
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}

// preflight looks at everything that a deploy and its rollback need.
func (w *Worker) preflight(ctx context.Context, work run.PreflightWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	found := make([]findings, len(work.Targets)+1)
	kube.Each(w.clock, len(found), func(i int) {
		if i == 0 {
			found[0] = w.preflightEnv(ctx, cluster, work.Needs)
		} else {
			found[i] = w.preflightOne(ctx, cluster, work, work.Targets[i-1])
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o := run.Preflighted{Step: work.Step}
	for _, f := range found {
		o.Problems, o.Unknown, o.Notes = append(o.Problems, f.problems...), append(o.Unknown, f.unknown...), append(o.Notes, f.notes...)
		if f.pin != nil {
			o.Pins = append(o.Pins, *f.pin)
		}
	}
	report(o)
	return nil
}

// preflightEnv looks at what concerns all components: the cluster, the rights and the lock.
func (w *Worker) preflightEnv(ctx context.Context, cluster *kube.Cluster, needs []run.Need) findings {
	var f findings
	if err := cluster.VerifyUID(ctx); err != nil {
		f.fault("cluster", err)
	}
	denied, _, err := cluster.Allowed(ctx, kube.RolloutRights(needs))
	if err != nil {
		f.fault("rights", err)
	}
	for _, d := range denied {
		if d.Right.Optional {
			f.note("%v; the rollout goes on without it", lacking(cluster, d))
		} else {
			f.problem("%v", lacking(cluster, d))
		}
	}
	if holder, by, err := cluster.LockHolder(ctx); err == nil && holder != "" {
		f.note("the lock is with %s (run %s); it is waited for until it is given back or silent for a minute", holder, by)
	}
	return f
}

// preflightOne looks at one component, pins it and has the API server judge the first patch and the rollback.
func (w *Worker) preflightOne(ctx context.Context, cluster *kube.Cluster, work run.PreflightWork, c runbook.Component) findings {
	var f findings
	name, err := deploymentOf(c.Workload)
	if err != nil {
		f.problem("%s: %v", c.Name, err)
		return f
	}
	d, sets, pods, err := w.settled(ctx, cluster, name)
	if err != nil {
		f.fault(c.Name, err)
		return f
	}
	active := Active(d, sets)
	if !f.judgeStart(c, d, active, work.Canary) {
		return f
	}
	pin, err := PinOf(c, d, active, pods)
	if err != nil {
		f.problem("%s: %v", c.Name, err)
		return f
	}
	f.pin = &pin
	f.notes = append(f.notes, surroundings(ctx, cluster, c, d)...)
	if pin.Image == c.Image {
		f.note("%s runs %s already: nothing will be written", c.Name, c.Image)
	}
	w.rehearse(ctx, cluster, work, c, pin, &f)
	return f
}

// How long a preflight waits for the controller to take up, and for the caches to show, what was written just before.
const (
	settleTries = 10
	settlePause = 200 * time.Millisecond
)

// settled reads the Deployment from the API server and its parts from the caches, once those fit together.
func (w *Worker) settled(ctx context.Context, cluster *kube.Cluster, name string) (*appsv1.Deployment, []*appsv1.ReplicaSet, []*corev1.Pod, error) {
	if err := cluster.Sync(ctx, kube.ReplicaSets, kube.Pods); err != nil {
		return nil, nil, nil, err
	}
	for n := 1; ; n++ {
		d, err := cluster.DeploymentNow(ctx, name)
		if err != nil {
			return nil, nil, nil, err
		}
		sets, pods, err := parts(ctx, cluster, d)
		fit := d.Status.ObservedGeneration >= d.Generation && Active(d, sets) != nil
		if err != nil || fit || n == settleTries {
			return d, sets, pods, err
		}
		if err := w.clock.Wait(ctx, settlePause, nil); err != nil {
			return nil, nil, nil, err
		}
	}
}

// judgeStart tells whether the Deployment is in a state that a rollout may start from.
func (f *findings) judgeStart(c runbook.Component, d *appsv1.Deployment, active *appsv1.ReplicaSet, canary bool) bool {
	before := len(f.problems)
	if limit := d.Spec.RevisionHistoryLimit; limit != nil && *limit == 0 {
		f.problem("%s keeps no old ReplicaSets (revisionHistoryLimit: 0), so there would be nothing to roll back to: set it to 1 or more", c.Workload)
	}
	if canary && d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		f.problem("%s has the strategy Recreate, which cannot hold a canary: deploy it with the strategy rolling", c.Workload)
	}
	condition, message := judge(d, active)
	switch {
	case held(d):
		f.problem("%s is held as a canary by run %s: roll it back or let that run finish", c.Workload, MarkOf(d).Run)
	case d.Spec.Paused:
		f.problem("%s is paused: resume it first", c.Workload)
	case condition != run.Done:
		f.problem("%s is in the middle of a rollout or unhealthy: %s", c.Workload, message)
	case active == nil:
		f.problem("%s has no ReplicaSet of its present template, so it cannot be pinned", c.Workload)
	case int(d.Status.AvailableReplicas) < desired(d):
		f.problem("%s has %d of %d pods available", c.Workload, d.Status.AvailableReplicas, desired(d))
	}
	if owner := gitOps(d); owner != "" {
		f.note("%s belongs to %s, which may undo a deploy and a rollback: switch its automatic sync off", c.Workload, owner)
	}
	if desired(d) == 0 {
		f.note("%s is scaled to 0: nothing will be seen of the new version", c.Workload)
	}
	return len(f.problems) == before
}

// rehearse sends the first forward patch and the rollback as dry runs.
func (w *Worker) rehearse(ctx context.Context, cluster *kube.Cluster, work run.PreflightWork, c runbook.Component, pin run.Pin, f *findings) {
	share := 100
	if work.Canary {
		share = 1
	}
	m := Move{Component: c, Pin: pin, Fence: pin.Fence, Stamp: pin.Fence + 1, Wish: "rehearsal", Run: "rehearsal", Share: share, Canary: work.Canary, Hold: time.Hour}
	if err := w.rehearseForward(ctx, cluster, m); err != nil {
		f.fault(c.Name+": dry run of the deploy", err)
	}
	if err := w.proveOne(ctx, cluster, pin); err != nil {
		f.fault(c.Name+": dry run of the rollback", err)
	}
}

func (w *Worker) rehearseForward(ctx context.Context, cluster *kube.Cluster, m Move) error {
	name, err := deploymentOf(m.Component.Workload)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		d, err := cluster.DeploymentNow(ctx, name)
		if err != nil {
			return err
		}
		switch s := Stand(d, m); {
		case s.Already:
			return nil
		case s.Refused != "":
			return errors.New(s.Refused)
		}
		patch, err := ForwardPatch(d, m)
		if err != nil {
			return err
		}
		if _, err = cluster.Patch(ctx, name, patch, kube.PatchOptions{DryRun: true}); !changed(err) || n == 3 {
			return err
		}
	}
}

// surroundings tells what else acts on the Deployment. What cannot be read is not mentioned: it is only information.
func surroundings(ctx context.Context, cluster *kube.Cluster, c runbook.Component, d *appsv1.Deployment) []run.Safe {
	var f findings
	scalers, _ := cluster.Scalers(ctx, "Deployment", d.Name)
	for _, s := range scalers {
		f.note("%s is scaled by the HorizontalPodAutoscaler %s: its number of pods may change during the rollout", c.Workload, s)
	}
	budgets, _ := cluster.Budgets(ctx, d.Spec.Template.Labels)
	for _, b := range budgets {
		f.note("%s is covered by the PodDisruptionBudget %s, which limits evictions but not rollouts", c.Workload, b)
	}
	return f.notes
}
