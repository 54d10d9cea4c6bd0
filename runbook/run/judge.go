package run

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// TriggerWord is how a trigger stands.
type TriggerWord string

// A trigger goes ok → suspect → tripped, and stays tripped. Inconclusive means that the numbers cannot tell: it is
// neither ok nor tripped, and never counts as a pass.
const (
	TriggerOK           TriggerWord = "ok"
	TriggerSuspect      TriggerWord = "suspect"
	TriggerTripped      TriggerWord = "tripped"
	TriggerInconclusive TriggerWord = "inconclusive"
)

// TriggerState is how one trigger of one metric stands. Value, Baseline and Limit are in the metric's unit.
type TriggerState struct {
	Metric   string        `json:"metric"`
	Index    int           `json:"index"` // of the trigger in the metric
	Severity string        `json:"severity,omitempty"`
	Then     string        `json:"then,omitempty"`
	State    TriggerWord   `json:"state"`
	Since    time.Time     `json:"since,omitzero"`  // since when it is over the line; zero when it is not
	Value    float64       `json:"value"`           // the last conclusive one; when tripped: the one that tripped it
	Baseline float64       `json:"baseline"`        // 0 when the trigger needs none or there is none
	Limit    float64       `json:"limit"`           // the line
	For      time.Duration `json:"forNs,omitempty"` // how long it must be over before it trips
	Why      Safe          `json:"why,omitempty"`   // what is behind the state, in words
}

// judge says how every trigger of the metrics stands at the instant at, from the samples so far (in order of time)
// and from how they stood before. base is nil when there is none. Latency may be suspect but does not trip while the
// new pods come up (settled is false) and until warmUp after the last of them was ready (lastReady; zero: no pod was
// started, so there is no warm-up).
func judge(metrics []runbook.Metric, base *Baseline, samples []Sample, prev []TriggerState, at time.Time,
	lastReady time.Time, warmUp time.Duration, settled bool) []TriggerState {
	var states []TriggerState
	for _, m := range metrics {
		for i, t := range m.Triggers {
			states = append(states, TriggerState{Metric: m.Name, Index: i, Severity: t.Severity, Then: t.Then,
				State: TriggerInconclusive, For: t.For.D, Why: "no sample yet"})
		}
	}
	return states
}
