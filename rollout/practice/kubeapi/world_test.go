package kubeapi_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

var began = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

const shop = `
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {allocatable: {cpu: "16", memory: 64Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-b}
status: {allocatable: {cpu: "16", memory: 64Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 10
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - {name: api, image: 'registry.example/api:v1', ports: [{name: http, containerPort: 8080}], resources: {requests: {cpu: 100m}}}
`

// world is a server on a virtual clock inside a bubble, and a client of it.
type world struct {
	t      *testing.T
	ctx    context.Context
	clock  *practice.Jumping
	server *kubeapi.Server
	client kubernetes.Interface
}

// inWorld runs f as a counted goroutine in a world that has brought up the shop.
func inWorld(t *testing.T, behaviour func(kubeapi.Container) kubeapi.Behaviour, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		clock := practice.NewJumping(began)
		w := &world{t: t, ctx: ctx, clock: clock}
		w.server = kubeapi.New(kubeapi.Options{Clock: clock, Seed: 7, Behaviour: behaviour, Proxy: behindServices})
		clock.AddIdle(w.server.Quiet)
		if err := w.server.CreateFromYAML([]byte(shop)); err != nil {
			t.Fatal(err)
		}
		w.server.Start(ctx)
		client, err := kubernetes.NewForConfig(w.server.RESTConfig())
		if err != nil {
			t.Fatal(err)
		}
		w.client = client
		clock.Run(func() {
			w.until("the shop is up", done(10))
			f(w)
		})
		cancel()
		synctest.Wait()
	})
}

func (w *world) wait(d time.Duration) {
	w.t.Helper()
	if err := w.clock.Wait(w.ctx, d, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) deployment() *appsv1.Deployment {
	w.t.Helper()
	d, err := w.client.AppsV1().Deployments("shop").Get(w.ctx, "api", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// until waits up to an hour of virtual time for a state of the Deployment.
func (w *world) until(what string, is func(*appsv1.Deployment) bool) *appsv1.Deployment {
	w.t.Helper()
	for range 3600 * 2 {
		if d := w.deployment(); is(d) {
			return d
		}
		w.wait(500 * time.Millisecond)
	}
	w.t.Fatalf("never saw that %s; the Deployment's status is %+v", what, w.deployment().Status)
	return nil
}

func done(n int32) func(*appsv1.Deployment) bool {
	return func(d *appsv1.Deployment) bool {
		st := d.Status
		return st.ObservedGeneration >= d.Generation && st.UpdatedReplicas == n && st.Replicas == n && st.AvailableReplicas == n
	}
}

func (w *world) merge(patch string, args ...any) *appsv1.Deployment {
	w.t.Helper()
	d, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.StrategicMergePatchType,
		fmt.Appendf(nil, patch, args...), metav1.PatchOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) setImage(image string) *appsv1.Deployment {
	w.t.Helper()
	return w.merge(`{"spec":{"template":{"spec":{"containers":[{"name":"api","image":%q}]}}}}`, image)
}

// images counts the pods that are not ending, by image; ready ones only if so asked.
func (w *world) images(ready bool) map[string]int {
	count := map[string]int{}
	for _, p := range w.server.Pods("shop") {
		if !p.Terminating && (p.Ready || !ready) {
			count[p.Image]++
		}
	}
	return count
}

func condition(d *appsv1.Deployment, kind appsv1.DeploymentConditionType) appsv1.DeploymentCondition {
	for _, c := range d.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return appsv1.DeploymentCondition{}
}

func (w *world) pods() []corev1.Pod {
	w.t.Helper()
	list, err := w.client.CoreV1().Pods("shop").List(w.ctx, metav1.ListOptions{LabelSelector: "app=api"})
	if err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}

const (
	v1 = "registry.example/api:v1"
	v2 = "registry.example/api:v2"
)
