package checks

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const shop = `
apiVersion: v1
kind: Namespace
metadata: {name: production}
---
apiVersion: v1
kind: Node
metadata: {name: node-a}
status: {allocatable: {cpu: "64", memory: 256Gi, pods: "500"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Secret
metadata: {name: app-secrets, namespace: production}
stringData: {PASSWORD: not-to-be-seen, API_KEY: nor-this, EMPTY: ""}
---
apiVersion: v1
kind: Secret
metadata: {name: nothing, namespace: production}
`

const component = `
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: production}
spec: {selector: {app: NAME}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: production}
spec:
  replicas: 3
  progressDeadlineSeconds: 30
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: NAME, image: 'registry.example/NAME:v1', ports: [{containerPort: 8080}]}]}
`

// cluster is a bench with a cluster in which api and worker run.
type cluster struct {
	*bench
	server *kubeapi.Server
	client kubernetes.Interface
	behind http.HandlerFunc // what answers behind Services; nil: nobody
}

func newCluster(t *testing.T) *cluster {
	b := newBench(t)
	c := &cluster{bench: b}
	c.server = kubeapi.New(kubeapi.Options{Clock: b.clock, Seed: 7, Behaviour: func(k kubeapi.Container) kubeapi.Behaviour {
		if strings.Contains(k.Image, "missing") {
			return kubeapi.Behaviour{Missing: "no such image \x1b]52;c;aGk=\x07\u202e"}
		}
		if strings.Contains(k.Image, "crash") {
			return kubeapi.Behaviour{Crash: &kubeapi.Crash{After: time.Second, Log: []string{"migrating", "column \x1b[31mname is missing", "password=not-to-be-seen"}}}
		}
		return kubeapi.Behaviour{}
	}, Proxy: func(_, service, _ string) http.Handler {
		if c.behind == nil || service == "mute" {
			return nil
		}
		return c.behind
	}})
	if err := c.server.CreateFromYAML([]byte(shop + strings.ReplaceAll(component, "NAME", "api") + strings.ReplaceAll(component, "NAME", "worker"))); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.client, err = kubernetes.NewForConfig(c.server.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	b.clusters = kube.NewClusters(func(runbook.Environment) (*rest.Config, error) { return c.server.RESTConfig(), nil }, b.clock)
	b.clock.AddIdle(c.server.Quiet)
	b.clock.AddIdle(func() bool { return b.clusters.Settled(c.server.CaughtUp) })
	ctx, cancel := context.WithCancel(context.Background())
	c.server.Start(ctx)
	t.Cleanup(func() { cancel(); b.clusters.Close() })
	c.clock.Run(func() { c.wait(20 * time.Second) })
	return c
}

// after looks once before has changed the world. Both are in one goroutine of the clock: outside of it the world's time
// would run on by itself between the two.
func (c *cluster) after(before func(*cluster), check runbook.Check) (r run.Result) {
	c.t.Helper()
	c.clock.Run(func() {
		if before != nil {
			before(c)
		}
		r = c.lookNow(check)
	})
	return r
}

// wait lets time pass, in a goroutine of the clock.
func (c *cluster) wait(d time.Duration) {
	if err := c.clock.Wait(context.Background(), d, nil); err != nil {
		c.t.Error(err)
	}
}

func (c *cluster) patch(name, patch string, args ...any) {
	c.t.Helper()
	_, err := c.client.AppsV1().Deployments("production").Patch(context.Background(), name, types.StrategicMergePatchType, fmt.Appendf(nil, patch, args...), metav1.PatchOptions{})
	if err != nil {
		c.t.Error(err)
	}
}

func (c *cluster) setImage(name, tag string) {
	c.t.Helper()
	c.patch(name, `{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":"registry.example/%s:%s"}]}}}}`, name, name, tag)
}

func all() runbook.Check {
	return runbook.Check{Kind: "workload", Params: params("components", "all", "available", true)}
}

func TestWorkload(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*cluster)
		check  runbook.Check
		status run.Status
		words  []string
	}{
		{"good", nil, all(), run.Passed, []string{"6/6 pods available", "api 3/3 available", "Deployment production/api", "kubectl -n production get deployment worker"}},
		{"by name", nil, runbook.Check{Kind: "workload", Params: params("workloads", "deployment/api")}, run.Passed, []string{"3/3 pods"}},
		{
			"the image is missing", func(c *cluster) { c.setImage("api", "missing"); c.wait(10 * time.Second) }, all(), run.Failed,
			[]string{"api 3/3 available, rollout under way: 1 of 3", "ImagePull", "no such image ^[]52"},
		},
		{"the deadline is over", func(c *cluster) { c.setImage("api", "missing"); c.wait(time.Minute) }, all(), run.Failed, []string{"progress deadline exceeded"}},
		{"too few", func(c *cluster) {
			c.patch("api", `{"spec":{"replicas":5}}`)
			c.wait(time.Second)
		}, all(), run.Failed, []string{"api 3/5 available"}},
		{"paused", func(c *cluster) { c.patch("api", `{"spec":{"paused":true}}`); c.wait(time.Second) }, all(), run.Warn, []string{"api is paused"}},
		{"scaled to nothing", func(c *cluster) { c.patch("api", `{"spec":{"replicas":0}}`); c.wait(time.Minute) }, all(), run.Failed, []string{"api 0/0 available, it wants no pod"}},
		{"scaled to nothing on purpose", func(c *cluster) { c.patch("api", `{"spec":{"replicas":0}}`); c.wait(time.Minute) }, runbook.Check{Kind: "workload", Params: params("components", "all"), Expect: "self.worker.available == 3"}, run.Passed, nil},
		{"gone", nil, runbook.Check{Kind: "workload", Params: params("workloads", "deployment/ghost")}, run.Failed, []string{"ghost is not there"}},
		{
			"expect judges alone", func(c *cluster) { c.setImage("api", "missing"); c.wait(10 * time.Second) },
			runbook.Check{Kind: "workload", Params: params("components", "all"), Expect: "self.api.available >= 3 && self.worker.total == 3"},
			run.Passed,
			[]string{"api.available = 3"},
		},
		{"expect is false", nil, runbook.Check{Kind: "workload", Params: params("components", "all"), Expect: "self.api.desired > 3"}, run.Failed, []string{"api.desired = 3, expected self.api.desired > 3"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"deployments"}}) }, all(), run.Unknown, []string{"could not look: forbidden", "deployments", "ask for this right"}},
		{"pods forbidden", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Resources: []string{"pods"}})
			c.setImage("api", "missing")
			c.wait(10 * time.Second)
		}, all(), run.Failed, []string{"rollout under way"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, all(), run.Unknown, []string{"could not look: no connection: ", "connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, all(), run.Unknown, []string{"could not look: timed out after 8s"}},
		{"a failing server", func(c *cluster) { c.server.Inject(kubeapi.Fault{Status: 503, Message: "etcd \x1b[2J is down"}) }, all(), run.Unknown, []string{"could not look", "etcd ^[[2J is down"}},
		{"an unknown component", nil, runbook.Check{Kind: "workload", Params: params("components", "web")}, run.Unknown, []string{`no component "web"; it has api, worker`}},
		{"another kind of workload", nil, runbook.Check{Kind: "workload", Params: params("workloads", "cronjob/db")}, run.Unknown, []string{"does not look at"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, newCluster(t).after(c.before, c.check), c.status, c.words...)
		})
	}
}

