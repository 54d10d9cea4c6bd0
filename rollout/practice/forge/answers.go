package forge

import (
	"net/http"
	"strings"
	"time"
)

func (a *call) commitForm(c commit) map[string]any {
	who := map[string]any{"name": c.author, "email": c.author + "@example", "date": c.at.UTC().Format(time.RFC3339)}
	return map[string]any{
		"sha": c.sha, "html_url": a.site() + "/commit/" + c.sha,
		"commit": map[string]any{"message": c.title, "author": who, "committer": who},
		"author": map[string]any{"login": c.author}, "committer": map[string]any{"login": "web-flow"},
	}
}

func (a *call) commit(c commit, _ history) {
	if strings.Contains(a.in.Header.Get("Accept"), "application/vnd.github.sha") {
		a.send("application/vnd.github.sha; charset=utf-8", []byte(c.sha))
		return
	}
	a.reply(a.commitForm(c))
}

func (a *call) checkRuns(c commit, h history) {
	q := a.in.URL.Query()
	var list []any
	for _, run := range a.r.checkRuns(c, h, a.site()) {
		if name := q.Get("check_name"); name != "" && name != run.Name {
			continue
		}
		if status := q.Get("status"); status != "" && status != run.Status {
			continue
		}
		list = append(list, run)
	}
	a.page(list, "check_runs", nil)
}

func (a *call) status(c commit, h history) {
	list, together := a.r.statuses(c, h, a.site())
	if strings.HasSuffix(a.in.URL.Path, "/statuses") {
		a.page(anyOf(list), "", nil)
		return
	}
	a.page(anyOf(list), "statuses", map[string]any{"state": together, "sha": c.sha, "repository": a.repository()})
}

// compare answers BASE...HEAD.
func (a *call) compare(spec string) {
	baseName, headName, ok := strings.Cut(spec, "...")
	if !ok {
		a.notFound()
		return
	}
	base, h, okBase := a.r.find(baseName)
	head, forHead, okHead := a.r.find(headName)
	if !okBase || !okHead {
		a.notFound()
		return
	}
	if head.version != "" && head.version != a.r.o.Running {
		h = forHead // its own history knows the release's commit
	}
	ahead, behind, from := h.apart(base, head)
	status := map[[2]bool]string{{false, false}: "identical", {true, false}: "ahead", {false, true}: "behind", {true, true}: "diverged"}[[2]bool{ahead > 0, behind > 0}]
	a.reply(map[string]any{
		"status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead,
		"base_commit": a.commitForm(base), "merge_base_commit": a.commitForm(from),
		"html_url": a.site() + "/compare/" + spec, "commits": []any{}, "files": []any{},
	})
}

// required are the checks that main demands, by who demands them.
func required(by string) []job {
	var list []job
	for _, j := range jobs {
		if j.required == by {
			list = append(list, j)
		}
	}
	return list
}

func (a *call) protection() map[string]any {
	if a.state.Unprotected {
		return map[string]any{"enforcement_level": "off", "contexts": []any{}, "checks": []any{}}
	}
	names, checks := []any{}, []any{}
	for _, j := range required(byProtection) {
		names = append(names, j.name)
		checks = append(checks, map[string]any{"context": j.name, "app_id": j.app})
	}
	return map[string]any{"enforcement_level": "everyone", "strict": true, "contexts": names, "checks": checks}
}

// branch answers about main and what protects it.
func (a *call) branch(rest []string) {
	switch strings.Join(rest, "/") {
	case "":
		c, _, _ := a.r.find("main")
		a.reply(map[string]any{
			"name": "main", "protected": !a.state.Unprotected, "commit": a.commitForm(c),
			"protection": map[string]any{"enabled": !a.state.Unprotected, "required_status_checks": a.protection()},
		})
	case "protection/required_status_checks":
		switch {
		case a.in.Header.Get("Authorization") == "":
			a.fail(http.StatusUnauthorized, "Requires authentication")
		case a.state.Unprotected:
			a.fail(http.StatusNotFound, "Branch not protected")
		default:
			a.reply(a.protection())
		}
	default:
		a.notFound()
	}
}

func (a *call) rules() []any {
	if a.state.Unprotected {
		return []any{}
	}
	checks := []any{}
	for _, j := range required(byRuleset) {
		checks = append(checks, map[string]any{"context": j.name, "integration_id": j.app})
	}
	return []any{
		map[string]any{
			"type": "required_status_checks", "ruleset_source_type": "Repository", "ruleset_source": a.r.o.Owner + "/" + a.r.o.Name, "ruleset_id": 7,
			"parameters": map[string]any{"strict_required_status_checks_policy": true, "required_status_checks": checks},
		},
		map[string]any{"type": "deletion"},
		map[string]any{"type": "non_fast_forward"},
	}
}

func (a *call) release(tag string) {
	c, _, ok := a.r.find("refs/tags/" + tag)
	if !ok || c.version != tag {
		a.notFound()
		return
	}
	a.reply(map[string]any{
		"id": number("release", tag), "tag_name": tag, "name": tag, "draft": false, "prerelease": false,
		"target_commitish": "main", "html_url": a.site() + "/releases/tag/" + tag,
		"created_at": c.at, "published_at": c.at.Add(leadTime), "body": c.title,
	})
}

// pullNumber is the pull request that the release's commit came by.
const pullNumber = 1287

func (a *call) pullForm(c commit, merged bool) map[string]any {
	body := map[string]any{
		"number": pullNumber, "title": c.title, "state": "open", "merged_at": nil,
		"base": map[string]any{"ref": "main"}, "head": map[string]any{"ref": "new-lobby", "sha": c.sha},
		"user": map[string]any{"login": "ada"}, "html_url": a.site() + "/pull/1287",
	}
	if merged {
		body["state"], body["merged_at"], body["merge_commit_sha"] = "closed", c.at, c.sha
	}
	return body
}

// pulls are the pull requests that a commit came by.
func (a *call) pulls(c commit, h history) {
	var list []any
	if c.sha == h.release.sha {
		list = append(list, a.pullForm(c, !h.unmerged))
	}
	a.page(list, "", nil)
}

// pull answers about the release's pull request and who has approved it.
func (a *call) pull(rest []string) {
	h := a.r.line(a.r.o.Release, a.state)
	switch {
	case rest[0] != "1287":
		a.notFound()
	case len(rest) == 1:
		a.reply(a.pullForm(h.release, !h.unmerged))
	case rest[1] == "reviews":
		a.page([]any{map[string]any{
			"id": number("review"), "user": map[string]any{"login": "grace"}, "state": "APPROVED",
			"commit_id": h.release.sha, "submitted_at": h.release.at.Add(-time.Hour),
		}}, "", nil)
	default:
		a.notFound()
	}
}
