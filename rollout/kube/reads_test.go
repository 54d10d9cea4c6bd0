package kube_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func TestReads(t *testing.T) {
	inWorld(t, func(w *world) {
		d, err := w.cluster.Deployment(w.ctx, "api")
		if err != nil || d.Status.AvailableReplicas != 3 {
			t.Fatalf("deployment: %+v, %v", d, err)
		}
		sets, err := w.cluster.ReplicaSets(w.ctx, d.UID)
		if err != nil || len(sets) != 1 {
			t.Errorf("ReplicaSets: %+v, %v", sets, err)
		}
		pods, err := w.cluster.Pods(w.ctx, labels.SelectorFromSet(labels.Set{"app": "api"}))
		if err != nil || len(pods) != 3 || pods[0].Name > pods[1].Name {
			t.Fatalf("pods: %+v, %v", pods, err)
		}
		if none, err := w.cluster.Pods(w.ctx, labels.SelectorFromSet(labels.Set{"app": "none"})); err != nil || len(none) != 0 {
			t.Errorf("no pods: %+v, %v", none, err)
		}
		if s, err := w.cluster.Service(w.ctx, "api"); err != nil || s.Name != "api" {
			t.Errorf("service: %+v, %v", s, err)
		}
		if s, err := w.cluster.EndpointSlices(w.ctx, "api"); err != nil || len(s) == 0 || len(s[0].Endpoints) != 3 {
			t.Errorf("endpoint slices: %+v, %v", s, err)
		}
		if n, err := w.cluster.Nodes(w.ctx); err != nil || len(n) != 1 {
			t.Errorf("nodes: %+v, %v", n, err)
		}
		if e, err := w.cluster.Events(w.ctx, func(e *corev1.Event) bool { return e.InvolvedObject.UID == pods[0].UID }); err != nil || len(e) == 0 {
			t.Errorf("events: %+v, %v", e, err)
		}
		if lines, err := w.cluster.PodLogs(w.ctx, pods[0].Name, "", false, 2); err != nil || strings.Join(lines, " ") != "two three" {
			t.Errorf("log: %q, %v", lines, err)
		}
		for _, c := range []struct {
			what string
			err  error
		}{
			{"cached", errorOf(w.cluster.Deployment(w.ctx, "none"))},
			{"read", errorOf(w.cluster.DeploymentNow(w.ctx, "none"))},
			{"config map", errorOf(w.cluster.ConfigMap(w.ctx, "none"))},
			{"secret", errorOf(w.cluster.Secret(w.ctx, "none"))},
		} {
			if !apierrors.IsNotFound(c.err) || kube.Unreachable(c.err) {
				t.Errorf("missing %s: %v", c.what, c.err)
			}
		}
	})
}

func errorOf[T any](_ T, err error) error { return err }

func TestASecretKeepsItsValues(t *testing.T) {
	inWorld(t, func(w *world) {
		s, err := w.cluster.Secret(w.ctx, "db")
		if err != nil || s.Lengths["password"] != 7 || len(s.Lengths) != 2 || s.Type != "Opaque" {
			t.Errorf("secret: %+v, %v", s, err)
		}
		if o, err := w.cluster.Object(w.ctx, kube.Secrets, "db"); err == nil {
			t.Errorf("a Secret as an object: %+v", o)
		}
		if o, err := w.cluster.Object(w.ctx, kube.Deployments, "api"); err != nil || o.GetName() != "api" || o.GetKind() != "Deployment" {
			t.Errorf("an object: %+v, %v", o, err)
		}
	})
}

// A cache loses nothing, whatever happens to its watch, and wakes those who wait.
func TestACacheLosesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(w *world)
		within time.Duration
	}{
		{"nothing", func(*world) {}, time.Second},
		{"watches dropped", func(w *world) { w.server.DropWatches() }, 2 * time.Second},
		{"history forgotten", func(w *world) { w.server.DropWatches(); w.server.Compact() }, 3 * time.Second},
		{"watch muted", func(w *world) {
			w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"watch"}, Resources: []string{"pods"}}, Mute: true})
		}, 4*time.Minute + time.Second},
		{"API server down", func(w *world) {
			lift := w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"list", "watch"}}, Refuse: true})
			w.server.DropWatches()
			w.clock.Go(func() { w.wait(2 * time.Minute); lift() })
		}, 2*time.Minute + 16*time.Second},
		{"watches hang", func(w *world) {
			lift := w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"watch"}}, Hang: true})
			w.server.DropWatches()
			w.clock.Go(func() { w.wait(10 * time.Minute); lift() })
		}, 95 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if err := w.cluster.Sync(w.ctx, kube.Pods); err != nil {
					t.Fatal(err)
				}
				signal := w.clock.NewSignal()
				defer w.cluster.OnChange(kube.Pods, signal)()
				c.happen(w)
				w.pod("late")
				began := w.clock.Now()
				for {
					found, err := w.cluster.Pods(w.ctx, labels.SelectorFromSet(labels.Set{"app": "other"}))
					if err == nil && len(found) == 1 {
						break
					}
					if err != nil && !kube.Unreachable(err) {
						t.Fatal(err)
					}
					if w.clock.Now().Sub(began) > c.within || w.clock.Wait(w.ctx, c.within, signal) != nil {
						t.Fatalf("not seen within %s: %v", c.within, err)
					}
				}
				if err := w.client.CoreV1().Pods("shop").Delete(w.ctx, "late", metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
				w.wait(12 * time.Minute)
				if found, err := w.cluster.Pods(w.ctx, labels.SelectorFromSet(labels.Set{"app": "other"})); err != nil || len(found) != 0 {
					t.Errorf("after its end: %+v, %v", found, err)
				}
			})
		})
	}
}

