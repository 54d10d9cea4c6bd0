package practice

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// endpoint is an address in the world.
type endpoint string

// Network implements net.Addr.
func (endpoint) Network() string  { return "tcp" }
func (e endpoint) String() string { return string(e) }

// Roots are the authorities whose certificates the world's hosts have.
func (w *World) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(w.authority.cert)
	return pool
}

// RootsPEM is Roots in PEM.
func (w *World) RootsPEM() []byte { return w.authority.pem() }

// LookupHost is the world's DNS.
func (w *World) LookupHost(_ context.Context, host string) ([]string, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if net.ParseIP(host) != nil {
		return []string{host}, nil
	}
	if i := slices.Index(sortedHosts(), host); i >= 0 {
		return []string{fmt.Sprintf("203.0.113.%d", 10+i)}, nil
	}
	if name, ns, ok := splitService(host); ok && slices.Contains(namespaces, ns) {
		if i := slices.IndexFunc(components, func(c component) bool { return c.name == name }); i >= 0 {
			return []string{fmt.Sprintf("10.96.%d.%d", slices.Index(namespaces, ns), 10+i)}, nil
		}
		if dependencyPort(host) != 0 {
			return []string{fmt.Sprintf("10.96.%d.%d", slices.Index(namespaces, ns), 100+len(name))}, nil
		}
	}
	return nil, noSuchHost(host)
}

// LookupCNAME is the canonical name of a host: no host of the world has an alias.
func (w *World) LookupCNAME(ctx context.Context, host string) (string, error) {
	if _, err := w.LookupHost(ctx, host); err != nil {
		return "", err
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")) + ".", nil
}

// LookupTXT are the texts that the DNS has for a host: the sites say that nobody sends mail from there.
func (w *World) LookupTXT(ctx context.Context, host string) ([]string, error) {
	if _, err := w.LookupHost(ctx, host); err != nil {
		return nil, err
	}
	if s, ok := hosts[strings.ToLower(strings.TrimSuffix(host, "."))]; ok && s.kind == frontSite {
		return []string{"v=spf1 -all"}, nil
	}
	return nil, noSuchHost(host) // as a resolver says it of a name without such a record
}

// dependencyPort is the port of a dependency by its name in the cluster, or 0.
func dependencyPort(host string) int32 {
	name, ns, ok := splitService(host)
	if !ok || !slices.Contains(namespaces, ns) {
		return 0
	}
	for _, d := range dependencies {
		if d.name == name {
			return d.port
		}
	}
	return 0
}

// Dial connects to a host of the world by TCP, for whoever does not speak through Transport: 80 and 443 of its sites,
// and the ports of its dependencies.
func (w *World) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: endpoint(address), Err: err}
	}
	if !strings.HasPrefix(network, "tcp") {
		return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
	}
	if p := dependencyPort(host); p != 0 {
		if name, ns, _ := splitService(host); port != strconv.Itoa(int(p)) || w.isGone(ns, name) {
			return nil, refusal(address)
		}
		return w.dialDependency(address), nil
	}
	if w.handler(host) == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: noSuchHost(host)}
	}
	if port != "80" && port != "443" || w.refuses(host) {
		return nil, refusal(address)
	}
	client, server := pipe(address)
	if port == "443" {
		server = tls.Server(server, &tls.Config{GetCertificate: w.certificate(host), Time: w.clock.Now, NextProtos: []string{"http/1.1"}})
	}
	if err := w.pipes.hand(ctx, server); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: endpoint(address), Err: err}
	}
	return client, nil
}

// certificate gives the one for the name that the client asks for, or for the host that was dialed.
func (w *World) certificate(host string) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		p, ok := w.certificateAt(hello.ServerName)
		if !ok {
			p, ok = w.certificateAt(host)
		}
		if !ok {
			return nil, fmt.Errorf("the practice world has no certificate for %q", host)
		}
		c, err := p.tls()
		return &c, err
	}
}

// dialDependency connects to something that answers as little as a health check wants: redis its PING, others nothing.
func (w *World) dialDependency(address string) net.Conn {
	client, server := pipe(address)
	stop := context.AfterFunc(w.ctx, func() { _ = server.Close() })
	go func() {
		defer stop()
		defer func() { _ = server.Close() }()
		in := bufio.NewScanner(io.LimitReader(server, 1<<16))
		for in.Scan() {
			if strings.EqualFold(strings.TrimSpace(in.Text()), "PING") {
				if _, err := io.WriteString(server, "+PONG\r\n"); err != nil {
					return
				}
			}
		}
	}()
	return client
}

// conn is an end of a pipe that knows where it leads to.
type conn struct {
	net.Conn
	local, remote endpoint
}

func (c conn) LocalAddr() net.Addr  { return c.local }
func (c conn) RemoteAddr() net.Addr { return c.remote }

func pipe(address string) (client, server net.Conn) {
	const here = "192.0.2.1:40000"
	a, b := net.Pipe()
	return conn{a, here, endpoint(address)}, conn{b, endpoint(address), here}
}

// pipeListener hands the server's ends of pipes to an http.Server.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) hand(ctx context.Context, c net.Conn) error {
	select {
	case l.conns <- c:
		return nil
	case <-l.done:
		return net.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return endpoint("practice") }

// servePipes answers HTTP on dialed connections until ctx ends, each request by the host it names.
func (w *World) servePipes(ctx context.Context) {
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return context.WithValue(ctx, instantly{}, true) },
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			host, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
			if h := w.handler(host); h != nil {
				h.ServeHTTP(rw, r)
				return
			}
			http.Error(rw, "no such host in the practice world: "+host, http.StatusMisdirectedRequest)
		}),
	}
	go func() {
		if err := server.Serve(w.pipes); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			panic("practice: serving from memory failed: " + err.Error()) // it has nothing that could fail
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
}
