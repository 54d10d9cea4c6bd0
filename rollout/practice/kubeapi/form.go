package kubeapi

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// form is the shape in which a client wants objects: as they are, their metadata only, or as a table to print.
type form struct {
	res     *resource
	as      string // "", PartialObjectMetadata or Table
	include metav1.IncludeObjectPolicy
}

var metaGV = schema.GroupVersion{Group: "meta.k8s.io", Version: "v1"}

// formOf takes the first form of the Accept header that is known here.
func formOf(c *call) form {
	f := form{res: c.res, include: metav1.IncludeObjectPolicy(c.r.URL.Query().Get("includeObject"))}
	for part := range strings.SplitSeq(c.r.Header.Get("Accept"), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || media != "application/json" && media != "*/*" && params["as"] == "" {
			continue
		}
		if params["g"] != "" && params["g"] != metaGV.Group || params["v"] != "" && params["v"] != metaGV.Version {
			continue
		}
		switch params["as"] {
		case "PartialObjectMetadata", "Table":
			f.as = params["as"]
			return f
		case "PartialObjectMetadataList":
			f.as = "PartialObjectMetadata"
			return f
		case "":
			return f
		}
	}
	return f
}

// one returns the JSON of a single object. The caller holds s.mu.
func (f form) one(s *Server, v *version) []byte {
	switch f.as {
	case "PartialObjectMetadata":
		return partial(v.obj)
	case "Table":
		return f.table(s, []*version{v}, metav1.ListMeta{ResourceVersion: v.obj.GetResourceVersion()}, true)
	}
	return v.encode(f.res.gvk())
}

// many returns the JSON of a list. The caller holds s.mu.
func (f form) many(s *Server, page []*version, meta metav1.ListMeta) []byte {
	gvk := f.res.gvr.GroupVersion().WithKind(f.res.kind + "List")
	switch f.as {
	case "Table":
		return f.table(s, page, meta, true)
	case "PartialObjectMetadata":
		gvk = metaGV.WithKind("PartialObjectMetadataList")
	}
	items := make([][]byte, len(page))
	for i, v := range page {
		if f.as != "" {
			items[i] = partial(v.obj)
		} else {
			items[i] = v.json()
		}
	}
	head := mustJSON(struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        metav1.ListMeta `json:"metadata"`
	}{metav1.TypeMeta{Kind: gvk.Kind, APIVersion: gvk.GroupVersion().String()}, meta})
	out := append(head[:len(head)-1], `,"items":[`...)
	return append(append(out, bytes.Join(items, []byte(","))...), "]}"...)
}

// event returns the JSON of one watch event. The caller holds s.mu.
func (f form) event(s *Server, kind watch.EventType, v *version, first bool) []byte {
	body := []byte(nil)
	if f.as == "Table" {
		body = f.table(s, []*version{v}, metav1.ListMeta{ResourceVersion: v.obj.GetResourceVersion()}, first)
	} else {
		body = f.one(s, v)
	}
	return rawEvent(kind, body)
}

func rawEvent(kind watch.EventType, body []byte) []byte {
	out := append([]byte(`{"type":"`+string(kind)+`","object":`), body...)
	return append(out, "}\n"...)
}

// bookmark returns a bookmark event in this form.
func (f form) bookmark(rv string, annotations map[string]string) []byte {
	gvk := f.res.gvk()
	if f.as == "PartialObjectMetadata" {
		gvk = metaGV.WithKind(f.as)
	}
	meta := metav1.ObjectMeta{ResourceVersion: rv, Annotations: annotations}
	if f.as == "Table" {
		row := metav1.TableRow{Cells: []any{}, Object: runtime.RawExtension{Raw: partialMeta(meta)}}
		return rawEvent(watch.Bookmark, mustJSON(metav1.Table{
			TypeMeta: metav1.TypeMeta{Kind: "Table", APIVersion: metaGV.String()},
			ListMeta: metav1.ListMeta{ResourceVersion: rv}, ColumnDefinitions: []metav1.TableColumnDefinition{},
			Rows: []metav1.TableRow{row},
		}))
	}
	return rawEvent(watch.Bookmark, withKind(gvk, mustJSON(struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}{meta})))
}

// partial returns the object's metadata as a PartialObjectMetadata.
func partial(obj object) []byte {
	return partialMeta(metav1.ObjectMeta{
		Name: obj.GetName(), GenerateName: obj.GetGenerateName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(),
		ResourceVersion: obj.GetResourceVersion(), Generation: obj.GetGeneration(),
		CreationTimestamp: obj.GetCreationTimestamp(), DeletionTimestamp: obj.GetDeletionTimestamp(),
		DeletionGracePeriodSeconds: obj.GetDeletionGracePeriodSeconds(), Labels: obj.GetLabels(),
		Annotations: obj.GetAnnotations(), OwnerReferences: obj.GetOwnerReferences(), Finalizers: obj.GetFinalizers(),
	})
}

func partialMeta(meta metav1.ObjectMeta) []byte {
	return mustJSON(metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: metaGV.String()},
		ObjectMeta: meta,
	})
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("kubeapi: cannot encode an answer: " + err.Error())
	}
	return b
}
