package kubeapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func TestStaleUpdateConflicts(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		d := w.deployment()
		w.merge(`{"metadata":{"labels":{"changed":"by-another"}}}`)
		d.Labels = map[string]string{"changed": "by-me"}
		_, err := w.client.AppsV1().Deployments("shop").Update(w.ctx, d, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "the object has been modified") {
			t.Errorf("update of a stale object: %v, want 409", err)
		}
		d.ResourceVersion = ""
		if _, err := w.client.AppsV1().Deployments("shop").Update(w.ctx, d, metav1.UpdateOptions{}); err != nil {
			t.Errorf("unconditional update: %v", err)
		}
		_, err = w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.MergePatchType,
			[]byte(`{"metadata":{"resourceVersion":"1","labels":{"a":"b"}}}`), metav1.PatchOptions{})
		if !apierrors.IsConflict(err) {
			t.Errorf("merge patch with a stale resourceVersion: %v, want 409", err)
		}
	})
}

func TestFailedJSONPatchTestIsUnprocessable(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		before := w.deployment()
		patch := `[{"op":"test","path":"/metadata/generation","value":99},{"op":"replace","path":"/spec/replicas","value":1}]`
		_, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
		var st *apierrors.StatusError
		if !errors.As(err, &st) || st.ErrStatus.Code != http.StatusUnprocessableEntity || !apierrors.IsInvalid(err) || apierrors.IsConflict(err) {
			t.Fatalf("a failed test gave %v, want 422 Invalid", err)
		}
		if w.deployment().ResourceVersion != before.ResourceVersion {
			t.Error("a failed patch changed the object")
		}
		good := strings.Replace(patch, "99", "1", 1)
		if _, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.JSONPatchType, []byte(good), metav1.PatchOptions{}); err != nil {
			t.Errorf("a test that holds: %v", err)
		}
	})
}

func TestDryRunChangesNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		before := w.deployment()
		all := []string{metav1.DryRunAll}
		apps := w.client.AppsV1().Deployments("shop")
		got, err := apps.Patch(w.ctx, "api", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{DryRun: all})
		if err != nil || *got.Spec.Replicas != 3 || got.Generation != before.Generation+1 {
			t.Errorf("dry patch answered %v, %v; want the object as it would be", got, err)
		}
		if err := apps.Delete(w.ctx, "api", metav1.DeleteOptions{DryRun: all}); err != nil {
			t.Errorf("dry delete: %v", err)
		}
		if _, err := apps.Update(w.ctx, got, metav1.UpdateOptions{DryRun: all}); err != nil {
			t.Errorf("dry update: %v", err)
		}
		fresh := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "dry", Namespace: "shop"}}
		if _, err := w.client.CoreV1().ConfigMaps("shop").Create(w.ctx, fresh, metav1.CreateOptions{DryRun: all}); err != nil {
			t.Errorf("dry create: %v", err)
		}
		if err := w.client.CoreV1().Pods("shop").DeleteCollection(w.ctx, metav1.DeleteOptions{DryRun: all}, metav1.ListOptions{}); err != nil {
			t.Errorf("dry deletecollection: %v", err)
		}
		w.wait(time.Minute)
		if _, err := w.client.CoreV1().ConfigMaps("shop").Get(w.ctx, "dry", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("the dry object exists: %v", err)
		}
		if after := w.deployment(); after.ResourceVersion != before.ResourceVersion {
			t.Error("dry runs changed the Deployment")
		}
		if len(w.pods()) != 10 {
			t.Errorf("%d pods, want 10", len(w.pods()))
		}
	})
}

