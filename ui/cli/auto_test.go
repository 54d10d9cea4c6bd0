package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// gated is a runbook that a file opens, without a cluster.
const gated = `apiVersion: sop/v1
kind: Runbook
metadata: {name: gated, title: Gated, version: 1.0.0}
environments: {there: {namespace: production}}
phases:
  - id: only
    title: Only
    sections:
      - steps: [{id: there, title: It is there, verify: [{file: {path: state, contains: ready}}], recheck: run}]
`

// alone drives a session without a person, on a clock that jumps, and returns its result.
func (a *app) alone(t *testing.T, clock *practice.Jumping, open func() (*session, error)) (r runResult) {
	t.Helper()
	format := "json"
	clock.Run(func() {
		s, err := open()
		if err == nil {
			r, err = a.drive(t.Context(), s, modeFlags{auto: true, format: &format}, ui.Options{})
		}
		if err != nil {
			t.Errorf("%v: %s", err, a.err)
		}
	})
	return r
}

// What keeps a gate shut fails a run without a person, which waits all the same: it goes on once that is mended.
func TestARunThatStoppedGoesOn(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Chdir(t.TempDir())
	put(t, "not yet", "state")
	a := &app{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	clock := practice.NewJumping(time.Date(2026, 3, 11, 11, 0, 0, 0, time.UTC))
	c := connections{clock: clock, doors: realDoors(), operator: "ana"}
	again := func() (*session, error) {
		dir, err := unfinished(nil)
		if err != nil {
			return nil, err
		}
		s, _, err := a.reopen(c, dir)
		return s, err
	}
	first := a.alone(t, clock, func() (*session, error) {
		doc, err := a.load(write(t, "gated.yaml", gated), nil)
		if err != nil {
			return nil, err
		}
		id := journal.NewID(clock.Now())
		plan, err := a.resolve(doc, runbook.Choice{Run: id, Operator: c.operator})
		if err != nil {
			return nil, err
		}
		return a.begin(c, newParts(c, plan), id, doc, plan, run.RunStarted{Auto: run.PolicyAuto}, journal.Options{Now: clock.Now})
	})
	for i, r := range []runResult{first, a.alone(t, clock, again)} {
		if r.Outcome != run.RunFailed || r.code() != exitFailed || !strings.Contains(string(r.Reason), "It is there is failed") {
			t.Fatalf("%d: it ended as %+v", i, r)
		}
		if text := must(t, exitDone, "runs").out; !strings.Contains(text, "  open") {
			t.Errorf("%d: it does not wait: %s", i, text)
		}
		if text := must(t, exitDone, "report", r.Run).out; !strings.Contains(text, "nothing goes on without a person: It is there is failed") {
			t.Errorf("%d: the report does not say why it waits:\n%s", i, text)
		}
	}
	put(t, "ready", "state")
	if r := a.alone(t, clock, again); r.Run != first.Run || r.Outcome != run.Completed || r.code() != exitDone {
		t.Errorf("mended, it ended as %+v", r)
	}
}
