package rollout_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
)

var api = runbook.Component{Name: "api", Workload: "deployment/api", Container: "api", Image: "registry.example/api:v2"}

// deployment is a healthy Deployment of n replicas and its ReplicaSet.
func deployment(n int32) (*appsv1.Deployment, *appsv1.ReplicaSet) {
	quarter, deadline := intstr.FromString("25%"), int32(600)
	d := &appsv1.Deployment{}
	d.Name, d.Namespace, d.UID, d.Generation = "api", "shop", "u1", 3
	d.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
	d.Spec.Replicas, d.Spec.ProgressDeadlineSeconds = &n, &deadline
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "api"}}
	d.Spec.Strategy = appsv1.DeploymentStrategy{
		Type:          appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &quarter, MaxUnavailable: &quarter},
	}
	d.Spec.Template.Labels = map[string]string{"app": "api"}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "log", Image: "log:v1"}, {Name: "api", Image: "registry.example/api:v1"}}
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n}
	return d, set(d, "h1")
}

// set is the ReplicaSet that the controller makes for the Deployment's template.
func set(d *appsv1.Deployment, hash string) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{}
	rs.Name, rs.UID, rs.Labels = "api-"+hash, "rs-uid", map[string]string{"app": "api", "pod-template-hash": hash}
	rs.Spec.Template = *d.Spec.Template.DeepCopy()
	rs.Spec.Template.Labels["pod-template-hash"] = hash
	return rs
}

// applied is the object after the patch, as the API server would have it.
func applied(t require, d *appsv1.Deployment, data []byte) (*appsv1.Deployment, error) {
	t.Helper()
	p, err := jsonpatch.DecodePatch(data)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.Apply(before)
	if err != nil {
		return nil, err
	}
	written := &appsv1.Deployment{}
	if err := json.Unmarshal(after, written); err != nil {
		t.Fatal(err)
	}
	if !apiequality.Semantic.DeepEqual(d.Spec, written.Spec) || !apiequality.Semantic.DeepEqual(d.Annotations, written.Annotations) {
		written.Generation++
	}
	return written, nil
}

// require is what *testing.T and *rapid.T share.
type require interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Whatever a run has done to a Deployment, the rollback brings back exactly the spec that was pinned.
func TestUndoBringsBackWhatWasPinned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rs := deployment(rapid.Int32Range(1, 50).Draw(t, "replicas"))
		d.Spec.MinReadySeconds = rapid.Int32Range(0, 60).Draw(t, "minReady")
		if rapid.Bool().Draw(t, "no annotations") {
			d.Annotations = nil
		}
		want := d.Spec.DeepCopy()
		pin, err := rollout.PinOf(api, d, rs, nil)
		if err != nil {
			t.Fatal(err)
		}
		share, fence := 0, int64(0)
		for range rapid.IntRange(0, 4).Draw(t, "moves") {
			share = rapid.IntRange(share, 100).Draw(t, "share")
			m := rollout.Move{
				Component: api, Pin: pin, Fence: fence, Stamp: fence + 1, Wish: string(rune('a' + fence)), Run: "r1",
				Share: max(1, share), Canary: rapid.Bool().Draw(t, "canary"), Hold: time.Hour,
			}
			if s := rollout.Stand(d, m); s.Already {
				continue
			} else if s.Refused != "" {
				t.Fatalf("refused: %s", s.Refused)
			}
			if d, err = applied(t, d, patch(t)(rollout.ForwardPatch(d, m))); err != nil {
				t.Fatal(err)
			}
			fence++
		}
		if rapid.Bool().Draw(t, "frozen") {
			if d, err = applied(t, d, patch(t)(rollout.FreezePatch(d, false))); err != nil {
				t.Fatal(err)
			}
		}
		replicas := rapid.Int32Range(0, 50).Draw(t, "scaled to")
		d.Spec.Replicas, want.Replicas = &replicas, &replicas
		before := rollout.MarkOf(d)
		if d, err = applied(t, d, patch(t)(rollout.UndoPatch(d, rs, pin, "back", "r2"))); err != nil {
			t.Fatal(err)
		}
		if !apiequality.Semantic.DeepEqual(*want, d.Spec) {
			t.Fatalf("after the rollback: %+v\nwant: %+v", d.Spec, *want)
		}
		after := rollout.MarkOf(d)
		if after.Fence != before.Fence+1 || after.Act != "back" || after.Run != "r2" {
			t.Fatalf("marks after the rollback: %+v", after)
		}
		if found, ok := rollout.NotedPin(api, d); fence > 0 && (!ok || found.Hash != pin.Hash || found.Run != "r1") {
			t.Fatalf("the pin did not survive: %+v", found)
		}
	})
}

