package run

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// decoder makes a function that decodes journal data into the type of e.
func decoder(e Event) func(json.RawMessage) (Event, error) {
	t := reflect.TypeOf(e)
	return func(data json.RawMessage) (Event, error) {
		v := reflect.New(t)
		if err := json.Unmarshal(data, v.Interface()); err != nil {
			return nil, fmt.Errorf("read the journal: event %s: %w", e.Kind(), err)
		}
		return v.Elem().Interface().(Event), nil
	}
}

// The names in the journal. They never change: old journals must stay readable.

func (RunStarted) Kind() string      { return "run.started" }
func (RunResumed) Kind() string      { return "run.resumed" }
func (Noted) Kind() string           { return "note" }
func (StatusUpdated) Kind() string   { return "status.sent" }
func (Finished) Kind() string        { return "run.finished" }
func (CheckChanged) Kind() string    { return "check.changed" }
func (CheckSeen) Kind() string       { return "check.seen" }
func (CheckCalmed) Kind() string     { return "check.calm" }
func (CheckStaled) Kind() string     { return "check.staled" }
func (RecheckAsked) Kind() string    { return "check.asked" }
func (StepAttested) Kind() string    { return "step.attested" }
func (StepUnattested) Kind() string  { return "step.unattested" }
func (StepOverridden) Kind() string  { return "step.overridden" }
func (OverrideVoided) Kind() string  { return "step.override-voided" }
func (StepDeferred) Kind() string    { return "step.deferred" }
func (WhenJudged) Kind() string      { return "step.when" }
func (GateAsked) Kind() string       { return "gate.asked" }
func (GateOpened) Kind() string      { return "gate.opened" }
func (GateRefused) Kind() string     { return "gate.refused" }
func (Ticked) Kind() string          { return "tick" }
func (Refusal) Kind() string         { return "refusal" }
func (DeployStarted) Kind() string   { return "deploy.started" }
func (DeployPinned) Kind() string    { return "deploy.pinned" }
func (DeployChecked) Kind() string   { return "deploy.checked" }
func (BaselineFrozen) Kind() string  { return "deploy.baseline" }
func (LockChanged) Kind() string     { return "lock" }
func (Wished) Kind() string          { return "wish.move" }
func (MovePatched) Kind() string     { return "move.patched" }
func (MoveReached) Kind() string     { return "move.reached" }
func (DeployStuck) Kind() string     { return "deploy.stuck" }
func (DeployRetried) Kind() string   { return "deploy.retried" }
func (DeployFinished) Kind() string  { return "deploy.finished" }
func (Strayed) Kind() string         { return "deploy.strayed" }
func (FreezeAsked) Kind() string     { return "wish.freeze" }
func (FreezeDone) Kind() string      { return "freeze.done" }
func (ProgressSeen) Kind() string    { return "progress" }
func (LampChanged) Kind() string     { return "lamp" }
func (WatchStarted) Kind() string    { return "watch.started" }
func (WatchExtended) Kind() string   { return "watch.extended" }
func (SampleTaken) Kind() string     { return "sample" }
func (TriggersJudged) Kind() string  { return "triggers" }
func (TriggersSeen) Kind() string    { return "triggers.seen" }
func (WatchEnded) Kind() string      { return "watch.ended" }
func (RollbackPressed) Kind() string { return "rollback.pressed" }
func (FuseBurnt) Kind() string       { return "wish.rollback" }
func (RollbackTaken) Kind() string   { return "rollback.taken-back" }
func (UndoSeen) Kind() string        { return "rollback.patched" }
func (UndoTook) Kind() string        { return "rollback.took" }
func (UndoLate) Kind() string        { return "rollback.late" }
func (UndoneAgain) Kind() string     { return "rollback.undone" }
func (SettleBegan) Kind() string     { return "rollback.settling" }
func (InBandChanged) Kind() string   { return "rollback.in-band" }
func (RollbackDone) Kind() string    { return "rollback.done" }
func (ReasonGiven) Kind() string     { return "rollback.reason" }
func (ActionStarted) Kind() string   { return "wish.action" }
func (ActionSeen) Kind() string      { return "action.seen" }
func (ActionEnded) Kind() string     { return "action.ended" }
func (Approved) Kind() string        { return "approved" }
func (ApprovalVoided) Kind() string  { return "approval.voided" }
func (Answered) Kind() string        { return "answered" }
func (ShareWished) Kind() string     { return "wish.share" }
func (ShareReached) Kind() string    { return "share.reached" }
func (FlagsPaused) Kind() string     { return "flags.paused" }
func (MessageWished) Kind() string   { return "wish.message" }
func (MessageSent) Kind() string     { return "message.sent" }
func (FlagsOffAsked) Kind() string   { return "wish.flags-off" }
func (FlagsOffSeen) Kind() string    { return "flags.off" }
func (FlagsOffLate) Kind() string    { return "flags.late" }
func (Invited) Kind() string         { return "message.invited" }
