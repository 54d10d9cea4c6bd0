package checks

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
)

type eventsParams struct {
	Components runbook.Names    `yaml:"components,omitempty" doc:"only events about the workloads of these components (all, or a list), their ReplicaSets, pods, and what has their names; without it all of the namespace"`
	Types      []string         `yaml:"types,omitempty" doc:"Warning (the default), Normal"`
	Since      runbook.Duration `yaml:"since,omitempty" doc:"how far back to look; 10m when nothing is written, at most 1h, for a cluster keeps events no longer"`
	Max        int              `yaml:"max,omitempty" doc:"how many there may be; 0 when nothing is written"`
	Except     []string         `yaml:"except,omitempty" doc:"reasons that do not count, such as Unhealthy"`
}

var eventsKind = runbook.Kind{
	Name: "events",
	Doc: `The cluster has not complained lately: its events of the environment's namespace.
passes   at most max events of these types happened within since
warns    there are more
fails    only by expect
unknown  the cluster does not answer, or forbids to look
self     a map of count, and reasons (number by reason)`,
	Example:  "events: {components: all, types: [Warning], since: 10m, except: [Unhealthy]}",
	Params:   eventsParams{},
	Interval: 30 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintEvents,
}

const (
	defaultSince = 10 * time.Minute
	maxSince     = time.Hour
)

func lintEvents(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*eventsParams)
	var out []runbook.ParamProblem
	for i, t := range p.Types {
		if t != corev1.EventTypeWarning && t != corev1.EventTypeNormal && known(t) {
			out = append(out, problem(fmt.Sprintf("types[%d]", i), "write Warning or Normal", "%q is not a type of event", t))
		}
	}
	if p.Since.D < 0 || p.Since.D > maxSince {
		out = append(out, problem("since", "write 10m", "since: %s is not between 0 and %s", p.Since.D, maxSince))
	}
	if p.Max < 0 {
		out = append(out, problem("max", "write 0 or more", "max: %d cannot be", p.Max))
	}
	return out
}

func readyEvents(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[eventsParams](eventsKind, work.Check)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	l := eventsLook{eventsParams: p, env: work.Env, cluster: cluster, clock: w.Clock, since: p.Since.Or(defaultSince)}
	if len(l.Types) == 0 {
		l.Types = []string{corev1.EventTypeWarning}
	}
	if p.Components.All || len(p.Components.List) > 0 {
		targets, err := w.targets(p.Components, nil)
		if err != nil {
			return check{}, err
		}
		for _, t := range targets {
			l.about = append(l.about, namesOf(t))
		}
	}
	look := onCluster(cluster, said("events of namespace %s", work.Env.Namespace), l.look)
	return check{look: look, cluster: cluster, follows: []kube.Resource{kube.Events}, cached: true}, nil
}

// namesOf matches the names of a workload and of what its controllers make: their names end in a hash and a suffix of
// an alphabet without vowels, so that api does not take in api-gateway. Pods may be gone when their events are read;
// owner references would be too.
func namesOf(t target) *regexp.Regexp {
	name, letters := regexp.QuoteMeta(t.name), "[bcdfghjklmnpqrstvwxz0-9]"
	switch t.kind {
	case "StatefulSet":
		return regexp.MustCompile("^" + name + "(-[0-9]+)?$")
	case "DaemonSet":
		return regexp.MustCompile("^" + name + "(-" + letters + "{5})?$")
	}
	return regexp.MustCompile("^" + name + "(-" + letters + "{5,10}(-" + letters + "{5})?)?$")
}

type eventsLook struct {
	eventsParams
	env     runbook.Environment
	cluster *kube.Cluster
	clock   run.Clock
	since   time.Duration
	about   []*regexp.Regexp // names; none: all
}

func (l eventsLook) look(ctx context.Context) seen {
	args := []string{"get", "events", "--sort-by", ".lastTimestamp"}
	if len(l.Types) == 1 {
		args = append(args, "--field-selector", "type="+l.Types[0])
	}
	source := run.Evidence{
		Source: said("events of namespace %s", l.env.Namespace), Query: kubectl(l.env, args...),
		Expected: said("at most %d %s in %s", l.Max, strings.Join(l.Types, " or "), l.since),
	}
	now := l.clock.Now()
	all, err := l.cluster.Events(ctx, func(e *corev1.Event) bool { return l.counts(e, now) })
	if err != nil {
		return couldNotLook(source, err)
	}
	return l.judge(all, source, now)
}

// counts tells whether an event is one that is asked for.
func (l eventsLook) counts(e *corev1.Event, now time.Time) bool {
	return now.Sub(kube.EventTime(e)) <= l.since && slices.Contains(l.Types, e.Type) && !slices.Contains(l.Except, e.Reason) &&
		(len(l.about) == 0 || slices.ContainsFunc(l.about, func(r *regexp.Regexp) bool { return r.MatchString(e.InvolvedObject.Name) }))
}

func (l eventsLook) judge(all []*corev1.Event, source run.Evidence, now time.Time) seen {
	reasons := map[string]any{}
	for _, e := range all {
		n, _ := reasons[e.Reason].(int)
		reasons[e.Reason] = n + 1
	}
	s := seen{self: map[string]any{"count": len(all), "reasons": reasons}}
	source.Observed = said("%s in the last %s", count(len(all), "event"), l.since)
	s.Evidence = []run.Evidence{source}
	newest := slices.Clone(all)
	slices.Reverse(newest)
	for _, e := range newest[:min(len(newest), maxListed)] {
		fact := run.Evidence{
			Observed: said("%s %s/%s: %s %s", e.Type, strings.ToLower(e.InvolvedObject.Kind), e.InvolvedObject.Name, e.Reason, web.Scrub(e.Message)),
			Source:   object("Event", l.env, e.Name), ResourceVersion: e.ResourceVersion,
		}
		if e.Count > 1 {
			fact.Observed = said("%s (%d times)", fact.Observed, e.Count)
		}
		s.Evidence = append(s.Evidence, fact)
	}
	if len(all) > 0 { // the oldest leaves the window by itself
		s.again = max(kube.EventTime(all[0]).Add(l.since).Sub(now)+time.Second, time.Second)
	}
	if len(all) > l.Max {
		last := newest[0]
		s.summed(run.Warn, "%s in the last %s, the newest: %s %s %s", count(len(all), "event"), l.since, last.InvolvedObject.Name, last.Reason, web.Scrub(last.Message))
		s.Badness = float64(len(all))
		return s
	}
	s.summed(run.Passed, "%s in the last %s", count(len(all), "event"), l.since)
	return s
}
