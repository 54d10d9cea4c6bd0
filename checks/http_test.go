package checks

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const site = "https://example.com/healthz"

func TestHTTP(t *testing.T) {
	redirect := func(to string) transport {
		return serve(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				http.Redirect(w, r, to, http.StatusFound)
				return
			}
			io.WriteString(w, "arrived")
		})
	}
	for _, c := range []struct {
		name   string
		rt     http.RoundTripper
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", says(200, "ok"), nil, "", run.Passed, []string{"200 in 0 ms", "2xx", "GET " + site, site}},
		{"good text", says(200, "all ok"), params("contains", "ok"), "", run.Passed, nil},
		{"HEAD", says(204, ""), params("method", "HEAD", "status", 204), "", run.Passed, []string{"204", "HEAD " + site}},
		{"a list of statuses", says(404, ""), params("status", []any{"2xx", 404}), "", run.Passed, []string{"2xx or 404"}},
		{"a range of statuses", says(301, ""), params("status", "300-399"), "", run.Passed, nil},
		{"bad status", says(503, "no"), nil, "", run.Failed, []string{"503 in 0 ms, expected 2xx"}},
		{"text not there", says(200, "no"), params("contains", "ok"), "", run.Failed, []string{`does not contain "ok"`}},
		{"expect decides on the status", says(404, ""), nil, "self.status == 404", run.Passed, []string{"self.status == 404", "status = 404"}},
		{"expect is false", says(200, `{"db":"down"}`), nil, `self.json.db == "up"`, run.Failed, []string{`json.db = "down"`, `self.json.db == "up"`}},
		{"expect of a header", says(200, ""), nil, `self.headers["content-type"] == "x"`, run.Unknown, []string{"could not judge"}},
		{"expect hides credentials", says(200, `{"access_token":"abc"}`), nil, `self.json.access_token == ""`, run.Failed, []string{"access_token = …"}},
		{"expect does not make a written status good", says(500, ""), params("status", 200), "self.status > 0", run.Failed, nil},
		{"no JSON", says(200, "<html>"), nil, "self.json.ok", run.Unknown, []string{"could not judge"}},
		{"refused", fails(syscall.ECONNREFUSED), nil, "", run.Unknown, []string{"could not look: connection refused"}},
		{"certificate", fails(&tls.CertificateVerificationError{Err: errors.New("x509: expired")}), nil, "", run.Failed, []string{"certificate is not valid: x509: expired"}},
		{"same host redirect", redirect("/there"), params("contains", "arrived"), "", run.Passed, nil},
		{"redirect to another host", redirect("https://evil.example/x?token=abc"), nil, "", run.Failed, []string{"302", "redirects to https://evil.example, which is not followed"}},
		{"redirect down to http", redirect("http://example.com/there"), nil, "", run.Failed, []string{"http://example.com, which is not followed"}},
		{"redirect to another port", redirect("https://example.com:8443/there"), nil, "", run.Failed, []string{"not followed"}},
		{"redirect to metadata", redirect("https://169.254.169.254/latest"), nil, "", run.Failed, []string{"not followed"}},
		{"redirect for ever", redirect("/healthz"), nil, "", run.Unknown, []string{"redirects more than 5 times"}},
		{"endless body", endless('x'), nil, "", run.Passed, []string{"200"}},
		{"endless body without the text", endless('x'), params("contains", "ok"), "", run.Unknown, []string{"first 65536 bytes"}},
		{"deep JSON", says(200, strings.Repeat("[", 60_000)), nil, "self.json == null", run.Passed, nil},
		{"hostile error", fails(errors.New("\x1b]52;c;aGk=\x07\u202e\r")), nil, "", run.Unknown, []string{"^[]52", "<U+202E>"}},
		{"hostile redirect", redirect("https://evil\u202e.example/"), nil, "", run.Failed, []string{"https://evil<U+202E>.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = c.rt
			p := params("url", site)
			for k, v := range c.params {
				p[k] = v
			}
			want(t, b.look(runbook.Check{Kind: "http", Params: p, Expect: c.expect}), c.status, c.words...)
		})
	}
}

