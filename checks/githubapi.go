package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// Bounds of what is read from GitHub.
const (
	hubBody  = 4 << 20
	hubPage  = 100
	hubPages = 10
	// hubKept and hubKeptBody bound the answers kept for asking whether they are still right, which costs no budget.
	hubKept, hubKeptBody = 200, 256 << 10
)

// hubs holds one hub for each address, since limits and kept answers belong to the server, not to a check.
type hubs struct {
	mu     sync.Mutex
	byBase map[string]*hub
}

// hub asks one GitHub. Its methods may be called from any goroutine; no lock is held while one waits.
type hub struct {
	base      *url.URL // without a slash at its end
	transport http.RoundTripper
	clock     run.Clock
	find      func(context.Context, *url.URL) credential

	mu    sync.Mutex
	as    *credential // nil: not looked for yet
	until time.Time   // nothing is asked before
	kept  map[string]keptReply
}

type keptReply struct {
	etag string
	reply
}

func (w *Worker) hub(base *url.URL) *hub {
	w.hubs.mu.Lock()
	defer w.hubs.mu.Unlock()
	if w.hubs.byBase == nil {
		w.hubs.byBase = map[string]*hub{}
	}
	h, ok := w.hubs.byBase[base.String()]
	if !ok {
		h = &hub{base: base, transport: w.HTTP, clock: w.Clock, find: w.githubToken, kept: map[string]keptReply{}}
		w.hubs.byBase[base.String()] = h
	}
	return h
}

// errLimited is a GitHub that must not be asked before a time.
type errLimited struct{ until time.Time }

func (e errLimited) Error() string {
	return "GitHub's rate limit is used up until " + e.until.UTC().Format("15:04:05 MST")
}

// credential is what the hub is asked with.
func (h *hub) credential(ctx context.Context) credential {
	h.mu.Lock()
	as := h.as
	h.mu.Unlock()
	if as != nil {
		return *as
	}
	found := h.find(ctx, h.base)
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() == nil {
		h.as = &found
	}
	return found
}

// Media types of answers.
const (
	hubJSON   = "application/vnd.github+json"
	hubCommit = "application/vnd.github.sha" // of a commit only its id
)

// get asks for what is at a path below the base, such as /repos/o/r, and reads its JSON.
func (h *hub) get(ctx context.Context, path string, into any) error {
	r, err := h.ask(ctx, path, hubJSON)
	if err != nil {
		return err
	}
	return decodeReply(r, into)
}

// ask sends one request, unless the limit forbids it. What was seen before is asked for by its ETag: such an answer
// costs nothing while nothing has changed.
func (h *hub) ask(ctx context.Context, path, accept string) (reply, error) {
	as := h.credential(ctx)
	h.mu.Lock()
	until, kept := h.until, h.kept[accept+path]
	h.mu.Unlock()
	if h.clock.Now().Before(until) {
		return reply{}, errLimited{until}
	}
	headers := map[string]string{"Accept": accept, "X-GitHub-Api-Version": "2022-11-28"}
	if as.token != "" {
		headers["Authorization"] = "Bearer " + as.token
	}
	if kept.etag != "" {
		headers["If-None-Match"] = kept.etag
	}
	r, err := askAPI(ctx, h.transport, h.base.String()+path, headers, hubBody)
	if err != nil {
		return reply{}, err
	}
	if until := h.limits(r); !until.IsZero() && r.status >= 400 {
		return reply{}, errLimited{until}
	}
	switch {
	case r.status == http.StatusNotModified && kept.etag != "":
		return kept.reply, nil
	case r.status == http.StatusOK:
		h.keep(accept+path, r)
		return r, nil
	}
	return reply{}, h.refused(r, as)
}

func (h *hub) keep(key string, r reply) {
	etag := r.header.Get("ETag")
	h.mu.Lock()
	defer h.mu.Unlock()
	if etag == "" || len(etag) > 200 || len(r.body) > hubKeptBody {
		delete(h.kept, key)
		return
	}
	if len(h.kept) >= hubKept {
		clear(h.kept)
	}
	h.kept[key] = keptReply{etag, r}
}

