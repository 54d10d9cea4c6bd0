package promapi

import "time"

// Effect changes the behaviour of all pods that it matches from Start on. An empty Namespace, Component or
// Version matches every one; of the values, 0 changes nothing.
type Effect struct {
	Namespace, Component, Version string

	// Start is when it begins; the zero time means that it has always been so.
	Start time.Time
	// Ramp is how long it takes to come to full strength, in a straight line.
	Ramp time.Duration
	// For is how long it lasts, the ramp included; 0 means for ever.
	For time.Duration
	// Every makes it begin again and again with this period; 0 means once.
	Every time.Duration

	// Errors is the share of requests answered with 5xx at full strength.
	Errors float64
	// Latency, CPU and Memory are factors at full strength.
	Latency, CPU, Memory float64
	// Leak is how many bytes of memory are lost each second, from Start or the pod's own start.
	Leak float64
}

func (e Effect) matches(p Pod) bool {
	return (e.Namespace == "" || e.Namespace == p.Namespace) &&
		(e.Component == "" || e.Component == p.Component) &&
		(e.Version == "" || e.Version == p.Version)
}

// strength is how much of the effect there is at an instant, from 0 to 1.
func (e Effect) strength(at time.Time) float64 {
	if e.Start.IsZero() {
		return 1
	}
	if at.Before(e.Start) {
		return 0
	}
	gone := at.Sub(e.Start)
	if e.Every > 0 {
		gone %= e.Every
	}
	if e.For > 0 && gone >= e.For {
		return 0
	}
	if gone < e.Ramp {
		return float64(gone) / float64(e.Ramp)
	}
	return 1
}

// on gives the behaviour of a pod that began at started, as it is at an instant.
func (e Effect) on(b Behaviour, started, at time.Time) Behaviour {
	s := e.strength(at)
	if s == 0 {
		return b
	}
	if e.Errors > 0 {
		b.ErrorRatio += (e.Errors - b.ErrorRatio) * s
	}
	b.Median = time.Duration(float64(b.Median) * factor(e.Latency, s))
	b.CPU *= factor(e.CPU, s)
	b.Memory *= factor(e.Memory, s)
	if e.Leak > 0 {
		since := started
		if e.Start.After(since) {
			since = e.Start
		}
		b.Memory += e.Leak * max(0, at.Sub(since).Seconds())
	}
	return b
}

func factor(full, strength float64) float64 {
	if full <= 0 {
		return 1
	}
	return 1 + (full-1)*strength
}

// Trouble is what can be wrong with Prometheus itself. The zero value is none.
type Trouble int

// The kinds of trouble.
const (
	// None: all is well.
	None Trouble = iota
	// Down: nobody listens; connections are refused.
	Down
	// Unavailable: every request is answered with 503.
	Unavailable
	// Empty: queries succeed and find nothing.
	Empty
	// NotANumber: queries succeed and every value is NaN.
	NotANumber
	// Slow: every answer takes Outage.Delay longer.
	Slow
)

// Outage is a time of trouble with Prometheus itself.
type Outage struct {
	Trouble Trouble
	// Start is when it begins.
	Start time.Time
	// For is how long it lasts; 0 means for ever.
	For time.Duration
	// Delay is how long a Slow answer is held back.
	Delay time.Duration
}

func (o Outage) covers(at time.Time) bool {
	return !at.Before(o.Start) && (o.For <= 0 || at.Before(o.Start.Add(o.For)))
}