func TestCouldNotLookIsToldApart(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(w *world)
		blind  bool
		says   string
	}{
		{"forbidden", func(w *world) { w.server.Forbid(kubeapi.Rule{Resources: []string{"pods"}}) }, false, "forbidden"},
		{"refused", func(w *world) { w.server.Inject(kubeapi.Fault{Refuse: true}) }, true, "connection refused"},
		{"failing", func(w *world) { w.server.Inject(kubeapi.Fault{Status: 500}) }, true, ""},
		{"hanging", func(w *world) { w.server.Inject(kubeapi.Fault{Hang: true}) }, true, "did not answer in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				c.before(w)
				began := w.clock.Now()
				_, err := w.cluster.Pods(w.ctx, labels.Everything())
				if err == nil || kube.Unreachable(err) != c.blind || apierrors.IsForbidden(err) == c.blind || !strings.Contains(err.Error(), c.says) {
					t.Errorf("cached: %v", err)
				}
				if took := w.clock.Now().Sub(began); took > 45*time.Second {
					t.Errorf("it took %s to say so", took)
				}
				if _, err := w.cluster.Fresh(kube.Pods); err == nil {
					t.Error("the cache calls itself fresh")
				}
				if _, err := w.cluster.PodLogs(w.ctx, "none", "", false, 1); err == nil || kube.Unreachable(err) != c.blind {
					t.Errorf("read: %v", err)
				}
			})
		})
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.Inject(kubeapi.Fault{Hang: true})
		ctx, cancel := context.WithCancel(w.ctx)
		w.clock.Go(func() { w.wait(2 * time.Second); cancel() })
		began := w.clock.Now()
		for _, look := range []func() error{
			func() error { return errorOf(w.cluster.Pods(ctx, labels.Everything())) },
			func() error { return errorOf(w.cluster.DeploymentNow(ctx, "api")) },
		} {
			if err := look(); !kube.Unreachable(err) {
				t.Errorf("look: %v", err)
			}
		}
		if took := w.clock.Now().Sub(began); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// A hiccup of the watch is none of the reader's business; a broken one is.
func TestABrokenWatchIsSaid(t *testing.T) {
	inWorld(t, func(w *world) {
		if err := w.cluster.Sync(w.ctx, kube.Pods); err != nil {
			t.Fatal(err)
		}
		lift := w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"list", "watch"}}, Status: 503})
		w.server.DropWatches()
		w.wait(2 * time.Second)
		if _, err := w.cluster.Pods(w.ctx, labels.Everything()); err != nil {
			t.Errorf("after 2 s: %v", err)
		}
		w.wait(10 * time.Second)
		if _, err := w.cluster.Pods(w.ctx, labels.Everything()); !kube.Unreachable(err) {
			t.Errorf("after 12 s: %v", err)
		}
		lift()
		w.wait(16 * time.Second)
		if _, err := w.cluster.Pods(w.ctx, labels.Everything()); err != nil {
			t.Errorf("after its end: %v", err)
		}
		if _, err := w.cluster.Fresh(kube.Pods); err != nil {
			t.Errorf("fresh: %v", err)
		}
	})
}

func TestAllowed(t *testing.T) {
	inWorld(t, func(w *world) {
		if denied, requests, err := w.cluster.Allowed(w.ctx, kube.RolloutRights(nil)); err != nil || len(denied) != 0 || requests != 1 {
			t.Errorf("denied %+v, %v", denied, err)
		}
		lift := w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Groups: []string{"apps"}, Resources: []string{"deployments"}})
		denied, requests, err := w.cluster.Allowed(w.ctx, kube.RolloutRights(nil))
		if err != nil || requests != 2 || len(denied) != 1 || denied[0].Right.String() != "patch deployments.apps" {
			t.Errorf("denied %+v, %v", denied, err)
		}
		lift()
		lift = w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Resources: []string{"services"}, Names: []string{"other"}})
		denied, requests, err = w.cluster.Allowed(w.ctx, kube.RolloutRights(nil))
		if err != nil || len(denied) != 0 || requests != 1+len(kube.RolloutRights(nil)) {
			t.Errorf("by an incomplete review: denied %+v by %d requests, %v", denied, requests, err)
		}
		lift()
		w.server.Inject(kubeapi.Fault{Refuse: true})
		if _, _, err := w.cluster.Allowed(w.ctx, kube.RolloutRights(nil)); !kube.Unreachable(err) {
			t.Errorf("when it cannot be asked: %v", err)
		}
	})
}
