package kubeapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

// CreateFromYAML applies every document of a YAML stream; see Apply.
func (s *Server) CreateFromYAML(src []byte) error {
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(src), 4096)
	for n := 1; ; n++ {
		var raw runtime.RawExtension
		switch err := docs.Decode(&raw); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read document %d of the world's objects: %w", n, err)
		}
		if len(bytes.TrimSpace(raw.Raw)) == 0 || bytes.Equal(raw.Raw, []byte("null")) {
			continue
		}
		obj, err := s.parse(raw.Raw)
		if err == nil {
			err = s.Apply(obj)
		}
		if err != nil {
			return fmt.Errorf("create document %d of the world's objects: %w", n, err)
		}
	}
}

// parse reads one object strictly: an unknown field is an error.
func (s *Server) parse(raw []byte) (runtime.Object, error) {
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("read the object (it needs apiVersion and kind): %w", err)
	}
	for _, r := range s.resources {
		if r.custom && r.gvk() == u.GroupVersionKind() {
			return &u, nil
		}
	}
	obj, _, err := strict.Decode(raw, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s %q: %w", u.GetKind(), u.GetName(), err)
	}
	return obj, nil
}

// Apply stores objects, typed or unstructured, as a client's create would, or replaces the spec and metadata of
// those that exist. An object's status is kept as given if its kind has no controller here (nodes above all); a
// namespaced object without a namespace goes to default, and a missing namespace is made.
func (s *Server) Apply(objects ...runtime.Object) error {
	defer s.tellPods()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		if err := s.apply(o); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) apply(o runtime.Object) error {
	obj, ok := o.DeepCopyObject().(object)
	if !ok {
		return fmt.Errorf("apply %T: it has no metadata; lists are not taken, give their items", o)
	}
	res, err := s.resourceOf(obj)
	if err != nil {
		return err
	}
	if res.namespaced && obj.GetNamespace() == "" {
		obj.SetNamespace(metav1.NamespaceDefault)
	}
	obj.SetResourceVersion("")
	given := obj.DeepCopyObject().(object)
	v := s.get(res, keyOf(obj))
	if v == nil {
		if res.namespaced {
			s.ensureNamespace(obj.GetNamespace())
		}
		v, err = s.admit(res, obj, s.opt.User, false)
	} else {
		obj.SetResourceVersion(v.obj.GetResourceVersion())
		v, err = s.amend(res, "", v, obj, false)
	}
	if err != nil {
		return fmt.Errorf("apply %s %s/%s: %w", res.kind, given.GetNamespace(), given.GetName(), err)
	}
	if res.has("status") && hasStatus(given) {
		next := v.obj.DeepCopyObject().(object)
		copyStatus(next, given)
		s.replace(res, v, next)
	}
	return nil
}

func (s *Server) resourceOf(obj object) (*resource, error) {
	gvk := obj.GetObjectKind().GroupVersionKind()
	if gvks, _, err := scheme.Scheme.ObjectKinds(obj); err == nil {
		gvk = gvks[0]
	}
	for _, r := range s.resources {
		if r.gvk() == gvk && r.stored() {
			return r, nil
		}
	}
	return nil, fmt.Errorf("apply %s %q: the practice world does not serve this kind; Options.Custom can add it", gvk, obj.GetName())
}

func (s *Server) ensureNamespace(name string) {
	res := s.byPath[namespaceGVR]
	if s.get(res, key{name: name}) != nil {
		return
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}}
	if _, err := s.admit(res, ns, controllerUser, false); err != nil {
		return // a bad name: the object in it will say so
	}
}

func (s *Server) seedNamespaces() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{metav1.NamespaceDefault, metav1.NamespaceSystem} {
		s.ensureNamespace(name)
	}
}

// prepareCreate fills in what the server alone says of a new object.
func prepareCreate(obj object, user string) {
	switch o := obj.(type) {
	case *certificatesv1.CertificateSigningRequest:
		o.Spec.Username, o.Spec.Groups = user, []string{"system:authenticated"}
	case *corev1.Namespace:
		setLabel(&o.Labels, corev1.LabelMetadataName, o.Name)
	}
}
