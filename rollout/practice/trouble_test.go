package practice

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// says asks for a page and gives its status and the beginning of its text; what stops it, if nobody answers.
func (d drill) says(url string) string {
	r, err := d.http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", r.StatusCode, text)
}

func (d drill) secret(name string) map[string][]byte {
	s, err := d.client.CoreV1().Secrets(Production).Get(d.ctx, name, metav1.GetOptions{})
	if err != nil {
		d.t.Error(err)
		return nil
	}
	return s.Data
}

func (d drill) config(name, key string) string {
	c, err := d.client.CoreV1().ConfigMaps(Production).Get(d.ctx, name, metav1.GetOptions{})
	if err != nil {
		d.t.Error(err)
		return ""
	}
	v, ok := c.Data[key]
	if !ok {
		return "no " + key
	}
	return v
}

func (d drill) node(name string) *corev1.Node {
	n, err := d.client.CoreV1().Nodes().Get(d.ctx, name, metav1.GetOptions{})
	if err != nil {
		d.t.Error(err)
		return &corev1.Node{}
	}
	return n
}

func (d drill) condition(node string, kind corev1.NodeConditionType) string {
	for _, c := range d.node(node).Status.Conditions {
		if c.Type == kind {
			return string(c.Status)
		}
	}
	return "none"
}