func TestHTTPTimesOut(t *testing.T) {
	b := newBench(t)
	b.http = b.hangs()
	r := b.look(runbook.Check{Kind: "http", Params: params("url", site), Timeout: runbook.Duration{D: 3 * time.Second}})
	want(t, r, run.Unknown, "could not look: timed out after 3s", "GET "+site)
	if took := b.clock.Now().Sub(monday); took != 3*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestHTTPReadsNoMoreThanItMay(t *testing.T) {
	b := newBench(t)
	read := 0
	b.http = transport(func(r *http.Request) (*http.Response, error) {
		body := io.TeeReader(repeat('x'), writerFunc(func(p []byte) { read += len(p) }))
		return &http.Response{StatusCode: 200, Body: io.NopCloser(body), Request: r}, nil
	})
	want(t, b.look(runbook.Check{Kind: "http", Params: params("url", site, "maxBody", 1000)}), run.Passed)
	if read > 64<<10 {
		t.Errorf("%d bytes were read of an endless body", read)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

func TestHTTPShowsNoCredentials(t *testing.T) {
	secret := []string{"hunter2", "s3cr3t", "bear-er-1234", "abcdef0123456789abcdef0123456789"}
	address := "https://bob:hunter2@example.com/x?token=s3cr3t&page=2&h=abcdef0123456789abcdef0123456789"
	b := newBench(t)
	secret = append(secret, base64.StdEncoding.EncodeToString([]byte("bob:hunter2")), base64.StdEncoding.EncodeToString([]byte("s3cr3t"))[:8])
	echo := fmt.Sprintf("I got %s", strings.Join(secret, " and "))
	sent := false
	for _, rt := range []transport{fails(errors.New(echo)), says(500, echo), serve(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		sent = user == "bob" && password == "hunter2" && r.URL.Query().Get("token") == "s3cr3t" || r.Header.Get("Authorization") == "Bearer bear-er-1234"
		w.Header().Set("X-Echo", echo)
	})} {
		b.http = rt
		for _, expect := range []string{"", `self.headers["x-echo"] == ""`, `self.body == ""`, `self.json.nothing`} {
			r := b.look(runbook.Check{Kind: "http", Expect: expect, Params: params("url", address, "headers", params("Authorization", "Bearer bear-er-1234"))})
			for _, s := range secret {
				if strings.Contains(shown(r), s) {
					t.Errorf("%q shows in %q", s, shown(r))
				}
			}
			if !strings.Contains(shown(r), "page=2") {
				t.Errorf("a harmless parameter is hidden in %q", shown(r))
			}
		}
	}
	if !sent {
		t.Error("the credentials were not sent")
	}
}

func TestHTTPHeadersFromTheEnvironment(t *testing.T) {
	b := newBench(t)
	b.variable = map[string]string{"TOKEN": "abc-1234", "EVIL": "a\r\nX: y"}
	b.http = serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer abc-1234" || r.Header.Get("X-Key") != "abc-1234" {
			t.Errorf("got the headers %v", r.Header)
		}
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		io.WriteString(w, r.Header.Get("X-Key"))
	})
	from := params("Authorization", "Bearer env:TOKEN", "X-Key", "env:TOKEN")
	for _, expect := range []string{"", `self.headers["x-echo"] == ""`, `self.body == ""`} {
		r := b.look(runbook.Check{Kind: "http", Expect: expect, Params: params("url", site, "headersFrom", from)})
		if strings.Contains(shown(r), "abc-1234") || r.Status == run.Unknown || r.Sensor != "example.com" {
			t.Errorf("%s: %q, sensor %s", r.Status, shown(r), r.Sensor)
		}
	}
	for value, words := range map[string]string{
		"env:NOBODY": "variable NOBODY, which is not set", "env:EVIL": "cannot be sent", "abc": "does not name an environment variable",
	} {
		r := b.look(runbook.Check{Kind: "http", Params: params("url", site, "headersFrom", params("X-Key", value))})
		want(t, r, run.Unknown, words)
	}
}

