package practice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// drill is a started world with clients, in a synctest bubble and in the clock's own goroutine.
type drill struct {
	*World
	t      *testing.T
	ctx    context.Context
	jump   *Jumping
	client kubernetes.Interface
	prom   v1.API
	http   *http.Client
}

// inWorld runs f in the settled world of a scenario.
func inWorld(t *testing.T, sc Scenario, seed int64, f func(d drill)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		clock := NewJumping(sc.Start)
		w, err := New(sc, clock, seed)
		if err != nil {
			t.Fatal(err)
		}
		clock.AddIdle(w.Idle())
		clock.Run(func() {
			if err := w.Start(ctx); err != nil {
				t.Error(err)
				return
			}
			client, err := kubernetes.NewForConfig(w.RESTConfig())
			if err != nil {
				t.Error(err)
				return
			}
			p, err := api.NewClient(api.Config{Address: "https://prometheus.production.example", RoundTripper: w.Transport()})
			if err != nil {
				t.Error(err)
				return
			}
			f(drill{World: w, t: t, ctx: ctx, jump: clock, client: client, prom: v1.NewAPI(p), http: &http.Client{Transport: w.Transport()}})
		})
		cancel()
		synctest.Wait()
	})
}

func (d drill) sleep(howLong time.Duration) {
	if err := d.jump.Wait(d.ctx, howLong, nil); err != nil {
		d.t.Error(err)
	}
}

// query asks for one number; NaN when there is none.
func (d drill) query(q, ns string) float64 {
	d.t.Helper()
	v, _, _, err := d.prom.Query(d.ctx, strings.ReplaceAll(q, "NS", ns), time.Time{})
	if err != nil {
		d.t.Errorf("%s: %v", q, err)
		return math.NaN()
	}
	if vec := v.(model.Vector); len(vec) == 1 {
		return float64(vec[0].Value)
	}
	return math.NaN()
}

// deploy sets the image of all components of a namespace and waits until the condition holds.
func (d drill) deploy(ns, version string) {
	d.t.Helper()
	for _, c := range components {
		patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":%q}]}}}}`, c.name, image(c.name, version))
		if _, err := d.client.AppsV1().Deployments(ns).Patch(d.ctx, c.name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			d.t.Error(err)
		}
	}
	done := condition{namespace: ns, percent: 100}
	for end := d.jump.Now().Add(10 * time.Minute); d.jump.Now().Before(end); d.sleep(100 * time.Millisecond) {
		if done.holds(d.componentPods(ns), version) {
			return
		}
	}
	d.t.Errorf("%s did not reach %s", ns, version)
}

