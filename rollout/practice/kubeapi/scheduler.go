package kubeapi

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	quantity "k8s.io/apimachinery/pkg/api/resource"
)

var (
	zero = quantity.MustParse("0")
	one  = quantity.MustParse("1")
)

// requests is what a pod asks of its node.
func requests(pod *corev1.Pod) corev1.ResourceList {
	sum := corev1.ResourceList{corev1.ResourcePods: one}
	for _, c := range pod.Spec.Containers {
		for name, q := range c.Resources.Requests {
			have := sum[name]
			have.Add(q)
			sum[name] = have
		}
	}
	return sum
}

// costOf is what a pod uses of a quota.
func costOf(pod *corev1.Pod) corev1.ResourceList {
	cost := corev1.ResourceList{"pods": one, "count/pods": one}
	for name, q := range requests(pod) {
		if name == corev1.ResourcePods {
			continue
		}
		cost["requests."+name] = q
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory {
			cost[name] = q
		}
	}
	for _, c := range pod.Spec.Containers {
		for name, q := range c.Resources.Limits {
			have := cost["limits."+name]
			have.Add(q)
			cost["limits."+name] = have
		}
	}
	return cost
}

// schedule gives a pod the usable node with the fewest pods that has room for it.
func (s *Server) schedule(k key) {
	res := s.byPath[podGVR]
	was := s.get(res, k)
	if was == nil {
		return
	}
	pod := was.obj.DeepCopyObject().(*corev1.Pod)
	if pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil {
		return
	}
	node, why := s.place(pod)
	if node == "" {
		c := s.setPodCondition(pod, corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable)
		if c.Message != why {
			c.Message = why
			s.event(pod, "default-scheduler", corev1.EventTypeWarning, "FailedScheduling", why)
		}
	} else {
		pod.Spec.NodeName = node
		s.setPodCondition(pod, corev1.PodScheduled, corev1.ConditionTrue, "").Message = ""
		s.event(pod, "default-scheduler", corev1.EventTypeNormal, "Scheduled",
			fmt.Sprintf("Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, node))
	}
	if !apiequality.Semantic.DeepEqual(pod, was.obj) {
		s.replace(res, was, pod)
	}
}

// place finds a node or says why there is none.
func (s *Server) place(pod *corev1.Pod) (node, why string) {
	type candidate struct {
		name string
		pods int
	}
	var fit []candidate
	nodes := s.tables[nodeGVR].sorted("")
	unready, full := 0, map[corev1.ResourceName]int{}
	for _, v := range nodes {
		n := v.obj.(*corev1.Node)
		if n.Spec.Unschedulable || !nodeReady(n) {
			unready++
			continue
		}
		used, count := s.usedOn(n.Name)
		if lacking := lacks(n, used, requests(pod)); lacking != "" {
			full[lacking]++
			continue
		}
		fit = append(fit, candidate{n.Name, count})
	}
	if len(fit) > 0 {
		return slices.MinFunc(fit, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.pods, b.pods), cmp.Compare(a.name, b.name))
		}).name, ""
	}
	why = fmt.Sprintf("0/%d nodes are available", len(nodes))
	glue := ": "
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods} {
		if n := full[name]; n > 0 && name == corev1.ResourcePods {
			why, glue = why+fmt.Sprintf("%s%d Too many pods", glue, n), ", "
		} else if n > 0 {
			why, glue = why+fmt.Sprintf("%s%d Insufficient %s", glue, n, name), ", "
		}
	}
	if unready > 0 {
		why += fmt.Sprintf("%s%d node(s) were unschedulable", glue, unready)
	}
	return "", why + "."
}

// usedOn is what the pods on a node ask for and how many they are.
func (s *Server) usedOn(node string) (used corev1.ResourceList, count int) {
	used = corev1.ResourceList{}
	for _, v := range s.tables[podGVR].items {
		pod := v.obj.(*corev1.Pod)
		if pod.Spec.NodeName != node || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
			continue
		}
		count++
		for name, q := range requests(pod) {
			have := used[name]
			have.Add(q)
			used[name] = have
		}
	}
	return used, count
}

// lacks names a resource of which the node has too little; a resource it does not tell of has no limit, except
// that a node takes 110 pods.
func lacks(n *corev1.Node, used, need corev1.ResourceList) corev1.ResourceName {
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourcePods} {
		room, told := n.Status.Allocatable[name]
		if !told {
			continue
		}
		sum := used[name]
		sum.Add(need[name])
		if sum.Cmp(room) > 0 {
			return name
		}
	}
	return ""
}

// nodeReady says whether a node takes pods; one that tells of no condition does.
func nodeReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return true
}

// syncNode lets a node's change take effect: room for pods that wait, readiness for those it runs.
func (s *Server) syncNode(k key) {
	s.soonUnscheduled()
	for _, v := range s.tables[podGVR].sorted("") {
		if pod := v.obj.(*corev1.Pod); pod.Spec.NodeName == k.name {
			s.soon(work{kind: podWork, key: keyOf(pod)})
		}
	}
}
