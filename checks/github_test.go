package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const commitID = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

// forge plays the part of GitHub that the kind asks, for one repository o/r with one commit.
type forge struct {
	runs     []map[string]any
	statuses []map[string]any
	compared string
	ahead    int
	required []map[string]any // by protection
	rules    []map[string]any
	refuse   map[string]int // status by a part of the path
	total    int            // of the check runs, when it is wrong
	asked    []string
	sent     []http.Header
}

func newForge() *forge {
	return &forge{compared: "behind", runs: []map[string]any{aRun("build", "success"), aRun("test", "success")}}
}

func aRun(name, conclusion string, more ...any) map[string]any {
	m := params("name", name, "status", "completed", "conclusion", conclusion, "app", params("id", 15368))
	if conclusion == "" {
		m["status"], m["conclusion"] = "in_progress", nil
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v3"), "/repos/o/r")
	f.asked = append(f.asked, r.URL.RequestURI())
	f.sent = append(f.sent, r.Header)
	for part, status := range f.refuse {
		if strings.Contains(r.URL.Path, part) {
			w.WriteHeader(status)
			io.WriteString(w, `{"message":"No \u001b[2J luck"}`)
			return
		}
	}
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	page := func(list []map[string]any) []map[string]any {
		var n, size int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &n)
		_, _ = fmt.Sscan(r.URL.Query().Get("per_page"), &size)
		return list[min((n-1)*size, len(list)):min(n*size, len(list))]
	}
	switch {
	case path == "/commits/v1" || path == "/commits/feature/x":
		io.WriteString(w, commitID)
	case strings.HasSuffix(path, "/check-runs"):
		total := len(f.runs) + f.total
		answer(params("total_count", total, "check_runs", append([]map[string]any{}, page(f.runs)...)))
	case strings.HasSuffix(path, "/status"):
		answer(params("total_count", len(f.statuses), "statuses", append([]map[string]any{}, page(f.statuses)...)))
	case path == "/compare/main..."+commitID:
		answer(params("status", f.compared, "ahead_by", f.ahead))
	case path == "/branches/main":
		answer(params("name", "main", "protection", params("required_status_checks", params("contexts", []string{}, "checks", f.required))))
	case path == "/rules/branches/main":
		answer(append([]map[string]any{}, page(f.rules)...))
	case path == "":
		answer(params("default_branch", "main"))
	default:
		w.WriteHeader(http.StatusUnprocessableEntity)
		answer(params("message", "No commit found for SHA: x"))
	}
}

// github is a bench whose one worker is kept from look to look, as limits and answers are.
type github struct {
	*bench
	kept *Worker
}

func newGitHub(t *testing.T, rt http.RoundTripper, more func(*Sources)) *github {
	b := newBench(t)
	b.http, b.more = rt, more
	return &github{bench: b, kept: b.worker()}
}

func (g *github) look(p map[string]any) (r run.Result) {
	g.t.Helper()
	return g.expecting(p, "")
}

func (g *github) expecting(p map[string]any, expect string) (r run.Result) {
	g.t.Helper()
	g.clock.Run(func() { r = g.now(p, expect) })
	return r
}

// now looks within a goroutine of the clock.
func (g *github) now(p map[string]any, expect string) (r run.Result) {
	all := params("repository", "o/r", "ref", "v1")
	for k, v := range p {
		all[k] = v
	}
	work := g.work(runbook.Check{Kind: "github", Params: all, Expect: expect})
	body := work.Body.(run.CheckWork)
	body.Once = true
	work.Body = body
	if err := g.kept.Do(context.Background(), work, func(o run.Observation) { r = o.(run.Checked).Result }); err != nil {
		g.t.Error(err)
	}
	g.inspect(r)
	return r
}

