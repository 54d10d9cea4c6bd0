package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// audited is a run with a journal, in a world whose Lease may carry its stamp.
type audited struct {
	*journal.Journal
	audit
	server *kubeapi.Server
}

func newAudited(t *testing.T) audited {
	t.Helper()
	j, err := journal.Create(t.TempDir(), "01JAAAAAAAAAAAAAAAAAAAAAAA", journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	server := kubeapi.New(kubeapi.Options{Clock: engine.RealTime()})
	if err := server.CreateFromYAML([]byte("{apiVersion: v1, kind: Namespace, metadata: {name: production}}")); err != nil {
		t.Fatal(err)
	}
	clusters := kube.NewClusters(func(runbook.Environment) (*rest.Config, error) { return server.RESTConfig(), nil }, engine.RealTime())
	t.Cleanup(clusters.Close)
	rb := &runbook.Runbook{}
	rb.Environments.Set("production", runbook.Environment{Name: "production", Namespace: "production"})
	return audited{j, audit{clusters: clusters, plan: &runbook.Plan{Runbook: rb, Environment: "production"}, dir: j.Dir()}, server}
}

func (a audited) write(t *testing.T, kind string) {
	t.Helper()
	if _, err := a.Append(time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC), "ana", kind, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
}

func (a audited) stamp(t *testing.T, by, head string) {
	t.Helper()
	lease := "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: sop-production, namespace: production, annotations: {sop.politicalsphere.dev/run: '" + by + "', sop.politicalsphere.dev/head: '" + head + "'}}}"
	if err := a.server.CreateFromYAML([]byte(lease)); err != nil {
		t.Fatal(err)
	}
}

func TestTheChainOfARun(t *testing.T) {
	t.Parallel()
	wrote := run.MovePatched{}.Kind()
	for _, c := range []struct {
		name            string
		script          func(*testing.T, audited)
		whole, anchored bool
		words           string // of the anchor or the flaw
	}{
		{"nothing written to the world", func(*testing.T, audited) {}, true, false, ""},
		{"stamped", func(t *testing.T, a audited) {
			head := a.Head().String()
			a.write(t, wrote)
			a.stamp(t, a.ID(), head)
		}, true, true, "stamped on the Lease of production"},
		{"no stamp", func(t *testing.T, a audited) { a.write(t, wrote) }, true, false, "no environment carries"},
		{"another run's stamp", func(t *testing.T, a audited) {
			a.write(t, wrote)
			a.stamp(t, "01JBBBBBBBBBBBBBBBBBBBBBBB", a.Head().String())
		}, true, false, "no environment carries"},
		{"a history written anew", func(t *testing.T, a audited) {
			a.write(t, wrote)
			a.stamp(t, a.ID(), "1:"+strings.Repeat("0", 64))
		}, false, false, "was anchored"},
		{"cut behind the stamp", func(t *testing.T, a audited) {
			a.write(t, wrote)
			a.stamp(t, a.ID(), "9:"+strings.Repeat("0", 64))
		}, false, false, "record 9 was anchored"},
		{"the cluster is away", func(t *testing.T, a audited) {
			a.write(t, wrote)
			a.server.Inject(kubeapi.Fault{Refuse: true})
		}, true, false, "could not look for the stamp"},
		{"a flipped bit", func(t *testing.T, a audited) {
			name := filepath.Join(a.dir, "journal.jsonl")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data[80] ^= 1
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, false, false, "hash does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAudited(t)
			a.write(t, "note")
			c.script(t, a)
			got, err := a.chain(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if got.Whole != c.whole || got.Anchored != c.anchored || !strings.Contains(string(got.Anchor+got.Flaw), c.words) {
				t.Errorf("got %+v", got)
			}
			if c.words == "" && got.Anchor != "" {
				t.Errorf("an anchor before anything was written: %q", got.Anchor)
			}
		})
	}
}
