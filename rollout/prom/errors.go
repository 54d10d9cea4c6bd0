package prom

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Reason is the kind of an Error.
type Reason string

// Unreachable: nobody answered, or a proxy for it. TimedOut: it took too long. BadQuery: asking again will not
// help, the query must be changed. Other: everything else, such as missing rights or an answer that is none.
const (
	Unreachable Reason = "unreachable"
	TimedOut    Reason = "timed out"
	BadQuery    Reason = "bad query"
	Other       Reason = "other"
)

// Error is why a query was not answered. Its text holds no control characters and no credentials.
type Error struct {
	Reason Reason
	Server run.Safe // address without credentials; empty when it is not valid
	Query  run.Safe
	Text   run.Safe // what happened, in a few words
	cause  error
}

// Error says what was tried, what came of it and why.
func (e *Error) Error() string {
	where := ""
	if e.Server != "" {
		where = " at " + string(e.Server)
	}
	switch e.Reason {
	case Unreachable:
		return fmt.Sprintf("reach Prometheus%s: %s", where, e.Text)
	case BadQuery:
		return fmt.Sprintf("Prometheus%s does not accept the query: %s", where, e.Text)
	}
	return fmt.Sprintf("ask Prometheus%s: %s", where, e.Text)
}

// Unwrap is the cause; its text may be unsafe.
func (e *Error) Unwrap() error { return e.cause }

var (
	errTooLarge = errors.New("the answer is too large")
	errRedirect = errors.New("it redirects")
)

// failure makes an Error whose text is safe and free of the address's credentials.
func (c *Client) failure(reason Reason, query, text string, cause error) *Error {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return &Error{Reason: reason, Server: c.address, Query: run.MakeSafe(query, maxText), Text: run.MakeSafe(text, maxText), cause: cause}
}

// classify says what an error of the API client means.
func (c *Client) classify(query string, err error) *Error {
	var answered *v1.Error
	switch {
	case errors.Is(err, errShape):
		return c.failure(BadQuery, query, err.Error(), err)
	case errors.Is(err, errTooLarge):
		return c.failure(Other, query, fmt.Sprintf("the answer is larger than %d MiB; ask for fewer series", maxBody>>20), err)
	case errors.Is(err, errRedirect):
		return c.failure(Other, query, withoutURL(err).Error()+"; write the final address", err)
	case errors.As(err, &answered):
		return c.answered(query, answered)
	}
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		return c.failure(TimedOut, query, withoutURL(err).Error(), err)
	}
	return c.failure(Unreachable, query, withoutURL(err).Error(), err)
}

// answered is the Error for an answer that reports one.
func (c *Client) answered(query string, e *v1.Error) *Error {
	typ, text := e.Type, e.Msg
	// The client does not decode the body of a 5xx, where Prometheus tells a time-out of its own.
	var body struct {
		ErrorType v1.ErrorType `json:"errorType"`
		Error     string       `json:"error"`
	}
	if e.Detail != "" && json.Unmarshal([]byte(e.Detail), &body) == nil && body.ErrorType != "" {
		typ, text = body.ErrorType, cmp.Or(body.Error, text)
	}
	switch typ {
	case v1.ErrBadData, v1.ErrExec:
		return c.failure(BadQuery, query, text, e)
	case v1.ErrTimeout:
		return c.failure(TimedOut, query, text, e)
	case v1.ErrServer:
		if strings.HasSuffix(text, " 502") || strings.HasSuffix(text, " 503") || strings.HasSuffix(text, " 504") {
			return c.failure(Unreachable, query, explain(text), e)
		}
	case v1.ErrBadResponse:
		if strings.Contains(text, `unexpected value type "string"`) { // how the client refuses a PromQL string
			return c.failure(BadQuery, query, errShape.Error()+" but a text", e)
		}
		return c.failure(Other, query, "it does not answer as Prometheus does: "+text, e)
	}
	return c.failure(Other, query, explain(text), e)
}

// explain adds to a bare status what it usually means.
func explain(text string) string {
	for suffix, meaning := range map[string]string{
		" 401": "it wants credentials",
		" 403": "these credentials may not ask",
		" 404": "there is no Prometheus at this path",
		" 429": "it is asked too often",
		" 502": "the proxy before it cannot reach it",
		" 503": "it is not available",
		" 504": "the proxy before it got no answer in time",
	} {
		if strings.HasSuffix(text, suffix) {
			return text + ", " + meaning
		}
	}
	return text
}

// withoutURL strips net/http's "Post "https://user:…@host/…?token=…":" from an error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// showAddress is scheme, host and path: user, password and query may be secret.
func showAddress(u *url.URL) run.Safe {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return run.MakeSafe(shown.String(), maxLabel)
}

// secretsOf are the parts of an address that no text may repeat. Shorter ones than four characters are no secrets
// and would tear holes into words.
func secretsOf(u *url.URL) []string {
	var out []string
	add := func(s string) {
		if len(s) >= 4 {
			out = append(out, s, url.QueryEscape(s))
		}
	}
	if password, ok := u.User.Password(); ok {
		add(password)
		add(base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password)))
	} else if u.User != nil {
		add(u.User.Username()) // a token in the place of the user
	}
	for _, values := range u.Query() {
		for _, v := range values {
			add(v)
		}
	}
	return out
}

// capped fails the reading of a body that is longer than maxBody.
type capped struct{ next http.RoundTripper }

func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &cappedBody{ReadCloser: resp.Body, left: maxBody}
	return resp, nil
}

type cappedBody struct {
	io.ReadCloser
	left int
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, errTooLarge
	}
	b.left -= n
	return n, err
}
