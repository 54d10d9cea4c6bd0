package forge_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/rollout/practice/forge"
)

var built = time.Date(2026, 3, 10, 6, 0, 0, 0, time.UTC)

const base = "https://github.example/api/v3/repos/political-sphere/platform"

// made is a repository whose state the test may change.
func made(state *forge.State) *forge.Repository {
	return forge.New(forge.Options{
		Owner: "political-sphere", Name: "platform", Running: "v1.4.1", Release: "v1.4.2", Seed: 1, Built: built,
		Now:   func() time.Time { return built.Add(4 * time.Hour) },
		State: func() forge.State { return *state },
	})
}

// ask puts a request to the API; header is name, value, name, value …
func ask(r *forge.Repository, path string, header ...string) *httptest.ResponseRecorder {
	if !strings.HasPrefix(path, "https:") {
		path = base + path
	}
	in := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		in.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, in)
	return rec
}

// into asks and reads the answer.
func into[T any](t *testing.T, r *forge.Repository, path string) T {
	t.Helper()
	var v T
	rec := ask(r, path)
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%s: %d, %v: %s", path, rec.Code, err, rec.Body)
	}
	return v
}

func sha(t *testing.T, r *forge.Repository, ref string) string {
	t.Helper()
	rec := ask(r, "/commits/"+url.PathEscape(ref), "Accept", "application/vnd.github.sha")
	if rec.Code != http.StatusOK || !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(rec.Body.String()) {
		t.Fatalf("the commit of %s: %d %s", ref, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func TestCommitsByAnyReference(t *testing.T) {
	r := made(&forge.State{})
	release := sha(t, r, "v1.4.2")
	for _, ref := range []string{"tags/v1.4.2", "refs/tags/v1.4.2", release, release[:7], strings.ToUpper(release[:12])} {
		if got := sha(t, r, ref); got != release {
			t.Errorf("%s is %s, want %s", ref, got, release)
		}
	}
	if sha(t, r, "main") != sha(t, r, "refs/heads/main") || sha(t, r, "main") == release || sha(t, r, "v1.4.1") == release {
		t.Error("main, the release and what runs are not three commits")
	}
	for path, want := range map[string]int{
		"/commits/v9.9.9": 422, "/commits/abc": 422, "/commits/v9.9.9/check-runs": 422, "/branches/nosuch": 404, "/nosuch": 404,
		"https://github.example/api/v3/repos/political-sphere/nosuch": 404, "https://github.example/other": 404,
		"/compare/main": 404, "/compare/main...v9.9.9": 404, "/releases/tags/main": 404,
	} {
		rec := ask(r, path)
		var body struct{ Message, Status string }
		if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || rec.Code != want || body.Message == "" || body.Status != fmt.Sprint(rec.Code) {
			t.Errorf("%s: %d %s, want %d", path, rec.Code, rec.Body, want)
		}
	}
}

type runs struct {
	Total int `json:"total_count"`
	Runs  []struct {
		Name, Status           string
		Conclusion             *string
		StartedAt, CompletedAt *time.Time
		HeadSHA                string `json:"head_sha"`
	} `json:"check_runs"`
}

func TestCheckRunsComeInPages(t *testing.T) {
	state := forge.State{Checks: map[string]string{"e2e": "failure", "zap": "in_progress", "audit": forge.Missing}}
	r := made(&state)
	path, seen := "/commits/v1.4.2/check-runs?filter=latest&per_page=5", map[string]string{}
	next := regexp.MustCompile(`<([^>]*)>; rel="next"`)
	pages := 0
	for ; path != "" && pages < 9; pages++ {
		rec := ask(r, path)
		var page runs
		if err := json.Unmarshal(rec.Body.Bytes(), &page); err != nil || page.Total != len(forge.Checks())-1 || len(page.Runs) > 5 {
			t.Fatalf("%s: %v %s", path, err, rec.Body)
		}
		for _, run := range page.Runs {
			seen[run.Name] = run.Status
			if run.Conclusion != nil {
				seen[run.Name] += "/" + *run.Conclusion
			}
		}
		path = ""
		if m := next.FindStringSubmatch(rec.Header().Get("Link")); m != nil {
			path = m[1]
		}
	}
	if pages != 3 || len(seen) != len(forge.Checks())-1 || seen["e2e"] != "completed/failure" || seen["zap"] != "in_progress" || seen["build"] != "completed/success" {
		t.Errorf("%d pages: %v", pages, seen)
	}
	if got := into[runs](t, r, "/commits/v1.4.1/check-runs?per_page=100"); got.Total != len(forge.Checks()) || *got.Runs[4].Conclusion != "success" {
		t.Errorf("what runs already is not green: %+v", got)
	}
	if got := into[runs](t, r, "/commits/v1.4.2/check-runs?check_name=e2e"); got.Total != 1 {
		t.Errorf("one check by its name: %+v", got)
	}
}

func TestStatusOfAll(t *testing.T) {
	type status struct {
		State    string
		Total    int `json:"total_count"`
		Statuses []struct{ Context, State string }
	}
	for word, want := range map[string]string{"": "success", "pending": "pending", "failure": "failure", "error": "failure"} {
		r := made(&forge.State{Statuses: map[string]string{"license/cla": word}})
		if got := into[status](t, r, "/commits/v1.4.2/status"); got.State != want || got.Total != 2 {
			t.Errorf("with one that is %q: %+v, want %s", word, got, want)
		}
	}
	none := made(&forge.State{Statuses: map[string]string{"license/cla": forge.Missing, "deploy/preview": forge.Missing}})
	if got := into[status](t, none, "/commits/v1.4.2/status"); got.State != "pending" || got.Total != 0 || got.Statuses == nil {
		t.Errorf("with none: %+v", got)
	}
}

func TestMergedOrNot(t *testing.T) {
	type comparison struct {
		Status string
		Ahead  int `json:"ahead_by"`
		Behind int `json:"behind_by"`
	}
	state := forge.State{}
	r := made(&state)
	cases := []struct {
		unmerged   bool
		base, head string
		want       comparison
	}{
		{false, "main", "v1.4.2", comparison{"behind", 0, 1}},
		{false, "v1.4.1", "v1.4.2", comparison{"ahead", 4, 0}},
		{false, "v1.4.2", "v1.4.2", comparison{"identical", 0, 0}},
		{true, "main", "v1.4.2", comparison{"diverged", 1, 1}},
		{true, "v1.4.2", "main", comparison{"diverged", 1, 1}},
		{true, "v1.4.1", "v1.4.2", comparison{"ahead", 4, 0}},
		{true, "main", "v1.4.1", comparison{"behind", 0, 4}},
	}
	for _, c := range cases {
		state.Unmerged = c.unmerged
		if got := into[comparison](t, r, "/compare/"+c.base+"..."+c.head+"?per_page=1"); got != c.want {
			t.Errorf("%s...%s, unmerged %t: %+v, want %+v", c.base, c.head, c.unmerged, got, c.want)
		}
		if c.base == "v1.4.2" && c.head == "main" {
			continue
		}
		code := r.Git("merge-base", "--is-ancestor", line(r, c.head), line(r, c.base)).Code
		if (code == 0) != (c.want.Ahead == 0) {
			t.Errorf("git says %d of %s being part of %s, unmerged %t", code, c.head, c.base, c.unmerged)
		}
	}
}

// line is what git rev-parse prints of a revision.
func line(r *forge.Repository, revision string) string {
	return strings.TrimSpace(r.Git("rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}").Stdout)
}

func TestProtectionOfMain(t *testing.T) {
	state := forge.State{}
	r := made(&state)
	type branch struct {
		Protected  bool
		Protection struct {
			Required struct{ Contexts []string } `json:"required_status_checks"`
		}
	}
	type rule struct {
		Type       string
		Parameters struct {
			Required []struct{ Context string } `json:"required_status_checks"`
		}
	}
	got := into[branch](t, r, "/branches/main")
	rules := into[[]rule](t, r, "/rules/branches/main?per_page=100&page=1")
	if !got.Protected || !slices.Contains(got.Protection.Required.Contexts, "build") || rules[0].Type != "required_status_checks" || len(rules[0].Parameters.Required) != 2 {
		t.Errorf("%+v %+v", got, rules)
	}
	if rec := ask(r, "/branches/main/protection/required_status_checks"); rec.Code != http.StatusUnauthorized {
		t.Errorf("the protection is told to anybody: %d", rec.Code)
	}
	if rec := ask(r, "/branches/main/protection/required_status_checks", "Authorization", "Bearer "+forge.Token); rec.Code != http.StatusOK {
		t.Errorf("the protection is not told to who has a token: %d", rec.Code)
	}
	state.Unprotected = true
	if got := into[branch](t, r, "/branches/main"); got.Protected || len(got.Protection.Required.Contexts) != 0 || len(into[[]rule](t, r, "/rules/branches/main")) != 0 {
		t.Errorf("unprotected: %+v", got)
	}
}

func TestCachingTokensAndLimits(t *testing.T) {
	state := forge.State{}
	r := made(&state)
	first := ask(r, "/commits/v1.4.2/check-runs")
	etag := first.Header().Get("ETag")
	if again := ask(r, "/commits/v1.4.2/check-runs", "If-None-Match", etag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("asked again: %d", again.Code)
	}
	state.Checks = map[string]string{"unit": "failure"}
	if again := ask(r, "/commits/v1.4.2/check-runs", "If-None-Match", etag); again.Code != http.StatusOK {
		t.Errorf("asked again after a change: %d", again.Code)
	}
	if wrong := ask(r, "/commits/v1.4.2", "Authorization", "Bearer of-the-user"); wrong.Code != http.StatusUnauthorized || !strings.Contains(wrong.Body.String(), "Bad credentials") {
		t.Errorf("a wrong token: %d %s", wrong.Code, wrong.Body)
	}
	if first.Header().Get("X-RateLimit-Remaining") == "0" || first.Header().Get("X-RateLimit-Limit") != "5000" {
		t.Errorf("the limits are %v", first.Header())
	}
	state.RateLimited = true
	out := ask(r, "/commits/v1.4.2")
	if out.Code != http.StatusForbidden || out.Header().Get("X-RateLimit-Remaining") != "0" || out.Header().Get("X-RateLimit-Reset") != fmt.Sprint(built.Add(5*time.Hour).Unix()) {
		t.Errorf("out of requests: %d %v", out.Code, out.Header())
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, base+"/statuses/abc", nil))
	if rec.Code == http.StatusOK {
		t.Error("somebody could write")
	}
}

func TestGitSaysWhatTheAPISays(t *testing.T) {
	state := forge.State{}
	r := made(&state)
	release := sha(t, r, "v1.4.2")
	cases := []struct {
		args string
		want forge.Said
	}{
		{"rev-parse HEAD", forge.Said{Stdout: release + "\n"}},
		{"rev-parse --short v1.4.2", forge.Said{Stdout: release[:7] + "\n"}},
		{"rev-parse --verify --quiet --end-of-options refs/remotes/origin/main^{commit}", forge.Said{Stdout: sha(t, r, "main") + "\n"}},
		{"rev-parse --verify --quiet --end-of-options v9.9.9^{commit}", forge.Said{Code: 1}},
		{"rev-parse --is-shallow-repository", forge.Said{Stdout: "false\n"}},
		{"cat-file -t refs/tags/v1.4.2", forge.Said{Stdout: "tag\n"}},
		{"cat-file -t HEAD", forge.Said{Stdout: "commit\n"}},
		{"cat-file -e v9.9.9", forge.Said{Code: 1}},
		{"status --porcelain=v1 -z --untracked-files=normal", forge.Said{}},
		{"fetch --quiet --no-recurse-submodules --tags origin", forge.Said{}},
		{"branch -r --contains v1.4.2", forge.Said{Stdout: "  origin/HEAD -> origin/main\n  origin/main\n"}},
		{"tag --points-at HEAD", forge.Said{Stdout: "v1.4.2\n"}},
		{"-c core.pager=cat remote get-url origin", forge.Said{Stdout: "https://github.example/political-sphere/platform.git\n"}},
	}
	for _, c := range cases {
		if got := r.Git(strings.Fields(c.args)...); got != c.want {
			t.Errorf("git %s: %+v, want %+v", c.args, got, c.want)
		}
	}
	if got := r.Git("log", "--oneline", "v1.4.1..v1.4.2"); strings.Count(got.Stdout, "\n") != 4 || !strings.HasPrefix(got.Stdout, release[:7]) {
		t.Errorf("the log is\n%s", got.Stdout)
	}
	state.Dirty, state.Unmerged = true, true
	if got := r.Git("status", "--porcelain=v1", "-z"); got.Stdout == "" {
		t.Error("a changed file is not told")
	}
	if got := r.Git("branch", "-r", "--contains", "v1.4.2"); strings.Contains(got.Stdout, "main") {
		t.Errorf("an unmerged commit is on %s", got.Stdout)
	}
}

// Whatever it is asked, git ends and does not fall over.
func TestGitTakesAnything(t *testing.T) {
	r := made(&forge.State{})
	words := rapid.SampledFrom([]string{
		"rev-parse", "merge-base", "status", "cat-file", "branch", "tag", "log", "--contains", "--points-at", "-c", "-C", "-e", "--short",
		"--is-ancestor", "HEAD", "main..", "..", "v1.4.2", "^{", "", "-", "--", "\x00", "main^{tree}", "--no-pager",
	})
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOfN(words, 0, 5).Draw(t, "args")
		if got := r.Git(args...); got.Code < 0 || got.Code > 129 {
			t.Fatalf("git %q: %+v", args, got)
		}
	})
}

