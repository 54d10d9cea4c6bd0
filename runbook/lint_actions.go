package runbook

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// actions finds what is wrong with the actions that act outside of the rollout.
func (l *linter) actions(path string, s Step) {
	if s.Confirm != "" {
		l.confirm(path+".confirm", s)
	}
	switch {
	case s.Notify != nil:
		l.notify(path+".notify", s.Notify)
	case s.Approve != nil:
		l.approve(path+".approve", s)
	case s.Job != nil:
		l.job(path+".job", s.Job)
	case s.Command != nil:
		l.command(path+".command", s.Command)
	case s.HTTP != nil:
		l.request(path+".http", s.HTTP)
	case s.Flags != nil:
		l.flags(path+".flags", s.Flags)
	case s.Wait != nil:
		l.wait(path+".wait", s.Wait)
	case s.Ask != nil:
		l.ask(path+".ask", s.Ask)
	}
}

// confirmable is a word that can be typed at 3 a.m.
var confirmable = regexp.MustCompile(`^[A-Za-z0-9-]{2,40}$`)

func (l *linter) confirm(path string, s Step) {
	switch {
	case s.Action() == "" || s.Approve != nil || s.Ask != nil || s.Rollback != nil:
		l.errorf(path, "leave it out", "step %s has nothing to start that a word could confirm", quote(s.ID))
	case !confirmable.MatchString(s.Confirm):
		l.errorf(path, "2 to 40 letters, digits and hyphens, such as restore", "%s is no word to type", quote(s.Confirm))
	}
}

func (l *linter) notify(path string, n *Notify) {
	l.channel(path+".channel", n.Channel)
	if i := n.Invite; i != nil && i.After == (Duration{}) && l.doc.nodes[path+".invite.after"] != nil {
		l.errorf(path+".invite.after", "write how long from now, such as 3d", "the appointment must lie in the future")
	}
	if i := n.Invite; i != nil {
		for j, guest := range i.Guest {
			if !HasExpr(guest) && (strings.Count(guest, "@") != 1 || strings.ContainsAny(guest, " \t;,<>\"")) {
				l.errorf(fmt.Sprintf("%s.invite.guests[%d]", path, j), "write name@example.com", "%s is no mail address", quote(guest))
			}
		}
	}
}

// channel looks for a channel by name.
func (l *linter) channel(path, name string) {
	if name == "" {
		return
	}
	var known []string
	if c := l.rb.Communication; c != nil {
		known = c.Channels.Keys()
	}
	if !slices.Contains(known, name) {
		hint := "add it under communication: channels:"
		if near := nearest(name, known); near != "" {
			hint = "did you mean " + quote(near) + "?"
		}
		l.errorf(path, hint, "unknown channel %s", quote(name))
	}
}

func (l *linter) channels() {
	c := l.rb.Communication
	if c == nil {
		return
	}
	l.channel("communication.status", c.Status)
	l.channel("communication.escalation", c.Escalation)
	for name, ch := range c.Channels.All() {
		path := "communication.channels." + name
		l.name(path, "channel", name)
		l.oneOf(path+".format", ch.Format, "slack", "json")
		if ch.Webhook != "" && len(ch.Command) > 0 {
			l.errorf(path, "keep one", "channel %s has a webhook and a command", quote(name))
		}
		if w := ch.Webhook; w != "" && !strings.HasPrefix(w, "env:") {
			l.httpURL(path+".webhook", w)
			l.webhookSecret(path+".webhook", name, w)
		}
		if len(ch.Command) > 0 {
			l.argv(path+".command", ch.Command)
		}
	}
}

// argv reports what must not be in an argument list. The list's own place is path.
func (l *linter) argv(path string, argv []string) {
	for _, p := range LintArgv(nil, argv) {
		l.errorf(path+strings.TrimPrefix(p.Path, "argv"), p.Hint, "%s", p.Message)
	}
}

func (l *linter) approve(path string, s Step) {
	if !s.IsRequired() {
		l.warnf(path, "leave required out", "step %s waits for an approval that no gate waits for", quote(s.ID))
	}
}

// migrations are what an act may do to data.
var migrations = []string{"compatible", "incompatible"}

func (l *linter) job(path string, j *Job) {
	switch {
	case j.CronJob == "" && j.Manifest == "":
		l.errorf(path, "write cronJob: NAME, or manifest: with the Job", "the job names neither a CronJob nor a manifest")
	case j.CronJob != "" && j.Manifest != "":
		l.errorf(path, "keep one", "the job has both a CronJob and a manifest")
	case j.CronJob != "" && constant(j.CronJob) && !dnsName.MatchString(j.CronJob):
		l.errorf(path+".cronJob", "small letters, digits, hyphens and dots", "%s is no name of a CronJob", quote(j.CronJob))
	}
	l.oneOf(path+".migration", j.Migration, migrations...)
}

