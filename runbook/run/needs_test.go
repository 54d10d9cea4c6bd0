package run_test

import (
	"slices"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// needing is a run with steps in staging, production and the rollback procedure that write beside the rollout.
func needing(t testing.TB) *runtest.Drive {
	t.Helper()
	return begin(t,
		"{id: config, title: Config}", "{id: config, title: Config, job: {cronJob: seed}}",
		"{id: report, title: Report}", `{id: report, title: Report, flags: {configmap: {name: flags}, flags: lobby, hold: 5m}}
          - {id: extra, title: Extra, job: {cronJob: extra}, required: false}
          - {id: never, title: Never, when: 'run.operator == "nobody"', job: {cronJob: never}}
          - {id: afar, title: Afar, flags: {url: 'https://flags.example', flags: lobby}}`,
		"    - {id: tell, title: Tell}", "    - {id: tell, title: Tell}\n    - {id: restore, title: Restore, when: 'steps[\"config\"] == \"failed\"', job: {cronJob: restore}}",
	)
}

// asked are the needs of a work by step, with a "?" after a Maybe.
func asked(needs []run.Need) []string {
	var list []string
	for _, n := range needs {
		text := n.Step.ID
		if n.Maybe {
			text += "?"
		}
		list = append(list, text)
	}
	return list
}

func TestNeeds(t *testing.T) {
	d := needing(t)
	if got, want := asked(d.S.Needs("production")), []string{"config", "report", "extra?", "restore?"}; !slices.Equal(got, want) {
		t.Errorf("production needs %q, want %q", got, want)
	}
	if got, want := asked(d.S.Needs("staging")), []string{"restore?"}; !slices.Equal(got, want) {
		t.Errorf("staging needs %q, want %q", got, want)
	}
	d.For(30 * time.Second)
	d.Want(run.Override{Step: "config", Reason: "it was seeded by hand yesterday"})
	if got, want := asked(d.S.Needs("production")), []string{"report", "extra?", "restore?"}; !slices.Equal(got, want) {
		t.Errorf("with an override production needs %q, want %q", got, want)
	}
}
