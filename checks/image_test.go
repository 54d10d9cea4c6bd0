package checks

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// imageHub is a registry at registry.example, with the server that gives its tokens.
type imageHub struct {
	t     *testing.T
	open  http.Handler
	asked []string // method and path of each request

	user, password string // who may pull; empty: everybody
	basic          bool   // it takes them itself instead of a token
	trouble        func(http.ResponseWriter, *http.Request) bool
}

func newImageHub(t *testing.T) *imageHub {
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	return &imageHub{t: t, open: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil { // it comes without a network in between
			r.Body = http.NoBody
		}
		images.ServeHTTP(w, r)
	})}
}

func (h *imageHub) transport() transport { return serve(h.serve) }

const imageToken = "t0ken-that-nobody-sees"

func (h *imageHub) serve(w http.ResponseWriter, r *http.Request) {
	h.asked = append(h.asked, r.Method+" "+r.URL.Path)
	user, password, _ := r.BasicAuth()
	known := h.user == "" || user == h.user && password == h.password
	switch {
	case h.trouble != nil && h.trouble(w, r):
	case r.URL.Host == "auth.example" && known:
		fmt.Fprintf(w, `{"token":%q}`, imageToken)
	case r.URL.Host == "auth.example":
		w.WriteHeader(http.StatusUnauthorized)
	case h.user == "" || h.basic && known || r.Header.Get("Authorization") == "Bearer "+imageToken:
		h.open.ServeHTTP(w, r)
	case h.basic:
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://auth.example/token",service="registry.example"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// image is a single image for a platform.
func (h *imageHub) image(platform string) v1.Image {
	p, err := v1.ParsePlatform(platform)
	if err == nil {
		var out v1.Image
		if out, err = mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: p.OS, Architecture: p.Architecture, Config: v1.Config{Labels: map[string]string{"for": platform}}}); err == nil {
			return out
		}
	}
	h.t.Fatal(err)
	return nil
}

// push puts an image into the registry: a single one for one platform, an index for several.
func (h *imageHub) push(image string, platforms ...string) {
	h.t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		h.t.Fatal(err)
	}
	wire := remote.WithTransport(serve(h.open.ServeHTTP))
	if len(platforms) == 1 {
		err = remote.Write(ref, h.image(platforms[0]), wire)
	} else {
		var index v1.ImageIndex = empty.Index
		for _, platform := range platforms {
			p, _ := v1.ParsePlatform(platform)
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: h.image(platform), Descriptor: v1.Descriptor{Platform: p}})
		}
		err = remote.WriteIndex(ref, index, wire)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// logins is a docker config.
type logins map[string]authn.AuthConfig

func (l logins) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if config, ok := l[r.RegistryStr()]; ok {
		return authn.FromConfig(config), nil
	}
	return authn.Anonymous, nil
}

// withImages gives the bench a registry and the components images of v1.
func (b *bench) withImages(h *imageHub) {
	b.http = h.transport()
	for _, label := range []string{"api", "worker"} {
		b.plan.Runbook.Components.Set(label, runbook.Component{Name: label, Workload: "deployment/" + label, Image: "registry.example/" + label + ":v1"})
	}
}

