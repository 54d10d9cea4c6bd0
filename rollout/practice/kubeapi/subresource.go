package kubeapi

import (
	"fmt"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var scaleKind = autoscalingv1.SchemeGroupVersion.WithKind("Scale")

// scale answers the subresource scale: get, update and patch of an autoscaling/v1 Scale.
func (s *Server) scale(c *call) error {
	dry, err := isDryRun(c, nil)
	if err != nil {
		return err
	}
	var sent *autoscalingv1.Scale
	var diff []byte
	switch c.verb {
	case "get":
	case "update":
		sent = &autoscalingv1.Scale{}
		if err := s.decodeBody(c, sent); err != nil {
			return err
		}
	case "patch":
		if diff, err = readBody(c); err != nil {
			return err
		}
	default:
		return apierrors.NewMethodNotSupported(c.gr, c.r.Method)
	}
	s.mu.Lock()
	out, err := s.rescaleTo(c, sent, diff, dry)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusOK, out)
	return nil
}

// rescaleTo applies a new Scale, or a patch to the present one, or nothing, and returns the Scale.
func (s *Server) rescaleTo(c *call, sent *autoscalingv1.Scale, diff []byte, dry bool) (*autoscalingv1.Scale, error) {
	old := s.get(c.res, c.key())
	if old == nil {
		return nil, apierrors.NewNotFound(c.gr, c.name)
	}
	now := scaleOf(old.obj)
	if diff != nil {
		patched, err := patchJSON(c, diff, mustJSON(now), &autoscalingv1.Scale{})
		if err != nil {
			return nil, err
		}
		sent = &autoscalingv1.Scale{}
		if err := decode(patched, c, sent); err != nil {
			return nil, invalidResult(patched, err)
		}
	}
	if sent == nil {
		return now, nil
	}
	obj := old.obj.DeepCopyObject().(object)
	if sent.ResourceVersion != "" {
		obj.SetResourceVersion(sent.ResourceVersion)
	}
	*replicasOf(obj) = sent.Spec.Replicas
	v, err := s.amend(c.res, "", old, obj, dry)
	if err != nil {
		return nil, err
	}
	return scaleOf(v.obj), nil
}

// replicasOf points at the wanted number of pods.
func replicasOf(obj object) *int32 {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return o.Spec.Replicas
	case *appsv1.ReplicaSet:
		return o.Spec.Replicas
	case *appsv1.StatefulSet:
		return o.Spec.Replicas
	}
	panic(fmt.Sprintf("kubeapi: the table of resources gives %T a scale", obj))
}

func scaleOf(obj object) *autoscalingv1.Scale {
	sc := &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{Kind: scaleKind.Kind, APIVersion: scaleKind.GroupVersion().String()},
		ObjectMeta: metav1.ObjectMeta{
			Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(),
			ResourceVersion: obj.GetResourceVersion(), CreationTimestamp: obj.GetCreationTimestamp(),
		},
		Spec: autoscalingv1.ScaleSpec{Replicas: *replicasOf(obj)},
	}
	var selector *metav1.LabelSelector
	switch o := obj.(type) {
	case *appsv1.Deployment:
		selector, sc.Status.Replicas = o.Spec.Selector, o.Status.Replicas
	case *appsv1.ReplicaSet:
		selector, sc.Status.Replicas = o.Spec.Selector, o.Status.Replicas
	case *appsv1.StatefulSet:
		selector, sc.Status.Replicas = o.Spec.Selector, o.Status.Replicas
	}
	sc.Status.Selector = metav1.FormatLabelSelector(selector)
	return sc
}

// evict answers pods/eviction by deleting the pod; budgets are not looked at.
func (s *Server) evict(c *call) error {
	if c.verb != "create" {
		return apierrors.NewMethodNotSupported(c.gr, c.r.Method)
	}
	s.mu.Lock()
	old := s.get(c.res, c.key())
	if old != nil {
		s.begin(c.res, old, deletion{DeleteOptions: &metav1.DeleteOptions{}})
	}
	s.mu.Unlock()
	if old == nil {
		return apierrors.NewNotFound(c.gr, c.name)
	}
	s.tellPods()
	writeStatus(c.w, metav1.Status{Status: metav1.StatusSuccess, Code: http.StatusCreated})
	return nil
}
