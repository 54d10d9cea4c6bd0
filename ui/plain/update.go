package plain

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
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
	if due.IsZero() || t.now.Before(due) || screenBusy(t) {
		return nil
	}
	return &question{key: "update " + due.String(), urgent: t.text == nil, text: []string{"A status update is due since " + clock(t.s.NextUpdate)}, options: []option{
		{"sent", "it was sent", func() { t.want(run.StatusSent{}) }},
		{"later", "ask again in 5 minutes", func() { t.later = t.now.Add(t.human(remind)) }},
	}}
}

// screenBusy tells whether something is going on that a status update must not come between.
func screenBusy(t *Talk) bool {
	return t.s.Rollback != nil && (t.s.Rollback.Stage == run.Fusing || t.s.Rollback.Stage == run.Asking)
}

// told asks whether a status update was sent, though none is due.
func (t *Talk) told() {
	if t.s.NextUpdate.IsZero() {
		t.say("No status updates are due in this run")
		return
	}
	t.confirm("update", []string{"Was a status update sent? The clock for the next one starts again"}, "it was sent", func() { t.want(run.StatusSent{}) })
}
