package kubeapi

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"
)

var (
	codecs  = scheme.Codecs
	lenient = json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{})
	strict  = json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Strict: true})
)

// decodeBody reads the body of a call into obj.
func (s *Server) decodeBody(c *call, obj object) error {
	b, err := readBody(c)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return apierrors.NewBadRequest("the body is empty; send the object as JSON")
	}
	switch media, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); media {
	case "", "application/json":
		return decode(b, c, obj)
	}
	gvk := c.bodyKind()
	got, _, err := codecs.UniversalDeserializer().Decode(b, &gvk, obj)
	if err != nil {
		return unsupported(c.r, "the body is neither JSON nor a kind of protobuf or YAML that is known here: "+err.Error())
	}
	if got != runtime.Object(obj) {
		return wrongKind(c, got)
	}
	return nil
}

// decode reads JSON into obj, which it must be of the kind of.
func decode(b []byte, c *call, obj object) error {
	decoder := lenient
	if c.r.URL.Query().Get("fieldValidation") == metav1.FieldValidationStrict && !c.res.custom {
		decoder = strict
	}
	gvk := c.bodyKind()
	got, _, err := decoder.Decode(b, &gvk, obj)
	switch {
	case runtime.IsStrictDecodingError(err):
		return apierrors.NewBadRequest(err.Error())
	case err != nil:
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", gvk.Kind, gvk.Version, gvk.Kind, err))
	case got != runtime.Object(obj):
		return wrongKind(c, got)
	}
	return nil
}

// bodyKind is the kind that a call sends.
func (c *call) bodyKind() schema.GroupVersionKind {
	if c.sub == "scale" {
		return scaleKind
	}
	return c.res.gvk()
}

func wrongKind(c *call, got runtime.Object) error {
	sent := got.GetObjectKind().GroupVersionKind()
	if sent.GroupVersion() != c.res.gvr.GroupVersion() {
		return apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)",
			sent.GroupVersion(), c.res.gvr.GroupVersion()))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the kind in the data (%s) does not match the expected kind (%s)", sent.Kind, c.res.kind))
}

func unsupported(r *http.Request, why string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: fmt.Sprintf("the body of the request was in an unsupported format (%s): %s",
			strings.TrimSpace(r.Header.Get("Content-Type")), why),
	}}
}

// isDryRun reads the parameter or, when it is set, the options of the body.
func isDryRun(c *call, option []string) (bool, error) {
	all := append(append([]string{}, c.r.URL.Query()["dryRun"]...), option...)
	for _, v := range all {
		if v != metav1.DryRunAll {
			return false, apierrors.NewBadRequest(fmt.Sprintf("invalid dryRun value %q: only %q is supported", v, metav1.DryRunAll))
		}
	}
	return len(all) > 0, nil
}
