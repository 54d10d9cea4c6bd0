package runbooks

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
)

func source(t *testing.T, name string) runbook.Source {
	t.Helper()
	data, ok := Find(name)
	if !ok {
		t.Fatalf("%s does not ship", name)
	}
	return runbook.Source{Name: name, Data: data}
}

func load(t *testing.T, sites ...runbook.Source) *runbook.Document {
	t.Helper()
	doc, problems := runbook.Load(checks.Kinds(), source(t, "deployment.yaml"), sites...)
	if doc == nil || len(problems) > 0 {
		t.Fatalf("the shipped runbook has problems: %v", problems)
	}
	return doc
}

func TestNamesAndFind(t *testing.T) {
	if got := Names(); !slices.Equal(got, []string{"deployment"}) {
		t.Errorf("Names() = %v", got)
	}
	for name, want := range map[string]bool{"deployment": true, "deployment.yaml": true, "testbed.site.yaml": true, "testbed": false, "../runbooks/deployment": false, "": false} {
		if _, got := Find(name); got != want {
			t.Errorf("Find(%q) is %v, want %v", name, got, want)
		}
	}
}

// Every line of the SOP is in the runbook, in its own words and under its own heading.
func TestRunbookSaysWhatTheSOPSays(t *testing.T) {
	data, err := os.ReadFile("testdata/deployment-sop.md")
	if err != nil {
		t.Fatal(err)
	}
	sop, page := outline(string(data)), outline(runbook.Markdown(load(t).Runbook))
	if len(sop) < 70 {
		t.Fatalf("only %d lines found in the SOP", len(sop))
	}
	for _, line := range sop {
		if !slices.Contains(page, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range page {
		if !slices.Contains(sop, line) {
			t.Errorf("not in the SOP: %s", line)
		}
	}
	if !slices.Equal(sop, page) {
		t.Errorf("the order differs:\n%s\n---\n%s", strings.Join(sop, "\n"), strings.Join(page, "\n"))
	}
}

// outline is each heading, list item and paragraph of a page with the headings that it stands under. The table and
// the lines about the document itself, at its head and foot, are left out.
func outline(page string) []string {
	var out, under []string
	for line := range strings.SplitSeq(page, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line == "---" || strings.HasPrefix(line, "|") || strings.HasPrefix(line, "<") || strings.HasPrefix(line, "**"):
		case strings.HasPrefix(line, "#"):
			level := len(line) - len(strings.TrimLeft(line, "#"))
			under = append(under[:min(level-1, len(under))], line)
			out = append(out, strings.Join(under, " › "))
		default:
			out = append(out, strings.Join(under, " › ")+" › "+line)
		}
	}
	return out
}

func TestRunbookResolves(t *testing.T) {
	plan, problems := runbook.Resolve(load(t), runbook.Choice{Inputs: map[string]string{"version": "v1.4.2", "watch": "2m"}})
	if plan == nil || len(problems) > 0 {
		t.Fatalf("Resolve: %v", problems)
	}
	if plan.Environment != "production" {
		t.Errorf("the target is %q", plan.Environment)
	}
	steps := stepsOf(plan)
	if got := steps["watch"].Watch.For.D; got != 2*time.Minute {
		t.Errorf("the watch lasts %v", got)
	}
	if got := steps["execute"].Deploy.Hold.D; got != 5*time.Minute {
		t.Errorf("a share is held for %v", got)
	}
	if got := steps["smoke-tests"].Verify[0].Params["url"]; got != "https://staging.example/healthz" {
		t.Errorf("the smoke test asks %v", got)
	}
	var endpoints struct {
		Services []string `yaml:"services"`
		Min      int      `yaml:"min,omitempty"`
	}
	if err := runbook.DecodeParams(steps["dependencies-available"].Verify[0], &endpoints); err != nil || !slices.Equal(endpoints.Services, []string{"postgres", "redis"}) {
		t.Errorf("dependencies: %+v, %v", endpoints, err)
	}
	if len(plan.Metrics["staging"]) != 6 || !strings.Contains(plan.Metrics["staging"][0].Query, `namespace="staging"`) {
		t.Errorf("metrics of staging: %+v", plan.Metrics["staging"])
	}
}

// A site whose database no CronJob puts back does it by hand: nothing is started, and no word is typed for it.
func TestRestoreWithoutAJob(t *testing.T) {
	for restore, job := range map[string]string{"": "", "  ''": "", "  nightly-restore": "nightly-restore"} {
		site := runbook.Source{Name: "site.yaml", Data: []byte("apiVersion: sop/v1\nkind: Site\nenvironments:\n  production:\n    values: {restore: " + restore + "}\n")}
		if restore == "" { // the site says nothing about it
			site.Data, job = []byte("apiVersion: sop/v1\nkind: Site\nenvironments:\n  production: {namespace: production}\n"), "db-restore"
		}
		plan, problems := runbook.Resolve(load(t, site), runbook.Choice{Inputs: map[string]string{"version": "v1.4.2"}})
		if plan == nil || len(problems) > 0 {
			t.Fatalf("%s: %v", site.Data, problems)
		}
		step := stepsOf(plan)["rollback-database"]
		switch {
		case step.When == "":
			t.Errorf("restore: %s: it is asked for after every rollback", restore)
		case job == "" && (!step.IsManual() || step.Job != nil || step.Confirm != ""):
			t.Errorf("restore: %s: it is no hand item: %+v", restore, step)
		case job != "" && (step.Job == nil || step.Job.CronJob != job || step.Confirm != "restore"):
			t.Errorf("restore: %s: it does not run %s: %+v", restore, job, step)
		}
	}
}

// Whoever reads a step finds what goes wrong without it and what to do, and no step waits for a text that is filled
// in wrongly.
func TestEveryStepTeaches(t *testing.T) {
	plan, _ := runbook.Resolve(load(t), runbook.Choice{Inputs: map[string]string{"version": "v1.4.2"}})
	for id, s := range stepsOf(plan) {
		for name, text := range map[string]string{"why": s.Why, "how": s.How} {
			if len(text) < 20 || strings.Contains(text, "${") || !strings.HasSuffix(strings.TrimRight(text, `"'`), ".") {
				t.Errorf("%s of step %s: %q", name, id, text)
			}
		}
	}
}

func stepsOf(plan *runbook.Plan) map[string]runbook.Step {
	steps := map[string]runbook.Step{}
	for _, p := range plan.Runbook.Phases {
		for _, s := range p.Sections {
			for _, st := range s.Steps {
				steps[st.ID] = st
			}
		}
	}
	for _, st := range plan.Runbook.Rollback.Steps {
		steps[st.ID] = st
	}
	return steps
}

func TestSiteFileFits(t *testing.T) {
	doc := load(t, source(t, "testbed.site.yaml"))
	given := map[string]string{"version": "v2-bad-errors", "prometheus-url": "http://127.0.0.1:41234", "app-url": "http://127.0.0.1:41235"}
	plan, problems := runbook.Resolve(doc, runbook.Choice{Inputs: given})
	if plan == nil || len(problems) > 0 {
		t.Fatalf("Resolve: %v", problems)
	}
	for _, name := range []string{"staging", "production"} {
		e := plan.Env(name)
		if e.Prometheus.URL != "http://127.0.0.1:41234" || e.Context != "testbed" || e.Namespace != name {
			t.Errorf("environment %s: %+v", name, e)
		}
		for _, m := range plan.Metrics[name] {
			if strings.Contains(m.Query+m.Numerator+m.Denominator, "[2m]") {
				t.Errorf("metric %s still looks back 2m", m.Name)
			}
		}
	}
	if api, _ := plan.Component("api"); api.Image != "registry.example/api:v2-bad-errors" {
		t.Errorf("image %q", api.Image)
	}
	if got := stepsOf(plan)["validate"].Verify[0].Params["url"]; got != "http://127.0.0.1:41235/healthz" {
		t.Errorf("url %v", got)
	}
}
