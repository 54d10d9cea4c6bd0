package kubeapi

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What the real server checks, as far as a deployment tool or a trainee can get it wrong.

// validateMeta checks what an update must not change.
func validateMeta(obj, was object) field.ErrorList {
	meta := field.NewPath("metadata")
	var errs field.ErrorList
	for _, f := range []struct {
		name     string
		now, was any
	}{
		{"name", obj.GetName(), was.GetName()},
		{"namespace", obj.GetNamespace(), was.GetNamespace()},
		{"uid", obj.GetUID(), was.GetUID()},
	} {
		if f.now != f.was {
			errs = append(errs, field.Invalid(meta.Child(f.name), f.now, "field is immutable"))
		}
	}
	if a, b := obj.GetCreationTimestamp(), was.GetCreationTimestamp(); !a.Time.Equal(b.Time) {
		errs = append(errs, field.Invalid(meta.Child("creationTimestamp"), a, "field is immutable"))
	}
	return errs
}

// validate checks an object; was is what it replaces, nil when it is new.
func validate(obj, was object) field.ErrorList {
	meta := field.NewPath("metadata")
	var errs field.ErrorList
	if obj.GetName() == "" {
		errs = append(errs, field.Required(meta.Child("name"), "name or generateName is required"))
	} else if msgs := validation.IsDNS1123Subdomain(obj.GetName()); len(msgs) > 0 && plainName(obj) {
		errs = append(errs, field.Invalid(meta.Child("name"), obj.GetName(), msgs[0]))
	}
	errs = append(errs, metav1validation.ValidateLabels(obj.GetLabels(), meta.Child("labels"))...)
	for k := range obj.GetAnnotations() {
		for _, msg := range validation.IsQualifiedName(strings.ToLower(k)) {
			errs = append(errs, field.Invalid(meta.Child("annotations"), k, msg))
		}
	}
	spec := field.NewPath("spec")
	switch o := obj.(type) {
	case *appsv1.Deployment:
		old, _ := was.(*appsv1.Deployment)
		errs = append(errs, validateDeployment(o, old, spec)...)
	case *appsv1.ReplicaSet:
		errs = append(errs, atLeastZero(int64(*o.Spec.Replicas), spec.Child("replicas"))...)
		errs = append(errs, validateTemplate(&o.Spec.Template, o.Spec.Selector, spec)...)
		if old, ok := was.(*appsv1.ReplicaSet); ok {
			errs = append(errs, immutable(o.Spec.Selector, old.Spec.Selector, spec.Child("selector"))...)
		}
	case *appsv1.StatefulSet:
		errs = append(errs, atLeastZero(int64(*o.Spec.Replicas), spec.Child("replicas"))...)
		errs = append(errs, validateTemplate(&o.Spec.Template, o.Spec.Selector, spec)...)
	case *appsv1.DaemonSet:
		errs = append(errs, validateTemplate(&o.Spec.Template, o.Spec.Selector, spec)...)
	case *batchv1.Job:
		if o.Spec.Template.Spec.RestartPolicy == corev1.RestartPolicyAlways {
			errs = append(errs, field.NotSupported(spec.Child("template", "spec", "restartPolicy"), corev1.RestartPolicyAlways,
				[]corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}))
		}
		errs = append(errs, validatePodSpec(&o.Spec.Template.Spec, spec.Child("template", "spec"))...)
	case *corev1.Pod:
		old, _ := was.(*corev1.Pod)
		errs = append(errs, validatePod(o, old, spec)...)
	}
	return errs
}

// plainName says whether the kind's names must be DNS names.
func plainName(obj object) bool {
	switch obj.(type) {
	case *corev1.Event:
		return false
	}
	return true
}