func TestEndpoints(t *testing.T) {
	both := params("services", []any{"api", "worker"}, "min", 2)
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", nil, both, "", run.Passed, []string{"api 3 ready, worker 3 ready", "EndpointSlice production/api-", "≥ 2 ready"}},
		{"too few", func(c *cluster) { c.patch("api", `{"spec":{"replicas":1}}`); c.wait(time.Minute) }, both, "", run.Failed, []string{"api 1 of 1 endpoint ready"}},
		{"none", func(c *cluster) { c.patch("api", `{"spec":{"replicas":0}}`); c.wait(time.Minute) }, params("services", "api"), "", run.Failed, []string{"api 0 of 0 endpoints ready"}},
		{"no such Service", nil, params("services", "ghost"), "", run.Failed, []string{"there is no Service ghost"}},
		{"expect", nil, params("services", "api"), "self.api > 5", run.Failed, []string{"api = 3, expected self.api > 5"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"endpointslices"}}) }, both, "", run.Unknown, []string{"could not look: forbidden"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, both, "", run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, both, "", run.Unknown, []string{"timed out after 8s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, newCluster(t).after(c.before, runbook.Check{Kind: "endpoints", Params: c.params, Expect: c.expect}), c.status, c.words...)
		})
	}
}

func TestSecret(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", nil, params("name", "app-secrets", "keys", []any{"PASSWORD", "API_KEY"}), "", run.Passed, []string{"has 2 keys, none empty", "Secret production/app-secrets", "2 of 2 keys set"}},
		{"a key is missing", nil, params("name", "app-secrets", "keys", []any{"PASSWORD", "TOKEN"}), "", run.Failed, []string{"missing: TOKEN"}},
		{"a key is empty", nil, params("name", "app-secrets", "keys", "EMPTY"), "", run.Failed, []string{"empty: EMPTY"}},
		{"every key counts", nil, params("name", "app-secrets"), "", run.Failed, []string{"empty: EMPTY"}},
		{"no key at all", nil, params("name", "nothing"), "", run.Failed, []string{"it has no key"}},
		{"no such Secret", nil, params("name", "ghost"), "", run.Failed, []string{"there is no Secret ghost"}},
		{"expect", nil, params("name", "app-secrets", "keys", "PASSWORD"), "self.PASSWORD >= 32", run.Failed, []string{"PASSWORD = …"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"secrets"}}) }, params("name", "app-secrets"), "", run.Unknown, []string{"could not look: forbidden"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, params("name", "app-secrets"), "", run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, params("name", "app-secrets"), "", run.Unknown, []string{"timed out after 8s"}},
		{"a hostile name", nil, params("name", "../../x\x1b"), "", run.Unknown, []string{"not the name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCluster(t).after(c.before, runbook.Check{Kind: "secret", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if strings.Contains(shown(r), "not-to-be-seen") || strings.Contains(shown(r), "nor-this") {
				t.Errorf("a value shows in %q", shown(r))
			}
		})
	}
}

