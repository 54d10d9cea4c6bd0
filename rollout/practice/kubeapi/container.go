package kubeapi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// containerState is where a container is on its way; pulling is the first.
type containerState int

const (
	pulling    containerState = iota
	pullFailed                // ErrImagePull
	pullWaits                 // ImagePullBackOff
	running
	exited   // shown as terminated, restarted soon
	crashing // CrashLoopBackOff
	done     // will not be restarted
)

// The kubelet's back-offs, for pulls as for restarts.
const (
	backOff      = 10 * time.Second
	longestOff   = 5 * time.Minute
	firstRestart = time.Second
	forgetsAfter = 10 * time.Minute // a container that ran so long restarts as if it had never crashed
)

// containerRun is a container on its node.
type containerRun struct {
	name, image string
	state       containerState
	until       time.Time // when the state ends, except running
	behaviour   Behaviour
	cached      bool // the node had the image already
	fails       int  // in a row: of pulls, then of runs
	started     time.Time
	readyAt     time.Time // when running
	exitAt      time.Time // when running; zero: never
	told        bool      // that the probe fails
	restarts    int32
	last        *corev1.ContainerStateTerminated
	log, before []logLine
}

// next is when something will happen to the container by itself; zero is never.
func (c *containerRun) next(now time.Time) time.Time {
	switch c.state {
	case done:
		return time.Time{}
	case running:
		if !c.told && c.readyAt.After(now) && (c.exitAt.IsZero() || c.readyAt.Before(c.exitAt)) {
			return c.readyAt
		}
		if !c.told {
			return now // the probe's first verdict is due
		}
		return c.exitAt
	}
	return c.until
}

// step does what is due.
func (s *Server) step(pod *corev1.Pod, c *containerRun) {
	now := s.clock.Now()
	switch c.state {
	case pulling:
		if c.behaviour.Missing != "" {
			s.failPull(pod, c)
			return
		}
		message := fmt.Sprintf("Successfully pulled image %q", c.image)
		if c.cached {
			message = fmt.Sprintf("Container image %q already present on machine", c.image)
		}
		s.kubelet.pulled[pod.Spec.NodeName+" "+c.image] = true
		s.podEvent(pod, corev1.EventTypeNormal, "Pulled", message)
		c.fails = 0
		s.startContainer(pod, c)
	case pullFailed:
		c.state, c.until = pullWaits, now.Add(c.backOff())
		s.podEvent(pod, corev1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", c.image))
		s.podEvent(pod, corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
	case pullWaits:
		s.pull(pod, c)
	case exited:
		if c.fails <= 1 {
			s.restart(pod, c)
			return
		}
		c.state = crashing
		c.until = now.Add(c.backOff() / 2)
		s.podEvent(pod, corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)",
			c.name, pod.Name, pod.Namespace, pod.UID))
	case crashing:
		s.restart(pod, c)
	case running:
		if !c.exitAt.IsZero() && !c.exitAt.After(now) {
			s.exit(pod, c)
			return
		}
		c.told = true
		if c.behaviour.NotReady != "" {
			s.podEvent(pod, corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: "+c.behaviour.NotReady)
		}
	}
}

// backOff doubles with every failure in a row.
func (c *containerRun) backOff() time.Duration {
	d := backOff
	for i := 1; i < c.fails && d < longestOff; i++ {
		d *= 2
	}
	return min(d, longestOff)
}

func (s *Server) ask(pod *corev1.Pod, c *containerRun) Behaviour {
	b := s.behaviour(Container{
		Namespace: pod.Namespace, Pod: pod.Name, Node: pod.Spec.NodeName, Labels: pod.Labels,
		Name: c.name, Image: c.image, Restarts: int(c.restarts),
	})
	if b.Ends == 0 && ownedByJob(pod) {
		b.Ends = jobTakes
	}
	return b
}

// pull begins to fetch the image, which takes a quarter of the time if the node has it.
func (s *Server) pull(pod *corev1.Pod, c *containerRun) {
	c.behaviour = s.ask(pod, c)
	c.state, c.until = pulling, s.clock.Now().Add(c.behaviour.PullDelay)
	c.cached = s.kubelet.pulled[pod.Spec.NodeName+" "+c.image] && c.behaviour.Missing == ""
	if c.cached {
		c.until = s.clock.Now().Add(c.behaviour.PullDelay / 4)
		return
	}
	s.podEvent(pod, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.image))
}

