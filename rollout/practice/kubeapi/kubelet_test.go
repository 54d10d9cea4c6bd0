package kubeapi_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func (w *world) reasons() []string {
	w.t.Helper()
	list, err := w.client.CoreV1().Events("shop").List(w.ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod"})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, e := range list.Items {
		all = append(all, e.Reason)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (w *world) log(pod string, opt *corev1.PodLogOptions) (string, error) {
	in, err := w.client.CoreV1().Pods("shop").GetLogs(pod, opt).Stream(w.ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	b, err := io.ReadAll(in)
	return string(b), err
}

func TestCrashLoopBacksOffAndKeepsItsLogs(t *testing.T) {
	crash := func(c kubeapi.Container) kubeapi.Behaviour {
		if c.Image == v2 {
			return kubeapi.Behaviour{
				Log:   []string{"starting"},
				Crash: &kubeapi.Crash{After: time.Second, ExitCode: 3, Log: []string{"panic: no config"}},
			}
		}
		return kubeapi.Behaviour{}
	}
	inWorld(t, crash, func(w *world) {
		w.setImage(v2)
		w.wait(5 * time.Minute)
		var bad corev1.Pod
		for _, p := range w.pods() {
			if p.Spec.Containers[0].Image == v2 {
				bad = p
			}
		}
		st := bad.Status.ContainerStatuses[0]
		if st.RestartCount < 3 || st.RestartCount > 6 || st.State.Waiting == nil || st.State.Waiting.Reason != "CrashLoopBackOff" {
			t.Errorf("after five minutes: %+v, want CrashLoopBackOff after a few restarts", st)
		}
		if st.LastTerminationState.Terminated == nil || st.LastTerminationState.Terminated.ExitCode != 3 {
			t.Errorf("last termination %+v, want exit code 3", st.LastTerminationState)
		}
		for _, previous := range []bool{true, false} {
			if got, err := w.log(bad.Name, &corev1.PodLogOptions{Previous: previous}); err != nil || got != "starting\npanic: no config\n" {
				t.Errorf("log (previous %v): %q, %v", previous, got, err)
			}
		}
		if reasons := w.reasons(); !slices.Contains(reasons, "BackOff") {
			t.Errorf("events %v, want BackOff among them", reasons)
		}
		if n := w.images(true)[v1]; n < 8 {
			t.Errorf("only %d of the old pods still serve", n)
		}
	})
}

func TestMissingImageIsTriedAgain(t *testing.T) {
	missing := true
	behaviour := func(c kubeapi.Container) kubeapi.Behaviour {
		if c.Image == v2 && missing {
			return kubeapi.Behaviour{Missing: "registry.example/api:v2: not found"}
		}
		return kubeapi.Behaviour{}
	}
	inWorld(t, behaviour, func(w *world) {
		w.setImage(v2)
		w.wait(30 * time.Second)
		for _, p := range w.pods() {
			if p.Spec.Containers[0].Image != v2 {
				continue
			}
			if p.Status.Phase != corev1.PodPending || p.Status.ContainerStatuses[0].ImageID != "" {
				t.Errorf("pod %s is %s with image id %q", p.Name, p.Status.Phase, p.Status.ContainerStatuses[0].ImageID)
			}
			if _, err := w.log(p.Name, &corev1.PodLogOptions{}); !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "failing to pull image") {
				t.Errorf("log of a container that never ran: %v, want 400", err)
			}
		}
		for _, want := range []string{"Scheduled", "Pulling", "Failed", "BackOff"} {
			if got := w.reasons(); !slices.Contains(got, want) {
				t.Errorf("events %v, want %s among them", got, want)
			}
		}
		missing = false
		w.until("the image is there", done(10))
	})
}

func TestReadinessIsLostAndRegained(t *testing.T) {
	sick := ""
	behaviour := func(c kubeapi.Container) kubeapi.Behaviour { return kubeapi.Behaviour{NotReady: sick} }
	inWorld(t, behaviour, func(w *world) {
		serving := func() int {
			slices, err := w.client.DiscoveryV1().EndpointSlices("shop").List(w.ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=api"})
			if err != nil || len(slices.Items) != 1 {
				t.Fatalf("%d slices, %v; want one", len(slices.Items), err)
			}
			n := 0
			for _, e := range slices.Items[0].Endpoints {
				if *e.Conditions.Ready {
					n++
				}
			}
			return n
		}
		told := 0
		w.server.OnPods(func() { told++ })
		if serving() != 10 {
			t.Errorf("%d endpoints are ready, want 10", serving())
		}
		sick = "HTTP probe failed with statuscode: 503"
		w.server.Reassess()
		w.wait(time.Second)
		if serving() != 0 || len(w.images(true)) != 0 || told == 0 {
			t.Errorf("%d endpoints and %v pods are ready, told %d times", serving(), w.images(true), told)
		}
		if got := condition(w.deployment(), "Available"); got.Status != corev1.ConditionFalse {
			t.Errorf("Available is %s", got.Status)
		}
		sick = ""
		w.server.Reassess()
		w.until("it has recovered", done(10))
	})
}

func TestQuotaBlocksTheRollout(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		err := w.server.CreateFromYAML([]byte("{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: shop}, spec: {hard: {pods: '10'}}}"))
		if err != nil {
			t.Fatal(err)
		}
		w.merge(`{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":0}}}}`)
		w.setImage(v2)
		w.wait(time.Minute)
		got := condition(w.deployment(), "ReplicaFailure")
		if got.Reason != "FailedCreate" || !strings.Contains(got.Message, "exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10") {
			t.Errorf("ReplicaFailure is %+v", got)
		}
	})
}

func TestPodsThatFitNowhereWait(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.merge(`{"spec":{"template":{"spec":{"containers":[{"name":"api","resources":{"requests":{"cpu":"20"}}}]}}}}`)
		w.wait(time.Minute)
		var why string
		for _, p := range w.pods() {
			for _, c := range p.Status.Conditions {
				if c.Reason == corev1.PodReasonUnschedulable {
					why = c.Message
				}
			}
		}
		if why != "0/2 nodes are available: 2 Insufficient cpu." {
			t.Errorf("unschedulable because %q", why)
		}
	})
}
