package checks

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type httpParams struct {
	URL      string            `yaml:"url" doc:"what to ask, http or https"`
	Method   string            `yaml:"method,omitempty" doc:"GET (the default) or HEAD"`
	Status   []string          `yaml:"status,omitempty" doc:"statuses that are good, such as 200, 2xx or 200-204; 2xx when neither this nor expect is written"`
	Contains string            `yaml:"contains,omitempty" doc:"text that the body must contain"`
	Headers  map[string]string `yaml:"headers,omitempty" doc:"headers to send; values of those that carry credentials are never shown"`
	From     map[string]string `yaml:"headersFrom,omitempty" doc:"headers with a credential from the environment: {Authorization: 'Bearer env:NAME'}; never shown"`
	MaxBody  int               `yaml:"maxBody,omitempty" doc:"how many bytes of the body are read; 65536 when not written, at most 1048576"`
}

const (
	defaultBody = 64 << 10
	mostBody    = 1 << 20
)

var httpKind = runbook.Kind{
	Name: "http",
	Doc: `A web address answers as it should. Redirects are followed on the same host only, and never from https to http.
Link-local and metadata addresses are blocked.
passes   the status is good and the body contains the text
fails    another status, the text is not there, or the certificate is not valid
unknown  nobody answers, or not in time; or the text was not found in the part of the body that was read
With expect, and status not written, expect alone judges the status.
self     a map of status, body, json (null when the body is no JSON), ms and headers (by lower-case name)`,
	Example:  "http: {url: 'https://example.com/healthz', status: 200, contains: ok, timeout: 3s}",
	Params:   httpParams{},
	Interval: 30 * time.Second,
	Timeout:  defaultTimeout,
	Lint:     lintHTTP,
}

func lintHTTP(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*httpParams)
	var out []runbook.ParamProblem
	if known(p.URL) {
		if _, err := web.ParseURL(p.URL); err != nil {
			out = append(out, problem("url", "write it as https://host/path", "%v", err))
		}
	}
	if known(p.Method) && p.method() != http.MethodGet && p.method() != http.MethodHead {
		out = append(out, problem("method", "a check only reads: write GET or HEAD", "%q is not allowed", p.Method))
	}
	for i, s := range p.Status {
		if _, err := runbook.ParseStatus(s); err != nil && known(s) {
			out = append(out, problem(fmt.Sprintf("status[%d]", i), "write 200, 2xx or 200-204", "%v", err))
		}
	}
	if p.Contains != "" && p.method() == http.MethodHead {
		out = append(out, problem("contains", "write method: GET", "the answer to HEAD has no body"))
	}
	for name, value := range p.Headers {
		if known(name) && known(value) && !web.IsHeader(name, value) {
			out = append(out, problem("headers."+name, "", "this is not a header that can be sent"))
		}
	}
	out = append(out, lintHeadersFrom(p.From, p.Headers)...)
	if len(p.From) > 0 && strings.HasPrefix(strings.ToLower(p.URL), "http:") {
		out = append(out, runbook.ParamProblem{Path: "headersFrom", Message: "the credential goes over the network in the clear", Hint: "write url with https://", Warning: true})
	}
	if p.MaxBody < 0 || p.MaxBody > mostBody {
		out = append(out, problem("maxBody", fmt.Sprintf("write a number of bytes up to %d", mostBody), "%d is out of range", p.MaxBody))
	}
	return out
}

func (p httpParams) method() string { return strings.ToUpper(cmp.Or(p.Method, http.MethodGet)) }

func readyHTTP(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[httpParams](httpKind, work.Check)
	if err != nil {
		return check{}, err
	}
	u, err := web.ParseURL(p.URL)
	if err != nil {
		return check{}, fmt.Errorf("url: %w", err)
	}
	if w.HTTP == nil {
		return check{}, errNoDoor("web addresses")
	}
	l := httpLook{httpParams: p, url: u, clock: w.Clock, transport: w.HTTP}
	if len(p.Status) == 0 && work.Check.Expect == "" {
		l.Status = []string{"2xx"}
	}
	for _, s := range l.Status {
		r, err := runbook.ParseStatus(s)
		if err != nil {
			return check{}, fmt.Errorf("status: %w", err)
		}
		l.good = append(l.good, r)
	}
	l.hide.AddURL(u)
	l.hide.AddHeaders(p.Headers)
	if l.credentials, err = web.HeadersFrom(p.From, w.Variable, &l.hide); err != nil {
		return check{}, err
	}
	return check{look: l.look, secrets: l.hide, sensor: said("%s", u.Host)}, nil
}