// refused says what a refusal means. A token that is no longer good is looked for again the next time.
func (h *hub) refused(r reply, as credential) error {
	with := "the token of " + as.from
	advice := ""
	switch {
	case r.status == http.StatusUnauthorized:
		h.mu.Lock()
		h.as = nil
		h.mu.Unlock()
		advice = with + " is not accepted; renew it, or gh auth login"
		if as.token == "" {
			advice = "set " + h.tokenName() + ", or gh auth login"
		}
	case r.status == http.StatusNotFound && as.token == "":
		advice = "if it is private, set " + h.tokenName() + ", or gh auth login"
	case r.status == http.StatusNotFound || r.status == http.StatusForbidden && as.token != "":
		advice = with + " may not read it, or it is not there"
	case r.status == http.StatusForbidden:
		advice = "set " + h.tokenName() + ", or gh auth login"
	}
	return refused(r, advice)
}

func (h *hub) tokenName() string {
	if host := webHost(h.base); host != "github.com" {
		return "GH_HOST=" + host + " and GH_ENTERPRISE_TOKEN"
	}
	return "GH_TOKEN"
}

// Waits that GitHub leaves open, and the longest that it is believed.
const (
	secondaryWait = time.Minute
	longestWait   = 75 * time.Minute
)

// limits reads from an answer until when nothing more may be asked; zero when it may.
// See docs.github.com, "Rate limits for the REST API": Retry-After first, then the reset, then a minute.
func (h *hub) limits(r reply) time.Time {
	now := h.clock.Now()
	var until time.Time
	rejected := r.status == http.StatusForbidden || r.status == http.StatusTooManyRequests
	switch seconds, err := strconv.Atoi(r.header.Get("Retry-After")); {
	case rejected && err == nil && seconds >= 0:
		until = now.Add(time.Duration(min(seconds, 1<<20)) * time.Second)
	case r.header.Get("X-RateLimit-Remaining") == "0" && (rejected || r.status < 400):
		until = resetOf(r.header, now)
	case r.status == http.StatusTooManyRequests, rejected && strings.Contains(strings.ToLower(string(r.body)), "rate limit"):
		until = now.Add(secondaryWait)
	}
	if until.IsZero() {
		return until
	}
	if until.After(now.Add(longestWait)) {
		until = now.Add(longestWait)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.until) {
		h.until = until
	}
	return until
}

func resetOf(header http.Header, now time.Time) time.Time {
	seconds, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64)
	if reset := time.Unix(seconds, 0); err == nil && reset.After(now) {
		return reset
	}
	return now.Add(secondaryWait)
}

// pages asks for all pages of a list. take reads one and says how many entries it had and how many there are in all (-1
// when the answer does not tell).
func (h *hub) pages(ctx context.Context, path string, take func(reply) (entries, total int, err error)) error {
	read := 0
	for page := 1; page <= hubPages; page++ {
		r, err := h.ask(ctx, fmt.Sprintf("%s%sper_page=%d&page=%d", path, separator(path), hubPage, page), hubJSON)
		if err != nil {
			return err
		}
		n, total, err := take(r)
		if err != nil {
			return err
		}
		read += n
		switch {
		case total >= 0 && read >= total, total < 0 && n < hubPage:
			return nil
		case n == 0:
			return fmt.Errorf("GitHub says that there are %d entries and gives %d; the list is not whole", total, read)
		}
	}
	return fmt.Errorf("the list is longer than %d entries", hubPage*hubPages)
}

func separator(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

// statusOf is the HTTP status of a refusal; 0 when the error is another.
func statusOf(err error) int {
	var e *apiError
	if errors.As(err, &e) {
		return e.status
	}
	return 0
}

// parseHub accepts the address of a GitHub API; the empty one is github.com's.
func parseHub(address string) (*url.URL, error) {
	u, err := web.ParseURL(cmp.Or(address, "https://api.github.com"))
	switch {
	case err != nil:
		return nil, err
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("credentials and queries do not belong into it")
	case strings.EqualFold(u.Hostname(), "github.com"):
		return nil, errors.New("the API of github.com is at https://api.github.com")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: strings.TrimRight(u.Path, "/")}, nil
}
