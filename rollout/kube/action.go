package kube

import (
	"context"
	"fmt"
	"io"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

// Prefix begins the annotations that a run leaves on what it writes.
const Prefix = "sop.politicalsphere.dev/"

// JobNow reads the Job of that name from the API server, which needs no right to list or watch Jobs.
func (c *Cluster) JobNow(ctx context.Context, name string) (*batchv1.Job, error) {
	j := &batchv1.Job{}
	return j, c.get(ctx, c.client.BatchV1().RESTClient(), "jobs", name, j)
}

// CronJobNow reads the CronJob of that name from the API server.
func (c *Cluster) CronJobNow(ctx context.Context, name string) (*batchv1.CronJob, error) {
	j := &batchv1.CronJob{}
	return j, c.get(ctx, c.client.BatchV1().RESTClient(), "cronjobs", name, j)
}

// ConfigMapNow reads the ConfigMap of that name from the API server, for whoever is about to write it.
func (c *Cluster) ConfigMapNow(ctx context.Context, name string) (*corev1.ConfigMap, error) {
	m := &corev1.ConfigMap{}
	return m, c.get(ctx, c.client.CoreV1().RESTClient(), "configmaps", name, m)
}

// CreateJob makes a Job in the environment's namespace and returns it as written. It tries once.
func (c *Cluster) CreateJob(ctx context.Context, job *batchv1.Job, o PatchOptions) (*batchv1.Job, error) {
	what := fmt.Sprintf("create job/%s in namespace %s", job.Name, c.env.Namespace)
	ctx, done, err := c.writing(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer done()
	options := metav1.CreateOptions{FieldManager: FieldManager, FieldValidation: metav1.FieldValidationStrict, DryRun: o.dryRun()}
	made := &batchv1.Job{}
	err = c.client.BatchV1().RESTClient().Post().Namespace(c.env.Namespace).Resource("jobs").
		VersionedParams(&options, scheme.ParameterCodec).Body(job).MaxRetries(0).Do(ctx).Into(made)
	if err != nil {
		return nil, c.failed(ctx, what, err)
	}
	return made, nil
}

// PatchConfigMap applies a JSON merge patch (RFC 7386) to the ConfigMap of that name and returns it as written. It tries
// once; one that names another resourceVersion than the object has is answered 409.
func (c *Cluster) PatchConfigMap(ctx context.Context, name string, patch []byte, o PatchOptions) (*corev1.ConfigMap, error) {
	what := fmt.Sprintf("patch configmap/%s in namespace %s", name, c.env.Namespace)
	ctx, done, err := c.writing(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer done()
	options := metav1.PatchOptions{FieldManager: FieldManager, DryRun: o.dryRun()}
	written := &corev1.ConfigMap{}
	err = c.client.CoreV1().RESTClient().Patch(types.MergePatchType).Namespace(c.env.Namespace).Resource("configmaps").Name(name).
		VersionedParams(&options, scheme.ParameterCodec).Body(patch).MaxRetries(0).Do(ctx).Into(written)
	if err != nil {
		return nil, c.failed(ctx, what, err)
	}
	return written, nil
}

// writing is the way of every write: to the right cluster only, within its time, and forward only under the lock.
func (c *Cluster) writing(ctx context.Context, o PatchOptions) (limited context.Context, done func(), err error) {
	if err := c.rightCluster(ctx, true); err != nil {
		return nil, nil, err
	}
	limited, done = c.within(ctx, writeTimeout)
	if o.Forward && !o.DryRun {
		limited = context.WithValue(limited, forwardKey{}, true)
	}
	return limited, done, nil
}

func (o PatchOptions) dryRun() []string {
	if o.DryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// PodLog reads a container's log from its beginning, or its last lines when lines is not 0; at most so many bytes. cut
// tells that there is more. An empty container means the pod's only one.
func (c *Cluster) PodLog(ctx context.Context, pod, container string, lines int64, most int) (text []byte, cut bool, err error) {
	limit := int64(most) + 1
	options := &corev1.PodLogOptions{Container: container, LimitBytes: &limit}
	if lines > 0 {
		options.TailLines = &lines
	}
	ctx, done := c.within(ctx, readTimeout)
	defer done()
	what := "read the log of pod " + pod
	body, err := c.client.CoreV1().Pods(c.env.Namespace).GetLogs(pod, options).MaxRetries(0).Stream(ctx)
	if err != nil {
		return nil, false, c.failed(ctx, what, err)
	}
	defer body.Close()
	text, err = io.ReadAll(io.LimitReader(body, limit))
	if err != nil {
		return nil, false, c.failed(ctx, what, err)
	}
	if len(text) > most {
		return text[:most], true, nil
	}
	return text, false, nil
}
