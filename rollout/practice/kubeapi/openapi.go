package kubeapi

import (
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kubectl apply, create and diff ask the OpenAPI documents one thing: whether PATCH takes the parameters dryRun and
// fieldValidation. These documents answer that and hold no schemas, so kubectl explain has nothing to show.

type openAPI struct {
	OpenAPI string                       `json:"openapi"`
	Info    map[string]string            `json:"info"`
	Paths   map[string]map[string]openOp `json:"paths"`
}

type openOp struct {
	Parameters []openParam       `json:"parameters"`
	Responses  map[string]any    `json:"responses"`
	Kind       map[string]string `json:"x-kubernetes-group-version-kind"`
}

type openParam struct {
	Name   string            `json:"name"`
	In     string            `json:"in"`
	Schema map[string]string `json:"schema"`
}

// openAPI answers openapi/v3 and the documents below it; it returns whether the path is one of them.
func (s *Server) openAPI(w http.ResponseWriter, path string) bool {
	path, ok := strings.CutPrefix(path, "openapi/v3")
	if !ok {
		return false
	}
	if path == "" {
		docs := map[string]map[string]string{}
		for _, gv := range s.versions() {
			docs[pathOf(gv)] = map[string]string{"serverRelativeURL": "/openapi/v3/" + pathOf(gv) + "?hash=practice"}
		}
		writeJSON(w, http.StatusOK, map[string]any{"paths": docs})
		return true
	}
	for _, gv := range s.versions() {
		if path == "/"+pathOf(gv) {
			writeJSON(w, http.StatusOK, s.document(gv))
			return true
		}
	}
	return false
}

func pathOf(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "api/" + gv.Version
	}
	return "apis/" + gv.String()
}

func (s *Server) document(gv schema.GroupVersion) openAPI {
	doc := openAPI{
		OpenAPI: "3.0.0", Info: map[string]string{"title": "Kubernetes", "version": Version},
		Paths: map[string]map[string]openOp{},
	}
	text := map[string]string{"type": "string"}
	for _, r := range s.resources {
		if r.gvr.GroupVersion() != gv || !r.stored() {
			continue
		}
		at := "/" + pathOf(gv)
		if r.namespaced {
			at += "/namespaces/{namespace}"
		}
		doc.Paths[at+"/"+r.gvr.Resource+"/{name}"] = map[string]openOp{"patch": {
			Parameters: []openParam{{"dryRun", "query", text}, {"fieldValidation", "query", text}},
			Responses:  map[string]any{"200": map[string]string{"description": "OK"}},
			Kind:       map[string]string{"group": gv.Group, "version": gv.Version, "kind": r.kind},
		}}
	}
	return doc
}
