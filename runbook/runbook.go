package runbook

import "iter"

// Runbook is one whole procedure (apiVersion sop/v1, kind Runbook).
type Runbook struct {
	APIVersion    string           `yaml:"apiVersion"`              // sop/v1
	Kind          string           `yaml:"kind"`                    // Runbook
	Metadata      Metadata         `yaml:"metadata"`                // which procedure this is, and whose
	Purpose       string           `yaml:"purpose,omitempty"`       // what the procedure is for, printed with it
	Scope         string           `yaml:"scope,omitempty"`         // what it applies to, printed with it
	Inputs        Map[Input]       `yaml:"inputs,omitempty"`        // what the operator is asked for at the start, by name
	Environments  Map[Environment] `yaml:"environments,omitempty"`  // the targets, by name
	Components    Map[Component]   `yaml:"components,omitempty"`    // the workloads that are deployed, by name
	Metrics       Map[Metric]      `yaml:"metrics,omitempty"`       // the numbers that the watch follows, by name
	Phases        []Phase          `yaml:"phases"`                  // the procedure, in its order
	Rollback      *Rollback        `yaml:"rollback,omitempty"`      // the way back; without it R has no runbook to follow
	Severities    Map[string]      `yaml:"severities,omitempty"`    // severity of a trigger → what it asks of people
	Communication *Communication   `yaml:"communication,omitempty"` // who is told what, when
	KPIs          []KPI            `yaml:"kpis,omitempty"`          // targets of the procedure as a whole
	References    []Reference      `yaml:"references,omitempty"`    // related documents
}

// Metadata says which procedure this is and who answers for it.
type Metadata struct {
	Name           string `yaml:"name"`                     // how commands and reports call it
	Title          string `yaml:"title"`                    // what people read
	Version        string `yaml:"version,omitempty"`        // of the procedure, not of what it deploys
	Owner          string `yaml:"owner,omitempty"`          // who answers for it
	Classification string `yaml:"classification,omitempty"` // who may read it, such as internal
	LastUpdated    string `yaml:"lastUpdated,omitempty"`    // YYYY-MM-DD
	ReviewBy       string `yaml:"reviewBy,omitempty"`       // YYYY-MM-DD
}

// Input is a value that the operator gives at the start of a run.
type Input struct {
	Title    string   `yaml:"title,omitempty"`    // what the operator reads when asked
	Type     string   `yaml:"type,omitempty"`     // string (default) or duration
	Pattern  string   `yaml:"pattern,omitempty"`  // a regular expression that the whole value must match
	Default  *string  `yaml:"default,omitempty"`  // the value when none is given
	Required bool     `yaml:"required,omitempty"` // a run does not begin without it
	Options  []string `yaml:"options,omitempty"`  // the only values allowed
}

// Environment is one target of a deployment.
type Environment struct {
	Name       string      `yaml:"-"`
	Context    string      `yaml:"context,omitempty"`    // kubeconfig context; empty: the current one
	ClusterUID string      `yaml:"clusterUID,omitempty"` // uid of the namespace kube-system; empty: not compared
	Namespace  string      `yaml:"namespace"`            // where its components live
	Prometheus Prometheus  `yaml:"prometheus,omitempty"` // where its metrics are asked for
	Values     Map[string] `yaml:"values,omitempty"`     // free values for ${env.values.NAME}
	Protected  bool        `yaml:"protected,omitempty"`  // shown on red, by word too
	Notes      []string    `yaml:"notes,omitempty"`      // what the SOP says of this environment
}

// Prometheus is where an environment's metrics are asked for.
type Prometheus struct {
	URL string `yaml:"url"` // http or https
}

// Component is one workload with its image.
type Component struct {
	Name      string `yaml:"-"`
	Workload  string `yaml:"workload"`            // kind/name, such as deployment/api
	Container string `yaml:"container,omitempty"` // whose image is set; empty: the only one
	Image     string `yaml:"image"`               // the image that a deploy sets
}

// Metric is a number that the watch follows: either one query, or a numerator and a denominator that are asked
// for apart and divided here.
type Metric struct {
	Name        string    `yaml:"-"`
	Title       string    `yaml:"title"`                 // what its chart is called
	Text        string    `yaml:"text,omitempty"`        // the SOP's own words
	Unit        string    `yaml:"unit"`                  // percent, seconds, bytes, count or per-second
	Query       string    `yaml:"query,omitempty"`       // PromQL that gives one number
	Numerator   string    `yaml:"numerator,omitempty"`   // PromQL; with denominator instead of query
	Denominator string    `yaml:"denominator,omitempty"` // PromQL; 0/0 is inconclusive
	Objective   string    `yaml:"objective,omitempty"`   // such as '< 0.1%'
	Absent      string    `yaml:"absent,omitempty"`      // zero: a missing numerator under a live denominator is 0
	Triggers    []Trigger `yaml:"triggers,omitempty"`    // when it asks for action
}

