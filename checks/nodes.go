package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
)

type nodesParams struct {
	Ready    *bool  `yaml:"ready,omitempty" doc:"true (the default): every node is ready and without pressure; false: only min and headroom count"`
	Min      *int   `yaml:"min,omitempty" doc:"how many nodes must take pods; with it, fewer fail and a single bad node only warns"`
	Selector string `yaml:"selector,omitempty" doc:"only nodes with these labels, as kubectl -l writes them: pool=web,zone in (a, b)"`
	Headroom string `yaml:"headroom,omitempty" doc:"surge: the pods that a deploy of this runbook runs beside the present ones find room, one of each component at least, and the quotas admit them"`
}

var nodesKind = runbook.Kind{
	Name: "nodes",
	Doc: `The cluster's nodes are ready and have room for what a deploy adds.
Headroom compares what all scheduled pods request with what the nodes can allocate, by node, minding taints, node
selectors and node affinity (not anti-affinity and topology spread), and asks the ResourceQuotas of the namespace.
passes   every node is ready, none is under memory, disk, PID or network pressure, and there is room
warns    a node is cordoned, or with min a node is not ready; but there are enough
fails    a node is not ready or under pressure, fewer than min take pods, or there is no room
unknown  the cluster does not answer, or forbids to look at nodes, or at the pods or quotas that headroom needs
self     a map of total, schedulable, cordoned, notReady, pressure and, with headroom, short (numbers)`,
	Example:  "nodes: {ready: true, headroom: surge}",
	Params:   nodesParams{},
	Interval: 30 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintNodes,
}

func lintNodes(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*nodesParams)
	var out []runbook.ParamProblem
	if p.Headroom != "" && p.Headroom != "surge" && known(p.Headroom) {
		out = append(out, problem("headroom", "write headroom: surge", "%q is not known", p.Headroom))
	}
	if p.Min != nil && *p.Min < 1 {
		out = append(out, problem("min", "write 1 or more", "min: %d asks for nothing", *p.Min))
	}
	return append(out, lintSelector("selector", p.Selector)...)
}

// lintSelector finds a label selector that cannot be read.
func lintSelector(path, selector string) []runbook.ParamProblem {
	if !known(selector) {
		return nil
	}
	if _, err := labels.Parse(selector); err != nil {
		return []runbook.ParamProblem{problem(path, "write it as kubectl -l does: app=api,tier in (web, api)", "%q is not a label selector", selector)}
	}
	return nil
}

func readyNodes(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[nodesParams](nodesKind, work.Check)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	l := nodesLook{nodesParams: p, env: work.Env, cluster: cluster}
	if l.selector, err = labels.Parse(p.Selector); err != nil {
		return check{}, fmt.Errorf("selector: %w", err)
	}
	follows := []kube.Resource{kube.Nodes}
	if p.Headroom != "" {
		if l.targets, err = w.targets(runbook.Names{All: true}, nil); err != nil {
			return check{}, fmt.Errorf("headroom: %w", err)
		}
		l.waves, l.share = waves(w.plan, work.Env.Name)
		follows = append(follows, kube.Pods.Everywhere(), kube.Quotas)
		for _, t := range l.targets {
			if !slices.Contains(follows, t.resource()) {
				follows = append(follows, t.resource())
			}
		}
	}
	return check{look: onCluster(cluster, "nodes of the cluster", l.look), cluster: cluster, follows: follows, cached: true}, nil
}

type nodesLook struct {
	nodesParams
	env      runbook.Environment
	cluster  *kube.Cluster
	selector labels.Selector
	targets  []target
	waves    [][]string
	share    float64 // the largest at which a canary is held
}

