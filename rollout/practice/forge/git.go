package forge

import (
	"fmt"
	"slices"
	"strings"
)

// Said is what a program printed and how it ended.
type Said struct {
	Stdout, Stderr string
	Code           int
}

// Git answers as git would in a clone of the repository, which stands at the release, for what reading asks: rev-parse,
// merge-base, status, cat-file, branch, tag, log, remote and fetch, in their usual forms.
func (r *Repository) Git(args ...string) Said {
	for len(args) > 1 && (args[0] == "-c" || args[0] == "-C" || args[0] == "--git-dir") {
		args = args[2:]
	}
	if len(args) > 0 && args[0] == "--no-pager" {
		args = args[1:]
	}
	if len(args) == 0 {
		return Said{Stderr: "usage: git [-v | --version] <command> [<args>]\n", Code: 1}
	}
	var names []string // the arguments that are no options
	for _, a := range args[1:] {
		if !strings.HasPrefix(a, "-") {
			names = append(names, a)
		}
	}
	switch args[0] {
	case "--version", "version":
		return Said{Stdout: "git version 2.51.0\n"}
	case "rev-parse":
		return r.revParse(args[1:], names)
	case "merge-base":
		return r.mergeBase(args[1:], names)
	case "status":
		return r.status()
	case "cat-file":
		return r.catFile(args[1:], names)
	case "branch":
		return r.branch(args[1:])
	case "tag":
		return r.tags(args[1:])
	case "log":
		return r.log(names)
	case "remote":
		return Said{Stdout: "https://github.example/" + r.o.Owner + "/" + r.o.Name + ".git\n"}
	case "fetch":
		return Said{} // there is nothing newer
	}
	return Said{Stderr: fmt.Sprintf("git: '%s' is not a git command that the practice world knows. See 'git --help'.\n", args[0]), Code: 1}
}

// resolve reads a revision of git: a reference, perhaps with ^{commit} or another such ending.
func (r *Repository) resolve(revision string) (commit, history, bool) {
	name, _, _ := strings.Cut(revision, "^{")
	return r.find(name)
}

func (r *Repository) revParse(options, names []string) Said {
	switch {
	case slices.Contains(options, "--is-shallow-repository"):
		return Said{Stdout: "false\n"}
	case slices.Contains(options, "--is-inside-work-tree"):
		return Said{Stdout: "true\n"}
	case slices.Contains(options, "--abbrev-ref"):
		return Said{Stdout: "HEAD\n"} // detached, at the release's tag
	case len(names) == 0:
		return Said{}
	}
	c, _, ok := r.resolve(names[0])
	switch {
	case ok && slices.Contains(options, "--short"):
		return Said{Stdout: c.sha[:shortest] + "\n"}
	case ok:
		return Said{Stdout: c.sha + "\n"}
	case slices.Contains(options, "--quiet") || slices.Contains(options, "-q"):
		return Said{Code: 1}
	case slices.Contains(options, "--verify"):
		return Said{Stderr: "fatal: Needed a single revision\n", Code: 128}
	}
	return Said{Stdout: names[0] + "\n", Stderr: "fatal: ambiguous argument '" + names[0] + "': unknown revision or path not in the working tree.\n", Code: 128}
}

func (r *Repository) mergeBase(options, names []string) Said {
	if len(names) != 2 {
		return Said{Stderr: "usage: git merge-base [-a | --all] <commit> <commit>...\n", Code: 129}
	}
	base, h, ok := r.resolve(names[0])
	head, _, okHead := r.resolve(names[1])
	if !ok || !okHead {
		return Said{Stderr: "fatal: Not a valid commit name\n", Code: 128}
	}
	_, behind, from := h.apart(base, head)
	switch {
	case !slices.Contains(options, "--is-ancestor"):
		return Said{Stdout: from.sha + "\n"}
	case behind == 0:
		return Said{}
	}
	return Said{Code: 1}
}

func (r *Repository) status() Said {
	if r.o.State().Dirty {
		return Said{Stdout: " M deploy/values.yaml\x00"}
	}
	return Said{}
}

func (r *Repository) catFile(options, names []string) Said {
	if len(names) == 0 {
		return Said{Stderr: "usage: git cat-file <type> <object>\n", Code: 129}
	}
	name := names[len(names)-1]
	_, _, ok := r.resolve(name)
	switch version, tagged := r.versionOf(name); {
	case !ok && slices.Contains(options, "-e"):
		return Said{Code: 1}
	case !ok:
		return Said{Stderr: "fatal: Not a valid object name " + name + "\n", Code: 128}
	case slices.Contains(options, "-e"):
		return Said{}
	case tagged && version != "" && !strings.Contains(name, "^{commit}"):
		return Said{Stdout: "tag\n"} // releases have annotated tags
	}
	return Said{Stdout: "commit\n"}
}

// branch answers branch -r --contains REVISION.
func (r *Repository) branch(options []string) Said {
	at := slices.IndexFunc(options, func(o string) bool { return o == "--contains" })
	if at < 0 || at+1 == len(options) {
		return Said{Stdout: "  origin/main\n"}
	}
	c, h, ok := r.resolve(options[at+1])
	if !ok {
		return Said{Stderr: "error: malformed object name " + options[at+1] + "\n", Code: 129}
	}
	if _, on := h.depth(c); on {
		return Said{Stdout: "  origin/HEAD -> origin/main\n  origin/main\n"}
	}
	return Said{Stdout: "  origin/new-lobby\n"}
}

// tags answers tag and tag --points-at REVISION.
func (r *Repository) tags(options []string) Said {
	if at := slices.Index(options, "--points-at"); at >= 0 && at+1 < len(options) {
		c, _, ok := r.resolve(options[at+1])
		switch {
		case !ok:
			return Said{Stderr: "error: malformed object name " + options[at+1] + "\n", Code: 129}
		case c.version == "":
			return Said{}
		}
		return Said{Stdout: c.version + "\n"}
	}
	return Said{Stdout: r.o.Running + "\n" + r.o.Release + "\n"}
}

// log answers log --oneline, of all or of FROM..TO.
func (r *Repository) log(names []string) Said {
	from, to := "", "HEAD"
	if len(names) > 0 {
		to = names[0]
		if a, b, ok := strings.Cut(names[0], ".."); ok {
			from, to = a, b
		}
	}
	head, h, ok := r.resolve(to)
	until, _, okFrom := r.resolve(from)
	if !ok || from != "" && !okFrom {
		return Said{Stderr: "fatal: ambiguous argument '" + strings.Join(names, " ") + "': unknown revision\n", Code: 128}
	}
	list := h.main
	if at, on := h.depth(head); on {
		list = list[at:]
	} else {
		list = append([]commit{head}, list[h.forked:]...)
	}
	var out strings.Builder
	for _, c := range list {
		if c.sha == until.sha {
			break
		}
		fmt.Fprintf(&out, "%s %s\n", c.sha[:shortest], c.title)
	}
	return Said{Stdout: out.String()}
}
