package checks

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const migration = `
apiVersion: batch/v1
kind: Job
metadata: {name: migration-dry-run, namespace: production}
spec:
  backoffLimit: 0
  SUSPEND
  template:
    metadata: {labels: {app: migration}}
    spec: {restartPolicy: Never, containers: [{name: migrate, image: 'registry.example/migrate:TAG'}]}
`

// migrate runs a Job and lets time pass.
func (c *cluster) migrate(tag string, d time.Duration) {
	suspend := ""
	if tag == "suspended" {
		suspend = "suspend: true"
	}
	c.apply(strings.NewReplacer("TAG", tag, "SUSPEND", suspend).Replace(migration))
	c.wait(d)
}

func TestJob(t *testing.T) {
	of := func(pairs ...any) map[string]any {
		return params(append([]any{"name", "migration-dry-run"}, pairs...)...)
	}
	for _, c := range []struct {
		name   string
		before func(*cluster)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"complete", func(c *cluster) { c.migrate("v1", 20*time.Second) }, of(), "", run.Passed, []string{"Job migration-dry-run is complete", "1 succeeded, 0 failed, 0 active", "Job production/migration-dry-run"}},
		{"complete and fresh", func(c *cluster) { c.migrate("v1", 20*time.Second) }, of("maxAge", "1h"), "", run.Passed, []string{"at most 1h0m0s ago"}},
		{"too long ago", func(c *cluster) { c.migrate("v1", 2*time.Hour) }, of("maxAge", "1h"), "", run.Failed, []string{"succeeded 1h59m", "at most 1h0m0s is wanted"}},
		{"failed", func(c *cluster) { c.migrate("crash", 30*time.Second) }, of(), "", run.Failed, []string{"failed: BackoffLimitExceeded", "ended with exit code 1", "column ^[[31mname is missing", "log of pod migration-dry-run-", "password=…"}},
		{"failed, two lines", func(c *cluster) { c.migrate("crash", 30*time.Second) }, of("lines", 1), "", run.Failed, []string{"password=…"}},
		{"failed, the log forbidden", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Resources: []string{"pods/log"}})
			c.migrate("crash", 30*time.Second)
		}, of(), "", run.Failed, []string{"its log could not be read: forbidden"}},
		{"failed, its pods forbidden", func(c *cluster) {
			c.server.Forbid(kubeapi.Rule{Resources: []string{"pods"}})
			c.migrate("crash", 30*time.Second)
		}, of(), "", run.Failed, []string{"BackoffLimitExceeded", "its pods could not be looked at: forbidden"}},
		{"still running", func(c *cluster) { c.migrate("v1", 2*time.Second) }, of(), "", run.Failed, []string{"still runs: 0 succeeded, 0 failed, 1 active"}},
		{"its image is missing", func(c *cluster) { c.migrate("missing", 30*time.Second) }, of(), "", run.Failed, []string{"still runs", "ImagePullBackOff"}},
		{"suspended", func(c *cluster) { c.migrate("suspended", 20*time.Second) }, of(), "", run.Failed, []string{"is suspended"}},
		{"not there", nil, of(), "", run.Failed, []string{"there is no Job migration-dry-run"}},
		{"expect", func(c *cluster) { c.migrate("v1", 20*time.Second) }, of(), "self.complete && self.failed == 0", run.Passed, []string{"complete = true, failed = 0"}},
		{"forbidden", func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"jobs"}}) }, of(), "", run.Unknown, []string{"could not look: forbidden"}},
		{"no connection", func(c *cluster) { c.server.Inject(kubeapi.Fault{Refuse: true}) }, of(), "", run.Unknown, []string{"connection refused"}},
		{"no answer", func(c *cluster) { c.server.Inject(kubeapi.Fault{Hang: true}) }, of(), "", run.Unknown, []string{"timed out after 8s"}},
		{"a failing server", func(c *cluster) { c.server.Inject(kubeapi.Fault{Status: 500}) }, of(), "", run.Unknown, []string{"could not look"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCluster(t).after(c.before, runbook.Check{Kind: "job", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if strings.Contains(shown(r), "not-to-be-seen") {
				t.Errorf("a credential shows in %q", shown(r))
			}
		})
	}
}