func (l *linter) command(path string, c *Command) {
	l.argv(path+".argv", c.Argv)
	for name := range c.Env.All() {
		if !variable.MatchString(name) {
			l.errorf(path+".env."+name, "letters, digits and underscores", "%s is no name of an environment variable", quote(name))
		}
	}
	for i, name := range c.Variables {
		if !variable.MatchString(name) {
			l.errorf(fmt.Sprintf("%s.variables[%d]", path, i), "write the name alone; its value is read when the program runs", "%s is no name of an environment variable", quote(name))
		}
	}
	l.oneOf(path+".migration", c.Migration, migrations...)
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (l *linter) request(path string, r *Request) {
	l.httpURL(path+".url", r.URL)
	l.oneOf(path+".method", r.Method, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet)
	for i, s := range r.Status {
		if _, err := ParseStatus(s); err != nil && constant(s) {
			l.errorf(fmt.Sprintf("%s.status[%d]", path, i), "write 200, 2xx or 200-204", "%v", err)
		}
	}
	for name, value := range r.From.All() {
		if !strings.Contains(value, "env:") {
			l.errorf(path+".headersFrom."+name, "write {Authorization: 'Bearer env:NAME'}", "%s names no environment variable", quote(name))
		}
		if _, twice := r.Headers.Get(name); twice {
			l.errorf(path+".headersFrom."+name, "keep one", "header %s stands under headers and headersFrom", quote(name))
		}
	}
	if r.From.Len() > 0 && strings.HasPrefix(strings.ToLower(r.URL), "http:") {
		l.warnf(path+".headersFrom", "write url with https://", "the credential goes over the network in the clear")
	}
}

func (l *linter) flags(path string, f *Flags) {
	switch {
	case f.ConfigMap.Name == "" && f.URL == "":
		l.errorf(path, "write configmap: {name: …, key: …} or url:", "nothing says where the flags are")
	case f.ConfigMap.Name != "" && f.URL != "":
		l.errorf(path, "keep one", "the flags have both a ConfigMap and an address")
	case f.URL != "":
		l.httpURL(path+".url", f.URL)
	}
	if !f.Flags.All && len(f.Flags.List) == 0 && l.doc.nodes[path+".flags"] != nil {
		l.errorf(path+".flags", "name the flags, or write all", "no flag is named")
	}
	before := Percent(0)
	for i, p := range f.Steps {
		if p <= before || p > 100 || p != Percent(int(p)) {
			l.errorf(fmt.Sprintf("%s.steps[%d]", path, i), "whole percentages, each above the one before it, at most 100%", "the shares of flags must rise to at most 100%%, and %v comes after %v", p, before)
		}
		before = p
	}
}

func (l *linter) wait(path string, w *Wait) {
	switch {
	case w.Window == nil && w.For == (Duration{}):
		l.errorf(path, "write for: 10m, or window: {from: '09:00', to: '17:00'}", "nothing says what is waited for")
	case w.Window != nil && w.For != (Duration{}):
		l.errorf(path, "keep one", "a step waits for a time or for a window, not for both")
	}
	if w.Window == nil {
		return
	}
	for _, p := range w.Window.Problems() {
		l.errorf(path+".window."+p.Path, p.Hint, "%s", p.Message)
	}
}

func (l *linter) ask(path string, a *Ask) {
	if len(a.Questions) == 0 && l.doc.nodes[path+".questions"] != nil {
		l.errorf(path+".questions", "add a question", "the step asks nothing")
	}
	seen := map[string]bool{}
	for i, q := range a.Questions {
		at := fmt.Sprintf("%s.questions[%d]", path, i)
		l.name(at+".id", "question id", q.ID)
		if seen[q.ID] && q.ID != "" {
			l.errorf(at+".id", "every question of a step needs an id of its own", "question id %s stands twice", quote(q.ID))
		}
		seen[q.ID] = true
		if _, err := regexp.Compile(q.Pattern); err != nil {
			l.errorf(at+".pattern", "the syntax is RE2's", "the pattern does not compile: %s", printable(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
			continue
		}
		if q.Default != "" && constant(q.Default) && q.Accepts(q.Default) != "" {
			l.errorf(at+".default", "", "the default does not fit: %s", q.Accepts(q.Default))
		}
	}
}

// Accepts says what is wrong with an answer; empty when nothing is.
func (q Question) Accepts(answer string) string {
	answer = strings.TrimSpace(answer)
	switch {
	case answer == "" && q.Optional:
		return ""
	case answer == "":
		return q.Title + " wants an answer"
	case len(q.Options) > 0 && !slices.Contains(q.Options, answer):
		return "write one of " + strings.Join(q.Options, ", ")
	case q.Pattern != "":
		whole, err := regexp.Compile(`^(?:` + q.Pattern + `)$`)
		if err != nil || !whole.MatchString(answer) {
			return "it must match " + q.Pattern
		}
	}
	return ""
}
