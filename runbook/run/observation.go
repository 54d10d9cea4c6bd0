package run

import (
	"encoding/json"
	"time"
)

// Observation is what a worker saw or what came of its act: one of the types below.
type Observation interface{ observation() }

// Checked is one look of a check.
type Checked struct {
	Step   string
	Index  int
	Result Result
}

// Pin is what a component ran before the deploy: the target of its rollback. The template itself stays in the
// cluster, in the ReplicaSet; only its identity is kept.
type Pin struct {
	Component     string          `json:"component"`
	Workload      string          `json:"workload"` // deployment/api
	Namespace     string          `json:"namespace"`
	Container     string          `json:"container"`
	UID           string          `json:"uid"` // of the workload
	Generation    int64           `json:"generation"`
	Fence         int64           `json:"fence"` // annotation at pin time; 0 when absent
	Replicas      int             `json:"replicas"`
	Image         string          `json:"image"`
	Digests       []string        `json:"digests,omitempty"` // image ids of the running pods
	ReplicaSet    string          `json:"replicaSet"`
	ReplicaSetUID string          `json:"replicaSetUID"`
	Hash          string          `json:"hash"`               // pod-template-hash
	Strategy      json.RawMessage `json:"strategy,omitempty"` // the original strategy fields, restored at the end and by the rollback
	Guess         bool            `json:"guess,omitempty"`    // no pin was found: kubectl's target, second highest revision
	Run           string          `json:"run,omitempty"`      // the run that pinned it
}

// Preflighted is the outcome of a preflight. Problems block; Unknown means that something could not be looked at
// (which blocks too, and is told apart).
type Preflighted struct {
	Step     string
	Problems []Safe
	Unknown  []Safe
	Notes    []Safe // information: GitOps owner, PodDisruptionBudget, HPA …
	Pins     []Pin
}

// Armed tells whether a rollback would work right now.
type Armed struct {
	Env string
	OK  bool
	Why Safe // when not OK
}

// What is seen of the environment's lock.
type (
	// LockHeld says that the lock is ours.
	LockHeld struct {
		Env   string
		Token int64
	}
	// LockLost says that it is somebody else's, or cannot be told.
	LockLost struct {
		Env    string
		Holder Safe // who holds it; empty when it could not be looked at
		Why    Safe
	}
)

// Pod is one pod of a component for the heat strip.
type Pod struct {
	Name     string `json:"name"`
	New      bool   `json:"new"` // of the template the workload has now
	Ready    bool   `json:"ready"`
	State    string `json:"state"` // Pending, ContainerCreating, Running, ImagePullBackOff, CrashLoopBackOff, Terminating …
	Restarts int    `json:"restarts,omitempty"`
}

// Condition is how far a workload is, as kubectl judges it.
type Condition string

// Waiting: under way. Done: complete. Broken: it will not complete by itself. Missing: the object is gone.
const (
	Waiting Condition = "waiting"
	Done    Condition = "done"
	Broken  Condition = "broken"
	Missing Condition = "missing"
)

// Progress is the state of one workload.
type Progress struct {
	Component          string
	UID                string
	Generation         int64
	ObservedGeneration int64
	ResourceVersion    string
	Fence              int64
	Act                string // the last wish stamped on it
	Run                string // the run that stamped it
	Image              string // in the template
	Hash               string // of the ReplicaSet that matches the template; empty until the controller made it
	Paused             bool
	Desired            int
	Updated            int // pods of the template
	UpdatedReady       int
	Available          int
	Total              int
	OldReady           int // ready pods of other templates
	Condition          Condition
	Message            Safe // in kubectl's words
	Stuck              Safe // why a pod does not come up: reason, and the last log lines of a crash loop; empty when none is
	Digests            []string
	Pods               []Pod
	Undoer             Safe // who else writes this workload (GitOps, HPA, a person); empty when nobody was seen
}

// Progressed is a change of a component's workload or pods. Err is set when it could not be looked at.
type Progressed struct {
	Env      string
	Progress Progress
	Err      Safe
}

