package run

import (
	"cmp"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: an action that acts outside of the rollout (notify, job, command, http, flags) begins with a wish in the journal
// and ends with its outcome; one that waits for somebody or something (approve, wait, ask) ends with the answer. A wish
// without an outcome is in doubt after a crash: what can be observed, or may be done twice, goes on by itself; the rest
// a person decides.

// ActionStage is how far an action is.
type ActionStage string

// The stages of an action. The zero value: it was never started.
const (
	ActionRunning ActionStage = "running"  // a worker acts
	ActionWaiting ActionStage = "waiting"  // for a person, a time or a window
	ActionHolding ActionStage = "holding"  // flags stand at a share that is watched
	ActionDone    ActionStage = "done"     // it came out well
	ActionFailed  ActionStage = "failed"   // it did not, or was denied
	ActionInDoubt ActionStage = "in-doubt" // it may have happened or not
	ActionUndone  ActionStage = "undone"   // flags that a rollback turned off
)

// ActionState is what is known about the action of a step, of its last attempt.
type ActionState struct {
	Step     string
	Env      string
	Stage    ActionStage
	Attempt  int // counts from 1
	By       string
	Wish     string // of what is under way or in doubt; empty: nothing is
	Started  time.Time
	Ended    time.Time  // zero while it goes on
	Until    time.Time  // when a wait is over, or an approval counts as denied; zero: there is no such time
	Summary  Safe       // what came of it, or how far it is
	Evidence []Evidence // of its outcome
	Output   Safe       // the last lines of a program or a Job
	Kept     string     // the whole output, by its file in the run's directory; empty: none was kept

	Text     Safe            // of a notify: what was sent; of an approve: what was asked for
	Answers  map[string]Safe // of an ask, by question
	Digest   string          // of an approve: of what was to be approved, see ApprovalDigest
	Images   []string        // of an approve: the images that were known when it was asked for
	Approval *Approval       // nil: nobody approved
	Share    int             // of flags: the last share that was reached, in percent
	Aim      int             // of flags: the share that is under way
	Hold     time.Time       // of flags: until when the share is watched
	Paused   bool            // of flags: frozen where they are
}

// underWay tells whether an action goes on.
func (a ActionState) underWay() bool {
	return a.Stage == ActionRunning || a.Stage == ActionWaiting || a.Stage == ActionHolding
}

// actsOutside tells whether a step's action is one of this file.
func actsOutside(step runbook.Step) bool {
	switch step.Action() {
	case "", "deploy", "watch", "rollback":
		return false
	}
	return true
}

// ByHand tells whether a person may do a step's action instead of the program: whatever tells people can be told by
// other means.
func ByHand(step runbook.Step) bool { return step.IsManual() || step.Notify != nil }

// Channel is a channel of the communication plan; the zero value, which is passed on by hand, when there is none.
func (s State) Channel(name string) runbook.Channel {
	if c := s.Plan.Runbook.Communication; c != nil {
		ch, _ := c.Channels.Get(name)
		return ch
	}
	return runbook.Channel{}
}

// outsideStatus is the state of an action of this file.
func (s State) outsideStatus(step runbook.Step) Status {
	a := s.Actions[step.ID]
	switch a.Stage {
	case "":
		return Pending
	case ActionDone:
		return Passed
	case ActionFailed, ActionUndone:
		if a.Approval != nil {
			return Drifted // it was approved once
		}
		return Failed
	case ActionInDoubt:
		return Unknown
	}
	return Checking
}

// outsideText says how far an action of this file is.
func (s State) outsideText(step runbook.Step) Safe {
	a, ok := s.Actions[step.ID]
	if !ok {
		return ""
	}
	switch {
	case a.Stage == ActionWaiting && step.Approve != nil:
		return "waits for the yes of somebody else than " + MakeSafe(a.By, 60)
	case a.Stage == ActionWaiting && step.Ask != nil:
		return "waits for your answers"
	case a.Stage == ActionWaiting:
		return MakeSafe("waits until "+a.Until.UTC().Format("Mon 2 Jan 15:04:05 MST"), 200)
	case a.Stage == ActionInDoubt:
		return MakeSafe("in doubt: "+string(cmp.Or(a.Summary, "the program ended before its outcome was known")), 300)
	}
	return cmp.Or(a.Summary, Safe(a.Stage))
}
