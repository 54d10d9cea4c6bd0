package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
)

// deploymentOf returns the name of the component's Deployment.
func deploymentOf(workload string) (string, error) {
	kind, name, _ := strings.Cut(workload, "/")
	if !strings.EqualFold(kind, "deployment") || name == "" {
		return "", fmt.Errorf("workload %q: only deployment/NAME can be rolled out", workload)
	}
	return name, nil
}

// containerOf finds the component's container in a template: the one it names, else the only one, else the one with
// the component's own name.
func containerOf(t *corev1.PodTemplateSpec, c runbook.Component) (int, error) {
	containers := t.Spec.Containers
	if c.Container == "" && len(containers) == 1 {
		return 0, nil
	}
	name := c.Container
	if name == "" {
		name = c.Name
	}
	if i := slices.IndexFunc(containers, func(k corev1.Container) bool { return k.Name == name }); i >= 0 {
		return i, nil
	}
	var names []string
	for _, k := range containers {
		names = append(names, k.Name)
	}
	return 0, fmt.Errorf("%s has no container %q; it has %s: set container in the runbook", c.Workload, name, strings.Join(names, ", "))
}

// bare is the template without the label that the controller adds for each ReplicaSet.
func bare(t corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	t = *t.DeepCopy()
	delete(t.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return t
}

func sameTemplate(a, b corev1.PodTemplateSpec) bool {
	return apiequality.Semantic.DeepEqual(bare(a), bare(b))
}

// Active returns the ReplicaSet of the Deployment's present template, nil while the controller has not made it yet.
// As for the controller itself the oldest counts when there are several.
func Active(d *appsv1.Deployment, sets []*appsv1.ReplicaSet) *appsv1.ReplicaSet {
	var active *appsv1.ReplicaSet
	for _, rs := range sets {
		if !sameTemplate(rs.Spec.Template, d.Spec.Template) {
			continue
		}
		if active == nil || rs.CreationTimestamp.Before(&active.CreationTimestamp) {
			active = rs
		}
	}
	return active
}

// hashOf is the pod-template-hash of a ReplicaSet or a pod.
func hashOf(labels map[string]string) string { return labels[appsv1.DefaultDeploymentUniqueLabelKey] }

// desired is how many pods the Deployment wants; the API's default is 1.
func desired(d *appsv1.Deployment) int {
	if d.Spec.Replicas == nil {
		return 1
	}
	return int(*d.Spec.Replicas)
}
