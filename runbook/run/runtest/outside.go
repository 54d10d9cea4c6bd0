package runtest

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Outside answers the acts outside of the rollout. The zero value lets each come out well at once.
type Outside struct {
	Fail   map[string]run.Safe        // why an act fails: by step, or by what a message is about
	Mute   map[string]bool            // acts that never answer
	Doubt  map[string]bool            // acts whose outcome cannot be told
	Shares map[string]int             // share of the flags of a step
	Done   map[string]int             // how often each wish was carried out
	Sent   []run.NotifyWork           // every message that went out
	Takes  map[string]time.Duration   // how long an act takes
	begun  map[string]time.Time       // when a wish was first looked at
	Seen   map[string]run.ActionStage // what came of a wish
}

// NewOutside is one in which all comes out well.
func NewOutside() *Outside {
	return &Outside{
		Fail: map[string]run.Safe{}, Mute: map[string]bool{}, Doubt: map[string]bool{}, Shares: map[string]int{}, Done: map[string]int{},
		Takes: map[string]time.Duration{}, begun: map[string]time.Time{}, Seen: map[string]run.ActionStage{},
	}
}

// look does what there is to do for a work of an action; ok is false for any other work.
func (o *Outside) look(body run.Body, at time.Time) (seen []run.Observation, again time.Duration, ok bool) {
	switch b := body.(type) {
	case run.NotifyWork:
		seen, again = o.act(b.Wish, b.About, at, func() { o.Sent = append(o.Sent, b) })
	case run.InviteWork:
		seen, again = o.act(b.Wish, b.Wish, at, func() {})
	case run.JobWork:
		seen, again = o.act(b.Wish, b.Step, at, func() {})
	case run.CommandWork:
		seen, again = o.act(b.Wish, b.Step, at, func() {})
	case run.RequestWork:
		seen, again = o.act(b.Wish, b.Step, at, func() {})
	case run.FlagsWork:
		seen, again = o.act(b.Wish, b.Step, at, func() { o.Shares[b.Step] = b.Share })
		if b.Insist && (o.Fail[b.Step] != "" || o.Doubt[b.Step]) {
			again = 5 * time.Second
		}
	default:
		return nil, 0, false
	}
	return seen, again, true
}

func (o *Outside) act(wish, what string, at time.Time, do func()) ([]run.Observation, time.Duration) {
	if o.Mute[what] {
		return nil, 10 * time.Second
	}
	if o.begun[wish].IsZero() {
		o.begun[wish] = at
	}
	if left := o.Takes[what] - at.Sub(o.begun[wish]); left > 0 {
		return []run.Observation{run.Acting{Wish: wish, Summary: "under way"}}, left
	}
	acted := run.Acted{Wish: wish, Outcome: run.ActionDone, Summary: "came out well"}
	switch {
	case o.Fail[what] != "":
		acted.Outcome, acted.Summary = run.ActionFailed, o.Fail[what]
	case o.Doubt[what]:
		acted.Outcome, acted.Summary = run.ActionInDoubt, "no answer came"
	default:
		if o.Seen[wish] != run.ActionDone {
			do()
			o.Done[what]++
		}
	}
	o.Seen[wish] = acted.Outcome
	return []run.Observation{acted}, Done
}