func find(t *testing.T, name string) Scenario {
	t.Helper()
	sc, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func TestWorldIsSettledAtTheStart(t *testing.T) {
	sc := find(t, "tuesday")
	inWorld(t, sc, 1, func(d drill) {
		if late := d.jump.Now().Sub(sc.Start); late < 0 || late > time.Second {
			t.Errorf("the drill begins %s after its start", late)
		}
		list, err := d.client.AppsV1().Deployments("").List(d.ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != 8 {
			t.Fatalf("%d deployments, want 8; %v", len(list.Items), err)
		}
		for _, x := range list.Items {
			if !available(x) {
				t.Errorf("%s/%s is not available: %+v", x.Namespace, x.Name, x.Status)
			}
			if old := sc.Start.Sub(x.CreationTimestamp.Time); old < 70*time.Hour {
				t.Errorf("%s/%s is only %s old", x.Namespace, x.Name, old)
			}
		}
		for _, ns := range namespaces {
			for _, name := range []string{"postgres", "redis"} {
				if s, err := d.client.DiscoveryV1().EndpointSlices(ns).List(d.ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + name}); err != nil || len(s.Items) != 1 || len(s.Items[0].Endpoints) != 1 {
					t.Errorf("%s in %s has the slices %v, %v", name, ns, s, err)
				}
			}
			tlsSecret, err := d.client.CoreV1().Secrets(ns).Get(d.ctx, "web-tls", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tls.X509KeyPair(tlsSecret.Data["tls.crt"], tlsSecret.Data["tls.key"]); err != nil {
				t.Error(err)
			}
		}
		if n := d.query(`count(up{namespace="production"} == 1)`, ""); n != 17 {
			t.Errorf("%v pods of production are up, want 17", n)
		}
		if v := d.query(strings.ReplaceAll(errorQuery, "2m", "30m"), Production); v < 0.0002 || v > 0.0005 {
			t.Errorf("error ratio %v", v)
		}
		if v := d.query(p95Query, Production); v < 0.08 || v > 0.15 {
			t.Errorf("p95 %v", v)
		}
	})
}

func available(x appsv1.Deployment) bool {
	return x.Status.ObservedGeneration == x.Generation && x.Status.AvailableReplicas == *x.Spec.Replicas &&
		x.Status.UpdatedReplicas == *x.Spec.Replicas && x.Status.Replicas == *x.Spec.Replicas
}

func TestTuesdayStaysInItsBand(t *testing.T) {
	inWorld(t, find(t, "tuesday"), 310, func(d drill) {
		base := d.query(p95Query, Production)
		for _, ns := range namespaces {
			d.deploy(ns, "v1.4.2")
		}
		for range 120 {
			d.sleep(15 * time.Second)
			if v := d.query(p95Query, Production); math.Abs(v/base-1) > 0.1 {
				t.Fatalf("p95 went from %v to %v", base, v)
			}
			if v := d.query(errorQuery, Production); v > 0.002 {
				t.Fatalf("the error ratio is %v", v)
			}
		}
		if !d.FaultBegan().IsZero() {
			t.Error("something went wrong on Tuesday")
		}
		if old := d.query(`count(up{version="v1.4.1"} == 1) or vector(0)`, ""); old != 0 {
			t.Errorf("%v old pods are still scraped", old)
		}
	})
}

func TestThursdayFails(t *testing.T) {
	for _, seed := range []int64{312, 1, 2} {
		inWorld(t, find(t, "thursday"), seed, func(d drill) {
			d.deploy(Staging, "v1.4.2")
			d.sleep(10 * time.Minute)
			if !d.FaultBegan().IsZero() {
				t.Fatal("it began in staging")
			}
			d.deploy(Production, "v1.4.2")
			full := d.jump.Now()
			for d.FaultBegan().IsZero() && d.jump.Now().Sub(full) < 10*time.Minute {
				d.sleep(time.Second)
			}
			if after := d.FaultBegan().Sub(full); after < 3*time.Minute-time.Second || after > 5*time.Minute+time.Second {
				t.Errorf("seed %d: it began %s after production reached 100%%, want 3 to 5 minutes", seed, after)
			}
			d.sleep(4*time.Minute + 30*time.Second)
			if v := d.query(errorQuery, Production); math.Abs(v-0.2) > 0.01 {
				t.Errorf("seed %d: %v of the requests fail, want 0.2", seed, v)
			}
			if v := d.query(errorQuery, Staging); v > 0.002 {
				t.Errorf("seed %d: staging fails too: %v", seed, v)
			}
			d.deploy(Production, "v1.4.1")
			d.sleep(3 * time.Minute)
			if v := d.query(errorQuery, Production); v > 0.002 {
				t.Errorf("seed %d: %v of the requests fail after the rollback", seed, v)
			}
		})
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	history := func(seed int64) (out string) {
		inWorld(t, find(t, "thursday"), seed, func(d drill) {
			d.deploy(Production, "v1.4.2")
			d.sleep(8 * time.Minute)
			v, _, _, err := d.prom.Query(d.ctx, `{namespace="production"}[10m]`, time.Time{})
			if err != nil {
				t.Error(err)
				return
			}
			out = v.String()
		})
		return out
	}
	a := history(1)
	if len(a) < 100_000 {
		t.Fatalf("a history of only %d bytes", len(a))
	}
	if history(1) != a {
		t.Error("the same seed gave another world")
	}
	if history(2) == a {
		t.Error("another seed gave the same world")
	}
}

func TestSites(t *testing.T) {
	inWorld(t, find(t, "tuesday"), 1, func(d drill) {
		for _, url := range []string{
			"https://example/healthz", "http://staging.example/ready", "https://staging.example/api/status",
			"https://staging.example/login", "https://prometheus.staging.example/-/healthy", "https://registry.example/v2/api/manifests/v1.4.2",
			"http://api.production.svc/healthz", "https://example:443/",
		} {
			if code, err := d.get(url); err != nil || code != http.StatusOK {
				t.Errorf("%s: %d, %v", url, code, err)
			}
		}
		if code, err := d.get("https://registry.example/v2/api/manifests/v9.9.9"); err != nil || code != http.StatusNotFound {
			t.Errorf("an unknown image: %d, %v", code, err)
		}
		var dns *net.DNSError
		if _, err := d.get("https://github.com/"); !errors.As(err, &dns) || !dns.IsNotFound {
			t.Errorf("a host that is not there: %v", err)
		}
		if _, err := d.get("https://example:8443/"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a port that is not there: %v", err)
		}
		zero := []byte(`{"spec":{"replicas":0}}`)
		if _, err := d.client.AppsV1().Deployments(Staging).Patch(d.ctx, "api", types.MergePatchType, zero, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		d.sleep(30 * time.Second)
		if code, err := d.get("https://staging.example/healthz"); err != nil || code != http.StatusServiceUnavailable {
			t.Errorf("without pods: %d, %v", code, err)
		}
		if code, err := d.get("https://example/healthz"); err != nil || code != http.StatusOK {
			t.Errorf("production: %d, %v", code, err)
		}
	})
}

func (d drill) get(url string) (int, error) {
	r, err := d.http.Get(url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Body.Close() }()
	_, err = io.Copy(io.Discard, r.Body)
	return r.StatusCode, err
}

func TestDialSpeaksTLS(t *testing.T) {
	inWorld(t, find(t, "tuesday"), 1, func(d drill) {
		raw, err := d.Dial(d.ctx, "tcp", "example:443")
		if err != nil {
			t.Fatal(err)
		}
		c := tls.Client(raw, &tls.Config{ServerName: "example", RootCAs: d.Roots(), Time: d.jump.Now})
		defer func() { _ = c.Close() }()
		if err := c.HandshakeContext(d.ctx); err != nil {
			t.Fatal(err)
		}
		leaf := c.ConnectionState().PeerCertificates[0]
		if left := leaf.NotAfter.Sub(d.jump.Now()); left < 89*day || left > 90*day {
			t.Errorf("the certificate is valid for another %s, want 90 days", left)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "example", Roots: d.Roots(), CurrentTime: d.jump.Now()}); err != nil {
			t.Error(err)
		}
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200 OK") {
			t.Errorf("got %q, %v", text, err)
		}
		if _, err := d.Dial(d.ctx, "tcp", "nowhere.example:443"); err == nil || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("a host that is not there: %v", err)
		}
		if _, err := d.Dial(d.ctx, "tcp", "postgres.production.svc:1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a port that is not there: %v", err)
		}
		redis, err := d.Dial(d.ctx, "tcp", "redis.production.svc:6379")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = redis.Close() }()
		answer := make([]byte, 7)
		if _, err := io.WriteString(redis, "PING\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(redis, answer); err != nil || string(answer) != "+PONG\r\n" {
			t.Errorf("redis says %q, %v", answer, err)
		}
		for _, host := range []string{"example", "api.staging.svc.cluster.local", "postgres.production.svc"} {
			if a, err := d.LookupHost(d.ctx, host); err != nil || len(a) != 1 {
				t.Errorf("%s: %v, %v", host, a, err)
			}
		}
	})
}