// days is how long the certificate that a host shows is still valid, and for whom it is.
func (d drill) days(host string) string {
	raw, err := d.Dial(d.ctx, "tcp", host+":443")
	if err != nil {
		return err.Error()
	}
	c := tls.Client(raw, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	defer c.Close()
	if err := c.HandshakeContext(d.ctx); err != nil {
		return err.Error()
	}
	leaf := c.ConnectionState().PeerCertificates[0]
	return fmt.Sprintf("%.0f %v", leaf.NotAfter.Sub(d.Clock().Now()).Hours()/24, leaf.DNSNames)
}

const repoAPI = "https://github.example/api/v3/repos/political-sphere/platform"

// aTrouble is one that a scenario can tell of, and where it shows.
type aTrouble struct {
	yaml string
	look func(d drill) string
	// usual is a part of what is seen when nothing is wrong, wrong when it is.
	usual, wrong string
}

func page(url string) func(drill) string { return func(d drill) string { return d.says(url) } }

var allTroubles = map[string]aTrouble{
	"cordoned":        {"node: {name: node-2, cordoned: true", func(d drill) string { return fmt.Sprint(d.node("node-2").Spec.Unschedulable) }, "false", "true"},
	"silent node":     {"node: {name: node-2, notReady: true", func(d drill) string { return d.condition("node-2", corev1.NodeReady) }, "True", "Unknown"},
	"node's pressure": {"node: {name: node-1, pressure: true", func(d drill) string { return d.condition("node-1", corev1.NodeMemoryPressure) }, "False", "True"},
	"full quota": {"quota: {namespace: production", func(d drill) string {
		q, err := d.client.CoreV1().ResourceQuotas(Production).Get(d.ctx, quotaName, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		return q.Spec.Hard.Pods().String()
	}, "80", "17"},
	"endpoint gone": {"dependency: {namespace: production, name: redis", func(d drill) string {
		s, err := d.client.DiscoveryV1().EndpointSlices(Production).Get(d.ctx, "redis-1", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		c, err := d.Dial(d.ctx, "tcp", "redis.production.svc:6379")
		if err == nil {
			_ = c.Close()
		}
		return fmt.Sprintf("%d %v", len(s.Endpoints), err)
	}, "1 <nil>", "0 dial tcp redis.production.svc:6379: connection refused"},
	"certificate":    {"certificate: {namespace: production, days: 3", func(d drill) string { return d.days("example") }, "90 [example]", "3 [example]"},
	"other's name":   {"certificate: {namespace: production, days: 60, name: old.example", func(d drill) string { return d.days("example") }, "90 [example]", "60 [old.example]"},
	"its secret":     {"certificate: {namespace: production, days: -1", func(d drill) string { return fmt.Sprint(d.expired()) }, "false", "true"},
	"expired":        {"certificate: {namespace: production, days: -1", page("https://example/healthz"), "200", "certificate has expired"},
	"secret's key":   {"secret: {namespace: production, remove: [API_KEY]", func(d drill) string { return fmt.Sprint(len(d.secret("app-secrets"))) }, "2", "1"},
	"secret's value": {"secret: {namespace: production, empty: [API_KEY]", func(d drill) string { return fmt.Sprint(len(d.secret("app-secrets")["API_KEY"])) }, "25", "0"},
	"config drift":   {"config: {namespace: production, set: {LOG_LEVEL: debug}", func(d drill) string { return d.config("app-config", "LOG_LEVEL") }, "info", "debug"},
	"config's key":   {"config: {namespace: production, remove: [POOL_SIZE]", func(d drill) string { return d.config("app-config", "POOL_SIZE") }, "40", "no POOL_SIZE"},
	"flag on":        {"flag: {namespace: production, name: new-lobby, variant: 'on'", func(d drill) string { return flat(d.config("feature-flags", "flags.json")) }, `"off":false},"defaultVariant":"off"`, `"new-lobby":{"defaultVariant":"on"`},
	"flag missing": {"flag: {namespace: production, name: new-lobby, missing: true", func(d drill) string {
		return fmt.Sprint(strings.Contains(d.config("feature-flags", "flags.json"), "new-lobby"))
	}, "true", "false"},
	"red check":        {"code: {checks: {e2e: failure}", page(repoAPI + "/commits/v1.4.2/check-runs?check_name=e2e"), `"conclusion":"success"`, `"conclusion":"failure"`},
	"running check":    {"code: {checks: {e2e: in_progress}", page(repoAPI + "/commits/v1.4.2/check-runs?check_name=e2e"), `"status":"completed"`, `"status":"in_progress"`},
	"red status":       {"code: {statuses: {license/cla: error}", page(repoAPI + "/commits/v1.4.2/status"), `"state":"success","statuses"`, `"state":"failure","statuses"`},
	"not merged":       {"code: {unmerged: true", page(repoAPI + "/compare/main...v1.4.2"), `"status":"behind"`, `"status":"diverged"`},
	"rate limit":       {"code: {rateLimited: true", page(repoAPI), "200", "403"},
	"no changelog":     {"checkout: {unlisted: true", func(d drill) string { return d.file("CHANGELOG.md") }, "[v1.4.2] - 2026-03-10", "[Unreleased]\n\n## [v1.4.1]"},
	"no way back":      {"checkout: {without: [migrations/0042_lobby.down.sql]", func(d drill) string { return d.file("migrations/0042_lobby.down.sql") }, "DROP TABLE", "file does not exist"},
	"failing tests":    {"report: {name: unit.xml, failures: 2", page("https://artifacts.example/v1.4.2/unit.xml"), `failures="0" errors="0" time`, `failures="2" errors="0" time`},
	"critical finding": {"report: {name: trivy.sarif, critical: 1", page("https://artifacts.example/v1.4.2/trivy.sarif"), `"5.6"`, `"9.1"`},
	"slow benchmark":   {"report: {name: benchmark.json, p95: 260ms", page("https://artifacts.example/v1.4.2/benchmark.json"), `u003c200": false`, `u003c200": true`},
	"no report":        {"report: {name: e2e.xml, missing: true", page("https://artifacts.example/v1.4.2/e2e.xml"), "200 <?xml", "404 no such report"},
	"firing alert":     {"alert: {namespace: production, name: DatabaseSlow", page("https://alertmanager.production.example/api/v2/alerts"), "Watchdog", `"alertname":"DatabaseSlow","namespace":"production","severity":"critical"`},
	"its other side":   {"alert: {namespace: production, name: DatabaseSlow, severity: warning", page("https://prometheus.production.example/api/v1/alerts"), "Watchdog", `"alertname":"DatabaseSlow","namespace":"production","severity":"warning"}`},
	"forge down":       {"site: {host: github.example, trouble: down", page(repoAPI), "200", "connection refused"},
	"registry ill":     {"site: {host: registry.example, trouble: unavailable", page("https://registry.example/v2/"), "200", "503"},
}

func (d drill) expired() bool {
	c, err := tls.X509KeyPair(d.secret(tlsName)[corev1.TLSCertKey], d.secret(tlsName)[corev1.TLSPrivateKeyKey])
	return err != nil || c.Leaf.NotAfter.Before(d.Clock().Now())
}

func (d drill) file(name string) string {
	f, err := d.Files().Open(name)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// flat takes the blanks out of a document.
func flat(text string) string { return strings.Join(strings.Fields(text), "") }

// scenarioWith is Tuesday with a trouble in one place or the other.
func scenarioWith(t *testing.T, already, faults string) Scenario {
	t.Helper()
	text := strings.Replace(small, "world: {running: v1, release: v2}", "world:\n  running: v1.4.1\n  release: v1.4.2\n"+already, 1)
	text = text[:strings.Index(text, "faults:")] + faults + "expect: {action: hold}\ndebrief: nothing\n"
	sc, err := Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return sc
}

// TestTroublesBeginAndEnd has one trouble after the other, each for two of its five minutes: first it is as usual, then
// wrong, then as usual again.
func TestTroublesBeginAndEnd(t *testing.T) {
	var faults strings.Builder
	fmt.Fprint(&faults, "faults:\n")
	names := sortedKeys(allTroubles)
	for i, name := range names {
		fmt.Fprintf(&faults, "  - at: {after: start, delay: %dm}\n    %s, for: 2m}\n", 5*i+1, allTroubles[name].yaml)
	}
	sc := scenarioWith(t, "", faults.String())
	inWorld(t, sc, 1, func(d drill) {
		for i, name := range names {
			c := allTroubles[name]
			at := func(since time.Duration, wrong bool) {
				d.sleep(sc.Start.Add(time.Duration(5*i)*time.Minute + since).Sub(d.jump.Now()))
				if got := c.look(d); strings.Contains(got, c.wrong) != wrong || !wrong && !strings.Contains(got, c.usual) {
					d.t.Errorf("%s after %s: %.400s\nwant %q: %t, usually %q", name, since, got, c.wrong, wrong, c.usual)
				}
			}
			at(30*time.Second, false)
			at(2*time.Minute, true)
			at(4*time.Minute, false)
		}
	})
}

// TestTroublesFromTheBeginning has each there when the drill begins.
func TestTroublesFromTheBeginning(t *testing.T) {
	for name, c := range allTroubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, scenarioWith(t, "  already:\n    - "+c.yaml+"}\n", ""), 1, func(d drill) {
				if got := c.look(d); !strings.Contains(got, c.wrong) {
					d.t.Errorf("%.400s\nwant %q", got, c.wrong)
				}
				if !d.FaultBegan().IsZero() {
					d.t.Error("what was wrong from the beginning counts as a fault of the drill")
				}
			})
		})
	}
}

