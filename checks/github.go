package checks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type githubParams struct {
	Repository string        `yaml:"repository" doc:"owner/name"`
	Ref        string        `yaml:"ref" doc:"a tag, branch or commit, such as v1.4.2"`
	URL        string        `yaml:"url,omitempty" doc:"the API: https://api.github.com when not written, https://host/api/v3 for GitHub Enterprise"`
	Checks     runbook.Names `yaml:"checks,omitempty" doc:"all, required (by the protection or the rules of the branch) or a list of names of checks and statuses; all when neither this nor merged is written"`
	Merged     string        `yaml:"merged,omitempty" doc:"a branch that must have the commit, such as main"`
}

var githubKind = runbook.Kind{
	Name: "github",
	Doc: `The checks of a commit are green, and it is merged. It reads check runs (Actions and other apps) and commit statuses,
of each the latest, and compares with the branch.
passes   every check that counts succeeded; neutral and skipped ones are fine, and counted in the summary
fails    one failed, was cancelled, timed out or wants an action; one is still running, and the summary says so; one that
         is required or named has not reported; the commit is not on the branch; there is no such commit
unknown  nothing has reported on the commit at all; GitHub does not answer, the token may not read it, or the rate limit
         is used up: the summary says until when, and it is not asked before
required falls back to all, and says so, where the protection and the rules of the branch cannot be read or require
nothing. The branch is merged's, or the repository's default branch.
The result is pinned to the commit: write a tag or a commit, since a branch moves on.
The token: GH_TOKEN, or GITHUB_TOKEN (for GITHUB_SERVER_URL, or else github.com); for GitHub Enterprise GH_ENTERPRISE_TOKEN
or GITHUB_ENTERPRISE_TOKEN, when GH_HOST names its host; otherwise the login of gh. No other host ever gets it.
self     a map of commit, checks (the state of each by its name), failed, running, missing (numbers), required (names),
         merged (true or false; only with merged) and ahead (commits that the branch has not got)`,
	Example:  "github: {repository: political-sphere/platform, ref: '${inputs.version}', checks: required, merged: main}",
	Params:   githubParams{},
	Interval: time.Minute,
	Timeout:  15 * time.Second,
	Lint:     lintGitHub,
}

// whileRunning is how soon a commit is looked at again whose checks are still running.
const whileRunning = 15 * time.Second

var repositoryForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-_]{0,63}/[A-Za-z0-9._-]{1,100}$`)

func lintGitHub(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*githubParams)
	var out []runbook.ParamProblem
	if known(p.Repository) && (!repositoryForm.MatchString(p.Repository) || strings.HasSuffix(p.Repository, "/.") || strings.HasSuffix(p.Repository, "/..")) {
		out = append(out, problem("repository", "write owner/name", "%q is not a repository", p.Repository))
	}
	if known(p.Ref) && !isRef(p.Ref) {
		out = append(out, problem("ref", "write a tag, a branch or a commit", "%q is not the name of a git ref", p.Ref))
	}
	if known(p.Merged) && p.Merged != "" && !isRef(p.Merged) {
		out = append(out, problem("merged", "write a branch, such as main", "%q is not the name of a branch", p.Merged))
	}
	if known(p.URL) {
		if _, err := parseHub(p.URL); err != nil {
			out = append(out, problem("url", "write it as https://host/api/v3", "%v", err))
		}
	}
	for i, name := range p.Checks.List {
		if strings.TrimSpace(name) == "" {
			out = append(out, problem(fmt.Sprintf("checks[%d]", i), "write all, required or names", "the name is empty"))
		}
	}
	return out
}

func readyGitHub(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[githubParams](githubKind, work.Check)
	if err != nil {
		return check{}, err
	}
	base, err := parseHub(p.URL)
	if err != nil {
		return check{}, fmt.Errorf("url: %w", err)
	}
	if w.HTTP == nil {
		return check{}, errors.New("no web server can be asked here")
	}
	if len(p.Checks.List) == 0 && p.Merged == "" {
		p.Checks.All = true
	}
	return check{look: githubLook{githubParams: p, hub: w.hub(base)}.look, sensor: said("%s", base.Host)}, nil
}

type githubLook struct {
	githubParams
	hub *hub
}

// githubSight is what one look has found so far.
type githubSight struct {
	commit   string
	checks   []hubCheck // the latest of each
	required []requirement
	note     string // why not only the required ones count
	branch   string // whose protection counts
	ahead    int    // commits that the branch has not got
	status   string // of the comparison; empty when it was not asked for
}

func (l githubLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("%s %s of %s", l.hub.base.Host, l.Ref, l.Repository), Query: l.query("/commits/" + l.Ref), Expected: l.expected()}
	var hide web.Secrets
	hide.Add(l.hub.credential(ctx).token)
	var sight githubSight
	err := l.gather(ctx, &sight)
	var limited errLimited
	switch {
	case err == nil:
		return l.judge(sight, source, hide)
	case errors.As(err, &limited):
		s := couldNotLook(source, err)
		s.again = max(limited.until.Sub(l.hub.clock.Now()), leastInterval)
		return s
	case statusOf(err) == http.StatusUnprocessableEntity && sight.commit == "":
		var s seen
		s.self = map[string]any{}
		s.summed(run.Failed, "there is no commit %s in %s", l.Ref, l.Repository)
		s.Badness = 1
		source.Observed = s.Summary
		s.Evidence = []run.Evidence{source}
		return s
	case context.Cause(ctx) != nil:
		return couldNotLook(source, context.Cause(ctx))
	}
	return couldNotLook(source, errors.New(hide.In(fmt.Sprintf("%s: %v", l.hub.base.Host, err))))
}

func (l githubLook) repository() string { return "/repos/" + l.Repository }

// gather asks for the commit, its checks, what is required and the comparison, as far as each is wanted.
func (l githubLook) gather(ctx context.Context, sight *githubSight) error {
	r, err := l.hub.ask(ctx, l.repository()+"/commits/"+url.PathEscape(l.Ref), hubCommit)
	if err != nil {
		return err
	}
	id := strings.TrimSpace(string(r.body))
	if !objectName.MatchString(id) {
		return errors.New("it answers for a commit with something that is no commit's id; is the address that of the API?")
	}
	sight.commit = id
	if l.wantsChecks() {
		if err := l.checks(ctx, sight); err != nil {
			return err
		}
	}
	if l.Merged == "" {
		return nil
	}
	var compared struct {
		Status  string `json:"status"`
		AheadBy int    `json:"ahead_by"`
	}
	path := fmt.Sprintf("%s/compare/%s...%s?per_page=1", l.repository(), url.PathEscape(l.Merged), id)
	if err := l.hub.get(ctx, path, &compared); err != nil {
		if statusOf(err) == http.StatusNotFound {
			return fmt.Errorf("compare with the branch %s: %w", l.Merged, err)
		}
		return err
	}
	if !slices.Contains([]string{"identical", "behind", "ahead", "diverged"}, compared.Status) {
		return fmt.Errorf("it compares %s with %s as %q, which says nothing", l.Merged, l.Ref, run.MakeSafe(compared.Status, 40))
	}
	sight.status, sight.ahead = compared.Status, max(compared.AheadBy, 0)
	return nil
}

func (l githubLook) wantsChecks() bool   { return l.Checks.All || len(l.Checks.List) > 0 }
func (l githubLook) wantsRequired() bool { return slices.Equal(l.Checks.List, []string{"required"}) }

// query is what a person can paste to see what is at a path below the repository.
func (l githubLook) query(path string) run.Safe {
	argv := []string{"gh", "api"}
	if host := webHost(l.hub.base); host != "github.com" {
		argv = append(argv, "--hostname", host)
	}
	return run.MakeSafe(process.ShellLine(append(argv, strings.TrimPrefix(l.repository(), "/")+path)), maxQuery)
}

func (l githubLook) expected() run.Safe {
	var words []string
	switch {
	case l.wantsRequired():
		words = append(words, "required checks green")
	case l.Checks.All:
		words = append(words, "all checks green")
	case l.wantsChecks():
		words = append(words, strings.Join(l.Checks.List, ", ")+" green")
	}
	if l.Merged != "" {
		words = append(words, "on "+l.Merged)
	}
	return said("%s", strings.Join(words, ", "))
}

// judge puts together what was seen of the checks and of the branch.
func (l githubLook) judge(sight githubSight, source run.Evidence, hide web.Secrets) seen {
	states := map[string]any{}
	for _, c := range sight.checks {
		name := hide.In(c.name)
		if worse(c.state(), states[name]) {
			states[name] = hide.In(c.state())
		}
	}
	s := seen{self: map[string]any{"commit": sight.commit, "checks": states, "failed": 0, "running": 0, "missing": 0, "required": []any{}}}
	self := s.self.(map[string]any)
	s.Pin = said("%s", sight.commit)
	var right, wrong []string
	status := run.Passed
	if l.wantsChecks() {
		t := sight.tally(l.named())
		self["failed"], self["running"], self["missing"] = len(t.failed), len(t.running), len(t.missing)
		for _, r := range sight.required {
			self["required"] = append(self["required"].([]any), hide.In(r.Context))
		}
		fact := source
		fact.Query = l.query("/commits/"+sight.commit+"/check-runs?filter=latest") + " && " + l.query("/commits/"+sight.commit+"/status")
		fact.Observed = said("%s", hide.In(t.String()+after(" ", sight.note)))
		s.Evidence = append(s.Evidence, fact)
		s.Badness += float64(len(t.failed) + len(t.running) + len(t.missing))
		switch {
		case len(sight.checks) == 0:
			status = run.Unknown
			wrong = append(wrong, "no check and no status has reported on "+short(sight.commit))
			s.Badness = 0
		case t.good():
			right = append(right, hide.In(t.String()))
		default:
			status = run.Failed
			wrong = append(wrong, hide.In(t.String()))
		}
		if len(t.running) > 0 {
			s.again = whileRunning
		}
	}
	if l.Merged != "" {
		merged := sight.status == "identical" || sight.status == "behind"
		self["merged"], self["ahead"] = merged, sight.ahead
		fact := source
		fact.Query = l.query("/compare/" + l.Merged + "..." + sight.commit)
		fact.Observed = said("%s is on %s", short(sight.commit), l.Merged)
		if merged {
			right = append(right, "on "+l.Merged)
		} else {
			status = run.Failed
			wrong = append(wrong, fmt.Sprintf("%s is not on %s, which lacks %s of it", short(sight.commit), l.Merged, count(sight.ahead, "commit")))
			fact.Observed = said("%s", wrong[len(wrong)-1])
			s.Badness += float64(max(sight.ahead, 1))
		}
		s.Evidence = append(s.Evidence, fact)
	}
	words := wrong
	if status == run.Passed {
		words = right
	}
	s.summed(status, "%s: %s%s", l.Ref, strings.Join(words, "; "), after(" ", sight.note))
	return s
}

// worse tells whether a state is to be shown rather than another one under the same name.
func worse(state string, before any) bool {
	text, ok := before.(string)
	return !ok || stateRank(state) > stateRank(text)
}

// named are the checks that are asked for by name, sorted; none when another rule chooses them.
func (l githubLook) named() []requirement {
	if l.Checks.All || l.wantsRequired() {
		return nil
	}
	names := map[string]bool{}
	for _, name := range l.Checks.List {
		names[strings.TrimSpace(name)] = true
	}
	var out []requirement
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, requirement{Context: name})
	}
	return out
}