func TestInvalidDeploymentsAreRefused(t *testing.T) {
	cases := map[string]struct{ patch, field, says string }{
		"no surge and no unavailable": {
			`{"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}}}}`,
			"spec.strategy.rollingUpdate.maxUnavailable", "may not be 0 when `maxSurge` is 0",
		},
		"deadline below minReadySeconds": {`{"spec":{"minReadySeconds":700}}`, "spec.progressDeadlineSeconds", "must be greater than minReadySeconds"},
		"another selector":               {`{"spec":{"selector":{"matchLabels":{"app":"api","x":"y"}},"template":{"metadata":{"labels":{"x":"y"}}}}}`, "spec.selector", "field is immutable"},
		"no image":                       {`{"spec":{"template":{"spec":{"containers":[{"name":"api","image":""}]}}}}`, "spec.template.spec.containers[0].image", "Required value"},
		"labels off the selector":        {`{"spec":{"template":{"metadata":{"labels":{"app":"other"}}}}}`, "spec.template.metadata.labels", "does not match"},
		"negative replicas":              {`{"spec":{"replicas":-1}}`, "spec.replicas", "greater than or equal to 0"},
		"not a percentage":               {`{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"lots"}}}}`, "spec.strategy.rollingUpdate.maxSurge", "Invalid value"},
	}
	inWorld(t, nil, func(w *world) {
		for name, c := range cases {
			_, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.StrategicMergePatchType, []byte(c.patch), metav1.PatchOptions{})
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), c.field) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v; want 422 with %s: %s", name, err, c.field, c.says)
			}
		}
		_, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.MergePatchType, []byte(`{"spec":{"replicas":"many"}}`), metav1.PatchOptions{})
		if !apierrors.IsInvalid(err) {
			t.Errorf("a patch to a wrong type: %v, want 422", err)
		}
		_, err = w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.ApplyPatchType, []byte(`{}`), metav1.PatchOptions{FieldManager: "x"})
		if !apierrors.IsUnsupportedMediaType(err) {
			t.Errorf("server-side apply: %v, want 415", err)
		}
	})
}

func TestForbidDeniesAndReviewsSaySo(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ask := func(verb, resource, sub string) bool {
			r, err := w.client.AuthorizationV1().SelfSubjectAccessReviews().Create(w.ctx, &authorizationv1.SelfSubjectAccessReview{
				Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: "shop", Verb: verb, Group: "apps", Resource: resource, Subresource: sub,
				}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return r.Status.Allowed
		}
		if !ask("patch", "deployments", "") {
			t.Error("patch is denied without a rule")
		}
		lift := w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Groups: []string{"apps"}, Resources: []string{"deployments"}, Namespaces: []string{"shop"}})
		if ask("patch", "deployments", "") || !ask("get", "deployments", "") || !ask("patch", "deployments", "scale") {
			t.Error("the review does not follow the rule")
		}
		_, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{})
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `cannot patch resource "deployments" in API group "apps" in the namespace "shop"`) {
			t.Errorf("patch: %v, want 403", err)
		}
		rules, err := w.client.AuthorizationV1().SelfSubjectRulesReviews().Create(w.ctx, &authorizationv1.SelfSubjectRulesReview{
			Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: "shop"},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules.Status.ResourceRules {
			if r.Resources[0] == "deployments" && strings.Contains(strings.Join(r.Verbs, " "), "patch") {
				t.Errorf("the rules review allows %v on deployments", r.Verbs)
			}
		}
		lift()
		if !ask("patch", "deployments", "") {
			t.Error("the lifted rule still denies")
		}
		who, err := w.client.AuthenticationV1().SelfSubjectReviews().Create(w.ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil || who.Status.UserInfo.Username != "practice" {
			t.Errorf("who am I: %v, %v", who.Status.UserInfo, err)
		}
	})
}