func TestFilesOfTheCheckout(t *testing.T) {
	state := forge.State{}
	r := made(&state)
	files := r.Files()
	if err := fstest.TestFS(files, forge.Paths()...); err != nil {
		t.Fatal(err)
	}
	log, err := fs.ReadFile(files, "CHANGELOG.md")
	if err != nil || !strings.Contains(string(log), "## [v1.4.2] - 2026-03-10\n") || !strings.Contains(string(log), "## [v1.4.1] - 2026-03-02\n") {
		t.Errorf("CHANGELOG.md: %v\n%s", err, log)
	}
	if info, err := fs.Stat(files, "migrations/0042_lobby.up.sql"); err != nil || !info.ModTime().Equal(built.Add(-40*time.Minute)) {
		t.Errorf("the migration: %v, %v", info, err)
	}
	state.Unlisted, state.Without = true, []string{"migrations/0042_lobby.down.sql"}
	log, err = fs.ReadFile(files, "CHANGELOG.md")
	if err != nil || strings.Contains(string(log), "v1.4.2") {
		t.Errorf("the entry is still there: %v\n%s", err, log)
	}
	if got, err := fs.Glob(files, "migrations/0042*"); err != nil || !slices.Equal(got, []string{"migrations/0042_lobby.up.sql"}) {
		t.Errorf("migrations: %v, %v", got, err)
	}
}

