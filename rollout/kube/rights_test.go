package kube_test

import (
	"slices"
	"testing"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func need(title string, maybe bool, action any) run.Need {
	step := runbook.Step{Title: title}
	switch a := action.(type) {
	case *runbook.Job:
		step.Job = a
	case *runbook.Flags:
		step.Flags = a
	}
	return run.Need{Step: step, Maybe: maybe}
}

func TestRightsOfTheRunsOwnSteps(t *testing.T) {
	flags := &runbook.Flags{ConfigMap: runbook.ConfigMapKey{Name: "flags"}}
	for _, c := range []struct {
		name  string
		need  run.Need
		wants []string // beside those of the rollout; a "?" before what is only nice to have
	}{
		{"a CronJob", need("A", false, &runbook.Job{CronJob: "restore"}), []string{"get jobs.batch", "create jobs.batch", "get cronjobs.batch restore"}},
		{"a manifest", need("A", false, &runbook.Job{Manifest: "kind: Job"}), []string{"get jobs.batch", "create jobs.batch"}},
		{"a Job that may be needed", need("A", true, &runbook.Job{Manifest: "kind: Job"}), []string{"?get jobs.batch", "?create jobs.batch"}},
		{"flags in a ConfigMap", need("A", false, flags), []string{"get configmaps flags", "patch configmaps flags"}},
		{"flags elsewhere", need("A", false, &runbook.Flags{URL: "https://flags.example"}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, all := kube.RolloutRights(nil), kube.RolloutRights([]run.Need{c.need, c.need})
			if !slices.Equal(all[:len(base)], base) {
				t.Errorf("the rights of the rollout changed: %v", all)
			}
			var got []string
			for _, r := range all[len(base):] {
				text := r.String()
				if r.Optional {
					text = "?" + text
				}
				if r.For != "A" {
					t.Errorf("%s is for %q", text, r.For)
				}
				got = append(got, text)
			}
			if !slices.Equal(got, c.wants) {
				t.Errorf("got %q, want %q", got, c.wants)
			}
		})
	}
}

func TestRightsOfARollback(t *testing.T) {
	rights := kube.RollbackRights([]run.Need{need("A", false, &runbook.Flags{ConfigMap: runbook.ConfigMapKey{Name: "flags"}})})
	var got []string
	for _, r := range rights {
		got = append(got, r.String())
	}
	want := []string{"get configmaps flags", "patch configmaps flags", "get deployments.apps", "patch deployments.apps", "get replicasets.apps"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	forward := kube.RolloutRights(nil)
	for _, r := range kube.RollbackRights(nil) {
		if !slices.Contains(forward, r) {
			t.Errorf("a rollout does not ask for %s, which its rollback needs", r)
		}
	}
}
