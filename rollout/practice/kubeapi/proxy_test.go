package kubeapi_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func TestServiceProxy(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		get := func(name, path string) (string, error) {
			body, err := w.client.CoreV1().RESTClient().Get().Namespace("shop").Resource("services").Name(name).
				SubResource("proxy").Suffix(path).Param("q", "1").Do(w.ctx).Raw()
			return string(body), err
		}
		wants := func(name string, words ...string) {
			t.Helper()
			body, err := get(name, "/healthz/deep")
			for _, word := range words {
				if text := fmt.Sprintf("%s %v", body, err); !strings.Contains(text, word) {
					t.Errorf("%s: %s, want %q", name, text, word)
				}
			}
		}
		for _, name := range []string{"api:http", "http:api:http", "api:80"} {
			wants(name, "shop/api:http GET /healthz/deep?q=1")
		}
		wants("api", "no endpoints available for service") // its port has a name
		wants("api:metrics", "no endpoints available for service")
		wants("api:81", "no service port 81 found for service")
		wants("ftp:api:http", "invalid service request")
		wants("nobody:http", "not found")
		lift := w.server.Forbid(kubeapi.Rule{Verbs: []string{"get"}, Resources: []string{"services/proxy"}})
		if body, err := get("api:http", "/"); !apierrors.IsForbidden(err) || !strings.Contains(body, "services/proxy") {
			t.Errorf("a forbidden proxy gave %v: %s", err, body)
		}
		lift()
		none := []byte(`{"spec":{"replicas":0}}`)
		if _, err := w.client.AppsV1().Deployments("shop").Patch(w.ctx, "api", types.MergePatchType, none, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Minute)
		wants("api:http", "no endpoints available for service")
	})
}

// behindServices is what the tests' pods answer.
func behindServices(namespace, service, port string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(rw, "%s/%s:%s %s %s", namespace, service, port, r.Method, r.URL.RequestURI())
		_, _ = io.Copy(io.Discard, r.Body)
	})
}
