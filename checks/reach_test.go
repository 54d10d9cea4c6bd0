package checks

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// well answers as a healthy service does.
func well(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "all ok") }

func TestReach(t *testing.T) {
	both := params("services", "api, worker", "path", "/healthz", "port", "http")
	status := func(code int, body string) func(*cluster) {
		return func(c *cluster) {
			c.behind = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				io.WriteString(w, body)
			}
		}
	}
	apiServer := func(f kubeapi.Fault) func(*cluster) {
		return func(c *cluster) {
			f.Match = kubeapi.Rule{Resources: []string{"services/proxy"}}
			c.server.Inject(f)
		}
	}
	trying := func(what string) func(*cluster) {
		return apiServer(kubeapi.Fault{Status: 503, Message: "error trying to reach service: " + what})
	}
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", nil, both, "", run.Passed, []string{"api 200 in 0 ms", "worker 200", "3 of 3 endpoints ready", "Service production/api", "kubectl get --raw /api/v1/namespaces/production/services/api:http/proxy/healthz"}},
		{"none to be reached", nil, params("services", ""), "self.api.ms < 10.0", run.NotApplicable, []string{"no Service is named"}},
		{"the only port, text, query", nil, params("services", "api", "path", "/x?deep=1", "contains", "ok"), "", run.Passed, []string{"services/api:http/proxy/x?deep=1"}},
		{"port by number", nil, params("services", "api", "port", "80"), "", run.Passed, nil},
		{"another status", status(500, ""), both, "", run.Failed, []string{"api 500 in 0 ms, expected 2xx"}},
		{"a pod's own 403", status(403, ""), both, "", run.Failed, []string{"403", "expected 2xx"}},
		{"that status is good", status(403, ""), params("services", "api", "status", "403"), "", run.Passed, nil},
		{"another text", nil, params("services", "api", "contains", "fine"), "", run.Failed, []string{`does not contain "fine"`}},
		{"an endless body", status(200, strings.Repeat("x", 1<<20)), params("services", "api", "contains", "fine"), "", run.Unknown, []string{"first 65536 bytes"}},
		{"a redirect", func(c *cluster) {
			c.behind = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://evil.example/", http.StatusFound)
			}
		}, both, "", run.Failed, []string{"302", "a redirect, which is not followed"}},
		{"nothing listens", func(c *cluster) { c.behind = nil }, both, "", run.Failed, []string{"does not answer behind its ready endpoint", "connection refused"}},
		{"it breaks off", trying("EOF"), both, "", run.Failed, []string{"behind its ready endpoint: EOF"}},
		{"no way to the pods", trying("dial tcp 10.0.0.7:8080: connect: network is unreachable"), both, "", run.Unknown, []string{"could not look", "the API server has no way to its pods", "unreachable"}},
		{"hostile words", trying(hostile), both, "", run.Unknown, []string{"^[]52", "<U+202E>"}},
		{"no such Service", nil, params("services", "api, nobody"), "", run.Failed, []string{"nobody is not there"}},
		{"no such port", nil, params("services", "api", "port", "81"), "", run.Failed, []string{"has no such port", "81"}},
		{"no such named port", nil, params("services", "api", "port", "metrics"), "", run.Failed, []string{"no ready endpoint on this port"}},
		{"no pod", func(c *cluster) { c.patch("api", `{"spec":{"replicas":0}}`); c.wait(time.Minute) }, both, "", run.Failed, []string{"api has no ready endpoint (0 of 0)"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"services/proxy"}}) }, both, "", run.Unknown, []string{"could not look", "forbidden", `"services/proxy"`, "get services/proxy"}},
		{"endpoints are forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"endpointslices"}}) }, both, "", run.Unknown, []string{"could not look: forbidden", "endpointslices"}},
		{"silence", apiServer(kubeapi.Fault{Hang: true}), both, "", run.Unknown, []string{"gave no answer within 6s", "or the API server has no way to it"}},
		{"API server overloaded", apiServer(kubeapi.Fault{Status: 429}), both, "", run.Unknown, []string{"could not look"}},
		{"expect", nil, both, "self.api.ready == 3 && self.worker.status == 200", run.Passed, nil},
		{"expect is false", nil, both, "self.api.ready > 3", run.Failed, []string{"api.ready = 3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := newCluster(t)
			world.behind = well
			r := world.after(c.before, runbook.Check{Kind: "reach", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if asked := r.Status != run.NotApplicable; asked != (r.Sensor == "cluster (current context)") || (r.Badness > 0) != (r.Status == run.Failed && c.expect == "") {
				t.Errorf("sensor %q, badness %v", r.Sensor, r.Badness)
			}
		})
	}
}

// TestReachAsksSeldom: in peace a Service is asked once in an interval, and at once when its endpoints change, but not
// at every step of a rollout.
func TestReachAsksSeldom(t *testing.T) {
	c := newCluster(t)
	asked := 0
	c.behind = func(w http.ResponseWriter, r *http.Request) { asked++; well(w, r) }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last run.Result
	at := map[run.Status]time.Time{}
	c.clock.Run(func() {
		c.clock.Go(func() {
			_ = c.worker().Do(ctx, c.work(runbook.Check{Kind: "reach", Params: params("services", "api, worker")}), func(o run.Observation) {
				r := o.(run.Checked).Result
				if r.Status != last.Status {
					at[r.Status] = c.clock.Now()
				}
				last = r
			})
		})
		c.wait(time.Hour)
		if asked < 20 || asked > 30 {
			t.Errorf("asked %d times in an hour of peace, want about 24", asked)
		}
		began := asked
		c.setImage("api", "v2") // three pods are replaced, one after the other
		c.wait(2 * time.Minute)
		if n := asked - began; n < 1 || n > 10 || last.Status != run.Passed {
			t.Errorf("asked %d times during a rollout; %s", n, last.Status)
		}
		cut := c.clock.Now()
		c.patch("api", `{"spec":{"replicas":0}}`)
		c.wait(time.Minute)
		if delay := at[run.Failed].Sub(cut); last.Status != run.Failed || delay > 2*time.Second {
			t.Errorf("%s after %v: %s", last.Status, delay, last.Summary)
		}
		back := c.clock.Now()
		c.patch("api", `{"spec":{"replicas":2}}`)
		c.wait(time.Minute)
		if delay := at[run.Passed].Sub(back); last.Status != run.Passed || delay > 20*time.Second {
			t.Errorf("%s after %v: %s", last.Status, delay, last.Summary)
		}
		cancel()
	})
}
