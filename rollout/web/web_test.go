package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestIsBlocked(t *testing.T) {
	for text, want := range map[string]bool{
		"169.254.169.254": true, "169.254.0.1": true, "::ffff:169.254.169.254": true, "fe80::1": true, "fe80::1%eth0": true,
		"64:ff9b::a9fe:a9fe": true, "2002:a9fe:a9fe::1": true, "fd00:ec2::254": true, "100.100.100.200": true, "168.63.129.16": true,
		"::ffff:168.63.129.16": true, "224.0.0.1": true, "ff02::1": true, "0.0.0.0": true, "::": true, "192.0.0.192": true,
		"10.0.0.1": false, "127.0.0.1": false, "::1": false, "192.168.1.1": false, "100.100.100.201": false, "fd00:ec2::253": false, "8.8.8.8": false,
		"64:ff9b::808:808": false, "2002:808:808::1": false,
	} {
		if got := IsBlocked(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is blocked: %t, want %t", text, got, want)
		}
		err := checkDial(netip.AddrPortFrom(netip.MustParseAddr(text), 80).String())
		if errors.Is(err, ErrBlocked) != want {
			t.Errorf("a dial to %s: %v", text, err)
		}
	}
	if err := checkDial("nonsense"); err == nil {
		t.Error("what is no address is dialed")
	}
}

// An address that resolves to where nobody may go is not dialed either: the check is behind the resolver.
func TestTransportDialsNothingBlocked(t *testing.T) {
	client := &http.Client{Transport: Transport()}
	if r, err := client.Get("http://[fe80::1]:1/"); err == nil {
		_ = r.Body.Close()
		t.Error("it was reached")
	} else if !errors.Is(err, ErrBlocked) {
		t.Errorf("it was not blocked but %v", err)
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://example/x?y=1": "", "http://10.0.0.1:8080": "", "https://[::1]:8443/": "",
		"ftp://example": "must begin with", "example/x": "must begin with", "": "must begin with", "https://": "names no host", "https:///x": "names no host",
		"https://user:hunter2secret@exa mple/": "not a valid URL", "https://hunter2secret%zz/": "not a valid URL",
		"http://169.254.169.254/latest": "blocked", "http://[::ffff:a9fe:a9fe]/": "blocked", "http://metadata.google.internal/": "blocked",
		"http://METADATA.google.internal./": "blocked", "http://2852039166/": "four decimal", "http://0xa9fea9fe/": "four decimal", "http://169.254.43518/": "four decimal",
	} {
		u, err := ParseURL(text)
		switch {
		case want == "" && (err != nil || u.String() != text):
			t.Errorf("%s: %v, %v", text, u, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", text, err, want)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the error repeats it: %v", text, err)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for _, c := range []struct{ text, usual, host, port, wrong string }{
		{"db.example:5432", "", "db.example", "5432", ""},
		{"DB.example.", "443", "db.example", "443", ""},
		{"db.example:1", "443", "db.example", "1", ""},
		{"[::1]:80", "", "::1", "80", ""},
		{"::1", "443", "::1", "443", ""},
		{"[::1]", "443", "::1", "443", ""},
		{"_srv.example", "443", "_srv.example", "443", ""},
		{"db.example", "", "", "", "host:port"},
		{"db.example:0", "", "", "", "no"},
		{"db.example:70000", "", "", "", "port number"},
		{"db.example:http", "", "", "", "port number"},
		{"-db.example:80", "", "", "", "name of a host"},
		{"db..example:80", "", "", "", "name of a host"},
		{"a b:80", "", "", "", "name of a host"},
		{strings.Repeat("a", 64) + ":80", "", "", "", "name of a host"},
		{"169.254.169.254:80", "", "", "", "blocked"},
		{"metadata:80", "", "", "", "blocked"},
	} {
		host, port, err := ParseAddress(c.text, c.usual)
		if c.wrong == "" && (err != nil || host != c.host || port != c.port) {
			t.Errorf("%s: %s, %s, %v", c.text, host, port, err)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %s, %s, %v, want %q", c.text, host, port, err, c.wrong)
		}
	}
}

func TestHeadersFrom(t *testing.T) {
	vars := map[string]string{"KEY": "topsecretkey", "EVIL": "a\r\nX-Evil: 1", "TAB": "a\tb1234"}
	for _, c := range []struct {
		name, from, value, wrong string
	}{
		{"Authorization", "Bearer env:KEY", "Bearer topsecretkey", ""},
		{"X-Api-Key", "env:KEY", "topsecretkey", ""},
		{"X-Tab", "env:TAB", "a\tb1234", ""},
		{"X-Api-Key", "topsecretkey", "", "does not name an environment variable"},
		{"X-Api-Key", "env:KEY and more", "", "does not name an environment variable"},
		{"X-Api-Key", "$KEY", "", "does not name an environment variable"},
		{"X-Api-Key", "env:NOBODY", "", "NOBODY, which is not set"},
		{"X-Api-Key", "env:EVIL", "", "cannot be sent"},
		{"X Api", "env:KEY", "", "cannot be sent"},
	} {
		var hide Secrets
		got, err := HeadersFrom(map[string]string{c.name: c.from}, func(name string) string { return vars[name] }, &hide)
		switch {
		case c.wrong == "" && (err != nil || got[c.name] != c.value):
			t.Errorf("%s: %v, %v", c.from, got, err)
		case c.wrong == "" && strings.Contains(hide.In("it sent "+c.value), strings.TrimPrefix(c.value, "Bearer ")):
			t.Errorf("%s is not hidden", c.value)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %q", c.from, err, c.wrong)
		case err != nil && (strings.Contains(err.Error(), "topsecretkey") || strings.Contains(err.Error(), "Evil")):
			t.Errorf("%s: the error shows it: %v", c.from, err)
		}
	}
	if _, err := HeadersFrom(map[string]string{"A": "env:KEY"}, nil, new(Secrets)); err == nil {
		t.Error("where no variables can be read one was found")
	}
}

func TestIsHeader(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"Accept", "text/html", true},
		{"X_1", "ünï", true},
		{"", "x", false},
		{"A b", "x", false},
		{"A:", "x", false},
		{"Ä", "x", false},
		{"A", "x\ny", false},
		{"A", "x\ry", false},
		{"A", "x\x00", false},
		{"A", "x\x7f", false},
	} {
		if got := IsHeader(c.name, c.value); got != c.want {
			t.Errorf("%q: %q is a header: %t", c.name, c.value, got)
		}
	}
}

