package plain

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// deployed is a run up to the watch of production.
func deployed(t *testing.T, w *runtest.World) *play {
	t.Helper()
	return deployedTo(t, runtest.Plan(t), w)
}

func deployedTo(t *testing.T, plan *runbook.Plan, w *runtest.World) *play {
	t.Helper()
	p := newPlay(t, plan, w)
	p.waits(20*time.Second).types("1", "config of v2 looked at").waits(time.Second)
	p.types("1").waits(5 * time.Second).types("1").waits(90 * time.Second)
	p.types("1").waits(time.Second).types("1", "told the channel").waits(time.Second)
	return p.types("1").waits(6 * time.Minute)
}

// The whole procedure on a good day.
func TestGoodDay(t *testing.T) {
	t.Parallel()
	p := deployed(t, runtest.NewWorld())
	p.types("s", "p 1", "w", "d", "1").waits(11*time.Minute).types("l", "1").waits(2*time.Second).types("1", "").types("1")
	if p.d.S.Outcome != run.Completed {
		t.Errorf("the run is %q", p.d.S.Outcome)
	}
	p.golden("good-day")
}

// A release that fails in the watch: R, enter, the reason, the steps of the rollback procedure.
func TestBadDay(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	p := deployed(t, w).types("1").waits(2 * time.Minute)
	w.Errors = 20
	p.waits(50*time.Second).types("R", "").waits(5 * time.Second).types("v2 cannot read its config")
	w.Errors = 0.1
	p.waits(4 * time.Minute)
	p.types("1", "wrote to the channel").waits(time.Second)
	if p.d.S.Outcome != run.RolledBack {
		t.Errorf("the run is %q", p.d.S.Outcome)
	}
	p.golden("bad-day")
}

// The fuse is left alone, taken back, and pressed at a text.
func TestFuse(t *testing.T) {
	t.Parallel()
	p := deployed(t, runtest.NewWorld()).types("R", "t").waits(time.Second)
	if p.d.S.Rollback.Stage != run.TakenBack {
		t.Errorf("taken back is %s", p.d.S.Rollback.Stage)
	}
	p.types("n", "R", "t").types("n", "R", "R").waits(5 * time.Second)
	if p.d.S.Rollback.Burnt.IsZero() {
		t.Error("R twice at a text is no rollback")
	}
	if text := p.text.String(); !strings.Contains(text, "Note: R.") {
		t.Error("R as a text is not in the journal")
	}
	p.golden("fuse")
}

// What does not stand: looked at again, overridden, put off, ticked by hand where the sensor is blind, and drift.
func TestTrouble(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	w.Checks["secret"], w.Checks["later"], w.Checks["ready"] = run.Failed, run.Failed, run.Unknown
	p := newPlay(t, runtest.Plan(t), w).waits(30 * time.Second)
	p.types("?", "h", "again").waits(20*time.Second).types("done", "short", "looked at it myself, all pods run").waits(time.Second)
	p.types("override", "no", "the secret comes with the next release").waits(time.Second)
	p.types("defer", "").waits(time.Second).types("later").waits(time.Second)
	p.types("1.7", "done", "as it should be").waits(time.Second)
	w.Checks["strict"] = run.Failed
	p.waits(15*time.Second).types("g", "wait", "7", "nonsense \x1b[31m\u202e", "r")
	p.golden("trouble")
}

// Nothing that comes from outside gets out as it is.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	w.Looks["secret"] = run.Result{Status: run.Failed, Summary: run.MakeSafe("\x1b]0;owned\a\u202eevil\r\n"+strings.Repeat("long ", 90)+strings.Repeat("x", 500), 0)}
	p := newPlay(t, runtest.Plan(t, "title: Secret", `title: "Secret \u2192 \U0001F680\u200b"`, "title: Small", `title: "Small \u2714"`), w).waits(30 * time.Second)
	p.types("p all", "1.2", "h", "s", "back", "\x1b[2J", "\xff\xfe").waits(time.Second)
	if text := p.text.String(); !strings.Contains(text, "to <U+1F680>") {
		t.Errorf("got %s", text)
	}
}

// What is loud comes between, and the text that is asked for is asked for again.
func TestLoudWhileTyping(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	p := newPlay(t, runtest.Plan(t), w).waits(20 * time.Second).types("1")
	w.Checks["strict"] = run.Failed
	p.waits(12 * time.Second)
	if text := p.text.String(); !strings.HasSuffix(text, "Strict drifted: scripted failed. At 10:00:30 UTC.\nStill asked: Note for Config.\n") {
		t.Errorf("got %s", text)
	}
	p.types("seen")
	if a := p.d.S.Steps["config"].Attested; a == nil || a.Note != "seen" {
		t.Errorf("the note is %+v", a)
	}
}

// Numbers go on from a question that gave way by itself, so that one typed for it is not an answer to the next.
func TestLateNumber(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	p := newPlay(t, runtest.Plan(t), w).waits(20 * time.Second)
	w.Checks["strict"] = run.Failed
	p.waits(12 * time.Second).types("1")
	if p.talk.text != nil || !strings.Contains(p.text.String(), `"1" is no answer here. Type a number from 4 to 5.`) {
		t.Errorf("got %s", p.text.String())
	}
}
