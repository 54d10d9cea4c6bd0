package checks

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestGitHubToken(t *testing.T) {
	const token = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"
	file := func(text string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(text), nil } }
	for _, c := range []struct {
		name      string
		url       string
		variables map[string]string
		hosts     func() ([]byte, error)
		gh        process.Runner
		sent      bool
	}{
		{"GH_TOKEN", "", settings("GH_TOKEN", token), nil, nil, true},
		{"GITHUB_TOKEN", "", settings("GITHUB_TOKEN", token+"\n"), nil, nil, true},
		{"GH_TOKEN is not for Enterprise", "https://github.example/api/v3", settings("GH_TOKEN", token, "GITHUB_TOKEN", token), nil, nil, false},
		{"GITHUB_TOKEN of an Enterprise's Actions", "https://github.example/api/v3", settings("GITHUB_TOKEN", token, "GITHUB_SERVER_URL", "https://github.example"), nil, nil, true},
		{"that one is not for github.com", "", settings("GITHUB_TOKEN", token, "GITHUB_SERVER_URL", "https://github.example"), nil, nil, false},
		{"Enterprise", "https://github.example/api/v3", settings("GH_ENTERPRISE_TOKEN", token, "GH_HOST", "github.example"), nil, nil, true},
		{"Enterprise for no host", "https://github.example/api/v3", settings("GH_ENTERPRISE_TOKEN", token), nil, nil, false},
		{"Enterprise for another host", "https://evil.example/api/v3", settings("GH_ENTERPRISE_TOKEN", token, "GH_HOST", "github.example"), nil, nil, false},
		{"Enterprise is not for github.com", "", settings("GH_ENTERPRISE_TOKEN", token, "GH_HOST", "github.com"), nil, nil, false},
		{"a tenant of ghe.com", "https://api.acme.ghe.com", settings("GH_TOKEN", token, "GH_HOST", "acme.ghe.com"), nil, nil, true},
		{"another tenant", "https://api.evil.ghe.com", settings("GH_TOKEN", token, "GH_HOST", "acme.ghe.com"), nil, nil, false},
		{"without TLS", "http://github.example/api/v3", settings("GH_ENTERPRISE_TOKEN", token, "GH_HOST", "github.example"), nil, nil, false},
		{"a token with a line break", "", settings("GH_TOKEN", "a\r\nX-Evil: 1"), nil, nil, false},
		{"gh's file", "", nil, file("github.com:\n  user: ana\n  oauth_token: " + token), nil, true},
		{"gh's file with users", "", nil, file("github.com:\n  user: ana\n  users: {ana: {oauth_token: " + token + "}, bob: {oauth_token: other}}"), nil, true},
		{"gh's file of another host", "https://github.example/api/v3", nil, file("github.com: {oauth_token: " + token + "}"), nil, false},
		{"gh's keyring", "", nil, file("github.com: {user: ana, git_protocol: https}"), ends(0, token+"\n", ""), true},
		{"gh is not there", "", nil, file("github.com: {user: ana}"), neverStarts(process.ErrNotFound), false},
		{"gh is not logged in", "", nil, file("github.com: {user: ana}"), ends(1, "", "no oauth token"), false},
		{"gh is not asked for a host it does not know", "https://evil.example/api/v3", nil, file("github.com: {user: ana}"), ends(0, token, ""), false},
		{"a broken file", "", nil, file("\x00{{{"), nil, false},
		{"no file", "", nil, func() ([]byte, error) { return nil, errors.New("no such file") }, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newForge()
			g := newGitHub(t, serve(f.ServeHTTP), func(s *Sources) {
				s.Variable = func(name string) string { return c.variables[name] }
				s.GitHubHosts, s.Programs = c.hosts, c.gh
			})
			want(t, g.look(params("url", c.url)), run.Passed)
			for _, h := range f.sent {
				if got := h.Get("Authorization"); got != map[bool]string{true: "Bearer " + token}[c.sent] {
					t.Errorf("sent %q", got)
				}
			}
		})
	}
}

func settings(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// TestGitHubTokenStaysWhereItBelongs: it follows no redirect, and no answer brings it onto the screen.
func TestGitHubTokenStaysWhereItBelongs(t *testing.T) {
	const token = "ghs_16C7e42F/292c6912E7710c838347Ae178B4a"
	forms := []string{token, url.QueryEscape(token), base64.StdEncoding.EncodeToString([]byte(token))}
	for _, form := range forms {
		echo := newForge()
		echo.runs = []map[string]any{aRun("job "+form, "failure"), aRun("x", form)}
		for _, rt := range []http.RoundTripper{
			serve(echo.ServeHTTP), fails(errors.New("dial: " + form)),
			says(401, `{"message":"bad `+form+`"}`), says(500, `{"message":"`+form+`"}`), says(200, form),
		} {
			for _, expect := range []string{"", "self.failed == 0", `self.checks["x"] == "y"`} {
				g := newGitHub(t, transport(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host != "api.github.com" {
						t.Errorf("asked %s", r.URL.Host)
					}
					return rt.RoundTrip(r)
				}), func(s *Sources) { s.Variable = func(string) string { return token } })
				r := g.expecting(params("checks", "all", "merged", "main"), expect)
				for _, f := range forms {
					if strings.Contains(shown(r), f) {
						t.Errorf("%q shows in %q", f, shown(r))
					}
				}
			}
		}
	}
}

func TestGitHubForgetsATokenThatIsRefused(t *testing.T) {
	tokens := []string{"old-token", "new-token"}
	good := newForge()
	g := newGitHub(t, serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer new-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		good.ServeHTTP(w, r)
	}), func(s *Sources) {
		s.Variable = func(name string) string { return map[string]string{"GH_TOKEN": tokens[0]}[name] }
	})
	want(t, g.look(nil), run.Unknown, "the token of GH_TOKEN is not accepted")
	tokens = tokens[1:]
	want(t, g.look(nil), run.Passed)
}