func TestGitHub(t *testing.T) {
	runs := func(list ...map[string]any) func(*forge) { return func(f *forge) { f.runs = list } }
	var many []map[string]any
	for i := range 250 {
		many = append(many, aRun(fmt.Sprintf("job %d", i), "success"))
	}
	at := func(minute int) string { return fmt.Sprintf("2026-03-02T09:%02d:00Z", minute) }
	required := func(names ...string) func(*forge) {
		return func(f *forge) {
			for _, name := range names {
				f.required = append(f.required, params("context", name, "app_id", 15368))
			}
		}
	}
	rules := func(name string) func(*forge) {
		return func(f *forge) {
			f.rules = []map[string]any{params("type", "deletion"), params("type", "required_status_checks", "parameters", params("required_status_checks", []any{params("context", name)}))}
		}
	}
	for _, c := range []struct {
		name   string
		before func(*forge)
		params map[string]any
		status run.Status
		bad    float64
		words  []string
	}{
		{"green", nil, nil, run.Passed, 0, []string{"v1: 2 checks green", "gh api 'repos/o/r/commits/" + commitID + "/check-runs?filter=latest'", "all checks green"}},
		{"green and merged", nil, params("checks", "all", "merged", "main"), run.Passed, 0, []string{"2 checks green; on main", "compare/main..." + commitID}},
		{"merged alone", func(f *forge) { f.runs = nil; f.compared = "identical" }, params("merged", "main"), run.Passed, 0, []string{"v1: on main"}},
		{"not merged", func(f *forge) { f.compared, f.ahead = "diverged", 3 }, params("merged", "main"), run.Failed, 3, []string{"is not on main, which lacks 3 commits of it"}},
		{"ahead of main", func(f *forge) { f.compared, f.ahead = "ahead", 1 }, params("merged", "main"), run.Failed, 1, []string{"lacks 1 commit of it"}},
		{"a comparison that says nothing", func(f *forge) { f.compared = "\x1b?" }, params("merged", "main"), run.Unknown, 0, []string{"says nothing"}},
		{"no such branch", func(f *forge) { f.refuse = map[string]int{"compare": 404} }, params("merged", "main"), run.Unknown, 0, []string{"compare with the branch main"}},
		{"failure", runs(aRun("build", "success"), aRun("test", "failure")), nil, run.Failed, 1, []string{"test failure, 1 check green"}},
		{"cancelled", runs(aRun("test", "cancelled")), nil, run.Failed, 1, []string{"test cancelled"}},
		{"timed out", runs(aRun("test", "timed_out")), nil, run.Failed, 1, []string{"test timed out"}},
		{"wants an action", runs(aRun("test", "action_required")), nil, run.Failed, 1, []string{"test action required"}},
		{"a conclusion nobody knows", runs(aRun("test", "splendid\x07")), nil, run.Failed, 1, []string{"test splendid^G"}},
		{"completed without a conclusion", runs(aRun("test", "x", "conclusion", nil)), nil, run.Failed, 1, []string{"no conclusion"}},
		{"running", runs(aRun("build", "success"), aRun("test", "")), nil, run.Failed, 1, []string{"test still running"}},
		{"queued", runs(aRun("test", "", "status", "queued")), nil, run.Failed, 1, []string{"still running"}},
		{"neutral and skipped", runs(aRun("build", "success"), aRun("docs", "skipped"), aRun("lint", "neutral")), nil, run.Passed, 0, []string{"1 check green, 2 skipped or neutral"}},
		{"nothing reported", runs(), nil, run.Unknown, 0, []string{"no check and no status has reported on 1a2b3c4d5e6f"}},
		{"nothing reported and not merged", func(f *forge) { f.runs = nil; f.compared, f.ahead = "ahead", 2 }, params("checks", "all", "merged", "main"), run.Failed, 2, []string{"no check", "not on main"}},
		{"a commit status", func(f *forge) {
			f.runs = nil
			f.statuses = []map[string]any{params("context", "ci/legacy", "state", "success")}
		}, nil, run.Passed, 0, []string{"1 check green"}},
		{"a status that failed", func(f *forge) { f.statuses = []map[string]any{params("context", "ci/legacy", "state", "error")} }, nil, run.Failed, 1, []string{"ci/legacy error"}},
		{"a status that is pending", func(f *forge) { f.statuses = []map[string]any{params("context", "ci/legacy", "state", "pending")} }, nil, run.Failed, 1, []string{"ci/legacy still running"}},
		{"many pages", runs(many...), nil, run.Passed, 0, []string{"250 checks green"}},
		{"a failure on the last page", runs(append(slices.Clone(many), aRun("last", "failure"))...), nil, run.Failed, 1, []string{"last failure"}},
		{"a list that is not whole", func(f *forge) { f.total = 5 }, nil, run.Unknown, 0, []string{"not whole"}},
		{"an endless list", func(f *forge) { f.runs = slices.Repeat(many, 5) }, nil, run.Unknown, 0, []string{"longer than 1000"}},
		{"run again", runs(aRun("e2e", "failure", "started_at", at(1), "completed_at", at(2)), aRun("e2e", "success", "started_at", at(5), "completed_at", at(6))), nil, run.Passed, 0, []string{"1 check green"}},
		{"run again and failed", runs(aRun("e2e", "success", "started_at", at(1), "completed_at", at(2)), aRun("e2e", "failure", "started_at", at(5), "completed_at", at(6))), nil, run.Failed, 1, nil},
		{"run again and not done", runs(aRun("e2e", "success", "started_at", at(1), "completed_at", at(2)), aRun("e2e", "", "started_at", at(5))), nil, run.Failed, 1, []string{"e2e still running"}},
		{"side by side under one name", runs(aRun("e2e", "failure", "started_at", at(1), "completed_at", at(4)), aRun("e2e", "success", "started_at", at(2), "completed_at", at(6))), nil, run.Failed, 1, []string{"e2e failure"}},
		{"one name of two apps", runs(aRun("e2e", "failure", "started_at", at(1), "completed_at", at(2), "app", params("id", 1)), aRun("e2e", "success", "started_at", at(3))), nil, run.Failed, 1, nil},
		{"named", runs(aRun("build", "success"), aRun("docs", "failure")), params("checks", []any{"build"}), run.Passed, 0, []string{"v1: 1 check green"}},
		{"named and not there", nil, params("checks", []any{"build", "deploy (eu, 1)"}), run.Failed, 1, []string{"deploy (eu, 1) not reported yet"}},
		{"required", func(f *forge) { required("build")(f); f.runs = append(f.runs, aRun("docs", "failure")) }, params("checks", "required", "merged", "main"), run.Passed, 0, []string{"1 check green"}},
		{"required and failed", func(f *forge) { required("build")(f); f.runs = []map[string]any{aRun("build", "failure")} }, params("checks", "required"), run.Failed, 1, []string{"build failure"}},
		{"required and not reported", required("build", "e2e"), params("checks", "required"), run.Failed, 1, []string{"e2e not reported yet"}},
		{"required of another app", func(f *forge) {
			required("build")(f)
			f.runs = []map[string]any{aRun("build", "success", "app", params("id", 666))}
		}, params("checks", "required"), run.Failed, 1, []string{"build not reported yet"}},
		{"required by rules", func(f *forge) { rules("test")(f); f.runs = append(f.runs, aRun("docs", "failure")) }, params("checks", "required"), run.Passed, 0, []string{"1 check green"}},
		{"required by both", func(f *forge) { required("build")(f); rules("e2e")(f) }, params("checks", "required"), run.Failed, 1, []string{"e2e not reported yet, 1 check green"}},
		{"nothing required", nil, params("checks", "required"), run.Passed, 0, []string{"2 checks green (all count: main requires none)"}},
		{"protection forbidden", func(f *forge) { f.refuse = map[string]int{"/branches/main": 403} }, params("checks", "required"), run.Passed, 0, []string{"(all count: what main requires cannot be read)"}},
		{"rules forbidden", func(f *forge) {
			required("build")(f)
			f.refuse = map[string]int{"/rules/": 403}
			f.runs = append(f.runs, aRun("docs", "failure"))
		}, params("checks", "required"), run.Failed, 1, []string{"docs failure", "cannot be read"}},
		{"a server without rules", func(f *forge) { required("build")(f); f.refuse = map[string]int{"/rules/": 404} }, params("checks", "required"), run.Passed, 0, []string{"1 check green"}},
		{"no such commit", nil, params("ref", "v9"), run.Failed, 1, []string{"there is no commit v9 in o/r"}},
		{"a ref with a slash", nil, params("ref", "feature/x"), run.Passed, 0, nil},
		{"no such repository", func(f *forge) { f.refuse = map[string]int{"/commits/v1": 404} }, nil, run.Unknown, 0, []string{"404 Not Found: No ^[[2J luck; if it is private, set GH_TOKEN"}},
		{"not logged in", func(f *forge) { f.refuse = map[string]int{"/commits/v1": 401} }, nil, run.Unknown, 0, []string{"401", "gh auth login"}},
		{"forbidden", func(f *forge) { f.refuse = map[string]int{"/check-runs": 403} }, nil, run.Unknown, 0, []string{"403"}},
		{"broken", func(f *forge) { f.refuse = map[string]int{"/status": 502} }, nil, run.Unknown, 0, []string{"502", "not available"}},
		{"Enterprise", nil, params("url", "https://github.example/api/v3/"), run.Passed, 0, []string{"gh api --hostname github.example", "github.example v1 of o/r"}},
		{"hostile names", runs(aRun("\x1b]52;c;aGk=\x07\u202e"+strings.Repeat("x", 5000), "failure")), nil, run.Failed, 1, []string{"^[]52", "<U+202E>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newForge()
			if c.before != nil {
				c.before(f)
			}
			g := newGitHub(t, serve(f.ServeHTTP), nil)
			r := g.look(c.params)
			want(t, r, c.status, c.words...)
			if r.Badness != c.bad {
				t.Errorf("badness %v, want %v", r.Badness, c.bad)
			}
			if r.Ill != (c.status == run.Unknown && !strings.Contains(c.name, "nothing reported")) {
				t.Errorf("ill is %v", r.Ill)
			}
			if r.Sensor != "api.github.com" && r.Sensor != "github.example" {
				t.Errorf("the sensor is %q", r.Sensor)
			}
			if c.status == run.Passed && r.Pin != commitID {
				t.Errorf("pinned to %q", r.Pin)
			}
		})
	}
}

