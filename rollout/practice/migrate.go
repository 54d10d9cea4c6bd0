package practice

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

const (
	migrationJob       = "migration-dry-run"
	migrationContainer = "migrate"
	// triedBefore is how long before the drill the migrations were tried.
	triedBefore = 90 * time.Minute
	// migrationTakes is how long that took.
	migrationTakes = 20 * time.Second
)

// tryMigrations runs the Job that tries the release's migrations on a copy of the data, in both namespaces, some time
// before the drill begins.
func (w *World) tryMigrations(ctx context.Context) error {
	w.clock.skip(triedBefore)
	for _, ns := range namespaces {
		if err := w.kube.Apply(w.dryRun(ns)); err != nil {
			return fmt.Errorf("creating the dry run of the migrations in %s: %w", ns, err)
		}
	}
	for range settleLooks {
		done := 0
		for _, ns := range namespaces {
			if _, err := kubeapi.Edit(w.kube, ns, migrationJob, func(j *batchv1.Job) { done += len(j.Status.Conditions) / 2 }); err != nil {
				return fmt.Errorf("looking at the dry run of the migrations in %s: %w", ns, err)
			}
		}
		if done == len(namespaces) {
			return nil
		}
		if err := w.clock.Clock.Wait(ctx, settlePoll, nil); err != nil {
			return err
		}
	}
	return errors.New("the dry run of the migrations does not end")
}

func (w *World) dryRun(ns string) *batchv1.Job {
	t, m := named("Job", "batch/v1", ns, migrationJob, map[string]string{"app": "migration", "env": ns, "version": w.scenario.World.Release})
	once := int32(0)
	return &batchv1.Job{TypeMeta: t, ObjectMeta: m, Spec: batchv1.JobSpec{
		BackoffLimit: &once,
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "migration", "env": ns}},
			Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{
				Name: migrationContainer, Image: image("api", w.scenario.World.Release),
				Command: []string{"/api", "migrate", "--dry-run", "--dir", "migrations"},
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi"),
				}},
			}}},
		},
	}}
}

// migrationRun is how the Job's container runs.
func (w *World) migrationRun(ns string) kubeapi.Behaviour {
	b := kubeapi.Behaviour{Ends: migrationTakes, Log: []string{
		"connected to a copy of " + ns,
		"0042_lobby.up.sql: applying",
	}}
	for _, t := range w.scenario.World.Already {
		if t.Migration != nil && t.Migration.Namespace == ns {
			b.Crash = &kubeapi.Crash{After: migrationTakes, Log: []string{"0042_lobby.up.sql: " + t.Migration.Message, "dry run failed, nothing was changed"}}
			return b
		}
	}
	b.Log = append(b.Log, "0042_lobby.up.sql: ok, 214 ms", "0042_lobby.down.sql: ok, 35 ms", "dry run succeeded: 1 migration, forward and back")
	return b
}
