package kube_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// asked counts what was sent for the resource, by the words that a path holds.
func (w *wire) asked(words string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seen {
		if strings.Contains(s, words) {
			n++
		}
	}
	return n
}

func (w *world) configMap(name string, data map[string]string) {
	w.t.Helper()
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}
	if _, err := w.client.CoreV1().ConfigMaps("shop").Create(w.ctx, m, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) patchData(kind, name, patch string) {
	w.t.Helper()
	var err error
	if kind == "secret" {
		_, err = w.client.CoreV1().Secrets("shop").Patch(w.ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	} else {
		_, err = w.client.CoreV1().ConfigMaps("shop").Patch(w.ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// until waits for the signal until f holds and returns how long that took.
func (w *world) until(f func() bool, r kube.Resource) time.Duration {
	w.t.Helper()
	signal := w.clock.NewSignal()
	defer w.cluster.Follow(r, 10*time.Second, signal)()
	began := w.clock.Now()
	for !f() {
		if w.clock.Now().Sub(began) > 20*time.Minute || w.clock.Wait(w.ctx, time.Minute, signal) != nil {
			w.t.Fatal("it never came")
		}
	}
	return w.clock.Now().Sub(began)
}

// A cache of one object sees that one come, change and go, and the clock does not wait for what others do.
func TestACacheOfOneObject(t *testing.T) {
	inWorld(t, func(w *world) {
		if _, err := w.cluster.ConfigMap(w.ctx, "app"); !apierrors.IsNotFound(err) {
			t.Fatalf("before it is there: %v", err)
		}
		w.configMap("other", map[string]string{"a": "1"})
		w.configMap("app", map[string]string{"a": "1"})
		holds := func(value string) func() bool {
			return func() bool {
				m, err := w.cluster.ConfigMap(w.ctx, "app")
				return err == nil && m.Data["a"] == value
			}
		}
		if took := w.until(holds("1"), kube.ConfigMaps.Named("app")); took > 50*time.Millisecond {
			t.Errorf("created: seen after %s", took)
		}
		w.patchData("configmap", "app", `{"data":{"a":"2"}}`)
		if took := w.until(holds("2"), kube.ConfigMaps.Named("app")); took > 50*time.Millisecond {
			t.Errorf("changed: seen after %s", took)
		}
		if err := w.client.CoreV1().ConfigMaps("shop").Delete(w.ctx, "app", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		w.until(func() bool { _, err := w.cluster.ConfigMap(w.ctx, "app"); return apierrors.IsNotFound(err) }, kube.ConfigMaps.Named("app"))
		if n := w.wire.asked("/configmaps"); n != 2 {
			t.Errorf("%d requests for one ConfigMap: %v", n, w.wire.seen)
		}
	})
}

// A Secret is read when it has changed, and only then; what nobody asked for of it is nowhere.
func TestASecretIsReadOnlyWhenItChanged(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 3 {
			if s, err := w.cluster.Secret(w.ctx, "db"); err != nil || s.Lengths["password"] != 7 {
				t.Fatalf("secret: %+v, %v", s, err)
			}
		}
		if n := w.wire.asked("GET /api/v1/namespaces/shop/secrets/db"); n != 1 {
			t.Errorf("read %d times", n)
		}
		w.patchData("secret", "db", `{"stringData":{"password":"longer-than-that"}}`)
		w.until(func() bool { s, err := w.cluster.Secret(w.ctx, "db"); return err == nil && s.Lengths["password"] == 16 }, kube.Secrets.Named("db"))
		if n := w.wire.asked("GET /api/v1/namespaces/shop/secrets/db"); n != 2 {
			t.Errorf("read %d times after one change", n)
		}
		together := make([]error, 5)
		w.patchData("secret", "db", `{"stringData":{"empty":"no"}}`)
		w.wait(time.Second)
		kube.Each(w.clock, len(together), func(i int) { _, together[i] = w.cluster.Secret(w.ctx, "db") })
		if n := w.wire.asked("GET /api/v1/namespaces/shop/secrets/db"); n != 3 || slices.ContainsFunc(together, func(err error) bool { return err != nil }) {
			t.Errorf("five at once: read %d times, %v", n, together)
		}
		if err := w.client.CoreV1().Secrets("shop").Delete(w.ctx, "db", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		w.until(func() bool { _, err := w.cluster.Secret(w.ctx, "db"); return apierrors.IsNotFound(err) }, kube.Secrets.Named("db"))
	})
}

// Where the access rules allow no watch, or not even a list, the cache asks again and again and says nothing wrong.
func TestWithoutAWatchACachePolls(t *testing.T) {
	for _, c := range []struct {
		name   string
		forbid []string
		kind   string
	}{
		{"no watch of a ConfigMap", []string{"watch"}, "configmap"},
		{"no list of a ConfigMap", []string{"list", "watch"}, "configmap"},
		{"no watch of a Secret", []string{"watch"}, "secret"},
		{"no list of a Secret", []string{"list", "watch"}, "secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.configMap("app", map[string]string{"a": "1"})
				lift := w.server.Forbid(kubeapi.Rule{Verbs: c.forbid, Resources: []string{c.kind + "s"}})
				r, value := kube.ConfigMaps.Named("app"), func() int {
					m, err := w.cluster.ConfigMap(w.ctx, "app")
					if err != nil {
						t.Fatal(err)
					}
					return len(m.Data["a"])
				}
				name := "app"
				if c.kind == "secret" {
					name = "db"
					r, value = kube.Secrets.Named("db"), func() int {
						s, err := w.cluster.Secret(w.ctx, "db")
						if err != nil {
							t.Fatal(err)
						}
						return s.Lengths["a"]
					}
				}
				before := value()
				field := map[string]string{"configmap": "data", "secret": "stringData"}[c.kind]
				w.patchData(c.kind, name, fmt.Sprintf(`{%q:{"a":"much longer"}}`, field))
				if took := w.until(func() bool { return value() == 11 }, r); before == 11 || took > 16*time.Second {
					t.Errorf("the change was seen after %s", took)
				}
				lift()
				w.wait(7 * time.Minute) // it asks for the watch again
				w.patchData(c.kind, name, fmt.Sprintf(`{%q:{"a":"short"}}`, field))
				if took := w.until(func() bool { return value() == 5 }, r); took > 50*time.Millisecond {
					t.Errorf("allowed again, the change was seen after %s", took)
				}
			})
		})
	}
}

func TestForbiddenAltogetherIsForbidden(t *testing.T) {
	inWorld(t, func(w *world) {
		lift := w.server.Forbid(kubeapi.Rule{Resources: []string{"secrets", "configmaps"}})
		if _, err := w.cluster.Secret(w.ctx, "db"); !apierrors.IsForbidden(err) || kube.Unreachable(err) {
			t.Errorf("secret: %v", err)
		}
		if _, err := w.cluster.ConfigMap(w.ctx, "app"); !apierrors.IsForbidden(err) {
			t.Errorf("config map: %v", err)
		}
		lift()
		w.wait(7 * time.Second)
		if _, err := w.cluster.Secret(w.ctx, "db"); err != nil {
			t.Errorf("allowed again: %v", err)
		}
	})
}

func TestAnyKind(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 2 {
			r, err := w.cluster.Kind(w.ctx, schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"})
			if err != nil || r.String() != "ingresses.networking.k8s.io" || !r.Namespaced() {
				t.Fatalf("Ingress is %v, %v", r, err)
			}
			if _, err := w.cluster.Object(w.ctx, r, "none"); !apierrors.IsNotFound(err) {
				t.Errorf("an Ingress that is not there: %v", err)
			}
		}
		// Discovery and list; the watch may be on its way.
		if n := w.wire.asked("/apis/networking.k8s.io/v1"); n < 2 || n > 3 {
			t.Errorf("%d requests: %v", n, w.wire.seen)
		}
		ns, err := w.cluster.Kind(w.ctx, schema.GroupVersionKind{Version: "v1", Kind: "Namespace"})
		if err != nil || ns.Namespaced() {
			t.Fatalf("Namespace is %v, %v", ns, err)
		}
		if o, err := w.cluster.Object(w.ctx, ns, "shop"); err != nil || o.GetName() != "shop" {
			t.Errorf("a namespace: %v, %v", o, err)
		}
		var none *kube.NoKind
		for _, gvk := range []schema.GroupVersionKind{{Group: "example.com", Version: "v1", Kind: "Thing"}, {Group: "apps", Version: "v1", Kind: "Thing"}} {
			if _, err := w.cluster.Kind(w.ctx, gvk); !errors.As(err, &none) || apierrors.IsNotFound(err) {
				t.Errorf("%s: %v", gvk, err)
			}
		}
		all, err := w.cluster.Objects(w.ctx, kube.Pods, labels.SelectorFromSet(labels.Set{"app": "api"}))
		if err != nil || len(all) != 3 || all[0].GetKind() != "Pod" || all[0].Object["status"] == nil {
			t.Errorf("pods as objects: %v, %v", all, err)
		}
		if all, err := w.cluster.Objects(w.ctx, kube.Secrets, labels.Everything()); err == nil {
			t.Errorf("Secrets as objects: %v", all)
		}
	})
}

func TestAllPodsAreSlim(t *testing.T) {
	inWorld(t, func(w *world) {
		pods, err := w.cluster.AllPods(w.ctx)
		if err != nil || len(pods) != 3 || pods[0].Spec.NodeName != "node-a" || len(pods[0].Spec.Containers) != 1 || pods[0].Spec.Containers[0].Image != "" {
			t.Errorf("%+v, %v", pods, err)
		}
		w.pod("late")
		w.until(func() bool { p, err := w.cluster.AllPods(w.ctx); return err == nil && len(p) == 4 }, kube.Pods.Everywhere())
	})
}

// Several who verify the cluster at once ask once.
func TestTheClusterIsVerifiedOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		ns, err := w.client.CoreV1().Namespaces().Get(w.ctx, "kube-system", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cluster, wire := w.open(env("shop", string(ns.UID)))
		errs := make([]error, 8)
		lift := w.server.Inject(kubeapi.Fault{Latency: time.Second})
		defer lift()
		kube.Each(w.clock, len(errs), func(i int) { errs[i] = cluster.VerifyUID(w.ctx) })
		if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) || wire.asked("kube-system") != 1 {
			t.Errorf("%d requests, %v", wire.asked("kube-system"), errs)
		}
	})
}
