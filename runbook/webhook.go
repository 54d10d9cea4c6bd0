package runbook

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Law: whoever knows the address of a webhook can write in its channel. Such an address is a secret, and an input of a
// run stands in its journal.

// webhookHosts take messages from whoever knows the address.
var webhookHosts = []string{"hooks.slack.com", "discord.com", "discordapp.com", "webhook.office.com", "logic.azure.com", "chat.googleapis.com"}

// leastToken is how long a part of an address is that looks like a token and is no word.
const leastToken = 16

// bearsSecret tells whether the address of a webhook looks like one that opens its channel.
func bearsSecret(text string) bool {
	u, err := url.Parse(expressed.ReplaceAllString(strings.TrimSpace(text), "x"))
	if err != nil || u.Host == "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if u.User != nil || slices.ContainsFunc(webhookHosts, func(h string) bool { return host == h || strings.HasSuffix(host, "."+h) }) {
		return true
	}
	parts := strings.Split(u.Path, "/")
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	return slices.ContainsFunc(parts, isToken)
}

// isToken: long, with letters and digits, and without the hyphens that words are joined with.
func isToken(part string) bool {
	return len(part) >= leastToken && strings.ContainsFunc(part, unicode.IsLetter) && strings.ContainsFunc(part, unicode.IsDigit) ||
		len(part) >= 2*leastToken && !strings.ContainsAny(part, "-.")
}

const fromEnvironment = "write env:NAME, and set the variable NAME where sop is started"

// webhookSecret warns of an address that opens a channel and stands plainly in the file, or in the default of an input.
func (l *linter) webhookSecret(path, name, webhook string) {
	if bearsSecret(webhook) {
		l.warnf(path, fromEnvironment, "the webhook of channel %s lets whoever reads it write there, and stands in the file", quote(name))
		return
	}
	for input, in := range l.rb.Inputs.All() {
		if in.Default != nil && strings.Contains(webhook, "inputs."+input) && bearsSecret(*in.Default) {
			l.warnf("inputs."+input+".default", fromEnvironment, "the webhook of channel %s lets whoever reads it write there, and stands in the file", quote(name))
		}
	}
}

// webhooksGiven warns of addresses that open a channel and were given as an input: the journal would keep them.
func (r *resolver) webhooksGiven(l *linter) {
	c := r.plan.Runbook.Communication
	if c == nil {
		return
	}
	for name, ch := range c.Channels.All() {
		written, _ := r.doc.Runbook.Communication.Channels.Get(name)
		if !HasExpr(written.Webhook) || bearsSecret(written.Webhook) || !bearsSecret(ch.Webhook) {
			continue
		}
		l.warnf("communication.channels."+name+".webhook", "give the input as env:NAME, and set the variable NAME where sop is started",
			"the webhook of channel %s lets whoever reads it write there, and as an input it stands in the journal of the run", quote(name))
	}
}