func TestMayFollow(t *testing.T) {
	for _, c := range []struct {
		first, last, next string
		want              bool
	}{
		{"https://a.example/x", "https://a.example/x", "https://a.example/y", true},
		{"https://a.example/x", "https://a.example/x", "https://A.example:443/y", true},
		{"http://a.example/x", "http://a.example/x", "https://a.example/x", true},
		{"http://a.example:8080/x", "http://a.example:8080/x", "https://a.example:8443/x", false},
		{"http://a.example:8080/x", "http://a.example:8080/x", "https://a.example/x", false},
		{"https://a.example/x", "https://a.example/x", "http://a.example/x", false},
		{"http://a.example/x", "https://a.example/x", "http://a.example/x", false},
		{"https://a.example/x", "https://a.example/x", "https://b.example/x", false},
		{"https://a.example/x", "https://a.example/x", "https://a.example.evil/x", false},
		{"https://a.example/x", "https://a.example/x", "https://a.example:8443/x", false},
		{"https://a.example/x", "https://a.example/x", "https://evil@b.example/x", false},
	} {
		if got := MayFollow(address(t, c.first), address(t, c.last), address(t, c.next)); got != c.want {
			t.Errorf("%s … %s → %s: %t, want %t", c.first, c.last, c.next, got, c.want)
		}
	}
}

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// No credential goes to another server than the one it was written for, however the first one answers.
func TestARedirectTakesNoCredentialAway(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other server was asked %s with %v", r.URL, r.Header)
	}))
	defer other.Close()
	var asked []http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header)
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL+"/taken?with=it", http.StatusTemporaryRedirect)
		case "/near":
			http.Redirect(w, r, "/here", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "here")
		}
	}))
	defer server.Close()
	get := func(path string) (status int, moved string, err error) {
		client := &http.Client{CheckRedirect: FollowSameServer(&moved)}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		SetHeaders(r, map[string]string{"Authorization": "Bearer topsecretkey", "X-Api-Key": "topsecretkey"})
		answer, err := client.Do(r)
		if err != nil {
			return 0, moved, err
		}
		defer answer.Body.Close()
		return answer.StatusCode, moved, nil
	}
	if status, moved, err := get("/away"); err != nil || status != http.StatusTemporaryRedirect || moved != other.URL {
		t.Errorf("away: %d, moved to %q, %v", status, moved, err)
	}
	asked = nil
	if status, moved, err := get("/near"); err != nil || status != http.StatusOK || moved != "" {
		t.Errorf("near: %d, moved to %q, %v", status, moved, err)
	}
	if len(asked) != 2 || asked[1].Get("X-Api-Key") != "topsecretkey" {
		t.Errorf("the same server was asked with %v", asked)
	}
	_, _, err := get("/round")
	if err == nil || !strings.Contains(err.Error(), "redirects more than 5 times") {
		t.Errorf("in a circle: %v", err)
	}
	if bare := Bare(err); strings.Contains(bare.Error(), server.URL) {
		t.Errorf("the bare error names the address: %v", bare)
	}
	if err := errors.New("x"); Bare(err) != err { //nolint:errorlint // it is the same one
		t.Error("another error is not left as it is")
	}
}

