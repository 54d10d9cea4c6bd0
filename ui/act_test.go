package ui

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// player drives a Model as a person would, over a State that the law itself moves on.
type player struct {
	t *testing.T
	m *Model
	f *fake
	d *runtest.Drive
}

// acting is a run in its first phase, whose last step has the action.
func acting(t *testing.T, action string) *player {
	t.Helper()
	plan := runtest.Plan(t, "{id: config, title: Config}", "{id: config, title: Config, "+action+"}", "rollback:\n  auto: false\n",
		"communication:\n  every: 15m\n  channels:\n    news: {webhook: 'https://chat.example/secret'}\n    mouth: {}\n  status: news\nrollback:\n  auto: false\n")
	d := runtest.Start(t, plan, runtest.NewWorld())
	d.For(30 * time.Second)
	f := newFake(d.S, d.At)
	p := &player{t: t, m: New(f, Options{}), f: f, d: d}
	p.do(tea.WindowSizeMsg{Width: 100, Height: 40})
	p.m.list.Step = "config"
	return p
}

// do gives the Model a message, and then whatever comes of its commands that is not a wait.
func (p *player) do(msg tea.Msg) {
	_, cmd := p.m.Update(msg)
	p.follow(cmd, 0)
	for len(p.f.wanted) > 0 {
		want := p.f.wanted[0]
		p.f.wanted = p.f.wanted[1:]
		p.d.Want(want)
		p.f.state, p.f.now = p.d.S, p.d.At
		p.m.Update(stateMsg{p.d.S})
	}
}

func (p *player) follow(cmd tea.Cmd, depth int) {
	if cmd == nil || depth > 20 || blinks(cmd) {
		return
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	var msg tea.Msg
	select {
	case msg = <-done:
	case <-time.After(20 * time.Millisecond): // of the bubble: everybody waits for the time or for a State
		return
	}
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, c := range batch {
			p.follow(c, depth+1)
		}
		return
	}
	if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice { // a sequence, whose type has no name outside
		for i := range v.Len() {
			if c, ok := v.Index(i).Interface().(tea.Cmd); ok {
				p.follow(c, depth+1)
			}
		}
		return
	}
	if msg != nil {
		_, next := p.m.Update(msg)
		p.follow(next, depth+1)
	}
}

// blinks tells whether a command only waits for a cursor to blink, for ever.
func blinks(cmd tea.Cmd) bool {
	return strings.Contains(runtime.FuncForPC(reflect.ValueOf(cmd).Pointer()).Name(), "Blink")
}

// press presses keys, each well after the one before.
func (p *player) press(keys ...string) {
	for _, k := range keys {
		p.d.For(time.Second)
		p.f.state, p.f.now = p.d.S, p.d.At
		p.m.Update(stateMsg{p.d.S})
		p.do(keyNamed(k))
	}
}

func (p *player) typed(text string) {
	for _, r := range text {
		p.do(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// sees tells whether the screen shows a text.
func (p *player) sees(text string) {
	p.t.Helper()
	if !strings.Contains(strings.Join(p.m.draw(), "\n"), text) {
		p.t.Fatalf("the screen lacks %q:\n%s", text, strings.Join(p.m.draw(), "\n"))
	}
}

func TestAMessageIsShownBeforeItGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "notify: {channel: news, text: we begin}")
		p.press("enter")
		p.sees("we begin")
		p.sees("a webhook at chat.example")
		if screen := strings.Join(p.m.draw(), "\n"); strings.Contains(screen, "secret") {
			t.Fatal("the address of the webhook is shown")
		}
		p.do(keyNamed("enter")) // still held down
		if len(p.d.World.Outside.Sent) != 0 {
			t.Fatal("the key that opened the message sent it")
		}
		p.typed(" R")
		p.press("enter")
		p.d.For(time.Second)
		sent := p.d.World.Outside.Sent
		if len(sent) != 1 || sent[0].Text != "we begin R" {
			t.Fatalf("sent %+v", sent)
		}
		if p.d.S.Rollback != nil {
			t.Error("an R in a text rolled back")
		}
	})
}

func TestAMessageThatIsLeftDoesNotGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "notify: {channel: news, text: we begin}")
		p.press("enter", "esc")
		p.d.For(time.Minute)
		if len(p.d.World.Outside.Sent) != 0 {
			t.Fatal("it went")
		}
		p.press("enter")
		p.do(tea.PasteMsg{Content: "R\ny\nall is well\x1b[2J"}) // pasted text is text
		if p.m.dialog == nil || len(p.d.World.Outside.Sent) != 0 {
			t.Fatal("pasted text acted")
		}
		p.press("enter")
		p.d.For(time.Second)
		if sent := p.d.World.Outside.Sent; len(sent) != 1 || strings.ContainsRune(string(sent[0].Text), '\x1b') {
			t.Fatalf("sent %+v", sent)
		}
	})
}