// Patched is the outcome of a forward patch. Refused means the world changed under us (fence, uid or generation): nothing was
// written and nothing will be until a person looked.
type Patched struct {
	Wish       string
	Component  string
	Generation int64 // of the workload after the patch
	Already    bool  // found applied; not written again
	Refused    bool
	Err        Safe // empty on success
}

// Frozen is the outcome of a freeze or thaw of one component.
type Frozen struct {
	Wish      string
	Component string
	Err       Safe
}

// Undone is the outcome of the rollback patch of one component. Accepted is set when the API server took it.
type Undone struct {
	Wish       string
	Component  string
	From       string // image that it ran before the patch; empty when it could not be read
	Accepted   bool
	Already    bool    // it ran the pinned revision already and was not moving
	AfterMs    float64 // from the burnt fuse to the API server's answer
	Generation int64
	Fence      int64
	Err        Safe // the last error; it is retried
}

// XY is one point of a series.
type XY struct {
	T int64   `json:"t"` // Unix seconds
	V float64 `json:"v"`
}

// BaselineMetric is one metric before the first write. Values are in the metric's unit (percent: 0.05 means 0.05 %).
type BaselineMetric struct {
	Points   []XY    `json:"points,omitempty"`
	Mean     float64 `json:"mean"`              // of a ratio: all events over all requests
	Low      float64 `json:"low"`               // p10
	High     float64 `json:"high"`              // p90
	Coverage float64 `json:"coverage"`          // share of the wanted points that are conclusive, 0…1
	Refused  Safe    `json:"refused,omitempty"` // why it cannot serve; empty when it can
	Broken   bool    `json:"broken,omitempty"`  // its objective was already broken before
}

// Baseline is the metrics frozen before the first write.
type Baseline struct {
	From    time.Time                 `json:"from"`
	To      time.Time                 `json:"to"`
	Metrics map[string]BaselineMetric `json:"metrics"`
}

// BaselineTaken carries the baseline; Err is set when it could not be asked for.
type BaselineTaken struct {
	Step     string
	Env      string
	Baseline Baseline
	Err      Safe
}

// PointState tells what a point is worth.
type PointState string

// PointOK has a value. PointInconclusive was answered, but says nothing (0/0, NaN, empty). PointUnknown could not be asked.
const (
	PointOK           PointState = "ok"
	PointInconclusive PointState = "inconclusive"
	PointUnknown      PointState = "unknown"
)

// Point is one metric at one instant.
type Point struct {
	State PointState `json:"state"`
	Value float64    `json:"value"`         // in the metric's unit; 0 unless ok
	Num   float64    `json:"num,omitempty"` // raw numerator and denominator of a ratio, per second
	Den   float64    `json:"den,omitempty"`
	Why   Safe       `json:"why,omitempty"` // when not ok
}

// Sample is all metrics at one instant.
type Sample struct {
	At     time.Time        `json:"at"`
	Points map[string]Point `json:"points"`
}

// Sampled is one tick of the watch.
type Sampled struct {
	Env    string
	Sample Sample
}

// WorkFailed is a worker that ended with an error; the engine starts it again with a back-off.
type WorkFailed struct {
	Work string
	Err  Safe
}

// Acted is the outcome of an act outside of the rollout: ActionDone, ActionFailed, or ActionInDoubt when it cannot be told.
type Acted struct {
	Wish     string
	Outcome  ActionStage
	Summary  Safe       // what came of it, or why not
	Evidence []Evidence // what was called, and the answer
	Output   Safe       // the last lines of a program or a Job, redacted
	Kept     string     // name of the file in the run's directory that has the whole output; empty: none
}

// Acting is how far such an act is.
type Acting struct {
	Wish    string
	Summary Safe
	Output  Safe
}

func (Acted) observation()         {}
func (Acting) observation()        {}
func (Checked) observation()       {}
func (Preflighted) observation()   {}
func (Armed) observation()         {}
func (LockHeld) observation()      {}
func (LockLost) observation()      {}
func (Progressed) observation()    {}
func (Patched) observation()       {}
func (Frozen) observation()        {}
func (Undone) observation()        {}
func (BaselineTaken) observation() {}
func (Sampled) observation()       {}
func (WorkFailed) observation()    {}
