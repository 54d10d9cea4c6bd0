package kubeapi

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
)

// kubelet is what all nodes know of the pods they run, beyond what the pods' status tells.
type kubelet struct {
	runs   map[key]*podRun
	pulled map[string]bool // node and image
	ips    map[string]types.UID
}

func (k *kubelet) init() {
	k.runs, k.pulled, k.ips = map[key]*podRun{}, map[string]bool{}, map[string]types.UID{}
}

// podRun is a pod on its node.
type podRun struct {
	uid        types.UID
	ip         string
	containers []*containerRun
	readySince time.Time // zero while not ready
	stopAt     time.Time // zero until it is told to end
	reassess   bool      // ask for the behaviour again
}

// syncPod takes a pod as far as its containers have come, tells its status and has itself called when the next
// thing happens to it.
func (s *Server) syncPod(k key) {
	res := s.byPath[podGVR]
	was := s.get(res, k)
	if was == nil {
		s.dropRun(k)
		return
	}
	pod := was.obj.DeepCopyObject().(*corev1.Pod)
	if pod.Spec.NodeName == "" {
		return
	}
	run := s.runOf(k, pod)
	node, _ := s.get(s.byPath[nodeGVR], key{name: pod.Spec.NodeName}).asNode()
	switch {
	case node != nil && !nodeReady(node): // nobody is there to do anything, and the control plane says so
		run.readySince = time.Time{}
		s.setPodCondition(pod, corev1.PodReady, corev1.ConditionFalse, "NodeNotReady")
	case pod.DeletionTimestamp != nil && s.stop(pod, run):
		s.dropRun(k)
		if len(pod.Finalizers) == 0 {
			s.remove(res, was)
		}
		return
	default:
		s.advance(pod, run)
		s.tellStatus(pod, run)
	}
	if !apiequality.Semantic.DeepEqual(pod, was.obj) {
		s.replace(res, was, pod)
	}
}

func (v *version) asNode() (*corev1.Node, bool) {
	if v == nil {
		return nil, false
	}
	n, ok := v.obj.(*corev1.Node)
	return n, ok
}

// runOf returns the pod's run, begun if it is new.
func (s *Server) runOf(k key, pod *corev1.Pod) *podRun {
	if run := s.kubelet.runs[k]; run != nil && run.uid == pod.UID {
		return run
	}
	s.dropRun(k)
	run := &podRun{uid: pod.UID, ip: s.assignIP(pod.UID)}
	for i := range pod.Spec.Containers {
		c := &containerRun{name: pod.Spec.Containers[i].Name, image: pod.Spec.Containers[i].Image}
		run.containers = append(run.containers, c)
		s.pull(pod, c)
	}
	s.kubelet.runs[k] = run
	return run
}

func (s *Server) dropRun(k key) {
	if run := s.kubelet.runs[k]; run != nil {
		delete(s.kubelet.ips, run.ip)
		delete(s.kubelet.runs, k)
	}
}

// assignIP gives a pod an address that no other has.
func (s *Server) assignIP(uid types.UID) string {
	for try := 0; ; try++ {
		d := s.digest("ip", uid, try)
		ip := fmt.Sprintf("10.244.%d.%d", d[0], 1+int(d[1])%254)
		if _, taken := s.kubelet.ips[ip]; !taken {
			s.kubelet.ips[ip] = uid
			return ip
		}
	}
}

// stop ends a pod; it returns whether it has ended.
func (s *Server) stop(pod *corev1.Pod, run *podRun) bool {
	now := s.clock.Now()
	if run.stopAt.IsZero() {
		delay := time.Duration(0)
		for _, c := range run.containers {
			delay = max(delay, c.behaviour.StopDelay)
			if c.state == running {
				s.podEvent(pod, corev1.EventTypeNormal, "Killing", "Stopping container "+c.name)
			}
		}
		if g := pod.DeletionGracePeriodSeconds; g != nil {
			delay = min(delay, time.Duration(*g)*time.Second)
		}
		run.stopAt = now.Add(delay)
	}
	left := run.stopAt.Sub(now)
	if left > 0 {
		s.later(work{kind: podWork, key: keyOf(pod)}, left)
	}
	return left <= 0
}