func TestSecretsHideEveryForm(t *testing.T) {
	const secret = "hunter2/+ secret"
	var hide Secrets
	hide.Add(secret, "abc") // the second is too short to be hidden
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), "aHVudGVyMi8rIHNlY3JldA==", "aHVudGVyMi8rIHNlY3JldA",
		fmt.Sprintf("%x", secret), "ehunter2/+ secretx",
	} {
		if got := hide.In("before " + form + " after abc"); strings.Contains(got, form) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after abc") {
			t.Errorf("%s is shown as %s", form, got)
		}
	}
	// behind user: in Basic, at each of the three places in base64
	for _, user := range []string{"a", "ab", "abc"} {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, secret)
		sent := r.Header.Get("Authorization")
		if got := hide.In(sent); len(got) > len("Basic ")+len(Hidden)+8 {
			t.Errorf("%s is shown as %s", sent, got)
		}
	}
	var both Secrets
	both.Add("short", "short-and-long")
	if got := both.In("short-and-long"); got != Hidden {
		t.Errorf("a part was hidden before the whole: %s", got)
	}
}

func TestSecretsOfAnAddress(t *testing.T) {
	for text, shown := range map[string]string{
		"https://user:hunter2@example/x":                    "https://example/x",
		"https://hunter2@example/x":                         "https://example/x",
		"https://example/x?token=hunter2&page=2":            "https://example/x?token=" + Hidden + "&page=2",
		"https://example/x?to%6ben=hunter2":                 "https://example/x?to%6ben=" + Hidden,
		"https://example/x?sig=hunter2#hunter2":             "https://example/x?sig=" + Hidden,
		"https://example/x?q=hunter2hunter2hunter2hunter2":  "https://example/x?q=" + Hidden,
		"https://example/x?hunter2hunter2hunter2hunter2":    "https://example/x?" + Hidden,
		"https://example/x?version=v1.4.2&component=api":    "https://example/x?version=v1.4.2&component=api",
		"https://example/x?api_key=hunter2&X-Amz-Date=2026": "https://example/x?api_key=" + Hidden + "&X-Amz-Date=2026",
	} {
		u := address(t, text)
		if got := ShowURL(u); got != shown {
			t.Errorf("%s is shown as %s, want %s", text, got, shown)
		}
		var hide Secrets
		hide.AddURL(u)
		if said := "the server says hunter2"; strings.Contains(text, "=hunter2&") || strings.Contains(text, "@") {
			if got := hide.In(said); strings.Contains(got, "hunter2") {
				t.Errorf("of %s: %s", text, got)
			}
		}
	}
}

