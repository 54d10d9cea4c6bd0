package checks

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
)

// maxHosts is how large gh's hosts.yml may be.
const maxHosts = 256 << 10

// credential is a token and where it was found; both are empty when there is none.
type credential struct {
	token, from string
}

// webHost is the host that people and gh know a GitHub by; an API may have one of its own.
func webHost(api *url.URL) string {
	host := strings.ToLower(api.Hostname())
	if rest, ok := strings.CutPrefix(host, "api."); ok && (rest == "github.com" || strings.HasSuffix(rest, ".ghe.com")) {
		return rest
	}
	return host
}

// githubToken finds the token for the GitHub at that address, as gh does but stricter about which host it is for: a
// runbook can name any host, and must not be able to send it a token of another. GH_TOKEN is for github.com,
// GITHUB_TOKEN for GITHUB_SERVER_URL or else github.com, the tokens of Enterprise for GH_HOST. Nothing is sent without
// TLS.
func (w *Worker) githubToken(ctx context.Context, api *url.URL) credential {
	if api.Scheme != "https" {
		return credential{}
	}
	host, chosen := webHost(api), strings.ToLower(w.variable("GH_HOST"))
	server := "github.com"
	if u, err := url.Parse(w.variable("GITHUB_SERVER_URL")); err == nil && u.Hostname() != "" {
		server = strings.ToLower(u.Hostname())
	}
	own := "github.com"
	if strings.HasSuffix(chosen, ".ghe.com") {
		own = chosen
	}
	for _, v := range []struct{ name, host string }{
		{"GH_TOKEN", own}, {"GITHUB_TOKEN", server}, {"GH_ENTERPRISE_TOKEN", chosen}, {"GITHUB_ENTERPRISE_TOKEN", chosen},
	} {
		enterprise := strings.Contains(v.name, "ENTERPRISE")
		if token := strings.TrimSpace(w.variable(v.name)); v.host == host && isToken(token) && !(enterprise && host == "github.com") {
			return credential{token, v.name}
		}
	}
	return w.githubLogin(ctx, host)
}

// githubLogin takes the token with which gh is logged in to the host: from its file, or from gh itself where that keeps
// it in the system's keyring.
func (w *Worker) githubLogin(ctx context.Context, host string) credential {
	if w.GitHubHosts == nil {
		return credential{}
	}
	text, err := w.GitHubHosts()
	if err != nil || len(text) > maxHosts {
		return credential{}
	}
	type login struct {
		Token string `yaml:"oauth_token"`
		User  string `yaml:"user"`
		Users map[string]struct {
			Token string `yaml:"oauth_token"`
		} `yaml:"users"`
	}
	hosts := map[string]login{}
	if yaml.Unmarshal(text, &hosts) != nil {
		return credential{}
	}
	known, ok := hosts[host]
	switch {
	case !ok:
		return credential{}
	case isToken(known.Token):
		return credential{known.Token, "gh's hosts.yml"}
	case isToken(known.Users[known.User].Token):
		return credential{known.Users[known.User].Token, "gh's hosts.yml"}
	case w.Programs == nil:
		return credential{}
	}
	var env []string
	for _, name := range []string{"GH_CONFIG_DIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"} { // the way to the keyring
		if value := w.variable(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	out, err := w.Programs.Run(ctx, process.Command{Argv: []string{"gh", "auth", "token", "--hostname", host}, Env: env, MaxOutput: 4096})
	if token := strings.TrimSpace(string(out.Stdout)); err == nil && out.Code == 0 && isToken(token) {
		return credential{token, "gh auth token"}
	}
	return credential{}
}

// isToken tells whether a text can be sent as a token.
func isToken(text string) bool {
	printable := func(r rune) bool { return r > ' ' && r < 0x7f }
	return len(text) >= web.LeastSecret && len(text) <= 4096 && !slices.ContainsFunc([]rune(text), func(r rune) bool { return !printable(r) })
}
