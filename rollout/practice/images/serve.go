package images

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// ServeHTTP answers the part of the OCI distribution API that pulling needs. Nobody has to log in.
func (r *Registry) ServeHTTP(rw http.ResponseWriter, in *http.Request) {
	rw.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	rest, ok := strings.CutPrefix(in.URL.Path, "/v2/")
	switch {
	case in.Method != http.MethodGet && in.Method != http.MethodHead:
		refuse(rw, http.StatusMethodNotAllowed, "UNSUPPORTED", "this registry is read-only")
		return
	case in.URL.Path == "/v2" || ok && rest == "":
		answer(rw, "application/json", []byte("{}"))
		return
	case !ok:
		http.NotFound(rw, in)
		return
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 3 {
		http.NotFound(rw, in)
		return
	}
	name, what, reference := strings.Join(parts[:len(parts)-2], "/"), parts[len(parts)-2], parts[len(parts)-1]
	switch {
	case what == "manifests":
		r.manifest(rw, name, reference)
	case what == "blobs":
		r.blob(rw, name, reference)
	default:
		http.NotFound(rw, in)
	}
}

func (r *Registry) manifest(rw http.ResponseWriter, name, reference string) {
	var b blob
	ok := false
	if strings.HasPrefix(reference, "sha256:") {
		b, ok = r.find(name, reference)
		ok = ok && (b.kind == indexType || b.kind == manifestType)
	} else if ok = r.exists(name, reference); ok {
		b = r.image(name, reference)
	}
	if !ok {
		refuse(rw, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown: "+missing(name, reference))
		return
	}
	rw.Header().Set("Docker-Content-Digest", b.digest)
	rw.Header().Set("ETag", `"`+b.digest+`"`)
	answer(rw, b.kind, b.content)
}

func (r *Registry) blob(rw http.ResponseWriter, name, digest string) {
	b, ok := r.find(name, digest)
	if !ok {
		refuse(rw, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry: "+missing(name, digest))
		return
	}
	rw.Header().Set("Docker-Content-Digest", b.digest)
	answer(rw, "application/octet-stream", b.content)
}

func answer(rw http.ResponseWriter, kind string, body []byte) {
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = rw.Write(body) // a client that has gone needs no answer; to HEAD nothing is sent
}

func refuse(rw http.ResponseWriter, status int, code, message string) {
	text, err := json.Marshal(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
	if err != nil {
		panic("images: strings cannot fail to become JSON: " + err.Error())
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(text)
}