// patch is a patch that could be made.
func patch(t require) func([]byte, error) []byte {
	return func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// A patch applies to exactly what was looked at.
func TestPatchesMissWhatHasChanged(t *testing.T) {
	d, rs := deployment(4)
	pin, err := rollout.PinOf(api, d, rs, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := rollout.Move{Component: api, Pin: pin, Stamp: 1, Wish: "w", Run: "r", Share: 25, Canary: true}
	patches := map[string][]byte{
		"forward": patch(t)(rollout.ForwardPatch(d, m)),
		"undo":    patch(t)(rollout.UndoPatch(d, rs, pin, "w", "r")),
		"thaw":    patch(t)(rollout.FreezePatch(d, true)),
	}
	changes := map[string]func(*appsv1.Deployment){
		"uid":        func(d *appsv1.Deployment) { d.UID = "u2" },
		"generation": func(d *appsv1.Deployment) { d.Generation++ },
		"fence":      func(d *appsv1.Deployment) { d.Annotations[rollout.AnnotFence] = "1" },
	}
	for name, data := range patches {
		if _, err := applied(t, d, data); err != nil {
			t.Errorf("%s on what was looked at: %v", name, err)
		}
		for what, change := range changes {
			other := d.DeepCopy()
			change(other)
			if _, err := applied(t, other, data); err == nil {
				t.Errorf("%s applied although the %s had changed", name, what)
			}
		}
	}
}

func TestCanaryPatch(t *testing.T) {
	d, rs := deployment(20)
	pin, err := rollout.PinOf(api, d, rs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ share, surge int }{{5, 1}, {25, 5}, {26, 6}, {10, 6}} {
		m := rollout.Move{Component: api, Pin: pin, Fence: int64(i), Stamp: int64(i + 1), Wish: string(rune('a' + i)), Run: "r", Share: c.share, Canary: true, Hold: 12 * time.Hour}
		if d, err = applied(t, d, patch(t)(rollout.ForwardPatch(d, m))); err != nil {
			t.Fatal(err)
		}
		s := d.Spec.Strategy.RollingUpdate
		if s.MaxSurge.IntValue() != c.surge || s.MaxUnavailable.IntValue() != 0 {
			t.Errorf("%d%%: surge %s, unavailable %s", c.share, s.MaxSurge, s.MaxUnavailable)
		}
		if d.Spec.MinReadySeconds < 2*12*3600 || *d.Spec.ProgressDeadlineSeconds <= d.Spec.MinReadySeconds {
			t.Errorf("%d%%: minReadySeconds %d, progressDeadlineSeconds %d", c.share, d.Spec.MinReadySeconds, *d.Spec.ProgressDeadlineSeconds)
		}
	}
}

func TestCanaryPods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wanted, share := rapid.IntRange(1, 1000).Draw(t, "wanted"), rapid.IntRange(1, 100).Draw(t, "share")
		n := rollout.CanaryPods(wanted, share)
		if n < 1 || n > wanted || n*100 < wanted*share || n > 1 && (n-1)*100 >= wanted*share {
			t.Fatalf("%d%% of %d: %d", share, wanted, n)
		}
	})
	if n := rollout.CanaryPods(0, 50); n != 1 {
		t.Errorf("of none: %d", n)
	}
}

