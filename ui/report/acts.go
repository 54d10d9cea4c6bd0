package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Act is one attempt at an action outside of the rollout: a Job, a command, a call, flags, an approval, an answer, a wait.
type Act struct {
	Step        string              `json:"step"`
	Title       string              `json:"title"`
	Kind        string              `json:"kind"` // the action's key in the runbook
	Environment string              `json:"environment,omitempty"`
	Attempt     int                 `json:"attempt"`
	By          string              `json:"by,omitempty"` // empty: the program by itself
	Stage       run.ActionStage     `json:"stage"`
	Started     time.Time           `json:"started"`
	Ended       time.Time           `json:"ended,omitzero"`
	Summary     run.Safe            `json:"summary,omitempty"`
	Evidence    []run.Evidence      `json:"evidence,omitempty"`
	Output      run.Safe            `json:"output,omitempty"` // the last lines
	Kept        string              `json:"kept,omitempty"`   // the whole output, by its file in the run's directory
	Share       int                 `json:"share,omitempty"`  // of flags, in percent
	Answers     map[string]run.Safe `json:"answers,omitempty"`
	Asked       run.Safe            `json:"asked,omitempty"` // of an approval: what was asked for
	Digest      string              `json:"digest,omitempty"`
	Approval    *run.Approval       `json:"approval,omitempty"`
}

// Message is something that was told to people: a status update, an escalation, or what a step had to tell.
type Message struct {
	What    string    `json:"what"`
	Channel string    `json:"channel,omitempty"`
	By      string    `json:"by,omitempty"` // empty: the program by itself
	At      time.Time `json:"at"`
	Sent    time.Time `json:"sent,omitzero"` // zero: it did not go out, as far as is known
	Text    run.Safe  `json:"text"`
	Summary run.Safe  `json:"summary,omitempty"` // what the other side answered
	Error   run.Safe  `json:"error,omitempty"`
	InDoubt bool      `json:"inDoubt,omitempty"` // the program ended before its outcome was known
}

// act tells an action as it stands now; ok is false for a step that has none of its own, such as a deploy.
func (t *teller) act(id string) (act Act, ok bool) {
	a, ok := t.s.Actions[id]
	if !ok || a.Started.IsZero() {
		return Act{}, false
	}
	act = Act{
		Step: id, Title: t.stepTitle(id), Environment: a.Env, Attempt: a.Attempt, By: a.By, Stage: a.Stage, Started: a.Started, Ended: a.Ended,
		Summary: a.Summary, Evidence: a.Evidence, Output: a.Output, Kept: a.Kept, Share: a.Share, Answers: a.Answers, Digest: a.Digest, Approval: a.Approval,
	}
	for step := range run.Steps(t.s.Plan) {
		if step.ID == id {
			act.Kind = step.Action()
		}
	}
	if act.Kind == "approve" {
		act.Asked = a.Text
	}
	return act, true
}

// acts tells what stands at the end, and all messages.
func (t *teller) acts() {
	for _, id := range slices.Sorted(maps.Keys(t.s.Actions)) {
		if act, ok := t.act(id); ok {
			t.r.Acts = append(t.r.Acts, act)
		}
	}
	slices.SortStableFunc(t.r.Acts, func(a, b Act) int { return a.Started.Compare(b.Started) })
	for _, m := range t.s.Messages {
		what := "status update"
		switch {
		case m.Escalates():
			what = "escalation"
		case m.About != run.AboutStatus:
			what = t.stepTitle(m.About)
		}
		t.r.Messages = append(t.r.Messages, Message{
			What: what, Channel: m.Channel, By: m.By, At: m.At, Sent: m.Sent, Text: m.Text, Summary: m.Summary, Error: m.Err, InDoubt: m.InDoubt,
		})
	}
}

// done is a stage of an action with its glyph.
func done(s run.ActionStage) Part {
	look, ok := map[run.ActionStage][2]string{
		run.ActionDone: {"✔", "good"}, run.ActionFailed: {"✖", "bad"}, run.ActionInDoubt: {"?", "warn"}, run.ActionUndone: {"↺", "warn"},
	}[s]
	if !ok {
		look = [2]string{"◌", "quiet"}
	}
	return Part{Text: string(s), Style: State, Mark: look[0], Tone: look[1]}
}

