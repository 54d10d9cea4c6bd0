package checks

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// maxGitOutput bounds what is kept of git's answers; the list of changes is the longest of them.
const maxGitOutput = 256 << 10

// run starts git in the checkout.
func (l gitLook) run(ctx context.Context, args ...string) (process.Output, error) {
	return l.programs.Run(ctx, process.Command{Argv: append([]string{"git"}, args...), Dir: l.Dir, Env: gitEnv, MaxOutput: maxGitOutput})
}

// git is run for an answer of one line; an exit code but 0 is an error.
func (l gitLook) git(ctx context.Context, args ...string) (string, error) {
	out, err := l.run(ctx, args...)
	if err == nil && out.Code != 0 {
		err = gitFailed(out)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(out.Stdout)), nil
}

var objectName = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// commit resolves a name to a commit; there is false when the repository has none of that name.
func (l gitLook) commit(ctx context.Context, name string) (id string, there bool, err error) {
	out, err := l.run(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	switch {
	case err != nil:
		return "", false, err
	case out.Code == 1 && len(out.Stdout) == 0:
		return "", false, nil
	case out.Code != 0:
		return "", false, gitFailed(out)
	}
	id = strings.TrimSpace(string(out.Stdout))
	if !objectName.MatchString(id) {
		return "", false, fmt.Errorf("git rev-parse gave %q, which is no commit", run.MakeSafe(id, 60))
	}
	return id, true, nil
}

// gitFailed is the error of a git that did not answer the question.
func gitFailed(out process.Output) error {
	text := web.HideShapes(strings.TrimSpace(string(out.Stderr)))
	switch {
	case strings.Contains(text, "not a git repository"):
		return errors.New("this is no git repository; start sop in the checkout, or write dir")
	case strings.Contains(text, "dubious ownership"):
		return errors.New("git does not trust the checkout, which belongs to somebody else; see git config safe.directory")
	case text == "":
		return fmt.Errorf("git ended with exit code %d", out.Code)
	}
	first, _, _ := strings.Cut(text, "\n")
	return fmt.Errorf("git: %s", run.MakeSafe(first, maxSummary))
}

// query is what a person can paste to see the same.
func (l gitLook) query() run.Safe {
	git := []string{"git"}
	if l.Dir != "" {
		git = append(git, "-C", l.Dir)
	}
	line := func(args ...string) string { return process.ShellLine(append(git[:len(git):len(git)], args...)) }
	var lines []string
	if l.Fetch {
		lines = append(lines, line("fetch", "--tags", l.Remote))
	}
	lines = append(lines, line("rev-parse", "--verify", l.name()+"^{commit}"))
	if l.On != "" {
		lines = append(lines, line("merge-base", "--is-ancestor", l.name(), l.branch()))
	}
	if l.Tag == "annotated" {
		lines = append(lines, line("cat-file", "-t", l.name()))
	}
	if l.Head {
		lines = append(lines, line("rev-parse", "HEAD"))
	}
	if l.Clean {
		lines = append(lines, line("status", "--porcelain"))
	}
	return run.MakeSafe(strings.Join(lines, " && "), maxQuery)
}

func (l gitLook) expected() run.Safe {
	words := []string{l.Ref + " is there"}
	if l.On != "" {
		words = append(words, "on "+l.shownBranch())
	}
	switch l.Tag {
	case "any":
		words = append(words, "a tag")
	case "annotated":
		words = append(words, "an annotated tag")
	}
	if l.Head {
		words = append(words, "checked out")
	}
	if l.Clean {
		words = append(words, "clean")
	}
	return said("%s", strings.Join(words, ", "))
}
