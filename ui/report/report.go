package report

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Source is what a report is made of.
type Source struct {
	Run     string
	Plan    *runbook.Plan // nil when the frozen runbook cannot be had: then only the events are told
	Flaw    run.Safe      // why there is no plan
	Events  []run.Stamped // all that the journal holds, in its order
	Journal Journal
}

// Journal is what is known about the record that a report is made from.
type Journal struct {
	Whole   bool     `json:"whole"`             // every hash fits
	Records int      `json:"records"`           // that could be read
	Repairs int      `json:"repairs,omitempty"` // torn tails that were healed
	Unread  int      `json:"unread,omitempty"`  // records of kinds that this version does not know
	Flaw    run.Safe `json:"flaw,omitempty"`    // where it stops being good, and why
	Head    string   `json:"-"`
}

// Report is a run told from its journal. As JSON it is what `sop report -o json` prints.
type Report struct {
	Run        string      `json:"run"`
	Outcome    run.Outcome `json:"outcome"`
	Verdict    run.Verdict `json:"verdict"`
	Tripped    []string    `json:"tripped"`
	Components []Component `json:"components"` // of the environment that was rolled back, else of the run's target
	Reason     run.Safe    `json:"reason,omitempty"`

	Runbook     string            `json:"runbook"`
	Title       string            `json:"title,omitempty"`
	Version     string            `json:"version,omitempty"` // of the procedure
	Digest      string            `json:"digest"`
	Inputs      map[string]string `json:"inputs,omitempty"`
	Environment string            `json:"environment"`
	Operator    string            `json:"operator"`
	Auto        string            `json:"auto,omitempty"`     // the unattended policy
	Practice    string            `json:"practice,omitempty"` // scenario; empty on a real cluster
	Started     time.Time         `json:"started"`
	Ended       time.Time         `json:"ended,omitzero"`
	Last        time.Time         `json:"last"`           // of the last record
	Open        bool              `json:"open,omitempty"` // the run is not over, as far as its journal tells

	Steps       []Step       `json:"steps"`
	Overrides   []Override   `json:"overrides,omitempty"`
	Gates       []Gate       `json:"gates,omitempty"`
	Acts        []Act        `json:"actions,omitempty"`
	Messages    []Message    `json:"messages,omitempty"`
	Rollouts    []Rollout    `json:"rollouts,omitempty"`
	Watches     []Watch      `json:"watches,omitempty"`
	Triggers    []Turn       `json:"triggers,omitempty"` // every time that one changed its state
	Charts      []Chart      `json:"charts,omitempty"`
	Rollback    *Receipt     `json:"rollback,omitempty"`         // the last one
	Earlier     []Receipt    `json:"earlierRollbacks,omitempty"` // presses of R before it
	Resumptions []Resumption `json:"resumptions,omitempty"`
	Log         []Line       `json:"log"`

	Head    string   `json:"head"` // of the journal
	Journal Journal  `json:"journal"`
	Flaw    run.Safe `json:"flaw,omitempty"` // why not all of what can be read is told
}

// Component is what one component came to.
type Component struct {
	Name  string             `json:"name"`
	From  string             `json:"from"`
	To    string             `json:"to"`
	State run.ComponentStage `json:"state"`
}

// Step is one box with its evidence.
type Step struct {
	Phase    string           `json:"phase"`
	Section  string           `json:"section,omitempty"`
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Status   run.Status       `json:"status"`
	Optional bool             `json:"optional,omitempty"`
	Manual   bool             `json:"manual,omitempty"` // only a person can tick it
	Action   string           `json:"action,omitempty"`
	Observed run.Safe         `json:"observed,omitempty"`
	Evidence []run.Evidence   `json:"evidence,omitempty"` // of all its checks
	Checks   []Check          `json:"checks,omitempty"`
	Attested *run.Attestation `json:"attested,omitempty"`
	Override *run.Overriding  `json:"override,omitempty"`
	Deferral *run.Deferral    `json:"deferral,omitempty"`
	Gate     *AtGate          `json:"gate,omitempty"`  // what it showed when its last gate opened
	Falls    int              `json:"falls,omitempty"` // how often it un-ticked
	LastFall *run.Fall        `json:"lastFall,omitempty"`
}

