package practice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Exposed is where a trainee's own kubectl, browser and curl find the world.
type Exposed struct {
	// Kubeconfig is the path of a generated kubeconfig file.
	Kubeconfig string `json:"kubeconfig"`
	// Prometheus is the URL of the world's Prometheus.
	Prometheus string `json:"prometheus"`
	// Sites are the URLs of the namespaces' sites, by namespace.
	Sites map[string]string `json:"sites"`
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

// Expose serves the world on loopback ports of its own until ctx ends; its files go then, too.
func (w *World) Expose(ctx context.Context) (Exposed, error) {
	out := Exposed{Sites: map[string]string{}}
	api, err := expose(ctx, w.kube)
	if err != nil {
		return out, err
	}
	prom, err := expose(ctx, w.prom)
	if err != nil {
		return out, err
	}
	out.Prometheus = "http://" + prom
	for _, ns := range namespaces {
		addr, err := expose(ctx, w.front(ns))
		if err != nil {
			return out, err
		}
		out.Sites[ns] = "http://" + addr
	}
	dir, err := os.MkdirTemp("", "sop-practice-")
	if err != nil {
		return out, fmt.Errorf("making a directory for the practice world's kubeconfig: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = os.RemoveAll(dir) })
	out.Kubeconfig = filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(out.Kubeconfig, w.Kubeconfig(api), 0o600); err != nil {
		return out, fmt.Errorf("writing the practice world's kubeconfig: %w", err)
	}
	return out, nil
}

// expose serves a handler on a free loopback port and returns its address.
func expose(ctx context.Context, h http.Handler) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("exposing the practice world: listening on a loopback port: %w; leave out --expose to go without", err)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			_ = server.Close() // the port is gone; whoever asks sees a refused connection
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return l.Addr().String(), nil
}
