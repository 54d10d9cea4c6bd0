package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook/run"
)

// migrating is a runbook that migrates after it has deployed, and restores only what a migration broke.
const migrating = `apiVersion: sop/v1
kind: Runbook
metadata: {name: migrating, title: Migrating, version: 1.0.0}
inputs:
  version: {title: Version, required: true}
  releases-webhook: {title: unused, default: ''}
  incidents-webhook: {title: unused, default: ''}
environments:
  production: {namespace: production}
components:
  web: {workload: deployment/web, container: web, image: 'registry.example/web:${inputs.version}'}
phases:
  - id: only
    title: Only
    sections:
      - steps:
          - {id: move, title: Move it, deploy: {strategy: rolling}}
          - {id: migrate, title: Migrate, job: {cronJob: migrate, migration: incompatible}}
          - {id: look, title: Look at it}
rollback:
  settle: 1s
  steps:
    - {id: back, title: Go back, rollback: {do: undo}}
    - id: restore
      title: Restore the database
      when: steps["migrate"] in ["failed", "drifted"]
      job: {cronJob: db-restore}
      confirm: restore
`

// until waits until something is true of the run; what says what it is.
func (d *drilled) until(ctx context.Context, t *testing.T, what string, is func(run.State) bool) run.State {
	t.Helper()
	changed := d.clock.NewSignal()
	d.engine.Notify(changed)
	end := d.clock.Now().Add(time.Hour)
	for !is(d.Latest()) || d.engine.Pending() {
		if d.clock.Wait(ctx, end.Sub(d.clock.Now()), changed) != nil || !d.clock.Now().Before(end) {
			t.Errorf("never %s: %+v", what, d.Latest().Log)
			break
		}
	}
	return d.Latest()
}

// A migration that failed makes the restore appear in the rollback, and only then: it waits for the word, runs its Job
// and is told in the report.
func TestRestoreAfterAFailedMigration(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprint(fails), func(t *testing.T) {
			t.Parallel()
			sc := scenario(t, "tuesday")
			sc.Runbook = write(t, "migrating.yaml", migrating)
			if fails {
				sc.World.Already = []practice.Trouble{{Migration: &practice.MigrationFault{Namespace: "production", Message: "relation lobbies exists"}}}
			}
			jobs := map[string]int{}
			d := inDrill(t, sc, practiceFlags{}, func(ctx context.Context, d *drilled) {
				if err := d.world.Cluster().CreateFromYAML([]byte(migration)); err != nil {
					t.Error(err)
					return
				}
				d.Send(run.Start{Step: "move"})
				d.until(ctx, t, "moved", func(s run.State) bool { return s.Deploys["move"].Stage == run.DeployDone })
				d.Send(run.Start{Step: "migrate"})
				d.until(ctx, t, "migrated", func(s run.State) bool {
					status := s.StepStatus("migrate")
					return status == run.Passed || status == run.Failed
				})
				d.Send(run.Rollback{Because: "the lobby is broken"})
				s := d.until(ctx, t, "asked", func(s run.State) bool { return s.Rollback != nil && s.Rollback.Stage == run.Asking })
				if s.StepStatus("restore") == run.Passed {
					t.Error("restored before anything went back")
				}
				_ = d.clock.Wait(ctx, time.Second, nil) // nobody reads faster, and a key before does not count
				d.Send(run.Burn{})
				d.until(ctx, t, "went back", func(s run.State) bool { return s.Rollback.Stage == run.Settling || s.Rollback.Stage == run.Restored })
				if fails {
					for _, word := range []string{"", "yes", "Restore"} {
						d.Send(run.Start{Step: "restore", Word: word})
						s := d.until(ctx, t, "answered", func(run.State) bool { return true })
						if s.StepStatus("restore") != run.Pending || s.Notice.Text == "" {
							t.Errorf("the word %q started it: %s, %q", word, s.StepStatus("restore"), s.Notice.Text)
						}
					}
					d.Send(run.Start{Step: "restore", Word: "restore"})
				}
				d.until(ctx, t, "over", func(s run.State) bool { return !s.Ended.IsZero() })
				client, err := kubernetes.NewForConfig(d.world.RESTConfig())
				if err != nil {
					t.Error(err)
					return
				}
				list, err := client.BatchV1().Jobs("production").List(ctx, metav1.ListOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				for _, j := range list.Items {
					for _, c := range j.Status.Conditions {
						if c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed {
							jobs[j.Spec.Template.Spec.Containers[0].Name+" "+string(c.Type)]++
						}
					}
				}
			})
			s := d.Latest()
			report := must(t, exitDone, "report", d.id).out
			if s.Outcome != run.RolledBack || s.Steps["restore"].Na == fails {
				t.Errorf("it ended as %s, the restore applies: %t", s.Outcome, !s.Steps["restore"].Na)
			}
			if restored := jobs["restore Complete"] == 1; restored != fails || jobs["restore Complete"]+jobs["restore Failed"] > 1 {
				t.Errorf("the Jobs are %v", jobs)
			}
			words := []string{"| Restore the database | not-applicable |", "the database stay as they are.\n"}
			if fails {
				words = []string{"| Restore the database | passed | the Job sop-restore-", "but for what was done by Restore the database.", "restored and verified", "Restore the database started by trainee"}
			}
			for _, w := range words {
				if !strings.Contains(report, w) {
					t.Errorf("the report does not say %q:\n%s", w, report)
				}
			}
		})
	}
}

// migration is the CronJob that the world has none of.
const migration = `apiVersion: batch/v1
kind: CronJob
metadata: {name: migrate, namespace: production}
spec:
  schedule: 0 0 31 2 *
  suspend: true
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers: [{name: migrate, image: 'registry.example/api:v1.4.2', command: [/api, migrate]}]
`
