package checks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type accessParams struct {
	For      string   `yaml:"for,omitempty" doc:"rollout: everything that a rollout and its rollback need, and the Jobs and flags of the same environment"`
	Verbs    []string `yaml:"verbs,omitempty" doc:"verbs such as get, list, watch, create, update, patch, delete"`
	Resource string   `yaml:"resource,omitempty" doc:"plural name of a resource, with its subresource if any: deployments, pods/log"`
	Group    string   `yaml:"group,omitempty" doc:"API group of the resource, such as apps; empty for the core group"`
}

var accessKind = runbook.Kind{
	Name: "access",
	Doc: `The present user has the rights that are needed in the environment's namespace. The API server is asked about every
one of them (SelfSubjectRulesReview, SelfSubjectAccessReview); nothing is tried out.
passes   all are held
warns    one is missing that is only nice to have
fails    one is missing
unknown  the cluster does not answer
self     a map of held, missing and wanted (numbers) and denied (a list such as "patch deployments.apps")`,
	Example:  "access: {for: rollout}",
	Params:   accessParams{},
	Interval: 5 * time.Minute,
	Timeout:  clusterTimeout,
	Lint:     lintAccess,
}

func lintAccess(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*accessParams)
	switch {
	case p.For != "" && (len(p.Verbs) > 0 || p.Resource != "" || p.Group != ""):
		return []runbook.ParamProblem{problem("for", "keep one of the two forms", "for stands beside verbs and resource")}
	case p.For == "" && (len(p.Verbs) == 0 || p.Resource == ""):
		return []runbook.ParamProblem{problem("for", "write for: rollout, or verbs and resource", "no right is named")}
	case p.For != "" && p.For != "rollout" && known(p.For):
		return []runbook.ParamProblem{problem("for", "write for: rollout", "%q is not known", p.For)}
	}
	return nil
}

func readyAccess(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[accessParams](accessKind, work.Check)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	return check{look: onCluster(cluster, said("access rules of namespace %s", work.Env.Namespace), accessLook{env: work.Env, cluster: cluster, rights: p.rights(work.Needs)}.look)}, nil
}

// Rights cannot be watched. Where one or two requests tell all, they are asked for again soon.
const (
	fewRequests = 2
	soon        = time.Minute
)

// rights are what the parameters ask for; needs are those of the run's own steps.
func (p accessParams) rights(needs []run.Need) []kube.Right {
	if p.For == "rollout" {
		return kube.RolloutRights(needs)
	}
	resource, sub, _ := strings.Cut(p.Resource, "/")
	var out []kube.Right
	for _, verb := range p.Verbs {
		out = append(out, kube.Right{Verb: verb, Group: p.Group, Resource: resource, Subresource: sub})
	}
	return out
}

type accessLook struct {
	env     runbook.Environment
	cluster *kube.Cluster
	rights  []kube.Right
}

func (l accessLook) look(ctx context.Context) seen {
	source := run.Evidence{
		Source: said("access rules of namespace %s", l.env.Namespace), Query: kubectl(l.env, "auth", "can-i", "--list"),
		Expected: said("%s", count(len(l.rights), "right")),
	}
	denied, requests, err := l.cluster.Allowed(ctx, l.rights)
	if err != nil {
		return couldNotLook(source, err)
	}
	s := l.judge(denied, source)
	if requests <= fewRequests {
		s.again = soon
	}
	return s
}

func (l accessLook) judge(denied []kube.Denied, source run.Evidence) seen {
	var s seen
	source.Observed = said("%d of %s held", len(l.rights)-len(denied), count(len(l.rights), "right"))
	s.Evidence = append(s.Evidence, source)
	var needed, nice []string
	list := []any{}
	for _, d := range denied {
		name := d.Right.String()
		list = append(list, name)
		if d.Right.Optional {
			nice = append(nice, name)
		} else {
			needed = append(needed, name)
		}
		s.Evidence = append(s.Evidence, l.missing(d))
	}
	s.self = map[string]any{"wanted": len(l.rights), "held": len(l.rights) - len(denied), "missing": len(denied), "denied": list}
	switch {
	case len(needed) > 0:
		s.summed(run.Failed, "may not %s", strings.Join(needed, ", "))
		s.Badness = float64(len(needed))
	case len(nice) > 0:
		s.summed(run.Warn, "may not %s; a rollout works without", strings.Join(nice, ", "))
		s.Badness = float64(len(nice))
	default:
		s.summed(run.Passed, "%s held", count(len(l.rights), "right"))
	}
	return s
}

// missing is the fact of one missing right with the API server's reason.
func (l accessLook) missing(d kube.Denied) run.Evidence {
	resource := d.Right.Resource
	if d.Right.Group != "" {
		resource += "." + d.Right.Group
	}
	if d.Right.Name != "" {
		resource += "/" + d.Right.Name
	}
	args := []string{"auth", "can-i", d.Right.Verb, resource}
	if d.Right.Subresource != "" {
		args = append(args, "--subresource", d.Right.Subresource)
	}
	words := "may not " + d.Right.String()
	if d.Right.For != "" {
		words += fmt.Sprintf(", which the step %q needs", d.Right.For)
	}
	if d.Reason != "" {
		words = fmt.Sprintf("%s: %s", words, d.Reason)
	}
	return run.Evidence{Observed: said("%s", words), Expected: said("may %s", d.Right), Source: said("access review in namespace %s", l.env.Namespace), Query: kubectl(l.env, args...)}
}
