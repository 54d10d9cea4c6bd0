package run

import "time"

// Intent is what a person (or an unattended policy) wants: one of the types below.
type Intent interface{ intent() }

// Intents of the checklist.
type (
	// Start begins the action of a step. Text is the message of a notify, as the person changed it; empty: as it was
	// drafted. Word is what was typed where the step asks to confirm.
	Start struct{ Step, Text, Word string }
	// Approve is what somebody else than the operator said to a step that waits for it; Denied: they said no.
	Approve struct {
		Step, By, Words string
		Denied          bool
	}
	// Answer answers the questions of a step, by their ids.
	Answer struct {
		Step    string
		Answers map[string]string
	}
	// Attest ticks a step by hand. Sensed steps are not attested but overridden.
	Attest struct{ Step, Note string }
	// Unattest takes a hand tick back.
	Unattest struct{ Step string }
	// Override lets the gate open over a step that does not pass. Reason has at least 10 characters.
	Override struct{ Step, Reason string }
	// Defer carries a step to the later phase that its deferTo names. Note says why; it may be empty.
	Defer struct{ Step, Note string }
	// Recheck looks again at a step's checks; an empty Step means all that run now.
	Recheck struct{ Step string }
	// OpenGate asks to leave the current phase.
	OpenGate struct{}
	// Note writes a remark into the journal.
	Note struct{ Text string }
	// StatusSent says that the status update that was due went out by other means.
	StatusSent struct{}
	// Update sends a status update with this text.
	Update struct{ Text string }
	// Extend lengthens a watch.
	Extend struct {
		Step string
		By   time.Duration
	}
	// Finish ends the run where it stands.
	Finish struct{ Reason string }
	// GiveUp ends a drill where it stopped or was left: nobody can go on with it, for its world ends with its program.
	GiveUp struct{ Stop Stop }
)

// Intents of the rollout and the rollback.
type (
	// Freeze stops what is moving.
	Freeze struct{}
	// Continue goes on after a freeze, or tries a failed deploy again.
	Continue struct{ Step string }
	// Rollback is the press of R: it freezes at once and lights the fuse.
	Rollback struct{ Because string }
	// Burn burns the fuse now.
	Burn struct{}
	// TakeBack puts the fuse out; what was frozen stays frozen until Continue.
	TakeBack struct{}
	// Reason says why it was rolled back, after the fact.
	Reason struct{ Text string }
)

func (Start) intent()      {}
func (Approve) intent()    {}
func (Answer) intent()     {}
func (Update) intent()     {}
func (Attest) intent()     {}
func (Unattest) intent()   {}
func (Override) intent()   {}
func (Defer) intent()      {}
func (Recheck) intent()    {}
func (OpenGate) intent()   {}
func (Note) intent()       {}
func (StatusSent) intent() {}
func (Extend) intent()     {}
func (Finish) intent()     {}
func (GiveUp) intent()     {}
func (Freeze) intent()     {}
func (Continue) intent()   {}
func (Rollback) intent()   {}
func (Burn) intent()       {}
func (TakeBack) intent()   {}
func (Reason) intent()     {}

// Input is one thing that reaches the law: an Intent, an Observation, or neither (a Tick: time has passed).
type Input struct {
	At          time.Time
	Actor       string // who wanted it; empty for observations and ticks
	Intent      Intent
	Observation Observation
}