// ownSteps are a run's steps that write beside its rollout.
func ownSteps(maybe bool) []run.Need {
	return []run.Need{
		{Step: runbook.Step{Title: "Restore", Job: &runbook.Job{CronJob: "db-restore"}}, Maybe: maybe},
		{Step: runbook.Step{Title: "Raise the flags", Flags: &runbook.Flags{ConfigMap: runbook.ConfigMapKey{Name: "flags"}}}, Maybe: maybe},
	}
}

func TestAccess(t *testing.T) {
	for _, c := range []struct {
		name   string
		forbid kubeapi.Rule
		fault  kubeapi.Fault
		params map[string]any
		needs  []run.Need
		status run.Status
		words  []string
	}{
		{
			name: "what the run's own steps need", forbid: kubeapi.Rule{Verbs: []string{"patch"}, Resources: []string{"configmaps"}, Names: []string{"flags"}}, params: params("for", "rollout"), needs: ownSteps(false), status: run.Failed,
			words: []string{"may not patch configmaps flags", `which the step "Raise the flags" needs`, "kubectl -n production auth can-i patch configmaps/flags"},
		},
		{name: "what they may need", forbid: kubeapi.Rule{Resources: []string{"configmaps"}}, params: params("for", "rollout"), needs: ownSteps(true), status: run.Warn, words: []string{"may not get configmaps flags, patch configmaps flags"}},
		{name: "what other runs need", forbid: kubeapi.Rule{Resources: []string{"configmaps", "jobs"}}, params: params("for", "rollout"), status: run.Passed, words: []string{"rights held"}},
		{name: "only what is asked for", forbid: kubeapi.Rule{Resources: []string{"configmaps"}}, params: params("verbs", "get", "resource", "jobs", "group", "batch"), needs: ownSteps(false), status: run.Passed, words: []string{"1 right held"}},
		{name: "good", params: params("for", "rollout"), status: run.Passed, words: []string{"rights held", "kubectl -n production auth can-i --list"}},
		{
			name: "no patch", forbid: kubeapi.Rule{Verbs: []string{"patch"}, Resources: []string{"deployments"}}, params: params("for", "rollout"), status: run.Failed,
			words: []string{"may not patch deployments.apps", "kubectl -n production auth can-i patch deployments.apps"},
		},
		{name: "only nice to have", forbid: kubeapi.Rule{Verbs: []string{"get"}, Resources: []string{"pods/log"}}, params: params("for", "rollout"), status: run.Warn, words: []string{"may not get pods/log"}},
		{name: "one right", params: params("verbs", []any{"get", "list"}, "resource", "jobs", "group", "batch"), status: run.Passed, words: []string{"2 rights held"}},
		{name: "not this one", forbid: kubeapi.Rule{Verbs: []string{"delete"}, Resources: []string{"jobs"}}, params: params("verbs", "delete", "resource", "jobs", "group", "batch"), status: run.Failed, words: []string{"may not delete jobs.batch"}},
		{name: "no connection", fault: kubeapi.Fault{Refuse: true}, params: params("for", "rollout"), status: run.Unknown, words: []string{"connection refused"}},
		{name: "no answer", fault: kubeapi.Fault{Hang: true}, params: params("for", "rollout"), status: run.Unknown, words: []string{"timed out after 8s"}},
		{name: "reviews fail", fault: kubeapi.Fault{Status: 500, Message: "no \u009breviews"}, params: params("for", "rollout"), status: run.Unknown, words: []string{"<U+009B>reviews"}},
		{name: "both forms", params: params("for", "rollout", "verbs", "get"), status: run.Unknown, words: []string{"for stands beside verbs"}},
		{name: "nothing asked", params: params("verbs", "get"), status: run.Unknown, words: []string{"no right is named"}},
		{name: "another purpose", params: params("for", "fun"), status: run.Unknown, words: []string{`"fun" is not known`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := func(world *cluster) {
				if len(c.forbid.Resources) > 0 {
					world.server.Forbid(c.forbid)
				}
				if c.fault.Refuse || c.fault.Hang || c.fault.Status != 0 {
					world.server.Inject(c.fault)
				}
			}
			world := newCluster(t)
			world.needs = c.needs
			want(t, world.after(before, runbook.Check{Kind: "access", Params: c.params}), c.status, c.words...)
		})
	}
}

