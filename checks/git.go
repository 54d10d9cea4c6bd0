package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type gitParams struct {
	Ref    string `yaml:"ref" doc:"a tag, branch or commit that must be there, such as v1.4.2 or HEAD"`
	On     string `yaml:"on,omitempty" doc:"a branch of the remote from which the commit must be reachable, such as main"`
	Remote string `yaml:"remote,omitempty" doc:"the remote whose branch on means; origin when not written, '.' for the branches of the checkout itself"`
	Tag    string `yaml:"tag,omitempty" doc:"any: ref must be a tag; annotated: one with an author and a date of its own"`
	Head   bool   `yaml:"head,omitempty" doc:"true: it must be what is checked out"`
	Clean  bool   `yaml:"clean,omitempty" doc:"true: the checkout must have no changes and no untracked files"`
	Fetch  bool   `yaml:"fetch,omitempty" doc:"true: fetch branches and tags from the remote before; otherwise nothing is changed and no network used"`
	Dir    string `yaml:"dir,omitempty" doc:"the checkout; without it, where sop was started"`
}

var gitKind = runbook.Kind{
	Name: "git",
	Doc: `A version is in the history of a checkout where it should be. It runs git there, and only reads.
passes   the ref is there, reachable from the branch (on), a tag, checked out, the checkout clean: whatever is asked
fails    one of these is not so. What the remote has got since the last fetch is not seen without fetch: true
unknown  there is no git or no repository, the branch is not there, the history is cut short (a shallow clone) before
         it says yes, or the remote does not answer
The result is pinned to the commit: a tag that moves during the run is no pass any more.
self     a map of commit, reachable, tag (annotated or light), head (the commit checked out) and changes
         (a number); what was not asked for is not in it`,
	Example:  "git: {ref: '${inputs.version}', on: main, tag: any}",
	Params:   gitParams{},
	Interval: 5 * time.Minute,
	Timeout:  20 * time.Second,
	Lint:     lintGit,
}

func lintGit(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*gitParams)
	var out []runbook.ParamProblem
	for _, name := range []struct{ path, text string }{{"ref", p.Ref}, {"on", p.On}} {
		if known(name.text) && !isRef(name.text) && (name.text != "" || name.path == "ref") {
			out = append(out, problem(name.path, "write a tag, a branch or a commit", "%q is not the name of a git ref", name.text))
		}
	}
	if known(p.Remote) && p.Remote != "" && p.Remote != "." && !isRef(p.Remote) {
		out = append(out, problem("remote", "write its name, such as origin", "%q is not the name of a remote", p.Remote))
	}
	if known(p.Tag) && p.Tag != "" && p.Tag != "any" && p.Tag != "annotated" {
		out = append(out, problem("tag", "write any or annotated", "%q is not known", p.Tag))
	}
	if p.Fetch && p.Remote == "." {
		out = append(out, problem("fetch", "leave it out, or name a remote", "the checkout itself cannot be fetched from"))
	}
	if !known(p.Dir) {
		out = append(out, problem("dir", "write the directory", "which checkout is asked must not depend on a value"))
	}
	return out
}