func TestImage(t *testing.T) {
	all := params("components", "all", "platform", "linux/amd64")
	both := func(h *imageHub) {
		h.push("registry.example/api:v1", "linux/amd64", "linux/arm64")
		h.push("registry.example/worker:v1", "linux/amd64")
	}
	says := func(code int, after, body string) func(*imageHub) {
		return func(h *imageHub) {
			h.trouble = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/manifests/") {
					return false
				}
				if after != "" {
					w.Header().Set("Retry-After", after)
				}
				w.WriteHeader(code)
				io.WriteString(w, body)
				return true
			}
		}
	}
	for _, c := range []struct {
		name     string
		imageHub func(*imageHub)
		params   map[string]any
		expect   string
		status   run.Status
		words    []string
	}{
		{"good", both, all, "", run.Passed, []string{"2 images in the registry: api sha256:", "image registry.example/api:v1", "linux/amd64, linux/arm64", "in the registry, for linux/amd64", "crane manifest registry.example/api:v1"}},
		{"one is missing", func(h *imageHub) { h.push("registry.example/api:v1", "linux/amd64") }, all, "", run.Failed, []string{"worker is not in the registry: registry.example/worker:v1"}},
		{"another tag", both, params("images", "registry.example/api:v2", "platform", "linux/amd64"), "", run.Failed, []string{"is not in the registry"}},
		{"another platform", both, params("components", "all", "platform", "linux/arm64"), "", run.Failed, []string{"worker sha256:", "not for linux/arm64"}},
		{"denied", says(403, "", `{"errors":[{"code":"DENIED","message":"no pull for you"}]}`), all, "", run.Unknown, []string{"could not look", "registry.example refuses: it answers 403 Forbidden: no pull for you", "docker login registry.example"}},
		{"rate limit", says(429, "90", ""), all, "", run.Unknown, []string{"limits how often it is asked; again in 1m30s"}},
		{"rate limit with a date", says(429, monday.Add(time.Hour).Format(http.TimeFormat), ""), all, "", run.Unknown, []string{"again in 1h0m0s"}},
		{"trouble", says(502, "", ""), all, "", run.Unknown, []string{"it answers 502 Bad Gateway"}},
		{"hostile words", says(500, "", `{"errors":[{"code":"X","message":"\u001b]52;c;aGk=\u0007\u202e"}]}`), all, "", run.Unknown, []string{"^[]52", "<U+202E>"}},
		{"rubbish", says(200, "", "<html>"), all, "", run.Unknown, []string{"could not look"}},
		{"endless", says(200, "", strings.Repeat("[", maxManifest+1)), all, "", run.Unknown, []string{"could not look"}},
		{"no TLS for the token", func(h *imageHub) {
			h.trouble = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://auth.example/token"`)
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
		}, all, "", run.Unknown, []string{"not allowed for a secure registry"}},
		{"a redirect without TLS", func(h *imageHub) {
			h.trouble = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "http://registry.example"+r.URL.Path, http.StatusFound)
				return true
			}
		}, all, "", run.Unknown, []string{"registry.example is not asked without TLS"}},
		{"a token from the machine's metadata", func(h *imageHub) {
			h.trouble = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("WWW-Authenticate", `Bearer realm="https://metadata.google.internal/token"`)
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
		}, all, "", run.Unknown, []string{"are blocked"}},
		{"expect", both, all, `self.api.found && self.worker.platforms == ["linux/amd64"]`, run.Passed, nil},
		{"not a name", nil, params("images", "registry.example/API", "platform", "linux/amd64"), "", run.Unknown, []string{"not the name of an image"}},
		{"no platform", nil, params("components", "all"), "", run.Unknown, []string{"no cluster is configured"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, h := newBench(t), newImageHub(t)
			if c.imageHub != nil {
				c.imageHub(h)
			}
			b.withImages(h)
			r := b.look(runbook.Check{Kind: "image", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if c.imageHub == nil {
				return
			}
			if r.Sensor != "registry.example" || r.Ill != (c.status == run.Unknown) || (r.Badness > 0) != (c.status == run.Failed) {
				t.Errorf("sensor %q, ill %v, badness %v", r.Sensor, r.Ill, r.Badness)
			}
			if (r.Pin != "") != (c.status == run.Passed || c.name == "another platform") {
				t.Errorf("pin %q", r.Pin)
			}
		})
	}
	b := newBench(t)
	b.withImages(newImageHub(t))
	b.http = fails(syscall.ECONNREFUSED)
	want(t, b.look(runbook.Check{Kind: "image", Params: all}), run.Unknown, "registry.example: ", "connection refused")
}

