package kubeapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// deletion is what a delete asks for, from its query and its body.
type deletion struct {
	*metav1.DeleteOptions
	dry bool
}

func deletionOf(c *call) (deletion, error) {
	opt, err := options(c)
	if err != nil {
		return deletion{}, err
	}
	query := c.r.URL.Query()
	if g := query.Get("gracePeriodSeconds"); g != "" {
		n, err := strconv.ParseInt(g, 10, 64)
		if err != nil {
			return deletion{}, apierrors.NewBadRequest(fmt.Sprintf("gracePeriodSeconds is not a number: %q", g))
		}
		opt.GracePeriodSeconds = &n
	}
	if p := metav1.DeletionPropagation(query.Get("propagationPolicy")); p != "" {
		opt.PropagationPolicy = &p
	}
	dry, err := isDryRun(c, opt.DryRun)
	return deletion{opt, dry}, err
}

// deleteOne answers DELETE of an object: a Status when it is gone, the object when it still has to end.
func (s *Server) deleteOne(c *call) error {
	d, err := deletionOf(c)
	if err != nil {
		return err
	}
	code, body, err := s.deleteNow(c, d)
	if err != nil {
		return err
	}
	s.tellPods()
	writeRaw(c.w, code, body)
	return nil
}

func (s *Server) deleteNow(c *call, d deletion) (int, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.get(c.res, c.key())
	if old == nil {
		return 0, nil, apierrors.NewNotFound(c.gr, c.name)
	}
	if p := d.Preconditions; p != nil {
		if p.UID != nil && *p.UID != old.obj.GetUID() {
			return 0, nil, apierrors.NewConflict(c.gr, c.name, fmt.Errorf("the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated", *p.UID, old.obj.GetUID()))
		}
		if p.ResourceVersion != nil && *p.ResourceVersion != old.obj.GetResourceVersion() {
			return 0, nil, apierrors.NewConflict(c.gr, c.name, fmt.Errorf("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *p.ResourceVersion, old.obj.GetResourceVersion()))
		}
	}
	ending := s.begin(c.res, old, d)
	if ending != nil {
		return http.StatusOK, formOf(c).one(s, ending), nil
	}
	return http.StatusOK, mustJSON(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: c.name, Group: c.gr.Group, Kind: c.gr.Resource, UID: old.obj.GetUID()},
	}), nil
}

// begin deletes an object, or marks it when something has to happen first: then it returns the marked version.
func (s *Server) begin(res *resource, old *version, d deletion) *version {
	obj := old.obj.DeepCopyObject().(object)
	grace := s.grace(obj, d)
	if d.PropagationPolicy != nil {
		switch *d.PropagationPolicy {
		case metav1.DeletePropagationForeground:
			addFinalizer(obj, metav1.FinalizerDeleteDependents)
		case metav1.DeletePropagationOrphan:
			addFinalizer(obj, metav1.FinalizerOrphanDependents)
		}
	}
	if grace == 0 && len(obj.GetFinalizers()) == 0 && !isNamespace(obj) {
		if !d.dry {
			s.remove(res, old)
		}
		return nil
	}
	if when := obj.GetDeletionTimestamp(); when == nil {
		at := metav1.NewTime(s.now().Add(time.Duration(grace) * time.Second))
		obj.SetDeletionTimestamp(&at)
		obj.SetDeletionGracePeriodSeconds(&grace)
		if res.generation {
			obj.SetGeneration(obj.GetGeneration() + 1)
		}
	} else if was := obj.GetDeletionGracePeriodSeconds(); was != nil && grace < *was {
		obj.SetDeletionGracePeriodSeconds(&grace)
	}
	if ns, ok := obj.(*corev1.Namespace); ok {
		ns.Status.Phase = corev1.NamespaceTerminating
	}
	if d.dry {
		return &version{obj: obj, rv: old.rv}
	}
	return s.replace(res, old, obj)
}

// grace is how many seconds a pod gets to end: none before it runs anywhere.
func (s *Server) grace(obj object, d deletion) int64 {
	pod, ok := obj.(*corev1.Pod)
	if !ok || pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return 0
	}
	if d.GracePeriodSeconds != nil {
		return *d.GracePeriodSeconds
	}
	return *pod.Spec.TerminationGracePeriodSeconds
}

func addFinalizer(obj object, name string) {
	if !slices.Contains(obj.GetFinalizers(), name) {
		obj.SetFinalizers(append(obj.GetFinalizers(), name))
	}
}

func isNamespace(obj object) bool {
	_, ok := obj.(*corev1.Namespace)
	return ok
}

// deleteAll answers DELETE of a collection with the list of what it deleted.
func (s *Server) deleteAll(c *call) error {
	sel, err := selectorOf(c)
	if err != nil {
		return err
	}
	d, err := deletionOf(c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	var gone []*version
	for _, v := range s.tables[c.res.gvr].sorted(c.scope()) {
		if sel.matches(v.obj) {
			gone = append(gone, v)
			s.begin(c.res, v, d)
		}
	}
	body := formOf(c).many(s, gone, metav1.ListMeta{ResourceVersion: strconv.FormatUint(s.rv, 10)})
	s.mu.Unlock()
	s.tellPods()
	writeRaw(c.w, http.StatusOK, body)
	return nil
}
