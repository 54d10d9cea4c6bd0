package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: what is told is drafted from facts, and nothing of the rollout waits for it: a message that does not go out rings,
// and is all that happens. Escalations go out by themselves, once for each cause.

// Message is something that was told to people, or is about to be.
type Message struct {
	Wish    string
	About   string // AboutStatus, the cause of an escalation (escalation/…), or the id of a notify step
	Channel string // by name
	Text    Safe
	At      time.Time // when it was wished
	By      string    // who sent it; empty: the program by itself
	Sent    time.Time // zero: it is under way, failed or is in doubt
	Summary Safe      // what the other side answered
	Err     Safe      // why it did not go out; empty when it did or is under way
	InDoubt bool      // the program ended before its outcome was known
}

// AboutStatus marks a status update.
const AboutStatus = "status"

const aboutEscalation = "escalation/"

// Escalates tells whether a message is an escalation.
func (m Message) Escalates() bool { return strings.HasPrefix(m.About, aboutEscalation) }

// open tells whether a message is under way.
func (m Message) open() bool { return m.Sent.IsZero() && m.Err == "" && !m.InDoubt }

// MaxMessage is how many characters a message may have.
const MaxMessage = 4000

func (s *State) tell(m Message) { s.Messages = append(slices.Clone(s.Messages), m) }

// answer takes the outcome of a message into the books.
func (s *State) answer(e MessageSent, at time.Time) {
	i := slices.IndexFunc(s.Messages, func(m Message) bool { return m.Wish == e.Wish && m.Wish != "" })
	if i < 0 {
		return
	}
	s.Messages = slices.Clone(s.Messages)
	m := &s.Messages[i]
	m.Summary, m.Err = e.Summary, e.Err
	if e.Err == "" {
		m.Sent = at
		if m.About == AboutStatus {
			StatusUpdated{}.apply(s, at)
		}
	}
}

// update sends a status update on the channel that the communication plan names, or takes note of one that a person
// passed on.
func (d *decision) update(text string) {
	c := d.s.Plan.Runbook.Communication
	safe := MakeSafeText(strings.TrimSpace(text), MaxMessage)
	switch {
	case safe == "":
		d.refuse("a status update without a text tells nobody anything")
	case c == nil || c.Status == "" || d.s.Channel(c.Status).IsByHand():
		d.refuse("nothing sends status updates here: pass the text on yourself, then say that it is told")
	case slices.ContainsFunc(d.s.Messages, func(m Message) bool { return m.About == AboutStatus && m.open() }):
		d.refuse("a status update is on its way already")
	default:
		d.emit(MessageWished{Wish: d.messageWish(), About: AboutStatus, Channel: c.Status, Text: safe})
	}
}

func (d *decision) messageWish() string { return fmt.Sprintf("%s/message/%d", d.s.ID, d.s.Acts+1) }

// told takes the outcome of a message that is not a step's.
func (d *decision) told(v Acted) bool {
	for _, m := range d.s.Messages {
		if m.Wish != v.Wish || v.Wish == "" || d.s.Actions[m.About].Step != "" {
			continue
		}
		if m.open() {
			e := MessageSent{Wish: v.Wish, Summary: v.Summary}
			if v.Outcome != ActionDone {
				e.Summary, e.Err = "", v.Summary
			}
			d.emit(e)
		}
		return true
	}
	return false
}

// judgeEscalation tells the escalation channel of what cannot wait for a person to write it.
func (d *decision) judgeEscalation() {
	c := d.s.Plan.Runbook.Communication
	if c == nil || c.Escalation == "" || d.s.Channel(c.Escalation).IsByHand() {
		return
	}
	for _, cause := range d.s.causes() {
		about := aboutEscalation + cause.key
		if !slices.ContainsFunc(d.s.Messages, func(m Message) bool { return m.About == about }) {
			d.emit(MessageWished{Wish: d.messageWish(), About: about, Channel: c.Escalation, Text: MakeSafeText(cause.text, MaxMessage)})
		}
	}
}

// cause is why somebody has to be told at once.
type cause struct{ key, text string }

// causes are the reasons for an escalation that there are now.
func (s State) causes() []cause {
	var list []cause
	head := s.head()
	for _, ph := range s.Plan.Runbook.Phases {
		if s.rolledBack() && s.Rollback.Env == ph.Environment {
			continue // nobody is asked to roll back what goes back already
		}
		for _, t := range s.Envs[ph.Environment].Triggers {
			if t.State == TriggerTripped && t.Severity == "critical" {
				key := fmt.Sprintf("tripped/%s/%s/%d/%d", ph.Environment, t.Metric, t.Index, t.Since.Unix())
				list = append(list, cause{key, fmt.Sprintf("%s: critical trigger of %s tripped on %s: %s. Roll back with R, or `sop rollback --run %s`.", head, t.Metric, ph.Environment, t.Why, s.ID)})
			}
		}
	}
	if r := s.Rollback; r != nil && !r.Burnt.IsZero() {
		list = append(list, cause{fmt.Sprintf("rollback/%d", r.N), strings.TrimSpace(fmt.Sprintf("%s: %s is being rolled back by %s: %s", head, r.Env, orProgram(r.By), r.Because))})
		if r.Late {
			list = append(list, cause{fmt.Sprintf("late/%d", r.N), fmt.Sprintf("%s: the rollback of %s did not take in time. Look at it now: `sop rollback --run %s --print` has the commands.", head, r.Env, s.ID)})
		}
	}
	return list
}

func orProgram(by string) string {
	if by == "" {
		return "sop by itself"
	}
	return by
}

// head names the run in a message.
func (s State) head() string {
	what := s.Plan.Runbook.Metadata.Title
	if v := s.Plan.Inputs["version"]; v != "" {
		what += " " + v
	}
	if s.Practice != "" {
		what = "PRACTICE, not real: " + what
	}
	return what
}

// messageWorks are the messages on their way that belong to no step.
func (s State) messageWorks() []Work {
	var works []Work
	for _, m := range s.Messages {
		if !m.open() || m.About != AboutStatus && !m.Escalates() {
			continue
		}
		works = append(works, Work{ID: m.Wish, Body: s.notifyWork(m, nil)})
	}
	return works
}

func (s State) notifyWork(m Message, invite *runbook.Invite) NotifyWork {
	w := NotifyWork{Wish: m.Wish, Run: s.ID, Channel: s.Channel(m.Channel), About: m.About, Text: m.Text, At: m.At, By: m.By, Invite: invite, Facts: s.messageFacts()}
	if m.Escalates() {
		w.Urgent = true
	}
	return w
}

// messageFacts are what a machine may want to know beside a message's text.
func (s State) messageFacts() map[string]string {
	return map[string]string{
		"run": s.ID, "runbook": s.Plan.Runbook.Metadata.Name, "environment": s.Plan.Environment, "operator": s.Operator,
		"version": s.Plan.Inputs["version"], "practice": s.Practice,
	}
}
