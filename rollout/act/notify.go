package act

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	postTimeout   = 15 * time.Second // of one try
	notifyTimeout = 30 * time.Second // of a program
	maxPostAnswer = 2 << 10
)

// notify tells people something. Its invitation is written first: it needs nobody's answer.
func (w *Worker) notify(ctx context.Context, work run.NotifyWork) outcome {
	var invited run.Safe
	var kept string
	if work.Invite != nil {
		name, start, err := w.appointment(work.Wish, work.About, work.At, work.Invite)
		if err != nil {
			invited = said("; the invitation could not be written: %v", err)
		} else {
			kept, invited = name, said("; invitation for %s in %s", start.Format("Mon 2 Jan 15:04 MST"), name)
		}
	}
	var out outcome
	switch {
	case work.Channel.Webhook != "":
		out = w.post(ctx, work)
	case len(work.Channel.Command) > 0:
		out = w.hand(ctx, work)
	default:
		out = failed("nothing sends on channel %s: tell them yourself", work.Channel.Name)
	}
	if out.stage != "" {
		out.summary, out.kept = run.MakeSafe(string(out.summary+invited), maxSummary), kept
	}
	return out
}

// webhook is the address of a channel and what must not show of it: all but its host.
func (w *Worker) webhook(address string) (*url.URL, web.Secrets, error) {
	var hide web.Secrets
	if m := web.FromEnv.FindStringSubmatch(address); m != nil {
		if m[1] != "" {
			return nil, hide, errors.New("the address of a webhook is written env:NAME, without a scheme")
		}
		if address = strings.TrimSpace(w.variable(m[2])); address == "" {
			return nil, hide, fmt.Errorf("the address comes from the environment variable %s, which is not set; set it and start sop again, it will go on", m[2])
		}
	}
	u, err := web.ParseURL(address)
	if err != nil {
		return nil, hide, fmt.Errorf("the address of the webhook: %w", err)
	}
	if u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return nil, hide, errors.New("the address of the webhook must begin with https://")
	}
	hide.AddURL(u)
	hide.Add(address, u.String(), u.RequestURI(), u.EscapedPath(), u.Path, u.RawQuery)
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) > 2*web.LeastSecret { // a short one is a word, as in /hooks/
			hide.Add(part)
		}
	}
	for _, values := range u.Query() {
		hide.Add(values...)
	}
	return u, hide, nil
}

func isLoopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// post sends a message to a webhook.
func (w *Worker) post(ctx context.Context, work run.NotifyWork) outcome {
	u, hide, err := w.webhook(work.Channel.Webhook)
	switch {
	case err != nil:
		return failed("not sent on channel %s: %v", work.Channel.Name, err)
	case w.HTTP == nil:
		return failed("not sent on channel %s: there is no way to web addresses here", work.Channel.Name)
	}
	c := call{
		method: http.MethodPost, url: u, body: payload(work), timeout: postTimeout, most: maxPostAnswer,
		headers: map[string]string{"Content-Type": "application/json", "Idempotency-Key": work.Wish},
	}
	e := run.Evidence{Source: said("%s", u.Host), Query: said("POST https://%s/%s", u.Host, web.Hidden), Expected: "2xx"}
	pace := patient
	if work.Urgent {
		pace = urgent
	}
	for t := w.pace(pace, work.Wish); ; {
		got, err := w.try(ctx, c)
		if ctx.Err() != nil {
			return outcome{}
		}
		var out outcome
		var wait time.Duration
		switch answer := hideIn(hide, firstLine(got.body)); {
		case err != nil:
			out = failed("not sent to %s%s: %s; look whether the address answers, then send it again", u.Host, t.more(), hide.In(err.Error()))
			if errors.Is(err, web.ErrBlocked) {
				return out.seen(e)
			}
		case got.status/100 == 2:
			return done("sent to %s: %d%s", u.Host, got.status, after(" ", answer)).seen(e)
		case isBusy(got.status):
			wait = got.retryAfter(w.Clock.Now())
			out = failed("not sent to %s%s: it answers %d%s; send it again later", u.Host, t.more(), got.status, after(", ", answer))
		case got.moved != "":
			return failed("not sent to %s: it redirects to %s, which is not followed; write the address that it leads to", u.Host, hide.In(got.moved)).seen(e)
		default:
			return failed("not sent to %s: it answers %d%s; %s", u.Host, got.status, after(", ", answer), remedy(got.status)).seen(e)
		}
		if !t.again(ctx, w, wait) {
			if ctx.Err() != nil {
				return outcome{}
			}
			return out.seen(e)
		}
	}
}

// more says how many tries there were, counting the one under way.
func (t *tries) more() string {
	if t.n == 0 {
		return ""
	}
	return fmt.Sprintf(" after %d tries", t.n+1)
}

// remedy is what to do about a refusal.
func remedy(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the webhook does not let us in: have its owner make a new one"
	case http.StatusNotFound, http.StatusGone:
		return "the webhook is not there any more: have its owner make a new one, or tell them yourself"
	case http.StatusRequestEntityTooLarge:
		return "shorten the text"
	}
	return "look at the channel's format and address, or tell them yourself"
}

// payload is what a webhook gets.
func payload(work run.NotifyWork) string {
	facts := map[string]string{}
	if work.Channel.Format == "json" {
		maps.Copy(facts, factsOf(work))
	} else {
		// Slack reads <…> as a link or a call to everybody; Mattermost and Teams read the escapes as it does.
		facts["text"] = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(string(work.Text))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(facts) // texts only
	return b.String()
}

// factsOf is everything that a machine may want to know about a message.
func factsOf(work run.NotifyWork) map[string]string {
	facts := maps.Clone(work.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	facts["about"], facts["text"], facts["at"], facts["by"], facts["wish"], facts["run"] =
		work.About, string(work.Text), work.At.UTC().Format(time.RFC3339), work.By, work.Wish, work.Run
	return facts
}

// hand gives a message to a program: the text on its standard input, the facts as variables.
func (w *Worker) hand(ctx context.Context, work run.NotifyWork) outcome {
	if w.Programs == nil {
		return failed("not sent on channel %s: no programs can be run here", work.Channel.Name)
	}
	argv := work.Channel.Command
	facts := factsOf(work)
	delete(facts, "text")
	var env []string
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		env = append(env, "SOP_"+strings.ToUpper(name)+"="+strings.ReplaceAll(facts[name], "\x00", ""))
	}
	var hide web.Secrets
	hide.AddArgv(argv)
	e := run.Evidence{Source: said("program %s", hide.In(argv[0])), Query: run.MakeSafe(hide.In(process.ShellLine(argv)), maxQuery), Expected: "exit code 0"}
	pace := once
	if work.Urgent { // better told twice than never
		pace = urgent
	}
	for t := w.pace(pace, work.Wish); ; {
		ran := w.execute(ctx, process.Command{Argv: argv, Env: env, Stdin: []byte(work.Text + "\n")}, notifyTimeout, hide)
		switch {
		case ctx.Err() != nil:
			return outcome{}
		case ran.err == nil && ran.code == 0:
			return done("given to %s%s", hide.In(argv[0]), after(": ", ran.last())).seen(e)
		case !t.again(ctx, w, 0):
			if ctx.Err() != nil {
				return outcome{}
			}
			out := failed("not sent: %s; look at the program, then send it again", ran.words(hide.In(argv[0])))
			out.output = tail(ran.text)
			return out.seen(e)
		}
	}
}

// firstLine is the beginning of an answer.
func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	return string(run.MakeSafe(line, 160))
}

// after is the text behind a separator, or nothing.
func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}