func TestGitHubExpect(t *testing.T) {
	g := newGitHub(t, serve(newForge().ServeHTTP), nil)
	want(t, g.expecting(params("checks", "all", "merged", "main"), `self.merged && self.checks["build"] == "success" && self.failed == 0`), run.Passed)
	want(t, g.expecting(nil, `self.checks["build"] == "failure"`), run.Failed, `checks.build = "success"`)
}

func TestGitHubThatDoesNotAnswer(t *testing.T) {
	for _, c := range []struct {
		name  string
		rt    http.RoundTripper
		words string
	}{
		{"refused", fails(syscall.ECONNREFUSED), "connection refused"},
		{"a web page", says(200, "<!DOCTYPE html><html>log in"), "no commit's id"},
		{"a web page later", only("/commits/v1", says(200, commitID), says(200, "\n<html>log in")), "web page instead of JSON"},
		{"another JSON", only("/commits/v1", says(200, commitID), says(200, "{}")), "is the address that of the API?"},
		{"a list of something else", only("/commits/v1", says(200, commitID), says(200, "[1]")), "JSON of this API"},
		{"a cut body", only("/commits/v1", says(200, commitID), says(200, `{"total_count":2,"check_runs":[{"na`)), "JSON of this API"},
		{"a body that breaks off", only("/commits/v1", says(200, commitID), breaksOff()), "broke off"},
		{"an endless body", endless('['), "larger than"},
		{"a redirect to another host", serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}), "redirects to https://evil.example, which is not followed"},
		{"a redirect to metadata", serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://169.254.169.254/", http.StatusFound)
		}), "not followed"},
		{"304 out of nowhere", says(304, ""), "304"},
		{"hostile words", says(500, `{"message":"\u001b]52;c;x\u0007"}`), "^[]52"},
	} {
		r := newGitHub(t, c.rt, nil).look(nil)
		want(t, r, run.Unknown, "could not look", c.words)
		if !r.Ill || r.Sensor != "api.github.com" {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	b := newBench(t)
	b.http = b.hangs()
	r := b.look(runbook.Check{Kind: "github", Params: params("repository", "o/r", "ref", "v1"), Timeout: runbook.Duration{D: 3 * time.Second}})
	want(t, r, run.Unknown, "timed out after 3s", "gh api repos/o/r/commits/v1")
	b = newBench(t)
	b.more = func(s *Sources) { s.HTTP = nil }
	want(t, b.look(runbook.Check{Kind: "github", Params: params("repository", "o/r", "ref", "v1")}), run.Unknown, "no web server can be asked")
}

// only answers one path by one transport and the rest by another.
func only(path string, this, rest transport) transport {
	return func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, path) {
			return this(r)
		}
		return rest(r)
	}
}

