package kubeapi_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func TestRollingUpdateKeepsItsLimitsAndEnds(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		before := w.deployment()
		changed := w.setImage(v2)
		if changed.Generation != before.Generation+1 || changed.Status.ObservedGeneration != before.Generation {
			t.Errorf("generation %d observed %d right after the patch, want %d and %d",
				changed.Generation, changed.Status.ObservedGeneration, before.Generation+1, before.Generation)
		}
		d := w.until("the update is done", func(d *appsv1.Deployment) bool {
			st := d.Status
			if st.Replicas > 13 || st.AvailableReplicas < 8 {
				t.Errorf("%d pods, %d available: beyond 25%% surge or unavailable", st.Replicas, st.AvailableReplicas)
			}
			return done(10)(d)
		})
		if got := condition(d, appsv1.DeploymentProgressing); got.Reason != "NewReplicaSetAvailable" || got.Status != corev1.ConditionTrue {
			t.Errorf("Progressing is %s (%s), want True (NewReplicaSetAvailable)", got.Status, got.Reason)
		}
		if d.Annotations["deployment.kubernetes.io/revision"] != "2" {
			t.Errorf("revision %q, want 2", d.Annotations["deployment.kubernetes.io/revision"])
		}
		w.wait(5 * time.Second)
		if got := w.images(true); !maps.Equal(got, map[string]int{v2: 10}) {
			t.Errorf("serving %v, want ten of v2", got)
		}
		for _, p := range w.pods() {
			if got := p.Status.ContainerStatuses[0].ImageID; got != kubeapi.ImageID(v2) || !strings.HasPrefix(got, "registry.example/api@sha256:") {
				t.Errorf("pod %s has image id %s", p.Name, got)
			}
		}
	})
}

const hold = `{"metadata":{"annotations":{"fence":"1"}},"spec":{"minReadySeconds":86400,"progressDeadlineSeconds":90000,
	"strategy":{"rollingUpdate":{"maxSurge":%d,"maxUnavailable":0}},
	"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v2"}]}}}}`

const restore = `{"spec":{"minReadySeconds":0,"progressDeadlineSeconds":600,
	"strategy":{"rollingUpdate":{"maxSurge":"25%%","maxUnavailable":"25%%"}}}}`

func TestCanaryIsHeldByTheController(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.merge(hold, 1)
		w.wait(2 * time.Hour)
		if got := w.images(true); !maps.Equal(got, map[string]int{v1: 10, v2: 1}) {
			t.Fatalf("serving %v, want all ten old and one new", got)
		}
		if d := w.deployment(); condition(d, appsv1.DeploymentProgressing).Reason != "ReplicaSetUpdated" || d.Status.UpdatedReplicas != 1 {
			t.Errorf("while held: %+v", d.Status)
		}
		w.merge(hold, 2)
		w.wait(time.Hour)
		if got := w.images(true); !maps.Equal(got, map[string]int{v1: 10, v2: 2}) {
			t.Fatalf("serving %v, want all ten old and two new", got)
		}
		w.merge(restore)
		w.until("the rollout is done", done(10))
		w.wait(5 * time.Second)
		if got := w.images(false); !maps.Equal(got, map[string]int{v2: 10}) {
			t.Errorf("pods %v, want ten of v2", got)
		}
	})
}

func TestHeldCanaryStaysSmallWhenScaled(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.merge(hold, 1)
		w.wait(time.Minute)
		w.merge(`{"spec":{"replicas":20}}`)
		w.wait(time.Minute)
		if got := w.images(true); !maps.Equal(got, map[string]int{v1: 19, v2: 2}) {
			t.Errorf("serving %v, want 19 old and 2 new", got)
		}
	})
}

