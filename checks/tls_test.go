package checks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestTLS(t *testing.T) {
	root := newAuthority(t, "Root CA", 3650, nil)
	middle := newAuthority(t, "Middle CA", 1000, root)
	soon := newAuthority(t, "Ending CA", 5, root)
	stranger := newAuthority(t, "Stranger", 3650, nil)
	evil := newAuthority(t, "Evil"+hostile, 1000, root)
	with := func(days int, names ...string) dialFunc {
		return speaksTLS(shows(middle.issue(t, days, names...), middle.cert))
	}
	old := shows(middle.issue(t, 60, "www.example"), middle.cert)
	old.MaxVersion = tls.VersionTLS12
	mutual := shows(middle.issue(t, 60, "www.example"), middle.cert)
	mutual.ClientAuth, mutual.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	for _, c := range []struct {
		name   string
		dial   dialFunc
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", with(60, "www.example"), nil, "", run.Passed, []string{"60 days left (until 2026-05-01", "for www.example, by Middle CA", "TLS 1.3", "≥ 14 days left", "openssl s_client -connect www.example:443 -servername www.example </dev/null"}},
		{"a wildcard", with(60, "*.example"), nil, "", run.Passed, nil},
		{"ends soon", with(20, "www.example"), nil, "", run.Warn, []string{"20 days left"}},
		{"ends very soon", with(13, "www.example"), nil, "", run.Failed, []string{"13 days left, until"}},
		{"own limits", with(13, "www.example"), params("warn", "10d", "fail", "5d"), "", run.Passed, nil},
		{"has ended", with(-3, "www.example"), nil, "", run.Failed, []string{"expired 2 days ago"}},
		{"an authority ends soon", speaksTLS(shows(soon.issue(t, 60, "www.example"), soon.cert)), nil, "", run.Failed, []string{"5 days left"}},
		{"another name", with(60, "other.example"), nil, "", run.Failed, []string{"not for www.example", "for other.example"}},
		{"another server name", with(60, "other.example"), params("serverName", "other.example"), "", run.Passed, nil},
		{"one more name", with(60, "www.example"), params("names", "www.example, api.example"), "", run.Failed, []string{"not for api.example"}},
		{"unknown authority", speaksTLS(shows(stranger.issue(t, 60, "www.example"))), nil, "", run.Failed, []string{"an authority that is not trusted here"}},
		{"the middle is missing", speaksTLS(shows(middle.issue(t, 60, "www.example"))), nil, "", run.Failed, []string{"not trusted here"}},
		{"a hostile authority", speaksTLS(shows(evil.issue(t, 60, "www.example"), evil.cert)), nil, "", run.Passed, []string{"^[]52", "<U+202E>"}},
		{"an old version", speaksTLS(old), params("minVersion", "1.3"), "", run.Failed, []string{"speaks only TLS 1.2", "TLS 1.3 or newer"}},
		{"the old version is good enough", speaksTLS(old), nil, "", run.Passed, []string{"TLS 1.2"}},
		{"wants a client's certificate", speaksTLS(mutual), nil, "", run.Failed, []string{"refuses the handshake"}},
		{"no TLS", dials(repliesTo("HTTP/1.1 400 Bad Request\r\n\r\n")), nil, "", run.Failed, []string{"does not speak TLS there"}},
		{"breaks off", dials(func(c net.Conn) { _, _ = c.Read(make([]byte, 16<<10)) }), nil, "", run.Unknown, []string{"could not look"}},
		{"refused", dialFails(syscall.ECONNREFUSED), nil, "", run.Unknown, []string{"could not look: refuses the connection"}},
		{"expect", with(60, "www.example"), nil, `self.daysLeft == 60 && self.version == "1.3" && self.valid && self.names[0] == "www.example" && self.issuer == "Middle CA"`, run.Passed, nil},
		{"expect is false", with(60, "www.example"), nil, "self.daysLeft > 80", run.Failed, []string{"daysLeft = 60"}},
		{"metadata", nil, params("address", "169.254.169.254"), "", run.Unknown, []string{"are blocked"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.dial != nil {
				b.network.dial = c.dial
			}
			b.network.roots = root.pool()
			p := params("address", "www.example")
			for k, v := range c.params {
				p[k] = v
			}
			r := b.look(runbook.Check{Kind: "tls", Params: p, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if (r.Badness > 0) != (r.Status == run.Failed && c.expect == "" || r.Status == run.Warn) {
				t.Errorf("badness %v", r.Badness)
			}
			if c.dial != nil && r.Sensor != "www.example:443" || r.Ill != (c.status == run.Unknown && c.dial != nil) {
				t.Errorf("sensor %q, ill %v", r.Sensor, r.Ill)
			}
		})
	}
}

// TestBadnessGrows: an override of a certificate that ends soon is void when less of it is left.
func TestBadnessGrows(t *testing.T) {
	root := newAuthority(t, "Root CA", 3650, nil)
	last := 0.0
	for _, days := range []int{29, 20, 14, 13, 5, 0, -5} {
		j := judgeChain([]*x509.Certificate{root.issue(t, days, "www.example")}, chainRules{roots: root.pool(), trusted: true, warn: usualWarn, fail: usualFail, now: monday})
		if days == 13 {
			last = 0 // a warning has become a failure
		}
		if j.badness <= last {
			t.Errorf("%d days left: badness %v after %v", days, j.badness, last)
		}
		last = j.badness
	}
}

// addTLS makes TLS Secrets.
func (c *cluster) addTLS(secrets map[string]string) {
	c.t.Helper()
	for name, text := range secrets {
		_, err := c.client.CoreV1().Secrets("production").Create(context.Background(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS,
			StringData: map[string]string{"tls.crt": text, "tls.key": "not-to-be-seen"},
		}, metav1.CreateOptions{})
		if err != nil {
			c.t.Error(err)
		}
	}
}

func TestCertificate(t *testing.T) {
	c := newCluster(t)
	c.clock.Run(func() { lookAtCertificates(t, c) })
}

func lookAtCertificates(t *testing.T, c *cluster) {
	root := newAuthority(t, "Root CA", 3650, nil)
	stranger := newAuthority(t, "Stranger", 3650, nil)
	good := root.issue(t, 60, "www.example")
	secrets := map[string]string{
		"web-tls": inPEM(good, root.cert), "internal": inPEM(stranger.issue(t, 60, "www.example"), stranger.cert),
		"ending": inPEM(root.issue(t, 20, "www.example")), "over": inPEM(root.issue(t, -3, "www.example")),
		"broken": inPEM(good, stranger.cert), "empty": "nothing", "swapped": "-----BEGIN PRIVATE KEY-----\nbm90LXRvLWJlLXNlZW4=\n-----END PRIVATE KEY-----",
		"rubbish": "-----BEGIN CERTIFICATE-----\nbm90LXRvLWJlLXNlZW4=\n-----END CERTIFICATE-----",
	}
	c.addTLS(secrets)
	c.network.roots = root.pool()
	for _, x := range []struct {
		name   string
		dial   dialFunc
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", nil, params("secrets", "web-tls"), "", run.Passed, []string{"web-tls 60 days left", "Secret production/web-tls", `kubectl -n production get secret web-tls -o 'jsonpath={.data.tls\.crt}' | base64 -d | openssl x509`}},
		{"another authority", nil, params("secrets", "internal"), "", run.Passed, []string{"by Stranger"}},
		{"trusted is asked for", nil, params("secrets", "internal", "trusted", true), "", run.Failed, []string{"an authority that is not trusted here"}},
		{"a name", nil, params("secrets", "web-tls", "names", "www.example, api.example"), "", run.Failed, []string{"not for api.example"}},
		{"ends soon", nil, params("secrets", "web-tls, ending"), "", run.Warn, []string{"ending 20 days left"}},
		{"over", nil, params("secrets", "web-tls, ending, over"), "", run.Failed, []string{"over expired 2 days ago"}},
		{"broken chain", nil, params("secrets", "broken"), "", run.Failed, []string{"the chain is broken"}},
		{"no certificate", nil, params("secrets", "empty"), "", run.Failed, []string{"holds no certificate in PEM"}},
		{"a key in its place", nil, params("secrets", "swapped"), "", run.Failed, []string{"holds a PRIVATE KEY where certificates belong"}},
		{"rubbish", nil, params("secrets", "rubbish"), "", run.Failed, []string{"no readable certificate"}},
		{"another Secret", nil, params("secrets", "app-secrets"), "", run.Failed, []string{"holds no certificate"}},
		{"no Secret", nil, params("secrets", "nobody"), "", run.Failed, []string{"nobody is not there"}},
		{"a host", speaksTLS(shows(good)), params("hosts", "www.example"), "", run.Passed, []string{"www.example 60 days left", "TLS www.example:443"}},
		{"a host of another authority", speaksTLS(shows(stranger.issue(t, 60, "www.example"))), params("hosts", "www.example:8443"), "", run.Failed, []string{"not trusted here"}},
		{"and trust is not asked for", speaksTLS(shows(stranger.issue(t, 60, "www.example"))), params("hosts", "www.example:8443", "trusted", false), "", run.Passed, nil},
		{"both", speaksTLS(shows(good)), params("secrets", "web-tls", "hosts", "www.example"), `self["web-tls"].daysLeft == self["www.example"].daysLeft`, run.Passed, nil},
		{"the host does not answer", dialFails(syscall.ECONNREFUSED), params("secrets", "web-tls", "hosts", "www.example"), "", run.Unknown, []string{"www.example could not look: refuses"}},
		{"and the Secret is bad", dialFails(syscall.ECONNREFUSED), params("secrets", "over", "hosts", "www.example"), "", run.Failed, []string{"expired", "could not look"}},
		{"no TLS", dials(repliesTo("HTTP/1.1 400 Bad Request\r\n\r\n")), params("hosts", "www.example"), "", run.Failed, []string{"does not speak TLS"}},
	} {
		// Not in a subtest's goroutine, which the clock would not know, so that no time passes in between.
		t.Log(x.name)
		c.network.dial = x.dial
		r := c.lookNow(runbook.Check{Kind: "certificate", Params: x.params, Expect: x.expect})
		want(t, r, x.status, x.words...)
		if (r.Badness > 0) != (r.Status == run.Failed || r.Status == run.Warn) || r.Sensor == "" || r.Ill != (x.status == run.Unknown) {
			t.Errorf("badness %v, sensor %q, ill %v", r.Badness, r.Sensor, r.Ill)
		}
		for _, secret := range []string{"not-to-be-seen", "bm90LXRvLWJlLXNlZW4"} {
			if strings.Contains(shown(r), secret) {
				t.Errorf("a key shows in %q", shown(r))
			}
		}
	}
}

func TestCertificateThatIsForbidden(t *testing.T) {
	r := newCluster(t).after(func(c *cluster) { c.server.Forbid(kubeapi.Rule{Resources: []string{"secrets"}}) },
		runbook.Check{Kind: "certificate", Params: params("secrets", "web-tls")})
	want(t, r, run.Unknown, "could not look: forbidden")
	if r.Sensor != "cluster (current context)" || !r.Ill {
		t.Errorf("sensor %q, ill %v", r.Sensor, r.Ill)
	}
}

// TestCertificateFollowsItsSecret: a Secret that is replaced is seen at once, not at the next round.
func TestCertificateFollowsItsSecret(t *testing.T) {
	root := newAuthority(t, "Root CA", 3650, nil)
	c := newCluster(t)
	c.clock.Run(func() {
		c.addTLS(map[string]string{"web-tls": inPEM(root.issue(t, 5, "www.example"))})
		begin := c.clock.Now()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var got []run.Status
		c.clock.Go(func() {
			c.wait(20 * time.Second)
			patch := fmt.Appendf(nil, `{"stringData":{"tls.crt":%q}}`, inPEM(root.issue(t, 90, "www.example")))
			if _, err := c.client.CoreV1().Secrets("production").Patch(ctx, "web-tls", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
				t.Error(err)
			}
		})
		_ = c.worker().Do(ctx, c.work(runbook.Check{Kind: "certificate", Params: params("secrets", "web-tls")}), func(o run.Observation) {
			if got = append(got, o.(run.Checked).Result.Status); len(got) == 2 {
				cancel()
			}
		})
		if after := c.clock.Now().Sub(begin); got[0] != run.Failed || got[1] != run.Passed || after > 21*time.Second {
			t.Errorf("got %v after %v", got, after)
		}
	})
}

func TestEndlessHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.network.dial = dials(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 16<<10))
			for _, err := io.WriteString(c, "\x16\x03\x03\x40\x00"); err == nil; {
				_, err = c.Write(make([]byte, 1000))
			}
		})
		want(t, b.look(runbook.Check{Kind: "tls", Params: params("address", "www.example")}), run.Failed, "makes no handshake")
	})
}
