package kubeapi_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func (w *world) configMap(name string, labels map[string]string) *corev1.ConfigMap {
	w.t.Helper()
	cm, err := w.client.CoreV1().ConfigMaps("shop").Create(w.ctx,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return cm
}

// next returns the next event of a watch as "TYPE name".
func next(t *testing.T, in watch.Interface) string {
	t.Helper()
	e, ok := <-in.ResultChan()
	if !ok {
		return "closed"
	}
	if e.Type == watch.Error {
		return "ERROR " + string(apierrors.ReasonForError(apierrors.FromObject(e.Object)))
	}
	return string(e.Type) + " " + e.Object.(metav1.Object).GetName()
}

func TestWatchResumesWhereItWas(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		maps := w.client.CoreV1().ConfigMaps("shop")
		first := w.configMap("one", nil)
		w.configMap("two", nil)
		in, err := maps.Watch(w.ctx, metav1.ListOptions{ResourceVersion: first.ResourceVersion})
		if err != nil {
			t.Fatal(err)
		}
		if got := next(t, in); got != "ADDED two" {
			t.Errorf("resumed with %s, want ADDED two", got)
		}
		if err := maps.Delete(w.ctx, "one", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, in); got != "DELETED one" {
			t.Errorf("then %s, want DELETED one", got)
		}
		w.server.DropWatches()
		if got := next(t, in); got != "closed" {
			t.Errorf("a dropped watch gave %s", got)
		}
		w.server.Compact()
		w.configMap("three", nil)
		in, err = maps.Watch(w.ctx, metav1.ListOptions{ResourceVersion: first.ResourceVersion})
		if err != nil {
			t.Fatal(err)
		}
		if got := next(t, in); got != "ERROR Expired" {
			t.Errorf("a watch from before the compaction gave %s, want ERROR Expired", got)
		}
		_, err = maps.List(w.ctx, metav1.ListOptions{ResourceVersion: "999999999"})
		if !apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge) {
			t.Errorf("a list at a version of the future: %v", err)
		}
	})
}

func TestWatchFollowsASelector(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		maps := w.client.CoreV1().ConfigMaps("shop")
		in, err := maps.Watch(w.ctx, metav1.ListOptions{LabelSelector: "on=yes"})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Stop()
		cm := w.configMap("one", nil)
		cm.Labels = map[string]string{"on": "yes"}
		if cm, err = maps.Update(w.ctx, cm, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, in); got != "ADDED one" {
			t.Errorf("an object that comes to match gave %s", got)
		}
		cm.Labels = nil
		if _, err = maps.Update(w.ctx, cm, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, in); got != "DELETED one" {
			t.Errorf("an object that ceases to match gave %s", got)
		}
	})
}

func TestWatchEndsAfterItsTimeout(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		seconds := int64(5)
		in, err := w.client.CoreV1().ConfigMaps("shop").Watch(w.ctx, metav1.ListOptions{TimeoutSeconds: &seconds})
		if err != nil {
			t.Fatal(err)
		}
		if got := next(t, in); got != "closed" {
			t.Errorf("got %s, want the end", got)
		}
	})
}

func TestInformersSyncAndCatchUp(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		factory := informers.NewSharedInformerFactoryWithOptions(w.client, 0, informers.WithNamespace("shop"))
		pods := factory.Core().V1().Pods()
		informer := pods.Informer()
		gvr := corev1.SchemeGroupVersion.WithResource("pods")
		w.clock.AddIdle(func() bool {
			return w.server.CaughtUp(gvr, "shop", "", informer.LastSyncResourceVersion())
		})
		ctx, cancel := context.WithCancel(w.ctx)
		factory.Start(ctx.Done())
		defer factory.Shutdown()
		defer cancel()
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			t.Fatal("the informer did not sync")
		}
		w.setImage(v2)
		for range 40 {
			w.wait(250 * time.Millisecond)
			seen := map[string]string{}
			for _, o := range informer.GetStore().List() {
				p := o.(*corev1.Pod)
				seen[p.Name] = p.ResourceVersion
			}
			for _, p := range w.pods() {
				if seen[p.Name] != p.ResourceVersion {
					t.Fatalf("after a jump the cache has %s at %q, the server at %s", p.Name, seen[p.Name], p.ResourceVersion)
				}
				delete(seen, p.Name)
			}
			if len(seen) > 0 {
				t.Fatalf("the cache holds pods that are gone: %v", seen)
			}
		}
		w.server.DropWatches()
		w.server.Compact()
		w.merge(`{"spec":{"replicas":3}}`)
		w.until("it is scaled", done(3))
		w.wait(10 * time.Second)
		if n := len(informer.GetStore().List()); n != 3 {
			t.Errorf("after 410 the cache holds %d pods, want 3", n)
		}
	})
}

