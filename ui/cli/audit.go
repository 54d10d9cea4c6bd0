package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// audit reads the run's own journal again, as anybody else would, and compares it with the head that was stamped in
// the cluster. It is the door of the check kind journal.
type audit struct {
	clusters *kube.Clusters
	plan     *runbook.Plan
	dir      string // of the run
}

// chain verifies the journal.
func (a audit) chain(ctx context.Context) (checks.Chain, error) {
	report, err := journal.Verify(a.dir)
	if err != nil {
		return checks.Chain{}, fmt.Errorf("read the journal: %w", err)
	}
	c := checks.Chain{Whole: report.OK(), Records: report.Records, Head: report.Head.String(), Repairs: len(report.Healed)}
	switch {
	case report.Flaw != nil:
		c.Flaw = run.MakeSafe(report.Flaw.Error(), 500)
		return c, nil
	case len(report.BadOutputs) > 0:
		c.Flaw = run.MakeSafe(fmt.Sprintf("%d outputs do not match their names", len(report.BadOutputs)), 0)
		return c, nil
	}
	records, _, err := journal.Read(a.dir)
	if err != nil {
		return checks.Chain{}, fmt.Errorf("read the journal: %w", err)
	}
	if n := len(records); n > 0 {
		c.At = records[n-1].At
	}
	if slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == run.MovePatched{}.Kind() }) {
		a.anchor(ctx, filepath.Base(a.dir), records, &c)
	}
	return c, nil
}

// anchor compares the records with the head on the Leases of the run's environments. The stamp of one is enough: it is
// made when a deploy takes the environment's lock.
func (a audit) anchor(ctx context.Context, id string, records []journal.Record, c *checks.Chain) {
	c.Anchor = "no environment carries this run's stamp"
	for _, name := range a.plan.Runbook.Environments.Keys() {
		cluster, err := a.clusters.Get(a.plan.Env(name))
		var by, stamp string
		if err == nil {
			by, stamp, err = cluster.Anchor(ctx)
		}
		if err != nil {
			c.Anchor, c.AnchorUnseen = run.MakeSafe("could not look for the stamp in "+name+": "+err.Error(), 300), true
			continue
		}
		if by != id || stamp == "" {
			continue
		}
		head, err := journal.ParseHead(stamp)
		if err == nil {
			err = journal.CheckAnchor(records, head)
		}
		c.Anchor = run.MakeSafe(fmt.Sprintf("record %d, stamped on the Lease of %s", head.Seq, name), 200)
		if err != nil {
			c.Whole, c.Flaw = false, run.MakeSafe(err.Error(), 500)
			return
		}
		c.Anchored = true
		return
	}
}
