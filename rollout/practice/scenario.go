package practice

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

//go:embed scenarios/*.yaml
var shipped embed.FS

// Scenario is one exercise (apiVersion sop/v1, kind Scenario). Its name and title do not say what goes wrong.
type Scenario struct {
	APIVersion string           `yaml:"apiVersion"`
	Kind       string           `yaml:"kind"`
	Metadata   ScenarioMetadata `yaml:"metadata"`
	// Runbook is the name of the shipped runbook that is practised.
	Runbook string `yaml:"runbook"`
	// Inputs are the runbook's inputs.
	Inputs map[string]string `yaml:"inputs,omitempty"`
	// Environment is the target of phases that name none.
	Environment string `yaml:"environment,omitempty"`
	// Operator is who the trainee is in the journal; empty leaves it to the program.
	Operator string `yaml:"operator,omitempty"`
	// Start is the world's time at the beginning.
	Start time.Time `yaml:"start"`
	// Seed fixes all chance: the same seed gives the same world.
	Seed   int64     `yaml:"seed"`
	World  WorldSpec `yaml:"world"`
	Faults []Fault   `yaml:"faults,omitempty"`
	Expect Expect    `yaml:"expect"`
	// Hints are told on request, in this order, each at its price.
	Hints []Hint `yaml:"hints,omitempty"`
	// Debrief tells afterwards what happened.
	Debrief string `yaml:"debrief"`
}

// ScenarioMetadata names a scenario.
type ScenarioMetadata struct {
	Name       string `yaml:"name" json:"name"`
	Title      string `yaml:"title" json:"title"`
	Difficulty int    `yaml:"difficulty" json:"difficulty"` // from 1, the easiest, to 5
}

// WorldSpec is how the world differs from the usual one.
type WorldSpec struct {
	// Running and Release are the versions that run at the start and that are to be deployed.
	Running string `yaml:"running"`
	Release string `yaml:"release"`
	// Replicas overrides the usual numbers of pods by namespace and component.
	Replicas map[string]map[string]int32 `yaml:"replicas,omitempty"`
	// CertificateDays is how long the certificates are still valid at the start, by namespace; the usual is 90.
	CertificateDays map[string]int `yaml:"certificateDays,omitempty"`
	// Images says how containers run and behave, by "component:version" or by the version alone.
	Images map[string]Image `yaml:"images,omitempty"`
	// Built is how long before the start CI had built the release; 0 means four hours.
	Built time.Duration `yaml:"built,omitempty"`
	// Already is what is wrong from the beginning.
	Already []Trouble `yaml:"already,omitempty"`
}

// Action is what a scenario calls for.
type Action string

// The actions.
const (
	// Complete: nothing is wrong; finish the procedure.
	Complete Action = "complete"
	// RollBack: the release is bad; roll back.
	RollBack Action = "rollback"
	// Hold: something is wrong that no rollback would mend; wait or ask, but do not roll back.
	Hold Action = "hold"
	// Abort: the release must not go out as it is; stop before anything is deployed.
	Abort Action = "abort"
)

// Expect is the right decision.
type Expect struct {
	Action Action `yaml:"action"`
	// Within is how much time there is from the fault until the rollback has taken: half to see it, half to act.
	Within time.Duration `yaml:"within,omitempty"`
}

// Hint is a piece of advice that costs points.
type Hint struct {
	Cost int    `yaml:"cost"`
	Text string `yaml:"text"`
}

// Scenarios returns the shipped scenarios, the easiest first.
func Scenarios() ([]Scenario, error) {
	names, err := fs.Glob(shipped, "scenarios/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the shipped scenarios: %w", err)
	}
	var all []Scenario
	for _, name := range names {
		data, err := shipped.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the shipped scenario %s: %w", name, err)
		}
		sc, err := Parse(name, data)
		if err != nil {
			return nil, err
		}
		all = append(all, sc)
	}
	slices.SortStableFunc(all, func(a, b Scenario) int { return a.Metadata.Difficulty - b.Metadata.Difficulty })
	return all, nil
}

// ErrNoScenario is returned by Find for a name that nothing has.
var ErrNoScenario = errors.New("no such scenario")

// Find returns a shipped scenario; the empty name means the easiest.
func Find(name string) (Scenario, error) {
	all, err := Scenarios()
	if err != nil {
		return Scenario{}, err
	}
	var names []string
	for _, sc := range all {
		if name == "" || sc.Metadata.Name == name {
			return sc, nil
		}
		names = append(names, sc.Metadata.Name)
	}
	return Scenario{}, fmt.Errorf("finding the scenario %q: %w; there are: %s", name, ErrNoScenario, strings.Join(names, ", "))
}

// Parse reads a scenario strictly: an unknown or duplicate key, a second document, a wrong type or a missing field is
// an error that says where, as file:line:column as far as that is known.
func Parse(file string, data []byte) (Scenario, error) {
	var sc Scenario
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&sc); err != nil {
		return sc, fmt.Errorf("reading a scenario: %w", located(file, err))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return sc, fmt.Errorf("reading the scenario %s: there is a second document; a file holds one scenario", file)
	}
	if err := sc.validate(); err != nil {
		return sc, fmt.Errorf("reading the scenario %s: %w", file, err)
	}
	sc.Start = sc.Start.UTC()
	return sc, nil
}

// located says of each mistake where it is: file:line:column.
func located(file string, err error) error {
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
	case errors.As(err, &one):
		all = &yaml.LoadErrors{Errors: []*yaml.LoadError{one}}
	default:
		return fmt.Errorf("%s: %w", file, err)
	}
	var list []error
	for _, e := range all.Errors {
		list = append(list, fmt.Errorf("%s:%d:%d: %s", file, max(1, e.Mark.Line), max(1, e.Mark.Column), e.Message))
	}
	return errors.Join(list...)
}

func (sc *Scenario) validate() error {
	var problems []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	need(sc.APIVersion == "sop/v1", "apiVersion is %q, want sop/v1", sc.APIVersion)
	need(sc.Kind == "Scenario", "kind is %q, want Scenario", sc.Kind)
	need(sc.Metadata.Name != "", "metadata.name is missing")
	need(sc.Metadata.Title != "", "metadata.title is missing")
	need(sc.Metadata.Difficulty >= 1 && sc.Metadata.Difficulty <= 5, "metadata.difficulty is %d, want 1 to 5", sc.Metadata.Difficulty)
	need(sc.Runbook != "", "runbook is missing")
	need(!sc.Start.IsZero(), "start is missing")
	need(sc.World.Running != "", "world.running is missing: the version that runs at the start")
	need(sc.World.Release != "", "world.release is missing: the version to deploy")
	need(slices.Contains([]Action{Complete, RollBack, Hold, Abort}, sc.Expect.Action), "expect.action is %q, want complete, rollback, hold or abort", sc.Expect.Action)
	need(sc.World.Built >= 0, "world.built cannot be negative")
	need(sc.Expect.Action != RollBack || sc.Expect.Within > 0, "expect.within is missing: a rollback needs one")
	for i, h := range sc.Hints {
		need(h.Text != "" && h.Cost >= 0, "hints[%d]: it needs a text and a cost of 0 or more", i)
	}
	for i := range sc.World.Already {
		if err := sc.World.Already[i].validate(); err != nil {
			problems = append(problems, fmt.Errorf("world.already[%d]: %w", i, err))
		}
	}
	for i, f := range sc.Faults {
		if err := f.validate(); err != nil {
			problems = append(problems, fmt.Errorf("faults[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}