func breaksOff() transport {
	return func(r *http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(`{"total_count":`), errorReader{io.ErrUnexpectedEOF})
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
	}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

func TestLintOfGitHub(t *testing.T) {
	for check, words := range map[string]string{
		"github: {ref: v1}":                                                         "lacks",
		"github: {repository: o, ref: v1}":                                          "not a repository",
		"github: {repository: o/../x, ref: v1}":                                     "not a repository",
		"github: {repository: o/.., ref: v1}":                                       "not a repository",
		"github: {repository: 'o/r?x', ref: v1}":                                    "not a repository",
		"github: {repository: o/r, ref: '-x'}":                                      "not the name of a git ref",
		"github: {repository: o/r, ref: v1, merged: 'a..b'}":                        "not the name of a branch",
		"github: {repository: o/r, ref: v1, url: 'ftp://x'}":                        "must begin with https",
		"github: {repository: o/r, ref: v1, url: 'https://github.com'}":             "https://api.github.com",
		"github: {repository: o/r, ref: v1, url: 'https://u:p@github.example'}":     "credentials",
		"github: {repository: o/r, ref: v1, url: 'https://169.254.169.254/api/v3'}": "blocked",
		"github: {repository: o/r, ref: v1, checks: ['']}":                          "the name is empty",
		"github: {repository: o/r, ref: v1, token: x}":                              `unknown key "token"`,
	} {
		_, problems := load(check)
		if len(problems) == 0 || !strings.Contains(problems[0].Message, words) {
			t.Errorf("%s: %v, want %q", check, problems, words)
		}
	}
}
