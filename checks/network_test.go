package checks

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// network is what a bench's checks find behind the doors to the network.
type network struct {
	dial     dialFunc
	resolver Resolver
	roots    *x509.CertPool
}

func (n network) open(s Sources) Sources {
	s.Dial, s.Resolver, s.Roots = n.dial, n.resolver, n.roots
	return s
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func unexpectedDial(t *testing.T) dialFunc {
	return func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("an unexpected connection to %s", address)
		return nil, errors.New("unexpected")
	}
}

// dials answers each connection by talk, at the other end of a pipe.
func dials(talk func(net.Conn)) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			talk(there)
		}()
		return here, nil
	}
}

func dialFails(err error) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
}

// repliesTo reads something and answers with a text.
func repliesTo(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 16<<10))
		_, _ = io.WriteString(c, text)
	}
}

// speaksTLS shows a chain in the handshakes that it makes.
func speaksTLS(c *tls.Config) dialFunc {
	return dials(func(conn net.Conn) {
		if server := tls.Server(conn, c); server.Handshake() == nil {
			_, _ = server.Read(make([]byte, 1))
		}
	})
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  ed25519.PrivateKey
}

func seedKey(name string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(sum[:])
}

// newAuthority is signed by another one, or by itself.
func newAuthority(t *testing.T, name string, days int, by *authority) *authority {
	a := &authority{key: seedKey(name)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: monday.AddDate(-1, 0, 0), NotAfter: monday.AddDate(0, 0, days), KeyUsage: x509.KeyUsageCertSign,
	}
	parent, key := template, a.key
	if by != nil {
		parent, key = by.cert, by.key
	}
	a.cert = certified(t, template, parent, a.key, key)
	return a
}

