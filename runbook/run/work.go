package run

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Work is something that should be going on now. A worker does it and reports Observations until it is done or its
// context ends. Two Works with the same ID are the same work: it goes on undisturbed.
type Work struct {
	ID   string
	Body Body
}

// Body says what kind of work it is: one of the types below.
type Body interface{ work() }

// CheckWork looks at one check of a step, again and again at its interval (once when Once is set).
type CheckWork struct {
	Step  string
	Index int // of the check in step.Verify
	Check runbook.Check
	Env   runbook.Environment
	Needs []Need // of an access check: what the run's own steps need there
	Once  bool
}

// PreflightWork finds out whether a deploy and its rollback would be allowed and accepted, and pins what runs now. It
// reports one Preflighted.
type PreflightWork struct {
	Step    string
	Env     runbook.Environment
	Targets []runbook.Component
	Canary  bool
	Needs   []Need // what the run's other steps there need
}

// ArmWork keeps proving that a rollback to the pins would work: target there, rights held, dry run accepted. It
// reports Armed at once and then on every change.
type ArmWork struct {
	Env   runbook.Environment
	Pins  []Pin
	Needs []Need // the flags that the rollback turns off
}

// FollowWork watches the components' workloads and pods. It reports Progressed on every change.
type FollowWork struct {
	Env     runbook.Environment
	Targets []runbook.Component
}

// LockWork takes and keeps the environment's lock. It reports LockHeld, or LockLost with who holds it. Its end gives
// the lock back.
type LockWork struct {
	Env  runbook.Environment
	Run  string
	Head string // journal head to stamp on the Lease
}

// MoveWork patches one wave to one share of new pods. Each component is patched once: a worker that finds its wish
// already on the workload reports it as patched and writes nothing. It reports one Patched a component.
type MoveWork struct {
	Wish    string // identity of the act, stamped on the workload
	Run     string
	Step    string
	Env     runbook.Environment
	Targets []MoveTarget
	Share   int  // percent of new pods; 100 with Canary ends the canary and restores the strategy
	Canary  bool // hold at Share by surge and minReadySeconds
	Hold    time.Duration
}

// MoveTarget is one component of a MoveWork.
type MoveTarget struct {
	Component runbook.Component
	Pin       Pin
	Fence     int64 // that the workload must carry; the patch stamps Stamp
	Stamp     int64
}

// FreezeWork stops what is moving (paused: true), or sets it going again when Thaw is set. It reports one Frozen a component.
type FreezeWork struct {
	Wish    string
	Run     string
	Env     runbook.Environment
	Targets []runbook.Component
	Thaw    bool
}

// UndoWork brings components back to their pins, all at once, each retried until it is done or the context ends. It
// reports one Undone a component for every change of its state. Burnt is when the fuse burnt.
type UndoWork struct {
	Wish  string
	Run   string
	Env   runbook.Environment
	Pins  []Pin
	Burnt time.Time
}

// BaselineWork reads the metrics of the time before the first write. It reports one BaselineTaken.
type BaselineWork struct {
	Step    string
	Env     runbook.Environment
	Metrics []runbook.Metric
	To      time.Time     // end of the baseline
	Length  time.Duration // wanted length; less is taken when there is less
	Every   time.Duration
}

// SampleWork asks for the metrics again and again. It reports Sampled each time.
type SampleWork struct {
	Env     runbook.Environment
	Metrics []runbook.Metric
	Every   time.Duration
}

// Act is what every act outside of the rollout carries. The wish is its identity: a worker that finds its mark in the
// world has acted already, and only observes.
type Act struct {
	Wish string
	Run  string
	Step string
	Env  runbook.Environment
	Back bool // a step of the rollback procedure: it does not wait for the environment's lock
}

// NotifyWork tells people something. It tries a few times and then reports one Acted; an urgent one tries for longer.
type NotifyWork struct {
	Wish    string
	Run     string
	Channel runbook.Channel
	About   string // see Message.About
	Text    Safe
	At      time.Time
	By      string
	Invite  *runbook.Invite // an appointment to write beside the report; nil: none
	Facts   map[string]string
	Urgent  bool
}

// InviteWork writes the appointment of a message that a person has passed on. It reports one Acted.
type InviteWork struct {
	Wish   string
	Run    string
	Step   string
	At     time.Time
	Invite runbook.Invite
}

// JobWork runs a Kubernetes Job to its end. It reports Acting while it runs and one Acted.
type JobWork struct {
	Act
	Job runbook.Job
}

// CommandWork runs a program to its end. It reports one Acted.
type CommandWork struct {
	Act
	Command runbook.Command
}

// RequestWork makes one HTTP call. It reports one Acted.
type RequestWork struct {
	Act
	Request runbook.Request
}

// FlagsWork sets flags to a share in percent; 0 turns them off. It reports one Acted; one that insists reports failures
// too, and tries again until it is done. Note stands in the cluster from before they are raised until they are off.
type FlagsWork struct {
	Act
	Flags  runbook.Flags
	Share  int
	Insist bool
	Note   RaisedFlags
}

func (NotifyWork) work()    {}
func (InviteWork) work()    {}
func (JobWork) work()       {}
func (CommandWork) work()   {}
func (RequestWork) work()   {}
func (FlagsWork) work()     {}
func (CheckWork) work()     {}
func (PreflightWork) work() {}
func (ArmWork) work()       {}
func (FollowWork) work()    {}
func (LockWork) work()      {}
func (MoveWork) work()      {}
func (FreezeWork) work()    {}
func (UndoWork) work()      {}
func (BaselineWork) work()  {}
func (SampleWork) work()    {}
