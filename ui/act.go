package ui

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"charm.land/huh/v2"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// act opens what there is to do about a step whose action acts outside of the rollout. Nothing goes out before it was
// read and answered.
func (m *Model) act(by string, step runbook.Step) {
	a := m.state.Actions[step.ID]
	switch {
	case a.Stage == run.ActionWaiting && step.Approve != nil:
		m.askApproval(by, step)
	case a.Stage == run.ActionWaiting && step.Ask != nil:
		m.askQuestions(by, step)
	case a.Stage == run.ActionRunning, a.Stage == run.ActionWaiting, a.Stage == run.ActionHolding, a.Stage == run.ActionDone:
		m.list.Detail = !m.list.Detail
	case step.Notify != nil && m.state.Channel(step.Notify.Channel).IsByHand():
		m.askMessage(by, step) // a person tells them and ticks it: there is nothing to start
	case m.refused(run.Start{Step: step.ID, Text: "a text", Word: step.Confirm}):
	case step.Notify != nil:
		m.askMessage(by, step)
	case step.Confirm != "":
		word := ""
		d := m.fill(by, "Start: "+clean(step.Title)+"?", m.actPlan(step), func() { m.begins(step); m.send(run.Start{Step: step.ID, Word: strings.TrimSpace(word)}) }, wordField(&word, step.Confirm))
		d.label, d.loud = fmt.Sprintf("type %s to start it", clean(step.Confirm)), true
	default:
		m.question(by, "Start: "+clean(step.Title)+"?", m.actPlan(step), func() { m.begins(step); m.send(run.Start{Step: step.ID}) })
	}
}

// begins remembers a step that was started here, whose questions then come up by themselves.
func (m *Model) begins(step runbook.Step) { m.asked = step.ID }

// comeQuestions opens the form of a step that was started here and waits for its answers now.
func (m *Model) comeQuestions() {
	step, _, ok := screen.StepOf(m.state, m.asked)
	if !ok || m.dialog != nil || m.state.Actions[step.ID].Stage != run.ActionWaiting {
		return
	}
	m.asked = ""
	switch {
	case step.Approve != nil:
		m.askApproval("", step)
	case step.Ask != nil:
		m.askQuestions("", step)
	}
}

// actPlan says exactly what an action will do.
func (m *Model) actPlan(step runbook.Step) []string {
	lines := screen.ActionPlan(m.frame(), step)
	if a := m.state.Actions[step.ID]; a.Stage == run.ActionInDoubt {
		lines = append(lines, "The last try may have happened: "+string(m.state.Observed(step.ID)), "Starting it again may do it twice.")
	}
	return lines
}

// askMessage shows the draft, which may be changed, and sends it; or asks how a person passed it on.
func (m *Model) askMessage(by string, step runbook.Step) {
	ch := m.state.Channel(step.Notify.Channel)
	text := step.Notify.Text
	if ch.IsByHand() {
		lines := append([]string{"Nothing sends on channel " + clean(step.Notify.Channel) + ": pass this on yourself (y in the details copies it)."}, quoted(text)...)
		m.ask(by, "Tell: "+clean(step.Title), "how were they told", leastReason, lines, func(note string) {
			m.send(run.Attest{Step: step.ID, Note: note})
		})
		return
	}
	lines := []string{"Goes to " + channelWords(ch) + ". Change it as you like; enter sends, alt+enter begins a line, esc leaves it."}
	if a := m.state.Actions[step.ID]; a.Stage == run.ActionInDoubt || a.Stage == run.ActionFailed {
		lines = append(lines, "Last try: "+string(m.state.Observed(step.ID)))
	}
	m.fill(by, "Send: "+clean(step.Title), lines, func() { m.send(run.Start{Step: step.ID, Text: text}) }, messageField(&text))
}

// messageField is a field for a text of several lines.
func messageField(text *string) huh.Field {
	return huh.NewText().Value(text).Lines(min(12, max(3, strings.Count(*text, "\n")+2))).CharLimit(run.MaxMessage).ExternalEditor(false).
		Validate(func(s string) error {
			if strings.TrimSpace(s) == "" {
				return errors.New("an empty message tells nobody anything")
			}
			return nil
		})
}

// wordField is a field for the one word that starts something.
func wordField(word *string, want string) huh.Field {
	return huh.NewInput().Prompt("").Value(word).CharLimit(maxField).Validate(func(s string) error {
		if strings.TrimSpace(s) != want {
			return errors.New("that is another word; esc leaves it")
		}
		return nil
	})
}

