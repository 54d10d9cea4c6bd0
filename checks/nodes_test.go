package checks

import (
	"context"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// apply adds objects to the world.
func (c *cluster) apply(yaml string) {
	c.t.Helper()
	if err := c.server.CreateFromYAML([]byte(yaml)); err != nil {
		c.t.Error(err)
	}
}

func (c *cluster) patchNode(name, patch string) {
	c.t.Helper()
	_, err := c.client.CoreV1().Nodes().Patch(context.Background(), name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	if err == nil {
		_, err = c.client.CoreV1().Nodes().Patch(context.Background(), name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	}
	if err != nil {
		c.t.Error(err)
	}
}

const (
	cordon   = `{"spec":{"unschedulable":true}}`
	notReady = `{"status":{"conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown","message":"Kubelet stopped\u001b[2J posting"}]}}`
	pressed  = `{"status":{"conditions":[{"type":"DiskPressure","status":"True"}]}}`
	small    = `{"status":{"allocatable":{"cpu":"1","memory":"4Gi"}}}`
)

const secondNode = `
apiVersion: v1
kind: Node
metadata: {name: node-b, labels: {pool: web}}
status: {allocatable: {cpu: "64", memory: 256Gi, pods: "500"}, conditions: [{type: Ready, status: "True"}]}
`

// requests gives a component's pods a size.
func (c *cluster) requests(name, cpu, memory string) {
	c.patch(name, `{"spec":{"template":{"spec":{"containers":[{"name":%q,"resources":{"requests":{"cpu":%q,"memory":%q}}}]}}}}`, name, cpu, memory)
	c.wait(20 * time.Second)
}

func TestNodes(t *testing.T) {
	plain, surge := params("ready", true), params("headroom", "surge")
	quota := func(hard string) func(*cluster) {
		return func(c *cluster) {
			c.requests("api", "100m", "128Mi")
			c.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: team, namespace: production}\nspec: {hard: {" + hard + "}}\n")
			c.wait(time.Second)
		}
	}
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		status run.Status
		words  []string
	}{
		{"good", nil, plain, run.Passed, []string{"1 node ready", "kubectl get nodes"}},
		{"cordoned, the only one", func(c *cluster) { c.patchNode("node-a", cordon) }, plain, run.Failed, []string{"no node takes pods", "node-a: cordoned", "kubectl describe node node-a"}},
		{"cordoned, but there is another", func(c *cluster) { c.apply(secondNode); c.patchNode("node-a", cordon) }, surge, run.Warn, []string{"node-a is cordoned", "1 of 2 nodes take pods", "room for 2 more pods"}},
		{"not ready", func(c *cluster) { c.apply(secondNode); c.patchNode("node-a", notReady) }, plain, run.Failed, []string{"node-a not ready: NodeStatusUnknown Kubelet stopped^[[2J posting"}},
		{"not ready, but enough", func(c *cluster) { c.apply(secondNode); c.patchNode("node-a", notReady) }, params("min", 1), run.Warn, []string{"node-a not ready"}},
		{"too few", nil, params("min", 2), run.Failed, []string{"1 of 1 node take pods, 2 are needed"}},
		{"under pressure", func(c *cluster) { c.patchNode("node-a", pressed) }, plain, run.Failed, []string{"node-a DiskPressure"}},
		{"by labels", func(c *cluster) { c.apply(secondNode); c.patchNode("node-a", notReady) }, params("selector", "pool=web"), run.Passed, []string{"1 node ready", "kubectl get nodes -l pool=web"}},
		{"no such labels", nil, params("selector", "pool=none"), run.Failed, []string{"there is no such node"}},
		{"room", func(c *cluster) { c.requests("api", "1", "1Gi") }, surge, run.Passed, []string{"1 node ready; room for 2 more pods", "free: 61.0 cores, 253.0 GiB"}},
		{"no room for cpu", func(c *cluster) { c.requests("api", "300m", "64Mi"); c.patchNode("node-a", small) }, surge, run.Failed, []string{"no room for 1 more pod of api: too little cpu"}},
		{"no room for memory", func(c *cluster) { c.requests("worker", "10m", "1100Mi"); c.patchNode("node-a", small) }, surge, run.Failed, []string{"1 more pod of worker: too little memory"}},
		{"a taint", func(c *cluster) { c.patchNode("node-a", `{"spec":{"taints":[{"key":"gpu","effect":"NoSchedule"}]}}`) }, surge, run.Failed, []string{"too little a node that takes it"}},
		{"the quota admits it", quota(`requests.cpu: "1", pods: "8"`), surge, run.Passed, []string{"room for 2 more pods"}},
		{"the quota is used up", quota(`pods: "7"`), surge, run.Failed, []string{"quota team admits 7 pods, 6 are used and 2 are needed"}},
		{"a quota for some pods only", func(c *cluster) {
			c.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: team, namespace: production}\nspec: {hard: {pods: \"1\"}, scopes: [BestEffort]}\n")
			c.wait(time.Second)
		}, surge, run.Passed, []string{"not judged, for they count only some pods: quota team"}},
		{"nodes forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"nodes"}}) }, plain, run.Unknown, []string{"could not look: forbidden", "nodes"}},
		{"pods of others forbidden", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Verbs: []string{"list", "watch"}, Resources: []string{"pods"}})
		}, surge, run.Unknown, []string{"headroom: could not look at the pods of all namespaces: forbidden"}},
		{"pods forbidden and a bad node", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Verbs: []string{"list", "watch"}, Resources: []string{"pods"}})
			c.patchNode("node-a", notReady)
		}, surge, run.Failed, []string{"node-a not ready", "could not look at the pods"}},
		{"quotas forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"resourcequotas"}}) }, surge, run.Unknown, []string{"could not look at the quotas"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, plain, run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, surge, run.Unknown, []string{"timed out after 8s"}},
		{"a failing server", func(c *cluster) { c.server.Inject(kubeapi.Fault{Status: 500}) }, surge, run.Unknown, []string{"could not look"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCluster(t).after(c.before, runbook.Check{Kind: "nodes", Params: c.params})
			want(t, r, c.status, c.words...)
			if r.Sensor != "cluster (current context)" || r.Status == run.Failed && r.Badness <= 0 {
				t.Errorf("sensor %q, badness %v", r.Sensor, r.Badness)
			}
		})
	}
}

