package run

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is a fact of the run. If it is not in the journal it did not happen, but for the volatile ones, which only
// refresh what a new look at the world would show again.
type Event interface {
	// Kind is the event's name in the journal.
	Kind() string
	apply(s *State, at time.Time)
}

// Stamped is an Event with its time and who caused it.
type Stamped struct {
	At    time.Time
	Actor string
	Event Event
}

// unrecorded is embedded by events that are not journaled.
type unrecorded struct{}

func (unrecorded) volatile() {}

// IsVolatile tells whether an event stays out of the journal.
func IsVolatile(e Event) bool {
	_, ok := e.(interface{ volatile() })
	return ok
}

// Events of the run as a whole.
type (
	// RunStarted is the first event. The plan itself lies beside the journal; its digest is here.
	RunStarted struct {
		Operator    string            `json:"operator"`
		Auto        string            `json:"auto,omitempty"`
		Only        bool              `json:"rollbackOnly,omitempty"`
		Practice    string            `json:"practice,omitempty"` // scenario; empty on a real cluster
		Runbook     string            `json:"runbook"`
		Digest      string            `json:"digest"`
		Inputs      map[string]string `json:"inputs,omitempty"`
		Environment string            `json:"environment"`
		Context     string            `json:"context,omitempty"`   // --context
		Namespace   string            `json:"namespace,omitempty"` // -n
		Pins        []Pin             `json:"pins,omitempty"`      // of a rollback that had no run before it
		Flags       []RaisedFlags     `json:"flags,omitempty"`     // that it turns off first, as the runs that raised them noted
	}
	// RunResumed says that another process went on with the run.
	RunResumed struct {
		Operator string    `json:"operator"`
		Last     time.Time `json:"last"` // when the journal had ended
	}
	// Noted is a remark.
	Noted struct {
		Text Safe `json:"text"`
	}
	// StatusUpdated says that a status update went out.
	StatusUpdated struct{}
	// Finished ends the run.
	Finished struct {
		Outcome Outcome `json:"outcome"`
		Verdict Verdict `json:"verdict"`
		Reason  Safe    `json:"reason,omitempty"`
	}
)

// Events of steps and gates.
type (
	// CheckChanged is a look that showed another state than the look before.
	CheckChanged struct {
		Step   string `json:"step"`
		Index  int    `json:"index"`
		Status Status `json:"status"` // after the thresholds
		Result Result `json:"result"`
		Before Safe   `json:"before,omitempty"` // of a fall: what was observed while it was good
	}
	// CheckCalmed says that a check which flapped has been steady for long enough.
	CheckCalmed struct {
		Step  string `json:"step"`
		Index int    `json:"index"`
	}
	// CheckSeen is a look that showed the same state; only what was observed is refreshed.
	CheckSeen struct {
		unrecorded
		Step   string
		Index  int
		Result Result
	}
	// CheckStaled says that a check was not looked at within its ttl.
	CheckStaled struct {
		Step  string `json:"step"`
		Index int    `json:"index"`
	}
	// RecheckAsked makes checks look again at once; an empty Step means all.
	RecheckAsked struct {
		unrecorded
		Step string
	}
	// StepAttested is a hand tick, StepUnattested takes it back.
	StepAttested struct {
		Step string `json:"step"`
		Note Safe   `json:"note,omitempty"`
	}
	// StepUnattested takes a hand tick back.
	StepUnattested struct {
		Step string `json:"step"`
	}
	// StepOverridden lets the gate open over a step.
	StepOverridden struct {
		Step    string    `json:"step"`
		Reason  Safe      `json:"reason"`
		Status  Status    `json:"status"`
		Value   Safe      `json:"value"`
		Failing int       `json:"failing,omitempty"` // how many of its checks failed
		Checks  []Covered `json:"checks,omitempty"`  // what each of its checks showed
	}
	// OverrideVoided says that what was observed got worse than what was overridden.
	OverrideVoided struct {
		Step   string `json:"step"`
		Status Status `json:"status"`
		Value  Safe   `json:"value"`
		Why    Safe   `json:"why,omitempty"`
	}
	// StepDeferred carries a step to a later phase.
	StepDeferred struct {
		Step string `json:"step"`
		To   string `json:"to"`
		Note Safe   `json:"note,omitempty"`
	}
	// WhenJudged says whether a conditional step applies.
	WhenJudged struct {
		Step    string `json:"step"`
		Applies bool   `json:"applies"`
	}
	// GateAsked waits for the named checks to look again.
	GateAsked struct {
		Phase string     `json:"phase"`
		Fresh []CheckRef `json:"fresh,omitempty"`
	}
	// GateOpened leaves a phase. Snapshot is what every box showed at that moment, Hash its SHA-256 as it stands here.
	// What does not fit into one record is shortened: Cut counts the texts that are, and Whole is the SHA-256 of the
	// snapshot with all of them in full.
	GateOpened struct {
		Phase    string    `json:"phase"`
		Snapshot []BoxFact `json:"snapshot"`
		Hash     string    `json:"hash"`
		Cut      int       `json:"cut,omitempty"`
		Whole    string    `json:"whole,omitempty"`
	}
	// GateRefused names what keeps a gate shut.
	GateRefused struct {
		Phase    string   `json:"phase"`
		Blocking []string `json:"blocking"` // step ids
	}
	// Ticked is a time that passed without anything else.
	Ticked struct{ unrecorded }
	// Refusal is an intent that cannot be, and why.
	Refusal struct {
		unrecorded
		Text Safe
	}
)

