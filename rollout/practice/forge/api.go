package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	root = "/api/v3"
	// limit is how many requests an hour the API grants.
	limit = 5000
	// Token is the only one that the API takes; without any, everything here can be read as well.
	Token = "practice"
	docs  = "https://docs.github.com/enterprise-server/rest"
)

// ServeHTTP answers the REST API of GitHub Enterprise under /api/v3, as far as reading one repository goes.
func (r *Repository) ServeHTTP(rw http.ResponseWriter, in *http.Request) {
	a := &call{r: r, rw: rw, in: in, state: r.o.State()}
	a.limits()
	switch {
	case in.Method != http.MethodGet && in.Method != http.MethodHead:
		a.fail(http.StatusNotFound, "Not Found")
	case !authorized(in):
		a.fail(http.StatusUnauthorized, "Bad credentials")
	case a.state.RateLimited:
		a.fail(http.StatusForbidden, "API rate limit exceeded for 192.0.2.1.")
	default:
		a.route()
	}
}

// authorized: whoever shows no token may read; one that is shown has to be right.
func authorized(in *http.Request) bool {
	given := in.Header.Get("Authorization")
	if given == "" {
		return true
	}
	_, token, ok := strings.Cut(given, " ")
	return ok && token == Token
}

// call is one request and its answer.
type call struct {
	r     *Repository
	rw    http.ResponseWriter
	in    *http.Request
	state State
}

// limits writes the headers of the rate limit. The count goes by the minute, not by who asked: the same request in the
// same instant gets the same answer.
func (a *call) limits() {
	now := a.r.o.Now()
	reset := now.Truncate(time.Hour).Add(time.Hour)
	used := 60 - int(reset.Sub(now)/time.Minute)
	if a.state.RateLimited {
		used = limit
	}
	for name, value := range map[string]int64{"Limit": limit, "Remaining": int64(limit - used), "Used": int64(used), "Reset": reset.Unix()} {
		a.rw.Header().Set("X-RateLimit-"+name, strconv.FormatInt(value, 10))
	}
	a.rw.Header().Set("X-RateLimit-Resource", "core")
	a.rw.Header().Set("X-GitHub-Media-Type", "github.v3; format=json")
}

// segments are the parts of the path below the root, each unescaped, so that a reference may hold a slash either way.
func (a *call) segments() ([]string, bool) {
	rest, ok := strings.CutPrefix(a.in.URL.EscapedPath(), root+"/")
	if !ok {
		return nil, false
	}
	parts := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	for i, p := range parts {
		text, err := url.PathUnescape(p)
		if err != nil {
			return nil, false
		}
		parts[i] = text
	}
	return parts, true
}

func (a *call) route() {
	parts, ok := a.segments()
	switch {
	case !ok:
		a.notFound()
	case len(parts) == 1 && parts[0] == "rate_limit":
		a.reply(map[string]any{"resources": map[string]any{"core": map[string]any{"limit": limit}}})
	case len(parts) == 1 && parts[0] == "meta":
		a.reply(map[string]any{"verifiable_password_authentication": false, "installed_version": "3.17.0"})
	case len(parts) < 3 || parts[0] != "repos" || !strings.EqualFold(parts[1], a.r.o.Owner) || !strings.EqualFold(parts[2], a.r.o.Name):
		a.notFound()
	case len(parts) == 3:
		a.reply(a.repository())
	default:
		a.below(parts[3], parts[4:])
	}
}

func (a *call) repository() map[string]any {
	o := a.r.o
	return map[string]any{
		"id": number(o.Owner, o.Name), "name": o.Name, "full_name": o.Owner + "/" + o.Name, "private": false,
		"default_branch": "main", "html_url": a.site(), "archived": false, "visibility": "internal",
		"owner": map[string]any{"login": o.Owner, "type": "Organization"},
	}
}

