package checks

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestJSON(t *testing.T) {
	const (
		k6        = `{"metrics": {"http_req_duration": {"p(95)": 141.2}, "http_req_failed": {"value": 0.0002}}}`
		hyperfine = `{"results": [{"command": "sop --help", "mean": 0.012, "median": 0.011}]}`
		fast      = `self.metrics.http_req_duration["p(95)"] < 200.0`
	)
	for _, c := range []struct {
		name, text, expect string
		status             run.Status
		words              []string
	}{
		{"k6", k6, fast, run.Passed, []string{"as expected", "p(95) = 141.2", "cat report.json"}},
		{"too slow", strings.Replace(k6, "141.2", "241.2", 1), fast, run.Failed, []string{"p(95) = 241.2, expected self.metrics"}},
		{"hyperfine", hyperfine, "self.results.all(r, r.mean < 0.1)", run.Passed, nil},
		{"a list", `[1, 2, 3]`, "self.size() == 3", run.Passed, nil},
		{"what is looked at is not there", hyperfine, fast, run.Unknown, []string{"could not judge"}},
		{"another type", `{"metrics": {"http_req_duration": {"p(95)": "fast"}}}`, fast, run.Unknown, []string{"could not judge"}},
		{"cut off", k6[:40], fast, run.Unknown, []string{"cannot be read"}},
		{"two documents", k6 + k6, fast, run.Unknown, []string{"cannot be read"}},
		{"a key twice", `{"a": 1, "a": 2}`, "self.a == 1.0", run.Unknown, []string{"twice"}},
		{"a page to log in", "<!DOCTYPE html><html><body>Log in</body></html>", fast, run.Unknown, []string{"cannot be read"}},
		{"too deep", strings.Repeat("[", 100000), fast, run.Unknown, []string{"cannot be read"}},
		{"hostile text", `{"name": "a\u001b]52;c;aGk=\u0007\u202e"}`, `self.name == "b"`, run.Failed, nil},
		{"nothing", "", fast, run.Unknown, []string{"empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.files = fstest.MapFS{"report.json": {Data: []byte(c.text)}}
			r := b.look(runbook.Check{Kind: "json", Params: params("path", "report.json"), Expect: c.expect})
			want(t, r, c.status, c.words...)
		})
	}
}

func TestJSONFromAnAddress(t *testing.T) {
	check := runbook.Check{Kind: "json", Params: params("url", "https://artifacts.example/v1/benchmark.json"), Expect: "self.ok"}
	for name, c := range map[string]struct {
		http   transport
		status run.Status
		words  string
	}{
		"good":          {says(200, `{"ok": true}`), run.Passed, "as expected"},
		"missing":       {says(404, "no"), run.Failed, "missing"},
		"forbidden":     {says(403, "no"), run.Unknown, "403"},
		"ill":           {says(502, "no"), run.Unknown, "502"},
		"no connection": {fails(errors.New("connection refused")), run.Unknown, "could not look"},
		"endless":       {endless('['), run.Unknown, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.http = c.http
			r := b.look(check)
			want(t, r, c.status, c.words)
			if r.Sensor != "artifacts.example" {
				t.Errorf("sensor %q", r.Sensor)
			}
		})
	}
}
