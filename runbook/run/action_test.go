package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// channels gives the small runbook a communication plan that sends.
const channels = `rollback:
  auto: false
`

const withChannels = `communication:
  every: 15m
  channels:
    news: {webhook: 'https://chat.example/news'}
    alarm: {webhook: 'https://chat.example/alarm'}
    mouth: {}
  status: news
  escalation: alarm
rollback:
  auto: false
`

// acting is a run in the phase before, whose step config has the action.
func acting(t testing.TB, action string, edits ...string) *runtest.Drive {
	t.Helper()
	d := begin(t, append([]string{"{id: config, title: Config}", "{id: config, title: Config, " + action + "}", channels, withChannels}, edits...)...)
	d.For(30 * time.Second)
	return d
}

func wantStatus(t testing.TB, d *runtest.Drive, step string, want run.Status) {
	t.Helper()
	if got := d.S.StepStatus(step); got != want {
		t.Fatalf("%s is %s (%s), want %s; log:%s", step, got, d.S.Observed(step), want, d.Log())
	}
}

func TestActsBeginWithAWishAndEndWithTheirOutcome(t *testing.T) {
	for _, c := range []struct{ name, action string }{
		{"notify", "notify: {channel: news, text: we begin}"},
		{"job", "job: {cronJob: restore}"},
		{"command", "command: {argv: [make, it]}"},
		{"http", "http: {url: 'https://x.example/do'}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := acting(t, c.action)
			wantStatus(t, d, "config", run.Pending)
			d.World.Outside.Takes["config"] = time.Minute
			d.Want(run.Start{Step: "config"})
			wantStatus(t, d, "config", run.Checking)
			d.Want(run.Start{Step: "config"}) // pressed twice
			d.For(2 * time.Minute)
			wantStatus(t, d, "config", run.Passed)
			if n := d.World.Outside.Done["config"]; n != 1 {
				t.Errorf("it was done %d times", n)
			}
			d.Want(run.Start{Step: "config"})
			d.For(time.Minute)
			if n := d.World.Outside.Done["config"]; n != 1 {
				t.Errorf("what is done was done again, %d times", n)
			}
			openGate(d, 1, t)
		})
	}
}

func TestAnActThatFailedKeepsTheGateShutAndMayBeTriedAgain(t *testing.T) {
	d := acting(t, "command: {argv: [make, it]}")
	d.World.Outside.Fail["config"] = "exit code 1"
	d.Want(run.Start{Step: "config"})
	d.For(time.Minute)
	wantStatus(t, d, "config", run.Failed)
	d.Want(run.OpenGate{})
	d.For(2 * time.Minute)
	if d.S.Phase != 0 {
		t.Fatal("the gate opened over a failed act")
	}
	delete(d.World.Outside.Fail, "config")
	d.Want(run.Start{Step: "config"})
	d.For(time.Minute)
	wantStatus(t, d, "config", run.Passed)
	if a := d.S.Actions["config"]; a.Attempt != 2 {
		t.Errorf("attempt %d, want 2", a.Attempt)
	}
}

func TestACrashLeavesDoubtWhereAnActMayNotBeRepeated(t *testing.T) {
	for _, c := range []struct {
		name, action string
		want         run.Status
	}{
		{"command", "command: {argv: [make, it]}", run.Unknown},
		{"a command that may be repeated", "command: {argv: [make, it], repeat: true}", run.Passed},
		{"http", "http: {url: 'https://x.example/do'}", run.Unknown},
		{"http that may be repeated", "http: {url: 'https://x.example/do', repeat: true}", run.Passed},
		{"notify", "notify: {channel: news, text: we begin}", run.Unknown},
		{"a job, which is looked for first", "job: {cronJob: restore}", run.Passed},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := acting(t, c.action)
			d.World.Outside.Mute["config"] = true
			d.Want(run.Start{Step: "config"})
			d.For(10 * time.Second)
			wish := d.S.Actions["config"].Wish
			d.World.Outside.Mute["config"] = false
			d = runtest.Replayed(t, d.S.Plan, d.World, d.Events, d.At.Add(time.Minute))
			d.For(time.Minute)
			wantStatus(t, d, "config", c.want)
			if c.want == run.Passed {
				if d.World.Outside.Seen[wish] != run.ActionDone {
					t.Error("another wish was made for the same act")
				}
				return
			}
			if d.World.Outside.Done["config"] != 0 {
				t.Fatal("it was repeated although it may have happened")
			}
			d.Want(run.Attest{Step: "config", Note: "I looked: it had happened"})
			wantStatus(t, d, "config", run.Attested)
		})
	}
}

