package plain

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// outside is the question that starts an action which acts outside of the rollout: it says what would happen. Nil for
// any other step.
func (t *Talk) outside(step runbook.Step) *question {
	switch {
	case step.Notify != nil:
		return t.askNotify(step)
	case step.Approve != nil:
		return t.askApprove(step)
	case step.Job != nil:
		return t.askJob(step)
	case step.Command != nil:
		return t.askCommand(step)
	case step.HTTP != nil:
		return t.askRequest(step)
	case step.Flags != nil:
		return t.askFlags(step)
	case step.Wait != nil:
		return t.askWait(step)
	case step.Ask != nil:
		return t.askQuestions(step)
	}
	return nil
}

// askOutside asks whether to start such an action, with what came of it before.
func (t *Talk) askOutside(step runbook.Step) *question {
	q := t.outside(step)
	q.text = append([]string{t.whole(step), speak(step.Text)}, q.text...)
	if a := t.s.Actions[step.ID]; a.Attempt > 0 && len(q.options) > 0 && q.options[0].word == "start" {
		q.options[0].what = "start it again"
	}
	return q
}

// acting tells whether such an action goes on.
func acting(a run.ActionState) bool {
	return a.Stage == run.ActionRunning || a.Stage == run.ActionWaiting || a.Stage == run.ActionHolding
}

// beginning is the answer that starts an action; where the step says so, a word is typed first.
func (t *Talk) beginning(step runbook.Step, what string) option {
	return option{"start", what, func() { t.confirmed(step, func(word string) { t.want(run.Start{Step: step.ID, Word: word}) }) }}
}

// confirmed asks for the word of a step that wants one, and then goes on with it.
func (t *Talk) confirmed(step runbook.Step, then func(word string)) {
	if step.Confirm == "" {
		then("")
		return
	}
	word := plainly(step.Confirm)
	t.begin(&text{
		ask: fmt.Sprintf("To start %s, type the word %s", plainly(step.Title), word), hint: "A dot alone goes back", least: 1,
		take: func(typed string) {
			if typed != step.Confirm {
				t.say("That is another word, and nothing was started")
				return
			}
			then(typed)
		},
	})
}

// askNotify reads the draft, and offers to send it, to change it, or to say that it was told by other means.
func (t *Talk) askNotify(step runbook.Step) *question {
	channel := t.s.Channel(step.Notify.Channel)
	name := plainly(step.Notify.Channel)
	q := &question{}
	if a := t.s.Actions[step.ID]; a.Stage == run.ActionInDoubt {
		q.text = append(q.text, "It may have been sent or not: look in the channel before you send it again")
	}
	q.text = append(q.text, t.draft("Draft for "+name, step.Notify.Text)...)
	if i := step.Notify.Invite; i != nil {
		q.text = append(q.text, fmt.Sprintf("It comes with an appointment, %s, in %s, as a file beside the report", speak(i.Title), span(i.After.D)))
	}
	told := option{"done", "it was told by other means, tick it", func() { t.tickTold(step) }}
	if channel.IsByHand() {
		q.text = append(q.text, "Nothing sends on this channel: tell them yourself, and tick it with a note")
		told.what = "it is told, tick it"
		q.options = []option{told}
		return q
	}
	send := func(body string) {
		t.confirmed(step, func(word string) { t.want(run.Start{Step: step.ID, Text: body, Word: word}) })
	}
	q.options = []option{
		{"send", "send it as it is", func() { send("") }},
		{"edit", "type another text", func() { t.edit("The text for "+name, send) }},
		told,
	}
	return q
}

// draft is a text that is about to go out, line by line, so that it can be told apart from the rest.
func (t *Talk) draft(head, body string) []string {
	said := []string{head + ":"}
	for l := range strings.SplitSeq(body, "\n") {
		if l := speak(l); l != "" {
			said = append(said, "Draft: "+l)
		}
	}
	return append(said, "End of the draft")
}

// edit asks for a text of several lines, reads it back, and asks whether to send it.
func (t *Talk) edit(ask string, send func(string)) {
	t.begin(&text{ask: ask, least: 1, many: true, take: func(body string) {
		t.confirm("send", append(t.draft("This is what you typed", body), "Send it?"), "send it", func() { send(body) })
	}})
}

// tickTold ticks a message that was told by other means.
func (t *Talk) tickTold(step runbook.Step) {
	t.reason("How they were told of "+plainly(step.Title), leastReason, func(note string) run.Intent { return run.Attest{Step: step.ID, Note: note} })
}

// askApprove says what somebody else has to approve.
func (t *Talk) askApprove(step runbook.Step) *question {
	q := &question{text: append([]string{"Somebody else has to approve: " + speak(step.Approve.Text)}, whoApproves(step.Approve)...)}
	q.options = []option{t.beginning(step, "wait for the approval")}
	return q
}

