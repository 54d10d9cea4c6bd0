package practice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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
	checkHosts(t, exposed)
	checkSecure(t, exposed)
	cancel()
	for { // the files go beside us; should they not, the time of the tests is up one day
		if _, err := os.Stat(exposed.Kubeconfig); os.IsNotExist(err) {
			return
		}
		runtime.Gosched()
	}
}

// checkHosts asks each of the world's hosts as a test bed does, whose versions are others.
func checkHosts(t *testing.T, e Exposed) {
	t.Helper()
	all := e.Variables()
	for url, want := range map[string]string{
		all["GITHUB_URL"] + "/repos/political-sphere/platform/commits/v2-bad-errors/check-runs": `"name":"build"`,
		all["GITHUB_URL"] + "/repos/political-sphere/platform/compare/main...v2":                `"status":"behind"`,
		all["ARTIFACTS_URL"] + "/v2/unit.xml":                                                   `failures="0"`,
		all["ARTIFACTS_URL"] + "/v1.4.2/benchmark.json":                                         "http_req_duration",
		"http://" + all["REGISTRY"] + "/v2/api/manifests/v2":                                    "amd64",
		"http://" + all["REGISTRY"] + "/v2/api/manifests/v2-missing":                            "MANIFEST_UNKNOWN",
		all["ALERTMANAGER_PRODUCTION_URL"] + "/api/v2/alerts":                                   "Watchdog",
		all["ALERTMANAGER_STAGING_URL"] + "/-/healthy":                                          "OK",
		all["PROM_URL"] + "/api/v1/alerts":                                                      "Watchdog",
		all["SITE_STAGING_URL"] + "/healthz":                                                    `"environment":"staging"`,
	} {
		if got := fetched(t, http.DefaultClient, url); !strings.Contains(got, want) {
			t.Errorf("%s: %.300s\nwant %s", url, got, want)
		}
	}
	text, err := os.ReadFile(e.Env)
	if err != nil || !strings.Contains(string(text), "export REGISTRY='"+all["REGISTRY"]+"'\n") || strings.Contains(string(text), "KUBECONFIG") {
		t.Errorf("%s, %v", text, err)
	}
	r, err := http.Get(all["ARTIFACTS_URL"] + "/v2/unit.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	at, err := http.ParseTime(r.Header.Get("Last-Modified"))
	if age := time.Since(at); err != nil || age < 3*time.Hour || age > 5*time.Hour {
		t.Errorf("the report is %s old by the machine's clock, %v", age, err)
	}
}

// checkSecure trusts the world's authority alone.
func checkSecure(t *testing.T, e Exposed) {
	t.Helper()
	pem, err := os.ReadFile(e.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("the CA file has no certificate")
	}
	for ns, name := range map[string]string{Staging: "staging.example", Production: "example"} {
		for _, server := range []string{name, "localhost", ""} {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: server}}
			if got := fetched(t, &http.Client{Transport: transport}, e.Secure[ns]+"/healthz"); !strings.Contains(got, `"environment":"`+ns+`"`) {
				t.Errorf("%s as %q: %s", e.Secure[ns], server, got)
			}
			transport.CloseIdleConnections()
		}
	}
}

func fetched(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