// below answers what stands below the repository.
func (a *call) below(what string, rest []string) {
	last := ""
	if len(rest) > 0 {
		last = rest[len(rest)-1]
	}
	switch {
	case what == "commits" && len(rest) > 1 && last == "check-runs":
		a.withCommit(rest[:len(rest)-1], a.checkRuns)
	case what == "commits" && len(rest) > 1 && (last == "status" || last == "statuses"):
		a.withCommit(rest[:len(rest)-1], a.status)
	case what == "commits" && len(rest) > 1 && last == "pulls":
		a.withCommit(rest[:len(rest)-1], a.pulls)
	case what == "commits" && len(rest) > 0:
		a.withCommit(rest, a.commit)
	case what == "compare" && len(rest) > 0:
		a.compare(strings.Join(rest, "/"))
	case what == "branches" && len(rest) > 0 && rest[0] == "main":
		a.branch(rest[1:])
	case what == "rules" && slices.Equal(rest, []string{"branches", "main"}):
		a.page(a.rules(), "", nil)
	case what == "releases" && len(rest) == 2 && rest[0] == "tags":
		a.release(rest[1])
	case what == "pulls" && len(rest) > 0:
		a.pull(rest)
	default:
		a.notFound()
	}
}

// site is the address of the repository's pages, by the host that was asked.
func (a *call) site() string { return a.base() + "/" + a.r.o.Owner + "/" + a.r.o.Name }

func (a *call) base() string {
	scheme := "http"
	if a.in.TLS != nil || a.in.URL.Scheme == "https" {
		scheme = "https"
	}
	return scheme + "://" + a.in.Host
}

// withCommit answers about a commit that is named by a reference.
func (a *call) withCommit(ref []string, answer func(commit, history)) {
	name := strings.Join(ref, "/")
	c, h, ok := a.r.find(name)
	if !ok {
		a.fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+name)
		return
	}
	answer(c, h)
}

func (a *call) notFound() { a.fail(http.StatusNotFound, "Not Found") }

// fail answers with an error in the API's form.
func (a *call) fail(code int, message string) {
	text, err := json.Marshal(map[string]string{"message": message, "documentation_url": docs, "status": strconv.Itoa(code)})
	if err != nil {
		panic("forge: strings cannot fail to become JSON: " + err.Error())
	}
	a.rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	a.rw.WriteHeader(code)
	_, _ = a.rw.Write(text) // a client that has gone needs no answer
}

func (a *call) reply(body any) {
	text, err := json.Marshal(body)
	if err != nil {
		a.fail(http.StatusInternalServerError, err.Error())
		return
	}
	a.send("application/json; charset=utf-8", text)
}

// send answers with a body, or that the client has it already.
func (a *call) send(kind string, body []byte) {
	sum := sha256.Sum256(body)
	etag := `W/"` + hex.EncodeToString(sum[:]) + `"`
	a.rw.Header().Set("ETag", etag)
	a.rw.Header().Set("Cache-Control", "private, max-age=60, s-maxage=60")
	if given := a.in.Header.Get("If-None-Match"); given == etag || "W/"+given == etag {
		a.rw.WriteHeader(http.StatusNotModified)
		return
	}
	a.rw.Header().Set("Content-Type", kind)
	a.rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = a.rw.Write(body) // a client that has gone needs no answer
}

// page answers with a part of a list and links to the others. Under a key it is a field of an object, whose other fields
// are given.
func (a *call) page(list []any, key string, others map[string]any) {
	size := clamp(a.in.URL.Query().Get("per_page"), 30, 100)
	number := clamp(a.in.URL.Query().Get("page"), 1, 1<<20)
	last := max(1, (len(list)+size-1)/size)
	from := min(len(list), (number-1)*size)
	part := list[from:min(len(list), from+size)]
	var links []string
	link := func(page int, name string) {
		u := *a.in.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(page))
		u.RawQuery = q.Encode()
		links = append(links, fmt.Sprintf(`<%s%s>; rel="%s"`, a.base(), u.RequestURI(), name))
	}
	if number > 1 {
		link(min(number-1, last), "prev")
		link(1, "first")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if len(links) > 0 {
		a.rw.Header().Set("Link", strings.Join(links, ", "))
	}
	if key == "" {
		a.reply(part)
		return
	}
	body := map[string]any{"total_count": len(list), key: part}
	for k, v := range others {
		body[k] = v
	}
	a.reply(body)
}

// clamp reads a number of the query as GitHub does: what makes no sense counts as not given.
func clamp(text string, otherwise, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

func anyOf[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