func certified(t *testing.T, template, parent *x509.Certificate, own, by ed25519.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(nil, template, parent, own.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// issue signs a certificate that ends after so many days.
func (a *authority) issue(t *testing.T, days int, names ...string) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: monday.AddDate(0, 0, min(days, 0)-90), NotAfter: monday.AddDate(0, 0, days).Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	return certified(t, template, a.cert, seedKey("leaf"), a.key)
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// shows is a server's configuration with the chain.
func shows(chain ...*x509.Certificate) *tls.Config {
	c := tls.Certificate{PrivateKey: seedKey("leaf")}
	for _, one := range chain {
		c.Certificate = append(c.Certificate, one.Raw)
	}
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS10}
}

func inPEM(chain ...*x509.Certificate) string {
	var out strings.Builder
	for _, c := range chain {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return out.String()
}

// hostile is a text that would take over a terminal.
const hostile = "\x1b]52;c;aGk=\x07\u202e\r\n"

func TestTCP(t *testing.T) {
	for _, c := range []struct {
		name   string
		dial   dialFunc
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", dials(func(net.Conn) {}), nil, "", run.Passed, []string{"db.example:5432 connected in 0 ms", "TCP db.example:5432", "nc -vz -w 5 db.example 5432"}},
		{"an answer", dials(repliesTo("+PONG\r\n")), params("send", "PING\r\n", "answer", "PONG"), "", run.Passed, []string{`says "PONG"`, `printf %b 'PING\r\n' | nc -w 5`}},
		{"an answer in pieces", dials(func(c net.Conn) {
			for _, part := range []string{"220 mail", ".example ", "ESMTP"} {
				_, _ = io.WriteString(c, part)
			}
		}), params("answer", "example ESMTP"), "", run.Passed, nil},
		{"another answer", dials(repliesTo("-ERR " + hostile)), params("send", "PING\r\n", "answer", "PONG"), "", run.Failed, []string{`said "-ERR`, `expected "PONG"`}},
		{"an endless answer", dials(func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}), params("answer", "PONG"), "", run.Failed, []string{"said"}},
		{"refused", dialFails(syscall.ECONNREFUSED), nil, "", run.Failed, []string{"refuses the connection: nothing listens there"}},
		{"no such name", dialFails(&net.DNSError{Err: "no such host", Name: "db.example", IsNotFound: true}), nil, "", run.Failed, []string{"does not exist in DNS"}},
		{"DNS is down", dialFails(&net.DNSError{Err: "server misbehaving", Name: "db.example", IsTemporary: true}), nil, "", run.Unknown, []string{"cannot be looked up in DNS"}},
		{"no route", dialFails(syscall.EHOSTUNREACH), nil, "", run.Unknown, []string{"cannot be reached", "no route to host"}},
		{"too slow", dialFails(syscall.ETIMEDOUT), nil, "", run.Unknown, []string{"does not answer in time"}},
		{"blocked", dialFails(web.ErrBlocked), nil, "", run.Unknown, []string{"are blocked"}},
		{"hostile error", dialFails(errors.New(hostile)), nil, "", run.Unknown, []string{"^[]52", "<U+202E>"}},
		{"expect", dials(func(net.Conn) {}), nil, `self["db.example:5432"].connected`, run.Passed, nil},
		{"expect is false", dials(func(net.Conn) {}), nil, `self["db.example:5432"].ms > 5.0`, run.Failed, []string{"db.example:5432.ms = 0"}},
		{"one of two", func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "cache") {
				return dialFails(syscall.ECONNREFUSED)(ctx, network, address)
			}
			return dials(func(net.Conn) {})(ctx, network, address)
		}, params("address", []any{"db.example:5432", "cache.example:6379"}), "", run.Failed, []string{"cache.example:6379 refuses"}},
		{"metadata", nil, params("address", "169.254.169.254:80"), "", run.Unknown, []string{"are blocked"}},
		{"no port", nil, params("address", "db.example"), "", run.Unknown, []string{"not an address of the form host:port"}},
		{"not a port", nil, params("address", "db.example:70000"), "", run.Unknown, []string{"not a port number"}},
		{"not a host", nil, params("address", "d b:80"), "", run.Unknown, []string{"not the name of a host"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.dial != nil {
				b.network.dial = c.dial
			}
			p := params("address", "db.example:5432")
			for k, v := range c.params {
				p[k] = v
			}
			r := b.look(runbook.Check{Kind: "tcp", Params: p, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if r.Sensor == "" && c.dial != nil || (r.Badness > 0) != (r.Status == run.Failed && c.expect == "") {
				t.Errorf("sensor %q, badness %v", r.Sensor, r.Badness)
			}
			if r.Ill != (c.status == run.Unknown && c.dial != nil) {
				t.Errorf("ill: %v", r.Ill)
			}
		})
	}
}

func TestTCPTimesOut(t *testing.T) {
	b := newBench(t)
	b.network.dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, b.clock.Wait(ctx, -1, nil) }
	r := b.look(runbook.Check{Kind: "tcp", Params: params("address", "db.example:5432"), Timeout: runbook.Duration{D: 3 * time.Second}})
	want(t, r, run.Unknown, "could not look: timed out after 3s")
	if r.Sensor != "db.example:5432" || !r.Ill {
		t.Errorf("sensor %q, ill %v", r.Sensor, r.Ill)
	}
}

// TestSilenceEnds: whoever is connected and hears nothing gives up by the machine's clock, since a virtual one stands
// still meanwhile.
func TestSilenceEnds(t *testing.T) {
	for _, c := range []runbook.Check{
		{Kind: "tcp", Params: params("address", "db.example:5432", "answer", "hello")},
		{Kind: "tls", Params: params("address", "db.example:5432")},
		{Kind: "certificate", Params: params("hosts", "db.example:5432")},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			end := make(chan struct{})
			b.network.dial = dials(func(net.Conn) { <-end })
			r := b.look(c)
			close(end)
			want(t, r, run.Unknown, "could not look", "does not answer in time")
			if !r.Ill || r.Sensor == "" {
				t.Errorf("%s: ill %v, sensor %q", c.Kind, r.Ill, r.Sensor)
			}
		})
	}
}

func TestDialerBlocksAddresses(t *testing.T) {
	if _, err := web.Dialer()(t.Context(), "tcp", "169.254.169.254:80"); !errors.Is(err, web.ErrBlocked) {
		t.Errorf("a metadata address gave %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := web.Dialer()(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestDoorsThatAreShut(t *testing.T) {
	for kind, p := range map[string]map[string]any{
		"tcp": params("address", "db.example:1"), "tls": params("address", "db.example"),
		"certificate": params("hosts", "db.example"), "dns": params("name", "db.example"),
	} {
		b := newBench(t)
		b.network = network{}
		want(t, b.look(runbook.Check{Kind: kind, Params: p}), run.Unknown, "could not look: there is no way to")
	}
}