func TestSecretsOfHeadersAndArguments(t *testing.T) {
	var hide Secrets
	hide.AddHeaders(map[string]string{"Authorization": "Bearer hunter2", "Accept": "text/html", "X-Thing": "abcdefghijklmnop1234567890"})
	if got := hide.In("hunter2 text/html abcdefghijklmnop1234567890"); got != Hidden+" text/html "+Hidden {
		t.Errorf("of headers: %s", got)
	}
	for _, c := range []struct {
		argv []string
		want string
	}{
		{[]string{"post", "--token", "hunter2"}, "post --token " + Hidden},
		{[]string{"post", "--token=hunter2"}, "post --token=" + Hidden},
		{[]string{"post", "-H", "Authorization: Bearer hunter2"}, "post -H Authorization: " + Hidden},
		{[]string{"env", "API_KEY=hunter2", "post"}, "env API_KEY=" + Hidden + " post"},
		{[]string{"post", "--token", "--verbose"}, "post --token --verbose"},
		{[]string{"post", "--name", "hunter2"}, "post --name hunter2"},
		{[]string{"hunter2", "token"}, "hunter2 token"},
	} {
		var hide Secrets
		hide.AddArgv(c.argv)
		if got := hide.In(strings.Join(c.argv, " ")); got != c.want {
			t.Errorf("%v is shown as %s, want %s", c.argv, got, c.want)
		}
	}
}

func TestHideShapes(t *testing.T) {
	for text, want := range map[string]string{
		"got ghp_abcdefghijklmnop1234":           "got " + Hidden,
		"AKIAIOSFODNN7EXAMPLE is used":           Hidden + " is used",
		"xoxb-1234567890-abc":                    Hidden,
		"eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl": Hidden,
		"Authorization: Bearer abcdefgh12":       "Authorization: Bearer " + Hidden,
		"postgres://app:hunter2@db/x":            "postgres://app:" + Hidden + "@db/x",
		`{"password": "hunter2"}`:                `{"password": "` + Hidden + `"}`,
		"DB_PASSWORD=hunter2":                    "DB_PASSWORD=" + Hidden,
		"v1.4.2 of api is there":                 "v1.4.2 of api is there",
	} {
		if got := HideShapes(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
}

func TestScrub(t *testing.T) {
	for line, want := range map[string]string{
		"connect to postgres://app:hunter2@db/x":                      "connect to postgres://" + Hidden + "@db/x",
		"password=hunter2, retry":                                     "password=" + Hidden + ", retry",
		`{"api_key": "hunter2", "a": 1}`:                              `{"api_key": ` + Hidden + `, "a": 1}`,
		"Authorization: Bearer hunter2hunter2":                        "Authorization: " + Hidden,
		"sent Basic aHVudGVyMg==":                                     "sent Basic " + Hidden,
		"id 4f9d0c1b2a3e4f5d6c7b8a9f0e1d2c3b":                         "id " + Hidden,
		"key aBcDeFgHiJkLmNoPqRsTuVwX12":                              "key " + Hidden,
		"pod api-7c9d8f6b5-x2x9z in production":                       "pod api-7c9d8f6b5-x2x9z in production",
		"registry.example/team/api-server-component:v1 was not there": "registry.example/team/api-server-component:v1 was not there",
		"0042_lobby.up.sql: ok, 214 ms":                               "0042_lobby.up.sql: ok, 214 ms",
	} {
		if got := Scrub(line); got != want {
			t.Errorf("%s is shown as %s, want %s", line, got, want)
		}
	}
}

func TestSetHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "https://10.0.0.1/", nil)
	SetHeaders(r, map[string]string{"host": "shop.example", "Accept": "text/html"})
	if r.Host != "shop.example" || r.Header.Get("Accept") != "text/html" || r.Header.Get("Host") != "" {
		t.Errorf("got %s, %v", r.Host, r.Header)
	}
}