// advance lets the containers do what is due and asks to be called when more is.
func (s *Server) advance(pod *corev1.Pod, run *podRun) {
	now := s.clock.Now()
	for _, c := range run.containers {
		if run.reassess && c.state == running {
			s.reassess(pod, c)
		}
		for {
			next := c.next(now)
			if next.IsZero() {
				break
			}
			if next.After(now) {
				s.later(work{kind: podWork, key: keyOf(pod)}, next.Sub(now))
				break
			}
			s.step(pod, c)
		}
	}
	run.reassess = false
}

// Reassess has the kubelet ask Options.Behaviour again for every container: it is how a scenario makes running
// pods lose their readiness, begin to crash or recover. It takes effect Lag later.
func (s *Server) Reassess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.tables[podGVR].sorted("") {
		if run := s.kubelet.runs[keyOf(v.obj)]; run != nil {
			run.reassess = true
			s.soon(work{kind: podWork, key: keyOf(v.obj)})
		}
	}
	s.wake.Set()
}

// tellStatus writes into the pod what its containers are doing.
func (s *Server) tellStatus(pod *corev1.Pod, run *podRun) {
	st := &pod.Status
	if st.StartTime == nil {
		now := s.now()
		st.StartTime = &now
		st.HostIP = clusterIP("node", pod.Spec.NodeName)
		st.HostIPs = []corev1.HostIP{{IP: st.HostIP}}
	}
	statuses := make([]corev1.ContainerStatus, 0, len(run.containers))
	ready := true
	for _, c := range run.containers {
		statuses = append(statuses, c.status(pod, s.clock.Now(), s.opt.ImageID))
		ready = ready && statuses[len(statuses)-1].Ready
	}
	st.ContainerStatuses = statuses
	if st.Phase = phaseOf(pod, run); st.Phase == corev1.PodRunning && st.PodIP == "" {
		st.PodIP, st.PodIPs = run.ip, []corev1.PodIP{{IP: run.ip}}
	}
	reason := ""
	if !ready {
		reason = "ContainersNotReady"
	}
	s.setPodCondition(pod, corev1.PodReadyToStartContainers, corev1.ConditionTrue, "")
	s.setPodCondition(pod, corev1.PodInitialized, corev1.ConditionTrue, "")
	for _, kind := range []corev1.PodConditionType{corev1.PodReady, corev1.ContainersReady} {
		status := corev1.ConditionFalse
		if ready {
			status = corev1.ConditionTrue
		}
		c := s.setPodCondition(pod, kind, status, reason)
		c.Message = unreadyMessage(statuses)
	}
	switch {
	case !ready:
		run.readySince = time.Time{}
	case run.readySince.IsZero():
		run.readySince = s.clock.Now()
	}
}

func unreadyMessage(statuses []corev1.ContainerStatus) string {
	var names []string
	for _, c := range statuses {
		if !c.Ready {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("containers with unready status: %v", names)
}

// phaseOf is Pending until every container has started once.
func phaseOf(pod *corev1.Pod, run *podRun) corev1.PodPhase {
	ended, failed, begun := true, false, true
	for _, c := range run.containers {
		ended = ended && c.state == done
		failed = failed || c.state == done && c.last.ExitCode != 0
		begun = begun && (!c.started.IsZero() || c.last != nil)
	}
	switch {
	case ended && failed:
		return corev1.PodFailed
	case ended:
		return corev1.PodSucceeded
	case begun:
		return corev1.PodRunning
	}
	return corev1.PodPending
}

// setPodCondition writes a condition and returns it; the time of transition changes only with the status.
func (s *Server) setPodCondition(pod *corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus, reason string) *corev1.PodCondition {
	at := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	if at < 0 {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: kind})
		at = len(pod.Status.Conditions) - 1
	}
	c := &pod.Status.Conditions[at]
	if c.Status != status {
		c.Status, c.LastTransitionTime = status, s.now()
	}
	c.Reason = reason
	return c
}

func (s *Server) podEvent(pod *corev1.Pod, kind, reason, message string) {
	s.event(pod, "kubelet", kind, reason, message)
}