// AtGate is what a box showed when a gate opened.
type AtGate struct {
	At     time.Time  `json:"at"`
	Status run.Status `json:"status"`
}

// Check is one check of a box as it was seen last. The journal holds no look that showed what the look before it did,
// but those at a gate, so it may well have been looked at later than Seen.
type Check struct {
	Kind     string         `json:"kind"`
	Status   run.Status     `json:"status"`
	Summary  run.Safe       `json:"summary,omitempty"`
	Since    time.Time      `json:"since,omitzero"`
	Seen     time.Time      `json:"seen,omitzero"`
	Sensor   run.Safe       `json:"sensor,omitempty"`
	Pin      run.Safe       `json:"pin,omitempty"`
	Flapping bool           `json:"flapping,omitempty"`
	Evidence []run.Evidence `json:"evidence,omitempty"`
}

// Override is a gate opened over a box, whatever became of it.
type Override struct {
	Step   string     `json:"step"`
	Title  string     `json:"title"`
	By     string     `json:"by"`
	At     time.Time  `json:"at"`
	Status run.Status `json:"status"` // of the box then
	Value  run.Safe   `json:"value,omitempty"`
	Reason run.Safe   `json:"reason"`
	Voided time.Time  `json:"voided,omitzero"` // when what it covered got worse
	Why    run.Safe   `json:"why,omitempty"`   // it is void
}

// Gate is one time that a gate was asked to open.
type Gate struct {
	Phase    string        `json:"phase"` // id
	Title    string        `json:"title"`
	By       string        `json:"by,omitempty"`
	At       time.Time     `json:"at"`
	Opened   bool          `json:"opened"`
	Blocking []string      `json:"blocking,omitempty"` // titles of the boxes that kept it shut
	Hash     string        `json:"hash,omitempty"`     // of the snapshot
	Matches  bool          `json:"matches,omitempty"`  // the snapshot in the journal still has that hash
	Whole    string        `json:"whole,omitempty"`    // hash of the snapshot in full, where texts of it were cut
	Cut      int           `json:"cut,omitempty"`
	Snapshot []run.BoxFact `json:"snapshot,omitempty"`
}

// Line is one thing that happened.
type Line struct {
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"` // empty: it happened by itself
	Kind string    `json:"kind"`         // of the record
	Text run.Safe  `json:"text"`
	Loud bool      `json:"loud,omitempty"`
}

// Resumption is one time that another process went on with the run; between Last and At nobody watched.
type Resumption struct {
	By   string    `json:"by"`
	Last time.Time `json:"last"`
	At   time.Time `json:"at"`
}

// Watch is what one watch came to.
type Watch struct {
	Step        string      `json:"step"`
	Title       string      `json:"title"`
	Environment string      `json:"environment"`
	From        time.Time   `json:"from"`
	Until       time.Time   `json:"until"`
	Ended       time.Time   `json:"ended,omitzero"`
	Verdict     run.Verdict `json:"verdict"`
	Why         run.Safe    `json:"why,omitempty"`
}

// Turn is one change of a trigger's state, with the numbers behind it.
type Turn struct {
	At          time.Time       `json:"at"`
	Environment string          `json:"environment"`
	Metric      string          `json:"metric"`
	Title       string          `json:"title"`
	Unit        string          `json:"unit,omitempty"`
	Trip        string          `json:"trip,omitempty"` // in the words of the runbook
	Severity    string          `json:"severity,omitempty"`
	Then        string          `json:"then,omitempty"`
	From        run.TriggerWord `json:"from,omitempty"`
	To          run.TriggerWord `json:"to"`
	Since       time.Time       `json:"since,omitzero"` // over the line
	Value       float64         `json:"value"`
	Baseline    float64         `json:"baseline"`
	Limit       float64         `json:"limit"`
	Why         run.Safe        `json:"why,omitempty"`
}
