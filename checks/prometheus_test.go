package checks

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func vectorOf(values ...string) string {
	var items []string
	for i, v := range values {
		items = append(items, fmt.Sprintf(`{"metric":{"pod":"p%d\u001b[2J"},"value":[1772442000,"%s"]}`, i, v))
	}
	return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(items, ",") + `]}}`
}

func TestPrometheus(t *testing.T) {
	for _, c := range []struct {
		name   string
		rt     http.RoundTripper
		expect string
		status run.Status
		words  []string
	}{
		{"good", says(200, vectorOf("0.004")), "self < 0.01", run.Passed, []string{"0.004", "self < 0.01", "sum(x)", "http://prom.example"}},
		{"bad", says(200, vectorOf("0.25")), "self < 0.01", run.Failed, []string{"0.25, expected self < 0.01"}},
		{"a whole number", says(200, vectorOf("3")), "self >= 3", run.Passed, []string{"3"}},
		{"no data", says(200, vectorOf()), "self < 0.01", run.Unknown, []string{"no data"}},
		{"no data is not red either", says(200, vectorOf()), "self > 100.0", run.Unknown, []string{"no data"}},
		{"NaN", says(200, vectorOf("NaN")), "self < 0.01", run.Unknown, []string{"NaN", "traffic"}},
		{"NaN is not red either", says(200, vectorOf("NaN")), "self > 100.0", run.Unknown, nil},
		{"infinite", says(200, vectorOf("+Inf")), "self < 0.01", run.Unknown, []string{"+Inf"}},
		{"several series", says(200, vectorOf("1", "2")), "self < 10.0", run.Unknown, []string{"2 series", `pod="p0^[[2J"`, "sum("}},
		{"half an answer", says(200, strings.Replace(vectorOf("1"), `"status"`, `"warnings":["store \u009b down"],"status"`, 1)), "self < 10.0", run.Unknown, []string{"not whole: store <U+009B> down"}},
		{"down", fails(syscall.ECONNREFUSED), "self < 10.0", run.Unknown, []string{"could not look", "connection refused"}},
		{"a bad query", says(400, `{"status":"error","errorType":"bad_data","error":"parse error"}`), "self < 10.0", run.Unknown, []string{"does not accept the query: parse error"}},
		{"forbidden", says(403, "no"), "self < 10.0", run.Unknown, []string{"may not ask"}},
		{"a huge answer", endless('['), "self < 10.0", run.Unknown, []string{"larger than"}},
		{"expect that gives no truth", says(200, vectorOf("1")), "self + 1.0", run.Unknown, []string{"could not judge"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = c.rt
			want(t, b.look(runbook.Check{Kind: "prometheus", Params: params("query", "sum(x)"), Expect: c.expect}), c.status, c.words...)
		})
	}
}

func TestPrometheusTimesOut(t *testing.T) {
	b := newBench(t)
	b.http = b.hangs()
	r := b.look(runbook.Check{Kind: "prometheus", Params: params("query", "up"), Expect: "self == 1.0"})
	want(t, r, run.Unknown, "could not look: timed out after 5s", "http://prom.example", "up")
	if took := b.clock.Now().Sub(monday); took != 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestPrometheusNeedsExpect(t *testing.T) {
	b := newBench(t)
	want(t, b.look(runbook.Check{Kind: "prometheus", Params: params("query", "up")}), run.Unknown, "nothing says which number is good")
}
