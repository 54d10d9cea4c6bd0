package run

import (
	"github.com/politicalsphere/sop/runbook"
)

// Law: whoever passes a message on by hand has told people, but nobody writes them an appointment by hand: the program
// does, once the box is ticked.

// inviteWorks are the appointments of messages that a person has passed on.
func (s State) inviteWorks() []Work {
	var works []Work
	for step := range Steps(s.Plan) {
		if st := s.Steps[step.ID]; st.Attested != nil && s.invites(step) {
			wish := s.inviteWish(step)
			works = append(works, Work{ID: wish, Body: InviteWork{Wish: wish, Run: s.ID, Step: step.ID, At: st.Attested.At, Invite: *step.Notify.Invite}})
		}
	}
	return works
}

// invites tells whether an appointment is still to be written that no message carries.
func (s State) invites(step runbook.Step) bool {
	a := s.Actions[step.ID]
	return step.Notify != nil && step.Notify.Invite != nil && a.Stage == "" && a.Summary == ""
}

func (s State) inviteWish(step runbook.Step) string { return s.ID + "/" + step.ID + "/invite" }

// invited takes what came of an appointment.
func (d *decision) invited(v Acted) {
	for step := range Steps(d.s.Plan) {
		if d.s.invites(step) && v.Wish == d.s.inviteWish(step) {
			v = v.fit()
			d.emit(Invited{Step: step.ID, Summary: v.Summary, Kept: v.Kept})
			return
		}
	}
}
