package process

import (
	"slices"
	"strings"
)

// passed are the variables that every program gets from sop's own environment: where things are (PATH, HOME, the
// user's configuration, the kubeconfig), who runs it, language and time zone, the way to the network, and the agent
// that signs for ssh without giving a key away. Nothing else: an operator's environment is full of tokens, and most
// programs have no business with them. A step names what its program needs beyond this.
var passed = []string{
	"PATH", "HOME", "TMPDIR", "XDG_CONFIG_HOME", "KUBECONFIG",
	"USER", "LOGNAME",
	"LANG", "LANGUAGE", "TZ",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"SSH_AUTH_SOCK",
}

// plain tells programs that their output is read by a program.
var plain = []string{"TERM=dumb", "NO_COLOR=1"}

// environment is what a program gets: the passed variables of own, then plain, then given.
func environment(own, given []string) []string {
	out := []string{}
	for _, pair := range own {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(passed, name) || strings.HasPrefix(name, "LC_") {
			out = append(out, pair)
		}
	}
	return append(append(out, plain...), given...)
}

// valueOf is the value of a variable; the last one counts, as for os/exec.
func valueOf(env []string, name string) string {
	for _, pair := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}
