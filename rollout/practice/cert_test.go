package practice

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

func TestCertificatesComeFromTheSeed(t *testing.T) {
	issue := func(seed int64) (*authority, pair) {
		a, err := newAuthority(seed, clockStart)
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.issue(2, clockStart.Add(-day), clockStart.Add(90*day), "example", "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		return a, p
	}
	a, p := issue(1)
	if _, q := issue(1); !bytes.Equal(p.cert, q.cert) || !bytes.Equal(p.key, q.key) {
		t.Error("the same seed gave another certificate")
	}
	if _, q := issue(2); bytes.Equal(p.key, q.key) {
		t.Error("another seed gave the same key")
	}
	if _, err := tls.X509KeyPair(p.cert, p.key); err != nil {
		t.Error(err)
	}
	chain, err := p.chain()
	if err != nil || len(chain) != 2 {
		t.Fatalf("a chain of %d, %v", len(chain), err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for _, c := range []struct {
		name string
		at   time.Time
		ok   bool
	}{{"example", clockStart, true}, {"127.0.0.1", clockStart, true}, {"elsewhere", clockStart, false}, {"example", clockStart.Add(91 * day), false}} {
		_, err := chain[0].Verify(x509.VerifyOptions{DNSName: c.name, Roots: roots, CurrentTime: c.at})
		if (err == nil) != c.ok {
			t.Errorf("%s at %s: %v", c.name, c.at, err)
		}
	}
}