// Trigger says when a metric asks for action.
type Trigger struct {
	Trip     string   `yaml:"trip"`               // see ParseTrip
	For      Duration `yaml:"for,omitempty"`      // how long it must be over before it trips; 0: at once
	AtLeast  Quantity `yaml:"atLeast,omitempty"`  // least absolute distance from the baseline, in the metric's unit
	Severity string   `yaml:"severity,omitempty"` // critical, warning or info (default)
	Then     string   `yaml:"then,omitempty"`     // rollback: offer it (or do it); empty: ring only
}

// Phase is a part of the procedure that ends at a gate.
type Phase struct {
	ID          string    `yaml:"id"`                    // unique name
	Title       string    `yaml:"title"`                 // what people read
	Group       string    `yaml:"group,omitempty"`       // heading above several phases, such as 'Deployment Process'
	Environment string    `yaml:"environment,omitempty"` // empty: the run's target
	List        string    `yaml:"list,omitempty"`        // how Markdown lists its steps: checkboxes (default) or bullets
	Sections    []Section `yaml:"sections"`              // its steps, in groups
}

// Section is a titled group of steps within a phase.
type Section struct {
	Title string `yaml:"title,omitempty"` // heading over its steps
	Steps []Step `yaml:"steps"`           // the lines of the procedure
}

// Step is one line of the procedure. It has any number of checks and at most one action; a step with neither is
// attested by a person.
type Step struct {
	ID          string          `yaml:"id"`                    // unique name
	Title       string          `yaml:"title"`                 // the line itself
	Text        string          `yaml:"text,omitempty"`        // what the line asks for, in a few more words
	Why         string          `yaml:"why,omitempty"`         // teaches what the line is good for
	How         string          `yaml:"how,omitempty"`         // teaches what to do and where to look
	Required    *bool           `yaml:"required,omitempty"`    // default true
	Overridable *bool           `yaml:"overridable,omitempty"` // default true
	When        string          `yaml:"when,omitempty"`        // CEL; false: not applicable
	Owner       string          `yaml:"owner,omitempty"`       // who does it, when not the operator
	Estimate    Duration        `yaml:"estimate,omitempty"`    // how long it usually takes
	Recheck     string          `yaml:"recheck,omitempty"`     // once, phase (default) or run
	DeferTo     string          `yaml:"deferTo,omitempty"`     // id of a later phase
	Inhibits    []string        `yaml:"inhibits,omitempty"`    // ids of steps that fail with this one, told as its consequences
	Verify      []Check         `yaml:"verify,omitempty"`      // checks that tick the box; all must pass
	Deploy      *Deploy         `yaml:"deploy,omitempty"`      // action: move components to their new image
	Watch       *Watch          `yaml:"watch,omitempty"`       // action: follow metrics and give a verdict
	Rollback    *RollbackAction `yaml:"rollback,omitempty"`    // action of the rollback procedure
	Notify      *Notify         `yaml:"notify,omitempty"`      // action: tell people, with a draft that is shown first
	Approve     *Approve        `yaml:"approve,omitempty"`     // action: wait for the yes of somebody else
	Job         *Job            `yaml:"job,omitempty"`         // action: run a Kubernetes Job
	Command     *Command        `yaml:"command,omitempty"`     // action: run a program of yours
	HTTP        *Request        `yaml:"http,omitempty"`        // action: make an HTTP call that changes something
	Flags       *Flags          `yaml:"flags,omitempty"`       // action: raise feature flags in shares
	Wait        *Wait           `yaml:"wait,omitempty"`        // action: let time pass, or wait until a window opens
	Ask         *Ask            `yaml:"ask,omitempty"`         // action: ask the operator
	Confirm     string          `yaml:"confirm,omitempty"`     // a word that has to be typed before the action starts
}

// Check is one question to the world: a kind with its parameters, and the common fields of all kinds. In the file
// it is a mapping with the kind as its key, `{http: {url: …}, interval: 10s}`; the common fields may also stand
// among the parameters.
type Check struct {
	Kind             string         // what is asked; see the check kinds
	Params           map[string]any // as decoded from YAML; strings may hold ${…} until Resolve
	Interval         Duration       // between two looks; 0: the kind's default
	Timeout          Duration       // of one look; 0: the kind's default
	TTL              Duration       // how long a result may open a gate; 0: three intervals
	FailureThreshold int            // failures in a row before a passed check fails; 0 means 1
	SuccessThreshold int            // successes in a row before a failed check passes; 0 means 1
	Expect           string         // CEL over self, the observed value; empty: the kind's own judgement
}

