package run

// Status is the state of a step or of a check. Unknown means "could not look": it never passes a gate, and it is
// never shown as failed.
type Status string

// The states of DESIGN §2.
const (
	Pending       Status = "pending"
	Checking      Status = "checking"
	Passed        Status = "passed"
	Warn          Status = "warn"
	Failed        Status = "failed"
	Unknown       Status = "unknown"
	Drifted       Status = "drifted"
	Stale         Status = "stale"
	Attested      Status = "attested"
	Conflicted    Status = "conflicted"
	Overridden    Status = "overridden"
	Deferred      Status = "deferred"
	NotApplicable Status = "not-applicable"
)

// OpensGate tells whether a gate may open over a step in this state.
func (s Status) OpensGate() bool {
	switch s {
	case Passed, Warn, Attested, Overridden, Deferred, NotApplicable:
		return true
	}
	return false
}

// severity orders the states of checks from good to bad, so that an override can be void when the value worsens and
// a step can take the worst of its checks.
func (s Status) severity() int {
	switch s {
	case Passed, NotApplicable:
		return 0
	case Warn:
		return 1
	case Checking, Pending:
		return 2
	case Stale:
		return 3
	case Unknown:
		return 4
	case Failed, Drifted, Conflicted:
		return 5
	}
	return 0
}

// Result is what one look of a check gave: Status is one of Passed, Warn, Failed, Unknown or NotApplicable.
type Result struct {
	Status   Status     `json:"status"`
	Summary  Safe       `json:"summary"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Sensor is what was asked, such as "Prometheus https://prometheus.example": the same text for all checks that ask
	// the same. Empty when nothing outside was asked.
	Sensor Safe `json:"sensor,omitempty"`
	// Ill says that the sensor did not answer: the look says nothing about the world, only about its own eyes.
	Ill bool `json:"ill,omitempty"`
	// Badness tells how bad a Warn or Failed is, in a unit of the check's own: missing pods, days too few, findings. More
	// is worse, 0 says nothing. It lets an override be void when the value worsens.
	Badness float64 `json:"badness,omitempty"`
	// Pin identifies what was verified where its name may come to mean something else, such as the digests behind
	// image tags. A later look with another Pin is no pass.
	Pin Safe `json:"pin,omitempty"`
}

// Evidence is one fact behind a Result.
type Evidence struct {
	Observed        Safe   `json:"observed"`
	Expected        Safe   `json:"expected,omitempty"`
	Source          Safe   `json:"source,omitempty"`          // the thing looked at, such as Deployment production/api
	Query           Safe   `json:"query,omitempty"`           // the exact call or query, for copying
	ResourceVersion string `json:"resourceVersion,omitempty"` // of a cluster object
}
