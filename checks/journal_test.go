package checks

import (
	"context"
	"errors"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestJournal(t *testing.T) {
	says := func(c Chain, err error) func(context.Context) (Chain, error) {
		return func(context.Context) (Chain, error) { return c, err }
	}
	whole := Chain{Whole: true, Records: 7, Head: "abc"}
	stamped := Chain{Whole: true, Records: 7, Head: "abc", Anchored: true, Anchor: "record 3, stamped on the Lease of staging"}
	bare := Chain{Whole: true, Records: 7, Head: "abc", Anchor: "no environment carries this run's stamp"}
	blind := Chain{Whole: true, Records: 7, Head: "abc", Anchor: "could not look for the stamp in staging", AnchorUnseen: true}
	anchored := params("anchored", true)
	for _, c := range []struct {
		name   string
		door   func(context.Context) (Chain, error)
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"whole, nothing written", says(whole, nil), nil, "", run.Passed, []string{"nothing was written to a cluster yet"}},
		{"whole, nothing written, must be anchored", says(whole, nil), anchored, "", run.Passed, nil},
		{"anchored", says(stamped, nil), anchored, "", run.Passed, []string{"stamped in the cluster", "sop verify"}},
		{"repaired", says(Chain{Whole: true, Records: 7, Repairs: 2}, nil), nil, "", run.Passed, []string{"2 torn ends repaired"}},
		{"not anchored", says(bare, nil), nil, "", run.Warn, []string{"no environment carries"}},
		{"not anchored and must be", says(bare, nil), anchored, "", run.Failed, []string{"no environment carries"}},
		{"the cluster does not say", says(blind, nil), nil, "", run.Warn, []string{"could not look for the stamp"}},
		{"the cluster does not say and must", says(blind, nil), anchored, "", run.Unknown, []string{"could not look for the stamp"}},
		{"not whole", says(Chain{Records: 7, Flaw: "record 4 \x1b[2J"}, nil), nil, "", run.Failed, []string{"not whole: record 4 ^[[2J"}},
		{"not whole and anchored", says(Chain{Records: 7, Flaw: "cut off", Anchored: true, Anchor: "x"}, nil), nil, "", run.Failed, []string{"cut off"}},
		{"empty", says(Chain{Whole: true}, nil), nil, "", run.Unknown, []string{"empty"}},
		{"cannot be read", says(Chain{}, errors.New("read the journal: permission denied")), nil, "", run.Unknown, []string{"could not look: read the journal"}},
		{"no journal", nil, nil, "", run.Unknown, []string{"keeps no journal"}},
		{"no run", says(Chain{}, ErrNoRun), nil, "", run.NotApplicable, []string{"there is no run"}},
		{"no run, and something expected", says(Chain{}, ErrNoRun), nil, "self.whole", run.NotApplicable, []string{"there is no run"}},
		{"something expected", says(stamped, nil), nil, "self.whole && self.records > 7", run.Failed, []string{"records = 7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.more = func(s *Sources) { s.Journal = c.door }
			r := b.look(runbook.Check{Kind: "journal", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if r.Sensor != "journal" {
				t.Errorf("the sensor is %q", r.Sensor)
			}
		})
	}
}

// TestJournalResultStaysTheSame: the result is a record of the journal itself. Did it change with every record, each
// look would make another.
func TestJournalResultStaysTheSame(t *testing.T) {
	n := 0
	b := newBench(t)
	b.more = func(s *Sources) {
		s.Journal = func(context.Context) (Chain, error) {
			n++
			return Chain{Whole: true, Records: n, Head: string(rune('a' + n)), At: b.clock.Now()}, nil
		}
	}
	first, second := b.look(runbook.Check{Kind: "journal"}), b.look(runbook.Check{Kind: "journal"})
	if shown(first) != shown(second) {
		t.Errorf("%q, then %q", shown(first), shown(second))
	}
}
