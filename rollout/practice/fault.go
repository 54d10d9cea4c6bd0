package practice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

// Fault is a Trouble that begins in the course of the drill.
type Fault struct {
	At Moment `yaml:"at"`
	// While: it ends as soon as what it begins after is no longer true, and may come again.
	While   bool `yaml:"while,omitempty"`
	Trouble `yaml:",inline"`
}

// Moment is when a fault begins: Delay after something has become true for the first time, and up to Jitter later,
// by the seed.
type Moment struct {
	// After is "start", "NAMESPACE at N%" (that share of the namespace's pods runs the release and is ready) or
	// "NAMESPACE FLAG at N%" (the feature flag is on for that share, or a greater one).
	After  string        `yaml:"after"`
	Delay  time.Duration `yaml:"delay,omitempty"`
	Jitter time.Duration `yaml:"jitter,omitempty"`
}

// MetricsFault changes how pods do their work. An empty Namespace, Component or Version means every one; of the
// values, 0 changes nothing.
type MetricsFault struct {
	Namespace string `yaml:"namespace,omitempty"`
	Component string `yaml:"component,omitempty"`
	Version   string `yaml:"version,omitempty"`
	// Ramp is how long it takes to come to full strength, For how long it lasts in all (0: for ever), Every the period
	// in which it comes again (0: once).
	Ramp  time.Duration `yaml:"ramp,omitempty"`
	For   time.Duration `yaml:"for,omitempty"`
	Every time.Duration `yaml:"every,omitempty"`
	Work  `yaml:",inline"`
}

// Work is how a pod's work differs from the usual.
type Work struct {
	// Errors is the share of requests that fail.
	Errors Share `yaml:"errors,omitempty"`
	// Latency, CPU and Memory are factors.
	Latency float64 `yaml:"latency,omitempty"`
	CPU     float64 `yaml:"cpu,omitempty"`
	Memory  float64 `yaml:"memory,omitempty"`
	// Leak is the growth of memory in bytes per second.
	Leak float64 `yaml:"leak,omitempty"`
}

// Image is how the containers of an image run and how their work differs. The zero value is a healthy one.
type Image struct {
	// Missing is the registry's message when the image cannot be pulled.
	Missing string `yaml:"missing,omitempty"`
	// Crash makes the container exit.
	Crash *Crash `yaml:"crash,omitempty"`
	// NotReady is why the readiness probe fails.
	NotReady string `yaml:"notReady,omitempty"`
	// StartDelay is from started to ready; 0 means a few seconds.
	StartDelay time.Duration `yaml:"startDelay,omitempty"`
	Work       `yaml:",inline"`
}

// Crash is an exit of a container.
type Crash struct {
	After    time.Duration `yaml:"after,omitempty"`
	ExitCode int32         `yaml:"exitCode,omitempty"`
	Reason   string        `yaml:"reason,omitempty"`
	Log      []string      `yaml:"log,omitempty"`
}

// PodsFault makes running containers crash or fail their readiness probe.
type PodsFault struct {
	Namespace string        `yaml:"namespace,omitempty"`
	Component string        `yaml:"component,omitempty"`
	Version   string        `yaml:"version,omitempty"`
	For       time.Duration `yaml:"for,omitempty"`
	Crash     *Crash        `yaml:"crash,omitempty"`
	NotReady  string        `yaml:"notReady,omitempty"`
}

// PrometheusFault is trouble of Prometheus itself.
type PrometheusFault struct {
	// Trouble is one of down, unavailable, empty, nan, slow.
	Trouble string        `yaml:"trouble"`
	For     time.Duration `yaml:"for,omitempty"`
	// Delay is how much longer a slow answer takes.
	Delay time.Duration `yaml:"delay,omitempty"`
}

// ClusterFault is trouble of the Kubernetes API for the requests it selects.
type ClusterFault struct {
	Verbs      []string      `yaml:"verbs,omitempty"`
	Resources  []string      `yaml:"resources,omitempty"`
	Namespaces []string      `yaml:"namespaces,omitempty"`
	For        time.Duration `yaml:"for,omitempty"`
	Latency    time.Duration `yaml:"latency,omitempty"`
	Refuse     bool          `yaml:"refuse,omitempty"`
	Hang       bool          `yaml:"hang,omitempty"`
	Mute       bool          `yaml:"mute,omitempty"`
	Status     int           `yaml:"status,omitempty"`
}

// Share is a part of a whole, from 0 to 1; YAML writes it as 20% or as 0.2.
type Share float64

// UnmarshalText reads a share.
func (s *Share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return fmt.Errorf("%q is no share; write 20%% or 0.2", text)
	}
	*s = Share(f)
	return nil
}

func (f *Fault) validate() error {
	problems := []error{f.Trouble.validate()}
	if _, err := parseCondition(f.At.After); err != nil {
		problems = append(problems, fmt.Errorf("at.after: %w", err))
	}
	if f.At.Delay < 0 || f.At.Jitter < 0 {
		problems = append(problems, errors.New("at: delay and jitter cannot be negative"))
	}
	if f.Migration != nil {
		problems = append(problems, errors.New("migration: the dry run is over when the drill begins; write it under world.already"))
	}
	return errors.Join(problems...)
}

var troubles = map[string]promapi.Trouble{
	"down": promapi.Down, "unavailable": promapi.Unavailable, "empty": promapi.Empty,
	"nan": promapi.NotANumber, "slow": promapi.Slow,
}

func (m MetricsFault) effect(start time.Time) promapi.Effect {
	e := m.Work.effect()
	e.Namespace, e.Component, e.Version = m.Namespace, m.Component, m.Version
	e.Start, e.Ramp, e.For, e.Every = start, m.Ramp, m.For, m.Every
	return e
}

func (w Work) effect() promapi.Effect {
	return promapi.Effect{Errors: float64(w.Errors), Latency: w.Latency, CPU: w.CPU, Memory: w.Memory, Leak: w.Leak}
}

func (c ClusterFault) fault() kubeapi.Fault {
	return kubeapi.Fault{
		Match:   kubeapi.Rule{Verbs: c.Verbs, Resources: c.Resources, Namespaces: c.Namespaces},
		Latency: c.Latency, Refuse: c.Refuse, Hang: c.Hang, Mute: c.Mute, Status: c.Status,
	}
}

func (c *Crash) behaviour() *kubeapi.Crash {
	if c == nil {
		return nil
	}
	return &kubeapi.Crash{After: c.After, ExitCode: c.ExitCode, Reason: c.Reason, Log: c.Log}
}

func (p PodsFault) matches(namespace, component, version string) bool {
	return (p.Namespace == "" || p.Namespace == namespace) &&
		(p.Component == "" || p.Component == component) &&
		(p.Version == "" || p.Version == version)
}