func TestStatusJudgesAsKubectlDoes(t *testing.T) {
	deadline := func(set string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			d.Status.UpdatedReplicas = 1
			within := int32(90)
			d.Spec.ProgressDeadlineSeconds = &within
			d.Status.Conditions = []appsv1.DeploymentCondition{{
				Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse,
				Reason: "ProgressDeadlineExceeded", Message: `ReplicaSet "` + set + `" has timed out progressing.`, LastUpdateTime: metav1.Unix(1000, 0),
			}}
		}
	}
	ours := func(at int64) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			deadline("api-h1")(d)
			time := metav1.Unix(at, 0)
			d.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "sop", Time: &time}}
		}
	}
	for _, c := range []struct {
		name    string
		change  func(*appsv1.Deployment)
		want    run.Condition
		message string
	}{
		{"done", func(*appsv1.Deployment) {}, run.Done, `deployment "api" successfully rolled out`},
		{"not observed", func(d *appsv1.Deployment) { d.Generation = 4 }, run.Waiting, "spec update to be observed"},
		{"updating", func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 1 }, run.Waiting, "1 out of 4 new replicas have been updated"},
		{"old ones left", func(d *appsv1.Deployment) { d.Status.Replicas = 6 }, run.Waiting, "2 old replicas are pending termination"},
		{"not available", func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 3 }, run.Waiting, "3 of 4 updated replicas are available"},
		{"too late", deadline("api-h1"), run.Broken, "exceeded its progress deadline"},
		{"the other was too late", deadline("api-h0"), run.Waiting, "1 out of 4"},
		{"too late before our patch", ours(1001), run.Waiting, "1 out of 4"},
		{"too late by a clock that ran before our patch", ours(950), run.Waiting, "1 out of 4"},
		{"too late after our patch", ours(900), run.Broken, "progress deadline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, rs := deployment(4)
			c.change(d)
			p := rollout.Status(api, d, []*appsv1.ReplicaSet{rs}, nil)
			if p.Condition != c.want || !strings.Contains(string(p.Message), c.message) {
				t.Errorf("%s: %s", p.Condition, p.Message)
			}
			if p.Hash != "h1" || p.Image != "registry.example/api:v1" || p.Desired != 4 {
				t.Errorf("progress: %+v", p)
			}
		})
	}
}

func pod(name, hash string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{}
	p.Name, p.Labels = name, map[string]string{"app": "api", "pod-template-hash": hash}
	p.Status.Phase = corev1.PodRunning
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "log", ImageID: "log@1"}, {Name: "api", ImageID: "api@" + hash}}
	if change != nil {
		p.Status.Conditions[0].Status = corev1.ConditionFalse
		change(p)
	}
	return p
}

func waits(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodPending
		p.Status.ContainerStatuses[1].ImageID = ""
		p.Status.ContainerStatuses[1].State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	}
}

