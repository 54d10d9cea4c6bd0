package promapi

import (
	"cmp"
	"time"
)

// Pod names one running copy of a component. Its fields become the labels of all its series.
type Pod struct {
	Namespace string
	// Component is the name of the workload; it is the label job as well.
	Component string
	Name      string
	// Version is the tag of the image.
	Version string
}

func comparePods(a, b Pod) int {
	return cmp.Or(
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Component, b.Component),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Version, b.Version),
	)
}

// Phase says what Prometheus and the users can get from a pod. The zero value is Absent.
type Phase int

// The phases of a pod.
const (
	// Absent: there is no such pod; its series go stale with the next scrape.
	Absent Phase = iota
	// Waiting: the pod is there, its container is not; it has up = 0 and nothing else.
	Waiting
	// Running: scraped, but without traffic, since it is not ready.
	Running
	// Ready: scraped, and one of the pods that share the component's traffic.
	Ready
)

// Load is the work of one component in one namespace and how its pods do it as long as nothing is wrong.
type Load struct {
	Namespace, Component string
	// Rate is the number of requests per second for all ready pods together.
	Rate float64
	// Behaviour is that of one healthy pod.
	Behaviour Behaviour
}

// Behaviour is how one pod answers requests and what that costs.
type Behaviour struct {
	// ErrorRatio is the share of requests that are answered with 500 or 503, from 0 to 1.
	ErrorRatio float64
	// Median is the median of the response time, whose logarithm is normal.
	Median time.Duration
	// Spread is the standard deviation of that logarithm; 0 means 0.4.
	Spread float64
	// CPU is the number of cores in use under the usual traffic.
	CPU float64
	// Memory is the resident memory in bytes.
	Memory float64
}

const defaultSpread = 0.4

func (b Behaviour) spread() float64 {
	if b.Spread <= 0 {
		return defaultSpread
	}
	return b.Spread
}