func whoApproves(a *runbook.Approve) []string {
	who := "Anybody but you may approve it"
	if len(a.From) > 0 {
		who = "Who may approve it: " + plainly(list(a.From))
	}
	if a.Within.D > 0 {
		who += fmt.Sprintf(". Without an answer within %s it counts as a no", span(a.Within.D))
	}
	return []string{who}
}

// answerApproval asks what the one who approves said.
func (t *Talk) answerApproval(step runbook.Step) *question {
	q := &question{text: append([]string{t.whole(step), "To be approved: " + speak(string(t.s.Actions[step.ID].Text))}, whoApproves(step.Approve)...)}
	said := func(denied bool) func() {
		return func() {
			t.begin(&text{ask: "Who said it? Their name", hint: "A dot alone goes back", least: 1, take: func(by string) {
				t.begin(&text{ask: "What did " + plainly(by) + " say, in their words", least: leastWords, take: func(words string) {
					t.want(run.Approve{Step: step.ID, By: by, Words: words, Denied: denied})
				}})
			}})
		}
	}
	q.options = []option{{"yes", "somebody said yes", said(false)}, {"no", "somebody said no", said(true)}}
	return q
}

// leastWords is how much an approver has to say at least.
const leastWords = 3

// askJob says which Job would run.
func (t *Talk) askJob(step runbook.Step) *question {
	what := "It runs a Job from a manifest"
	if name := step.Job.CronJob; name != "" {
		what = "It runs the Job of CronJob " + plainly(name) + " once, now"
	}
	return t.askWrite(step, what+" in "+plainly(t.envOf(step)))
}

// askCommand says which program would run.
func (t *Talk) askCommand(step runbook.Step) *question {
	return t.askWrite(step, "It runs the program: "+plainly(strings.Join(step.Command.Argv, " ")))
}

// askRequest says which call would be made.
func (t *Talk) askRequest(step runbook.Step) *question {
	method := step.HTTP.Method
	if method == "" {
		method = "POST"
	}
	return t.askWrite(step, fmt.Sprintf("It sends %s to %s", plainly(method), plainly(step.HTTP.URL)))
}

// askWrite asks whether to start what changes something, and says what a rollback does not bring back.
func (t *Talk) askWrite(step runbook.Step, what string) *question {
	q := &question{text: []string{what}, options: []option{t.beginning(step, "start it")}}
	switch step.Migration() {
	case "compatible":
		q.text = append(q.text, "It changes data that a rollback does not bring back; the version before works with it too")
	case "incompatible":
		q.text = append(q.text, "It changes data that a rollback does not bring back, and the version before does not work with it")
	}
	if t.s.Actions[step.ID].Stage == run.ActionInDoubt {
		q.text = append(q.text, "It may have happened or not: look before you start it again")
	}
	return q
}

// askFlags says which flags would be raised, and how.
func (t *Talk) askFlags(step runbook.Step) *question {
	f := step.Flags
	names := "every flag"
	if !f.Flags.All {
		names = "the flags " + plainly(list(f.Flags.List))
	}
	var shares []string
	for _, s := range f.Shares() {
		shares = append(shares, fmt.Sprint(s))
	}
	hold := f.Hold.D
	if hold == 0 {
		hold = defaultHold
	}
	text := fmt.Sprintf("It raises %s in %s to %s percent, each held for %s and judged by the watch", names, plainly(t.envOf(step)), list(shares), span(hold))
	return &question{text: []string{text, "A rollback turns them off first"}, options: []option{t.beginning(step, "start raising them")}}
}

// askWait says what would be waited for.
func (t *Talk) askWait(step runbook.Step) *question {
	w := step.Wait
	text := "It waits for " + span(w.For.D)
	if w.Window != nil {
		text = fmt.Sprintf("It waits until the window opens: %s from %s to %s %s", plainly(strings.Join(w.Window.Days.List, ", ")), plainly(w.Window.From), plainly(w.Window.To), plainly(w.Window.Zone))
	}
	return &question{text: []string{text}, options: []option{t.beginning(step, "begin to wait")}}
}

// askQuestions says what will be asked.
func (t *Talk) askQuestions(step runbook.Step) *question {
	var titles []string
	for _, q := range step.Ask.Questions {
		titles = append(titles, speak(q.Title))
	}
	begin := t.beginning(step, "answer now")
	start := begin.do
	begin.do = func() { t.answering = step.ID; start() }
	return &question{
		text:    []string{fmt.Sprintf("It asks %s: %s", plural(len(titles), "question", "questions"), strings.Join(titles, "; "))},
		options: []option{begin},
	}
}

