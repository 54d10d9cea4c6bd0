package practice

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apps "k8s.io/client-go/kubernetes/typed/apps/v1"
)

const (
	// settleWithin is the world's time that all components have for becoming available before a drill.
	settleWithin = 10 * time.Minute
	// settlePoll is the time, by the clock beneath, between two looks at whether they have.
	settlePoll = 20 * time.Millisecond
	// settleLooks is how many looks in a row may see nothing move.
	settleLooks = 1500
)

// settle waits until all components are available. It waits by the clock beneath, so that the world's time is moved by
// nothing but the world itself.
func (w *World) settle(ctx context.Context) error {
	client, err := apps.NewForConfig(w.kube.RESTConfig())
	if err != nil {
		return fmt.Errorf("making a client for the world's cluster: %w", err)
	}
	until := w.clock.Now().Add(settleWithin)
	seen := ""
	for looks := 0; looks < settleLooks && w.clock.Now().Before(until); looks++ {
		if err := w.clock.Clock.Wait(ctx, settlePoll, nil); err != nil {
			return err
		}
		list, err := client.Deployments("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("looking at the world's components: %w", err)
		}
		if len(unavailable(list.Items)) == 0 {
			return nil
		}
		if list.ResourceVersion != seen {
			looks, seen = 0, list.ResourceVersion
		}
	}
	list, err := client.Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("looking at the world's components: %w", err)
	}
	return fmt.Errorf("not available within %s: %v; look at the scenario's world.images and world.replicas", settleWithin, unavailable(list.Items))
}

// unavailable names the components that are not all there yet, or whose status does not say so yet.
func unavailable(all []appsv1.Deployment) []string {
	var names []string
	for _, d := range all {
		s := d.Status
		want := *d.Spec.Replicas
		if s.ObservedGeneration < d.Generation || s.Replicas != want || s.UpdatedReplicas != want || s.AvailableReplicas != want {
			names = append(names, d.Namespace+"/"+d.Name)
		}
	}
	return names
}
