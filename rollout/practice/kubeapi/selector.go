package kubeapi

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// selector is the label and the field selector of a call.
type selector struct {
	labels labels.Selector
	fields fields.Selector
	name   string // of a watch on one object
}

func selectorOf(c *call) (selector, error) {
	query := c.r.URL.Query()
	l, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		return selector{}, apierrors.NewBadRequest("unable to parse the labelSelector: " + err.Error())
	}
	f, err := fields.ParseSelector(query.Get("fieldSelector"))
	if err != nil {
		return selector{}, apierrors.NewBadRequest("unable to parse the fieldSelector: " + err.Error())
	}
	known := fieldsOf(c.res.empty())
	for _, req := range f.Requirements() {
		if _, ok := known[req.Field]; !ok {
			return selector{}, apierrors.NewBadRequest(fmt.Sprintf("field label not supported: %s", req.Field))
		}
	}
	return selector{labels: l, fields: f, name: c.name}, nil
}

func (s selector) matches(obj object) bool {
	return (s.name == "" || s.name == obj.GetName()) && s.labels.Matches(labels.Set(obj.GetLabels())) &&
		(s.fields.Empty() || s.fields.Matches(fieldsOf(obj)))
}

// fieldsOf returns the fields that a field selector may name for the kind.
func fieldsOf(obj object) fields.Set {
	set := fields.Set{"metadata.name": obj.GetName(), "metadata.namespace": obj.GetNamespace()}
	switch o := obj.(type) {
	case *corev1.Pod:
		set["spec.nodeName"] = o.Spec.NodeName
		set["spec.restartPolicy"] = string(o.Spec.RestartPolicy)
		set["spec.schedulerName"] = o.Spec.SchedulerName
		set["spec.serviceAccountName"] = o.Spec.ServiceAccountName
		set["status.phase"] = string(o.Status.Phase)
		set["status.podIP"] = o.Status.PodIP
	case *corev1.Event:
		involved(set, "involvedObject", o.InvolvedObject)
		set["reason"] = o.Reason
		set["type"] = o.Type
		set["source"] = o.Source.Component
		set["reportingComponent"] = o.ReportingController
	case *eventsv1.Event:
		involved(set, "regarding", o.Regarding)
		set["reason"] = o.Reason
		set["type"] = o.Type
		set["reportingController"] = o.ReportingController
	case *corev1.Secret:
		set["type"] = string(o.Type)
	case *corev1.Namespace:
		set["status.phase"] = string(o.Status.Phase)
	case *corev1.Node:
		set["spec.unschedulable"] = strings.ToLower(fmt.Sprint(o.Spec.Unschedulable))
	}
	return set
}

func involved(set fields.Set, field string, ref corev1.ObjectReference) {
	set[field+".kind"] = ref.Kind
	set[field+".namespace"] = ref.Namespace
	set[field+".name"] = ref.Name
	set[field+".uid"] = string(ref.UID)
	set[field+".apiVersion"] = ref.APIVersion
	set[field+".resourceVersion"] = ref.ResourceVersion
	set[field+".fieldPath"] = ref.FieldPath
}