func validateDeployment(o, old *appsv1.Deployment, spec *field.Path) field.ErrorList {
	errs := atLeastZero(int64(*o.Spec.Replicas), spec.Child("replicas"))
	errs = append(errs, atLeastZero(int64(o.Spec.MinReadySeconds), spec.Child("minReadySeconds"))...)
	errs = append(errs, atLeastZero(int64(*o.Spec.RevisionHistoryLimit), spec.Child("revisionHistoryLimit"))...)
	errs = append(errs, validateTemplate(&o.Spec.Template, o.Spec.Selector, spec)...)
	errs = append(errs, validateStrategy(&o.Spec.Strategy, spec.Child("strategy"))...)
	if p := *o.Spec.ProgressDeadlineSeconds; p <= o.Spec.MinReadySeconds {
		errs = append(errs, field.Invalid(spec.Child("progressDeadlineSeconds"), p, "must be greater than minReadySeconds"))
	}
	if o.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(spec.Child("template", "spec", "restartPolicy"),
			o.Spec.Template.Spec.RestartPolicy, []corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	if old != nil {
		errs = append(errs, immutable(o.Spec.Selector, old.Spec.Selector, spec.Child("selector"))...)
	}
	return errs
}

func validateStrategy(o *appsv1.DeploymentStrategy, path *field.Path) field.ErrorList {
	switch o.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if o.RollingUpdate != nil {
			return field.ErrorList{field.Forbidden(path.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'")}
		}
		return nil
	case appsv1.RollingUpdateDeploymentStrategyType:
	default:
		return field.ErrorList{field.NotSupported(path.Child("type"), o.Type,
			[]appsv1.DeploymentStrategyType{appsv1.RecreateDeploymentStrategyType, appsv1.RollingUpdateDeploymentStrategyType})}
	}
	r, path := o.RollingUpdate, path.Child("rollingUpdate")
	errs := validateShare(*r.MaxUnavailable, path.Child("maxUnavailable"), 100)
	errs = append(errs, validateShare(*r.MaxSurge, path.Child("maxSurge"), 0)...)
	if len(errs) == 0 && isZero(*r.MaxUnavailable) && isZero(*r.MaxSurge) {
		errs = append(errs, field.Invalid(path.Child("maxUnavailable"), r.MaxUnavailable, "may not be 0 when `maxSurge` is 0"))
	}
	return errs
}

// validateShare checks a number or percentage; most is the largest percentage, 0 for any.
func validateShare(v intstr.IntOrString, path *field.Path, most int) field.ErrorList {
	if v.Type == intstr.Int {
		return atLeastZero(int64(v.IntVal), path)
	}
	if msgs := validation.IsValidPercent(v.StrVal); len(msgs) > 0 {
		return field.ErrorList{field.Invalid(path, v, msgs[0])}
	}
	if n, _ := intstr.GetScaledValueFromIntOrPercent(&v, 100, false); most > 0 && n > most {
		return field.ErrorList{field.Invalid(path, v, fmt.Sprintf("must not be greater than %d%%", most))}
	}
	return nil
}

func isZero(v intstr.IntOrString) bool {
	n, err := intstr.GetScaledValueFromIntOrPercent(&v, 100, true)
	return err == nil && n == 0
}

func validateTemplate(t *corev1.PodTemplateSpec, selector *metav1.LabelSelector, spec *field.Path) field.ErrorList {
	path := spec.Child("template")
	if selector == nil {
		return field.ErrorList{field.Required(spec.Child("selector"), "")}
	}
	errs := metav1validation.ValidateLabelSelector(selector, metav1validation.LabelSelectorValidationOptions{}, spec.Child("selector"))
	if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		errs = append(errs, field.Invalid(spec.Child("selector"), selector, "empty selector is invalid for deployment"))
	}
	if sel, err := metav1.LabelSelectorAsSelector(selector); err == nil && !sel.Matches(labels.Set(t.Labels)) {
		errs = append(errs, field.Invalid(path.Child("metadata", "labels"), t.Labels, "`selector` does not match template `labels`"))
	}
	return append(errs, validatePodSpec(&t.Spec, path.Child("spec"))...)
}

func validatePod(o, old *corev1.Pod, spec *field.Path) field.ErrorList {
	errs := validatePodSpec(&o.Spec, spec)
	if old == nil {
		return errs
	}
	a, b := o.Spec.DeepCopy(), old.Spec.DeepCopy()
	for _, s := range []*corev1.PodSpec{a, b} { // the few fields that may change
		s.ActiveDeadlineSeconds, s.TerminationGracePeriodSeconds, s.Tolerations, s.NodeName = nil, nil, nil, ""
		for i := range s.Containers {
			s.Containers[i].Image = ""
		}
	}
	if !apiequality.Semantic.DeepEqual(a, b) {
		errs = append(errs, field.Forbidden(spec, "pod updates may not change fields other than `spec.containers[*].image`,"+
			"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"+
			"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"))
	}
	return errs
}

func validatePodSpec(o *corev1.PodSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(o.Containers) == 0 {
		errs = append(errs, field.Required(path.Child("containers"), ""))
	}
	seen := map[string]bool{}
	for i, c := range o.Containers {
		at := path.Child("containers").Index(i)
		switch {
		case c.Name == "":
			errs = append(errs, field.Required(at.Child("name"), ""))
		case seen[c.Name]:
			errs = append(errs, field.Duplicate(at.Child("name"), c.Name))
		}
		seen[c.Name] = true
		if strings.TrimSpace(c.Image) == "" {
			errs = append(errs, field.Required(at.Child("image"), ""))
		} else if c.Image != strings.TrimSpace(c.Image) {
			errs = append(errs, field.Invalid(at.Child("image"), c.Image, "must not have leading or trailing whitespace"))
		}
		for name, request := range c.Resources.Requests {
			errs = append(errs, validateRequest(name, request, c.Resources.Limits, at.Child("resources", "requests"))...)
		}
	}
	return errs
}

func validateRequest(name corev1.ResourceName, request quantity.Quantity, limits corev1.ResourceList, path *field.Path) field.ErrorList {
	if limit, ok := limits[name]; ok && request.Cmp(limit) > 0 {
		return field.ErrorList{field.Invalid(path, request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String()))}
	}
	return nil
}

func immutable(now, was any, path *field.Path) field.ErrorList {
	if apiequality.Semantic.DeepEqual(now, was) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, now, "field is immutable")}
}

func atLeastZero(n int64, path *field.Path) field.ErrorList {
	if n >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, n, "must be greater than or equal to 0").WithOrigin("minimum")}
}
