package checks

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// scaled is a number or percentage of n, rounded up; 0 when it cannot be read.
func scaled(v intstr.IntOrString, n int) int {
	got, err := intstr.GetScaledValueFromIntOrPercent(&v, n, true)
	if err != nil {
		return 0
	}
	return got
}

// surge is what one component needs at the same time beyond what it runs.
type surge struct {
	label    string
	pods     int
	template *corev1.PodTemplateSpec
}

// surgePods is how many pods of a component a deploy runs beside the present ones: what its own strategy starts, or
// the largest share at which a canary is held. Every component needs one at least, but not a workload that replaces
// its pods in place.
func surgePods(t target, w workloadState, canary float64) int {
	if t.kind != "Deployment" || w.desired == 0 {
		return 0
	}
	return max(1, w.surge, int(math.Ceil(canary*float64(w.desired)-1e-9)))
}

// waves are the components that move together in the environment's deploys, with the largest share below 100 % at
// which a canary holds them. A runbook without a deploy there moves all at once, one pod each.
func waves(plan *runbook.Plan, environment string) (groups [][]string, share float64) {
	for _, phase := range plan.Runbook.Phases {
		if phase.Environment != environment {
			continue
		}
		for _, section := range phase.Sections {
			for _, step := range section.Steps {
				if step.Deploy == nil {
					continue
				}
				groups = append(groups, plan.Waves(step.Deploy)...)
				for _, s := range step.Deploy.Steps {
					if part := shareOf(s); step.Deploy.Strategy == "canary" && part < 1 {
						share = max(share, part)
					}
				}
			}
		}
	}
	if len(groups) == 0 {
		groups = [][]string{plan.Runbook.Components.Keys()}
	}
	return groups, share
}

// sizes are amounts of resources.
type sizes map[corev1.ResourceName]resource.Quantity

func (s sizes) add(more corev1.ResourceList) {
	for name, q := range more {
		sum := s[name].DeepCopy()
		sum.Add(q)
		s[name] = sum
	}
}

func (s sizes) max(other corev1.ResourceList) {
	for name, q := range other {
		if have := s[name]; have.Cmp(q) < 0 {
			s[name] = q.DeepCopy()
		}
	}
}

// requestsOf is what the scheduler counts for a pod: its containers and sidecars together, or the largest of its init
// containers beside the sidecars started before it, or what the pod itself says, and its overhead.
func requestsOf(spec *corev1.PodSpec, limits bool) sizes {
	of := func(c corev1.Container) corev1.ResourceList {
		if limits {
			return c.Resources.Limits
		}
		return c.Resources.Requests
	}
	sum, sidecars, init := sizes{}, sizes{}, sizes{}
	for _, c := range spec.Containers {
		sum.add(of(c))
	}
	for _, c := range spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			sum.add(of(c))
			sidecars.add(of(c))
			continue
		}
		start := maps.Clone(sidecars)
		start.add(of(c))
		init.max(corev1.ResourceList(start))
	}
	sum.max(corev1.ResourceList(init))
	if spec.Resources != nil {
		own := spec.Resources.Requests
		if limits {
			own = spec.Resources.Limits
		}
		maps.Copy(sum, own)
	}
	sum.add(spec.Overhead)
	return sum
}

// room is what is free on a node that takes pods.
type room struct {
	node *corev1.Node
	free sizes
}

// roomOn subtracts what runs on each node from what it has.
func roomOn(nodes []*corev1.Node, pods []*corev1.Pod) []room {
	used := map[string]sizes{}
	for _, p := range pods {
		if p.Spec.NodeName == "" || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		if used[p.Spec.NodeName] == nil {
			used[p.Spec.NodeName] = sizes{}
		}
		used[p.Spec.NodeName].add(corev1.ResourceList(requestsOf(&p.Spec, false)))
		used[p.Spec.NodeName].add(corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(1, resource.DecimalSI)})
	}
	out := make([]room, 0, len(nodes))
	for _, n := range nodes {
		free := sizes{}
		for name, q := range n.Status.Allocatable {
			left := q.DeepCopy()
			left.Sub(used[n.Name][name])
			free[name] = left
		}
		out = append(out, room{n, free})
	}
	return out
}

// lacks names what the node has too little of for the pod; empty when it fits.
func (r room) lacks(need sizes) string {
	for _, name := range slices.Sorted(maps.Keys(need)) {
		asked := need[name]
		if free, told := r.free[name]; asked.Sign() > 0 && (!told || free.Cmp(asked) < 0) {
			return string(name)
		}
	}
	return ""
}

func (r room) take(need sizes) {
	for name, q := range need {
		left := r.free[name].DeepCopy()
		left.Sub(q)
		r.free[name] = left
	}
}

// pending is one pod to find a place for.
type pending struct {
	label string
	need  sizes
	spec  *corev1.PodSpec
}

