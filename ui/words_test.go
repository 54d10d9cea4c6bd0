package ui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// at is what stands on a terminal of w × h.
func at(sc scene, w, h int) string {
	m, _ := open(sc, looks()["colour"], w, h)
	return ansi.Strip(m.View().Content)
}

func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not said:\n%s", w, text)
		}
	}
}

// Four components in two waves fit on the smallest usual terminal, with their pods and without a word too many.
func TestTheBoardShowsEveryComponent(t *testing.T) {
	p := holding()
	d := p.s.Deploys["execute"]
	for i := range d.Moves {
		if d.Moves[i].Wave == 1 {
			d.Moves[i].Components = []string{"api", "web", "game-server"}
		}
	}
	p.add(run.Wished{Wish: "g", Step: "execute", Move: 5}, run.MovePatched{Wish: "g", Step: "execute", Component: "game-server", Generation: 2})
	p.progress("game-server", 1, 1, func(g *run.Progress) { g.Desired = 2; g.Pods = pods(1, 1, 1, "") })
	text := at(p.scene("four", "rollout"), 80, 24)
	says(t, text, "worker", "api", "web", "game-server", "1/2 new", "v1.4.1 → v1.4.2    ◌ to 25 %", "● new, ready")
	if strings.Contains(text, "Waiting for") || strings.Contains(text, "HPA") || strings.Contains(text, "more below") {
		t.Errorf("all is as expected, and yet:\n%s", text)
	}
	says(t, at(stuck().scene("stuck", "rollout"), 80, 24), "FATAL config", "web", "leaving")
}

func TestPreflightNotesGoWithTheLock(t *testing.T) {
	p := ready().gate("pre-deployment").attest("notify")
	p.add(run.DeployStarted{Step: "execute", Env: "production", Attempt: 1, Moves: []run.Move{{Components: []string{"worker"}, Share: 100}}})
	note := run.Safe("a lock of an older run stood there: " + strings.Repeat("it is taken over ", 9))
	p.add(run.DeployChecked{Step: "execute", Notes: []run.Safe{note}, Monitor: "watch"})
	if n := strings.Count(at(p.scene("", "rollout"), 80, 24), "it is taken over"); n < 1 || n > 3 {
		t.Errorf("the note takes more than a line: %d", n)
	}
	p.add(run.LockChanged{Env: "production", Held: true, Token: 4})
	if text := at(p.scene("", "rollout"), 80, 24); strings.Contains(text, "older run") {
		t.Errorf("the lock is held, and yet:\n%s", text)
	}
}

func TestTheHeaderSaysWhereThePhaseActs(t *testing.T) {
	p := newPlay()
	p.s.Plan.Runbook.Environments.Set("staging", runbook.Environment{Name: "staging", Namespace: "staging"})
	p.s.Plan.Runbook.Phases[0].Environment = "staging"
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 50}} {
		says(t, at(p.scene("", "checklist"), size[0], size[1]), "STAGING", "acts on staging, target production")
	}
	if text := at(drifting().scene("", "checklist"), 80, 24); strings.Contains(text, "acts on") {
		t.Errorf("the phase acts on the target itself:\n%s", text)
	}
}

func TestTheStepUnderTheCursorIsExplainedWhereThereIsRoom(t *testing.T) {
	says(t, at(newPlay().scene("", "checklist"), 80, 24), "Look at it yourself", "stays shut until somebody ticks this (space)")
}

func TestTheFuseSaysWhyItAsks(t *testing.T) {
	says(t, at(asking().scene("", "rollback"), 80, 24), "no pin was found for web", "roll back? enter: yes")
	p := fuse().add(run.RunResumed{Operator: "alice", Last: noon})
	says(t, at(p.scene("", "rollback"), 80, 24), "the program was started again")
}

func TestTheEndIsSaidInWords(t *testing.T) {
	says(t, at(rolledBack().scene("", ""), 80, 24), "production runs what it ran before. Its metrics are back in band.", "q leaves", "sop report 01JQ0000000000000000000000")
	for _, c := range []struct {
		e    run.Finished
		want string
	}{
		{run.Finished{Outcome: run.Completed, Verdict: run.VerdictPass}, "the watch found nothing against it"},
		{run.Finished{Outcome: run.Completed, Verdict: run.VerdictInconclusive}, "could not tell"},
		{run.Finished{Outcome: run.Completed, Verdict: run.VerdictNone}, "nothing was watched"},
		{run.Finished{Outcome: run.NeedsPerson, Reason: "not today"}, "What was deployed stays"},
	} {
		before := watching()
		m, s := open(before.scene("", "checklist"), looks()["colour"], 80, 24)
		s.tell(m, before.add(c.e).s)
		text := strings.Join(strings.Fields(ansi.Strip(m.View().Content)), " ")
		says(t, text, c.want, "q leaves", "sop report")
	}
}