func TestTheWrongClusterIsNeverGreen(t *testing.T) {
	for _, c := range checklist() {
		world := newCluster(t)
		world.clock.Run(world.withStaging)
		env := world.plan.Env("production")
		env.ClusterUID = "another-cluster"
		world.plan.Runbook.Environments.Set("production", env)
		r := world.look(c)
		want(t, r, run.Unknown, "could not look", "wrong cluster")
		if r.Sensor != "cluster (current context)" || !r.Ill {
			t.Errorf("%s: sensor %q, ill %v", c.Kind, r.Sensor, r.Ill)
		}
	}
}

// TestAChangeIsReportedAtOnce: from the change in the API server to the report it takes at most 250 ms, though the
// interval is an hour; and what changed nothing is not reported.
func TestAChangeIsReportedAtOnce(t *testing.T) {
	c := newCluster(t)
	check := all()
	check.Interval = runbook.Duration{D: time.Hour}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var changed time.Time
	var got []run.Checked
	c.clock.Run(func() {
		err := c.worker().Do(ctx, c.work(check), func(o run.Observation) {
			got = append(got, o.(run.Checked))
			switch len(got) {
			case 1:
				c.clock.Go(func() {
					if c.clock.Wait(ctx, time.Minute, nil) == nil {
						changed = c.clock.Now()
						c.setImage("api", "v2")
					}
				})
			case 2:
				if took := c.clock.Now().Sub(changed); took > 250*time.Millisecond {
					t.Errorf("the change was reported after %v", took)
				}
			}
			if len(got) > 2 && o.(run.Checked).Result.Status == run.Passed {
				cancel()
			}
		})
		if err != context.Canceled {
			t.Errorf("Do ended with %v", err)
		}
	})
	if len(got) < 3 || got[0].Result.Status != run.Passed || got[1].Result.Status != run.Failed {
		t.Fatalf("got %d reports: %+v", len(got), got)
	}
	for i := 1; i < len(got); i++ {
		if got[i].Result.Summary == got[i-1].Result.Summary && len(got) > 60 {
			t.Errorf("%d reports for one rollout", len(got))
		}
	}
	if took := c.clock.Now().Sub(changed); took > time.Minute {
		t.Errorf("the rollout's end was reported after %v", took)
	}
}

// TestALostClusterBecomesUnknownAndComesBack without waiting for the interval of an hour. The end of a dropped watch
// arrives in real time, while the virtual clock may jump on until the silence is noticed (90 s) more than once.
func TestALostClusterBecomesUnknownAndComesBack(t *testing.T) {
	c := newCluster(t)
	check := all()
	check.Interval = runbook.Duration{D: time.Hour}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []run.Status
	begin := c.clock.Now()
	c.clock.Run(func() {
		var lift func()
		_ = c.worker().Do(ctx, c.work(check), func(o run.Observation) {
			got = append(got, o.(run.Checked).Result.Status)
			switch last := got[len(got)-1]; {
			case len(got) == 1:
				lift = c.server.Inject(kubeapi.Fault{Refuse: true})
				c.server.DropWatches()
			case len(got) == 2:
				lift()
			case last == run.Passed || len(got) > 10:
				cancel()
			}
		})
	})
	if got[0] != run.Passed || got[1] != run.Unknown || got[len(got)-1] != run.Passed || slices.Contains(got, run.Failed) {
		t.Errorf("got %v", got)
	}
	if took := c.clock.Now().Sub(begin); took >= 30*time.Minute {
		t.Errorf("it came back after %v: it waited for the interval", took)
	}
}
