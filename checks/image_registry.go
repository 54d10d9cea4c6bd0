package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	protocol "github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// maxManifest is how much of one answer of a registry is read; manifests and configurations have some kilobytes.
const maxManifest = 4 << 20

// found is an image in its registry.
type found struct {
	digest    string
	platforms []v1.Platform
}

// missingImage says that the registry answered that there is no such image.
type missingImage struct{ err error }

func (e *missingImage) Error() string { return e.err.Error() }

// denied says that the registry wants another login.
type denied struct{ err error }

func (e *denied) Error() string { return e.err.Error() }

// limited says that the registry has had enough of us.
type limited struct{ after time.Duration }

func (e *limited) Error() string {
	if e.after <= 0 {
		return "the registry limits how often it is asked"
	}
	return fmt.Sprintf("the registry limits how often it is asked; again in %s", e.after.Round(time.Second))
}

// registryClient asks registries. It tries once, with no pause of its own: when to look again is the worker's business,
// and only the clock may wait.
type registryClient struct {
	transport http.RoundTripper
	clock     run.Clock

	mu    sync.Mutex
	known map[string][]v1.Platform // by digest, which always means the same
}

// find asks for an image with a login.
func (c *registryClient) find(ctx context.Context, ref name.Reference, login authn.AuthConfig) (found, error) {
	wire := &registryWire{next: c.transport, clock: c.clock}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(wire), remote.WithAuth(authn.FromConfig(login)), remote.WithUserAgent("sop"),
		remote.WithRetryPredicate(func(error) bool { return false }), remote.WithRetryStatusCodes(), remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
	f, err := c.ask(ref, options)
	if err != nil {
		return found{}, sorted(err, wire.pause())
	}
	return f, nil
}

// ask reads the manifest, or only its digest when that is known already: a HEAD does not count as a pull.
func (c *registryClient) ask(ref name.Reference, options []remote.Option) (found, error) {
	if c.knowsAny() {
		head, err := remote.Head(ref, options...)
		var answer *protocol.Error
		if err != nil && (!errors.As(err, &answer) || answer.StatusCode == http.StatusTooManyRequests) {
			return found{}, err
		}
		if err == nil {
			if platforms, ok := c.recall(head.Digest.String()); ok {
				return found{head.Digest.String(), platforms}, nil
			}
		}
	}
	manifest, err := remote.Get(ref, options...)
	if err != nil {
		return found{}, err
	}
	f := found{digest: manifest.Digest.String()}
	platforms, ok := c.recall(f.digest)
	if !ok {
		if platforms, err = platformsOf(manifest); err != nil {
			return found{}, err
		}
		c.remember(f.digest, platforms)
	}
	f.platforms = platforms
	return f, nil
}

func (c *registryClient) knowsAny() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known) > 0
}

func (c *registryClient) recall(digest string) ([]v1.Platform, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	platforms, ok := c.known[digest]
	return platforms, ok
}

func (c *registryClient) remember(digest string, platforms []v1.Platform) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string][]v1.Platform{}
	}
	c.known[digest] = platforms
}

// platformsOf are what an image runs on: what its index lists, or what the configuration of a single image says.
func platformsOf(d *remote.Descriptor) ([]v1.Platform, error) {
	if !d.MediaType.IsIndex() {
		image, err := d.Image()
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		return []v1.Platform{{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}}, nil
	}
	index, err := d.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var all []v1.Platform
	for _, m := range manifest.Manifests {
		if p := m.Platform; p != nil && p.OS != "unknown" && len(all) < maxNames { // attestations are of no platform
			all = append(all, v1.Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant})
		}
	}
	return all, nil
}

// sorted tells the registry's refusals apart.
func sorted(err error, pause time.Duration) error {
	var answer *protocol.Error
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.StatusCode {
	case http.StatusNotFound:
		return &missingImage{refusalText(answer)}
	case http.StatusUnauthorized, http.StatusForbidden:
		return &denied{refusalText(answer)}
	case http.StatusTooManyRequests:
		return &limited{pause}
	}
	return refusalText(answer)
}

// refusalText is what the registry said, without the address that was asked.
func refusalText(e *protocol.Error) error {
	words := fmt.Sprintf("it answers %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if len(e.Errors) > 0 {
		words += ": " + e.Errors[0].Message
	}
	return errors.New(words)
}

// registryWire is the way to registries: it reads no more than it may of an answer, sends nothing in the clear but to
// this machine, and notes how long a registry wants to be left alone.
type registryWire struct {
	next  http.RoundTripper
	clock run.Clock

	mu    sync.Mutex
	after time.Duration
}

func (w *registryWire) RoundTrip(r *http.Request) (*http.Response, error) {
	if host := r.URL.Hostname(); r.URL.Scheme != "https" && !isLoopback(host) {
		return nil, fmt.Errorf("%s is not asked without TLS", host)
	} else if err := web.CheckHost(strings.ToLower(host)); err != nil {
		return nil, err
	}
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusTooManyRequests {
		w.note(response.Header.Get("Retry-After"))
	}
	response.Body = cappedBody{io.LimitReader(response.Body, maxManifest), response.Body}
	return response, nil
}

type cappedBody struct {
	io.Reader
	io.Closer
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// note reads a Retry-After: seconds or a date.
func (w *registryWire) note(text string) {
	var after time.Duration
	if n, err := strconv.ParseUint(text, 10, 20); err == nil {
		after = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = at.Sub(w.clock.Now())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after = max(w.after, after)
}

func (w *registryWire) pause() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.after
}

// loginFits tells whether the entry of a docker config is for a repository: KEY is a host, or a host and the beginning
// of a path, or the old form of an address; a * stands for a part of the host, as for a node.
func loginFits(key string, repo name.Repository) bool {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host, path, _ := strings.Cut(key, "/")
	path = strings.Trim(path, "/")
	if path == "v1" || path == "v2" {
		path = ""
	}
	if host == "docker.io" || host == "registry-1.docker.io" {
		host = name.DefaultRegistry
	}
	if path != "" && repo.RepositoryStr() != path && !strings.HasPrefix(repo.RepositoryStr(), path+"/") {
		return false
	}
	return hostFits(host, repo.RegistryStr())
}

func hostFits(pattern, host string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(host, ".")
	return len(want) == len(have) && partsFit(want, have)
}

func partsFit(want, have []string) bool {
	for i, part := range want {
		if part != "*" && !strings.EqualFold(part, have[i]) {
			return false
		}
	}
	return true
}
