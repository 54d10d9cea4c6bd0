package run

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// State is everything that is true about a run. It is a value: Apply returns a new one and leaves the old as it was, so
// a screen may go on looking at it.
type State struct {
	ID       string
	Operator string
	Auto     string // unattended policy; empty: a person sits there
	Only     bool   // opened by `sop rollback`: no checklist, only the rollback
	Practice string // scenario; empty on a real cluster
	Plan     *runbook.Plan
	Started  time.Time
	Ended    time.Time // zero while it runs
	At       time.Time // of the last thing that happened

	Phase int // index of the open phase in Plan.Runbook.Phases
	Steps map[string]StepState
	Gate  *GateState // asked for and not decided yet

	Envs     map[string]EnvState
	Deploys  map[string]DeployState // by step
	Watches  map[string]WatchState  // by step
	Actions  map[string]ActionState // by step: those that act outside of the rollout
	Messages []Message              // status updates, escalations and what notify steps told, oldest first
	Rollback *RollbackState         // the last one pressed; nil when R was never pressed
	Found    []RaisedFlags          // flags that another run raised and this one, which only rolls back, turns off
	Presses  int                    // how often R was pressed
	Acts     int                    // how many wishes were made; their number is part of their name

	Outcome    Outcome
	Verdict    Verdict
	NextUpdate time.Time // when the next status update is due; zero: no clock runs
	Rechecks   int
	Log        []Line // what happened, in words, oldest first
	Notice     Notice // the last word to the person; not journaled

	actor string // who caused the event that is being applied
}

// Outcome is how a run ended.
type Outcome string

// The outcomes of DESIGN §8. The zero value means that the run goes on.
const (
	Completed   Outcome = "completed"
	RolledBack  Outcome = "rolled-back"
	RunFailed   Outcome = "failed"
	NeedsPerson Outcome = "needs-person"
)

// Line is one thing that happened, in words.
type Line struct {
	At   time.Time
	Text Safe
	Loud bool // rings: it needs a person
}

// Notice is an answer to what a person just asked for.
type Notice struct {
	At   time.Time
	Text Safe
}

// StepState is what is known about a step.
type StepState struct {
	Checks   []CheckState
	Attested *Attestation
	Override *Overriding
	Voided   *Voiding // the last override that became void; nil: none did
	Deferred bool
	Deferral *Deferral // who deferred it; nil when nobody did, and in runs of older versions
	Na       bool      // its `when` is false
}

// CheckState is what is known about one check of a step.
type CheckState struct {
	Result  Result
	Status  Status    // after the thresholds; Pending before the first look
	Since   time.Time // of Status
	Seen    time.Time // last look
	Passes  int       // in a row
	Fails   int       // in a row
	Passed  time.Time // last time it was good; zero: never
	Stale   bool      // its last look is older than its ttl
	Recheck int       // raised to look again at once

	Pin     Safe      // what the first passing look found behind the names (Result.Pin); empty: nothing to pin
	Heard   time.Time // last time its sensor answered; zero: never
	Ill     time.Time // since when its sensor does not answer; zero: it does
	Healed  time.Time // when its sensor answered again last; zero: never
	History History
}

// Attestation is a hand tick. Once a sensor contradicted it, it counts no more, also when the sensor goes blind again:
// the last thing known is that it was wrong.
type Attestation struct {
	By           string    `json:"by"`
	At           time.Time `json:"at"`
	Note         Safe      `json:"note,omitempty"`
	Contradicted time.Time `json:"contradicted,omitzero"` // by a sensor of the step; zero: never
}

// GateState is a gate that was asked to open and waits for fresh checks.
type GateState struct {
	By    string
	At    time.Time
	Phase int
	Fresh []CheckRef // checks that have to look again first
}

// CheckRef names one check of a step.
type CheckRef struct {
	Step  string `json:"step"`
	Index int    `json:"index"`
}

// Lamp is the armed lamp.
type Lamp struct {
	Known bool
	OK    bool
	Why   Safe
}

// EnvState is what is known about one environment of the run.
type EnvState struct {
	Pins       []Pin
	Components map[string]ComponentState
	Locked     bool
	LockWhy    Safe // why it is not locked
	Lamp       Lamp
	Written    time.Time // first write of this run; zero: none
	LastWrite  time.Time
	LastReady  time.Time // when the last move was reached: warm-up counts from here
	Baseline   *Baseline
	Samples    []Sample
	Triggers   []TriggerState
	Monitored  string // step of the watch whose settings apply; empty: nothing is sampled
	Marks      []ChartMark
}

