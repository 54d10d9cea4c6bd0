package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// toProduction is a run up to the press that deploys to production: a gate that stayed shut, an override, a deferral, a
// hand tick, and staging.
func toProduction(t *testing.T, w *runtest.World) *runtest.Drive {
	t.Helper()
	w.Looks["secret"] = run.Result{
		Status: run.Failed, Summary: "2 of 3 keys", Badness: 1, Sensor: "the cluster production",
		Evidence: []run.Evidence{{Observed: "a, b", Expected: "a, b, c", Source: "Secret production/app", Query: "kubectl -n production get secret app", ResourceVersion: "81"}},
	}
	w.Checks["later"] = run.Failed
	plan := runtest.Plan(t)
	d := runtest.StartAs(t, plan, w, run.RunStarted{Operator: "alice", Environment: "production", Runbook: "small", Digest: plan.Digest, Inputs: map[string]string{"version": "v2"}})
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "config", Note: "read it twice"})
	d.Want(run.OpenGate{})
	d.For(15 * time.Second)
	d.Want(run.Override{Step: "secret", Reason: "the third key is of no use any more"})
	d.Want(run.Defer{Step: "later", Note: "after the deploy"})
	d.Want(run.OpenGate{})
	d.For(15 * time.Second)
	d.Want(run.Start{Step: "roll"})
	d.Until("deployed to staging", 5*time.Minute, func(s run.State) bool { return s.Deploys["roll"].Stage == run.DeployDone })
	d.For(30 * time.Second)
	d.Want(run.OpenGate{})
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "notify", Note: "told them"})
	return d
}

// rolledBack is a run whose deploy was frozen for a while, whose metrics could not be asked for a while, and that was
// rolled back at last.
func rolledBack(t *testing.T) *runtest.Drive {
	t.Helper()
	w := runtest.NewWorld()
	d := toProduction(t, w)
	d.Want(run.Start{Step: "move"})
	d.Until("at its first share", 5*time.Minute, func(s run.State) bool { return s.Deploys["move"].Stage == run.Holding })
	d.For(30 * time.Second)
	d.Want(run.Freeze{})
	d.For(time.Minute)
	d.Want(run.Continue{Step: "move"})
	w.NoData = true
	d.For(time.Minute)
	w.NoData = false
	d.Until("deployed", 30*time.Minute, func(s run.State) bool { return s.Deploys["move"].Stage == run.DeployDone })
	d.For(30 * time.Second)
	d.Want(run.Start{Step: "watch"})
	d.For(2 * time.Minute)
	w.Errors = 30
	d.Until("tripped", 5*time.Minute, func(s run.State) bool { return len(s.Tripped()) > 0 })
	d.Want(run.Rollback{Because: "too many errors"})
	d.For(2 * time.Second)
	d.Want(run.Burn{})
	d.For(5 * time.Second)
	w.Errors = 0.1
	d.Until("restored", 30*time.Minute, func(s run.State) bool { return s.Rollback.Stage == run.Restored })
	d.Want(run.Reason{Text: "the new release answers with errors"})
	d.Want(run.Attest{Step: "tell", Note: "told them again"})
	return d
}

// passed is a run in which all went well.
func passed(t *testing.T) *runtest.Drive {
	t.Helper()
	w := runtest.NewWorld()
	d := toProduction(t, w)
	w.Looks, w.Checks = map[string]run.Result{}, map[string]run.Status{}
	d.Want(run.Start{Step: "move"})
	d.Until("deployed", 30*time.Minute, func(s run.State) bool { return s.Deploys["move"].Stage == run.DeployDone })
	d.For(30 * time.Second)
	d.Want(run.Start{Step: "watch"})
	d.For(11 * time.Minute)
	d.Want(run.OpenGate{})
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "report", Note: "said"})
	d.Want(run.OpenGate{})
	d.For(15 * time.Second)
	return d
}