func TestAConfirmationIsTyped(t *testing.T) {
	d := acting(t, "job: {cronJob: restore}, confirm: restore")
	for _, word := range []string{"", "Restore", "restore now", "yes"} {
		d.Want(run.Start{Step: "config", Word: word})
		d.For(5 * time.Second)
		wantStatus(t, d, "config", run.Pending)
	}
	d.Want(run.Start{Step: "config", Word: "restore"})
	d.For(5 * time.Second)
	wantStatus(t, d, "config", run.Passed)
}

func TestAMessageGoesAsThePersonChangedIt(t *testing.T) {
	d := acting(t, "notify: {channel: news, text: we begin}")
	d.Want(run.Start{Step: "config", Text: "we begin at noon\x1b[2J"})
	d.For(5 * time.Second)
	sent := d.World.Outside.Sent
	if len(sent) != 1 || sent[0].Text != "we begin at noon^[[2J" || sent[0].Channel.Webhook != "https://chat.example/news" {
		t.Fatalf("sent %+v", sent)
	}
	if m := d.S.Messages; len(m) != 1 || m[0].Sent.IsZero() || m[0].By != "alice" {
		t.Errorf("the books say %+v", m)
	}
}

func TestWhatNobodySendsIsToldByHand(t *testing.T) {
	d := acting(t, "notify: {channel: mouth, text: we begin}")
	d.Want(run.Start{Step: "config"})
	wantStatus(t, d, "config", run.Pending)
	d.Want(run.Attest{Step: "config", Note: "told"})
	wantStatus(t, d, "config", run.Pending) // too short to say how
	d.Want(run.Attest{Step: "config", Note: "told them in the stand-up"})
	wantStatus(t, d, "config", run.Attested)
}

func TestSomebodyElseApproves(t *testing.T) {
	d := acting(t, "approve: {text: 'v2 to production'}")
	d.Want(run.Approve{Step: "config", By: "carol", Words: "go ahead"})
	wantStatus(t, d, "config", run.Pending) // nobody asked yet
	d.Want(run.Start{Step: "config"})
	wantStatus(t, d, "config", run.Checking)
	for _, no := range []run.Approve{
		{By: "alice", Words: "go ahead"}, {By: " ALICE ", Words: "go ahead"}, {By: "", Words: "go ahead"}, {By: "carol", Words: " "},
	} {
		no.Step = "config"
		d.Want(no)
		wantStatus(t, d, "config", run.Checking)
	}
	d.For(24 * time.Hour) // a person's wait has no time-out unless one is written
	wantStatus(t, d, "config", run.Checking)
	d.Want(run.Approve{Step: "config", By: "carol", Words: "yes, go ahead"})
	wantStatus(t, d, "config", run.Passed)
	a := d.S.Actions["config"].Approval
	if a == nil || a.By != "carol" || a.Words != "yes, go ahead" || a.Digest != d.S.ApprovalDigest() || a.How != run.SaidSo {
		t.Errorf("the approval is %+v", a)
	}
}

func TestAWrittenTimeOutMeansNo(t *testing.T) {
	d := acting(t, "approve: {text: 'v2 to production', within: 10m}")
	d.Want(run.Start{Step: "config"})
	d.For(11 * time.Minute)
	wantStatus(t, d, "config", run.Failed)
	d.Want(run.Approve{Step: "config", By: "carol", Words: "yes, go ahead"}) // still clickable, as others had it
	wantStatus(t, d, "config", run.Failed)
	d.Want(run.Start{Step: "config"})
	d.Want(run.Approve{Step: "config", By: "carol", Words: "not today", Denied: true})
	wantStatus(t, d, "config", run.Failed)
}