func (l nodesLook) look(ctx context.Context) seen {
	args := []string{"get", "nodes"}
	if l.Selector != "" {
		args = append(args, "-l", l.Selector)
	}
	source := run.Evidence{Source: "nodes of the cluster", Query: kubectl(clusterWide(l.env), args...), Expected: l.expected()}
	all, err := l.cluster.Nodes(ctx)
	if err != nil {
		return couldNotLook(source, err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(n *corev1.Node) bool { return !l.selector.Matches(labels.Set(n.Labels)) })
	v := l.inspect(all)
	v.Evidence = append([]run.Evidence{v.overview(source)}, v.Evidence...)
	var blind *run.Evidence
	if l.Headroom != "" {
		blind = l.headroom(ctx, &v)
	}
	return v.judge(blind)
}

func (l nodesLook) expected() run.Safe {
	switch {
	case l.Min != nil:
		return said("≥ %d take pods", *l.Min)
	case l.Ready != nil && !*l.Ready:
		return "nodes that take pods"
	}
	return "all ready, none under pressure"
}

// nodesView is what one look found.
type nodesView struct {
	seen
	total, cordoned, notReady, pressure int
	usable                              []*corev1.Node // ready and not cordoned
	wrong, odd, good                    []string
	short                               []string // of headroom
}

// inspect judges each node.
func (l nodesLook) inspect(all []*corev1.Node) nodesView {
	v := nodesView{total: len(all)}
	var bad []string
	for _, n := range all {
		trouble, ready, pressed := troubleOfNode(n)
		switch {
		case !ready:
			v.notReady++
		case pressed:
			v.pressure++
		}
		if n.Spec.Unschedulable {
			v.cordoned++
			v.odd = append(v.odd, n.Name+" is cordoned")
			trouble = joinWords("cordoned", trouble)
		}
		if ready && !n.Spec.Unschedulable && n.DeletionTimestamp == nil {
			v.usable = append(v.usable, n)
		}
		if !ready || pressed {
			bad = append(bad, n.Name+" "+strings.TrimPrefix(trouble, "cordoned, "))
		}
		if trouble != "" {
			v.Evidence = append(v.Evidence, run.Evidence{
				Observed: said("%s: %s", n.Name, trouble), Expected: "Ready, no pressure, not cordoned", Source: said("Node %s", n.Name),
				Query: kubectl(clusterWide(l.env), "describe", "node", n.Name), ResourceVersion: n.ResourceVersion,
			})
		}
	}
	strict := l.Min == nil && (l.Ready == nil || *l.Ready)
	switch {
	case len(all) == 0:
		v.wrong = append(v.wrong, "there is no such node")
	case l.Min != nil && len(v.usable) < *l.Min:
		v.wrong = append(v.wrong, fmt.Sprintf("%d of %s take pods, %d are needed", len(v.usable), count(len(all), "node"), *l.Min))
	case len(v.usable) == 0:
		v.wrong = append(v.wrong, "no node takes pods")
	}
	if strict {
		v.wrong = append(v.wrong, bad...)
	} else {
		v.odd = append(v.odd, bad...)
	}
	v.Evidence = v.Evidence[:min(len(v.Evidence), maxListed)]
	return v
}

// maxListed is how many things of one kind have evidence of their own.
const maxListed = 12

// clusterWide is the environment for a kubectl call about something without a namespace.
func clusterWide(env runbook.Environment) runbook.Environment {
	env.Namespace = ""
	return env
}

func (v nodesView) overview(e run.Evidence) run.Evidence {
	e.Observed = said("%d of %s take pods", len(v.usable), count(v.total, "node"))
	if v.total > 0 && len(v.usable) == v.total {
		e.Observed = said("%s ready", count(v.total, "node"))
	}
	return e
}

// troubleOfNode says what is wrong with a node. One that says nothing of being ready is not.
func troubleOfNode(n *corev1.Node) (words string, ready, pressed bool) {
	var all []string
	for _, c := range n.Status.Conditions {
		switch c.Type {
		case corev1.NodeReady:
			ready = c.Status == corev1.ConditionTrue
			if !ready {
				all = append(all, strings.TrimSpace("not ready: "+c.Reason+" "+c.Message))
			}
		case corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeNetworkUnavailable:
			if c.Status == corev1.ConditionTrue {
				pressed = true
				all = append(all, string(c.Type))
			}
		}
	}
	if !ready && len(all) == 0 {
		all = append(all, "not ready: it says nothing")
	}
	return strings.Join(all, ", "), ready, pressed
}

// headroom adds what the surge finds. What it returns is why that cannot be said.
func (l nodesLook) headroom(ctx context.Context, v *nodesView) (blind *run.Evidence) {
	source := run.Evidence{
		Source: said("requests of all pods on %s", count(len(v.usable), "node")), Query: kubectl(clusterWide(l.env), "describe", "nodes"),
		Expected: "room for the surge of a deploy",
	}
	unseen := func(what string, err error) *run.Evidence {
		source.Observed = said("headroom: could not look at %s: %s", what, why(err))
		return &source
	}
	pods, err := l.cluster.AllPods(ctx)
	if err != nil {
		return unseen("the pods of all namespaces", err)
	}
	quotas, err := l.cluster.Quotas(ctx)
	if err != nil {
		return unseen("the quotas", err)
	}
	needs := map[string]surge{}
	for _, t := range l.targets {
		w, err := readWorkload(ctx, l.cluster, t)
		if apierrors.IsNotFound(err) {
			continue // it is not running: that is for another check to say
		}
		if err != nil {
			return unseen(strings.ToLower(t.kind)+"/"+t.name, err)
		}
		needs[t.label] = surge{t.label, surgePods(t, w, l.share), w.template}
	}
	most, unjudged := 0, []string(nil)
	for _, wave := range l.waves {
		var wanted []surge
		n := 0
		for _, label := range wave {
			if s := needs[label]; s.pods > 0 {
				wanted = append(wanted, s)
				n += s.pods
			}
		}
		most = max(most, n)
		short := fit(roomOn(v.usable, pods), wanted)
		over, skipped := beyond(quotas, wanted)
		unjudged = skipped
		for _, words := range slices.Concat(short, over) {
			if !slices.Contains(v.short, words) {
				v.short = append(v.short, words)
			}
		}
	}
	source.Observed = said("%s; room for %s", freeWords(v.usable, pods), count(most, "more pod"))
	if len(v.short) > 0 {
		source.Observed = said("%s; %s", freeWords(v.usable, pods), strings.Join(v.short, "; "))
	} else {
		v.good = append(v.good, "room for "+count(most, "more pod"))
	}
	if len(unjudged) > 0 {
		source.Observed = said("%s; not judged, for they count only some pods: quota %s", source.Observed, strings.Join(unjudged, ", "))
	}
	v.wrong = append(v.wrong, v.short...)
	v.Evidence = append(v.Evidence, source)
	return nil
}

// freeWords says how much is free in all.
func freeWords(nodes []*corev1.Node, pods []*corev1.Pod) string {
	cpu, memory := resource.Quantity{}, resource.Quantity{}
	for _, r := range roomOn(nodes, pods) {
		cpu.Add(r.free[corev1.ResourceCPU])
		memory.Add(r.free[corev1.ResourceMemory])
	}
	return fmt.Sprintf("free: %.1f cores, %.1f GiB", cpu.AsApproximateFloat64(), memory.AsApproximateFloat64()/(1<<30))
}

// judge puts it all together. What is known to be wrong is said even where something else could not be seen; without
// that, what could not be seen makes the box unknown.
func (v nodesView) judge(blind *run.Evidence) seen {
	s := v.seen
	self := map[string]any{"total": v.total, "schedulable": len(v.usable), "cordoned": v.cordoned, "notReady": v.notReady, "pressure": v.pressure}
	if blind == nil {
		self["short"] = len(v.short)
	} else {
		s.Evidence = append(s.Evidence, *blind)
	}
	s.self = self
	switch {
	case len(v.wrong) > 0:
		s.summed(run.Failed, "%s", strings.Join(v.wrong, "; "))
		s.Badness = float64(len(v.wrong) + v.notReady + v.pressure + v.cordoned)
	case blind != nil:
		s.summed(run.Unknown, "%s", blind.Observed)
		s.Ill = true
	case len(v.odd) > 0:
		s.summed(run.Warn, "%s", strings.Join(append(v.odd, v.good...), "; "))
		s.Badness = float64(len(v.odd))
	default:
		s.summed(run.Passed, "%s", strings.Join(append([]string{count(v.total, "node") + " ready"}, v.good...), "; "))
	}
	return s
}
