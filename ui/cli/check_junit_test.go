package cli

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestTheJUnitForm(t *testing.T) {
	step := func(id string, required bool, status run.Status) checkedStep {
		return checkedStep{
			ID: id, Title: "Title <of> " + id, Required: required, Status: status,
			Checks: []checkedCheck{
				{Kind: "window", Status: run.Passed, Summary: "good", ElapsedMS: 20},
				{Kind: "http", Status: status, Summary: "what was seen", Evidence: run.Evidence{Query: "GET https://example/healthz"}, ElapsedMS: 1250},
			},
		}
	}
	out := &strings.Builder{}
	a := &app{out: out}
	plan := &runbook.Plan{Runbook: &runbook.Runbook{Metadata: runbook.Metadata{Name: "deployment"}}, Environment: "production"}
	err := a.writeJUnit(plan, []checkedStep{
		step("good", true, run.Passed), step("bad", true, run.Failed), step("blind", true, run.Unknown),
		step("optional", false, run.Failed), step("absent", true, run.NotApplicable),
	})
	if err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal([]byte(out.String()), &suite); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if suite.Name != "deployment/production" || suite.Tests != 5 || suite.Failures != 1 || suite.Errors != 1 || suite.Skipped != 1 || suite.Time != "1.250" {
		t.Errorf("got %+v", suite)
	}
	for i, c := range suite.Cases {
		if got, want := c.Failure != nil, c.Class == "bad"; got != want {
			t.Errorf("case %d, %s: a failure: %v", i, c.Class, got)
		}
		if got, want := c.Error != nil, c.Class == "blind"; got != want {
			t.Errorf("case %d, %s: an error: %v", i, c.Class, got)
		}
		if got, want := c.Skipped != nil, c.Class == "absent"; got != want {
			t.Errorf("case %d, %s: skipped: %v", i, c.Class, got)
		}
		if !strings.Contains(c.Out, "http: what was seen\n  GET https://example/healthz") || c.Time != "1.250" {
			t.Errorf("case %s: %+v", c.Class, c)
		}
	}
	if bad := suite.Cases[1]; bad.Failure == nil || bad.Failure.Message != "http: what was seen" || bad.Name != "Title <of> bad" {
		t.Errorf("got %+v", bad)
	}
}