// TestImageIsPinned: the pin is the same as long as the tags mean the same, and another one when a tag moves.
func TestImageIsPinned(t *testing.T) {
	b, h := newBench(t), newImageHub(t)
	h.push("registry.example/api:v1", "linux/amd64")
	h.push("registry.example/worker:v1", "linux/amd64", "linux/arm64")
	b.withImages(h)
	looks, pins, gets := 0, []run.Safe{}, 0
	ctx, cancel := context.WithCancel(context.Background())
	b.clock.Run(func() {
		_ = b.worker().Do(ctx, b.work(runbook.Check{Kind: "image", Params: params("components", "all", "platform", "linux/amd64")}), func(o run.Observation) {
			pins = append(pins, o.(run.Checked).Result.Pin)
			switch looks++; looks {
			case 1:
				h.asked = nil
			case 2:
				for _, asked := range h.asked {
					if strings.HasPrefix(asked, "GET") && strings.Contains(asked, "/manifests/") {
						gets++
					}
				}
				h.push("registry.example/api:v1", "linux/amd64", "linux/arm64") // somebody moves the tag
			case 3:
				cancel()
			}
		})
	})
	if len(pins) != 3 || pins[0] == "" || pins[0] != pins[1] || pins[1] == pins[2] {
		t.Errorf("pins %q", pins)
	}
	if !strings.HasPrefix(string(pins[0]), "registry.example/api@sha256:") || !strings.Contains(string(pins[0]), " registry.example/worker@sha256:") {
		t.Errorf("pin %q", pins[0])
	}
	if gets != 0 {
		t.Errorf("%d manifests were pulled again that were known: %q", gets, h.asked)
	}
}

func TestImageRestsWhenItIsLimited(t *testing.T) {
	b, h := newBench(t), newImageHub(t)
	h.trouble = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	b.withImages(h)
	b.follow(runbook.Check{Kind: "image", Params: params("images", "registry.example/api:v1", "platform", "linux/amd64")}, 4)
	if len(h.asked) != 1 {
		t.Errorf("asked %d times in 15 minutes when it wants an hour of rest: %q", len(h.asked), h.asked)
	}
}

func TestImageLogins(t *testing.T) {
	const secret = "hunter2-and-more"
	good := authn.AuthConfig{Username: "bob", Password: secret}
	bad := authn.AuthConfig{Username: "eve", Password: "guessed-wrongly"}
	config := func(key, password string) string {
		return fmt.Sprintf(`{"auths":{%q:{"auth":%q},"other.example":{"auth":"eDp5"}}}`, key, base64.StdEncoding.EncodeToString([]byte("bob:"+password)))
	}
	for _, c := range []struct {
		name   string
		basic  bool
		own    logins
		pull   string // of the Deployment
		forbid string
		status run.Status
		words  []string
	}{
		{"nobody logs in", false, nil, "", "", run.Unknown, []string{"refuses"}},
		{"a token by the docker config", false, logins{"registry.example": good}, "", "", run.Passed, nil},
		{"basic", true, logins{"registry.example": good}, "", "", run.Passed, nil},
		{"a wrong one", false, logins{"registry.example": bad}, "", "", run.Unknown, []string{"refuses"}},
		{"a pull secret", false, nil, config("registry.example", secret), "", run.Passed, nil},
		{"a pull secret beside a wrong login", true, logins{"registry.example": bad}, config("https://registry.example/v1/", secret), "", run.Passed, nil},
		{"a pull secret for the path", false, nil, config("registry.example/api", secret), "", run.Passed, nil},
		{"a pull secret with a wildcard", false, nil, config("*.example", secret), "", run.Passed, nil},
		{"a pull secret for another registry", false, nil, config("registry.elsewhere", secret), "", run.Unknown, []string{"refuses"}},
		{"a wrong pull secret", false, nil, config("registry.example", "old-password"), "", run.Unknown, []string{"refuses"}},
		{"a pull secret that is none", false, nil, secret, "", run.Unknown, []string{"pull secrets could not be read", "it is no docker config"}},
		{"a pull secret that is forbidden", false, nil, config("registry.example", secret), "secrets", run.Unknown, []string{"pull secrets could not be read: forbidden"}},
		{"the workload is forbidden", false, nil, config("registry.example", secret), "deployments", run.Unknown, []string{"pull secrets could not be read: forbidden"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world, h := newCluster(t), newImageHub(t)
			h.push("registry.example/api:v1", "linux/amd64")
			h.user, h.password, h.basic = "bob", secret, c.basic
			world.withImages(h)
			world.more = func(s *Sources) { s.Keychain = c.own }
			r := world.after(func(w *cluster) {
				w.addPullSecret(c.pull)
				if c.forbid != "" {
					w.server.Forbid(kubeapi.Rule{Resources: []string{c.forbid}})
				}
			}, runbook.Check{Kind: "image", Params: params("components", "api", "platform", "linux/amd64")})
			want(t, r, c.status, c.words...)
			for _, text := range []string{secret, base64.StdEncoding.EncodeToString([]byte("bob:" + secret)), imageToken, "guessed", "old-password"} {
				if strings.Contains(shown(r), text) {
					t.Errorf("%q shows in %q", text, shown(r))
				}
			}
		})
	}
}