// ChartMark is a vertical line on the charts.
type ChartMark struct {
	At    time.Time `json:"at"`
	Label string    `json:"label"`
}

// ComponentStage is how far a component is.
type ComponentStage string

// The stages, in the order they are gone through.
const (
	Untouched ComponentStage = "untouched"
	Moving    ComponentStage = "moving"
	AtShare   ComponentStage = "at-share"
	Deployed  ComponentStage = "deployed"
	Undoing   ComponentStage = "undoing"
	Took      ComponentStage = "took"
)

// ComponentState is what is known about one component in one environment.
type ComponentState struct {
	Stage    ComponentStage
	Share    int // percent of new pods it was moved to
	Progress Progress
	Seen     time.Time
	Err      Safe  // why it could not be looked at
	Fence    int64 // that the workload carries by our knowledge
	Patched  int64 // generation after our last patch
	Strayed  Safe  // how it is no longer what this run moved it to; empty: it is
	Undo     Undone
	From     string // image it ran when the rollback patches went out
	TookAt   time.Time
}

// DeployStage is how far a deploy is.
type DeployStage string

// The stages of a deploy.
const (
	Preflight  DeployStage = "preflight"
	Refused    DeployStage = "refused" // the preflight found problems
	Baselining DeployStage = "baseline"
	Locking    DeployStage = "lock"
	InMove     DeployStage = "moving"
	Holding    DeployStage = "holding"
	Stuck      DeployStage = "stuck"
	DeployDone DeployStage = "done"
	RolledOff  DeployStage = "undone"
)

// Move is one patch of one wave.
type Move struct {
	Wave       int      `json:"wave"`
	Components []string `json:"components"`
	Share      int      `json:"share"`
}

// DeployState is what is known about the deploy of a step.
type DeployState struct {
	Step          string
	Env           string
	Stage         DeployStage
	Attempt       int
	Problems      []Safe
	Unknown       []Safe
	Notes         []Safe
	Moves         []Move
	Move          int    // index of the current one
	Wish          string // made and not all answered; empty: none
	Answered      map[string]Patched
	MoveAt        time.Time
	HoldUntil     time.Time
	Frozen        bool
	FrozenAt      time.Time // since when; zero: it is not frozen
	Thawing       bool      // a thaw is under way
	FreezeWish    string    // of the last freeze or thaw by itself (not by R); empty: none
	FreezeOf      []string  // components that the freeze or thaw is about
	FreezeAnswers []Frozen
	Started       time.Time
	Ended         time.Time
	Why           Safe // why it does not go on
}

// WatchState is what is known about the watch of a step.
type WatchState struct {
	Step    string
	Env     string
	From    time.Time
	Until   time.Time
	Ended   time.Time
	Verdict Verdict
	Why     Safe
}

// RollbackStage is how far a rollback is.
type RollbackStage string

// The stages of a rollback.
const (
	Fusing    RollbackStage = "fuse"     // the fuse burns
	Asking    RollbackStage = "asking"   // frozen; the fuse does not burn by itself
	Restoring RollbackStage = "undoing"  // patches are going out, or pods are coming back
	Settling  RollbackStage = "settling" // all took; the metrics have to come back in band
	Restored  RollbackStage = "done"
	TakenBack RollbackStage = "taken-back"
)

// RollbackState is what is known about the rollback.
type RollbackState struct {
	N          int
	Env        string
	Stage      RollbackStage
	Pins       []Pin
	By         string
	Because    Safe // what the person or the trigger said
	Pressed    time.Time
	Freezing   bool // there was something to freeze
	FreezeWish string
	FrozenBy   map[string]Frozen
	FrozenAt   time.Time // when the last component was frozen; zero: not yet
	FuseUntil  time.Time
	AskWhy     Safe // why the fuse asks and does not burn by itself; empty: it burns
	Burnt      time.Time
	Wish       string
	SettleFrom time.Time
	InBand     time.Time // since when the metrics are in band again; zero: they are not
	LateAt     time.Time // when it is called late
	Late       bool      // it did not take within the deadline
	Ended      time.Time
	Verified   Status // passed, or unknown when no metric could tell
	Reason     Safe

	FlagsWish  string              // of turning flags off; empty: none were raised
	Flags      map[string]FlagsOff // by step
	FlagsUntil time.Time           // until when the patches wait for it; zero: they do not
}