// channelWords say where a channel leads, without an address that must not be seen.
func channelWords(ch runbook.Channel) string {
	switch {
	case len(ch.Command) > 0:
		return fmt.Sprintf("channel %s, through the program %s", clean(ch.Name), clean(ch.Command[0]))
	case strings.HasPrefix(ch.Webhook, "env:"):
		return fmt.Sprintf("channel %s, through the webhook in $%s", clean(ch.Name), clean(strings.TrimPrefix(ch.Webhook, "env:")))
	}
	host := "its webhook"
	if u, err := url.Parse(ch.Webhook); err == nil && u.Host != "" {
		host = "a webhook at " + clean(u.Host)
	}
	return fmt.Sprintf("channel %s, through %s", clean(ch.Name), host)
}

// quoted shows a text of several lines as lines of a dialog.
func quoted(text string) []string {
	var lines []string
	for l := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, "  "+clean(l))
	}
	return lines
}

// askApproval writes down what somebody else said.
func (m *Model) askApproval(by string, step runbook.Step) {
	a := m.state.Actions[step.ID]
	v := run.Approve{Step: step.ID}
	lines := append(quoted(string(a.Text)), "What is approved has the digest "+short(a.Digest)+": runbook, inputs, target and images. It is void when an image changes.")
	if len(step.Approve.From) > 0 {
		lines = append(lines, "Who may: "+clean(strings.Join(step.Approve.From, ", ")))
	}
	m.fill(by, "Approval: "+clean(step.Title), lines, func() { m.send(v) },
		huh.NewInput().Title("Who decides? Somebody else than "+clean(m.state.Operator)).Value(&v.By).CharLimit(100).Validate(func(name string) error {
			if strings.TrimSpace(name) == "" {
				return errors.New("write their name")
			}
			if why := m.state.Refuses(run.Approve{Step: step.ID, By: name, Words: "their words"}, m.state.Operator, m.now); why != "" {
				return errors.New(string(why))
			}
			return nil
		}),
		huh.NewInput().Title("Their words").Value(&v.Words).CharLimit(1000).Validate(needed("what they said")),
		huh.NewSelect[bool]().Title("That is").Filtering(false).Options(huh.NewOption("a yes", false), huh.NewOption("a no", true)).Value(&v.Denied),
	)
}

func needed(what string) func(string) error {
	return func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("write " + what)
		}
		return nil
	}
}

func short(digest string) string { return digest[:min(12, len(digest))] }

// askQuestions goes through the questions of a step.
func (m *Model) askQuestions(by string, step runbook.Step) {
	answers := make([]string, len(step.Ask.Questions))
	fields := make([]huh.Field, len(step.Ask.Questions))
	for i, q := range step.Ask.Questions {
		answers[i] = q.Default
		if len(q.Options) > 0 {
			options := make([]huh.Option[string], len(q.Options))
			for j, o := range q.Options {
				options[j] = huh.NewOption(clean(o), o)
			}
			fields[i] = huh.NewSelect[string]().Title(clean(q.Title)).Description(clean(q.Text)).Filtering(false).Options(options...).Value(&answers[i])
			continue
		}
		fields[i] = huh.NewInput().Title(clean(q.Title)).Description(clean(q.Text)).CharLimit(1000).Value(&answers[i]).Validate(func(s string) error {
			if wrong := q.Accepts(s); wrong != "" {
				return errors.New(clean(wrong))
			}
			return nil
		})
	}
	m.fill(by, clean(step.Title), nil, func() {
		v := run.Answer{Step: step.ID, Answers: map[string]string{}}
		for i, q := range step.Ask.Questions {
			v.Answers[q.ID] = answers[i]
		}
		m.send(v)
	}, fields...)
}

// statusUpdate offers the drafted status update: to be sent, or to be told by other means.
func (m *Model) statusUpdate(by string) {
	c := m.state.Plan.Runbook.Communication
	if m.state.NextUpdate.IsZero() && (c == nil || c.Status == "") {
		m.say("no status updates are due in this run")
		return
	}
	draft := m.state.StatusDraft(m.now)
	if c == nil || c.Status == "" || m.state.Channel(c.Status).IsByHand() {
		lines := append(quoted(draft), "Nothing sends status updates here: pass it on yourself. Then the clock for the next one starts again.")
		m.question(by, "Was the status update told?", lines, func() { m.send(run.StatusSent{}) })
		return
	}
	send := true
	lines := []string{"Drafted from what is known now. Goes to " + channelWords(m.state.Channel(c.Status)) + "."}
	m.fill(by, "Status update", lines, func() {
		if send {
			m.send(run.Update{Text: draft})
			return
		}
		m.send(run.StatusSent{})
	}, messageField(&draft), huh.NewSelect[bool]().Filtering(false).Options(huh.NewOption("send it", true), huh.NewOption("it was told by other means", false)).Value(&send))
}