func TestStatusTellsWhatPodsDo(t *testing.T) {
	crash := func(p *corev1.Pod) {
		waits("CrashLoopBackOff", "back-off")(p)
		s := &p.Status.ContainerStatuses[1]
		s.RestartCount, s.LastTerminationState.Terminated = 4, &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	}
	unschedulable := func(p *corev1.Pod) {
		p.Status.Phase, p.Status.ContainerStatuses = corev1.PodPending, nil
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available"}}
	}
	leaving := func(p *corev1.Pod) {
		now := metav1.Unix(1000, 0)
		p.DeletionTimestamp = &now
		p.Status.Conditions[0].Status = corev1.ConditionTrue
	}
	for _, c := range []struct {
		name, state, stuck string
		change             func(*corev1.Pod)
	}{
		{"pulling", "ContainerCreating", "", waits("ContainerCreating", "")},
		{"no image", "ImagePullBackOff", "ImagePullBackOff: no such tag", waits("ImagePullBackOff", "no such tag")},
		{"crashing", "CrashLoopBackOff", "exit code 137 (OOMKilled), 4 restarts", crash},
		{"no room", "Pending", "Unschedulable: 0/3 nodes", unschedulable},
		{"leaving", "Terminating", "", leaving},
		{"foreign text", "a^[[31m", "", waits("a\x1b[31m", "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, old := deployment(4)
			d.Spec.Template.Spec.Containers[1].Image = api.Image
			d.Status.UpdatedReplicas = 2
			pods := []*corev1.Pod{pod("d", "h2", nil), pod("c", "h2", c.change), pod("b", "h1", nil), pod("a", "h1", nil), pod("x", "h9", nil)}
			p := rollout.Status(api, d, []*appsv1.ReplicaSet{old, set(d, "h2")}, pods)
			if p.Hash != "h2" || p.UpdatedReady != 1 || p.OldReady != 2 || len(p.Pods) != 4 || len(p.Digests) != 1 || p.Digests[0] != "api@h2" {
				t.Errorf("progress: %+v", p)
			}
			if got := p.Pods[2]; got.Name != "c" || got.State != c.state || !got.New {
				t.Errorf("pod: %+v", got)
			}
			if c.stuck == "" && p.Stuck != "" || !strings.Contains(string(p.Stuck), c.stuck) {
				t.Errorf("stuck: %q", p.Stuck)
			}
		})
	}
}

func TestStatusTellsAQuota(t *testing.T) {
	d, rs := deployment(4)
	d.Status.UpdatedReplicas = 0
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota: pods"}}
	if p := rollout.Status(api, d, []*appsv1.ReplicaSet{rs}, nil); !strings.Contains(string(p.Stuck), "exceeded quota") {
		t.Errorf("stuck: %q", p.Stuck)
	}
}

func TestStatusTellsWhoElseWrites(t *testing.T) {
	entry := func(manager, subresource string, at int64) metav1.ManagedFieldsEntry {
		time := metav1.Unix(at, 0)
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Time: &time}
	}
	for _, c := range []struct {
		name   string
		change func(*appsv1.Deployment)
		want   string
	}{
		{"nobody", func(d *appsv1.Deployment) {
			d.ManagedFields = []metav1.ManagedFieldsEntry{entry("kubectl-edit", "", 10), entry("sop", "", 20), entry("kube-controller-manager", "", 30), entry("kube-controller-manager", "status", 40)}
		}, ""},
		{"a person", func(d *appsv1.Deployment) {
			d.ManagedFields = []metav1.ManagedFieldsEntry{entry("sop", "", 20), entry("kubectl-edit", "", 30)}
		}, "kubectl-edit changed it at 00:00:30 UTC"},
		{"an autoscaler", func(d *appsv1.Deployment) {
			d.ManagedFields = []metav1.ManagedFieldsEntry{entry("sop", "", 20), entry("kube-controller-manager", "scale", 30)}
		}, "(scale)"},
		{"flux", func(d *appsv1.Deployment) { d.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "apps"} }, "Flux Kustomization apps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, rs := deployment(4)
			c.change(d)
			got := string(rollout.Status(api, d, []*appsv1.ReplicaSet{rs}, nil).Undoer)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("undoer: %q", got)
			}
		})
	}
}

func TestKubectlUndoQuotesForeignWords(t *testing.T) {
	d, rs := deployment(4)
	pin, err := rollout.PinOf(api, d, rs, nil)
	if err != nil {
		t.Fatal(err)
	}
	pin.Namespace = "it's"
	commands, err := rollout.KubectlUndo(runbook.Environment{Context: "arn:aws:eks/a b"}, pin)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if !strings.HasPrefix(c, `kubectl --context 'arn:aws:eks/a b' -n 'it'\''s' `) {
			t.Errorf("command: %s", c)
		}
	}
}
