package practice

import (
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func TestExposeServesOnLoopback(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sc := find(t, "tuesday")
	clock := NewJumping(sc.Start)
	w, err := New(sc, clock, 1)
	if err != nil {
		t.Fatal(err)
	}
	clock.AddIdle(w.Idle())
	var exposed Exposed
	clock.Run(func() {
		if err = w.Start(ctx); err == nil {
			exposed, err = w.Expose(ctx)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	// Who asks over a socket is no goroutine of the clock, and the answer may have to wait by it: from here on the world's
	// time runs by itself. What is asked holds at any time, for on Tuesday nothing happens by itself.
	config, err := clientcmd.BuildConfigFromFlags("", exposed.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	pods, err := client.CoreV1().Pods(Production).List(ctx, metav1.ListOptions{})
	if err != nil || len(pods.Items) != 17+1 { // the components', and that of the migration's dry run
		t.Errorf("%v, %v; want 18 pods", pods, err)
	}
	p, err := api.NewClient(api.Config{Address: exposed.Prometheus})
	if err != nil {
		t.Fatal(err)
	}
	if v, _, _, err := v1.NewAPI(p).Query(ctx, `count(up)`, time.Time{}); err != nil || !strings.Contains(v.String(), "=> 25 @") {
		t.Errorf("count(up) is %v, %v", v, err)
	}
	r, err := http.Get(exposed.Sites[Production] + "/api/status")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	if cerr := r.Body.Close(); err != nil || cerr != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(text), "v1.4.1") {
		t.Errorf("the site says %d %s, %v", r.StatusCode, text, err)
	}
	cancel()
	for { // the files go beside us; should they not, the time of the tests is up one day
		if _, err := os.Stat(exposed.Kubeconfig); os.IsNotExist(err) {
			return
		}
		runtime.Gosched()
	}
}