// Deploy moves components to their new image.
type Deploy struct {
	Strategy string     `yaml:"strategy,omitempty"` // rolling (default) or canary
	Waves    [][]string `yaml:"waves,omitempty"`    // component names; empty: all components in one wave
	Steps    []Percent  `yaml:"steps,omitempty"`    // canary: shares of new pods; 100 is added at the end when missing
	Hold     Duration   `yaml:"hold,omitempty"`     // canary: how long each share is watched before the next
	Deadline Duration   `yaml:"deadline,omitempty"` // of one move; 0: 10 minutes
}

// Watch follows metrics after a deploy and gives a verdict.
type Watch struct {
	For     Duration `yaml:"for"`               // how long it lasts
	Every   Duration `yaml:"every,omitempty"`   // 0: 15 s
	Metrics Names    `yaml:"metrics,omitempty"` // all (default), or metric names
	WarmUp  Duration `yaml:"warmUp,omitempty"`  // for latency (unit seconds) after the last pod is ready; 0: 3 minutes
}

// RollbackAction ties a step of the rollback procedure to a stage of the rollback.
type RollbackAction struct {
	Do string `yaml:"do"` // stop (freeze), undo (restore the pinned revisions) or verify (it took, metrics in band)
}

// Rollback is the rollback procedure.
type Rollback struct {
	Auto     bool     `yaml:"auto,omitempty"`     // a critical trigger that says rollback acts by itself
	Fuse     Duration `yaml:"fuse,omitempty"`     // between R and the patches; 0: 3 s
	Settle   Duration `yaml:"settle,omitempty"`   // how long the metrics must be back in band; 0: 2 minutes
	Triggers []string `yaml:"triggers,omitempty"` // trigger conditions in the SOP's own words
	Steps    []Step   `yaml:"steps"`              // the lines of the rollback procedure
}

// Communication is the communication plan: its words, and the channels that carry them.
type Communication struct {
	Before    string   `yaml:"before,omitempty"`    // before a deployment, in the SOP's words
	During    string   `yaml:"during,omitempty"`    // while it goes on
	After     string   `yaml:"after,omitempty"`     // at its end
	Incidents string   `yaml:"incidents,omitempty"` // when it fails
	Every     Duration `yaml:"every,omitempty"`     // between two status updates; 0: no clock

	Channels   Map[Channel] `yaml:"channels,omitempty"`   // ways to reach people, by name
	Status     string       `yaml:"status,omitempty"`     // channel of the status updates; empty: a person tells them
	Escalation string       `yaml:"escalation,omitempty"` // channel that is told by itself when a critical trigger trips or a rollback begins; empty: none
}

// KPI is a target for the procedure as a whole.
type KPI struct {
	Title  string `yaml:"title"`  // what is measured
	Target string `yaml:"target"` // what it should be
}

// Reference is a related document.
type Reference struct {
	Title string `yaml:"title"` // what it is called
	URL   string `yaml:"url"`   // where it is
}

// steps yields every step, those of the rollback last.
func (rb *Runbook) steps() iter.Seq[Step] {
	return func(yield func(Step) bool) {
		for _, p := range rb.Phases {
			for _, section := range p.Sections {
				for _, s := range section.Steps {
					if !yield(s) {
						return
					}
				}
			}
		}
		if rb.Rollback == nil {
			return
		}
		for _, s := range rb.Rollback.Steps {
			if !yield(s) {
				return
			}
		}
	}
}

// IsRequired tells whether a gate waits for the step.
func (s Step) IsRequired() bool { return s.Required == nil || *s.Required }

// IsOverridable tells whether a person may let the gate open without the step.
func (s Step) IsOverridable() bool { return s.Overridable == nil || *s.Overridable }

// IsManual tells whether only a person can tick the step.
func (s Step) IsManual() bool {
	return len(s.Verify) == 0 && s.Action() == ""
}

// Action names the step's action by its key in the file; empty when it has none.
func (s Step) Action() string {
	if all := s.actions(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// actions names every action that the step has; lint allows one.
func (s Step) actions() []string {
	var names []string
	for _, a := range []struct {
		name  string
		there bool
	}{
		{"deploy", s.Deploy != nil},
		{"watch", s.Watch != nil},
		{"rollback", s.Rollback != nil},
		{"notify", s.Notify != nil},
		{"approve", s.Approve != nil},
		{"job", s.Job != nil},
		{"command", s.Command != nil},
		{"http", s.HTTP != nil},
		{"flags", s.Flags != nil},
		{"wait", s.Wait != nil},
		{"ask", s.Ask != nil},
	} {
		if a.there {
			names = append(names, a.name)
		}
	}
	return names
}

// Migration is what an act of the step does to data that a rollback does not bring back: compatible when the version
// before works with it too, incompatible when it does not, empty when it changes none.
func (s Step) Migration() string {
	switch {
	case s.Job != nil:
		return s.Job.Migration
	case s.Command != nil:
		return s.Command.Migration
	}
	return ""
}