func TestHTTPWithoutADoor(t *testing.T) {
	b := newBench(t)
	b.more = func(s *Sources) { s.HTTP = nil }
	want(t, b.look(runbook.Check{Kind: "http", Params: params("url", site)}), run.Unknown, "there is no way to web addresses")
}

// TestACutTextLeavesNoHalfASecret: a secret at the place where a text is cut must not lose its end and with it the
// likeness by which it is found.
func TestACutTextLeavesNoHalfASecret(t *testing.T) {
	b := newBench(t)
	for n := maxSummary - 60; n < maxSummary; n++ {
		b.http = fails(errors.New(strings.Repeat("x", n) + "hunter2-and-more"))
		r := b.look(runbook.Check{Kind: "http", Params: params("url", "https://bob:hunter2-and-more@example.com/")})
		if strings.Contains(shown(r), "hunt") {
			t.Fatalf("%q", shown(r))
		}
	}
}

func TestHTTPParametersAreJudgedWhenFilledIn(t *testing.T) {
	for _, c := range []struct {
		params map[string]any
		words  string
	}{
		{params("url", "http://169.254.169.254/latest"), "blocked"},
		{params("url", "http://[fe80::1]/"), "blocked"},
		{params("url", "http://[::ffff:169.254.169.254]/"), "blocked"},
		{params("url", "http://metadata.google.internal./x"), "blocked"},
		{params("url", "http://2852039166/"), "four decimal numbers"},
		{params("url", "http://0xa9fea9fe/"), "four decimal numbers"},
		{params("url", "file:///etc/passwd"), "must begin with https"},
		{params("url", "https://"), "no host"},
		{params("url", "https://u:hunter2@x:y/"), "not a valid URL"},
		{params("url", site, "method", "POST"), "not allowed"},
		{params("url", site, "status", "abc"), "not an HTTP status"},
		{params("url", site, "status", "300-200"), "ends before"},
		{params("url", site, "maxBody", 1<<30), "out of range"},
		{params("url", site, "headers", params("X", "a\r\nEvil: 1")), "not a header"},
		{params("url", site, "insecure", true), "insecure"},
		{params(), "url"},
	} {
		r := newBench(t).look(runbook.Check{Kind: "http", Params: c.params})
		want(t, r, run.Unknown, "could not look", c.words)
		if strings.Contains(shown(r), "hunter2") {
			t.Errorf("a password shows in %q", shown(r))
		}
	}
}

func TestTransportBlocksAddresses(t *testing.T) {
	for address, blocked := range map[string]bool{
		"169.254.169.254": true, "169.254.0.1": true, "fe80::1%eth0": true, "::ffff:169.254.169.254": true, "0.0.0.0": true, "::": true,
		"64:ff9b::a9fe:a9fe": true, "2002:a9fe:a9fe::1": true, "fd00:ec2::254": true, "100.100.100.200": true, "168.63.129.16": true, "224.0.0.1": true,
		"127.0.0.1": false, "10.0.0.1": false, "192.168.1.1": false, "1.1.1.1": false, "2606:4700::1111": false, "64:ff9b::101:101": false,
	} {
		if got := web.IsBlocked(netip.MustParseAddr(address)); got != blocked {
			t.Errorf("%s: blocked %v, want %v", address, got, blocked)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	defer server.Close()
	client := &http.Client{Transport: web.Transport()}
	defer client.CloseIdleConnections()
	response, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if _, err = client.Get("http://169.254.169.254/latest/meta-data"); !errors.Is(err, web.ErrBlocked) {
		t.Errorf("a metadata address gave %v", err)
	}
}