func TestOnlyThoseNamedApprove(t *testing.T) {
	d := acting(t, "approve: {text: v2, from: [carol, dave]}")
	d.Want(run.Start{Step: "config"})
	d.Want(run.Approve{Step: "config", By: "mallory", Words: "yes, go ahead"})
	wantStatus(t, d, "config", run.Checking)
	d.Want(run.Approve{Step: "config", By: "Carol", Words: "yes, go ahead"})
	wantStatus(t, d, "config", run.Passed)
}

func TestAWaitIsOverByItself(t *testing.T) {
	for _, c := range []struct {
		name, action string
		after        time.Duration
	}{
		{"for a time", "wait: {for: 7m}", 7 * time.Minute},
		{"for a window", "wait: {window: {days: Mon-Fri, from: '11:00', to: '17:00'}}", time.Hour - 30*time.Second}, // the run began on a Monday at 10
		{"for a window that is open", "wait: {window: {from: '09:00', to: '17:00'}}", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := acting(t, c.action)
			d.Want(run.Start{Step: "config"})
			if c.after > 0 {
				d.For(c.after - time.Second)
				wantStatus(t, d, "config", run.Checking)
			}
			d.For(2 * time.Second)
			wantStatus(t, d, "config", run.Passed)
		})
	}
}

func TestAnswersFitTheirQuestions(t *testing.T) {
	d := acting(t, "ask: {questions: [{id: size, title: Size, options: [small, large]}, {id: ticket, title: Ticket, pattern: 'OPS-[0-9]+', optional: true}]}",
		"{id: notify, title: Notify}", `{id: notify, title: Notify, when: 'answers["config/size"] == "large"'}`)
	d.Want(run.Start{Step: "config"})
	for _, wrong := range []map[string]string{{}, {"size": "huge"}, {"size": "small", "ticket": "none"}, {"size": "small", "colour": "red"}} {
		d.Want(run.Answer{Step: "config", Answers: wrong})
		wantStatus(t, d, "config", run.Checking)
	}
	wantStatus(t, d, "notify", run.NotApplicable)
	d.Want(run.Answer{Step: "config", Answers: map[string]string{"size": "large", "ticket": ""}})
	wantStatus(t, d, "config", run.Passed)
	wantStatus(t, d, "notify", run.Pending) // its condition knows the answer
}

func TestStatusUpdates(t *testing.T) {
	d := acting(t, "wait: {for: 1h}")
	due := d.S.NextUpdate
	d.For(16 * time.Minute)
	if !d.S.NextUpdate.Equal(due) {
		t.Fatal("the clock went on although nobody was told")
	}
	draft := d.S.StatusDraft(d.At)
	for _, part := range []string{"Small on production", "Before: ", "No trigger tripped", "Operator alice, run " + runtest.ID} {
		if !strings.Contains(draft, part) {
			t.Errorf("the draft lacks %q:\n%s", part, draft)
		}
	}
	d.World.Outside.Fail[run.AboutStatus] = "503 Service Unavailable"
	d.Want(run.Update{Text: draft})
	d.For(time.Second)
	if !d.S.NextUpdate.Equal(due) || !d.S.Log[len(d.S.Log)-1].Loud {
		t.Fatalf("an update that did not go out counts:%s", d.Log())
	}
	delete(d.World.Outside.Fail, run.AboutStatus)
	d.Want(run.Update{Text: draft})
	d.For(time.Second)
	if want := d.At.Add(-time.Second).Add(15 * time.Minute); !d.S.NextUpdate.Equal(want) {
		t.Errorf("next update %s, want %s:%s", d.S.NextUpdate, want, d.Log())
	}
	before := d.S.NextUpdate
	d.For(time.Minute)
	d.Want(run.StatusSent{})
	if !d.S.NextUpdate.After(before) {
		t.Error("what was told by other means does not count")
	}
}

