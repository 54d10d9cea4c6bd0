package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are the facts that a Repository is made of.
type Options struct {
	// Owner and Name are those of the repository.
	Owner, Name string
	// Running and Release are the versions that run and that are to be deployed; each has a tag.
	Running, Release string
	// Other tells of further tags: each is a release as Release is one. Nil: there are none.
	Other func(version string) bool
	// Seed makes the hashes of the commits.
	Seed int64
	// Built is when CI had finished with the release.
	Built time.Time
	// Now is the present, for the rate limit.
	Now func() time.Time
	// State is what is wrong at present; nil: nothing ever is.
	State func() State
}

// State is what is wrong with the repository and its CI. The zero value is a release that nothing is wrong with.
type State struct {
	// Unmerged: the release was built from a branch that is not on main.
	Unmerged bool
	// Checks are the check runs of the release that are not success, by name: a conclusion such as failure, or queued,
	// in_progress or missing.
	Checks map[string]string
	// Statuses are the commit statuses that are not success, by context: pending, failure or error.
	Statuses map[string]string
	// Unprotected: main has no required checks.
	Unprotected bool
	// RateLimited: the API has no requests left for whoever asks.
	RateLimited bool
	// Dirty: the checkout has a change that is not committed.
	Dirty bool
	// Without are files that the checkout lacks.
	Without []string
	// Unlisted: CHANGELOG.md has no entry for the release.
	Unlisted bool
}

// Repository is the repository as it stands. It is safe for use by many goroutines.
type Repository struct {
	o Options

	mu     sync.Mutex
	others []string // the tags of Options.Other that were asked for: only from them their hashes are known
}

// New makes a repository.
func New(o Options) *Repository {
	if o.Other == nil {
		o.Other = func(string) bool { return false }
	}
	if o.State == nil {
		o.State = func() State { return State{} }
	}
	return &Repository{o: o}
}

// commit is one commit of the history.
type commit struct {
	sha     string
	title   string
	author  string
	at      time.Time
	version string // of its tag; empty without one
}

// history is the repository seen from one release: main, the newest commit first, and the release's commit, which is
// on main unless it is unmerged.
type history struct {
	main     []commit
	release  commit
	unmerged bool
	forked   int // where main was left, as an index into it, when unmerged
}

// sha is the hash of the commit that a name stands for.
func (r *Repository) sha(name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "commit %d %s/%s %s", r.o.Seed, r.o.Owner, r.o.Name, name))
	return hex.EncodeToString(sum[:20])
}

// commit makes a commit; ago is how long before the build it was made.
func (r *Repository) commit(title, author string, ago time.Duration) commit {
	return commit{sha: r.sha(title), title: title, author: author, at: r.o.Built.Add(-ago).Truncate(time.Second)}
}

// tagged is the commit of a release.
func (r *Repository) tagged(version, title string, ago time.Duration) commit {
	c := r.commit(title, "ada", ago)
	c.sha, c.version = r.sha(version), version
	return c
}

// leadTime is from the release's commit to the end of its CI.
const leadTime = 40 * time.Minute

// line is the history as it is when version is the release.
func (r *Repository) line(version string, s State) history {
	const day = 24 * time.Hour
	release := r.tagged(version, "Let players meet in a new lobby (#1287)", leadTime)
	h := history{release: release, unmerged: s.Unmerged}
	h.main = append(h.main, r.commit("Note who is on call in May (#1290)", "grace", -time.Hour))
	if !s.Unmerged {
		h.main = append(h.main, release)
	}
	h.forked = len(h.main)
	h.main = append(h.main,
		r.commit("Add the table of lobbies (#1285)", "linus", 20*time.Hour),
		r.commit("Cache the profile of a player (#1281)", "grace", 2*day),
		r.commit("Say in the log which game ended (#1279)", "ada", 3*day),
		r.tagged(r.o.Running, "Keep a match when a player reconnects (#1274)", 8*day),
		r.commit("Bump the driver of the database (#1270)", "linus", 9*day),
		r.commit("Draw the board with fewer requests (#1266)", "grace", 11*day),
	)
	return h
}

