package checks

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// dated is one report with its time.
type dated struct {
	at     time.Time
	status run.Status
}

// followed runs a check until so many reports have come; then is called beside it after each.
func (c *cluster) followed(check runbook.Check, reports int, then func(report int)) []dated {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []dated
	c.clock.Run(func() {
		_ = c.worker().Do(ctx, c.work(check), func(o run.Observation) {
			r := o.(run.Checked).Result
			c.inspect(r)
			got = append(got, dated{c.clock.Now(), r.Status})
			if len(got) == reports {
				cancel()
				return
			}
			n := len(got)
			c.clock.Go(func() { then(n) })
		})
	})
	return got
}

// change is a fact that is broken and mended.
type change struct {
	name       string
	check      runbook.Check
	before     func(*cluster)
	harm, mend func(*cluster)
	broken     run.Status
}

func changes() []change {
	ctx := context.Background()
	configmap := func(patch string) func(*cluster) {
		return func(c *cluster) {
			_, err := c.client.CoreV1().ConfigMaps("production").Patch(ctx, "app-config", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err != nil {
				c.t.Error(err)
			}
		}
	}
	secret := func(patch string) func(*cluster) {
		return func(c *cluster) {
			_, err := c.client.CoreV1().Secrets("production").Patch(ctx, "app-secrets", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err != nil {
				c.t.Error(err)
			}
		}
	}
	node := func(patch string) func(*cluster) { return func(c *cluster) { c.patchNode("node-a", patch) } }
	deployment := func(patch string) func(*cluster) { return func(c *cluster) { c.patch("api", "%s", patch) } }
	return []change{
		{"workload", all(), nil, deployment(`{"spec":{"paused":true}}`), deployment(`{"spec":{"paused":false}}`), ""},
		{"nodes", runbook.Check{Kind: "nodes", Params: params("ready", true)}, nil, node(cordon), node(`{"spec":{"unschedulable":false}}`), run.Failed},
		{"headroom", runbook.Check{Kind: "nodes", Params: params("headroom", "surge")}, nil, node(cordon), node(`{"spec":{"unschedulable":false}}`), run.Failed},
		{"configmap", runbook.Check{Kind: "configmap", Params: params("name", "app-config", "values", params("LOG_LEVEL", "info"))}, (*cluster).withStaging, configmap(`{"data":{"LOG_LEVEL":"debug"}}`), configmap(`{"data":{"LOG_LEVEL":"info"}}`), run.Failed},
		{"secret", runbook.Check{Kind: "secret", Params: params("name", "app-secrets", "keys", "PASSWORD")}, nil, secret(`{"data":{"PASSWORD":null}}`), secret(`{"stringData":{"PASSWORD":"back"}}`), run.Failed},
		{"object", runbook.Check{Kind: "object", Params: params("apiVersion", "v1", "kind", "ConfigMap", "name", "app-config", "jsonpath", "{.data.LOG_LEVEL}")}, (*cluster).withStaging, configmap(`{"data":{"LOG_LEVEL":null}}`), configmap(`{"data":{"LOG_LEVEL":"info"}}`), run.Failed},
	}
}

// From the change in the API server to the report it takes at most 250 ms, there and back, though the interval is an
// hour.
func TestEveryClusterFactIsLive(t *testing.T) {
	for _, x := range changes() {
		t.Run(x.name, func(t *testing.T) {
			c := newCluster(t)
			x.check.Interval = runbook.Duration{D: time.Hour}
			var acted []time.Time
			act := func(f func(*cluster)) {
				c.wait(time.Minute)
				acted = append(acted, c.clock.Now())
				f(c)
			}
			var got []dated
			mended := false
			got = c.followedUntil(x.before, x.check, func(s run.Status, n int) bool {
				switch {
				case n == 1:
					c.clock.Go(func() { act(x.harm) })
				case s != run.Passed && len(acted) == 1 && !mended:
					mended = true
					c.clock.Go(func() { act(x.mend) })
				}
				return s == run.Passed && len(acted) == 2 || n > 12
			})
			if got[0].status != run.Passed || got[1].status == run.Passed || got[len(got)-1].status != run.Passed || x.broken != "" && got[1].status != x.broken {
				t.Fatalf("got %+v", got)
			}
			if took := got[1].at.Sub(acted[0]); took > 250*time.Millisecond {
				t.Errorf("broken: reported after %v", took)
			}
			if took := got[len(got)-1].at.Sub(acted[1]); took > 250*time.Millisecond {
				t.Errorf("mended: reported after %v", took)
			}
		})
	}
}

// followedUntil runs a check until a report is the last. What is to be before happens in the same run of the clock: between
// two of them the world's time runs on by itself.
func (c *cluster) followedUntil(before func(*cluster), check runbook.Check, last func(status run.Status, report int) bool) []dated {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []dated
	c.clock.Run(func() {
		if before != nil {
			before(c)
		}
		_ = c.worker().Do(ctx, c.work(check), func(o run.Observation) {
			r := o.(run.Checked).Result
			c.inspect(r)
			got = append(got, dated{c.clock.Now(), r.Status})
			if last(r.Status, len(got)) {
				cancel()
			}
		})
	})
	return got
}

// counter is the network between the checks and the API servers, of each cluster its own connection.
type counter struct {
	mu   sync.Mutex
	seen []string
}

// over counts what goes over one connection.
func (n *counter) over(next http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		n.mu.Lock()
		n.seen = append(n.seen, r.Method+" "+r.URL.RequestURI())
		n.mu.Unlock()
		return next.RoundTrip(r)
	})
}