// addPullSecret gives the Deployment api a pull secret.
func (c *cluster) addPullSecret(config string) {
	if config == "" {
		return
	}
	_, err := c.client.CoreV1().Secrets("production").Create(context.Background(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "pull"}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(config)},
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Error(err)
	}
	c.patch("api", `{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"pull"},{"name":"nobody"}]}}}}`)
	c.wait(20 * time.Second)
}

func TestImageForTheNodes(t *testing.T) {
	for _, c := range []struct {
		name     string
		nodes    []string
		selector string
		forbid   bool
		status   run.Status
		words    []string
	}{
		{"all of them", []string{"linux/amd64"}, "", false, run.Passed, []string{"in the registry, for linux/amd64"}},
		{"some", []string{"linux/amd64", "linux/arm64"}, "", false, run.Warn, []string{"some nodes are linux/arm64"}},
		{"those it may go to", []string{"linux/amd64", "linux/arm64"}, "amd64", false, run.Passed, nil},
		{"none", []string{"linux/arm64"}, "", false, run.Failed, []string{"not for linux/arm64"}},
		{"they tell nothing", nil, "", false, run.Unknown, []string{"which platform is not known", "none of 1 node"}},
		{"forbidden", []string{"linux/amd64"}, "", true, run.Unknown, []string{"which platform is not known: forbidden", "or write platform"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world, h := newCluster(t), newImageHub(t)
			h.push("registry.example/api:v1", "linux/amd64")
			world.withImages(h)
			r := world.after(func(w *cluster) {
				w.addNodes(c.nodes)
				if c.selector != "" {
					w.patch("api", `{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/arch":%q}}}}}`, c.selector)
				}
				if c.forbid {
					w.server.Forbid(kubeapi.Rule{Resources: []string{"nodes"}})
				}
				w.wait(time.Second)
			}, runbook.Check{Kind: "image", Params: params("components", "api")})
			want(t, r, c.status, c.words...)
			if r.Pin == "" {
				t.Error("what was found is not pinned")
			}
		})
	}
}

func (c *cluster) addNodes(platforms []string) {
	for i, platform := range platforms {
		os, arch, _ := strings.Cut(platform, "/")
		_, err := c.client.CoreV1().Nodes().Create(context.Background(), &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i), Labels: map[string]string{corev1.LabelOSStable: os, corev1.LabelArchStable: arch}},
		}, metav1.CreateOptions{})
		if err != nil {
			c.t.Error(err)
		}
	}
}