func TestUndoMidWayKeepsTheOldPods(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		old := map[string]bool{}
		for _, p := range w.pods() {
			old[string(p.UID)] = true
		}
		w.merge(hold, 3)
		w.wait(time.Minute)
		w.merge(`{"spec":{"minReadySeconds":0,"progressDeadlineSeconds":600,
			"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v1"}]}}}}`)
		d := w.until("the undo is done", done(10))
		w.wait(5 * time.Second)
		for _, p := range w.pods() {
			if !old[string(p.UID)] {
				t.Errorf("pod %s with image %s is not one of the ten old ones", p.Name, p.Spec.Containers[0].Image)
			}
		}
		if len(w.pods()) != 10 || d.Annotations["deployment.kubernetes.io/revision"] != "3" {
			t.Errorf("%d pods at revision %s, want 10 at 3", len(w.pods()), d.Annotations["deployment.kubernetes.io/revision"])
		}
		sets, err := w.client.AppsV1().ReplicaSets("shop").List(w.ctx, metav1.ListOptions{})
		if err != nil || len(sets.Items) != 2 {
			t.Fatalf("%d ReplicaSets, %v; want 2", len(sets.Items), err)
		}
		for _, rs := range sets.Items {
			if rs.Spec.Template.Spec.Containers[0].Image == v1 && rs.Annotations["deployment.kubernetes.io/revision-history"] != "1" {
				t.Errorf("the revived ReplicaSet has the notes %v, want revision-history 1", rs.Annotations)
			}
		}
	})
}

func TestProgressDeadlineStrikesAndPauseIsTold(t *testing.T) {
	missing := func(c kubeapi.Container) kubeapi.Behaviour {
		if c.Image == v2 {
			return kubeapi.Behaviour{Missing: "manifest unknown"}
		}
		return kubeapi.Behaviour{}
	}
	inWorld(t, missing, func(w *world) {
		w.setImage(v2)
		asked := w.clock.Now()
		d := w.until("the deadline has passed", func(d *appsv1.Deployment) bool {
			return condition(d, appsv1.DeploymentProgressing).Reason == "ProgressDeadlineExceeded"
		})
		if took := w.clock.Now().Sub(asked); took < 9*time.Minute || took > 11*time.Minute {
			t.Errorf("the deadline of 600 s struck after %s", took)
		}
		if d.Status.AvailableReplicas < 8 {
			t.Errorf("only %d pods are available", d.Status.AvailableReplicas)
		}
		states := map[string]int{}
		for _, p := range w.pods() {
			if wait := p.Status.ContainerStatuses[0].State.Waiting; wait != nil {
				states[wait.Reason]++
			}
		}
		if states["ImagePullBackOff"]+states["ErrImagePull"] != 5 {
			t.Errorf("waiting containers: %v, want five that cannot be pulled", states)
		}
		w.merge(`{"spec":{"paused":true}}`)
		w.wait(time.Second)
		if got := condition(w.deployment(), appsv1.DeploymentProgressing).Reason; got != "ProgressDeadlineExceeded" {
			t.Errorf("a pause wrote %s over the time-out", got)
		}
		w.merge(`{"spec":{"paused":null,"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v1"}]}}}}`)
		w.until("the undo is done", done(10))
		w.merge(`{"spec":{"paused":true}}`)
		w.wait(time.Second)
		if got := condition(w.deployment(), appsv1.DeploymentProgressing); got.Reason != "DeploymentPaused" || got.Status != corev1.ConditionUnknown {
			t.Errorf("paused: Progressing is %s (%s)", got.Status, got.Reason)
		}
		w.setImage("registry.example/api:v3")
		w.wait(time.Minute)
		if got := w.images(false); !maps.Equal(got, map[string]int{v1: 10}) {
			t.Errorf("a paused Deployment rolled: %v", got)
		}
		w.merge(`{"spec":{"paused":false}}`)
		w.until("the resumed rollout is done", done(10))
	})
}

func TestRecreateEndsTheOldPodsFirst(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.merge(`{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null},
			"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v2"}]}}}}`)
		w.until("the update is done", func(d *appsv1.Deployment) bool {
			if got := w.images(false); len(got) > 1 {
				t.Errorf("pods of two versions at once: %v", got)
			}
			return d.Status.UpdatedReplicas == 10 && done(10)(d)
		})
	})
}

func TestRevisionHistoryIsPruned(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.merge(`{"spec":{"revisionHistoryLimit":1}}`)
		for _, tag := range []string{"v2", "v3", "v4"} {
			w.setImage("registry.example/api:" + tag)
			w.until("the update is done", done(10))
		}
		w.wait(time.Second)
		sets, err := w.client.AppsV1().ReplicaSets("shop").List(w.ctx, metav1.ListOptions{})
		if err != nil || len(sets.Items) != 2 {
			t.Errorf("%d ReplicaSets, %v; want the present one and one before", len(sets.Items), err)
		}
	})
}