// The deploys of the runbook say how many pods they run beside the present ones.
func TestHeadroomIsWhatTheDeployNeeds(t *testing.T) {
	for _, c := range []struct {
		deploy *runbook.Deploy
		words  string
	}{
		{nil, "room for 2 more pods"},
		{&runbook.Deploy{Strategy: "rolling", Waves: [][]string{{"api"}, {"worker"}}}, "room for 1 more pod"},
		{&runbook.Deploy{Strategy: "canary", Waves: [][]string{{"api"}, {"worker"}}, Steps: []runbook.Percent{5, 50, 100}}, "room for 2 more pods"},
		{&runbook.Deploy{Strategy: "canary", Steps: []runbook.Percent{67}}, "room for 6 more pods"},
	} {
		world := newCluster(t)
		if c.deploy != nil {
			step := runbook.Step{ID: "deploy", Deploy: c.deploy}
			world.plan.Runbook.Phases = []runbook.Phase{{Environment: "production", Sections: []runbook.Section{{Steps: []runbook.Step{step}}}}}
		}
		want(t, world.after(nil, runbook.Check{Kind: "nodes", Params: params("headroom", "surge")}), run.Passed, c.words)
	}
}

func TestRequestsOfAPod(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	of := func(cpu string) corev1.ResourceRequirements {
		return corev1.ResourceRequirements{Requests: quantities("cpu", cpu)}
	}
	for _, c := range []struct {
		name string
		spec corev1.PodSpec
		cpu  string
	}{
		{"nothing", corev1.PodSpec{Containers: []corev1.Container{{}}}, "0"},
		{"two containers", corev1.PodSpec{Containers: []corev1.Container{{Resources: of("1")}, {Resources: of("500m")}}}, "1500m"},
		{"a larger init container", corev1.PodSpec{InitContainers: []corev1.Container{{Resources: of("3")}}, Containers: []corev1.Container{{Resources: of("1")}}}, "3"},
		{"a sidecar", corev1.PodSpec{InitContainers: []corev1.Container{{Resources: of("1"), RestartPolicy: &always}, {Resources: of("2")}}, Containers: []corev1.Container{{Resources: of("1")}}}, "3"},
		{"overhead", corev1.PodSpec{Containers: []corev1.Container{{Resources: of("1")}}, Overhead: quantities("cpu", "100m")}, "1100m"},
		{"of the pod itself", corev1.PodSpec{Containers: []corev1.Container{{Resources: of("1")}}, Resources: &corev1.ResourceRequirements{Requests: quantities("cpu", "4")}}, "4"},
	} {
		got := requestsOf(&c.spec, false)[corev1.ResourceCPU]
		if want := quantities("cpu", c.cpu)["cpu"]; got.Cmp(want) != 0 {
			t.Errorf("%s: %s, want %s", c.name, got.String(), c.cpu)
		}
	}
}

func TestWhatANodeAdmits(t *testing.T) {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"zone": "b", "cores": "8"}}}
	n.Spec.Taints = []corev1.Taint{{Key: "soft", Effect: corev1.TaintEffectPreferNoSchedule}}
	needs := func(operator corev1.NodeSelectorOperator, key string, values ...string) *corev1.PodSpec {
		term := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
		return &corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}},
		}}}
	}
	for i, c := range []struct {
		spec *corev1.PodSpec
		ok   bool
	}{
		{&corev1.PodSpec{}, true},
		{&corev1.PodSpec{NodeSelector: map[string]string{"zone": "b"}}, true},
		{&corev1.PodSpec{NodeSelector: map[string]string{"zone": "c"}}, false},
		{needs(corev1.NodeSelectorOpIn, "zone", "a", "b"), true},
		{needs(corev1.NodeSelectorOpNotIn, "zone", "b"), false},
		{needs(corev1.NodeSelectorOpGt, "cores", "4"), true},
		{needs(corev1.NodeSelectorOpExists, "gpu"), false},
		{needs("Nonsense", "zone", "b"), false},
	} {
		if admits(n, c.spec) != c.ok {
			t.Errorf("%d: admits %+v is not %v", i, c.spec, c.ok)
		}
	}
	n.Spec.Taints = []corev1.Taint{{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}}
	for i, c := range []struct {
		t  corev1.Toleration
		ok bool
	}{
		{corev1.Toleration{}, false},
		{corev1.Toleration{Operator: corev1.TolerationOpExists}, true},
		{corev1.Toleration{Key: "gpu", Value: "yes"}, true},
		{corev1.Toleration{Key: "gpu", Value: "no"}, false},
		{corev1.Toleration{Key: "gpu", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}, false},
	} {
		if admits(n, &corev1.PodSpec{Tolerations: []corev1.Toleration{c.t}}) != c.ok {
			t.Errorf("%d: tolerates %+v is not %v", i, c.t, c.ok)
		}
	}
}

func quantities(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}