// isRef tells whether a text can name a tag, branch, commit or remote; stricter than git check-ref-format, so that it
// can be neither an option nor one of git's expressions for revisions.
func isRef(text string) bool {
	if text == "" || len(text) > 250 || strings.ContainsAny(text[:1], "-./") || strings.HasSuffix(text, ".lock") || strings.ContainsAny(text[len(text)-1:], "./") {
		return false
	}
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\`, r) }
	return strings.IndexFunc(text, bad) < 0 && !strings.Contains(text, "..") && !strings.Contains(text, "@{") && !strings.Contains(text, "//")
}

func readyGit(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[gitParams](gitKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.Programs == nil {
		return check{}, errors.New("no programs can be run here")
	}
	if p.Remote == "" {
		p.Remote = "origin"
	}
	sensor := said("git checkout %s", p.place())
	if p.Fetch {
		sensor = said("%s and its remote %s", sensor, p.Remote)
	}
	return check{look: gitLook{gitParams: p, programs: w.Programs}.look, sensor: sensor}, nil
}

func (p gitParams) place() string {
	if p.Dir == "" {
		return "."
	}
	return p.Dir
}

// gitEnv keeps git from asking, from writing to the checkout, from fetching by itself, and from running what the
// checkout brings along.
var gitEnv = []string{
	"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true", "GCM_INTERACTIVE=never",
	"GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_PAGER=cat", "GIT_EDITOR=false", "LC_ALL=C",
	"GIT_CONFIG_COUNT=5",
	"GIT_CONFIG_KEY_0=core.hooksPath", "GIT_CONFIG_VALUE_0=/dev/null",
	"GIT_CONFIG_KEY_1=core.fsmonitor", "GIT_CONFIG_VALUE_1=false",
	"GIT_CONFIG_KEY_2=gc.auto", "GIT_CONFIG_VALUE_2=0",
	"GIT_CONFIG_KEY_3=maintenance.auto", "GIT_CONFIG_VALUE_3=false",
	"GIT_CONFIG_KEY_4=protocol.ext.allow", "GIT_CONFIG_VALUE_4=never",
}

// gitLook is one check; its results are gathered in a gitSight.
type gitLook struct {
	gitParams
	programs process.Runner
}

// gitSight is what one look has found so far.
type gitSight struct {
	seen
	self  map[string]any
	right []string // what is as it should be
	wrong []string
}

func (l gitLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("git checkout %s", l.place()), Query: l.query(), Expected: l.expected()}
	sight := gitSight{self: map[string]any{}}
	if err := l.gather(ctx, &sight); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return couldNotLook(source, err)
	}
	s := seen{self: sight.self}
	if len(sight.wrong) > 0 {
		s.summed(run.Failed, "%s", strings.Join(sight.wrong, "; "))
		s.Badness = float64(len(sight.wrong))
		if n, ok := sight.self["changes"].(int); ok {
			s.Badness += float64(n)
		}
	} else {
		s.summed(run.Passed, "%s", strings.Join(sight.right, ", "))
	}
	if commit, ok := sight.self["commit"].(string); ok {
		s.Pin = said("%s", commit)
	}
	source.Observed = s.Summary
	s.Evidence = []run.Evidence{source}
	return s
}

// gather asks one thing after the other, until the ref is found not to be there.
func (l gitLook) gather(ctx context.Context, sight *gitSight) error {
	if l.Fetch {
		if _, err := l.git(ctx, "fetch", "--quiet", "--no-recurse-submodules", "--tags", l.Remote); err != nil {
			return fmt.Errorf("fetch from %s: %w", l.Remote, err)
		}
	}
	commit, there, err := l.commit(ctx, l.name())
	switch {
	case err != nil:
		return err
	case !there:
		sight.wrong = append(sight.wrong, l.missing())
		return nil
	}
	sight.self["commit"] = commit
	sight.right = append(sight.right, fmt.Sprintf("%s is %s", l.Ref, short(commit)))
	for _, ask := range []struct {
		wanted bool
		look   func(context.Context, string, *gitSight) error
	}{{l.On != "", l.reachable}, {l.Tag != "", l.tagged}, {l.Head, l.checkedOut}, {l.Clean, l.unchanged}} {
		if !ask.wanted {
			continue
		}
		if err := ask.look(ctx, commit, sight); err != nil {
			return err
		}
	}
	return nil
}

// name is the ref as git is asked for it.
func (l gitLook) name() string {
	if l.Tag != "" {
		return "refs/tags/" + strings.TrimPrefix(l.Ref, "refs/tags/")
	}
	return l.Ref
}

func (l gitLook) missing() string {
	text := fmt.Sprintf("there is no commit or tag %s here", l.Ref)
	if l.Tag != "" {
		text = fmt.Sprintf("there is no tag %s here", l.Ref)
	}
	if !l.Fetch {
		text += "; git fetch --tags may bring it"
	}
	return text
}

func (l gitLook) branch() string {
	if l.Remote == "." {
		return "refs/heads/" + l.On
	}
	return "refs/remotes/" + l.Remote + "/" + l.On
}

// shownBranch is the branch as people write it.
func (l gitLook) shownBranch() string {
	if l.Remote == "." {
		return l.On
	}
	return l.Remote + "/" + l.On
}

func (l gitLook) reachable(ctx context.Context, commit string, sight *gitSight) error {
	tip, there, err := l.commit(ctx, l.branch())
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("there is no branch %s here; fetch it, or look at remote and on", l.shownBranch())
	}
	out, err := l.run(ctx, "merge-base", "--is-ancestor", commit, tip)
	if err != nil {
		return err
	}
	switch out.Code {
	case 0:
		sight.self["reachable"] = true
		sight.right = append(sight.right, "on "+l.shownBranch())
		return nil
	case 1:
	default:
		return gitFailed(out)
	}
	shallow, err := l.git(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return err
	}
	if shallow != "false" {
		return fmt.Errorf("%s is not in the part of %s that this shallow clone has; git fetch --unshallow", short(commit), l.shownBranch())
	}
	sight.self["reachable"] = false
	text := fmt.Sprintf("%s (%s) is not on %s", l.Ref, short(commit), l.shownBranch())
	if !l.Fetch && l.Remote != "." {
		text += " as of the last fetch"
	}
	sight.wrong = append(sight.wrong, text)
	return nil
}

func (l gitLook) tagged(ctx context.Context, _ string, sight *gitSight) error {
	if l.Tag == "any" {
		sight.right = append(sight.right, "a tag")
		return nil
	}
	kind, err := l.git(ctx, "cat-file", "-t", l.name())
	if err != nil {
		return err
	}
	if kind == "tag" {
		sight.self["tag"] = "annotated"
		sight.right = append(sight.right, "an annotated tag")
		return nil
	}
	sight.self["tag"] = "light"
	sight.wrong = append(sight.wrong, l.Ref+" is a light tag: nobody and no date stands in it")
	return nil
}

func (l gitLook) checkedOut(ctx context.Context, commit string, sight *gitSight) error {
	head, there, err := l.commit(ctx, "HEAD")
	if err != nil {
		return err
	}
	sight.self["head"] = head
	switch {
	case !there:
		sight.wrong = append(sight.wrong, "nothing is checked out")
	case head != commit:
		sight.wrong = append(sight.wrong, fmt.Sprintf("%s is checked out, not %s", short(head), l.Ref))
	default:
		sight.right = append(sight.right, "checked out")
	}
	return nil
}

func (l gitLook) unchanged(ctx context.Context, _ string, sight *gitSight) error {
	out, err := l.run(ctx, "status", "--porcelain=v1", "-z", "--untracked-files=normal")
	if err != nil {
		return err
	}
	if out.Code != 0 {
		return gitFailed(out)
	}
	changes := changedPaths(string(out.Stdout))
	sight.self["changes"] = len(changes)
	if len(changes) == 0 && len(out.Stdout) == 0 && !out.Cut {
		sight.right = append(sight.right, "clean")
		return nil
	}
	sight.wrong = append(sight.wrong, fmt.Sprintf("%s in the checkout: %s", count(max(len(changes), 1), "change"), firstOf(changes, 3)))
	return nil
}

// changedPaths reads git status -z: "XY path", and the old path as an entry of its own behind a rename or copy.
func changedPaths(text string) []string {
	var out []string
	entries := strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
	for i := 0; i < len(entries); i++ {
		if len(entries[i]) < 4 {
			continue
		}
		out = append(out, entries[i][3:])
		if strings.ContainsAny(entries[i][:2], "RC") {
			i++
		}
	}
	return out
}

// firstOf writes the first few of a list, and how many more there are.
func firstOf(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func short(commit string) string { return commit[:min(len(commit), 12)] }
