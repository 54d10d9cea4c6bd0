package screen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// CallKind tells what a line of the command log is.
type CallKind string

// The kinds: a call that only asked, one that writes to a cluster, and what the run says of itself.
const (
	Asked CallKind = "asked"
	Wrote CallKind = "wrote"
	Said  CallKind = "said"
)

// Call is one line of the command log.
type Call struct {
	N      int // its number, rising by one
	At     time.Time
	Kind   CallKind
	Who    string     // step or component that it is for; empty when the run itself speaks
	What   string     // the exact call or query; of what is said, the words
	Result string     // what came of it
	Status run.Status // of the result; empty when it is none
}

const (
	mostCalls   = 2000 // lines that the command log keeps
	mostOfOne   = 8    // calls of one look
	mostCommand = 1000 // characters of a call that are kept
)

// Calls is what the command log lists. It is drawn from States as they come, so it asks nothing of its own; what the
// first State does not know any more is not in it.
type Calls struct {
	list    []Call // oldest first
	n       int
	said    time.Time // of the newest line of the run's log that is listed
	saidNow int       // lines at that instant
}

// Observe lists what happened between two States. With a before that is empty it lists what after still knows.
func (l *Calls) Observe(before, after run.State) {
	if after.Plan == nil {
		return
	}
	var fresh []Call
	for step := range run.Steps(after.Plan) {
		fresh = append(fresh, looks(step, before.Steps[step.ID], after.Steps[step.ID])...)
		fresh = append(fresh, patches(after, before.Deploys[step.ID], after.Deploys[step.ID])...)
	}
	fresh = append(fresh, undone(before, after)...)
	for _, env := range after.Plan.Runbook.Environments.Keys() {
		fresh = append(fresh, samples(after, env, before.Envs[env], after.Envs[env])...)
	}
	fresh = append(fresh, l.news(after.Log)...)
	slices.SortStableFunc(fresh, func(a, b Call) int { return a.At.Compare(b.At) })
	for _, c := range fresh {
		l.n++
		c.N, c.What = l.n, string(run.MakeSafe(c.What, mostCommand))
		l.list = append(l.list, c)
	}
	if over := len(l.list) - mostCalls; over > mostCalls/4 { // now and then, not with every line
		l.list = slices.Clone(l.list[over:])
	}
}

// looks are the calls of those checks that looked again.
func looks(step runbook.Step, before, after run.StepState) (list []Call) {
	for i, c := range after.Checks {
		if c.Seen.IsZero() || i >= len(step.Verify) || i < len(before.Checks) && !c.Seen.After(before.Checks[i].Seen) {
			continue
		}
		base := Call{At: c.Seen, Kind: Asked, Who: clean(step.Title), Status: c.Result.Status, Result: string(c.Result.Summary)}
		list = append(list, queries(base, clean(step.Verify[i].Kind), c.Result)...)
	}
	return list
}

