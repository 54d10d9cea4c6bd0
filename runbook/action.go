package runbook

import "net/url"

// This file holds the actions of a step other than deploy, watch and rollback: what is told, approved, run, raised,
// waited for and asked. Its comments are the reference of the file format, as those of runbook.go are.

// Notify tells people something. The text is a draft: whoever sends it may change it before it goes.
type Notify struct {
	Channel string  `yaml:"channel"`          // name of one of communication: channels
	Text    string  `yaml:"text"`             // the draft
	Invite  *Invite `yaml:"invite,omitempty"` // an appointment that is written as an .ics file beside the report
}

// Invite is an appointment.
type Invite struct {
	Title string   `yaml:"title"`            // what it is about
	After Duration `yaml:"after"`            // from the moment it is written, moved on to the next whole hour of a working day
	Lasts Duration `yaml:"lasts,omitempty"`  // how long; 0: half an hour
	Text  string   `yaml:"text,omitempty"`   // what stands in it
	Where string   `yaml:"where,omitempty"`  // a room or an address
	Guest []string `yaml:"guests,omitempty"` // mail addresses
}

// Approve waits for the yes of somebody else than the operator.
type Approve struct {
	Text   string   `yaml:"text"`             // what is approved, as the one who approves reads it
	From   []string `yaml:"from,omitempty"`   // who may approve, by name; empty: anybody but the operator
	Within Duration `yaml:"within,omitempty"` // after this it counts as denied; 0: it waits as long as it takes
}

// Job runs a Kubernetes Job to its end, in the environment's namespace.
type Job struct {
	CronJob   string   `yaml:"cronJob,omitempty"`   // name of a CronJob in the namespace, whose Job is run once, now; filled in as empty, a person does it by hand
	Manifest  string   `yaml:"manifest,omitempty"`  // the Job as YAML text, instead of a CronJob
	Timeout   Duration `yaml:"timeout,omitempty"`   // until it counts as failed; 0: 10 minutes
	Migration string   `yaml:"migration,omitempty"` // it changes data: compatible (the version before works with it too) or incompatible
}

// Command runs a program of yours. No shell reads its arguments.
type Command struct {
	Argv      []string    `yaml:"argv"`                // the program and its arguments; a ${…} fills a whole argument
	Dir       string      `yaml:"dir,omitempty"`       // where it runs; empty: where sop was started
	Env       Map[string] `yaml:"env,omitempty"`       // environment variables that it gets beside PATH, HOME and the like
	Variables []string    `yaml:"variables,omitempty"` // names of variables of your own environment that it gets too; their values are never shown
	Timeout   Duration    `yaml:"timeout,omitempty"`   // until it is killed; 0: 10 minutes
	Repeat    bool        `yaml:"repeat,omitempty"`    // it may be run twice: after a crash it is, without asking
	Migration string      `yaml:"migration,omitempty"` // it changes data: compatible (the version before works with it too) or incompatible
}

// Request is one HTTP call that changes something. It carries the header Idempotency-Key, the same for the same act.
type Request struct {
	URL      string      `yaml:"url"`                   // http or https
	Method   string      `yaml:"method,omitempty"`      // POST (default), PUT, PATCH, DELETE or GET
	Headers  Map[string] `yaml:"headers,omitempty"`     // headers to send
	From     Map[string] `yaml:"headersFrom,omitempty"` // headers with a credential from the environment: {Authorization: 'Bearer env:NAME'}; never shown
	Body     string      `yaml:"body,omitempty"`        // what is sent
	Status   []string    `yaml:"status,omitempty"`      // statuses that are good, such as 200, 2xx or 200-204; 2xx when not written
	Contains string      `yaml:"contains,omitempty"`    // text that the answer must contain
	Timeout  Duration    `yaml:"timeout,omitempty"`     // of one try; 0: 30 seconds
	Repeat   bool        `yaml:"repeat,omitempty"`      // it may be sent twice: after a crash it is, without asking
}

// Flags raises feature flags in shares, each judged by the triggers of the environment's watch. A rollback turns them
// off first.
type Flags struct {
	ConfigMap ConfigMapKey `yaml:"configmap,omitempty"` // where the flags are, in flagd's format
	URL       string       `yaml:"url,omitempty"`       // where they are instead: GET gives the document, PUT takes it
	Flags     Names        `yaml:"flags"`               // the flags by name, or texts with commas; all for every flag there
	Steps     []Percent    `yaml:"steps,omitempty"`     // shares, rising; without any 5, 25, 50 and 100 %
	Hold      Duration     `yaml:"hold,omitempty"`      // how long each share is watched before the next; 0: 5 minutes
}

// Host is where flags behind an address are, without the way in; empty when they are in a ConfigMap.
func (f Flags) Host() string {
	u, err := url.Parse(f.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// ConfigMapKey is one text in a ConfigMap of the environment's namespace.
type ConfigMapKey struct {
	Name string `yaml:"name"`          // of the ConfigMap
	Key  string `yaml:"key,omitempty"` // within its data; empty: the only one
}

// Wait lets time pass: a length of it, or until a window opens.
type Wait struct {
	For    Duration `yaml:"for,omitempty"`    // how long
	Window *Window  `yaml:"window,omitempty"` // until this opens; one that is open is not waited for
}

// Ask asks the operator. The answers stand in the journal and in the report, and conditions of later steps know them
// as answers["step-id/question-id"].
type Ask struct {
	Questions []Question `yaml:"questions"` // in the order in which they are asked
}

// Question is one question of an Ask.
type Question struct {
	ID       string   `yaml:"id"`                 // unique name within the step
	Title    string   `yaml:"title"`              // the question
	Text     string   `yaml:"text,omitempty"`     // explains it
	Options  []string `yaml:"options,omitempty"`  // the only answers allowed
	Pattern  string   `yaml:"pattern,omitempty"`  // a regular expression that the whole answer must match
	Default  string   `yaml:"default,omitempty"`  // what stands there before anybody typed
	Optional bool     `yaml:"optional,omitempty"` // it may be left empty
}

// Channel is a way to reach people: an address, a program, or neither, when a person passes the text on by hand.
type Channel struct {
	Name    string   `yaml:"-"`
	Webhook string   `yaml:"webhook,omitempty"` // https address that takes a POST, or env:NAME for one that must not be seen; empty: none
	Format  string   `yaml:"format,omitempty"`  // of what is posted: slack (default; {"text": …}, which Mattermost and Teams read too) or json (all facts, for machines)
	Command []string `yaml:"command,omitempty"` // a program that gets the text on its standard input, instead of a webhook
}

// IsByHand tells whether nothing sends: a person has to.
func (c Channel) IsByHand() bool { return c.Webhook == "" && len(c.Command) == 0 }

// Shares are the shares that the flags go through.
func (f *Flags) Shares() []int {
	if len(f.Steps) == 0 {
		return []int{5, 25, 50, 100}
	}
	list := make([]int, len(f.Steps))
	for i, p := range f.Steps {
		list[i] = int(p)
	}
	return list
}
