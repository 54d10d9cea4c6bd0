package checks

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// hubCheck is one check run or commit status.
type hubCheck struct {
	name       string
	app        int64 // 0: a commit status
	status     string
	conclusion string // empty while it runs
	began      time.Time
	ended      time.Time
}

// State words of our own; a failure has GitHub's.
const (
	stateSuccess = "success"
	stateRunning = "running"
)

// state is GitHub's conclusion, or running.
func (c hubCheck) state() string {
	if c.status != "completed" {
		return stateRunning
	}
	return cmp.Or(c.conclusion, "no conclusion")
}

// stateRank orders states from good to bad. A conclusion that is not known is no success.
func stateRank(state string) int {
	switch state {
	case stateSuccess:
		return 0
	case "neutral", "skipped":
		return 1
	case stateRunning:
		return 2
	}
	return 3
}

// requirement is a check that must be there. App is 0 or -1 when it may come from any.
type requirement struct {
	Context string `json:"context"`
	App     int64  `json:"app_id"`
	Source  int64  `json:"integration_id"` // the same in rules
}

func (r requirement) fits(c hubCheck) bool {
	app := cmp.Or(r.App, r.Source)
	return r.Context == c.name && (app <= 0 || app == c.app || c.app == 0)
}

// checks reads what has reported on the commit, and what is required of it.
func (l githubLook) checks(ctx context.Context, sight *githubSight) error {
	runs, err := l.checkRuns(ctx, sight.commit)
	if err != nil {
		return err
	}
	statuses, err := l.statuses(ctx, sight.commit)
	if err != nil {
		return err
	}
	sight.checks = append(latest(runs), statuses...)
	if !l.wantsRequired() {
		return nil
	}
	if sight.branch = l.Merged; sight.branch == "" {
		var repository struct {
			DefaultBranch string `json:"default_branch"`
		}
		if err := l.hub.get(ctx, l.repository(), &repository); err != nil {
			return err
		}
		sight.branch = repository.DefaultBranch
	}
	return l.requirements(ctx, sight)
}

func (l githubLook) checkRuns(ctx context.Context, commit string) (out []hubCheck, err error) {
	err = l.hub.pages(ctx, l.repository()+"/commits/"+commit+"/check-runs?filter=latest", func(r reply) (int, int, error) {
		var page struct {
			Total *int `json:"total_count"`
			Runs  []struct {
				Name        string    `json:"name"`
				Status      string    `json:"status"`
				Conclusion  string    `json:"conclusion"`
				StartedAt   time.Time `json:"started_at"`
				CompletedAt time.Time `json:"completed_at"`
				App         struct {
					ID int64 `json:"id"`
				} `json:"app"`
			} `json:"check_runs"`
		}
		if err := decodeReply(r, &page); err != nil {
			return 0, 0, err
		}
		if page.Total == nil {
			return 0, 0, fmt.Errorf("its list of check runs has no total_count; is the address that of the API?")
		}
		for _, c := range page.Runs {
			out = append(out, hubCheck{name: c.Name, app: cmp.Or(c.App.ID, -1), status: c.Status, conclusion: c.Conclusion, began: c.StartedAt, ended: c.CompletedAt})
		}
		return len(page.Runs), *page.Total, nil
	})
	return out, err
}

func (l githubLook) statuses(ctx context.Context, commit string) (out []hubCheck, err error) {
	err = l.hub.pages(ctx, l.repository()+"/commits/"+commit+"/status", func(r reply) (int, int, error) {
		var page struct {
			Total    *int `json:"total_count"`
			Statuses []struct {
				Context string `json:"context"`
				State   string `json:"state"`
			} `json:"statuses"`
		}
		if err := decodeReply(r, &page); err != nil {
			return 0, 0, err
		}
		if page.Total == nil {
			return 0, 0, fmt.Errorf("its list of statuses has no total_count; is the address that of the API?")
		}
		for _, s := range page.Statuses {
			c := hubCheck{name: s.Context, status: "completed", conclusion: s.State}
			if s.State == "pending" {
				c.status = s.State
			}
			out = append(out, c)
		}
		return len(page.Statuses), *page.Total, nil
	})
	return out, err
}

// latest keeps of several runs of one name and app those that no later one replaces. GitHub itself leaves out what was
// run again within a suite; a run of another suite replaces those that had ended when it began. Two that ran side by
// side are two checks of the same name, such as jobs of two workflows, and both count.
func latest(runs []hubCheck) []hubCheck {
	return slices.DeleteFunc(slices.Clone(runs), func(old hubCheck) bool {
		return slices.ContainsFunc(runs, func(c hubCheck) bool {
			return c.name == old.name && c.app == old.app && !old.ended.IsZero() && !c.began.IsZero() && c.began.After(old.ended)
		})
	})
}