func TestMigrationsWereTried(t *testing.T) {
	cases := map[string]struct {
		already string
		kind    batchv1.JobConditionType
		log     string
	}{
		"good": {"", batchv1.JobComplete, "dry run succeeded: 1 migration, forward and back"},
		"bad":  {"  already:\n    - migration: {namespace: production, message: relation lobbies exists}\n", batchv1.JobFailed, "0042_lobby.up.sql: relation lobbies exists"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sc := scenarioWith(t, c.already, "")
			inWorld(t, sc, 1, func(d drill) {
				job, err := d.client.BatchV1().Jobs(Production).Get(d.ctx, migrationJob, metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				last := job.Status.Conditions[len(job.Status.Conditions)-1]
				if ago := sc.Start.Sub(last.LastTransitionTime.Time); last.Type != c.kind || ago < time.Hour || ago > 2*time.Hour {
					t.Errorf("the job ended %s before the drill as %+v", ago, last)
				}
				pods, err := d.client.CoreV1().Pods(Production).List(d.ctx, metav1.ListOptions{LabelSelector: batchv1.JobNameLabel + "=" + migrationJob})
				if err != nil || len(pods.Items) != 1 {
					t.Fatalf("%v, %v", pods, err)
				}
				log, err := d.client.CoreV1().Pods(Production).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{}).DoRaw(d.ctx)
				if err != nil || !strings.Contains(string(log), c.log) {
					t.Errorf("the log is %s, %v", log, err)
				}
			})
		})
	}
}

func TestTroublesAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"node: {name: node-9, cordoned: true}":                                    `node.name: "node-9" is none of node-1, node-2, node-3`,
		"node: {name: node-1}":                                                    "it needs cordoned, notReady or pressure",
		"quota: {namespace: qa}":                                                  `"qa" is none of staging, production`,
		"dependency: {namespace: staging, name: kafka}":                           `"kafka" is none of postgres, redis`,
		"secret: {namespace: staging}":                                            "it needs remove or empty",
		"config: {namespace: staging}":                                            "it needs set or remove",
		"flag: {namespace: staging, name: new-lobby, variant: up}":                `"up", want on or off`,
		"code: {checks: {e3e: failure}}":                                          `"e3e" is none of build`,
		"code: {checks: {e2e: red}}":                                              `"red" is none of queued`,
		"code: {statuses: {ci: failure}}":                                         `"ci" is none of deploy/preview`,
		"checkout: {without: [README]}":                                           `"README" is none of CHANGELOG.md`,
		"report: {name: units.xml, failures: 1}":                                  `"units.xml" is none of benchmark.json`,
		"report: {name: unit.xml, failed: 1}":                                     "a.yaml:11:32: field failed",
		"alert: {namespace: production}":                                          "alert.name is missing",
		"site: {host: gitlab.example, trouble: down}":                             `"gitlab.example" is none of alertmanager.production.example`,
		"site: {host: github.example, trouble: tired}":                            `"tired" is none of down, unavailable, broken, limited, slow`,
		"migration: {namespace: staging}":                                         "migration.message is missing",
		"alert: {namespace: staging, name: A}\n      quota: {namespace: staging}": "exactly one",
		"weather: {rain: true}":                                                   "a.yaml:11:7: field weather",
	} {
		body := strings.Replace(small, "world: {running: v1, release: v2}", "world:\n  running: v1.4.1\n  release: v1.4.2\n  already:\n    - "+text, 1)
		if _, err := Parse("a.yaml", []byte(body)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.yaml") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	late := strings.Replace(small, "metrics: {version: v2, errors: 12.5%, ramp: 2m, leak: 1048576}", "migration: {namespace: staging, message: no}", 1)
	if _, err := Parse("a.yaml", []byte(late)); err == nil || !strings.Contains(err.Error(), "world.already") {
		t.Errorf("a dry run that fails in mid-run: %v", err)
	}
}

func TestSlowSiteTakesItsTime(t *testing.T) {
	inWorld(t, scenarioWith(t, "  already:\n    - site: {host: artifacts.example, trouble: slow, delay: 7s}\n", ""), 1, func(d drill) {
		began := d.jump.Now()
		if got := d.says("https://artifacts.example/v1.4.2/unit.xml"); !strings.HasPrefix(got, "200") {
			t.Errorf("%.100s", got)
		}
		if took := d.jump.Now().Sub(began); took != 7*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
