package kubeapi

import "time"

// Container names one container of a pod that the kubelet is about to run.
type Container struct {
	Namespace, Pod, Node string
	Labels               map[string]string // the pod's; not to be changed
	Name, Image          string
	Restarts             int // how often it was restarted before
}

// Behaviour is how a container runs. The zero value is a healthy one: pulled in about 0.8 s, ready in about 2.5 s.
type Behaviour struct {
	// PullDelay and StartDelay are from scheduled to pulled and from started to ready; 0 means the default.
	// Both are jittered by up to ±20 % from the seed.
	PullDelay, StartDelay time.Duration
	// StopDelay is how long it takes to end once deleted; 0 means about 1.2 s, jittered as well.
	StopDelay time.Duration
	// Missing is the registry's message when the image cannot be pulled; empty means it can.
	Missing string
	// Crash makes the container exit; nil means it runs for ever.
	Crash *Crash
	// Ends makes it exit with code 0 so long after its start; 0 means never, for a Job's container after 5 s.
	Ends time.Duration
	// NotReady is why the readiness probe fails, as the Unhealthy event says it; empty means it succeeds.
	NotReady string
	// Log is what the container writes right after its start.
	Log []string
}

// Crash is an exit of a container.
type Crash struct {
	After    time.Duration // from its start
	ExitCode int32         // 0 means 1
	Reason   string        // empty means "Error"; "OOMKilled" is the other usual one
	Log      []string      // its last words
}

// The delays of a healthy container and of its end.
const (
	pullDelay  = 800 * time.Millisecond
	startDelay = 2500 * time.Millisecond
	stopDelay  = 1200 * time.Millisecond
)

func (s *Server) behaviour(c Container) Behaviour {
	var b Behaviour
	if s.opt.Behaviour != nil {
		b = s.opt.Behaviour(c)
	}
	id := []any{c.Namespace, c.Pod, c.Name, c.Restarts}
	b.PullDelay = s.jitter(orDefault(b.PullDelay, pullDelay), append(id, "pull")...)
	b.StartDelay = s.jitter(orDefault(b.StartDelay, startDelay), append(id, "start")...)
	b.StopDelay = s.jitter(orDefault(b.StopDelay, stopDelay), append(id, "stop")...)
	return b
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
