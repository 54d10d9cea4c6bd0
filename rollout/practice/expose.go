package practice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/images"
)

// Exposed is where a trainee's own kubectl, browser and curl find the world, and where a test bed finds the tools that
// it lacks.
type Exposed struct {
	// Kubeconfig is the path of a generated kubeconfig file.
	Kubeconfig string `json:"kubeconfig"`
	// Prometheus is the URL of the world's Prometheus.
	Prometheus string `json:"prometheus"`
	// Sites are the URLs of the namespaces' sites, by namespace.
	Sites map[string]string `json:"sites"`
	// Hosts are the URLs of all the world's hosts, by their names in the world, over plain HTTP.
	Hosts map[string]string `json:"hosts"`
	// Secure are the URLs of the namespaces' sites over HTTPS, by namespace. Their certificates are for the site's name,
	// localhost and 127.0.0.1.
	Secure map[string]string `json:"secure"`
	// CA is the path of the certificate of the authority that issued them, in PEM.
	CA string `json:"ca"`
	// Env is the path of a file that a shell can read: the addresses as variables.
	Env string `json:"env"`
}

// Kubeconfig is a kubeconfig for the world's API server at addr (host:port), which needs no credentials. Its only
// context is practice, in the namespace production.
func (w *World) Kubeconfig(addr string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
  - name: practice
    cluster: {server: "http://%s"}
users:
  - name: practice
    user: {}
contexts:
  - name: practice
    context: {cluster: practice, user: practice, namespace: %s}
current-context: practice
`, addr, Production)
}

// anyVersion are the tags that the exposed tools know: whoever asks from outside may run other versions than the
// scenario. What is missing on purpose says so in its name.
var anyVersion = regexp.MustCompile(`^v[0-9][A-Za-z0-9._-]*$`)

func isAnyVersion(tag string) bool {
	return anyVersion.MatchString(tag) && !strings.Contains(tag, "missing")
}

// Expose serves the world on loopback ports of its own until ctx ends; its files go then, too.
//
// Each host has its own port, so that a plain URL is all that a site file needs. The tools (code, reports, images,
// certificates) are told by the machine's clock, since who asks from outside has no other, and know every version.
func (w *World) Expose(ctx context.Context) (Exposed, error) {
	out := Exposed{Sites: map[string]string{}, Hosts: map[string]string{}, Secure: map[string]string{}}
	api, err := expose(ctx, w.kube, nil)
	if err != nil {
		return out, err
	}
	outside := w.toolsAt(time.Now(), time.Now, isAnyVersion)
	stock := images.New(registry, func(name, tag string) bool { return w.inRegistry(name, tag) || isAnyVersion(tag) })
	prepare(stock, w.scenario.World)
	for _, host := range sortedHosts() {
		s := hosts[host]
		h := w.siteOf(s, outside)
		if s.kind == registrySite {
			h = stock
		}
		addr, err := expose(ctx, w.troubled(host, h), nil)
		if err != nil {
			return out, err
		}
		out.Hosts[host] = "http://" + addr
		if s.kind == frontSite {
			out.Sites[s.namespace] = out.Hosts[host]
			if out.Secure[s.namespace], err = w.exposeSecure(ctx, host, h); err != nil {
				return out, err
			}
		}
	}
	out.Prometheus = out.Hosts["prometheus."+Production+".example"]
	return out, w.writeFiles(ctx, &out, api)
}

// exposeSecure serves a site over HTTPS and returns its URL.
func (w *World) exposeSecure(ctx context.Context, host string, h http.Handler) (string, error) {
	p, err := w.issue(time.Now(), w.days(hosts[host].namespace), host, "localhost", "127.0.0.1")
	if err != nil {
		return "", err
	}
	cert, err := p.tls()
	if err != nil {
		return "", err
	}
	addr, err := expose(ctx, w.troubled(host, h), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	return "https://" + addr, err
}

// writeFiles writes what a shell, kubectl and curl need into a directory of its own.
func (w *World) writeFiles(ctx context.Context, out *Exposed, api string) error {
	dir, err := os.MkdirTemp("", "sop-practice-")
	if err != nil {
		return fmt.Errorf("making a directory for the practice world's files: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = os.RemoveAll(dir) })
	out.Kubeconfig, out.CA, out.Env = filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "ca.crt"), filepath.Join(dir, "env")
	for path, text := range map[string][]byte{out.Kubeconfig: w.Kubeconfig(api), out.CA: w.RootsPEM(), out.Env: out.variables()} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return fmt.Errorf("writing the practice world's files: %w", err)
		}
	}
	return nil
}

// Variables are the addresses by the names that they have in the file Env.
func (e Exposed) Variables() map[string]string {
	all := map[string]string{
		"KUBECONFIG": e.Kubeconfig, "CA_FILE": e.CA, "PROM_URL": e.Prometheus,
		"GITHUB_URL": e.Hosts[forgeHost] + "/api/v3", "ARTIFACTS_URL": e.Hosts[artifactHost],
		"REGISTRY": strings.TrimPrefix(e.Hosts[registry], "http://"),
	}
	for _, ns := range namespaces {
		name := strings.ToUpper(ns)
		all["SITE_"+name+"_URL"], all["SITE_"+name+"_TLS"] = e.Sites[ns], e.Secure[ns]
		all["ALERTMANAGER_"+name+"_URL"] = e.Hosts["alertmanager."+ns+".example"]
	}
	return all
}

// variables are lines that a shell reads. The cluster and its Prometheus are left out: a test bed has its own.
func (e Exposed) variables() []byte {
	all := e.Variables()
	delete(all, "KUBECONFIG")
	delete(all, "PROM_URL")
	var text []byte
	for _, name := range sortedKeys(all) {
		text = fmt.Appendf(text, "export %s='%s'\n", name, all[name])
	}
	return text
}

// expose serves a handler on a free loopback port, by TLS if that is given, and returns its address.
func expose(ctx context.Context, h http.Handler, secure *tls.Config) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("exposing the practice world: listening on a loopback port: %w; leave out --expose to go without", err)
	}
	addr := l.Addr().String()
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:    log.New(io.Discard, "", 0), // a handshake that fails is the client's news
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			_ = server.Close() // the port is gone; whoever asks sees a refused connection
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return addr, nil
}