// requirements reads which checks the branch requires: its protection, as everybody who may read the repository sees
// it, and the rules of rulesets.
func (l githubLook) requirements(ctx context.Context, sight *githubSight) error {
	branch := url.PathEscape(sight.branch)
	var protected struct {
		Protection struct {
			Required struct {
				Contexts []string      `json:"contexts"`
				Checks   []requirement `json:"checks"`
			} `json:"required_status_checks"`
		} `json:"protection"`
	}
	readable := 0
	switch err := l.hub.get(ctx, l.repository()+"/branches/"+branch, &protected); {
	case err == nil:
		readable++
		required := protected.Protection.Required
		sight.required = append(sight.required, required.Checks...)
		for _, name := range required.Contexts { // older servers tell only these
			if !slices.ContainsFunc(required.Checks, func(r requirement) bool { return r.Context == name }) {
				sight.required = append(sight.required, requirement{Context: name})
			}
		}
	case !cannotRead(err):
		return err
	}
	switch rules, err := l.rules(ctx, branch); {
	case err == nil, statusOf(err) == http.StatusNotFound: // an older server has no rules
		readable++
		sight.required = append(sight.required, rules...)
	case !cannotRead(err):
		return err
	}
	slices.SortFunc(sight.required, func(a, b requirement) int { return strings.Compare(a.Context, b.Context) })
	sight.required = slices.CompactFunc(sight.required, func(a, b requirement) bool {
		return a.Context == b.Context && cmp.Or(a.App, a.Source) == cmp.Or(b.App, b.Source)
	})
	switch {
	case len(sight.required) > 0 && readable == 2:
	case len(sight.required) > 0 || readable < 2:
		sight.required = nil // half of them may be what is missing
		sight.note = fmt.Sprintf("(all count: what %s requires cannot be read)", sight.branch)
	default:
		sight.note = fmt.Sprintf("(all count: %s requires none)", sight.branch)
	}
	return nil
}

func (l githubLook) rules(ctx context.Context, branch string) (out []requirement, err error) {
	err = l.hub.pages(ctx, l.repository()+"/rules/branches/"+branch, func(r reply) (int, int, error) {
		var page []struct {
			Type       string `json:"type"`
			Parameters struct {
				Required []requirement `json:"required_status_checks"`
			} `json:"parameters"`
		}
		if err := decodeReply(r, &page); err != nil {
			return 0, 0, err
		}
		for _, rule := range page {
			if rule.Type == "required_status_checks" {
				out = append(out, rule.Parameters.Required...)
			}
		}
		return len(page), -1, nil
	})
	return out, err
}

// cannotRead tells whether GitHub refuses to say.
func cannotRead(err error) bool {
	status := statusOf(err)
	return status == http.StatusForbidden || status == http.StatusNotFound
}

// tally counts the checks that matter.
type tally struct {
	passed, skipped          int
	failed, running, missing []string
}

func (t tally) good() bool { return len(t.failed)+len(t.running)+len(t.missing) == 0 }

// String is what was counted, the bad first.
func (t tally) String() string {
	var words []string
	for _, list := range []struct {
		names []string
		what  string
	}{{t.failed, ""}, {t.missing, " not reported yet"}, {t.running, " still running"}} {
		if len(list.names) > 0 {
			words = append(words, firstOf(list.names, 5)+list.what)
		}
	}
	words = append(words, count(t.passed, "check")+" green")
	if t.skipped > 0 {
		words = append(words, fmt.Sprintf("%d skipped or neutral", t.skipped))
	}
	return strings.Join(words, ", ")
}

// tally counts all checks, or those that are required or named.
func (s githubSight) tally(named []requirement) (t tally) {
	wanted := append(named, s.required...)
	for _, r := range wanted {
		if !slices.ContainsFunc(s.checks, r.fits) && !slices.Contains(t.missing, r.Context) {
			t.missing = append(t.missing, r.Context)
		}
	}
	for _, c := range s.checks {
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(r requirement) bool { return r.fits(c) }) {
			continue
		}
		switch state := c.state(); stateRank(state) {
		case 0:
			t.passed++
		case 1:
			t.skipped++
		case 2:
			t.running = append(t.running, c.name)
		default:
			t.failed = append(t.failed, c.name+" "+strings.ReplaceAll(state, "_", " "))
		}
	}
	slices.Sort(t.failed)
	slices.Sort(t.running)
	return t
}
