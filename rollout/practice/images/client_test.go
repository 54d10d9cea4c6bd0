package images_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestRealClientPulls pulls as programs do that know nothing of this registry: from a loopback port, by plain HTTP.
func TestRealClientPulls(t *testing.T) {
	r := registry()
	server := httptest.NewServer(r)
	defer server.Close()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/api:v1")
	if err != nil {
		t.Fatal(err)
	}
	head, err := remote.Head(ref)
	if err != nil || !strings.HasSuffix(r.ID("registry.example/api:v1"), "@"+head.Digest.String()) {
		t.Fatalf("HEAD: %+v, %v", head, err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := index.IndexManifest(); err != nil || len(m.Manifests) != 2 {
		t.Errorf("the index: %+v, %v", m, err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		image, err := remote.Image(ref, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err == nil {
			_, err = image.Layers()
		}
		if err != nil || config.Architecture != arch || config.Config.Labels["org.opencontainers.image.version"] != "v1" {
			t.Errorf("%s: %+v, %v", arch, config, err)
		}
	}
	if _, err := remote.Get(ref.Context().Tag("v2")); err == nil || !strings.Contains(err.Error(), "MANIFEST_UNKNOWN") {
		t.Errorf("a tag that is not there: %v", err)
	}
}