func TestWhatIsToldByHandIsTickedWithANote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "notify: {channel: mouth, text: we begin}")
		p.press("enter")
		p.sees("pass this on yourself")
		p.typed("told them in the stand-up")
		p.press("enter")
		if got := p.d.S.StepStatus("config"); got != run.Attested {
			t.Errorf("it is %s", got)
		}
	})
}

func TestAnApprovalIsWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "approve: {text: 'v2 to production'}")
		p.press("enter", "y")
		p.press("down") // the questions came up by themselves, and take keys after a while
		p.sees("Who decides?")
		p.typed("carol")
		p.press("enter")
		p.typed("yes, go ahead")
		p.press("enter", "enter")
		a := p.d.S.Actions["config"].Approval
		if a == nil || a.By != "carol" || a.Words != "yes, go ahead" {
			t.Fatalf("the approval is %+v; log:%s", a, p.d.Log())
		}
	})
}

// What the law would refuse is said where it is typed: nobody writes down the words of a yes for nothing.
func TestWhoMayNotApproveIsToldAtTheName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "approve: {text: 'v2 to production', from: [carol]}")
		p.press("enter", "y")
		p.press("down")
		for name, why := range map[string]string{p.d.S.Operator: "somebody else has to approve it", "dave": "the runbook names carol"} {
			p.typed(name)
			p.press("enter")
			p.sees(why)
			p.press("ctrl+u")
		}
		p.typed("carol")
		p.press("enter")
		p.typed("yes, go ahead")
		p.press("enter", "enter")
		if a := p.d.S.Actions["config"].Approval; a == nil || a.By != "carol" {
			t.Fatalf("the approval is %+v; log:%s", a, p.d.Log())
		}
	})
}

func TestAStepThatWaitsForAnotherAsksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "job: {cronJob: restore}")
		p.d.World.Checks["secret"] = run.Failed
		p.d.For(time.Minute)
		p.f.state, p.f.now = p.d.S, p.d.At
		p.m.Update(stateMsg{p.d.S})
		p.press("s")
		if p.m.dialog != nil {
			t.Errorf("it asks whether to start: %s", p.m.dialog.title)
		}
		p.sees("Config waits for Secret")
	})
}

func TestAWordIsTypedWhereTheStepWantsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "job: {cronJob: restore}, confirm: restore")
		p.press("s")
		p.sees("type restore to start it")
		p.sees("CronJob restore once, now")
		p.typed("restor")
		p.press("enter")
		if len(p.d.World.Outside.Done) != 0 {
			t.Fatal("it started on half a word")
		}
		p.typed("e")
		p.press("enter")
		p.d.For(time.Second)
		if p.d.World.Outside.Done["config"] != 1 {
			t.Errorf("it did not start:%s", p.d.Log())
		}
	})
}

func TestQuestionsAreAnsweredInAForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "ask: {questions: [{id: ticket, title: Ticket, pattern: 'OPS-[0-9]+'}, {id: size, title: Size, options: [small, large]}]}")
		p.press("enter", "y", "down")
		p.typed("OPS-7")
		p.press("enter", "down", "enter")
		got := p.d.S.Actions["config"].Answers
		if got["ticket"] != "OPS-7" || got["size"] != "large" {
			t.Errorf("answered %v:%s", got, p.d.Log())
		}
	})
}

func TestTheStatusUpdateIsDrafted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "wait: {for: 1h}")
		p.press("t")
		p.sees("Small on production")
		p.sees("No trigger tripped")
		p.press("enter", "enter")
		p.d.For(time.Second)
		if sent := p.d.World.Outside.Sent; len(sent) != 1 || sent[0].About != run.AboutStatus || !strings.Contains(string(sent[0].Text), "No trigger tripped") {
			t.Fatalf("sent %+v", sent)
		}
	})
}

func TestEveryActionSaysWhatItWillDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for action, words := range map[string]string{
			"command: {argv: [make, it]}":                                    "Runs here: make it",
			"http: {url: 'https://x.example/do'}":                            "Calls POST https://x.example/do",
			"wait: {window: {days: Mon-Fri, from: '09:00', to: '17:00'}}":    "Waits until the window opens",
			"job: {cronJob: c, migration: incompatible}":                     "a rollback then asks",
			"flags: {configmap: {name: f}, flags: lobby, steps: [10%, 50%]}": "lobby in production, namespace production to 10 %, 50 %",
		} {
			p := acting(t, action)
			p.press("s")
			p.sees(words)
			p.press("n")
			if a := p.d.S.Actions["config"]; a.Stage != "" {
				t.Errorf("%s started on a no", action)
			}
		}
	})
}

func TestTheRollbackTellsOfTheFlags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := acting(t, "flags: {configmap: {name: f}, flags: lobby}")
		p.press("s", "y")
		p.d.For(time.Second)
		p.press("R")
		p.sees("lobby  5 % → off first")
		p.sees("other feature flags")
		p.press("enter")
		p.d.For(time.Second)
		p.press("b")
		p.sees("lobby  → off")
	})
}
