// Package images is the practice world's container registry: it serves the images that the organisation builds, whole
// and true to their digests, so that a real client can ask for them and pull them.
//
//	r := images.New("registry.example", func(name, tag string) bool { return tag == "v1.4.2" })
//	http.Handle("/v2/", r)
//	id := r.ID("registry.example/api:v1.4.2") // registry.example/api@sha256:…, as a node reports it
//
// The data's way: name and tag → layer and config → manifests, one for each platform → index. An image holds nothing
// but a file with its version; the same name and tag give the same digests, in every world.
package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// The media types of the OCI image specification.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// platforms are what every image is built for.
var platforms = []string{"amd64", "arm64"}

// Registry is a container registry. It is safe for use by many goroutines.
type Registry struct {
	host   string
	exists func(name, tag string) bool

	mu     sync.Mutex
	built  map[string]blob            // indexes, by name:tag
	stored map[string]map[string]blob // all that a repository holds, by name and digest
}

// blob is something that has a digest.
type blob struct {
	kind    string
	content []byte
	digest  string
}

func blobOf(kind string, content []byte) blob {
	sum := sha256.Sum256(content)
	return blob{kind, content, "sha256:" + hex.EncodeToString(sum[:])}
}

func jsonBlob(kind string, body any) blob {
	text, err := json.Marshal(body)
	if err != nil {
		panic("images: a manifest of strings and numbers cannot fail to become JSON: " + err.Error())
	}
	return blobOf(kind, text)
}

// New makes the registry of a host. exists says which tags there are; it may change its mind.
func New(host string, exists func(name, tag string) bool) *Registry {
	return &Registry{host: host, exists: exists, built: map[string]blob{}, stored: map[string]map[string]blob{}}
}

// descriptor names a blob in a manifest.
func (b blob) descriptor(more map[string]any) map[string]any {
	d := map[string]any{"mediaType": b.kind, "digest": b.digest, "size": len(b.content)}
	for k, v := range more {
		d[k] = v
	}
	return d
}

// image builds an image, once, and gives its index.
func (r *Registry) image(name, tag string) blob {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.built[name+":"+tag]; ok {
		return b
	}
	layer := blobOf(layerType, layerOf(name, tag))
	all := []blob{layer}
	var manifests []any
	for _, arch := range platforms {
		config := jsonBlob(configType, map[string]any{
			"architecture": arch, "os": "linux", "created": "1970-01-01T00:00:00Z",
			"config": map[string]any{
				"Entrypoint": []string{"/" + name},
				"Labels":     map[string]string{"org.opencontainers.image.title": name, "org.opencontainers.image.version": tag},
			},
			"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.digest}},
		})
		manifest := jsonBlob(manifestType, map[string]any{
			"schemaVersion": 2, "mediaType": manifestType,
			"config": config.descriptor(nil), "layers": []any{layer.descriptor(nil)},
		})
		all = append(all, config, manifest)
		manifests = append(manifests, manifest.descriptor(map[string]any{"platform": map[string]string{"architecture": arch, "os": "linux"}}))
	}
	index := jsonBlob(indexType, map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": manifests})
	if r.stored[name] == nil {
		r.stored[name] = map[string]blob{}
	}
	for _, b := range append(all, index) {
		r.stored[name][b.digest] = b
	}
	r.built[name+":"+tag] = index
	return index
}

// layerOf is a tar with the one file of an image.
func layerOf(name, tag string) []byte {
	text := name + " " + tag + "\n"
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: "version", Mode: 0o444, Size: int64(len(text)), Format: tar.FormatUSTAR})
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("images: writing to memory cannot fail: " + err.Error())
	}
	return out.Bytes()
}

// ID is how a node names an image that it runs: by the digest that this registry serves it under. An image given by its
// digest keeps it.
func (r *Registry) ID(image string) string {
	name, digest, pinned := strings.Cut(image, "@")
	name, tag := split(name)
	if pinned {
		return name + "@" + digest
	}
	return name + "@" + r.image(strings.TrimPrefix(name, r.host+"/"), tag).digest
}

// Has says whether there is an image that can be pulled.
func (r *Registry) Has(image string) bool {
	rest, ok := strings.CutPrefix(image, r.host+"/")
	if !ok {
		return false
	}
	rest, digest, pinned := strings.Cut(rest, "@")
	name, tag := split(rest)
	if pinned {
		_, ok := r.find(name, digest)
		return ok
	}
	return r.exists(name, tag)
}

// split parts an image's name from its tag, which is latest when it has none.
func split(image string) (name, tag string) {
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		return image[:colon], image[colon+1:]
	}
	return image, "latest"
}

// find looks for what a repository holds under a digest: it knows what was asked for by its tag before.
func (r *Registry) find(name, digest string) (blob, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.stored[name][digest]
	return b, ok
}

// Prepare builds an image, so that it is found by its digest without having been asked for by its tag.
func (r *Registry) Prepare(name, tag string) { r.image(name, tag) }

func missing(name, reference string) string { return fmt.Sprintf("%s has no %s", name, reference) }
