package checks

import (
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const configs = `
apiVersion: v1
kind: Namespace
metadata: {name: staging}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app-config, namespace: production}
data: {LOG_LEVEL: info, REGION: eu-1, ENVIRONMENT: production, API_TOKEN: not-to-be-seen-1, DSN: 'postgres://user:not-to-be-seen-2@db/x', ODD: "a\e[2J\u202eb"}
binaryData: {blob: AAEC}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: app-config, namespace: staging}
data: {LOG_LEVEL: debug, REGION: eu-1, ENVIRONMENT: staging, API_TOKEN: not-to-be-seen-3, DSN: 'postgres://user:not-to-be-seen-2@db/x', ODD: "a\e[2J\u202eb"}
binaryData: {blob: AAEC}
`

// withStaging adds the environment staging of the same cluster.
func (c *cluster) withStaging() {
	env := c.plan.Env("production")
	env.Name, env.Namespace = "staging", "staging"
	c.plan.Runbook.Environments.Set("staging", env)
	c.apply(configs)
}

func TestConfigmap(t *testing.T) {
	of := func(pairs ...any) map[string]any { return params(append([]any{"name", "app-config"}, pairs...)...) }
	values := func(pairs ...any) map[string]any { return of("values", params(pairs...)) }
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", nil, of("keys", []any{"LOG_LEVEL", "REGION", "blob"}), "", run.Passed, []string{"has 7 keys", "ConfigMap production/app-config", "kubectl -n production get configmap app-config -o yaml"}},
		{"a key is missing", nil, of("keys", "LOG_LEVEL, TIMEOUT"), "", run.Failed, []string{"TIMEOUT is missing"}},
		{"values", nil, values("REGION", "eu-1", "LOG_LEVEL", "/^(info|warn)$/"), "", run.Passed, nil},
		{"another value", nil, values("REGION", "eu", "LOG_LEVEL", "/warn/"), "", run.Failed, []string{"REGION is eu-1", "LOG_LEVEL is info", "REGION = eu"}},
		{"a value that is not there", nil, values("TIMEOUT", "3"), "", run.Failed, []string{"TIMEOUT is missing"}},
		{"a secret value", nil, values("API_TOKEN", "not-to-be-seen-9"), "", run.Failed, []string{"API_TOKEN is …"}},
		{"foreign text", nil, values("ODD", "x"), "", run.Failed, []string{"ODD is a^[[2J<U+202E>b"}},
		{"differs", nil, of("sameAs", "staging"), "", run.Warn, []string{"differs from staging in API_TOKEN, ENVIRONMENT, LOG_LEVEL", "LOG_LEVEL: info in production, debug in staging", "ConfigMap staging/app-config", "API_TOKEN: … in production, … in staging"}},
		{"may differ", nil, of("sameAs", "staging", "except", "API_TOKEN, ENVIRONMENT, LOG_LEVEL"), "", run.Passed, []string{"the same as in staging but for 3 keys that may differ", "LOG_LEVEL: info in production, debug in staging", "may differ"}},
		{"wrong and different", nil, of("sameAs", "staging", "keys", "NONE"), "", run.Failed, []string{"NONE is missing", "LOG_LEVEL: info"}},
		{"gone", nil, params("name", "ghost", "sameAs", "staging"), "self.data.A == '1'", run.Failed, []string{"there is no ConfigMap ghost"}},
		{"gone there", func(c *cluster) {
			c.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: production}\ndata: {A: a}\n")
		}, params("name", "one", "sameAs", "staging"), "", run.Failed, []string{"there is no ConfigMap one in staging"}},
		{"expect", nil, of(), "self.data.LOG_LEVEL == 'info' && size(self.different) == 0", run.Passed, []string{`data.LOG_LEVEL = "info"`}},
		{"expect does not show a secret", nil, of(), "self.data.API_TOKEN == 'x'", run.Failed, []string{"data.API_TOKEN = …"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"configmaps"}}) }, of(), "", run.Unknown, []string{"could not look: forbidden"}},
		{"forbidden there", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Resources: []string{"configmaps"}, Namespaces: []string{"staging"}})
		}, of("sameAs", "staging"), "", run.Unknown, []string{"could not look: forbidden", "ConfigMap staging/app-config"}},
		{"forbidden there, wrong here", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Resources: []string{"configmaps"}, Namespaces: []string{"staging"}})
		}, of("sameAs", "staging", "keys", "NONE"), "", run.Failed, []string{"NONE is missing", "forbidden"}},
		{"another environment", nil, of("sameAs", "moon"), "", run.Unknown, []string{`no environment "moon"`}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, of(), "", run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, of(), "", run.Unknown, []string{"timed out after 8s"}},
		{"a failing server", func(c *cluster) { c.server.Inject(kubeapi.Fault{Status: 500}) }, of(), "", run.Unknown, []string{"could not look"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := newCluster(t)
			r := world.after(func(w *cluster) {
				w.withStaging()
				if c.before != nil {
					c.before(w)
				}
			}, runbook.Check{Kind: "configmap", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if strings.Contains(shown(r), "not-to-be-seen") {
				t.Errorf("a credential shows in %q", shown(r))
			}
			if (r.Status == run.Failed || r.Status == run.Warn) && c.expect == "" && r.Badness <= 0 {
				t.Error("it does not say how bad it is")
			}
		})
	}
}

func TestScrub(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"migrated 3 tables in 12 ms", "migrated 3 tables in 12 ms"},
		{"pod game-server-7d9f8b6c5d-x2x4z restarted", "pod game-server-7d9f8b6c5d-x2x4z restarted"},
		{"password=hunter2 user=app", "password=… user=app"},
		{`{"db_password":"hunter2","level":"info"}`, `{"db_password":…,"level":"info"}`},
		{"dial postgres://app:hunter2@db:5432/x failed", "dial postgres://…@db:5432/x failed"},
		{"Authorization: Bearer abc.def-ghi", "Authorization: …"},
		{"sent bearer abcdef123456", "sent bearer …"},
		{"key AKIAabcdefghij0123456789 used", "key … used"},
		{"digest 0123456789abcdef0123456789abcdef", "digest …"},
	} {
		if got := web.Scrub(c.line); got != c.want {
			t.Errorf("%q became %q, want %q", c.line, got, c.want)
		}
	}
}