type httpLook struct {
	httpParams
	url         *url.URL
	credentials map[string]string
	good        []runbook.StatusRange // none: expect alone judges
	hide        web.Secrets
	clock       run.Clock
	transport   http.RoundTripper
}

// answer is what a server said.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	more    bool // the body is longer than what was read
	elapsed time.Duration
	moved   string // where a redirect that was not followed leads to
}

func (l httpLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("%s", web.ShowURL(l.url)), Query: run.MakeSafe(l.method()+" "+web.ShowURL(l.url), maxQuery), Expected: l.expected()}
	got, err := l.ask(ctx)
	var invalid *tls.CertificateVerificationError
	switch {
	case err == nil:
		return l.judge(got, source)
	case context.Cause(ctx) != nil:
		return couldNotLook(source, context.Cause(ctx))
	case errors.As(err, &invalid):
		var s seen
		s.summed(run.Failed, "the certificate is not valid: %s", l.hide.In(invalid.Err.Error()))
		source.Observed = s.Summary
		s.Evidence = []run.Evidence{source}
		return s
	}
	return couldNotLook(source, errors.New(l.hide.In(err.Error())))
}

// ask sends one request and reads the answer, bounded.
func (l httpLook) ask(ctx context.Context) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, l.method(), l.url.String(), nil)
	if err != nil {
		return answer{}, errors.New("the request cannot be made; look at url and headers")
	}
	request.Header.Set("User-Agent", "sop")
	web.SetHeaders(request, l.Headers)
	web.SetHeaders(request, l.credentials)
	var got answer
	client := &http.Client{Transport: l.transport, CheckRedirect: web.FollowSameServer(&got.moved)}
	began := l.clock.Now()
	response, err := client.Do(request)
	if err != nil {
		return answer{}, web.Bare(err)
	}
	defer response.Body.Close()
	got.status, got.header = response.StatusCode, response.Header
	most := cmp.Or(l.MaxBody, defaultBody)
	got.body, err = io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	if err != nil {
		return answer{}, fmt.Errorf("the answer broke off: %w", web.Bare(err))
	}
	if got.more = len(got.body) > most; got.more {
		got.body = got.body[:most]
	}
	got.elapsed = l.clock.Now().Sub(began)
	return got, nil
}

func (l httpLook) expected() run.Safe {
	var words []string
	if len(l.Status) > 0 {
		words = append(words, strings.Join(l.Status, " or "))
	}
	if l.Contains != "" {
		words = append(words, fmt.Sprintf("a body with %q", l.Contains))
	}
	return said("%s", strings.Join(words, ", "))
}

func (l httpLook) judge(a answer, source run.Evidence) seen {
	s := seen{self: a.self()}
	words := fmt.Sprintf("%d in %d ms", a.status, a.elapsed.Milliseconds())
	if a.moved != "" {
		words += ", redirects to " + l.hide.In(a.moved) + ", which is not followed"
	}
	status := run.Passed
	switch found := bytes.Contains(a.body, []byte(l.Contains)); {
	case !l.isGood(a.status):
		status = run.Failed
		words += ", expected " + strings.Join(l.Status, " or ")
	case !found && a.more:
		status = run.Unknown
		words += fmt.Sprintf(", the first %d bytes of the body do not contain %q", len(a.body), l.Contains)
	case !found:
		status = run.Failed
		words += fmt.Sprintf(", the body does not contain %q", l.Contains)
	}
	s.summed(status, "%s", words)
	if status == run.Failed {
		s.Badness = 1
	}
	source.Observed = said("%s", words)
	s.Evidence = []run.Evidence{source}
	return s
}

func (l httpLook) isGood(status int) bool {
	for _, r := range l.good {
		if r.Has(status) {
			return true
		}
	}
	return len(l.good) == 0
}

// self is the answer as expect sees it. JSON that was cut is none.
func (a answer) self() map[string]any {
	headers := map[string]any{}
	for name, values := range a.header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	var document any
	if !a.more && json.Unmarshal(a.body, &document) != nil {
		document = nil
	}
	return map[string]any{"status": a.status, "body": string(a.body), "json": document, "ms": float64(a.elapsed) / float64(time.Millisecond), "headers": headers}
}
