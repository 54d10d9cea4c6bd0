package kube

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

// FieldManager is who the API server notes as the writer of what is patched here.
const FieldManager = "sop"

// PatchOptions say how a patch goes.
type PatchOptions struct {
	DryRun  bool // the API server and its webhooks judge it, nothing is written
	Forward bool // only while this program holds the environment's lock; a rollback never waits for one
}

// Patch applies a JSON patch (RFC 6902) to the Deployment of that name and returns it as written. It tries once; a
// failed `test` is answered 422 (apierrors.IsInvalid), a changed object 409. A forward patch without the lock is an
// ErrLockLost and never leaves.
func (c *Cluster) Patch(ctx context.Context, name string, patch []byte, o PatchOptions) (*appsv1.Deployment, error) {
	what := fmt.Sprintf("patch deployment/%s in namespace %s", name, c.env.Namespace)
	if err := c.rightCluster(ctx, o.Forward); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	options := metav1.PatchOptions{FieldManager: FieldManager}
	if o.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	ctx, done := c.within(ctx, writeTimeout)
	defer done()
	if o.Forward && !o.DryRun {
		ctx = context.WithValue(ctx, forwardKey{}, true)
	}
	d := &appsv1.Deployment{}
	err := c.client.AppsV1().RESTClient().Patch(types.JSONPatchType).Namespace(c.env.Namespace).Resource("deployments").Name(name).
		VersionedParams(&options, scheme.ParameterCodec).Body(patch).MaxRetries(0).Do(ctx).Into(d)
	if err != nil {
		return nil, c.failed(ctx, what, err)
	}
	return d, nil
}

// rightCluster stops a write to the wrong cluster. When the cluster cannot be identified a forward write stops too;
// a rollback goes on, since its patch tests the workload's own uid.
func (c *Cluster) rightCluster(ctx context.Context, forward bool) error {
	err := c.VerifyUID(ctx)
	if err != nil && !forward && Unreachable(err) {
		return nil
	}
	return err
}
