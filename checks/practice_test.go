package checks

import (
	"context"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
)

// TestNetworkKindsInPractice: what answers in the practice world satisfies the kinds that look at the network, through
// its own doors.
func TestNetworkKindsInPractice(t *testing.T) {
	scenario := practice.Scenario{Start: monday}
	scenario.World.Running, scenario.World.Release = "v1.4.1", "v1.4.2"
	b := newBench(t)
	w, err := practice.New(scenario, b.clock, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"api", "worker"} {
		b.plan.Runbook.Components.Set(label, runbook.Component{Name: label, Workload: "deployment/" + label, Image: "registry.example/" + label + ":v1.4.1"})
	}
	b.http, b.network = w.Transport(), network{dial: w.Dial, resolver: w, roots: w.Roots()}
	b.clusters = kube.NewClusters(func(runbook.Environment) (*rest.Config, error) { return w.RESTConfig(), nil }, b.clock)
	defer b.clusters.Close()
	b.clock.AddIdle(w.Idle())
	b.clock.AddIdle(func() bool { return b.clusters.Settled(w.Cluster().CaughtUp) })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.clock.Run(func() {
		if err := w.Start(ctx); err != nil {
			t.Error(err)
			return
		}
		for _, c := range []struct {
			kind   string
			params map[string]any
			status run.Status
			words  string
		}{
			{"http", params("url", "https://example/healthz", "contains", "ok"), run.Passed, "200"},
			{"tcp", params("address", []any{"redis.production.svc:6379", "example:443"}), run.Passed, "connected"},
			{"tcp", params("address", "redis.production.svc:6379", "send", "PING\r\n", "answer", "PONG"), run.Passed, "PONG"},
			{"tcp", params("address", "example:8443"), run.Failed, "refuses"},
			{"tcp", params("address", "elsewhere.example:443"), run.Failed, "does not exist"},
			{"dns", params("name", "example", "type", "A"), run.Passed, "203.0.113."},
			{"dns", params("name", "elsewhere.example"), run.Failed, "does not exist"},
			{"tls", params("address", "example"), run.Passed, "by Practice CA"},
			{"certificate", params("secrets", "web-tls", "hosts", "example", "trusted", true), run.Passed, "web-tls"},
			{"reach", params("services", "api, worker", "path", "/healthz", "port", "http"), run.Passed, "api 200"},
			{"reach", params("services", "redis"), run.Failed, "connection refused"},
			{"image", params("components", "all"), run.Passed, "2 images in the registry"},
			{"image", params("images", "registry.example/api:v9.9.9"), run.Failed, "is not in the registry"},
		} {
			r := b.lookNow(runbook.Check{Kind: c.kind, Params: c.params})
			want(t, r, c.status, c.words)
			if c.kind == "image" && r.Status == run.Passed {
				pinned(t, b, r.Pin)
			}
		}
	})
}

// pinned: the digests that the registry tells are those that the nodes report of what runs.
func pinned(t *testing.T, b *bench, pin run.Safe) {
	t.Helper()
	cluster, err := b.clusters.Get(b.plan.Env("production"))
	if err != nil {
		t.Error(err)
		return
	}
	pods, err := cluster.Pods(context.Background(), labels.SelectorFromSet(labels.Set{"app": "api"}))
	if err != nil || len(pods) == 0 {
		t.Errorf("no pods: %v", err)
		return
	}
	if id := pods[0].Status.ContainerStatuses[0].ImageID; !strings.Contains(string(pin), id) {
		t.Errorf("%s is not in the pin %s", id, pin)
	}
}