func TestTheDraftTellsHowFarTheRolloutIs(t *testing.T) {
	d := holding(t)
	d.For(10 * time.Second)
	draft := d.S.StatusDraft(d.At)
	for _, part := range []string{"worker at 25 %", "pods are new", "held for 2 min more", "\nErrors 0.1 % (was 0.1 %)", "of holds and watches are left"} {
		if !strings.Contains(draft, part) {
			t.Errorf("the draft lacks %q:\n%s", part, draft)
		}
	}
	last := d.S.Envs["production"].Samples[len(d.S.Envs["production"].Samples)-1].At
	if later, want := d.S.StatusDraft(d.At.Add(10*time.Minute)), "\nAt "+last.Format("15:04")+" UTC, when it was looked at last: Errors"; !strings.Contains(later, want) {
		t.Errorf("it passes off old numbers as those of now, without %q:\n%s", want, later)
	}
}

// Whoever tells people by hand writes no appointment: the program does, once, when the box is ticked, also when it had
// died meanwhile.
func TestInvitedByHand(t *testing.T) {
	d := acting(t, "notify: {channel: mouth, text: it is out, invite: {title: Review, after: 72h}}")
	if len(wants[run.InviteWork](d.S)) != 0 {
		t.Error("an appointment before anybody was told")
	}
	d.Input(run.Input{Actor: "alice", Intent: run.Attest{Step: "config", Note: "told them in the corridor"}})
	works := wants[run.InviteWork](d.S)
	if len(works) != 1 || works[0].Invite.Title != "Review" || !works[0].At.Equal(d.At) {
		t.Fatalf("the works are %+v", works)
	}
	d = runtest.Replayed(t, d.S.Plan, d.World, d.Events, d.At.Add(time.Hour))
	if again := wants[run.InviteWork](d.S); len(again) != 1 || again[0].Wish != works[0].Wish || !again[0].At.Equal(works[0].At) {
		t.Fatalf("after a crash the works are %+v, before %+v", again, works)
	}
	d.See(run.Acted{Wish: works[0].Wish + "x", Outcome: run.ActionDone, Summary: "of another run"})
	d.For(time.Minute)
	if n := d.Count(run.Invited{}); n != 1 || len(wants[run.InviteWork](d.S)) != 0 {
		t.Errorf("%d appointments, and %d to come:%s", n, len(wants[run.InviteWork](d.S)), d.Log())
	}
	d.See(run.Acted{Wish: works[0].Wish, Outcome: run.ActionDone, Summary: "again"})
	if d.Count(run.Invited{}) != 1 || d.S.Actions["config"].Summary != "came out well" {
		t.Errorf("the same answer counts twice: %+v", d.S.Actions["config"])
	}
	wantStatus(t, d, "config", run.Attested)
}

func TestEscalationsGoOutByThemselvesOnce(t *testing.T) {
	d := holding(t, channels, withChannels)
	d.World.Errors = 40
	d.Until("tripped", 10*time.Minute, func(s run.State) bool { return len(s.Tripped()) > 0 })
	d.For(time.Minute)
	escalated := func(about string) (n int) {
		for _, m := range d.World.Outside.Sent {
			if strings.HasPrefix(m.About, "escalation/"+about) {
				if n++; m.Channel.Name != "alarm" || !m.Urgent {
					t.Errorf("escalated to %+v", m.Channel)
				}
			}
		}
		return n
	}
	if n := escalated("tripped/"); n != 1 {
		t.Fatalf("%d escalations of the trip:%s", n, d.Log())
	}
	d.World.Outside.Mute["escalation/rollback/1"] = true // the channel hangs
	d.Want(run.Rollback{Because: "errors"})
	d.Until("took", 5*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Settling })
	d.World.Outside.Mute["escalation/rollback/1"] = false
	d.World.Errors = 0.1
	d.For(10 * time.Minute)
	if n := escalated("rollback/"); n != 1 {
		t.Errorf("%d escalations of the rollback:%s", n, d.Log())
	}
}

