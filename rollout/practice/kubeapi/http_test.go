package kubeapi_test

import (
	"net/http/httptest"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

// Real sockets are not for a bubble, so this one runs in real time.
func TestServesOverLoopback(t *testing.T) {
	server := kubeapi.New(kubeapi.Options{Clock: practice.NewJumping(began)})
	exposed := httptest.NewServer(server)
	defer exposed.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: exposed.URL})
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 2 || list.ResourceVersion == "" {
		t.Fatalf("list over HTTP: %v, %v", list, err)
	}
	in, err := client.CoreV1().Namespaces().Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Stop()
	if got := next(t, in); got != "ADDED default" {
		t.Errorf("a watch over HTTP began with %s", got)
	}
	lift := server.Inject(kubeapi.Fault{Refuse: true})
	defer lift()
	if res, err := exposed.Client().Get(exposed.URL + "/api/v1/namespaces"); err == nil {
		_ = res.Body.Close()
		t.Error("a refused request was answered")
	}
}