func TestARollbackAloneSaysWhatRDoes(t *testing.T) {
	text := at(only().scene("", ""), 80, 24)
	says(t, text, "R rolls back production to these exact revisions", "ReplicaSet api-7d8c9f6b5", "v1.4.2  →  v1.4.1", "A target is a guess", "R roll back")
	if strings.Contains(text, "Prerequisites") {
		t.Errorf("it shows a checklist:\n%s", text)
	}
}

func TestWhatWasTooShortIsForgotten(t *testing.T) {
	m, _ := colour(drifting().scene("", "checklist"))
	press1(m, "o")
	typed(m, "known")
	press1(m, "enter")
	says(t, ansi.Strip(m.View().Content), "too short: ", "5 characters more")
	press1(m, "esc", "q")
	if text := ansi.Strip(m.View().Content); strings.Contains(text, "too short") {
		t.Errorf("another question still says it:\n%s", text)
	}
}

func TestAQuestionIsToldHoweverSmallTheTerminal(t *testing.T) {
	m, _ := open(drifting().scene("", "checklist"), looks()["colour"], 50, 10)
	press1(m, "q")
	says(t, ansi.Strip(m.View().Content), "Leave this run?", "y yes   n no", "R rolls back")
	press1(m, "n", "o")
	says(t, ansi.Strip(m.View().Content), "Override Network Connectivity?", "esc, then R")
}

func TestWhatIsAskedBeforeADeployFitsTheSmallestTerminal(t *testing.T) {
	m, _ := open(ready().gate("pre-deployment").attest("notify").scene("", "checklist"), looks()["colour"], 60, 16)
	press1(m, "s")
	says(t, ansi.Strip(m.View().Content), "Deploy to PRODUCTION", "worker  → v1.4.2", "web  → v1.4.2", "R goes back at any time.", "y yes")
}

func TestWhatWasSaidOfAFuseEndsWithIt(t *testing.T) {
	p := fuse()
	m, s := colour(p.scene("", "rollback"))
	press1(m, "q")
	says(t, ansi.Strip(m.View().Content), "the fuse burns")
	s.tell(m, p.add(run.RollbackTaken{}).s)
	if text := ansi.Strip(m.View().Content); strings.Contains(text, "the fuse burns") {
		t.Errorf("it is out, and yet:\n%s", text)
	}
}

func TestTheLampNamesWhatRWouldRollBackIfItIsNotWhereOneIs(t *testing.T) {
	p := holding()
	says(t, at(p.scene("", "checklist"), 120, 40), "R ● armed ")
	p.s.Plan.Runbook.Environments.Set("staging", runbook.Environment{Name: "staging"})
	p.s.Plan.Runbook.Phases[p.s.Phase].Environment = "staging"
	says(t, at(p.scene("", "checklist"), 120, 40), "STAGING", "R ● armed for production")
}

func TestAnEndFromOutsideIsNoFailureOfTheScreens(t *testing.T) {
	over, end := context.WithCancel(t.Context())
	end()
	broken := errors.New("no terminal")
	for _, c := range []struct {
		ctx  context.Context
		err  error
		fail bool
	}{{t.Context(), nil, false}, {t.Context(), broken, true}, {over, nil, false}, {over, context.Canceled, false}} {
		held, _ := hold(c.ctx, nil)
		defer held.end()
		if got := shown(c.ctx, held, c.err); (got != nil) != c.fail {
			t.Errorf("%v became %v", c.err, got)
		}
	}
}

func TestARollbackAloneSaysWhenItTook(t *testing.T) {
	p := only().add(run.LampChanged{Env: "production", OK: true})
	p.add(run.RollbackPressed{N: 1, Env: "production", Pins: p.s.Envs["production"].Pins[:1], FuseUntil: p.at.Add(time.Second)}, run.FuseBurnt{Wish: "rb"})
	p.add(run.UndoSeen{Undo: run.Undone{Wish: "rb", Component: "worker", Accepted: true, AfterMs: 4, Generation: 9}})
	p.progress("worker", 3, 3, func(g *run.Progress) { g.Image = "registry.example/worker:v1.4.1" })
	p.add(run.UndoTook{Component: "worker"}, run.SettleBegan{}, run.ReasonGiven{Text: "errors"})
	m, _ := open(p.scene("", "rollback"), looks()["colour"], 80, 24)
	says(t, ansi.Strip(m.View().Content), "Every component runs again what it ran before. q leaves", "v1.4.2  →  v1.4.1", "left alone", "no metric tells yet")
	press1(m, "q")
	says(t, ansi.Strip(m.View().Content), "Leave this run?", "Every component took.")
}