// answerQuestions is the question of a step that waits for answers; who has just begun is asked the first one at once.
func (t *Talk) answerQuestions(step runbook.Step) *question {
	q := &question{text: []string{t.whole(step)}}
	if t.answering == step.ID {
		q.own, q.text = true, nil
		q.typed = func() *text { t.answering = ""; return t.field(step, 0, map[string]string{}) }
		return q
	}
	q.options = []option{{"answer", "answer the questions", func() { t.begin(t.field(step, 0, map[string]string{})) }}}
	return q
}

// field asks one question of a step, and the next one after it.
func (t *Talk) field(step runbook.Step, i int, answers map[string]string) *text {
	q := step.Ask.Questions[i]
	ask := fmt.Sprintf("Question %d of %d: %s", i+1, len(step.Ask.Questions), sentence(speak(q.Title)))
	if q.Text != "" {
		ask += " " + sentence(speak(q.Text))
	}
	if len(q.Options) > 0 {
		ask += " Possible answers, by name or number:"
		for n, o := range q.Options {
			ask += fmt.Sprintf(" %d: %s.", n+1, plainly(o))
		}
	}
	hint := "A dot alone goes back"
	switch {
	case q.Default != "":
		hint = "An empty line means " + plainly(q.Default) + ". " + hint
	case q.Optional:
		hint = "It may be empty. " + hint
	}
	return &text{ask: ask, hint: hint, take: func(typed string) {
		answer := chosen(q, typed)
		if wrong := q.Accepts(answer); wrong != "" {
			t.say("That is no answer:", speak(wrong))
			t.begin(t.field(step, i, answers))
			return
		}
		answers[q.ID] = answer
		if i+1 < len(step.Ask.Questions) {
			t.begin(t.field(step, i+1, answers))
			return
		}
		t.want(run.Answer{Step: step.ID, Answers: answers})
	}}
}

// chosen is the answer that was typed: an option by its number, or the default by an empty line.
func chosen(q runbook.Question, typed string) string {
	if typed == "" {
		return q.Default
	}
	for n, o := range q.Options {
		if typed == fmt.Sprint(n+1) || strings.EqualFold(typed, o) {
			return o
		}
	}
	return typed
}

// waitsForWords is the question of an action that waits for what a person has to type; nil when it waits for nobody.
func (t *Talk) waitsForWords(step runbook.Step) *question {
	if t.s.Actions[step.ID].Stage != run.ActionWaiting {
		return nil
	}
	switch {
	case step.Approve != nil:
		return t.answerApproval(step)
	case step.Ask != nil:
		return t.answerQuestions(step)
	}
	return nil
}

// flagsDue asks about flags that are frozen, or not raised further.
func (t *Talk) flagsDue() *question {
	for step := range run.Steps(t.s.Plan) {
		a := t.s.Actions[step.ID]
		if step.Flags == nil || !acting(a) {
			continue
		}
		if a.Paused {
			return &question{key: "paused " + step.ID, text: []string{fmt.Sprintf("%s: frozen at %d percent", plainly(step.Title), a.Share)}, options: []option{
				{"on", "go on", func() { t.want(run.Continue{}) }}, {"", "roll back; R does the same", t.rollBack},
			}}
		}
		why := t.s.FlagsBlockers(step.ID, t.now)
		if a.Stage != run.ActionHolding || a.Hold.IsZero() || t.now.Before(a.Hold) || len(why) == 0 {
			continue
		}
		var said []string
		for _, w := range why {
			said = append(said, speak(string(w)))
		}
		key := fmt.Sprintf("raising %s %d %d", step.ID, a.Share, len(why))
		return &question{key: key, text: []string{fmt.Sprintf("%s waits at %d percent: %s", plainly(step.Title), a.Share, strings.Join(said, ". "))}, options: []option{
			{"freeze", "freeze it", func() { t.want(run.Freeze{}) }}, {"", "roll back; R does the same", t.rollBack}, {"wait", "wait", t.aside(key)},
		}}
	}
	return nil
}

// outsideWords says how an action goes on, for a step's details.
func (t *Talk) outsideWords(step runbook.Step) {
	a, ok := t.s.Actions[step.ID]
	if !ok {
		return
	}
	t.say(fmt.Sprintf("Attempt %d began at %s, started by %s", a.Attempt, clock(a.Started), plainly(a.By)))
	for _, e := range a.Evidence {
		t.evidence(e)
	}
	out := strings.Split(strings.TrimSpace(string(a.Output)), "\n")
	for _, l := range out[max(0, len(out)-lastOutput):] {
		if l := plainly(l); l != "" {
			t.say("Output: " + l)
		}
	}
	if a.Approval != nil {
		t.say(fmt.Sprintf("Approved by %s at %s: %s", plainly(a.Approval.By), clock(a.Approval.At), speak(string(a.Approval.Words))))
	}
}

// lastOutput is how many lines of a program are read.
const lastOutput = 10