func TestFaults(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		get := func() error {
			_, err := w.client.AppsV1().Deployments("shop").Get(w.ctx, "api", metav1.GetOptions{})
			return err
		}
		rule := kubeapi.Rule{Verbs: []string{"get"}, Resources: []string{"deployments"}}

		lift := w.server.Inject(kubeapi.Fault{Match: rule, Refuse: true})
		if err := get(); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("refused: %v", err)
		}
		lift()
		lift = w.server.Inject(kubeapi.Fault{Match: rule, Status: 503})
		if err := get(); !apierrors.IsServiceUnavailable(err) {
			t.Errorf("503: %v", err)
		}
		lift()
		defer w.server.Inject(kubeapi.Fault{Match: rule, Status: 429, RetryAfter: 1500 * time.Millisecond, Times: 1})()
		req, _ := http.NewRequestWithContext(w.ctx, http.MethodGet, "http://practice/apis/apps/v1/namespaces/shop/deployments/api", nil)
		res, err := w.server.RoundTripper().RoundTrip(req)
		if err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "2" {
			t.Errorf("429: %v, %v; want Retry-After 2", res, err)
		}
		if err := get(); err != nil {
			t.Errorf("a fault of one time struck twice: %v", err)
		}
		lift = w.server.Inject(kubeapi.Fault{Match: rule, Latency: 3 * time.Second})
		asked := w.clock.Now()
		if err := get(); err != nil || w.clock.Now().Sub(asked) != 3*time.Second {
			t.Errorf("latency: %v after %s", err, w.clock.Now().Sub(asked))
		}
		lift()
		lift = w.server.Inject(kubeapi.Fault{Match: rule, Hang: true})
		w.clock.Go(func() {
			_ = w.clock.Wait(w.ctx, time.Minute, nil)
			lift()
		})
		if err := get(); err != nil || w.clock.Now().Sub(asked) != time.Minute+3*time.Second {
			t.Errorf("hang: %v after %s", err, w.clock.Now().Sub(asked))
		}
	})
}

func TestLeaseNeedsAResourceVersion(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		leases := w.client.CoordinationV1().Leases("shop")
		l, err := leases.Create(w.ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "lock"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leases.Create(w.ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "lock"}}, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
			t.Errorf("second create: %v, want 409 AlreadyExists", err)
		}
		who := "me"
		l.Spec.HolderIdentity = &who
		stale := l.ResourceVersion
		if _, err := leases.Update(w.ctx, l, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		who = "another"
		l.ResourceVersion = stale
		if _, err := leases.Update(w.ctx, l, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("stale update: %v, want 409", err)
		}
		l.ResourceVersion = ""
		if _, err := leases.Update(w.ctx, l, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
			t.Errorf("update without a version: %v, want 422", err)
		}
	})
}

func TestDeletingADeploymentTakesWhatItOwns(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		foreground := metav1.DeletePropagationForeground
		err := w.client.AppsV1().Deployments("shop").Delete(w.ctx, "api", metav1.DeleteOptions{PropagationPolicy: &foreground})
		if err != nil {
			t.Fatal(err)
		}
		if d := w.deployment(); d.DeletionTimestamp == nil {
			t.Error("deleted in the foreground, it is not being deleted")
		}
		w.wait(30 * time.Second)
		if _, err := w.client.AppsV1().Deployments("shop").Get(w.ctx, "api", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("the Deployment is still there: %v", err)
		}
		if n := len(w.pods()); n != 0 {
			t.Errorf("%d pods are left", n)
		}
		if err := w.client.CoreV1().Namespaces().Delete(w.ctx, "shop", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Minute)
		if _, err := w.client.CoreV1().Namespaces().Get(w.ctx, "shop", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("the namespace is still there: %v", err)
		}
	})
}

