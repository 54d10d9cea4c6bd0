package act

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
)

// The annotations by which an act is found again on what it wrote.
const (
	annotAct = kube.Prefix + "act" // the wish
	annotRun = kube.Prefix + "run"
)

// mostName is how long the name of a Job may be: its pods carry it as a label.
const mostName = 63

// jobName is the name of an act's Job, the same for the same wish.
func jobName(work run.JobWork) string {
	sum := sha256.Sum256([]byte(work.Wish))
	end := "-" + hex.EncodeToString(sum[:3])
	if id := label(work.Run); id != "" {
		end = "-" + id[:min(8, len(id))] + end
	}
	step := label(work.Step)
	return strings.TrimRight(("sop-" + step)[:min(len("sop-"+step), mostName-len(end))], "-") + end
}

// label keeps of a text what may stand in a name.
func label(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, text), "-")
}

// spec is the Job of an act, marked with its wish.
func (w *Worker) spec(ctx context.Context, cluster *kube.Cluster, work run.JobWork) (*batchv1.Job, error) {
	var job *batchv1.Job
	var err error
	if work.Job.CronJob != "" {
		job, err = fromCronJob(ctx, cluster, work.Job.CronJob)
	} else {
		job, err = fromManifest(work.Job.Manifest)
	}
	if err != nil {
		return nil, err
	}
	job.Name, job.GenerateName, job.Namespace = jobName(work), "", cluster.Namespace()
	job.Labels = with(job.Labels, "app.kubernetes.io/managed-by", "sop")
	job.Annotations = with(with(job.Annotations, annotAct, work.Wish), annotRun, work.Run)
	return job, nil
}

func with(m map[string]string, key, value string) map[string]string {
	if m = maps.Clone(m); m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// fromCronJob is the Job that a CronJob would start now, as `kubectl create job --from` makes it.
func fromCronJob(ctx context.Context, cluster *kube.Cluster, name string) (*batchv1.Job, error) {
	cron, err := cluster.CronJobNow(ctx, name)
	if err != nil {
		return nil, err
	}
	yes := true
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Labels:          cron.Spec.JobTemplate.Labels,
			Annotations:     with(cron.Spec.JobTemplate.Annotations, "cronjob.kubernetes.io/instantiate", "manual"),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: cron.Name, UID: cron.UID, Controller: &yes}},
		},
		Spec: *cron.Spec.JobTemplate.Spec.DeepCopy(),
	}, nil
}

// fromManifest reads a Job strictly: a key that a Job does not have is a mistake.
func fromManifest(text string) (*batchv1.Job, error) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
		return nil, fmt.Errorf("the manifest is no YAML: %w", err)
	}
	if kind.Kind != "Job" || kind.APIVersion != "batch/v1" {
		return nil, fmt.Errorf("the manifest is a %q of %q; write apiVersion: batch/v1 and kind: Job", kind.Kind, kind.APIVersion)
	}
	job := &batchv1.Job{}
	if err := yaml.UnmarshalStrict([]byte(text), job); err != nil {
		return nil, fmt.Errorf("the manifest is no Job: %w", err)
	}
	if len(job.Spec.Template.Spec.Containers) == 0 {
		return nil, errors.New("the manifest names no container: write spec.template.spec.containers")
	}
	job.Status = batchv1.JobStatus{}
	job.ResourceVersion, job.UID, job.OwnerReferences = "", "", nil
	return job, nil
}