// What trips while it goes back already asks nobody to roll back; that it goes back is told all the same.
func TestNoEscalationAsksForTheRollbackUnderWay(t *testing.T) {
	d := holding(t, channels, withChannels)
	d.Want(run.Rollback{Because: "a complaint"})
	d.World.Errors = 40
	d.Until("tripped", 10*time.Minute, func(s run.State) bool { return len(s.Tripped()) > 0 })
	d.For(time.Minute)
	if sent := d.World.Outside.Sent; len(sent) != 1 || sent[0].About != "escalation/rollback/1" {
		t.Errorf("told: %+v", sent)
	}
}

func TestTheStepsOfTheRollbackProcedureAct(t *testing.T) {
	d := holding(t, "{id: tell, title: Tell}", "{id: tell, title: Tell, notify: {channel: news, text: gone back}}\n    - {id: restore, title: Restore, job: {cronJob: restore}, confirm: restore}", channels, withChannels)
	d.Want(run.Start{Step: "restore", Word: "restore"})
	wantStatus(t, d, "restore", run.Pending) // nothing was rolled back
	d.Want(run.Rollback{})
	d.Until("took", 5*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Settling })
	d.Want(run.Start{Step: "restore", Word: "restore"})
	d.Want(run.Start{Step: "tell"})
	d.For(5 * time.Second)
	wantStatus(t, d, "restore", run.Passed)
	wantStatus(t, d, "tell", run.Passed)
	d.Until("over", 10*time.Minute, func(s run.State) bool { return s.Outcome == run.RolledBack })
}

func TestAnIncompatibleMigrationKeepsTheFuseFromBurning(t *testing.T) {
	for _, kind := range []string{"incompatible", "compatible"} {
		d := inProduction(t, "{id: notify, title: Notify}", "{id: notify, title: Notify}\n          - {id: migrate, title: Migrate, job: {cronJob: migrate, migration: "+kind+"}}")
		d.Want(run.Start{Step: "migrate"})
		d.For(5 * time.Second)
		d.Want(run.Start{Step: "move"})
		d.Until("holding", 2*time.Minute, stage("move", run.Holding))
		d.Want(run.Rollback{})
		d.For(time.Minute)
		r := d.S.Rollback
		if asks := r.Stage == run.Asking; asks != (kind == "incompatible") {
			t.Errorf("%s: the rollback is at %s (%s)", kind, r.Stage, r.AskWhy)
		}
		if kind == "incompatible" {
			d.Want(run.Burn{})
			d.Until("took", 5*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Settling })
		}
	}
}

func TestANotifyThatFailsBlocksNoRollback(t *testing.T) {
	d := holding(t, channels, withChannels)
	for _, about := range []string{"escalation/rollback/1", run.AboutStatus} {
		d.World.Outside.Fail[about] = "no route to host"
	}
	d.Want(run.Rollback{})
	d.Until("took", 5*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Settling })
	d.Until("over or settled", 10*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Restored })
}

func TestAnUnattendedRunSendsTheStatusUpdatesThatAreDue(t *testing.T) {
	d := acting(t, "wait: {for: 1h}")
	for range 4 {
		d.For(5 * time.Minute)
		if next := run.NextIntent(d.S, d.At); next.Intent != nil {
			if _, ok := next.Intent.(run.Update); ok != !d.At.Before(d.S.NextUpdate) {
				t.Fatalf("at %s it wants %T, the update is due at %s", d.At, next.Intent, d.S.NextUpdate)
			}
		}
	}
	d.World.Outside.Fail[run.AboutStatus] = "503"
	d.Want(run.NextIntent(d.S, d.At).Intent)
	d.For(time.Second)
	if _, again := run.NextIntent(d.S, d.At).Intent.(run.Update); again {
		t.Fatal("what did not go out is sent again at once")
	}
	d.For(15 * time.Minute)
	if _, again := run.NextIntent(d.S, d.At).Intent.(run.Update); !again {
		t.Error("the next one is not sent")
	}
}
