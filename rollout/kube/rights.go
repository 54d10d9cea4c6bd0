package kube

import (
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Law: what a run may need of the access rules is written down here and nowhere else, by resource, with the verbs that it
// uses and no others.

// use is what is done with one resource.
type use struct{ group, resource, verbs string }

var (
	undoUses = []use{
		{"apps", "deployments", "get patch"},
		{"apps", "replicasets", "get"},
	}
	rolloutUses = []use{
		{"apps", "deployments", "list watch"},
		{"apps", "replicasets", "list watch"},
		{"", "pods", "list watch"},
		{"coordination.k8s.io", "leases", "get create update"},
	}
	niceUses = []use{ // a rollout goes on without
		{"", "pods/log", "get"},
		{"policy", "poddisruptionbudgets", "list"},
		{"autoscaling", "horizontalpodautoscalers", "list"},
	}

	jobUses     = []use{{"batch", "jobs", "get create"}}
	jobLogUses  = []use{{"", "pods", "list watch"}, {"", "pods/log", "get"}} // a Job runs without its log
	cronJobUses = []use{{"batch", "cronjobs", "get"}}
	flagUses    = []use{{"", "configmaps", "get patch"}}
)

// RolloutRights are the rights that a rollout and its rollback need, and then those of the run's other steps there.
func RolloutRights(needs []run.Need) []Right {
	rights := slices.Concat(rightsTo(undoUses), rightsTo(rolloutUses), optional(rightsTo(niceUses)))
	for _, n := range needs {
		rights = append(rights, stepRights(n)...)
	}
	return merged(rights)
}

// RollbackRights are the rights that a rollback needs, its flags among them.
func RollbackRights(needs []run.Need) []Right {
	var rights []Right
	for _, n := range needs { // flags go off first
		rights = append(rights, stepRights(n)...)
	}
	return merged(append(rights, rightsTo(undoUses)...))
}

// stepRights are the rights of one step.
func stepRights(n run.Need) []Right {
	var rights []Right
	switch {
	case n.Step.Job != nil:
		rights = append(rightsTo(jobUses), cronJobRights(n.Step.Job)...)
		rights = append(rights, optional(rightsTo(jobLogUses))...)
	case n.Step.Flags != nil && n.Step.Flags.URL == "":
		rights = named(rightsTo(flagUses), n.Step.Flags.ConfigMap.Name)
	}
	for i := range rights {
		rights[i].For, rights[i].Optional = n.Step.Title, rights[i].Optional || n.Maybe
	}
	return rights
}

func cronJobRights(j *runbook.Job) []Right {
	if j.CronJob == "" {
		return nil
	}
	return named(rightsTo(cronJobUses), j.CronJob)
}

func rightsTo(uses []use) []Right {
	var rights []Right
	for _, u := range uses {
		resource, sub, _ := strings.Cut(u.resource, "/")
		for verb := range strings.FieldsSeq(u.verbs) {
			rights = append(rights, Right{Verb: verb, Group: u.group, Resource: resource, Subresource: sub})
		}
	}
	return rights
}

// named narrows rights to one object.
func named(rights []Right, name string) []Right {
	for i := range rights {
		rights[i].Name = name
	}
	return rights
}

func optional(rights []Right) []Right {
	for i := range rights {
		rights[i].Optional = true
	}
	return rights
}

// merged keeps each right once; one that somebody cannot do without is not optional.
func merged(rights []Right) []Right {
	var kept []Right
	for _, r := range rights {
		i := slices.IndexFunc(kept, r.same)
		switch {
		case i < 0:
			kept = append(kept, r)
		case kept[i].Optional && !r.Optional:
			kept[i] = r
		}
	}
	return kept
}

// same tells whether the API server is asked the same for both.
func (r Right) same(o Right) bool {
	r.For, r.Optional = o.For, o.Optional
	return r == o
}
