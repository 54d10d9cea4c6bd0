package checks

import (
	"context"
	"errors"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type journalParams struct {
	Anchored bool `yaml:"anchored,omitempty" doc:"true: once something was written to a cluster, the journal's head must be stamped there"`
}

var journalKind = runbook.Kind{
	Name: "journal",
	Doc: `The run's own journal is whole: every record follows from the one before, and the head that was stamped in the
cluster is one of its own. It is read again from the disk, as anybody else would.
passes   the chain is whole, and stamped in the cluster as soon as the run has written there
warns    the chain is whole and no stamp was found, although the run has written to a cluster; fails with anchored: true
fails    a record is changed, missing or cut off
unknown  the journal cannot be read, or this run has none; with anchored: true, the cluster does not say whether it is
         stamped
Where there is no run, as in sop check, it is not applicable.
The result does not name the head: it is itself a record, which would then change with every look.
self     a map of whole, records, head, repairs (of torn ends), anchored and anchor`,
	Example:  "journal: {anchored: true}",
	Params:   journalParams{},
	Interval: time.Minute,
	Timeout:  clusterTimeout,
	Lint:     func(any, runbook.Check) []runbook.ParamProblem { return nil }, // its one parameter cannot be wrong
}

// ErrNoRun is what Sources.Journal answers where no run is going on, so that there is nothing to verify.
var ErrNoRun = errors.New("there is no run, and so no journal")

func readyJournal(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[journalParams](journalKind, work.Check)
	if err != nil {
		return check{}, err
	}
	return check{look: journalLook{journalParams: p, read: w.Journal}.look, sensor: "journal"}, nil
}

type journalLook struct {
	journalParams
	read func(context.Context) (Chain, error)
}

func (l journalLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: "journal of this run", Query: "sop verify RUN", Expected: "a whole chain"}
	if l.Anchored {
		source.Expected = "a whole chain, its head stamped in the cluster"
	}
	if l.read == nil {
		return couldNotLook(source, errors.New("this run keeps no journal"))
	}
	chain, err := l.read(ctx)
	switch {
	case errors.Is(err, ErrNoRun):
		var s seen
		s.summed(run.NotApplicable, "%v", ErrNoRun)
		return s
	case err != nil:
		return couldNotLook(source, err)
	}
	s := l.judge(chain)
	source.Observed = s.Summary
	s.Evidence = []run.Evidence{source}
	return s
}

func (l journalLook) judge(c Chain) seen {
	s := seen{self: map[string]any{
		"whole": c.Whole, "records": c.Records, "head": c.Head, "repairs": c.Repairs, "anchored": c.Anchored, "anchor": string(c.Anchor),
	}}
	repaired := ""
	if c.Repairs > 0 {
		repaired = ", " + count(c.Repairs, "torn end") + " repaired"
	}
	switch {
	case !c.Whole:
		s.summed(run.Failed, "the journal is not whole: %s", c.Flaw)
		s.Badness = 1
	case c.Records == 0:
		s.summed(run.Unknown, "the journal is empty")
	case c.Anchor == "":
		s.summed(run.Passed, "whole%s; nothing was written to a cluster yet", repaired)
	case c.Anchored:
		s.summed(run.Passed, "whole%s, stamped in the cluster", repaired)
	case l.Anchored && c.AnchorUnseen:
		s = unknown(run.Evidence{}, "whole%s; %s", repaired, c.Anchor)
		s.Ill = true
	case l.Anchored:
		s.summed(run.Failed, "whole%s, but not stamped in the cluster: %s", repaired, c.Anchor)
		s.Badness = 1
	default:
		s.summed(run.Warn, "whole%s, but not stamped in the cluster: %s", repaired, c.Anchor)
		s.Badness = 1
	}
	return s
}
