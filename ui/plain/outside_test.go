package plain

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// channels gives the small runbook a communication plan that sends.
const channels = `communication:
  every: 15m
  channels:
    news: {webhook: 'https://chat.example/news'}
    mouth: {}
  status: news
rollback:
  auto: false
`

// outsidePlan is the small procedure whose first phase has steps that act outside of the rollout.
func outsidePlan(t *testing.T) *runbook.Plan {
	t.Helper()
	return runtest.Plan(
		t, "rollback:\n  auto: false\n", channels, "          - {id: config, title: Config}\n", `
          - {id: news, title: Tell them, notify: {channel: news, text: "v2 goes out at three.\nExpect no downtime.", invite: {title: Review, after: 168h}}}
          - {id: mouth, title: Tell the neighbours, notify: {channel: mouth, text: we begin}}
          - {id: yes, title: Approval, approve: {text: 'v2 to production', from: [Bob, Carol], within: 2h}}
          - {id: migrate, title: Migrate, confirm: MIGRATE, job: {cronJob: migrate, migration: incompatible}}
          - {id: program, title: Run it, command: {argv: [make, warm]}}
          - {id: call, title: Purge, http: {url: 'https://cdn.example/purge'}}
          - {id: rest, title: Let it rest, wait: {for: 90s}}
          - id: facts
            title: What is known
            ask:
              questions:
                - {id: risk, title: How risky is it?, options: [low, high]}
                - {id: ticket, title: Ticket, pattern: 'OPS-[0-9]+', text: The number of the change}
                - {id: more, title: Anything else?, optional: true}
`,
	)
}

// Every action that acts outside of the rollout, by its questions.
func TestOutside(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	w.Outside.Takes["program"] = 10 * time.Second
	w.Outside.Fail["call"] = "500 from the cache"
	p := newPlay(t, outsidePlan(t), w).waits(20 * time.Second)
	p.types("edit", "v2 goes out at four.", "R", "t", "", "Expect none.", ".", "yes").waits(2 * time.Second)
	p.types("done", "walked over and told them").waits(2 * time.Second)
	p.types("start").waits(time.Second).types("yes", "alice", "sure, do it").waits(2*time.Second).types("yes", "Bob", "go ahead").waits(2 * time.Second)
	p.types("start", "yes", "start", "MIGRATE").waits(2 * time.Second)
	p.types("start").waits(12 * time.Second).types("start").waits(2 * time.Second).types("h")
	delete(w.Outside.Fail, "call")
	p.types("start").waits(2 * time.Second)
	p.types("start").waits(30 * time.Second).types("f").waits(2 * time.Second).types("on").waits(3 * time.Minute)
	p.types("start").waits(2 * time.Minute)
	p.types("start", "3", "2", "4711", "OPS-4711", "").waits(2 * time.Second)
	if left := p.d.S.GateBlockers(); len(left) != 0 {
		t.Errorf("%s does not stand", left[0].Title)
	}
	if sent := w.Outside.Sent; len(sent) != 1 || !strings.Contains(string(sent[0].Text), "R\n\nExpect none.") {
		t.Errorf("sent %+v", sent)
	}
	if a := p.d.S.Actions["facts"].Answers; a["risk"] != "high" || a["ticket"] != "OPS-4711" {
		t.Errorf("answered %v", a)
	}
	p.golden("outside")
}

// Flags are raised behind the watch, frozen, and held back by a trigger; a rollback turns them off first.
func TestFlags(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	plan := runtest.Plan(t, "{id: report, title: Report}", "{id: raise, title: Raise the flags, flags: {configmap: {name: flags}, flags: [new-lobby], steps: [5%, 50%], hold: 1m}}")
	p := deployedTo(t, plan, w).types("1").waits(11 * time.Minute).types("1").waits(2 * time.Second)
	p.types("start").waits(30 * time.Second).types("f").waits(2 * time.Second).types("on").waits(70 * time.Second)
	w.Errors = 20
	p.waits(50*time.Second).types("s", "R", "").waits(5 * time.Second).types("the new lobby fails").waits(5 * time.Second)
	if w.Outside.Shares["raise"] != 0 || p.d.S.Rollback == nil {
		t.Errorf("flags at %d", w.Outside.Shares["raise"])
	}
	p.golden("flags")
}

// What may have happened or not is said so, and a person may tick it; a denial is a no.
func TestOutsideInDoubt(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	w.Outside.Doubt["news"] = true
	p := newPlay(t, outsidePlan(t), w).waits(20*time.Second).types("send").waits(2*time.Second).types("h", "done", "saw it in the channel").waits(2 * time.Second)
	p.types("done", "walked over and told them").waits(2*time.Second).types("start").waits(time.Second).types("no", "Carol", "not on a Friday").waits(2 * time.Second)
	if p.d.S.StepStatus("news") != run.Attested || p.d.S.StepStatus("yes") != run.Failed {
		t.Errorf("tell is %s, yes is %s", p.d.S.StepStatus("news"), p.d.S.StepStatus("yes"))
	}
	p.golden("in-doubt")
}

// A status update is asked about when it is due, with its draft.
func TestStatusUpdate(t *testing.T) {
	t.Parallel()
	w := runtest.NewWorld()
	p := newPlay(t, outsidePlan(t), w).waits(16 * time.Minute).types("later").waits(6 * time.Minute).types("send").waits(5 * time.Second)
	p.types("m", "edit", "All is well.", ".", "yes").waits(20 * time.Minute).types("told")
	if sent := w.Outside.Sent; len(sent) != 2 || sent[1].Text != "All is well." {
		t.Errorf("sent %+v", sent)
	}
	p.golden("update")
}