// Events of a deploy.
type (
	// DeployStarted begins the preflight. Attempt counts from 1.
	DeployStarted struct {
		Step    string `json:"step"`
		Env     string `json:"env"`
		Attempt int    `json:"attempt"`
		Moves   []Move `json:"moves"`
	}
	// DeployPinned is one target of a later rollback.
	DeployPinned struct {
		Step string `json:"step"`
		Env  string `json:"env"`
		Pin  Pin    `json:"pin"`
	}
	// DeployChecked is the outcome of the preflight.
	DeployChecked struct {
		Step     string `json:"step"`
		Problems []Safe `json:"problems,omitempty"`
		Unknown  []Safe `json:"unknown,omitempty"`
		Notes    []Safe `json:"notes,omitempty"`
		Baseline bool   `json:"baseline"`          // whether a baseline is to be taken next
		Monitor  string `json:"monitor,omitempty"` // step of the watch that judges this deploy
	}
	// BaselineFrozen is the metrics before the first write; Err says why there is none.
	BaselineFrozen struct {
		Step     string   `json:"step"`
		Env      string   `json:"env"`
		Baseline Baseline `json:"baseline"`
		Err      Safe     `json:"err,omitempty"`
	}
	// LockChanged says whether the environment's lock is ours.
	LockChanged struct {
		Env   string `json:"env"`
		Held  bool   `json:"held"`
		Token int64  `json:"token,omitempty"`
		Why   Safe   `json:"why,omitempty"`
	}
	// Wished is the wish of one move: journaled before a worker touches the world.
	Wished struct {
		Wish string `json:"wish"`
		Step string `json:"step"`
		Move int    `json:"move"`
	}
	// MovePatched is the outcome of one component's patch.
	MovePatched struct {
		Wish       string `json:"wish"`
		Step       string `json:"step"`
		Component  string `json:"component"`
		Generation int64  `json:"generation,omitempty"`
		Already    bool   `json:"already,omitempty"`
		Refused    bool   `json:"refused,omitempty"`
		Err        Safe   `json:"err,omitempty"`
	}
	// MoveReached says that every component of the move is at its share.
	MoveReached struct {
		Step      string    `json:"step"`
		Move      int       `json:"move"`
		HoldUntil time.Time `json:"holdUntil,omitzero"`
	}
	// DeployStuck says that the deploy does not go on by itself.
	DeployStuck struct {
		Step string `json:"step"`
		Why  Safe   `json:"why"`
	}
	// DeployRetried goes on after it was stuck or frozen.
	DeployRetried struct {
		Step      string    `json:"step"`
		HoldUntil time.Time `json:"holdUntil,omitzero"`
	}
	// DeployFinished says that every component runs the new revision.
	DeployFinished struct {
		Step string `json:"step"`
	}
	// Strayed says that a component is no longer what this run moved it to: somebody else changed it. Saw empty: it is again.
	Strayed struct {
		Env       string `json:"env"`
		Component string `json:"component"`
		Saw       Safe   `json:"saw,omitempty"`
	}
	// FreezeAsked stops a deploy (Thaw false) or sets it going again.
	FreezeAsked struct {
		Wish string `json:"wish"`
		Step string `json:"step"`
		// Components are those that this run has moved: what it did not touch is left alone.
		Components []string `json:"components"`
		Thaw       bool     `json:"thaw,omitempty"`
	}
	// FreezeDone is the outcome of the freeze or thaw of one component.
	FreezeDone struct {
		Wish      string `json:"wish"`
		Component string `json:"component"`
		Err       Safe   `json:"err,omitempty"`
	}
	// ProgressSeen refreshes what a component looks like.
	ProgressSeen struct {
		unrecorded
		Env      string
		Progress Progress
		Err      Safe
	}
	// LampChanged says whether a rollback would work.
	LampChanged struct {
		Env string `json:"env"`
		OK  bool   `json:"ok"`
		Why Safe   `json:"why,omitempty"`
	}
)

