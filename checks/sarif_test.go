package checks

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// sarif is a SARIF log with one rule and these results.
func sarif(rule string, results ...string) string {
	return fmt.Sprintf(`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Tool","version":"1","rules":[%s]}},"results":[%s]}]}`, rule, strings.Join(results, ","))
}

func scans(more ...any) map[string]any {
	p := params(more...)
	p["reports"] = params("sast", params("url", artifacts+"codeql.sarif"))
	return p
}

func TestSARIFReportsOfTools(t *testing.T) {
	for _, c := range []struct {
		file   string
		status run.Status
		words  []string
	}{
		{"semgrep", run.Passed, []string{"Semgrep OSS 1.96.0: 0 critical, 0 high, 1 medium, 0 low, 1 suppressed"}},
		{"codeql", run.Failed, []string{"CodeQL 2.19.3: 1 critical, 1 high, 0 medium, 1 low", "critical: js/code-injection in src/run.js:7: This code execution", "high: js/clear-text-logging in src/log.js:1"}},
		{"trivy", run.Failed, []string{"Trivy 0.57.0: 1 critical, 0 high, 0 medium, 1 low", "CVE-2023-45853 in registry.example/api:1"}},
		{"zap", run.Failed, []string{"ZAP 2.15.0: 1 critical, 0 high, 0 medium, 0 low", "40012 in https://staging.example/search?q=1:1: Cross-site scripting"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			b := newBench(t)
			b.files = os.DirFS("testdata/sarif")
			r := b.look(runbook.Check{Kind: "sarif", Params: params("reports", params("scan", params("path", c.file+".sarif")))})
			want(t, r, c.status, c.words...)
			if c.status == run.Failed && r.Badness != 1 {
				t.Errorf("badness %v", r.Badness)
			}
		})
	}
	b := newBench(t)
	b.files = os.DirFS("testdata/sarif")
	r := b.look(runbook.Check{Kind: "sarif", Params: params("reports", params("all", params("path", "*.sarif"))), Expect: "self.critical == 3 && self.reports.all.tools.size() == 4"})
	want(t, r, run.Failed, "critical = 3", "3 findings of critical or above")
}

