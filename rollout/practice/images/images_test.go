package images_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/practice/images"
)

func registry() *images.Registry {
	return images.New("registry.example", func(name, tag string) bool { return name == "api" && tag == "v1" })
}

type manifest struct {
	MediaType string
	Config    part
	Layers    []part
	Manifests []part
}

type part struct {
	MediaType, Digest string
	Size              int
	Platform          struct{ OS, Architecture string }
}

// TestImageIsWhole pulls an image as a client does, and holds each part against its digest and size.
func TestImageIsWhole(t *testing.T) {
	r := registry()
	server := httptest.NewServer(r)
	defer server.Close()
	get := func(path string) ([]byte, http.Header) {
		t.Helper()
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, response.Status, err)
		}
		sum := sha256.Sum256(text)
		if want := "sha256:" + hex.EncodeToString(sum[:]); strings.Count(path, "/") > 2 && response.Header.Get("Docker-Content-Digest") != want {
			t.Errorf("%s says it has the digest %s, want %s", path, response.Header.Get("Docker-Content-Digest"), want)
		}
		return text, response.Header
	}
	read := func(path string) manifest {
		t.Helper()
		text, header := get(path)
		var m manifest
		if err := json.Unmarshal(text, &m); err != nil || m.MediaType != header.Get("Content-Type") {
			t.Fatalf("%s: %v, %s", path, err, header.Get("Content-Type"))
		}
		return m
	}
	get("/v2/")
	index := read("/v2/api/manifests/v1")
	if len(index.Manifests) != 2 || index.Manifests[0].Platform.Architecture != "amd64" || index.Manifests[1].Platform.OS != "linux" {
		t.Fatalf("the index is %+v", index)
	}
	for _, one := range index.Manifests {
		m := read("/v2/api/manifests/" + one.Digest)
		for _, b := range append(m.Layers, m.Config) {
			if text, _ := get("/v2/api/blobs/" + b.Digest); len(text) != b.Size {
				t.Errorf("%s has %d bytes, want %d", b.Digest, len(text), b.Size)
			}
		}
		config, _ := get("/v2/api/blobs/" + m.Config.Digest)
		if !strings.Contains(string(config), `"architecture":"`+one.Platform.Architecture+`"`) || !strings.Contains(string(config), m.Layers[0].Digest) {
			t.Errorf("the config is %s", config)
		}
	}
	_, header := get("/v2/api/manifests/v1")
	if id := r.ID("registry.example/api:v1"); id != "registry.example/api@"+header.Get("Docker-Content-Digest") {
		t.Errorf("a node would say %s", id)
	}
	head, err := server.Client().Head(server.URL + "/v2/api/manifests/v1")
	if err != nil || head.ContentLength <= 0 || head.Header.Get("Docker-Content-Digest") == "" {
		t.Errorf("HEAD: %v, %v", head, err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	r := registry()
	for path, want := range map[string]string{
		"/v2/api/manifests/v2": "MANIFEST_UNKNOWN", "/v2/web/manifests/v1": "MANIFEST_UNKNOWN",
		"/v2/api/manifests/sha256:00": "MANIFEST_UNKNOWN", "/v2/api/blobs/sha256:00": "BLOB_UNKNOWN", "/v2/api/blobs/v1": "BLOB_UNKNOWN",
		"/v2/api": "", "/v1/": "", "/v2/api/uploads/1": "",
	} {
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/v2/api/manifests/v1", strings.NewReader("{}")))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("somebody could push: %d", rec.Code)
	}
}

func TestDigestsDependOnNothingElse(t *testing.T) {
	a, b := registry(), images.New("registry.example", func(string, string) bool { return true })
	if a.ID("registry.example/api:v1") != b.ID("registry.example/api:v1") || b.ID("registry.example/api:v1") == b.ID("registry.example/api:v2") {
		t.Error("a digest depends on more than the image, or not on it")
	}
	const pinned = "registry.example/api@sha256:0123"
	if a.ID(pinned) != pinned || a.ID("registry.example/api:v1@sha256:0123") != pinned {
		t.Error("an image that is named by its digest has another")
	}
	_, digest, _ := strings.Cut(a.ID("registry.example/api:v1"), "@")
	for image, want := range map[string]bool{
		"registry.example/api:v1": true, "registry.example/api:v2": false, "registry.example/api": false,
		"registry.example/api@" + digest: true, "registry.example/api:v1@" + digest: true,
		"registry.example/api@sha256:00": false, "elsewhere/api:v1": false,
	} {
		if a.Has(image) != want {
			t.Errorf("there is %s: %t", image, !want)
		}
	}
}
