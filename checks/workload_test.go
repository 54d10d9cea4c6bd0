package checks

import (
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const stateful = `
apiVersion: apps/v1
kind: KIND
metadata: {name: db, namespace: production}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: 'registry.example/db:v1'}]}
  SPEC
status: {STATUS}
`

func TestStatefulSetsAndDaemonSets(t *testing.T) {
	for _, c := range []struct {
		name, kind, spec, status string
		result                   run.Status
		words                    string
	}{
		{"a whole set", "StatefulSet", "replicas: 3", "observedGeneration: 1, replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3", run.Passed, "3/3 pods available"},
		{"a set nobody looked at", "StatefulSet", "replicas: 3", "replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3", run.Failed, "not yet taken up"},
		{"a pod not ready", "StatefulSet", "replicas: 3", "observedGeneration: 1, replicas: 3, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 3", run.Failed, "db 2/3 available, 1 pod not ready"},
		{"a rollout", "StatefulSet", "replicas: 3", "observedGeneration: 1, replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 1, currentRevision: a, updateRevision: b", run.Failed, "rollout under way: 1 of 3 pods updated"},
		{"ready, not available", "StatefulSet", "replicas: 2\n  minReadySeconds: 30", "observedGeneration: 1, replicas: 2, readyReplicas: 2, availableReplicas: 1, updatedReplicas: 2", run.Failed, "1 pod not available"},
		{"a partition", "StatefulSet", "replicas: 3\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}", "observedGeneration: 1, replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 1, currentRevision: a, updateRevision: b", run.Warn, "db updates only the pods from number 2 on"},
		{"updates by hand", "StatefulSet", "replicas: 2\n  updateStrategy: {type: OnDelete}", "observedGeneration: 1, replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 0, currentRevision: a, updateRevision: b", run.Warn, "only when it is deleted: 0 of 2 updated"},
		{"on every node", "DaemonSet", "", "observedGeneration: 1, desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, numberAvailable: 3, updatedNumberScheduled: 3, numberMisscheduled: 0", run.Passed, "3/3 pods available"},
		{"a node lacks it", "DaemonSet", "", "observedGeneration: 1, desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 2, numberAvailable: 2, updatedNumberScheduled: 3, numberMisscheduled: 0", run.Failed, "1 pod not available"},
		{"its rollout", "DaemonSet", "", "observedGeneration: 1, desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, numberAvailable: 3, updatedNumberScheduled: 1, numberMisscheduled: 0", run.Failed, "1 of 3 pods updated"},
		{"where it should not be", "DaemonSet", "", "observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1, numberAvailable: 1, updatedNumberScheduled: 1, numberMisscheduled: 2", run.Warn, "runs 2 pods where it should not"},
		{"on no node", "DaemonSet", "", "observedGeneration: 1, desiredNumberScheduled: 0, currentNumberScheduled: 0, numberReady: 0, numberMisscheduled: 0", run.Warn, "fits on no node"},
	} {
		t.Run(c.name, func(t *testing.T) {
			yaml := strings.NewReplacer("KIND", c.kind, "SPEC", c.spec, "STATUS", c.status).Replace(stateful)
			check := runbook.Check{Kind: "workload", Params: params("workloads", strings.ToLower(c.kind)+"/db")}
			r := newCluster(t).after(func(w *cluster) { w.apply(yaml) }, check)
			want(t, r, c.result, c.words, c.kind+" production/db", "get "+strings.ToLower(c.kind)+" db")
		})
	}
}

func TestAWorkloadThatIsGone(t *testing.T) {
	for _, kind := range []string{"statefulset", "daemonset"} {
		r := newCluster(t).after(nil, runbook.Check{Kind: "workload", Params: params("workloads", kind+"/ghost")})
		want(t, r, run.Failed, "ghost is not there")
	}
}

// The more pods are missing the worse it is.
func TestHowBadAWorkloadIs(t *testing.T) {
	bad := 0.0
	for available := int32(3); available >= 0; available-- {
		three := int32(3)
		d := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &three, Selector: &metav1.LabelSelector{}}}
		d.Status = appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3, AvailableReplicas: available}
		now := stateOfDeployment(d).badness()
		if available < 3 && now <= bad {
			t.Errorf("%d available: %v, with one more it was %v", available, now, bad)
		}
		bad = now
	}
}

func TestWhyAPodDoesNotComeUp(t *testing.T) {
	ended := corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	for want, p := range map[string]corev1.PodStatus{
		"CrashLoopBackOff back-off, ended with exit code 137 OOMKilled": {ContainerStatuses: []corev1.ContainerStatus{{
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off"}}, LastTerminationState: corev1.ContainerState{Terminated: &ended},
		}}},
		"ended with exit code 137 OOMKilled": {ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Terminated: &ended}}}},
		"failed, Evicted low on memory":      {Phase: corev1.PodFailed, Reason: "Evicted", Message: "low on memory"},
		"Unschedulable 0/3 nodes":            {Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes"}}},
		"running, not ready":                 {ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}},
		"":                                   {ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}},
	} {
		if got := reasonOf(&corev1.Pod{Status: p}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