// versionOf is the version that a reference speaks of, if it is a tag of a release.
func (r *Repository) versionOf(ref string) (string, bool) {
	for _, prefix := range []string{"refs/tags/", "tags/"} {
		ref = strings.TrimPrefix(ref, prefix)
	}
	return ref, ref != "" && (ref == r.o.Release || ref == r.o.Running || r.o.Other(ref))
}

// mainNames are the names of the newest commit on main.
var mainNames = []string{"main", "heads/main", "refs/heads/main", "origin/main", "remotes/origin/main", "refs/remotes/origin/main"}

// shortest is the least of a hash that names a commit.
const shortest = 7

// find resolves a reference: a tag, main, or a hash or the beginning of one. It gives the history in which it was found
// as well, which differs only for the tags that Options.Other tells of.
func (r *Repository) find(ref string) (commit, history, bool) {
	s := r.o.State()
	if version, ok := r.versionOf(ref); ok {
		if version == r.o.Running {
			h := r.line(r.o.Release, s)
			c, found := h.find(func(c commit) bool { return c.version == version })
			return c, h, found
		}
		r.remember(version)
		h := r.line(version, s)
		return h.release, h, true
	}
	h := r.line(r.o.Release, s)
	for _, name := range mainNames {
		if ref == name {
			return h.main[0], h, true
		}
	}
	if ref == "HEAD" {
		return h.release, h, true // the release is what is checked out
	}
	if len(ref) < shortest {
		return commit{}, h, false
	}
	named := func(c commit) bool { return strings.HasPrefix(c.sha, strings.ToLower(ref)) }
	if c, ok := h.find(named); ok {
		return c, h, true
	}
	for _, version := range r.remembered() {
		if other := r.line(version, s); named(other.release) {
			return other.release, other, true
		}
	}
	return commit{}, h, false
}

// remember keeps a tag of Options.Other, so that the hash which was answered is found again. mostOthers bounds what
// somebody who asks for ever new ones can fill.
func (r *Repository) remember(version string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if version == r.o.Release || slices.Contains(r.others, version) {
		return
	}
	r.others = append(r.others, version)
	r.others = r.others[max(0, len(r.others)-mostOthers):]
}

const mostOthers = 100

func (r *Repository) remembered() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.others)
}

// Commit is the hash of the commit that a reference names; empty if there is none.
func (r *Repository) Commit(ref string) string {
	c, _, ok := r.find(ref)
	if !ok {
		return ""
	}
	return c.sha
}

func (h history) find(is func(commit) bool) (commit, bool) {
	if is(h.release) {
		return h.release, true
	}
	for _, c := range h.main {
		if is(c) {
			return c, true
		}
	}
	return commit{}, false
}

// depth is where a commit is on main: how many are newer.
func (h history) depth(c commit) (int, bool) {
	for i, one := range h.main {
		if one.sha == c.sha {
			return i, true
		}
	}
	return 0, false
}

// apart tells by how many commits head is ahead of base and behind it, and where they part.
func (h history) apart(base, head commit) (ahead, behind int, from commit) {
	b, baseOnMain := h.depth(base)
	d, headOnMain := h.depth(head)
	switch {
	case base.sha == head.sha:
		return 0, 0, base
	case baseOnMain && headOnMain:
		return max(0, b-d), max(0, d-b), h.main[max(b, d)]
	case baseOnMain: // head is the release, on its branch
		return 1 + max(0, b-h.forked), max(0, h.forked-b), h.main[max(b, h.forked)]
	case headOnMain:
		return max(0, h.forked-d), 1 + max(0, d-h.forked), h.main[max(d, h.forked)]
	}
	return 0, 0, base
}
