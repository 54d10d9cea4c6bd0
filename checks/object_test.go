package checks

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const ingress = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: production, labels: {tier: front}}
spec: {defaultBackend: {service: {name: api, port: {number: 80}}}}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
`

func TestObject(t *testing.T) {
	of := func(pairs ...any) map[string]any {
		return params(append([]any{"apiVersion", "networking.k8s.io/v1", "kind", "Ingress", "name", "web"}, pairs...)...)
	}
	deployment := func(pairs ...any) map[string]any {
		return params(append([]any{"apiVersion", "apps/v1", "kind", "Deployment", "name", "api"}, pairs...)...)
	}
	pods := func(pairs ...any) map[string]any {
		return params(append([]any{"apiVersion", "v1", "kind", "Pod", "selector", "app=api"}, pairs...)...)
	}
	there := func(c *cluster) { c.apply(ingress) }
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"is there", there, of(), "", run.Passed, []string{"Ingress web is there", "Ingress production/web", "kubectl -n production get ingresses.networking.k8s.io web -o yaml"}},
		{"is not there", nil, of(), "", run.Failed, []string{"there is no Ingress web"}},
		{"must not be there and is not", nil, of("exists", false), "", run.Passed, []string{"there is no Ingress web"}},
		{"must not be there and is", there, of("exists", false), "", run.Failed, []string{"is still there"}},
		{"a path", there, of("jsonpath", "{.status.loadBalancer.ingress[0].ip}"), "", run.Passed, []string{"is 192.0.2.1"}},
		{"a path without braces has the value", there, of("jsonpath", ".status.loadBalancer.ingress[0].ip", "value", "192.0.2.1"), "", run.Passed, nil},
		{"a path has another value", there, of("jsonpath", "{.status.loadBalancer.ingress[0].ip}", "value", "192.0.2.9"), "", run.Failed, []string{"is 192.0.2.1, expected 192.0.2.9"}},
		{"a path that is not there", there, of("jsonpath", "{.status.nothing.at.all}"), "", run.Failed, []string{"{.status.nothing.at.all} is not there"}},
		{"a condition", nil, deployment("condition", "Available"), "", run.Passed, []string{"Available is True"}},
		{"a condition that is false", func(c *cluster) { c.setImage("api", "missing"); c.wait(time.Minute) }, deployment("condition", "progressing=true"), "", run.Failed, []string{"progressing is False, ProgressDeadlineExceeded"}},
		{"no such condition", nil, deployment("condition", "Ready"), "", run.Failed, []string{"it has no condition Ready"}},
		{"a condition of an older generation", func(c *cluster) { c.patch("api", `{"spec":{"replicas":4}}`) }, deployment("condition", "Available"), "", run.Failed, []string{"not yet taken up"}},
		{"expect", nil, deployment(), "self.status.readyReplicas == 3 && self.exists", run.Passed, []string{"status.readyReplicas = 3"}},
		{"expect is false", nil, deployment(), "self.spec.replicas > 3", run.Failed, []string{"spec.replicas = 3, expected self.spec.replicas > 3"}},
		{"expect of what is missing", nil, of(), "self.spec.rules.size() > 0", run.Failed, []string{"there is no Ingress web"}},
		{"expect judges whether it is there", nil, of(), "!self.exists", run.Passed, []string{"exists = false"}},
		{"all with a label", nil, pods("condition", "Ready"), "", run.Passed, []string{"3 Pods as expected", "kubectl -n production get pods -l app=api"}},
		{"one of all is bad", func(c *cluster) { c.setImage("api", "missing"); c.wait(10 * time.Second) }, pods("condition", "Ready"), "", run.Failed, []string{"Ready is False", "Pod production/api-"}},
		{"too few of all", nil, pods("min", 4), "", run.Failed, []string{"3 Pods with app=api, 4 needed"}},
		{"none of all", nil, pods("exists", false), "", run.Failed, []string{"3 Pods with app=api still there"}},
		{"expect of all", nil, pods(), "self.items.all(p, p.status.phase == 'Running') && self.count == 3", run.Passed, nil},
		{"without a namespace", nil, params("apiVersion", "v1", "kind", "Namespace", "name", "production"), "", run.Passed, []string{"Namespace production", "kubectl get namespaces production"}},
		{"of another namespace", func(c *cluster) { c.apply(strings.ReplaceAll(ingress, "namespace: production", "namespace: default")) }, of("namespace", "default"), "", run.Passed, []string{"Ingress default/web"}},
		{"no such kind", nil, params("apiVersion", "example.com/v1", "kind", "Thing", "name", "a"), "", run.Unknown, []string{"could not look: the cluster knows no Thing in example.com/v1"}},
		{"no such kind in the group", nil, params("apiVersion", "apps/v1", "kind", "Thing", "name", "a", "exists", false), "", run.Unknown, []string{"knows no Thing"}},
		{"a Secret", nil, params("apiVersion", "v1", "kind", "Secret", "name", "app-secrets"), "", run.Unknown, []string{"use the kind secret"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"ingresses"}}) }, of("exists", false), "", run.Unknown, []string{"could not look: forbidden"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, of(), "", run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, of(), "", run.Unknown, []string{"timed out after 8s"}},
		{"a failing server", func(c *cluster) { c.server.Inject(kubeapi.Fault{Status: 503, Message: "no \u202eway"}) }, of("exists", false), "", run.Unknown, []string{"no <U+202E>way"}},
		{"a hostile name", nil, params("apiVersion", "v1", "kind", "ConfigMap", "name", "../secrets/x"), "", run.Unknown, []string{"not the name"}},
		{"a hostile version", nil, params("apiVersion", "v1/../../x", "kind", "ConfigMap", "name", "x"), "", run.Unknown, []string{"not a group and version"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCluster(t).after(c.before, runbook.Check{Kind: "object", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
		})
	}
}

// A kind that is installed later is found then, and what is followed of it changes the box at once.
func TestObjectsAreFollowed(t *testing.T) {
	c := newCluster(t)
	check := runbook.Check{Kind: "object", Interval: runbook.Duration{D: time.Hour}, Params: params("apiVersion", "networking.k8s.io/v1", "kind", "Ingress", "name", "web", "jsonpath", "{.spec.ingressClassName}", "value", "nginx")}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got []run.Status
	var acted time.Time
	act := func(f func() error) {
		c.clock.Go(func() {
			c.wait(time.Minute)
			acted = c.clock.Now()
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	class := func(name string) func() error {
		return func() error {
			_, err := c.client.NetworkingV1().Ingresses("production").Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"ingressClassName":"`+name+`"}}`), metav1.PatchOptions{})
			return err
		}
	}
	c.clock.Run(func() {
		_ = c.worker().Do(ctx, c.work(check), func(o run.Observation) {
			got = append(got, o.(run.Checked).Result.Status)
			if took := c.clock.Now().Sub(acted); len(got) > 1 && took > 250*time.Millisecond {
				t.Errorf("report %d came after %v", len(got), took)
			}
			switch len(got) {
			case 1:
				act(func() error { c.apply(ingress); return nil })
			case 2:
				act(class("nginx"))
			case 3:
				act(class("other"))
			case 4:
				act(func() error {
					return c.client.NetworkingV1().Ingresses("production").Delete(ctx, "web", metav1.DeleteOptions{})
				})
			case 5:
				cancel()
			}
		})
	})
	if len(got) != 5 || got[0] != run.Failed || got[1] != run.Failed || got[2] != run.Passed || got[3] != run.Failed || got[4] != run.Failed {
		t.Errorf("got %v", got)
	}
}
