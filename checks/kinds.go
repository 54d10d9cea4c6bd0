package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Kinds returns what every check kind tells about itself, in the order in which `sop kinds` lists them.
func Kinds() []runbook.Kind {
	var out []runbook.Kind
	for _, k := range kinds() {
		out = append(out, k.Kind)
	}
	return out
}

// kind ties what lint knows of a check kind to how it looks.
type kind struct {
	runbook.Kind
	ready func(*Worker, run.CheckWork) (check, error)
}

// kinds is the explicit list: a kind that is not here does not exist.
func kinds() []kind {
	return slices.Concat(clusterKinds(), networkKinds(), metricKinds(), codeKinds(), []kind{{windowKind, readyWindow}})
}

// check is a check of a step with its parameters decoded and its sources at hand.
type check struct {
	// look reads the world once. It returns soon after ctx has ended.
	look func(ctx context.Context) seen
	// cluster is what follows names caches of: a change there calls for a look at once. A look may name more of them
	// in seen.follows.
	cluster *kube.Cluster
	follows []kube.Resource
	// cached says that its looks read caches and send nothing, but for the first; they need no place among those who
	// use the network.
	cached bool
	// sensor is what look asks, for results that do not name it themselves.
	sensor run.Safe
	// secrets are texts that must not come back in a result; look hides them itself, expect is given them.
	secrets web.Secrets
}

// decode reads the parameters of a check whose ${…} are filled in. Lint saw them before that, so it looks again.
func decode[P any](k runbook.Kind, c runbook.Check) (P, error) {
	var p P
	if err := runbook.DecodeParams(c, &p); err != nil {
		return p, err
	}
	for _, problem := range k.Lint(&p, c) {
		if !problem.Warning {
			return p, fmt.Errorf("%s: %s", problem.Path, problem.Message)
		}
	}
	return p, nil
}

// cluster is the cluster that a check of an environment reads.
func (w *Worker) cluster(env runbook.Environment) (*kube.Cluster, error) {
	if w.Clusters == nil {
		return nil, errors.New("no cluster is configured")
	}
	return w.Clusters.Get(env)
}

// onCluster makes a look that first makes sure that it is the cluster which the environment names: a wrong one must
// not make a box green. It says in every result which cluster was asked.
func onCluster(c *kube.Cluster, source run.Safe, look func(context.Context) seen) func(context.Context) seen {
	return func(ctx context.Context) seen {
		s := seen{}
		if err := c.VerifyUID(ctx); err != nil {
			s = couldNotLook(run.Evidence{Source: source}, err)
		} else {
			s = look(ctx)
		}
		s.Sensor = clusterSensor(c.Context())
		return s
	}
}

// clusterSensor names the cluster of a context as the sensor of a result, the same for all checks that ask it.
func clusterSensor(context string) run.Safe {
	if context == "" {
		return "cluster (current context)"
	}
	return said("cluster %s", context)
}

// problem and known make lint findings. A text that still holds ${…} is judged when it is filled in.
func problem(path, hint, format string, args ...any) runbook.ParamProblem {
	return runbook.ParamProblem{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func known(s string) bool { return !runbook.HasExpr(s) }

// lintNames finds names that cannot be those of a Kubernetes object.
func lintNames(path string, names []string) []runbook.ParamProblem {
	var out []runbook.ParamProblem
	for i, name := range names {
		if known(name) && !isObjectName(name) {
			out = append(out, problem(fmt.Sprintf("%s[%d]", path, i), "names have lower-case letters, digits, - and .",
				"%q is not the name of a Kubernetes object", name))
		}
	}
	return out
}

// isObjectName tells whether s is a DNS subdomain, as names of Kubernetes objects are.
func isObjectName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
				return false
			}
		}
	}
	return true
}
