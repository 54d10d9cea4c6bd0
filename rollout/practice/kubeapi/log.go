package kubeapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// mostLines is how much of a container's log its node keeps.
const mostLines = 2000

type logLine struct {
	at   time.Time
	text string
}

func (c *containerRun) write(at time.Time, lines ...string) {
	for _, text := range lines {
		c.log = append(c.log, logLine{at, text})
	}
	if over := len(c.log) - mostLines; over > 0 {
		c.log = append([]logLine(nil), c.log[over:]...)
	}
}

// Log lets a running container write lines; container "" is the pod's first. It returns whether it is running.
func (s *Server) Log(namespace, pod, container string, lines ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.kubelet.runs[key{namespace, pod}]
	if run == nil {
		return false
	}
	for _, c := range run.containers {
		if container == "" || c.name == container {
			if c.state == running {
				c.write(s.clock.Now(), lines...)
			}
			return c.state == running
		}
	}
	return false
}

// logs answers pods/log with what is written; follow=true gives the same and ends, it does not go on.
func (s *Server) logs(c *call) error {
	if c.verb != "get" && c.verb != "list" {
		return apierrors.NewMethodNotSupported(c.gr, c.r.Method)
	}
	s.mu.Lock()
	lines, err := s.linesOf(c)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	text, err := s.selectLines(c, lines)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write([]byte(text)) // a client that has gone needs no answer
	return nil
}

// linesOf finds the log that is asked for. The caller holds s.mu.
func (s *Server) linesOf(c *call) ([]logLine, error) {
	v := s.get(c.res, c.key())
	if v == nil {
		return nil, apierrors.NewNotFound(c.gr, c.name)
	}
	pod := v.obj.(*corev1.Pod)
	name := c.r.URL.Query().Get("container")
	if name == "" {
		if len(pod.Spec.Containers) > 1 {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %s",
				pod.Name, containerNames(pod)))
		}
		name = pod.Spec.Containers[0].Name
	}
	var run *containerRun
	if r := s.kubelet.runs[keyOf(pod)]; r != nil {
		for _, cr := range r.containers {
			if cr.name == name {
				run = cr
			}
		}
	}
	switch previous := isTrue(c.r.URL.Query().Get("previous")); {
	case !strings.Contains(" "+strings.Trim(containerNames(pod), "[]")+" ", " "+name+" "):
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
	case run == nil:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: ContainerCreating", name, pod.Name))
	case previous && run.last == nil:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("previous terminated container %q in pod %q not found", name, pod.Name))
	case previous && (run.state == running || run.state == pulling):
		return run.before, nil
	case previous:
		return run.log, nil // between two runs the last one is the previous
	case run.state == pullFailed || run.state == pullWaits:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: trying and failing to pull image", name, pod.Name))
	case run.state == pulling:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("container %q in pod %q is waiting to start: ContainerCreating", name, pod.Name))
	}
	return run.log, nil
}

func containerNames(pod *corev1.Pod) string {
	names := make([]string, len(pod.Spec.Containers))
	for i, c := range pod.Spec.Containers {
		names[i] = c.Name
	}
	return fmt.Sprint(names)
}

// selectLines keeps the lines that the query asks for.
func (s *Server) selectLines(c *call, lines []logLine) (string, error) {
	query := c.r.URL.Query()
	since := time.Time{}
	if query.Get("sinceSeconds") != "" {
		n, err := number(c, "sinceSeconds")
		if err != nil {
			return "", err
		}
		since = s.clock.Now().Add(-time.Duration(n) * time.Second)
	}
	if t := query.Get("sinceTime"); t != "" {
		at, err := time.Parse(time.RFC3339, t)
		if err != nil {
			return "", apierrors.NewBadRequest("sinceTime is not a time of the form 2006-01-02T15:04:05Z: " + t)
		}
		since = at
	}
	var out []string
	for _, l := range lines {
		if l.at.Before(since) {
			continue
		}
		text := l.text + "\n"
		if isTrue(query.Get("timestamps")) {
			text = l.at.UTC().Format(time.RFC3339Nano) + " " + text
		}
		out = append(out, text)
	}
	tail, err := number(c, "tailLines")
	if err != nil {
		return "", err
	}
	if query.Get("tailLines") != "" && uint64(len(out)) > tail {
		out = out[uint64(len(out))-tail:]
	}
	text := strings.Join(out, "")
	limit, err := number(c, "limitBytes")
	if err != nil {
		return "", err
	}
	if limit > 0 && uint64(len(text)) > limit {
		text = text[:limit]
	}
	return text, nil
}