// Events of a watch.
type (
	// WatchStarted begins the watch of a step.
	WatchStarted struct {
		Step  string    `json:"step"`
		Env   string    `json:"env"`
		From  time.Time `json:"from"`
		Until time.Time `json:"until"`
	}
	// WatchExtended lengthens it.
	WatchExtended struct {
		Step  string    `json:"step"`
		Until time.Time `json:"until"`
	}
	// SampleTaken is one tick, raw.
	SampleTaken struct {
		Env    string `json:"env"`
		Sample Sample `json:"sample"`
	}
	// TriggersJudged replaces the state of the triggers when the state of one changed.
	TriggersJudged struct {
		Env      string         `json:"env"`
		Triggers []TriggerState `json:"triggers"`
	}
	// TriggersSeen refreshes their numbers.
	TriggersSeen struct {
		unrecorded
		Env      string
		Triggers []TriggerState
	}
	// WatchEnded gives the verdict.
	WatchEnded struct {
		Step    string  `json:"step"`
		Verdict Verdict `json:"verdict"`
		Why     Safe    `json:"why,omitempty"`
	}
)

// Events of a rollback.
type (
	// RollbackPressed freezes and lights the fuse; a zero FuseUntil asks instead.
	RollbackPressed struct {
		N         int       `json:"n"`
		Env       string    `json:"env"`
		Because   Safe      `json:"because,omitempty"`
		Pins      []Pin     `json:"pins"`
		FuseUntil time.Time `json:"fuseUntil,omitzero"`
		Freeze    string    `json:"freeze,omitempty"` // wish of the freeze; empty: nothing is moving
		Ask       Safe      `json:"ask,omitempty"`    // why the fuse asks, beside a target that is a guess
	}
	// FuseBurnt is the wish of the rollback patches.
	FuseBurnt struct {
		Wish string `json:"wish"`
	}
	// RollbackTaken puts the fuse out; what was frozen stays so.
	RollbackTaken struct{}
	// UndoSeen is the outcome of one component's rollback patch.
	UndoSeen struct {
		Undo Undone `json:"undo"`
	}
	// UndoTook says that a component runs its pinned revision again, and nothing else.
	UndoTook struct {
		Component string `json:"component"`
		Warning   Safe   `json:"warning,omitempty"` // image ids differ from the pinned digests, …
	}
	// UndoLate says that not every component took within the deadline; it goes on trying.
	UndoLate struct {
		Missing []string `json:"missing"`
	}
	// UndoneAgain says that something undid our undo.
	UndoneAgain struct {
		Component string `json:"component"`
		Saw       Safe   `json:"saw"`
	}
	// SettleBegan says that every component took; the metrics have to come back in band.
	SettleBegan struct{}
	// InBandChanged says since when the metrics are in band; zero: they are not.
	InBandChanged struct {
		Since time.Time `json:"since,omitzero"`
	}
	// RollbackDone ends it. Verified is passed, or unknown when no metric could tell.
	RollbackDone struct {
		Verified Status `json:"verified"`
		Why      Safe   `json:"why,omitempty"`
	}
	// ReasonGiven says why it was rolled back.
	ReasonGiven struct {
		Text Safe `json:"text"`
	}
)

// journaled lists every event that stands in a journal, by kind.
var journaled = kinds(append([]Event{
	RunStarted{},
	RunResumed{},
	Noted{},
	StatusUpdated{},
	Finished{},
	CheckChanged{},
	CheckCalmed{},
	CheckStaled{},
	StepAttested{},
	StepUnattested{},
	StepOverridden{},
	OverrideVoided{},
	StepDeferred{},
	WhenJudged{},
	GateAsked{},
	GateOpened{},
	GateRefused{},
	DeployStarted{},
	DeployPinned{},
	DeployChecked{},
	BaselineFrozen{},
	LockChanged{},
	Wished{},
	MovePatched{},
	MoveReached{},
	DeployStuck{},
	DeployRetried{},
	DeployFinished{},
	Strayed{},
	FreezeAsked{},
	FreezeDone{},
	LampChanged{},
	WatchStarted{},
	WatchExtended{},
	SampleTaken{},
	TriggersJudged{},
	WatchEnded{},
	RollbackPressed{},
	FuseBurnt{},
	RollbackTaken{},
	UndoSeen{},
	UndoTook{},
	UndoLate{},
	UndoneAgain{},
	SettleBegan{},
	InBandChanged{},
	RollbackDone{},
	ReasonGiven{},
}, journaledActions...)...)

func kinds(events ...Event) map[string]func(json.RawMessage) (Event, error) {
	m := make(map[string]func(json.RawMessage) (Event, error), len(events))
	for _, e := range events {
		m[e.Kind()] = decoder(e)
	}
	return m
}

// Decode reads an event from the journal. A kind that is not known here is an error: an older program must not go on
// with a newer run.
func Decode(kind string, data json.RawMessage) (Event, error) {
	decode, ok := journaled[kind]
	if !ok {
		return nil, fmt.Errorf("read the journal: event kind %q is not known to this version of sop: use the version that wrote it", kind)
	}
	return decode(data)
}
