package kube

import (
	"context"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Scalers reads the names of the HorizontalPodAutoscalers that scale the object.
func (c *Cluster) Scalers(ctx context.Context, kind, name string) ([]string, error) {
	list := &autoscalingv2.HorizontalPodAutoscalerList{}
	if err := c.list(ctx, c.client.AutoscalingV2().RESTClient(), "horizontalpodautoscalers", metav1.ListOptions{}, list); err != nil {
		return nil, err
	}
	var names []string
	for _, h := range list.Items {
		if h.Spec.ScaleTargetRef.Kind == kind && h.Spec.ScaleTargetRef.Name == name {
			names = append(names, h.Name)
		}
	}
	return names, nil
}

// Budgets reads the names of the PodDisruptionBudgets that cover pods with these labels.
func (c *Cluster) Budgets(ctx context.Context, podLabels map[string]string) ([]string, error) {
	list := &policyv1.PodDisruptionBudgetList{}
	if err := c.list(ctx, c.client.PolicyV1().RESTClient(), "poddisruptionbudgets", metav1.ListOptions{}, list); err != nil {
		return nil, err
	}
	var names []string
	for _, b := range list.Items {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err == nil && selector.Matches(labels.Set(podLabels)) {
			names = append(names, b.Name)
		}
	}
	return names, nil
}
