package kubeapi

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// create answers POST.
func (s *Server) create(c *call) error {
	dry, err := isDryRun(c, nil)
	if err != nil {
		return err
	}
	obj := c.res.empty()
	if err := s.decodeBody(c, obj); err != nil {
		return err
	}
	if err := placed(c, obj); err != nil {
		return err
	}
	s.mu.Lock()
	v, err := s.admit(c.res, obj, s.user(c.r), dry)
	var body []byte
	if err == nil {
		body = formOf(c).one(s, v)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.tellPods()
	writeRaw(c.w, http.StatusCreated, body)
	return nil
}

// placed makes the object's namespace that of the URL or says that they differ.
func placed(c *call, obj object) error {
	if !c.res.namespaced {
		obj.SetNamespace("")
		return nil
	}
	switch obj.GetNamespace() {
	case "":
		obj.SetNamespace(c.namespace)
	case c.namespace:
	default:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return nil
}

// admit checks a new object and stores it, unless dry. The caller holds s.mu.
func (s *Server) admit(res *resource, obj object, user string, dry bool) (*version, error) {
	if obj.GetName() == "" && obj.GetGenerateName() != "" {
		obj.SetName(s.suffixed(res, obj.GetNamespace(), obj.GetGenerateName()))
	}
	if obj.GetResourceVersion() != "" {
		return nil, apierrors.NewBadRequest("resourceVersion should not be set on objects to be created")
	}
	if err := s.checkNamespace(res, obj); err != nil {
		return nil, err
	}
	k := keyOf(obj)
	strip(obj)
	obj.SetUID(s.uid(res, k))
	obj.SetCreationTimestamp(s.now())
	obj.SetDeletionTimestamp(nil)
	obj.SetDeletionGracePeriodSeconds(nil)
	obj.SetGeneration(0)
	if res.generation {
		obj.SetGeneration(1)
	}
	if res.has("status") {
		resetStatus(obj)
	}
	prepareCreate(obj, user)
	setDefaults(obj)
	if errs := validate(obj, nil); len(errs) > 0 {
		return nil, apierrors.NewInvalid(res.gvk().GroupKind(), obj.GetName(), errs)
	}
	if s.get(res, k) != nil {
		return nil, apierrors.NewAlreadyExists(res.gr(), obj.GetName())
	}
	if pod, ok := obj.(*corev1.Pod); ok {
		if err := s.charge(pod); err != nil {
			return nil, err
		}
	}
	if dry {
		return &version{obj: obj, rv: s.rv}, nil
	}
	return s.add(res, obj), nil
}

func (s *Server) checkNamespace(res *resource, obj object) error {
	if !res.namespaced {
		return nil
	}
	ns := s.get(s.byPath[namespaceGVR], key{name: obj.GetNamespace()})
	if ns == nil {
		return apierrors.NewNotFound(namespaceGVR.GroupResource(), obj.GetNamespace())
	}
	if ns.obj.GetDeletionTimestamp() != nil {
		return apierrors.NewForbidden(res.gr(), obj.GetName(),
			fmt.Errorf("unable to create new content in namespace %s because it is being terminated", obj.GetNamespace()))
	}
	return nil
}

// update answers PUT.
func (s *Server) update(c *call) error {
	dry, err := isDryRun(c, nil)
	if err != nil {
		return err
	}
	obj := c.res.empty()
	if err := s.decodeBody(c, obj); err != nil {
		return err
	}
	if err := placed(c, obj); err != nil {
		return err
	}
	if obj.GetName() != c.name {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", obj.GetName(), c.name))
	}
	s.mu.Lock()
	old := s.get(c.res, c.key())
	var body []byte
	if old == nil {
		err = apierrors.NewNotFound(c.gr, c.name)
	} else if uid := obj.GetUID(); uid != "" && uid != old.obj.GetUID() {
		//lint:ignore ST1005 these are the real server's words
		err = apierrors.NewConflict(c.gr, c.name, fmt.Errorf("Precondition failed: UID in precondition: %v, UID in object meta: %v", uid, old.obj.GetUID()))
	} else {
		body, err = s.change(c, old, obj, dry)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.tellPods()
	writeRaw(c.w, http.StatusOK, body)
	return nil
}

// change checks obj as the successor of old, stores it unless dry, and returns the answer. The caller holds s.mu.
func (s *Server) change(c *call, old *version, obj object, dry bool) ([]byte, error) {
	v, err := s.amend(c.res, c.sub, old, obj, dry)
	if err != nil {
		return nil, err
	}
	return formOf(c).one(s, v), nil
}

// amend is what update and patch share: the rules for the successor of a stored object. The caller holds s.mu.
func (s *Server) amend(res *resource, sub string, old *version, obj object, dry bool) (*version, error) {
	name, was := old.obj.GetName(), old.obj
	switch rv := obj.GetResourceVersion(); {
	case rv == "" && res.versioned:
		return nil, apierrors.NewInvalid(res.gvk().GroupKind(), name, field.ErrorList{
			field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update"),
		})
	case rv != "" && rv != was.GetResourceVersion():
		if _, err := strconv.ParseUint(rv, 10, 64); err != nil {
			return nil, apierrors.NewInvalid(res.gvk().GroupKind(), name, field.ErrorList{
				field.Invalid(field.NewPath("metadata", "resourceVersion"), rv, "unable to parse resourceVersion: "+err.Error()),
			})
		}
		return nil, apierrors.NewConflict(res.gr(), name,
			fmt.Errorf("the object has been modified; please apply your changes to the latest version and try again"))
	}
	strip(obj)
	inherit(obj, was)
	keep(res, sub, obj, was)
	setDefaults(obj)
	if errs := append(validateMeta(obj, was), validate(obj, was)...); len(errs) > 0 {
		return nil, apierrors.NewInvalid(res.gvk().GroupKind(), name, errs)
	}
	obj.SetGeneration(was.GetGeneration())
	if res.generation && sub == "" && specChanged(res, obj, was) {
		obj.SetGeneration(was.GetGeneration() + 1)
	}
	obj.SetResourceVersion(was.GetResourceVersion())
	if apiequality.Semantic.DeepEqual(obj, was) {
		return old, nil
	}
	if dry {
		return &version{obj: obj, rv: old.rv}, nil
	}
	if was.GetDeletionTimestamp() != nil && len(obj.GetFinalizers()) == 0 && len(was.GetFinalizers()) > 0 {
		return s.remove(res, &version{obj: obj, rv: old.rv}), nil
	}
	return s.replace(res, old, obj), nil
}

// inherit fills in the metadata that a client may leave out.
func inherit(obj, was object) {
	if obj.GetUID() == "" {
		obj.SetUID(was.GetUID())
	}
	if created := obj.GetCreationTimestamp(); created.IsZero() {
		obj.SetCreationTimestamp(was.GetCreationTimestamp())
	}
	obj.SetDeletionTimestamp(was.GetDeletionTimestamp())
	obj.SetDeletionGracePeriodSeconds(was.GetDeletionGracePeriodSeconds())
}

// keep takes from the old object what this endpoint does not write: the main one no status, /status nothing but
// the status and the annotations.
func keep(res *resource, sub string, obj, was object) {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		keepCustom(u, was.(*unstructured.Unstructured), sub)
		return
	}
	next, prev := reflect.ValueOf(obj).Elem(), reflect.ValueOf(was.DeepCopyObject()).Elem()
	switch {
	case !res.has("status"):
	case sub == "":
		next.FieldByName("Status").Set(prev.FieldByName("Status"))
	default:
		if spec := next.FieldByName("Spec"); spec.IsValid() && sub != "approval" {
			spec.Set(prev.FieldByName("Spec"))
		}
		obj.SetLabels(was.GetLabels())
	}
}

func keepCustom(obj, was *unstructured.Unstructured, sub string) {
	for field := range was.Object {
		if (field == "status") == (sub == "") && field != "metadata" {
			obj.Object[field] = was.DeepCopy().Object[field]
		}
	}
	if _, had := was.Object["status"]; sub == "" && !had {
		delete(obj.Object, "status")
	}
}

func resetStatus(obj object) {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		delete(u.Object, "status")
		return
	}
	reflect.ValueOf(obj).Elem().FieldByName("Status").SetZero()
}

// specChanged says whether the change counts for metadata.generation: everything but metadata and status, and for
// workloads the annotations as well, because controllers copy them on.
func specChanged(res *resource, obj, was object) bool {
	if res.notes && !apiequality.Semantic.DeepEqual(obj.GetAnnotations(), was.GetAnnotations()) {
		return true
	}
	a, b := obj.DeepCopyObject().(object), was.DeepCopyObject().(object)
	for _, o := range []object{a, b} {
		if u, ok := o.(*unstructured.Unstructured); ok {
			delete(u.Object, "metadata")
			delete(u.Object, "status")
			continue
		}
		v := reflect.ValueOf(o).Elem()
		v.FieldByName("ObjectMeta").Set(reflect.ValueOf(metav1.ObjectMeta{}))
		if status := v.FieldByName("Status"); status.IsValid() {
			status.SetZero()
		}
	}
	return !apiequality.Semantic.DeepEqual(a, b)
}

// hasStatus says whether an object tells a status.
func hasStatus(obj object) bool {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return u.Object["status"] != nil
	}
	return !reflect.ValueOf(obj).Elem().FieldByName("Status").IsZero()
}

func copyStatus(to, from object) {
	if u, ok := to.(*unstructured.Unstructured); ok {
		u.Object["status"] = from.(*unstructured.Unstructured).Object["status"]
		return
	}
	reflect.ValueOf(to).Elem().FieldByName("Status").Set(reflect.ValueOf(from).Elem().FieldByName("Status"))
}