func TestStreamedListEndsWithItsBookmark(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		yes := true
		opt := metav1.ListOptions{SendInitialEvents: &yes, AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}
		in, err := w.client.CoreV1().Nodes().Watch(w.ctx, opt)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Stop()
		for _, want := range []string{"ADDED node-a", "ADDED node-b"} {
			if got := next(t, in); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		e := <-in.ResultChan()
		if e.Type != watch.Bookmark || e.Object.(metav1.Object).GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" {
			t.Errorf("got %v, want the bookmark that ends the initial events", e)
		}
		opt.ResourceVersionMatch = ""
		if _, err := w.client.CoreV1().Nodes().Watch(w.ctx, opt); !apierrors.IsInvalid(err) {
			t.Errorf("sendInitialEvents without a match: %v, want 422", err)
		}
	})
}

func TestMutedWatchStaysSilentUntilLifted(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		gvr := corev1.SchemeGroupVersion.WithResource("configmaps")
		in, err := w.client.CoreV1().ConfigMaps("shop").Watch(w.ctx, metav1.ListOptions{ResourceVersion: w.deployment().ResourceVersion})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Stop()
		lift := w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"watch"}, Resources: []string{"configmaps"}}, Mute: true})
		w.configMap("one", nil)
		w.wait(time.Minute)
		select {
		case e := <-in.ResultChan():
			t.Errorf("a muted watch gave %v", e)
		default:
		}
		if !w.server.CaughtUp(gvr, "shop", "", "0") {
			t.Error("a muted resource keeps the clock waiting")
		}
		lift()
		if w.server.CaughtUp(gvr, "shop", "", "0") {
			t.Error("after the fault an old cache counts as caught up")
		}
		if got := next(t, in); got != "ADDED one" {
			t.Errorf("lifted, it gave %s", got)
		}
	})
}

func TestNothingOfASeedIsLeftToChance(t *testing.T) {
	dump := func() string {
		var out string
		crash := func(c kubeapi.Container) kubeapi.Behaviour {
			if c.Image == v2 {
				return kubeapi.Behaviour{Crash: &kubeapi.Crash{After: 4 * time.Second}}
			}
			return kubeapi.Behaviour{}
		}
		inWorld(t, crash, func(w *world) {
			w.setImage(v2)
			w.wait(3 * time.Minute)
			w.setImage("registry.example/api:v3")
			w.wait(3 * time.Minute)
			for _, path := range []string{"api/v1/pods", "api/v1/events", "apis/apps/v1/replicasets", "apis/apps/v1/deployments", "apis/discovery.k8s.io/v1/endpointslices"} {
				req, _ := http.NewRequestWithContext(w.ctx, http.MethodGet, "http://practice/"+path, nil)
				res, err := w.server.RoundTripper().RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				body := make([]byte, res.ContentLength)
				if _, err := res.Body.Read(body); err != nil {
					t.Fatal(err)
				}
				out += fmt.Sprintf("%s\n%s\n", path, body)
			}
		})
		return out
	}
	one, two := dump(), dump()
	if one != two {
		t.Error("the same seed gave two worlds")
	}
	if len(one) < 10000 {
		t.Errorf("the dump has only %d bytes", len(one))
	}
}
