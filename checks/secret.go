package checks

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

type secretParams struct {
	Name string   `yaml:"name" doc:"the Secret in the environment's namespace"`
	Keys []string `yaml:"keys,omitempty" doc:"keys that must be there and not empty; without any, the Secret must have at least one and no empty one"`
}

var secretKind = runbook.Kind{
	Name: "secret",
	Doc: `A Secret has its keys, and none of them is empty. Its metadata are followed; when they change its keys and the length
of each value are read, and nothing else leaves the client.
passes   every key is there and not empty
fails    the Secret or a key is not there, or a key is empty
unknown  the cluster does not answer, or forbids to read this Secret
self     a map of the length in bytes by key`,
	Example:  "secret: {name: app-secrets, keys: [DATABASE_PASSWORD, API_KEY]}",
	Params:   secretParams{},
	Interval: time.Minute,
	Timeout:  clusterTimeout,
	Lint:     lintSecret,
}

func lintSecret(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*secretParams)
	if known(p.Name) && !isObjectName(p.Name) {
		return []runbook.ParamProblem{problem("name", "names have lower-case letters, digits, - and .", "%q is not the name of a Kubernetes object", p.Name)}
	}
	return nil
}

func readySecret(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[secretParams](secretKind, work.Check)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	look := onCluster(cluster, object("Secret", work.Env, p.Name), secretLook{env: work.Env, cluster: cluster, secretParams: p}.look)
	return check{look: look, cluster: cluster, follows: []kube.Resource{kube.Secrets.Named(p.Name)}, cached: true}, nil
}

type secretLook struct {
	env     runbook.Environment
	cluster *kube.Cluster
	secretParams
}

func (l secretLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: object("Secret", l.env, l.Name), Query: kubectl(l.env, "describe", "secret", l.Name), Expected: l.expected()}
	got, err := l.cluster.Secret(ctx, l.Name)
	if apierrors.IsNotFound(err) {
		var s seen
		s.self = map[string]any{}
		s.summed(run.Failed, "there is no Secret %s", l.Name)
		s.Badness = float64(1 + len(l.Keys))
		source.Observed = s.Summary
		s.Evidence = []run.Evidence{source}
		return s
	}
	if err != nil {
		return couldNotLook(source, err)
	}
	return l.judge(got, source)
}

func (l secretLook) expected() run.Safe {
	if len(l.Keys) == 0 {
		return "at least one key, none empty"
	}
	return said("%s, not empty", strings.Join(l.Keys, ", "))
}

func (l secretLook) judge(got kube.SecretKeys, source run.Evidence) seen {
	s, self := seen{}, map[string]any{}
	for key, length := range got.Lengths {
		self[key] = length
	}
	s.self = self
	wanted := l.Keys
	if len(wanted) == 0 {
		for key := range got.Lengths {
			wanted = append(wanted, key)
		}
		slices.Sort(wanted)
	}
	var missing, empty []string
	for _, key := range wanted {
		if length, ok := got.Lengths[key]; !ok {
			missing = append(missing, key)
		} else if length == 0 {
			empty = append(empty, key)
		}
	}
	var wrong []string
	if len(wanted) == 0 {
		wrong = append(wrong, "it has no key")
	}
	if len(missing) > 0 {
		wrong = append(wrong, "missing: "+strings.Join(missing, ", "))
	}
	if len(empty) > 0 {
		wrong = append(wrong, "empty: "+strings.Join(empty, ", "))
	}
	if len(wrong) > 0 {
		s.summed(run.Failed, "Secret %s, %s", l.Name, strings.Join(wrong, "; "))
		s.Badness = float64(max(1, len(missing)+len(empty)))
	} else {
		s.summed(run.Passed, "Secret %s has %s, none empty", l.Name, count(len(wanted), "key"))
	}
	source.Observed = said("%d of %s set", len(wanted)-len(missing)-len(empty), count(len(wanted), "key"))
	if len(wrong) > 0 {
		source.Observed = said("%s; %s", source.Observed, strings.Join(wrong, "; "))
	}
	source.ResourceVersion = got.ResourceVersion
	s.Evidence = []run.Evidence{source}
	return s
}