// told is the report of a run as its journal has it.
func told(d *runtest.Drive) Report {
	var events []run.Stamped
	for _, e := range d.Events {
		if !run.IsVolatile(e.Event) {
			events = append(events, e)
		}
	}
	return Of(Source{
		Run: runtest.ID, Plan: d.S.Plan, Events: events,
		Journal: Journal{Whole: true, Records: len(events), Head: fmt.Sprintf("%d:%s", len(events), strings.Repeat("ab", 32))},
	})
}

func markdownOf(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func htmlOf(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonOf(t *testing.T, r Report) string {
	t.Helper()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data) + "\n"
}

// bodyOf is a page without its style, which says nothing of the run.
func bodyOf(page string) string {
	_, body, _ := strings.Cut(page, "<body>")
	return body
}

func TestReports(t *testing.T) {
	for name, play := range map[string]func(*testing.T) *runtest.Drive{"passed": passed, "rolled-back": rolledBack} {
		t.Run(name, func(t *testing.T) {
			r := told(play(t))
			t.Run("markdown", func(t *testing.T) { golden.RequireEqual(t, markdownOf(t, r)) })
			t.Run("html", func(t *testing.T) { golden.RequireEqual(t, bodyOf(htmlOf(t, r))) })
			t.Run("json", func(t *testing.T) { golden.RequireEqual(t, jsonOf(t, r)) })
		})
	}
}

// What the report tells of a rollback, and of what led to it.
func TestReportOfARollback(t *testing.T) {
	d := rolledBack(t)
	r := told(d)
	if r.Outcome != run.RolledBack || r.Verdict != run.VerdictFail || len(r.Tripped) != 1 || r.Open {
		t.Errorf("got %s, %s, tripped %v, open %v", r.Outcome, r.Verdict, r.Tripped, r.Open)
	}
	if rb := r.Rollback; rb == nil || rb.By != "alice" || rb.Because != "too many errors" || rb.Reason == "" || rb.Verified != run.Passed || len(rb.Components) != 2 {
		t.Fatalf("got %+v", rb)
	}
	for _, u := range r.Rollback.Components {
		if u.State != "took" || !strings.HasSuffix(u.To, ":v1") || u.TookAt.Before(r.Rollback.Burnt) {
			t.Errorf("got %+v", u)
		}
	}
	if o := r.Overrides; len(o) != 1 || o[0].Step != "secret" || o[0].By != "alice" || o[0].Status != run.Failed {
		t.Errorf("got overrides %+v", o)
	}
	if g := r.Gates; len(g) < 3 || g[0].Opened || g[0].By != "alice" || len(g[0].Blocking) != 2 || !g[1].Opened || !g[1].Matches || g[1].Hash == "" {
		t.Errorf("got gates %+v", g)
	}
	kinds := map[SpanKind]time.Duration{}
	for _, ro := range r.Rollouts {
		if ro.Step == "move" {
			if ro.Undone.IsZero() {
				t.Error("nothing says that the rollout was undone")
			}
			for _, s := range ro.Spans {
				kinds[s.Kind] += s.Took()
			}
		}
	}
	if kinds[SpanFrozen] < time.Minute || kinds[SpanHold] < 4*time.Minute || kinds[SpanMove] == 0 {
		t.Errorf("got spans %v", kinds)
	}
	if len(r.Charts) == 0 || r.Charts[len(r.Charts)-1].Unknown == 0 || len(r.Charts[len(r.Charts)-1].picture("c").Gaps) == 0 {
		t.Error("the minute without data is not told")
	}
}

// Every line that the State's log held at any time is in the report, also those that it forgot since.
func TestReportForgetsNoLine(t *testing.T) {
	d := toProduction(t, runtest.NewWorld())
	for i := range 700 {
		d.Want(run.Note{Text: fmt.Sprintf("note %d of many", i)})
	}
	if n := len(d.S.Log); n > 600 {
		t.Fatalf("the State keeps %d lines", n)
	}
	r := told(d)
	notes := 0
	for _, l := range r.Log {
		if l.Kind == (run.Noted{}).Kind() && l.By == "alice" {
			notes++
		}
	}
	if notes != 700 {
		t.Errorf("%d of 700 notes are told", notes)
	}
	if !r.Open || r.Outcome != run.NeedsPerson || !strings.Contains(markdownOf(t, r), "the run is not over") {
		t.Errorf("a run that goes on is told as %s, open %v", r.Outcome, r.Open)
	}
}

// A record that is cut anywhere is told as far as it goes, in every form.
func TestReportOfEveryPrefix(t *testing.T) {
	d := rolledBack(t)
	whole := told(d)
	for n := 0; n < len(d.Events); n += 7 {
		part := *d
		part.Events = d.Events[:n]
		r := told(&part)
		if r.Flaw != "" {
			t.Fatalf("after %d events: %s", n, r.Flaw)
		}
		if len(r.Log) > len(whole.Log) {
			t.Errorf("after %d events: %d lines", n, len(r.Log))
		}
		for _, text := range []string{markdownOf(t, r), htmlOf(t, r), jsonOf(t, r)} {
			if !strings.Contains(text, runtest.ID) {
				t.Errorf("after %d events the report does not name its run", n)
			}
		}
	}
}

// What is wrong with the record stands at its head.
func TestReportSaysWhatItCouldNotRead(t *testing.T) {
	d := toProduction(t, runtest.NewWorld())
	for name, c := range map[string]struct {
		src  Source
		want string
	}{
		"damaged":    {Source{Plan: d.S.Plan, Events: d.Events, Journal: Journal{Flaw: "journal.jsonl:7: damaged at byte 99"}}, "not whole: journal.jsonl:7"},
		"newer":      {Source{Plan: d.S.Plan, Events: d.Events, Journal: Journal{Whole: true, Unread: 3}}, "3 records are of kinds"},
		"no runbook": {Source{Events: d.Events, Journal: Journal{Whole: true}, Flaw: "read its runbook: no such file"}, "no such file"},
		"forged":     {Source{Plan: d.S.Plan, Events: append(d.Events[:3:3], run.Stamped{Event: run.CheckChanged{Step: "no such step", Index: 4}}), Journal: Journal{Whole: true}}, "does not fit the runbook"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Of(c.src)
			if text := markdownOf(t, r); !strings.Contains(text, c.want) {
				t.Errorf("the Markdown does not say %q:\n%.1500s", c.want, text)
			}
			if text := htmlOf(t, r); !strings.Contains(text, c.want) {
				t.Errorf("the page does not say %q", c.want)
			}
			if len(r.Log) == 0 {
				t.Error("nothing of what can be read is told")
			}
		})
	}
}

// A page loads nothing and runs nothing.
func TestPageStandsAlone(t *testing.T) {
	page := htmlOf(t, told(rolledBack(t)))
	for _, bad := range []string{"<script", "<link", "<img", "<iframe", "<object", "<use", "@import", "url(http", "url(//", "javascript:", " on"} {
		for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(page, -1) {
			if bad == " on" && regexp.MustCompile(`\son[a-z]+\s*=`).MatchString(tag) || bad != " on" && strings.Contains(strings.ToLower(tag), bad) {
				t.Errorf("the page has %s", tag)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?:href|src|xlink:href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page points to %s", m[1])
		}
	}
	if n := strings.Count(page, "<svg viewBox"); n < 3 || strings.Count(page, `role="img"`) != n || strings.Count(page, "<desc") != n {
		t.Errorf("%d drawings, %d of them named", n, strings.Count(page, "<desc"))
	}
	if !strings.Contains(page, "prefers-color-scheme:dark") {
		t.Error("the page has no dark look")
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is given twice", m[1])
		}
		ids[m[1]] = true
	}
}