func (s *Server) failPull(pod *corev1.Pod, c *containerRun) {
	c.fails++
	c.state, c.until = pullFailed, s.clock.Now().Add(firstRestart)
	s.podEvent(pod, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", c.image, c.behaviour.Missing))
	s.podEvent(pod, corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
}

func (s *Server) startContainer(pod *corev1.Pod, c *containerRun) {
	now := s.clock.Now()
	b := c.behaviour
	c.state, c.started, c.told = running, now, false
	c.readyAt = now.Add(b.StartDelay)
	c.exitAt = exitTime(now, b)
	c.write(now, b.Log...)
	s.podEvent(pod, corev1.EventTypeNormal, "Created", "Container created")
	s.podEvent(pod, corev1.EventTypeNormal, "Started", "Container started")
}

func exitTime(from time.Time, b Behaviour) time.Time {
	switch {
	case b.Crash != nil:
		return from.Add(b.Crash.After)
	case b.Ends > 0:
		return from.Add(b.Ends)
	}
	return time.Time{}
}

// reassess lets a new behaviour take hold of a running container.
func (s *Server) reassess(pod *corev1.Pod, c *containerRun) {
	now, was := s.clock.Now(), c.behaviour
	c.behaviour = s.ask(pod, c)
	if !reflect.DeepEqual(was.Crash, c.behaviour.Crash) || was.Ends != c.behaviour.Ends {
		c.exitAt = exitTime(now, c.behaviour)
	}
	if was.NotReady != c.behaviour.NotReady {
		c.told = c.behaviour.NotReady == ""
		if c.readyAt.Before(now) {
			c.readyAt = now
		}
	}
}

// exit ends a run of the container.
func (s *Server) exit(pod *corev1.Pod, c *containerRun) {
	now := s.clock.Now()
	end := &corev1.ContainerStateTerminated{
		Reason: "Completed", StartedAt: metav1.NewTime(c.started.Truncate(time.Second)), FinishedAt: s.now(),
		ContainerID: c.id(pod),
	}
	if crash := c.behaviour.Crash; crash != nil {
		end.ExitCode, end.Reason = crash.ExitCode, crash.Reason
		if end.ExitCode == 0 {
			end.ExitCode = 1
		}
		if end.Reason == "" {
			end.Reason = "Error"
		}
		c.write(now, crash.Log...)
	}
	if now.Sub(c.started) >= forgetsAfter {
		c.fails = 0
	}
	c.last = end
	c.fails++
	c.state, c.until = exited, now.Add(firstRestart)
	policy := pod.Spec.RestartPolicy
	if policy == corev1.RestartPolicyNever || policy == corev1.RestartPolicyOnFailure && end.ExitCode == 0 {
		c.state = done
	}
}

// restart begins the next run of the container.
func (s *Server) restart(pod *corev1.Pod, c *containerRun) {
	c.restarts++
	c.before, c.log = c.log, nil
	c.behaviour = s.ask(pod, c)
	s.podEvent(pod, corev1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine", c.image))
	s.startContainer(pod, c)
}

// id is the container's, new with every restart.
func (c *containerRun) id(pod *corev1.Pod) string {
	sum := sha256.Sum256(fmt.Append(nil, pod.UID, c.name, c.restarts))
	return "containerd://" + hex.EncodeToString(sum[:])
}

// status is the container as the pod's status shows it.
func (c *containerRun) status(pod *corev1.Pod, now time.Time, idOf func(image string) string) corev1.ContainerStatus {
	st := corev1.ContainerStatus{Name: c.name, Image: c.image, RestartCount: c.restarts}
	begun := false
	if c.last != nil || !c.started.IsZero() {
		st.ImageID = idOf(c.image)
		st.ContainerID = c.id(pod)
	}
	waiting := func(reason, message string) {
		st.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	}
	switch c.state {
	case pulling:
		waiting("ContainerCreating", "")
	case pullFailed:
		waiting("ErrImagePull", c.behaviour.Missing)
	case pullWaits:
		waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: %s", c.image, c.behaviour.Missing))
	case running:
		begun = true
		st.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(c.started.Truncate(time.Second))}
		st.Ready = !c.readyAt.After(now) && c.behaviour.NotReady == ""
	case exited, done:
		st.State.Terminated = c.last
	case crashing:
		waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
			c.backOff()/2, c.name, pod.Name, pod.Namespace, pod.UID))
	}
	if c.state != exited && c.state != done && c.last != nil {
		st.LastTerminationState.Terminated = c.last
	}
	st.Started = &begun
	return st
}