// queries are the calls of one look, each once, with what the first of its facts says.
func queries(base Call, kind string, r run.Result) (list []Call) {
	for _, e := range r.Evidence {
		if e.Query == "" || slices.ContainsFunc(list, func(c Call) bool { return c.What == string(e.Query) }) {
			continue
		}
		if len(list) == mostOfOne {
			base.What, base.Result = kind+": more calls than are listed", ""
			return append(list, base)
		}
		c := base
		c.What = string(e.Query)
		if len(r.Evidence) > 1 {
			c.Result = string(or(e.Observed, r.Summary))
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		base.What = kind
		if r.Sensor != "" {
			base.What += " of " + string(r.Sensor)
		}
		list = append(list, base)
	}
	return list
}

// patches are the answers to the forward patches, freezes and thaws of a deploy.
func patches(s run.State, before, after run.DeployState) (list []Call) {
	at := s.At
	for _, name := range slices.Sorted(maps.Keys(after.Answered)) {
		a := after.Answered[name]
		if b, ok := before.Answered[name]; ok && b == a {
			continue
		}
		c := Call{At: at, Kind: Wrote, Who: clean(name), What: patchOf(s, after.Env, name), Result: answered(a.Already, a.Err), Status: answerStatus(a.Err)}
		if a.Err == "" && !a.Already {
			c.Result += fmt.Sprintf(", generation %d", a.Generation)
		}
		if after.Move < len(after.Moves) {
			c.Result = fmt.Sprintf("to %d %%: %s", after.Moves[after.Move].Share, c.Result)
		}
		list = append(list, c)
	}
	for _, a := range after.FreezeAnswers {
		if slices.Contains(before.FreezeAnswers, a) {
			continue
		}
		what := "pause"
		if before.Thawing || after.Thawing {
			what = "set going"
		}
		list = append(list, frozen(s, after.Env, a, what))
	}
	return list
}

func frozen(s run.State, env string, a run.Frozen, what string) Call {
	return Call{
		At: s.At, Kind: Wrote, Who: clean(a.Component), What: patchOf(s, env, a.Component),
		Result: what + ": " + answered(false, a.Err), Status: answerStatus(a.Err),
	}
}

// undone are the answers to the patches of a rollback.
func undone(before, after run.State) (list []Call) {
	r := after.Rollback
	if r == nil {
		return nil
	}
	same := before.Rollback != nil && before.Rollback.N == r.N
	for _, p := range r.Pins {
		if a, ok := r.FrozenBy[p.Component]; ok && (!same || before.Rollback.FrozenBy[p.Component] != a) {
			list = append(list, frozen(after, r.Env, a, "pause"))
		}
		now := after.Envs[r.Env].Components[p.Component].Undo
		if now == (run.Undone{}) || now == before.Envs[r.Env].Components[p.Component].Undo {
			continue
		}
		c := Call{At: after.At, Kind: Wrote, Who: clean(p.Component), What: patchOf(after, r.Env, p.Component), Status: answerStatus(now.Err)}
		c.Result = answered(now.Already, now.Err)
		if now.Accepted && !now.Already {
			c.Result, c.Status = fmt.Sprintf("accepted after %.0f ms", now.AfterMs), run.Passed
		}
		c.Result = "to " + clean(p.ReplicaSet) + ": " + c.Result
		list = append(list, c)
	}
	return list
}

// samples are the ticks of a watch.
func samples(s run.State, env string, before, after run.EnvState) (list []Call) {
	for _, one := range slices.Backward(after.Samples) {
		if n := len(before.Samples); n > 0 && !one.At.After(before.Samples[n-1].At) || len(list) == mostOfOne {
			break
		}
		told := 0
		for _, p := range one.Points {
			if p.State == run.PointOK {
				told++
			}
		}
		c := Call{
			At: one.At, Kind: Asked, Who: "watch of " + clean(env), What: metricQueries(s.Plan.Metrics[env]), Status: run.Passed,
			Result: fmt.Sprintf("%d of %s told something", told, plural(len(one.Points), "metric", "metrics")),
		}
		if told < len(one.Points) {
			c.Status = run.Unknown
		}
		list = append(list, c)
	}
	return list
}

func metricQueries(metrics []runbook.Metric) string {
	var b strings.Builder
	for _, m := range metrics {
		for _, q := range []string{m.Query, m.Numerator, m.Denominator} {
			if q == "" || b.Len() > mostCommand {
				continue
			}
			if b.Len() > 0 {
				b.WriteString(" or ")
			}
			b.WriteString(q)
		}
	}
	return b.String()
}

// news are the lines of the run's log that are not listed yet.
func (l *Calls) news(log []run.Line) (list []Call) {
	last, seen := l.said, 0
	for _, line := range log {
		if line.At.Before(last) {
			continue
		}
		if line.At.Equal(last) {
			if seen++; seen <= l.saidNow {
				continue
			}
		}
		c := Call{At: line.At, Kind: Said, What: string(line.Text)}
		if line.Loud {
			c.Status = run.Warn
		}
		list = append(list, c)
	}
	if n := len(log); n > 0 {
		l.said, l.saidNow = log[n-1].At, 0
		for _, line := range slices.Backward(log) {
			if !line.At.Equal(l.said) {
				break
			}
			l.saidNow++
		}
	}
	return list
}

func answered(already bool, err run.Safe) string {
	switch {
	case err != "":
		return string(err)
	case already:
		return "found so already, not written again"
	}
	return "accepted"
}

func answerStatus(err run.Safe) run.Status {
	if err != "" {
		return run.Failed
	}
	return run.Passed
}

// resources are the API paths of the kinds of workloads.
var resources = map[string]string{
	"deployment": "apis/apps/v1/namespaces/%s/deployments/%s", "statefulset": "apis/apps/v1/namespaces/%s/statefulsets/%s",
	"daemonset": "apis/apps/v1/namespaces/%s/daemonsets/%s", "rollout": "apis/argoproj.io/v1alpha1/namespaces/%s/rollouts/%s",
}

// patchOf is the call that writes a component's workload.
func patchOf(s run.State, env, component string) string {
	workload := component
	if c, ok := s.Plan.Runbook.Components.Get(component); ok && c.Workload != "" {
		workload = c.Workload
	}
	kind, name, ok := strings.Cut(workload, "/")
	path := resources[kind]
	if !ok || path == "" {
		return "PATCH " + clean(workload)
	}
	return fmt.Sprintf("PATCH /"+path, clean(s.Plan.Env(env).Namespace), clean(name))
}