// approvalsSection says who said yes to what, and how that is known.
func (r *Report) approvalsSection() Section {
	t := &Table{Columns: []string{"time", "step", "approved by", "words", "state", "of"}}
	for _, a := range r.Acts {
		if a.Kind != "approve" {
			continue
		}
		at, by, said := a.Started, words("–"), words(string(a.Asked))
		if y := a.Approval; y != nil {
			at, by, said = y.At, words(y.By), words(string(y.Words))
			by.line(Part{Text: string(y.How), Style: Dim})
		}
		stage := Cell{Words{done(a.Stage)}}
		if a.Stage != run.ActionDone && a.Summary != "" {
			stage.line(Part{Text: string(a.Summary), Style: Dim})
		}
		cells := row(words(r.when(at)), words(a.Title), by, said, stage, code(a.Digest))
		cells.Loud = a.Stage == run.ActionFailed
		t.Rows = append(t.Rows, cells)
	}
	return t.section("Approvals")
}

// actsSection are the other actions, with what came of each attempt.
func (r *Report) actsSection() Section {
	t := &Table{Columns: []string{"time", "step", "action", "by", "took", "what came of it"}}
	for _, a := range r.Acts {
		if a.Kind == "approve" || a.Kind == "notify" {
			continue // told under Approvals and Messages
		}
		lasted := "–"
		if !a.Ended.IsZero() {
			lasted = took(a.Ended.Sub(a.Started))
		}
		kind := words(a.Kind)
		if a.Attempt > 1 {
			kind.line(Part{Text: fmt.Sprintf("attempt %d", a.Attempt), Style: Dim})
		}
		cells := row(words(r.when(a.Started)), words(a.Title), kind, words(cmp.Or(a.By, "by itself")), words(lasted), a.outcome())
		cells.Loud = a.Stage == run.ActionFailed || a.Stage == run.ActionInDoubt
		t.Rows = append(t.Rows, cells)
	}
	return t.section("Actions")
}

// outcome is what came of an action.
func (a Act) outcome() Cell {
	head := Words{done(a.Stage)}
	if a.Summary != "" {
		head = append(head, Part{Text: ": " + string(a.Summary)})
	}
	c := Cell{head}
	for _, q := range slices.Sorted(maps.Keys(a.Answers)) {
		c.line(Part{Text: q + ": ", Style: Dim}, Part{Text: string(a.Answers[q])})
	}
	for _, e := range a.Evidence {
		c = append(c, factLine(e))
	}
	for _, line := range strings.Split(string(a.Output), "\n") {
		if line != "" {
			c.line(Part{Text: line, Style: Code})
		}
	}
	if a.Kept != "" {
		c.line(Part{Text: "whole output: ", Style: Dim}, Part{Text: a.Kept, Style: Code})
	}
	return c
}

// messagesSection is who was told what, and whether it went out.
func (r *Report) messagesSection() Section {
	t := &Table{Columns: []string{"time", "what", "channel", "by", "text", "what came of it"}}
	for _, m := range r.Messages {
		var text Cell
		for _, line := range strings.Split(string(m.Text), "\n") {
			text.line(Part{Text: line})
		}
		state := Part{Text: "sent", Style: State, Mark: "✔", Tone: "good"}
		switch {
		case m.Error != "":
			state = Part{Text: "not sent", Style: State, Mark: "✖", Tone: "bad"}
		case m.InDoubt:
			state = Part{Text: "in doubt", Style: State, Mark: "?", Tone: "warn"}
		case m.Sent.IsZero():
			state = Part{Text: "under way", Style: State, Mark: "◌", Tone: "quiet"}
		}
		out := Cell{Words{state}}
		if said := cmp.Or(m.Error, m.Summary); said != "" {
			out.line(Part{Text: string(said), Style: Dim})
		}
		cells := row(words(r.when(m.At)), words(m.What), words(m.Channel), words(cmp.Or(m.By, "by itself")), text, out)
		cells.Loud = m.Error != "" || m.InDoubt
		t.Rows = append(t.Rows, cells)
	}
	return t.section("Messages")
}
