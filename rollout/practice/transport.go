package practice

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

// Transport sends requests to the world's hosts without a network, each in its caller's goroutine. A host that
// the world does not have fails as a name that DNS does not know.
func (w *World) Transport() http.RoundTripper { return transport{w} }

type transport struct{ w *World }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	host := strings.ToLower(r.URL.Hostname())
	if r.URL.Host == t.w.clusterHost() {
		return t.w.kube.RoundTripper().RoundTrip(r)
	}
	h := t.w.handler(host)
	if h == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: noSuchHost(host)}
	}
	if t.w.refuses(host) || !served(r.URL) {
		return nil, refusal(r.URL.Host)
	}
	if r.URL.Scheme == "https" {
		if err := t.w.shakeHands(host); err != nil {
			return nil, err
		}
	}
	rec := &recorder{header: http.Header{}, code: http.StatusOK}
	if err := serve(h, rec, r); err != nil {
		return nil, err
	}
	return t.response(r, host, rec), nil
}

func (w *World) clusterHost() string {
	u, err := url.Parse(w.kube.RESTConfig().Host)
	if err != nil {
		return ""
	}
	return u.Host
}

// refuses says whether nobody listens under a host's name at present.
func (w *World) refuses(host string) bool {
	if hosts[host].kind == prometheusSite && w.prom.Outage().Trouble == promapi.Down {
		return true
	}
	t := w.siteTrouble(host)
	return t != nil && t.Trouble == siteDown
}

// served says whether the world listens on a URL's port: only on those that its scheme goes with.
func served(u *url.URL) bool {
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return port != "" && (u.Port() == "" || u.Port() == port)
}

// serve calls a handler and turns its ways of not answering into errors.
func serve(h http.Handler, rec *recorder, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = fmt.Errorf("practice world: %s cut the connection: %w", r.URL.Host, io.ErrUnexpectedEOF)
		default:
			panic(p)
		}
	}()
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	h.ServeHTTP(rec, in)
	return r.Context().Err()
}

func (t transport) response(r *http.Request, host string, rec *recorder) *http.Response {
	out := &http.Response{
		Status: fmt.Sprintf("%d %s", rec.code, http.StatusText(rec.code)), StatusCode: rec.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()), Request: r,
	}
	if r.Method == http.MethodHead {
		out.Body = http.NoBody
	}
	if r.URL.Scheme == "https" {
		out.TLS = t.w.connectionState(host)
	}
	return out
}

// shakeHands holds a host's certificate against its name, the world's authority and the world's time, as a client does
// that dials it.
func (w *World) shakeHands(host string) error {
	state := w.connectionState(host)
	if state == nil {
		return nil // names inside of the cluster have no certificates
	}
	leaf := state.PeerCertificates[0]
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: w.Roots(), CurrentTime: w.clock.Now()})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

// connectionState is what a client would have learnt in the handshake; nil for a host without a certificate.
func (w *World) connectionState(host string) *tls.ConnectionState {
	p, ok := w.certificateAt(host)
	if !ok {
		return nil
	}
	chain, err := p.chain()
	if err != nil {
		return nil
	}
	return &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: host, PeerCertificates: chain}
}

// recorder is the http.ResponseWriter of a request in process.
type recorder struct {
	header http.Header
	code   int
	wrote  bool
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(code int) {
	if !r.wrote {
		r.code, r.wrote = code, true
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func noSuchHost(host string) error {
	return &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func refusal(address string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: endpoint(address), Err: syscall.ECONNREFUSED}
}
