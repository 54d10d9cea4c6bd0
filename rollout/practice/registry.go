package practice

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

const indexType = "application/vnd.oci.image.index.v1+json"

// inRegistry says whether an image exists: the running and the released version of each component, and those
// that the scenario speaks of.
func (w *World) inRegistry(image string) bool {
	rest, ok := strings.CutPrefix(image, registry+"/")
	if !ok {
		return false
	}
	name, _, _ := strings.Cut(rest, "@")
	name, version, tagged := strings.Cut(name, ":")
	if !slices.ContainsFunc(components, func(c component) bool { return c.name == name }) {
		return false
	}
	return !tagged || w.hasVersion(name, version)
}

func (w *World) hasVersion(component, version string) bool {
	spec := w.scenario.World
	if spec.imageOf(component, version).Missing != "" {
		return false
	}
	_, named := spec.Images[component+":"+version]
	_, known := spec.Images[version]
	return named || known || version == spec.Running || version == spec.Release
}

// registry answers what is asked of a container registry: is there such a manifest, and what is its digest?
func (w *World) registry() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/{$}", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		reply(rw, http.StatusOK, struct{}{})
	})
	mux.HandleFunc("/v2/{name}/manifests/{reference}", func(rw http.ResponseWriter, r *http.Request) {
		name, reference := r.PathValue("name"), r.PathValue("reference")
		if !w.inRegistry(registry+"/"+name) || !strings.HasPrefix(reference, "sha256:") && !w.hasVersion(name, reference) {
			reply(rw, http.StatusNotFound, map[string]any{"errors": []any{map[string]any{
				"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": map[string]any{"Name": name, "Tag": reference},
			}}})
			return
		}
		manifest := manifestOf(name, reference)
		rw.Header().Set("Content-Type", indexType)
		rw.Header().Set("Docker-Content-Digest", digestOf(name, reference))
		_, _ = rw.Write(manifest) // a client that has gone needs no answer
	})
	return mux
}

// manifestOf is an index of an image for the two usual architectures.
func manifestOf(name, reference string) []byte {
	type platform struct {
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
	}
	var list []any
	for _, arch := range []string{"amd64", "arm64"} {
		list = append(list, map[string]any{
			"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1024,
			"digest": digestOf(name, reference+"-"+arch), "platform": platform{arch, "linux"},
		})
	}
	text, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": list})
	if err != nil {
		panic("practice: a manifest of strings and numbers cannot fail to become JSON: " + err.Error())
	}
	return text
}

// digestOf is the digest that the kubelet reports for an image as well.
func digestOf(name, reference string) string {
	if strings.HasPrefix(reference, "sha256:") {
		return reference
	}
	_, digest, _ := strings.Cut(kubeapi.ImageID(image(name, reference)), "@")
	return digest
}
