package report

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// acted is a run whose first phase acts outside of the rollout: a Job that failed once, a yes, and messages of which one
// did not go out.
func acted(t *testing.T) *runtest.Drive {
	t.Helper()
	w := runtest.NewWorld()
	plan := runtest.Plan(
		t, "{id: config, title: Config}", `{id: config, title: Migrate, job: {cronJob: migrate}}
          - {id: yes, title: Yes, approve: {text: shall we}}
          - {id: say, title: Say, notify: {channel: news, text: we begin}}`,
		"rollback:\n  auto: false\n", `communication:
  every: 15m
  channels:
    news: {webhook: 'https://chat.example/news'}
  status: news
rollback:
  auto: false
`,
	)
	d := runtest.StartAs(t, plan, w, run.RunStarted{Operator: "alice", Environment: "production", Runbook: "small", Digest: plan.Digest})
	d.For(15 * time.Second)
	w.Outside.Fail["config"] = "exit code 1"
	d.Want(run.Start{Step: "config"})
	d.For(time.Minute)
	delete(w.Outside.Fail, "config")
	w.Outside.Takes["config"] = 20 * time.Second
	d.Want(run.Start{Step: "config"})
	d.For(time.Minute)
	d.Want(run.Start{Step: "yes"})
	d.Want(run.Approve{Step: "yes", By: "bob", Words: "go ahead"})
	d.Want(run.Start{Step: "say"})
	d.For(time.Minute)
	w.Outside.Fail[run.AboutStatus] = "the channel answers 502"
	d.Want(run.Update{Text: "half of it is done"})
	d.For(5 * time.Minute)
	return d
}

// Every attempt, every yes and every message is told, and what did not come out well stands out.
func TestReportOfActs(t *testing.T) {
	d := acted(t)
	r := told(d)
	if r.Flaw != "" {
		t.Fatal(r.Flaw)
	}
	text := markdownOf(t, r)
	for _, want := range []string{
		"## Approvals", "| Yes | bob<br>said-so | go ahead | **done** |", "## Actions", "| Migrate | job | alice | ", "**failed**: exit code 1 **!** |",
		"job<br>attempt 2", "**done**: came out well", "## Messages", "| Say | news | alice | we begin | **sent**<br>came out well |",
		"| status update | news | alice | half of it is done | **not sent**<br>the channel answers 502 **!** |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if t.Failed() {
		t.Logf("it says\n%s\nlog:%s", text, d.Log())
	}
}
