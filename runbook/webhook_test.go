package runbook

import (
	"strings"
	"testing"
)

// slackHook is assembled, so that nobody takes it for a real one.
var slackHook = "https://hooks.slack.com/services/T024BE7LD/" + "B0SECRETPATH/x"

func TestBearsSecret(t *testing.T) {
	for address, want := range map[string]bool{
		slackHook: true,
		"https://hooks.slack.com/services/${inputs.hook}":              true,
		"https://acme.webhook.office.com/webhookb2/x":                  true,
		"https://user:pass@chat.example/hooks/a":                       true,
		"https://chat.example/hooks/4xp9fdt77pncbef59f4k1qe83o":        true,
		"https://chat.example/post?key=4xp9fdt77pncbef59f4k1qe83o":     true,
		"https://chat.example/hooks/abcdefghijklmnopqrstuvwxyzabcdefg": true,
		"https://chat.example/hooks/releases":                          false,
		"https://chat.example/hooks/${inputs.room}":                    false,
		"https://chat.example/hooks/team-of-the-release-managers":      false,
		"https://hooks.slack.com.example/releases":                     false,
		"env:SLACK_RELEASES_WEBHOOK_URL_2":                             false,
		"${inputs.hook}":                                               false,
		"":                                                             false,
		"://":                                                          false,
	} {
		if got := bearsSecret(address); got != want {
			t.Errorf("%s: %t, want %t", address, got, want)
		}
	}
}

// chatting is the small runbook with a channel, and an input for its address.
func chatting(t *testing.T, webhook, given string) string {
	text := with(t, "  hold: {type: duration, default: 5m}\n", "  hold: {type: duration, default: 5m}\n  hook: {title: Hook, default: '"+given+"'}\n")
	return text + "communication:\n  channels:\n    news: {webhook: '" + webhook + "'}\n"
}

func TestAWebhookInTheFileIsTold(t *testing.T) {
	told := `the webhook of channel "news" lets whoever reads it write there`
	for _, w := range []wants{
		{name: "plainly", becomes: chatting(t, slackHook, ""), message: told, hint: "write env:NAME", warning: true},
		{name: "in a default", becomes: chatting(t, "${inputs.hook}", slackHook), line: 7, message: told, hint: "write env:NAME", warning: true},
		{name: "in parts", becomes: chatting(t, "https://hooks.slack.com/services/${inputs.hook}", ""), message: told, hint: "write env:NAME", warning: true},
	} {
		t.Run(w.name, w.check)
	}
	mustLoad(t, chatting(t, "env:HOOK", slackHook))
	mustLoad(t, chatting(t, "${inputs.hook}", "env:HOOK"))
	mustLoad(t, chatting(t, "https://chat.example/hooks/releases", ""))
}

// What a run is given stands in its journal.
func TestAWebhookThatIsGivenIsTold(t *testing.T) {
	doc := mustLoad(t, chatting(t, "${inputs.hook}", ""))
	for given, want := range map[string]bool{slackHook: true, "env:HOOK": false, "https://chat.example/hooks/releases": false, "": false} {
		plan, problems := Resolve(doc, Choice{Inputs: map[string]string{"version": "v1", "hook": given}, Environment: "production"})
		if plan == nil {
			t.Fatalf("%s: %v", given, problems)
		}
		told := false
		for _, p := range problems {
			told = told || p.Severity == SeverityWarning && strings.Contains(p.Message, "stands in the journal") && strings.Contains(p.Hint, "env:NAME")
			if strings.Contains(p.String(), "B0SECRETPATH") {
				t.Errorf("the warning shows it: %s", p)
			}
		}
		if told != want {
			t.Errorf("%s: told is %t: %v", given, told, problems)
		}
	}
}
