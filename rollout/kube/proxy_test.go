package kube_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestAskService(t *testing.T) {
	inWorld(t, func(w *world) {
		w.behind = func(rw http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/redirect":
				http.Redirect(rw, r, "https://elsewhere.example/?"+r.URL.RawQuery, http.StatusFound)
			case "/lie":
				rw.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.WriteString(rw, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":200,"message":"all is well"}`)
			case "/broken":
				rw.WriteHeader(http.StatusForbidden)
			default:
				_, _ = io.WriteString(rw, r.URL.RequestURI()+strings.Repeat("x", 100))
			}
		}
		ask := func(r kube.ServiceRequest) (kube.ServiceAnswer, error) {
			if r.Service == "" {
				r.Service, r.Port = "api", "http"
			}
			r.Most = 50
			return w.cluster.AskService(w.ctx, r)
		}
		if got, err := ask(kube.ServiceRequest{Path: "/healthz/x", Query: "deep=1"}); err != nil || got.Status != 200 || !strings.HasPrefix(string(got.Body), "/healthz/x?deep=1") || len(got.Body) != 50 || !got.More {
			t.Errorf("got %+v, %v", got, err)
		}
		before := len(w.wire.seen)
		if got, err := ask(kube.ServiceRequest{Path: "/redirect"}); err != nil || got.Status != http.StatusFound || !strings.HasPrefix(got.Location, "https://elsewhere") {
			t.Errorf("a redirect gave %+v, %v", got, err)
		}
		if n := len(w.wire.seen) - before; n != 1 {
			t.Errorf("a redirect made %d requests", n)
		}
		if got, err := ask(kube.ServiceRequest{Path: "/broken"}); err != nil || got.Status != http.StatusForbidden {
			t.Errorf("the endpoint's own 403 gave %+v, %v", got, err)
		}
		if _, err := ask(kube.ServiceRequest{Path: "/lie"}); err == nil || !strings.Contains(err.Error(), "all is well") {
			t.Errorf("an answer that looks like the API server's gave %v", err)
		}
		if _, err := ask(kube.ServiceRequest{Service: "nobody", Path: "/"}); !apierrors.IsNotFound(err) {
			t.Errorf("a missing Service gave %v", err)
		}
		for _, path := range []string{"/../../../secrets/db", "/a/./b", "/.."} {
			if _, err := ask(kube.ServiceRequest{Path: path}); err == nil || !strings.Contains(err.Error(), "segments") {
				t.Errorf("%s gave %v", path, err)
			}
		}
		lift := w.server.Forbid(kubeapi.Rule{Resources: []string{"services/proxy"}})
		if _, err := ask(kube.ServiceRequest{Path: "/"}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "services/proxy") {
			t.Errorf("forbidden gave %v", err)
		}
		lift()
		lift = w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Resources: []string{"services/proxy"}}, Hang: true})
		if _, err := ask(kube.ServiceRequest{Path: "/"}); !kube.Unreachable(err) || !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("hanging gave %v", err)
		}
		lift()
	})
}

func TestServiceRequestAddress(t *testing.T) {
	for want, r := range map[string]kube.ServiceRequest{
		"/api/v1/namespaces/shop/services/api/proxy/healthz":         {Service: "api", Path: "/healthz"},
		"/api/v1/namespaces/shop/services/api:http/proxy/":           {Service: "api", Port: "http", Path: "/"},
		"/api/v1/namespaces/shop/services/https:api:443/proxy/x?y=z": {Service: "api", Port: "443", HTTPS: true, Path: "/x", Query: "y=z"},
		"/api/v1/namespaces/shop/services/https:api:/proxy/":         {Service: "api", HTTPS: true, Path: "/"},
	} {
		if got := r.Address("shop"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