// A large terminal shows checklist, pods and charts in one view as soon as something is sampled.
func TestALargeTerminalShowsAllInOneView(t *testing.T) {
	sc := watching().scene("", "checklist")
	says(t, at(sc, 200, 50), "Phase 2: Production Deployment", "rollout ✔ done", "20/20 new ~100 %", "Response time p95", "Error rate", "suspect 45s of 90s", "Memory", "stays shut until this stands", "▼ deploy")
	if text := at(sc, 200, 40); strings.Contains(text, "Memory") {
		t.Errorf("where there is no room for charts the checklist gave way:\n%s", text)
	}
	if text := at(ready().scene("", "checklist"), 200, 50); strings.Contains(text, "Error rate") {
		t.Errorf("nothing is sampled, and yet there are charts:\n%s", text)
	}
}

// The crosshair says of every metric what it was then, what is usual, and what it is now.
func TestTheCrosshairSpeaksForEveryMetric(t *testing.T) {
	sc := watching().scene("", "watch").after("left", "left", "left", "left")
	says(t, at(sc, 200, 50), " at 14:2", "base 0.04 %", "now 5.44 %", "base 58 %", "now 59.4 %")
	m, _ := open(sc, looks()["colour"], 120, 40)
	want := "Error rate 3.64 % at 2026-03-03T14:20:30Z, baseline 0.04 %, trips at 5.04 %"
	if got := m.watch.Value(m.bodyFrame(5)); got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
}

func TestTheVerdictSoFarSaysWhy(t *testing.T) {
	says(t, at(passed().scene("", "watch"), 120, 40), "so far: ok", "nearest is Response time p95, 20 % of the way to 211 ms", "100 % of the samples tell", "██░░░░░░ 20 % of the way")
	says(t, at(blind().scene("", "watch"), 80, 24), "so far: inconclusive", "no answer for 2m0s", "stale 2m", "? cannot tell")
}

// What must be seen before a rollback is known to have taken is told for each component.
func TestAComponentsWayBackIsToldInStages(t *testing.T) {
	text := at(undoing().scene("", "rollback"), 80, 24)
	says(t, text, "✔ accepted 31 ms  ✔ pods back  ✔ v1.4.2 gone  ✔ digest 9f2c81aa", "✔ accepted 44 ms  ◌ back 9/20  ◌ 11 old left", "✖ not accepted", "Not restored")
	says(t, at(late().scene("", "rollback"), 80, 24), "LATE, still trying", "worker")
}

func TestTheBoardSaysWhatComesNext(t *testing.T) {
	says(t, at(holding().scene("", "rollout"), 80, 24), "next: api, web to 50 % in 04:00, then 1 more move", "~25 % traffic")
	says(t, at(stuck().scene("", "rollout"), 80, 24), "next: u tries this move again", "not ready: 5 CrashLoopBackOff (n5, n6, +3)")
}

func TestTheReportHasTheReceiptOfTheRollback(t *testing.T) {
	says(t, at(rolledBack().scene("", "report"), 80, 24), "R pressed by alice", "+00:00  everything frozen, 0.04 s after R", "+00:03  fuse burnt, 3 components patched", "metrics back in band", "sop report 01JQ")
}

// The rule under the header says on every screen which one it is, and where something goes on.
func TestTheTabsSayWhereSomethingGoesOn(t *testing.T) {
	says(t, at(tripped().scene("", "report"), 120, 40), "c checklist", "p rollout", "w watch ✖ tripped", "b rollback", "▸report", "x command log")
	says(t, at(stuck().scene("", "checklist"), 80, 24), "▸checklist", "p rollout ✖", "x log")
	says(t, at(undoing().scene("", "rollback").after("x"), 120, 40), "b rollback ! undoing", "▸command log")
}

// A gate's list that stands open counts what blocks now, not what did when it was opened.
func TestAnOpenGateCountsWhatBlocksNow(t *testing.T) {
	p := newPlay()
	m, s := open(p.scene("", "checklist"), looks()["colour"], 120, 40)
	press1(m, "g")
	says(t, ansi.Strip(m.View().Content), "The gate after Prerequisites is shut: 4 steps block it")
	steps := m.state.GateBlockers()
	s.tell(m, p.attest(steps[0].ID).s)
	says(t, ansi.Strip(m.View().Content), "is shut: 3 steps block it")
	for _, step := range steps[1:] {
		p.attest(step.ID)
	}
	s.tell(m, p.s)
	says(t, ansi.Strip(m.View().Content), "Nothing keeps the gate after Prerequisites shut any more")
}