// fit places the pods, the largest first, each on the node with most room left, and tells which found none and why.
// Rules about which pods may stand together (anti-affinity, topology spread) are not looked at.
func fit(rooms []room, wanted []surge) (short []string) {
	var pods []pending
	for _, s := range wanted {
		need := requestsOf(&s.template.Spec, false)
		need[corev1.ResourcePods] = *resource.NewQuantity(1, resource.DecimalSI)
		for range s.pods {
			pods = append(pods, pending{s.label, need, &s.template.Spec})
		}
	}
	slices.SortStableFunc(pods, func(a, b pending) int { return cmp.Compare(weight(b.need), weight(a.need)) })
	missing, why := map[string]int{}, map[string]string{}
	for _, p := range pods {
		var best *room
		lacking := map[string]int{}
		for i := range rooms {
			if !admits(rooms[i].node, p.spec) {
				lacking["a node that takes it"]++
			} else if lack := rooms[i].lacks(p.need); lack != "" {
				lacking[lack]++
			} else if best == nil || weight(rooms[i].free) > weight(best.free) {
				best = &rooms[i]
			}
		}
		if best == nil {
			missing[p.label]++
			why[p.label] = strings.Join(slices.Sorted(maps.Keys(lacking)), ", ")
			continue
		}
		best.take(p.need)
	}
	for _, label := range slices.Sorted(maps.Keys(missing)) {
		words := fmt.Sprintf("no room for %s of %s", count(missing[label], "more pod"), label)
		if why[label] != "" {
			words += ": too little " + why[label]
		}
		short = append(short, words)
	}
	return short
}

// weight orders sizes: a core counts as much as 4 GiB, about as machines are sold.
func weight(s sizes) float64 {
	cpu, memory := s[corev1.ResourceCPU], s[corev1.ResourceMemory]
	return cpu.AsApproximateFloat64() + memory.AsApproximateFloat64()/(4<<30)
}

// admits tells whether the node's taints and the pod's node selector and required node affinity let it go there.
func admits(n *corev1.Node, spec *corev1.PodSpec) bool {
	for _, taint := range n.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool { return tolerates(t, taint) }) {
			return false
		}
	}
	if !labels.SelectorFromSet(spec.NodeSelector).Matches(labels.Set(n.Labels)) {
		return false
	}
	if spec.Affinity == nil || spec.Affinity.NodeAffinity == nil || spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	return slices.ContainsFunc(spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool {
		return len(t.MatchExpressions)+len(t.MatchFields) > 0 && meets(t.MatchExpressions, n.Labels) && meets(t.MatchFields, map[string]string{"metadata.name": n.Name})
	})
}

func tolerates(t corev1.Toleration, taint corev1.Taint) bool {
	return (t.Effect == "" || t.Effect == taint.Effect) && (t.Key == "" || t.Key == taint.Key) &&
		(t.Operator == corev1.TolerationOpExists || t.Key != "" && t.Value == taint.Value && (t.Operator == "" || t.Operator == corev1.TolerationOpEqual))
}

// meets tells whether all the conditions hold; one that cannot be read does not.
func meets(conditions []corev1.NodeSelectorRequirement, have map[string]string) bool {
	operators := map[corev1.NodeSelectorOperator]selection.Operator{
		corev1.NodeSelectorOpIn: selection.In, corev1.NodeSelectorOpNotIn: selection.NotIn, corev1.NodeSelectorOpExists: selection.Exists,
		corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist, corev1.NodeSelectorOpGt: selection.GreaterThan, corev1.NodeSelectorOpLt: selection.LessThan,
	}
	for _, c := range conditions {
		r, err := labels.NewRequirement(c.Key, operators[c.Operator], c.Values)
		if err != nil || !r.Matches(labels.Set(have)) {
			return false
		}
	}
	return true
}

// beyond tells what the surge would take beyond the quotas. A quota for only some pods (scopes) is named, not judged.
func beyond(quotas []*corev1.ResourceQuota, wanted []surge) (short, unjudged []string) {
	need := sizes{}
	for _, s := range wanted {
		for range s.pods {
			need.add(costOf(&s.template.Spec))
		}
	}
	for _, q := range quotas {
		if len(q.Spec.Scopes) > 0 || q.Spec.ScopeSelector != nil {
			unjudged = append(unjudged, q.Name)
			continue
		}
		hard := q.Status.Hard
		if hard == nil {
			hard = q.Spec.Hard
		}
		for _, name := range slices.SortedFunc(maps.Keys(hard), func(a, b corev1.ResourceName) int { return cmp.Compare(a, b) }) {
			ask, limit := need[name], hard[name]
			used := q.Status.Used[name]
			sum := used.DeepCopy()
			sum.Add(ask)
			if ask.Sign() > 0 && sum.Cmp(limit) > 0 {
				short = append(short, fmt.Sprintf("quota %s admits %s %s, %s are used and %s are needed", q.Name, limit.String(), name, used.String(), ask.String()))
			}
		}
	}
	return short, unjudged
}

// costOf is what a pod takes of a quota.
func costOf(spec *corev1.PodSpec) corev1.ResourceList {
	one := *resource.NewQuantity(1, resource.DecimalSI)
	cost := corev1.ResourceList{"pods": one, "count/pods": one}
	for name, q := range requestsOf(spec, false) {
		cost["requests."+name] = q
		if name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage {
			cost[name] = q
		}
	}
	for name, q := range requestsOf(spec, true) {
		cost["limits."+name] = q
	}
	return cost
}

// shareOf is a percentage as a part of one.
func shareOf(p runbook.Percent) float64 { return float64(p) / 100 }