func TestDiscoveryDynamicAndMetadata(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		_, lists, err := w.client.Discovery().ServerGroupsAndResources()
		if err != nil {
			t.Fatal(err)
		}
		served := map[string]bool{}
		for _, l := range lists {
			for _, r := range l.APIResources {
				served[l.GroupVersion+"/"+r.Name] = true
			}
		}
		for _, want := range []string{"v1/pods", "v1/pods/log", "apps/v1/deployments/scale", "authorization.k8s.io/v1/selfsubjectaccessreviews", "discovery.k8s.io/v1/endpointslices"} {
			if !served[want] {
				t.Errorf("discovery does not tell of %s", want)
			}
		}
		if v, err := w.client.Discovery().ServerVersion(); err != nil || v.GitVersion != kubeapi.Version {
			t.Errorf("version: %v, %v", v, err)
		}
		gvr := corev1.SchemeGroupVersion.WithResource("pods")
		dyn, err := dynamic.NewForConfig(w.server.RESTConfig())
		if err != nil {
			t.Fatal(err)
		}
		page, err := dyn.Resource(gvr).Namespace("shop").List(w.ctx, metav1.ListOptions{Limit: 4})
		for n := len(page.Items); err == nil && page.GetContinue() != ""; n += len(page.Items) {
			page, err = dyn.Resource(gvr).Namespace("shop").List(w.ctx, metav1.ListOptions{Limit: 4, Continue: page.GetContinue()})
			if page.GetContinue() == "" && n+len(page.Items) != 10 {
				t.Errorf("the pages hold %d pods, want 10", n+len(page.Items))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		meta, err := metadata.NewForConfig(w.server.RESTConfig())
		if err != nil {
			t.Fatal(err)
		}
		metas, err := meta.Resource(gvr).Namespace("shop").List(w.ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=node-a"})
		if err != nil || len(metas.Items) != 5 || metas.Items[0].Kind != "PartialObjectMetadata" || metas.Items[0].Labels["app"] != "api" {
			t.Errorf("metadata of the pods on node-a: %v, %v; want five", metas, err)
		}
		bad := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a", "namespace": "nowhere"}}}
		if _, err := dyn.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace("nowhere").Create(w.ctx, bad, metav1.CreateOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("create in a namespace that does not exist: %v, want 404", err)
		}
	})
}

func TestTableAndScale(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		c := *w.server.RESTConfig()
		client, err := rest.HTTPClientFor(&c)
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequestWithContext(w.ctx, http.MethodGet, c.Host+"/apis/apps/v1/namespaces/shop/deployments", nil)
		req.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var table metav1.Table
		if err := json.NewDecoder(res.Body).Decode(&table); err != nil {
			t.Fatal(err)
		}
		if len(table.Rows) != 1 || table.Rows[0].Cells[0] != "api" || table.Rows[0].Cells[1] != "10/10" {
			t.Errorf("rows %v", table.Rows)
		}
		sc, err := w.client.AppsV1().Deployments("shop").GetScale(w.ctx, "api", metav1.GetOptions{})
		if err != nil || sc.Spec.Replicas != 10 || sc.Status.Selector != "app=api" {
			t.Fatalf("scale %v, %v", sc, err)
		}
		sc.Spec.Replicas = 4
		if _, err := w.client.AppsV1().Deployments("shop").UpdateScale(w.ctx, "api", sc, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		w.until("it is scaled", done(4))
	})
}

func TestFaultOnDryRunsOnly(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		defer w.server.Inject(kubeapi.Fault{
			Match: kubeapi.Rule{Verbs: []string{"patch"}}, DryRun: true, Status: http.StatusBadRequest,
			Message: "admission webhook \"policy.example\" does not support dry run",
		})()
		patch := func(opt metav1.PatchOptions) error {
			_, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.MergePatchType, []byte(`{"spec":{"replicas":9}}`), opt)
			return err
		}
		if err := patch(metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}); !apierrors.IsBadRequest(err) {
			t.Errorf("dry run: %v, want 400", err)
		}
		if err := patch(metav1.PatchOptions{}); err != nil {
			t.Errorf("in earnest: %v", err)
		}
	})
}

func TestCachesAreExpectedOnlyWhatTheyCanSee(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		pods := corev1.SchemeGroupVersion.WithResource("pods")
		caughtUp := func() bool { return w.server.CaughtUp(pods, "shop", "", "1") }
		if caughtUp() {
			t.Error("an old cache counts as caught up")
		}
		refuse := kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"list", "watch"}, Resources: []string{"pods"}}, Refuse: true}
		lift := w.server.Inject(refuse)
		if !caughtUp() || w.server.LastResourceVersion(pods, "shop", "") != "0" {
			t.Error("a cache that cannot list is expected to know what it cannot")
		}
		lift()
		in, err := w.client.CoreV1().Pods("shop").Watch(w.ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Stop()
		defer w.server.Inject(refuse)()
		if caughtUp() {
			t.Error("a fault that came after the watch was opened excuses it")
		}
	})
}