func (n *counter) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := n.seen
	n.seen = nil
	return seen
}

// counted has the checks' requests counted.
func (c *cluster) counted() *counter {
	n := &counter{}
	c.clusters = kube.NewClusters(func(runbook.Environment) (*rest.Config, error) {
		config := c.server.RESTConfig()
		config.Wrap(n.over)
		return config, nil
	}, c.clock)
	c.t.Cleanup(c.clusters.Close)
	return n
}

// checklist is the cluster part of a pre-deployment checklist.
func checklist() []runbook.Check {
	return []runbook.Check{
		all(),
		{Kind: "nodes", Params: params("ready", true, "headroom", "surge")},
		{Kind: "endpoints", Params: params("services", "api, worker")},
		{Kind: "configmap", Params: params("name", "app-config", "keys", "LOG_LEVEL", "sameAs", "staging")},
		{Kind: "secret", Params: params("name", "app-secrets", "keys", "PASSWORD, API_KEY")},
		{Kind: "object", Params: params("apiVersion", "networking.k8s.io/v1", "kind", "Ingress", "name", "web")},
		{Kind: "job", Params: params("name", "migration-dry-run")},
		{Kind: "events", Params: params("components", "all")},
		{Kind: "access", Params: params("for", "rollout")},
	}
}

// The whole list is looked at with few requests, and looked after with fewer.
func TestTheRequestBudget(t *testing.T) {
	c := newCluster(t)
	wire := c.counted()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := c.worker()
	c.clock.Run(func() {
		c.withStaging()
		c.apply(ingress)
		c.migrate("v1", 20*time.Second)
		reports := make([]int, len(checklist()))
		began := c.clock.Now()
		for i, check := range checklist() {
			c.clock.Go(func() {
				work := c.work(check)
				body := work.Body.(run.CheckWork)
				body.Index = i
				work.Body = body
				_ = w.Do(ctx, work, func(o run.Observation) {
					r := o.(run.Checked).Result
					if reports[i]++; r.Status == run.Unknown || r.Status == run.Failed {
						t.Errorf("%s is %s: %s", check.Kind, r.Status, r.Summary)
					}
					if took := c.clock.Now().Sub(began); reports[i] == 1 && took > 250*time.Millisecond {
						t.Errorf("%s took %v", check.Kind, took)
					}
				})
			})
		}
		c.wait(time.Second)
		opened := wire.take()
		if len(opened) >= 30 {
			t.Errorf("%d requests to open it: %q", len(opened), opened)
		}
		for i, n := range reports {
			if n != 1 {
				t.Errorf("check %d has reported %d times", i, n)
			}
		}
		// The practice server sends its bookmarks by the real clock, so a watch of virtual time seems silent after 90 s.
		c.wait(80 * time.Second)
		if idle := wire.take(); len(idle) > 2 {
			t.Errorf("%d requests in 80 idle seconds: %q", len(idle), idle)
		}
		watches := 0
		for _, request := range opened {
			if strings.Contains(request, "watch=true") {
				watches++
			}
			if regexp.MustCompile(`timeoutSeconds=([12]?\d\d|\d\d?)&`).MatchString(request) {
				t.Errorf("a watch of less than 5 minutes: %s", request)
			}
		}
		if perMinute := 1 + float64(watches)/5; perMinute >= 6 {
			t.Errorf("%.1f requests a minute to keep %d watches and the rights", perMinute, watches)
		}
		cancel()
	})
}

// Who may only get and list, but not watch, sees the same, later.
func TestWithoutTheRightToWatch(t *testing.T) {
	for _, x := range changes() {
		t.Run(x.name, func(t *testing.T) {
			c := newCluster(t)
			blind := func(c *cluster) {
				if x.before != nil {
					x.before(c)
				}
				c.server.Forbid(kubeapi.Rule{Verbs: []string{"watch"}})
			}
			x.check.Interval = runbook.Duration{D: 10 * time.Second}
			var acted time.Time
			got := c.followedUntil(blind, x.check, func(s run.Status, n int) bool {
				if s == run.Unknown {
					t.Error("it says unknown")
				}
				if n == 1 {
					c.clock.Go(func() { c.wait(time.Minute); acted = c.clock.Now(); x.harm(c) })
				}
				return s != run.Passed || n > 40
			})
			if took := got[len(got)-1].at.Sub(acted); got[0].status != run.Passed || took > 12*time.Second {
				t.Errorf("seen after %v: %+v", took, got)
			}
		})
	}
}
