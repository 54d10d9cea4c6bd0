package checks

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// complain writes an event about an object as a controller would.
func (c *cluster) complain(kind, name, level, reason, message string) {
	now := metav1.NewTime(c.clock.Now())
	_, err := c.client.CoreV1().Events("production").Create(context.Background(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.%d", name, now.UnixNano()), Namespace: "production"},
		InvolvedObject: corev1.ObjectReference{Kind: kind, Namespace: "production", Name: name}, Type: level, Reason: reason, Message: message,
		FirstTimestamp: now, LastTimestamp: now, Count: 3,
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Error(err)
	}
}

func TestEvents(t *testing.T) {
	bad := func(name string) func(*cluster) {
		return func(c *cluster) {
			c.complain("Pod", name, "Warning", "BackOff", "restarting \x1b[2J with token=not-to-be-seen")
		}
	}
	theirs := params("components", "all")
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"none", nil, theirs, "", run.Passed, []string{"0 events in the last 10m0s", "kubectl -n production get events", "at most 0 Warning"}},
		{"one about a pod", bad("api-6d5f7c9b8-x2x4z"), theirs, "", run.Warn, []string{"1 event in the last", "api-6d5f7c9b8-x2x4z BackOff restarting ^[[2J with token=…", "(3 times)"}},
		{"about a ReplicaSet", bad("api-6d5f7c9b8"), theirs, "", run.Warn, nil},
		{"about something else", bad("postgres-0"), theirs, "", run.Passed, nil},
		{"about a longer name", bad("api-gateway-6d5f7c9b8-x2x4z"), theirs, "", run.Passed, nil},
		{"about anything", bad("postgres-0"), params("since", "5m"), "", run.Warn, []string{"postgres-0"}},
		{"about another component", bad("api-6d5f7c9b8-x2x4z"), params("components", "worker"), "", run.Passed, nil},
		{"long ago", func(c *cluster) { bad("api")(c); c.wait(11 * time.Minute) }, theirs, "", run.Passed, nil},
		{"a reason that does not count", bad("api"), params("components", "all", "except", "BackOff"), "", run.Passed, nil},
		{"as many as there may be", bad("api"), params("max", 1), "", run.Passed, []string{"1 event in the last"}},
		{"a normal one", func(c *cluster) { c.wait(time.Hour); c.complain("Pod", "api", "Normal", "Pulled", "") }, params("types", "Normal"), "", run.Warn, []string{"Pulled"}},
		{"expect", bad("api"), theirs, "self.count < 1", run.Failed, []string{"count = 1, expected self.count < 1"}},
		{"expect by reason", bad("api"), theirs, "!('OOMKilling' in self.reasons)", run.Warn, []string{"1 event"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"events"}}) }, theirs, "", run.Unknown, []string{"could not look: forbidden"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, theirs, "", run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, theirs, "", run.Unknown, []string{"timed out after 8s"}},
		{"a failing server", func(c *cluster) { c.server.Inject(kubeapi.Fault{Status: 500}) }, theirs, "", run.Unknown, []string{"could not look"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCluster(t).after(c.before, runbook.Check{Kind: "events", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
		})
	}
}

// A complaint is seen at once and forgotten when it is old enough, though the interval is an hour.
func TestAnEventIsSeenAndForgotten(t *testing.T) {
	c := newCluster(t)
	check := runbook.Check{Kind: "events", Interval: runbook.Duration{D: time.Hour}, Params: params("components", "all")}
	var began time.Time
	got := c.followed(check, 3, func(report int) {
		if report == 1 {
			c.wait(time.Minute)
			began = c.clock.Now()
			c.complain("Deployment", "api", "Warning", "Odd", "")
		}
	})
	if len(got) != 3 || got[0].status != run.Passed || got[1].status != run.Warn || got[2].status != run.Passed {
		t.Fatalf("got %+v", got)
	}
	if took := got[1].at.Sub(began); took > 250*time.Millisecond {
		t.Errorf("seen after %v", took)
	}
	if took := got[2].at.Sub(began); took < 10*time.Minute || took > 11*time.Minute {
		t.Errorf("forgotten after %v", took)
	}
}
