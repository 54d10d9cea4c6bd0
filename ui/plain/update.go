package plain

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// remind is how long a status update that is due is not asked about again.
const remind = 5 * time.Minute

// updateDue is when the next status update is asked about; zero: no clock runs.
func (t *Talk) updateDue() time.Time {
	if t.s.NextUpdate.IsZero() || !t.s.Ended.IsZero() {
		return time.Time{}
	}
	if t.later.After(t.s.NextUpdate) {
		return t.later
	}
	return t.s.NextUpdate
}

// update asks about a status update that is due.
func (t *Talk) update() *question {
	due := t.updateDue()
	if due.IsZero() || t.now.Before(due) || screen.FuseLive(t.s) || t.sending() {
		return nil
	}
	q := t.updateQuestion()
	q.key, q.urgent = "update "+due.String(), t.text == nil
	q.text = append([]string{"A status update is due since " + clock(t.s.NextUpdate)}, q.text...)
	q.options = append(q.options, option{"later", "ask again in 5 minutes", func() { t.later = t.now.Add(t.human(remind)) }})
	return q
}

// updateQuestion reads the draft of a status update, and offers to send it, to change it, or to say that it was told.
func (t *Talk) updateQuestion() *question {
	q := &question{}
	told := option{"told", "it was told by other means", func() { t.want(run.StatusSent{}) }}
	draft := t.s.StatusDraft(t.now)
	c := t.s.Plan.Runbook.Communication
	if c == nil || c.Status == "" || t.s.Channel(c.Status).IsByHand() {
		q.text = append(t.draft("Draft to pass on by hand", draft), "Nothing sends status updates here: pass it on yourself")
		q.options = []option{told}
		return q
	}
	send := func(body string) { t.want(run.Update{Text: body}) }
	q.text = t.draft("Draft for "+plainly(c.Status), draft)
	q.options = []option{
		{"send", "send it as it is", func() { send(draft) }},
		{"edit", "type another text", func() { t.edit("The status update", send) }},
		told,
	}
	return q
}

// sending tells whether a status update is on its way.
func (t *Talk) sending() bool {
	for _, m := range t.s.Messages {
		if m.About == run.AboutStatus && m.Sent.IsZero() && m.Err == "" && !m.InDoubt {
			return true
		}
	}
	return false
}

// told brings up the status update, though none is due.
func (t *Talk) told() {
	if t.sending() {
		t.say("A status update is on its way already")
		return
	}
	made := t.updateQuestion()
	t.bring(func() *question {
		q := *made
		q.key = "update now"
		q.options = append(q.options[:len(q.options):len(q.options)], option{"no", "leave it", func() {}})
		return &q
	})
}