func TestOtherVersionsAreReleasesToo(t *testing.T) {
	r := forge.New(forge.Options{
		Owner: "political-sphere", Name: "platform", Running: "v1", Release: "v2", Built: built, Now: func() time.Time { return built },
		Other: func(v string) bool { return v == "v3" },
	})
	got := into[struct{ Status string }](t, r, "/compare/main...v3")
	if got.Status != "behind" || r.Commit("v3") == r.Commit("v2") || r.Commit("v4") != "" {
		t.Errorf("%+v, %s", got, r.Commit("v3"))
	}
	if got := into[runs](t, r, "/commits/v3/check-runs"); got.Total != len(forge.Checks()) {
		t.Errorf("%+v", got)
	}
	// A client asks for the hash of the tag first, and for everything else by the hash.
	sha := r.Commit("v3")
	if got := into[runs](t, r, "/commits/"+sha+"/check-runs"); got.Total != len(forge.Checks()) {
		t.Errorf("by its hash: %+v", got)
	}
	if got := into[struct{ Status string }](t, r, "/compare/main..."+sha); got.Status != "behind" {
		t.Errorf("by its hash: %+v", got)
	}
	other := forge.New(forge.Options{Owner: "political-sphere", Name: "platform", Running: "v1", Release: "v2", Seed: 7, Built: built})
	if other.Commit("v2") == r.Commit("v2") {
		t.Error("another seed gave the same commit")
	}
}