func TestSARIF(t *testing.T) {
	rated := func(score string) string {
		return `{"id":"R1","properties":{"security-severity":` + score + `}}`
	}
	result := `{"ruleId":"R1","message":{"text":"bad"}}`
	for _, c := range []struct {
		name   string
		log    string
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"none found", sarif(""), scans(), "", run.Passed, []string{"no finding of high or above in 1 report (Tool 1)", "no finding of critical or above, run through"}},
		{"critical", sarif(rated(`"9.0"`), result), scans(), "", run.Failed, []string{"1 finding of critical or above: R1: bad"}},
		{"critical as a number", sarif(rated(`9.8`), result), scans(), "", run.Failed, nil},
		{"high", sarif(rated(`"8.9"`), result), scans(), "", run.Warn, []string{"1 finding of high or above"}},
		{"medium", sarif(rated(`"6.9"`), result), scans(), "", run.Passed, []string{"1 medium"}},
		{"low", sarif(rated(`"0.0"`), result), scans(), "", run.Passed, []string{"1 low"}},
		{"of the result, not the rule", sarif(rated(`"1.0"`), `{"ruleId":"R1","properties":{"security-severity":"9.9"}}`), scans(), "", run.Failed, nil},
		{"a rating that is none", sarif(rated(`"NaN"`), result), scans(), "", run.Passed, []string{"1 medium"}},
		{"by index", sarif(rated(`"9.0"`), `{"ruleIndex":0}`), scans(), "", run.Failed, []string{"R1"}},
		{"by part of a rule", sarif(rated(`"9.0"`), `{"ruleId":"R1/2"}`), scans(), "", run.Failed, nil},
		{"a wrong index", sarif(rated(`"9.0"`)+`,{"id":"R2"}`, `{"ruleId":"R1","ruleIndex":1}`), scans(), "", run.Failed, nil},
		{"an index out of range", sarif(rated(`"9.0"`), `{"ruleId":"R1","ruleIndex":7}`), scans(), "", run.Failed, nil},
		{"level error where nothing is rated", sarif("", `{"level":"error"}`), scans(), "", run.Failed, []string{"a finding without a rule"}},
		{"level error of the rule", sarif(`{"id":"R1","defaultConfiguration":{"level":"error"}}`, result), scans(), "", run.Failed, nil},
		{"level error where others are rated", sarif(rated(`"1.0"`), `{"ruleId":"R2","level":"error"}`), scans(), "", run.Warn, []string{"1 high"}},
		{"no level means warning", sarif("", `{}`), scans("fail", "medium"), "", run.Failed, []string{"1 medium"}},
		{"note", sarif("", `{"level":"note"}`), scans("fail", "medium"), "", run.Warn, []string{"1 low"}},
		{"level none", sarif(rated(`"9.9"`), `{"ruleId":"R1","level":"none"}`), scans(), "", run.Passed, []string{"0 critical"}},
		{"kind pass", sarif(rated(`"9.9"`), `{"ruleId":"R1","kind":"pass"}`), scans(), "", run.Passed, nil},
		{"kind review", sarif(rated(`"9.9"`), `{"ruleId":"R1","kind":"review"}`), scans(), "", run.Passed, nil},
		{"an invented level", sarif("", `{"level":"fatal"}`), scans(), "", run.Failed, nil},
		{"suppressed", sarif("", `{"level":"error","suppressions":[{"kind":"external","status":"accepted"}]}`), scans(), "", run.Passed, []string{"1 suppressed"}},
		{"suppression rejected", sarif("", `{"level":"error","suppressions":[{"kind":"inSource"},{"kind":"external","status":"rejected"}]}`), scans(), "", run.Failed, nil},
		{"no suppression", sarif("", `{"level":"error","suppressions":[]}`), scans(), "", run.Failed, nil},
		{"unchanged since the baseline", sarif("", `{"level":"error","baselineState":"unchanged"}`), scans(), "", run.Failed, nil},
		{"gone since the baseline", sarif("", `{"level":"error","baselineState":"absent"}`), scans(), "", run.Passed, nil},
		{"properties of another shape", sarif(`{"id":"R1","properties":"none"}`, result), scans(), "", run.Passed, nil},
		{"expect", sarif("", `{"level":"warning"}`), scans(), "self.total <= 3 && self.medium == 1", run.Passed, []string{"total = 1, medium = 1"}},
		{"no run", `{"version":"2.1.0","runs":[]}`, scans(), "", run.Unknown, []string{"no run"}},
		{"no results", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}}}]}`, scans(), "", run.Unknown, []string{"T wrote no list of results"}},
		{"null results", `{"version":"2.1.0","runs":[{"results":null,"tool":{"driver":{"name":"T"}}}]}`, scans(), "", run.Unknown, []string{"no list of results"}},
		{"did not run through", `{"version":"2.1.0","runs":[{"results":[],"invocations":[{"executionSuccessful":false}],"tool":{"driver":{"name":"T"}}}]}`, scans(), "", run.Unknown, []string{"T says that it did not run through"}},
		{"says nothing of that", `{"version":"2.1.0","runs":[{"results":[],"invocations":[{}],"tool":{"driver":{"name":"T"}}}]}`, scans(), "", run.Unknown, nil},
		{"did not run through, and found enough", `{"version":"2.1.0","runs":[{"results":[{"level":"error"}],"invocations":[{"executionSuccessful":false}],"tool":{"driver":{"name":"T"}}}]}`, scans(), "", run.Failed, nil},
		{"one of two runs broken", `{"version":"2.1.0","runs":[{"results":[],"tool":{"driver":{"name":"A"}}},{"tool":{"driver":{"name":"B"}}}]}`, scans(), "", run.Unknown, []string{"B wrote no list"}},
		{"errors of the tool", `{"version":"2.1.0","runs":[{"results":[],"invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[{"level":"error"}]}],"tool":{"driver":{"name":"T"}}}]}`, scans(), "", run.Warn, []string{"T tells of 1 error in its own work"}},
		{"an override of the level", `{"version":"2.1.0","runs":[{"results":[{"ruleId":"R1","provenance":{"invocationIndex":0}}],"invocations":[{"executionSuccessful":true,"ruleConfigurationOverrides":[{"descriptor":{"id":"R1"},"configuration":{"level":"error"}}]}],"tool":{"driver":{"name":"T","rules":[{"id":"R1"}]}}}]}`, scans(), "", run.Failed, nil},
		{"another version", `{"version":"2.0.0","runs":[]}`, scans(), "", run.Unknown, []string{"SARIF 2.0.0"}},
		{"another document", `{"results":[]}`, scans(), "", run.Unknown, []string{"not SARIF"}},
		{"wrong types", `{"version":"2.1.0","runs":{}}`, scans(), "", run.Unknown, []string{"runs is a object"}},
		{"a key twice", `{"version":"2.1.0","runs":[{"tool":{},"results":[{"level":"error"}],"results":[]}]}`, scans(), "", run.Unknown, []string{`"results" stands twice`}},
		{"truncated", sarif("", result)[:90], scans(), "", run.Unknown, []string{"cannot be read"}},
		{"two documents", sarif("") + sarif(""), scans(), "", run.Unknown, []string{"after top-level value"}},
		{"deep", strings.Repeat(`[`, 1_000_000), scans(), "", run.Unknown, []string{"more than 200 deep"}},
		{"NUL", "{\"version\":\"\x00\"}", scans(), "", run.Unknown, []string{"cannot be read"}},
		{"broken UTF-8", "{\"version\":\"\xff\"}", scans(), "", run.Unknown, []string{"UTF-8"}},
		{"HTML", "<html><body>log in</body></html>", scans(), "", run.Unknown, []string{"HTML page"}},
		{"nothing", "", scans(), "", run.Unknown, []string{"it is empty"}},
		{"hostile words", sarif("", `{"level":"error","ruleId":"a\u001b]52;c;aGk=\u0007","message":{"text":"\u202eabc"}}`), scans(), "", run.Failed, []string{"a^[]52;c;aGk=^G: <U+202E>abc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = says(200, c.log)
			r := b.look(runbook.Check{Kind: "sarif", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if r.Sensor != "artifacts.example" {
				t.Errorf("sensor %q", r.Sensor)
			}
			if (c.status == run.Failed || c.status == run.Warn) && r.Badness <= 0 {
				t.Error("bad, and not said how bad")
			}
		})
	}
	for code, status := range map[int]run.Status{404: run.Failed, 410: run.Failed, 401: run.Unknown, 500: run.Unknown, 204: run.Unknown, 206: run.Unknown} {
		b := newBench(t)
		b.http = says(code, sarif(""))
		want(t, b.look(runbook.Check{Kind: "sarif", Params: scans()}), status, fmt.Sprint(code))
	}
}

// TestTheWorstFindingsAreShown: of many findings those are kept that matter.
func TestTheWorstFindingsAreShown(t *testing.T) {
	var results []string
	for i := range 30 {
		results = append(results, fmt.Sprintf(`{"ruleId":"N%d","level":%q}`, i, []string{"note", "warning", "note"}[i%3]))
	}
	results = append(results, `{"ruleId":"E","level":"error"}`)
	s, err := parseSARIF(bufio.NewReader(strings.NewReader(sarif("", results...))), nil)
	if err != nil || len(s.findings) != maxFailures || s.findings[0].words != "E" || s.findings[0].severity != critical || s.findings[1].severity != medium || s.findings[1].words != "N1" {
		t.Errorf("%+v, %v", s.findings, err)
	}
}

func BenchmarkSARIF(b *testing.B) {
	result := `{"ruleId":"R1","ruleIndex":0,"level":"warning","message":{"text":"a finding with some words"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/a.js"},"region":{"startLine":1}}}]}`
	log := sarif(`{"id":"R1"}`, result+strings.Repeat(","+result, 50_000))
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if _, err := parseSARIF(bufio.NewReader(strings.NewReader(log)), nil); err != nil {
			b.Fatal(err)
		}
	}
}
