package practice

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

const (
	restoreJob       = "db-restore"
	restoreContainer = "restore"
	// restoreTakes is how long it takes to put the data back.
	restoreTakes = 40 * time.Second
)

// restore is the CronJob that puts the last backup of the database back. Nobody's clock starts it: it is suspended, and
// whoever needs it makes a Job of it.
func (w *World) restore(ns string) *batchv1.CronJob {
	t, m := named("CronJob", "batch/v1", ns, restoreJob, map[string]string{"app": "restore", "env": ns})
	once, yes := int32(0), true
	return &batchv1.CronJob{TypeMeta: t, ObjectMeta: m, Spec: batchv1.CronJobSpec{
		Schedule: "0 0 31 2 *", Suspend: &yes, ConcurrencyPolicy: batchv1.ForbidConcurrent,
		JobTemplate: batchv1.JobTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "restore", "env": ns}},
			Spec: batchv1.JobSpec{
				BackoffLimit: &once,
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "restore", "env": ns}},
					Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{
						Name: restoreContainer, Image: image("api", w.scenario.World.Running),
						Command: []string{"/api", "restore", "--latest"},
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
							corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi"),
						}},
					}}},
				},
			},
		},
	}}
}

// restoreRun is how the Job's container runs.
func (w *World) restoreRun(ns string) kubeapi.Behaviour {
	return kubeapi.Behaviour{Ends: restoreTakes, Log: []string{
		"connected to " + ns,
		"restoring the backup of the night: 0042 is undone, 3 tables, 51230 rows",
		"restored and verified",
	}}
}
