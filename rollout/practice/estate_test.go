package practice

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

// The queries that the shipped runbook's triggers hang on.
const (
	errorQuery = `sum(rate(http_requests_total{namespace="NS",status=~"5.."}[2m])) / sum(rate(http_requests_total{namespace="NS"}[2m]))`
	p95Query   = `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="NS"}[2m])))`
)

// TestUsualLifeIsCalm looks at the organisation without a cluster: no trigger may come near to tripping by chance, also
// while all pods of production are replaced by healthy ones.
func TestUsualLifeIsCalm(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		now := clockStart
		prom := promapi.New(promapi.Options{Now: func() time.Time { return now }, Start: now, Seed: seed, Loads: loads()})
		pods := func(version string, phase promapi.Phase) {
			for _, ns := range namespaces {
				for _, c := range components {
					for i := range c.replicas[ns] {
						prom.Observe(now, promapi.Pod{Namespace: ns, Component: c.name, Name: fmt.Sprint(c.name, version, i), Version: version}, phase)
					}
				}
			}
		}
		now = now.Add(-time.Hour)
		pods("v1", promapi.Ready)
		now = clockStart
		base := map[string]float64{}
		for _, ns := range namespaces {
			base[ns] = ask(t, prom, strings.ReplaceAll(p95Query, "NS", ns))
			if base[ns] < 0.08 || base[ns] > 0.15 {
				t.Errorf("seed %d: p95 of %s is %.4f s, want 0.08 to 0.15", seed, ns, base[ns])
			}
			long := strings.ReplaceAll(strings.ReplaceAll(errorQuery, "NS", ns), "2m", "30m")
			if r := ask(t, prom, long); r < 0.0001 || r > 0.0005 {
				t.Errorf("seed %d: %.5f of the requests of %s fail, want 0.0001 to 0.0005", seed, r, ns)
			}
		}
		worst, worstErrors := map[string]float64{}, map[string]float64{}
		for i := range 160 {
			if i == 60 {
				pods("v2", promapi.Ready)
			}
			if i == 62 {
				pods("v1", promapi.Absent)
			}
			now = now.Add(15 * time.Second)
			for _, ns := range namespaces {
				worst[ns] = max(worst[ns], math.Abs(ask(t, prom, strings.ReplaceAll(p95Query, "NS", ns))/base[ns]-1))
				worstErrors[ns] = max(worstErrors[ns], ask(t, prom, strings.ReplaceAll(errorQuery, "NS", ns)))
			}
		}
		t.Logf("seed %d: p95 %v, moves by at most %v; errors at most %v", seed, base, worst, worstErrors)
		for _, ns := range namespaces {
			if worst[ns] > 0.08 {
				t.Errorf("seed %d: p95 of %s moves by %.0f %% while nothing is wrong", seed, ns, 100*worst[ns])
			}
			if worstErrors[ns] > 0.002 {
				t.Errorf("seed %d: the error ratio of %s reaches %.5f while nothing is wrong", seed, ns, worstErrors[ns])
			}
		}
	}
}

// ask puts an instant query to a handler and returns its only value.
func ask(t *testing.T, h http.Handler, query string) float64 {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/api/v1/query?query="+url.QueryEscape(query), nil))
	var body struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || len(body.Data.Result) != 1 {
		t.Fatalf("%s: %v, %s", query, err, rec.Body)
	}
	f, err := strconv.ParseFloat(body.Data.Result[0].Value[1].(string), 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
