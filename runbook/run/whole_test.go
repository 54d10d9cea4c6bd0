package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func TestWholeRunCompletes(t *testing.T) {
	d := watching(t)
	d.Until("watched", 11*time.Minute, func(s run.State) bool { return !s.Watches["watch"].Ended.IsZero() })
	if v := d.S.Watches["watch"].Verdict; v != run.VerdictPass {
		t.Fatalf("the verdict is %s: %s", v, d.S.Watches["watch"].Why)
	}
	openGate(d, 3, t)
	d.Want(run.Attest{Step: "report"})
	d.Want(run.OpenGate{})
	d.Until("ended", time.Minute, func(s run.State) bool { return !s.Ended.IsZero() })
	if d.S.Outcome != run.Completed || d.S.Verdict != run.VerdictPass {
		t.Errorf("ended %s with %s", d.S.Outcome, d.S.Verdict)
	}
	if len(run.Wanted(d.S)) != 0 {
		t.Errorf("work is wanted of a run that has ended: %v", run.Wanted(d.S))
	}
	if n := d.Count(run.Ticked{}); n > 100 {
		t.Errorf("%d ticks came to nothing", n)
	}
	refused(t, d, run.OpenGate{})
}
