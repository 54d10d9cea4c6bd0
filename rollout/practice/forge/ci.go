package forge

import (
	"cmp"
	"hash/fnv"
	"time"
)

// The applications that report check runs.
const (
	actionsApp  = 15368
	scanningApp = 57789
)

// job is one of the checks that CI runs for every commit.
type job struct {
	name  string
	app   int
	took  time.Duration
	after time.Duration // from the commit to its start
	// required says who demands it of main: the protection of the branch, or a ruleset.
	required string
}

const (
	byProtection = "protection"
	byRuleset    = "ruleset"
)

var jobs = []job{
	{"build", actionsApp, 4 * time.Minute, time.Minute, byProtection},
	{"lint", actionsApp, 70 * time.Second, time.Minute, ""},
	{"unit", actionsApp, 3 * time.Minute, 5 * time.Minute, byProtection},
	{"integration", actionsApp, 9 * time.Minute, 5 * time.Minute, byProtection},
	{"e2e", actionsApp, 14 * time.Minute, 5 * time.Minute, byProtection},
	{"benchmark", actionsApp, 6 * time.Minute, 20 * time.Minute, ""},
	{"migration", actionsApp, 2 * time.Minute, 5 * time.Minute, ""},
	{"audit", actionsApp, 40 * time.Second, time.Minute, ""},
	{"gitleaks", actionsApp, 30 * time.Second, time.Minute, ""},
	{"semgrep", actionsApp, 2 * time.Minute, time.Minute, byRuleset},
	{"trivy", actionsApp, 2 * time.Minute, 6 * time.Minute, byRuleset},
	{"zap", actionsApp, 12 * time.Minute, 20 * time.Minute, ""},
	{"CodeQL", scanningApp, 11 * time.Minute, time.Minute, byProtection},
}

// contexts are the commit statuses, which older tools still write.
var contexts = []string{"deploy/preview", "license/cla"}

// Checks are the names of the check runs that there are.
func Checks() []string {
	var names []string
	for _, j := range jobs {
		names = append(names, j.name)
	}
	return names
}

// Contexts are the names of the commit statuses that there are.
func Contexts() []string { return contexts }

// Missing is what State.Checks says of a check that was never reported.
const Missing = "missing"

// Conclusions are what State.Checks can say of a check run.
func Conclusions() []string {
	return []string{
		"queued", "in_progress", Missing,
		"success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale", "startup_failure",
	}
}

// StatusStates are what State.Statuses can say of a commit status.
func StatusStates() []string { return []string{"success", "pending", "failure", "error", Missing} }

type checkRun struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	HeadSHA     string     `json:"head_sha"`
	Status      string     `json:"status"`
	Conclusion  *string    `json:"conclusion"`
	HTMLURL     string     `json:"html_url"`
	DetailsURL  string     `json:"details_url"`
	StartedAt   *time.Time `json:"started_at"`
	CompletedAt *time.Time `json:"completed_at"`
	App         checkApp   `json:"app"`
}

type checkApp struct {
	ID   int    `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

func appOf(id int) checkApp {
	if id == scanningApp {
		return checkApp{id, "github-advanced-security", "GitHub Advanced Security"}
	}
	return checkApp{id, "github-actions", "GitHub Actions"}
}

// number is the id that GitHub would have given to something.
func number(words ...string) int64 {
	h := fnv.New32a()
	for _, w := range words {
		_, _ = h.Write([]byte(w + "\n")) // a hash never fails
	}
	return int64(h.Sum32())
}

// checkRuns are the check runs of a commit; what is wrong is wrong only with the release.
func (r *Repository) checkRuns(c commit, h history, site string) []checkRun {
	wrong := map[string]string{}
	if c.sha == h.release.sha {
		wrong = r.o.State().Checks
	}
	list := []checkRun{}
	for _, j := range jobs {
		word := cmp.Or(wrong[j.name], "success")
		if word == Missing {
			continue
		}
		start, end := c.at.Add(j.after), c.at.Add(j.after+j.took)
		run := checkRun{
			ID: number(c.sha, j.name), Name: j.name, HeadSHA: c.sha, Status: "completed", Conclusion: &word,
			StartedAt: &start, CompletedAt: &end, App: appOf(j.app),
		}
		if word == "queued" || word == "in_progress" {
			run.Status, run.Conclusion, run.CompletedAt = word, nil, nil
		}
		if word == "queued" {
			run.StartedAt = nil
		}
		run.HTMLURL = site + "/actions/runs/" + c.sha[:shortest] + "/job/" + j.name
		run.DetailsURL = run.HTMLURL
		list = append(list, run)
	}
	return list
}

type commitStatus struct {
	ID          int64     `json:"id"`
	State       string    `json:"state"`
	Context     string    `json:"context"`
	Description string    `json:"description"`
	TargetURL   string    `json:"target_url"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// statuses are the commit statuses of a commit and the state they have together: the worst, or pending when there are
// none.
func (r *Repository) statuses(c commit, h history, site string) (list []commitStatus, together string) {
	wrong := map[string]string{}
	if c.sha == h.release.sha {
		wrong = r.o.State().Statuses
	}
	list = []commitStatus{}
	rank := map[string]int{"success": 1, "pending": 2, "failure": 3, "error": 3}
	together = "pending"
	for _, name := range contexts {
		state := cmp.Or(wrong[name], "success")
		if state == Missing {
			continue
		}
		if len(list) == 0 || rank[state] > rank[together] {
			together = state
		}
		list = append(list, commitStatus{
			ID: number(c.sha, name), State: state, Context: name, Description: name + ": " + state,
			TargetURL: site + "/commit/" + c.sha, CreatedAt: c.at.Add(time.Minute), UpdatedAt: c.at.Add(3 * time.Minute),
		})
	}
	if together == "error" {
		together = "failure" // the state of all knows only three words
	}
	return list, together
}
