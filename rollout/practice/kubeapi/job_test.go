package kubeapi_test

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func TestJobsEnd(t *testing.T) {
	fails := func(c kubeapi.Container) kubeapi.Behaviour {
		if strings.HasSuffix(c.Image, ":broken") {
			return kubeapi.Behaviour{Crash: &kubeapi.Crash{After: time.Second, Log: []string{"no such table"}}}
		}
		return kubeapi.Behaviour{}
	}
	inWorld(t, fails, func(w *world) {
		limit := int32(2)
		for name, image := range map[string]string{"migrate": "registry.example/migrate:v2", "fails": "registry.example/migrate:broken"} {
			_, err := w.client.BatchV1().Jobs("shop").Create(w.ctx, &batchv1.Job{
				ObjectMeta: metav1.ObjectMeta{Name: name},
				Spec: batchv1.JobSpec{BackoffLimit: &limit, Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
					RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "job", Image: image}},
				}}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.wait(2 * time.Minute)
		for name, want := range map[string]batchv1.JobConditionType{"migrate": batchv1.JobComplete, "fails": batchv1.JobFailed} {
			job, err := w.client.BatchV1().Jobs("shop").Get(w.ctx, name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(job.Status.Conditions); n != 2 || job.Status.Conditions[1].Type != want {
				t.Errorf("job %s: %+v, want %s", name, job.Status, want)
			}
			if name == "fails" && job.Status.Failed != 3 {
				t.Errorf("%d pods failed, want the first and two more", job.Status.Failed)
			}
		}
	})
}
