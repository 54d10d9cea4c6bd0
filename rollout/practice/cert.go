package practice

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

const day = 24 * time.Hour

// authority issues the world's certificates. Keys and signatures come from the seed, so the same seed gives the
// same bytes; they guard nothing.
type authority struct {
	seed int64
	key  ed25519.PrivateKey
	cert *x509.Certificate
}

func newAuthority(seed int64, start time.Time) (*authority, error) {
	a := &authority{seed: seed}
	a.key = a.derive("authority")
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Practice CA", Organization: []string{"sop practice"}},
		NotBefore:             start.Add(-365 * day),
		NotAfter:              start.Add(10 * 365 * day),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(nil, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making the practice world's certificate authority: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("reading back the practice world's certificate authority: %w", err)
	}
	return a, nil
}

func (a *authority) derive(name string) ed25519.PrivateKey {
	sum := sha256.Sum256(fmt.Appendf(nil, "practice key %d %s", a.seed, name))
	return ed25519.NewKeyFromSeed(sum[:])
}

// pair is a certificate with its key, in PEM, the authority's own certificate following the first.
type pair struct{ cert, key []byte }

// issue makes a certificate for some names.
func (a *authority) issue(serial int64, from, until time.Time, names ...string) (pair, error) {
	key := a.derive(names[0])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    from,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(nil, template, a.cert, key.Public(), a.key)
	if err != nil {
		return pair{}, fmt.Errorf("making the practice world's certificate for %s: %w", names[0], err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, fmt.Errorf("writing the practice world's key for %s: %w", names[0], err)
	}
	return pair{
		cert: append(encode("CERTIFICATE", der), a.pem()...),
		key:  encode("PRIVATE KEY", pkcs8),
	}, nil
}

func (a *authority) pem() []byte { return encode("CERTIFICATE", a.cert.Raw) }

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (p pair) tls() (tls.Certificate, error) {
	c, err := tls.X509KeyPair(p.cert, p.key)
	if err != nil {
		return c, fmt.Errorf("reading back a certificate of the practice world: %w", err)
	}
	return c, nil
}

// chain is the certificate and its issuer's.
func (p pair) chain() ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := p.cert; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return all, nil
		}
		one, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading back a certificate of the practice world: %w", err)
		}
		all = append(all, one)
	}
}
