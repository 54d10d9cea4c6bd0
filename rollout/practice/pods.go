package practice

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

// tell tells Prometheus what has become of the pods and starts the faults whose condition has come true.
func (w *World) tell() {
	w.telling.Lock()
	defer w.telling.Unlock()
	pods := w.componentPods("")
	now := w.clock.Now()
	gone := make(map[promapi.Pod]bool, len(w.told))
	for p := range w.told {
		gone[p] = true
	}
	for _, view := range pods {
		p, phase := identity(view), phaseOf(view)
		delete(gone, p)
		if w.told[p] != phase {
			w.told[p] = phase
			w.prom.Observe(now, p, phase)
		}
	}
	for p := range gone {
		delete(w.told, p)
		w.prom.Observe(now, p, promapi.Absent)
	}
	w.arm(pods, w.flagShares())
}

// componentPods are the pods of a namespace ("" for all) that belong to the components: those of Jobs serve nobody.
func (w *World) componentPods(namespace string) []kubeapi.PodView {
	return slices.DeleteFunc(w.kube.Pods(namespace), func(p kubeapi.PodView) bool {
		return !slices.ContainsFunc(components, func(c component) bool { return c.name == p.Labels["app"] })
	})
}

func identity(v kubeapi.PodView) promapi.Pod {
	return promapi.Pod{Namespace: v.Namespace, Component: v.Labels["app"], Name: v.Name, Version: tag(v.Image)}
}

// phaseOf: a pod that is ending still answers scrapes but gets no more traffic; one whose container has ended before
// it became ready again cannot be scraped.
func phaseOf(v kubeapi.PodView) promapi.Phase {
	switch {
	case v.Started.IsZero():
		return promapi.Absent
	case v.Ready && !v.Terminating:
		return promapi.Ready
	case v.Phase != "Running", v.Restarts > 0 && !v.Terminating:
		return promapi.Waiting
	default:
		return promapi.Running
	}
}

// faultState is a fault and what has become of it. Its fields are guarded by World.mu.
type faultState struct {
	fault     Fault
	condition condition
	delay     time.Duration
	armed     bool
	turn      int       // counts how often a condition that has to last was over
	began     time.Time // for the first time
	over      func()    // ends one that lasts only while its condition is true; nil: it is not there
}

func newFaultState(f Fault, seed int64, index int) (*faultState, error) {
	c, err := parseCondition(f.At.After)
	if err != nil {
		return nil, err
	}
	s := &faultState{fault: f, condition: c, delay: f.At.Delay}
	if f.At.Jitter > 0 {
		r := rand.New(rand.NewPCG(uint64(seed), uint64(index)+0x5eed))
		s.delay += time.Duration(r.Int64N(int64(f.At.Jitter)))
	}
	return s, nil
}

// arm sets the time going for each fault whose condition is true for the first time.
func (w *World) arm(pods []kubeapi.PodView, flags map[condition]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started || w.clock.isHasty() {
		return // the drill has not begun
	}
	for _, s := range w.faults {
		holds := flags[s.condition] || s.condition.flag == "" && s.condition.holds(pods, w.scenario.World.Release)
		switch {
		case !s.armed && holds:
			s.armed = true
			turn := s.turn
			w.clock.Go(func() { w.strike(s, turn) })
		case s.armed && !holds && s.fault.While:
			over := s.over
			s.armed, s.over = false, nil
			s.turn++
			if over != nil {
				w.clock.Go(over) // it may call the cluster
			}
		}
	}
}

// flagShares tells which conditions about flags are true.
func (w *World) flagShares() map[condition]bool {
	var hold map[condition]bool
	for _, s := range w.faults {
		c := s.condition
		if c.flag == "" {
			continue
		}
		if hold == nil {
			hold = map[condition]bool{}
		}
		hold[c] = flagShare(w.kube.ConfigMap(c.namespace, flagsName)[flagsKey], c.flag) >= c.percent
	}
	return hold
}

// strike waits for a fault's moment, begins it and, if it has an end, ends it. One whose turn is over meanwhile does not
// come, or goes at once.
func (w *World) strike(s *faultState, turn int) {
	if w.clock.Wait(w.ctx, s.delay, nil) != nil || w.passed(s, turn) {
		return
	}
	now := w.clock.Now()
	end := sync.OnceFunc(w.begin(&s.fault.Trouble))
	w.mu.Lock()
	if s.began.IsZero() {
		s.began = now
	}
	late := s.turn != turn
	if s.fault.While && !late {
		s.over = end
	}
	w.mu.Unlock()
	if late {
		end()
		return
	}
	if d := s.fault.lasts(); d > 0 && w.clock.Wait(w.ctx, d, nil) == nil && !w.passed(s, turn) {
		end()
	}
}

func (w *World) passed(s *faultState, turn int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.turn != turn
}

// FaultBegan is when the first of the scenario's faults began; zero while none has.
func (w *World) FaultBegan() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first time.Time
	for _, s := range w.faults {
		if !s.began.IsZero() && (first.IsZero() || s.began.Before(first)) {
			first = s.began
		}
	}
	return first
}

// splitImageName reads a key of world.images: component:version, or the version alone.
func splitImageName(name string) (component, version string) {
	if c, v, ok := strings.Cut(name, ":"); ok {
		return c, v
	}
	return "", name
}
