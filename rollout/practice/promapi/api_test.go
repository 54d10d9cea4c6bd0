package promapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

func TestRangeQuery(t *testing.T) {
	w := newWorld(t, 1)
	v, _, _, err := w.api.QueryRange(t.Context(), p95, v1.Range{Start: start.Add(-30 * time.Minute), End: start, Step: 15 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	m := v.(model.Matrix)
	if len(m) != 1 || len(m[0].Values) != 121 {
		t.Errorf("got %d series, want one of 121 points", len(m))
	}
}

func TestMetadata(t *testing.T) {
	w := newWorld(t, 1)
	names, _, _, err := w.api.LabelNames(t.Context(), nil, time.Time{}, time.Time{})
	if err != nil || fmt.Sprint([]model.LabelName(names)) != "[__name__ code component job le namespace pod status version]" {
		t.Errorf("label names %v, %v", names, err)
	}
	metrics, _, _, err := w.api.LabelValues(t.Context(), "__name__", []string{`{component="web"}`}, time.Time{}, time.Time{})
	if err != nil || len(metrics) != 9 {
		t.Errorf("metrics %v, %v", metrics, err)
	}
	info, err := w.api.Buildinfo(t.Context())
	if err != nil || info.Version == "" {
		t.Errorf("build info %v, %v", info, err)
	}
}

func TestBadRequests(t *testing.T) {
	w := newWorld(t, 1)
	cases := []struct {
		path string
		code int
		kind string
	}{
		{"/api/v1/query?query=sum(", 400, "bad_data"},
		{"/api/v1/query?query=up&time=yesterday", 400, "bad_data"},
		{"/api/v1/query_range?query=up&start=1&end=2&step=0", 400, "bad_data"},
		{"/api/v1/query_range?query=up&start=2&end=1&step=1", 400, "bad_data"},
		{"/api/v1/query_range?query=up&step=1", 400, "bad_data"},
		{"/api/v1/query_range?query=up&start=0&end=1000000&step=1s", 400, "bad_data"},
		{"/api/v1/series", 400, "bad_data"},
		{"/api/v1/series?match[]={", 400, "bad_data"},
		{"/api/v1/query?query=" + url.QueryEscape(`up + on(namespace) up`), 422, "execution"},
	}
	for _, c := range cases {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, c.path, nil))
		var body struct{ Status, ErrorType, Error string }
		if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
		if rec.Code != c.code || body.Status != "error" || body.ErrorType != c.kind || body.Error == "" {
			t.Errorf("%s: %d %+v, want %d %s", c.path, rec.Code, body, c.code, c.kind)
		}
	}
}

func TestPlainPagesAndMethods(t *testing.T) {
	w := newWorld(t, 1)
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{http.MethodGet, "/-/healthy", 200},
		{http.MethodGet, "/-/ready", 200},
		{http.MethodDelete, "/api/v1/query", 405},
		{http.MethodGet, "/api/v1/nothing", 404},
	} {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(c.method, c.path, nil))
		if rec.Code != c.code {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, rec.Code, c.code)
		}
	}
}

// BenchmarkHour is an hour of a watch: 24 pods, a batch of six metrics each 15 s.
func BenchmarkHour(b *testing.B) {
	batch := []string{
		`label_replace(sum(rate(http_requests_total{namespace="production",status=~"5.."}[2m])), "sop", "a", "", "")`,
		`label_replace(sum(rate(http_requests_total{namespace="production"}[2m])), "sop", "b", "", "")`,
		`label_replace(histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="production"}[2m]))), "sop", "c", "", "")`,
		`label_replace(avg(process_cpu_usage_cores{namespace="production"}), "sop", "d", "", "")`,
		`label_replace(avg(process_resident_memory_bytes{namespace="production"}), "sop", "e", "", "")`,
		`label_replace(avg(up{namespace="production"}), "sop", "f", "", "")`,
	}
	query := url.QueryEscape(strings.Join(batch, " or "))
	for b.Loop() {
		w := newWorld(&testing.T{}, 1)
		for i := range 12 {
			w.Observe(start.Add(-time.Hour), w.pod("api", 100+i, "v2"), 3)
		}
		for range 240 {
			w.now = w.now.Add(15 * time.Second)
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/api/v1/query?query="+query, nil))
			if rec.Code != http.StatusOK {
				b.Fatal(rec.Body)
			}
		}
	}
}
