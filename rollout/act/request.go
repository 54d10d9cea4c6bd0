package act

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 64 << 10
)

// mapOf is an ordered map as a plain one.
func mapOf(m runbook.Map[string]) map[string]string { return maps.Collect(m.All()) }

// request makes one HTTP call.
func (w *Worker) request(ctx context.Context, work run.RequestWork) outcome {
	r := work.Request
	u, err := web.ParseURL(r.URL)
	if err != nil {
		return failed("not sent: %v", err)
	}
	if w.HTTP == nil {
		return failed("not sent: there is no way to web addresses here")
	}
	var hide web.Secrets
	hide.AddURL(u)
	headers := mapOf(r.Headers)
	hide.AddHeaders(headers)
	secret, err := web.HeadersFrom(mapOf(r.From), w.Variable, &hide)
	if err != nil {
		return failed("not sent: %v", err)
	}
	maps.Copy(headers, secret)
	headers["Idempotency-Key"] = work.Wish
	good, expected, err := statuses(r.Status)
	if err != nil {
		return failed("not sent: %v", err)
	}
	c := call{
		method: strings.ToUpper(cmp.Or(r.Method, http.MethodPost)), url: u, headers: headers, body: r.Body,
		timeout: r.Timeout.Or(requestTimeout), most: maxAnswer,
	}
	shown := web.ShowURL(u)
	e := run.Evidence{Source: said("%s", u.Host), Query: run.MakeSafe(c.method+" "+shown, maxQuery), Expected: said("%s", expected)}
	if r.Contains != "" {
		e.Expected = said("%s, an answer with %q", expected, hide.In(r.Contains))
	}
	pace := once
	if r.Repeat {
		pace = patient
	}
	for t := w.pace(pace, work.Wish); ; {
		began := w.Clock.Now()
		got, err := w.try(ctx, c)
		if ctx.Err() != nil {
			return outcome{}
		}
		out, again := w.judge(r, good, u.Host, got, err, t, hide)
		if out.stage == run.ActionDone {
			out.summary = said("%s in %s", out.summary, w.Clock.Now().Sub(began).Round(time.Millisecond))
		}
		if !again || !t.again(ctx, w, got.retryAfter(w.Clock.Now())) {
			if ctx.Err() != nil {
				return outcome{}
			}
			answer := hideIn(hide, string(got.body))
			out.output = tail(answer)
			if got.cut || len(answer) > maxOutput {
				out.kept = w.keep(answer)
			}
			return out.seen(e)
		}
	}
}

// judge says what an answer means, and whether another try may help.
func (w *Worker) judge(r runbook.Request, good []runbook.StatusRange, host string, got reply, err error, t *tries, hide web.Secrets) (out outcome, again bool) {
	var before unsent
	switch {
	case errors.As(err, &before):
		return failed("not sent to %s%s: %s", host, t.more(), hide.In(err.Error())), !errors.Is(err, web.ErrBlocked)
	case err != nil && r.Repeat:
		return failed("no answer from %s%s: %s", host, t.more(), hide.In(err.Error())), true
	case err != nil:
		return doubt("it may have arrived at %s, which gave no answer (%s): look there, then send it again or tick it", host, hide.In(err.Error())), false
	}
	is := false
	for _, g := range good {
		is = is || g.Has(got.status)
	}
	switch {
	case !is && got.moved != "":
		return failed("%s answers %d and redirects to %s, which is not followed; write the address that it leads to", host, got.status, hide.In(got.moved)), false
	case !is && !r.Repeat && (got.status == http.StatusBadGateway || got.status == http.StatusGatewayTimeout):
		return doubt("%s answers %d: what stands behind it may have done it; look there, then send it again or tick it", host, got.status), false
	case !is:
		return failed("%s answers %d%s%s", host, got.status, t.more(), after(": ", hideIn(hide, firstLine(got.body)))), isBusy(got.status)
	case !bytes.Contains(got.body, []byte(r.Contains)):
		return failed("%s answers %d, but the answer does not contain %q", host, got.status, hide.In(r.Contains)), false
	}
	return done("%s answers %d", host, got.status), false
}

// statuses reads the statuses that are good.
func statuses(texts []string) (good []runbook.StatusRange, expected string, err error) {
	if len(texts) == 0 {
		texts = []string{"2xx"}
	}
	for _, text := range texts {
		r, err := runbook.ParseStatus(text)
		if err != nil {
			return nil, "", fmt.Errorf("status: %w", err)
		}
		good = append(good, r)
	}
	return good, strings.Join(texts, " or "), nil
}
