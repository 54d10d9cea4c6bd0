package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// deployed writes the journals of real runs into a state directory of the test's own: one a day, the last rolled back.
func deployed(t *testing.T, n int) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	root, err := journal.DefaultRoot()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := (&app{err: io.Discard}).load("deployment", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := time.Now().Add(-time.Duration(n-i) * 24 * time.Hour)
		j, err := journal.Create(root, journal.NewID(at), journal.Options{NoSync: true, Reserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.WriteFile(planFile, doc.Data); err != nil {
			t.Fatal(err)
		}
		tell := func(after time.Duration, events ...run.Event) {
			for _, e := range events {
				if _, err := j.Append(at.Add(after), "ana", e.Kind(), e); err != nil {
					t.Fatal(err)
				}
			}
		}
		tell(0, run.RunStarted{Operator: "ana", Runbook: "deployment", Environment: "production", Digest: doc.Digest})
		tell(time.Minute, run.DeployStarted{Step: "execute", Env: "production", Attempt: 1, Moves: []run.Move{{Components: []string{"api"}, Share: 100}}})
		tell(2*time.Minute, run.Wished{Wish: "w", Step: "execute"})
		tell(6*time.Minute, run.MoveReached{Step: "execute"}, run.DeployFinished{Step: "execute"})
		if i == n-1 {
			tell(8*time.Minute, run.RollbackPressed{N: 1, Env: "production"}, run.FuseBurnt{Wish: "back"})
			tell(9*time.Minute, run.SettleBegan{}, run.RollbackDone{Verified: run.Passed}, run.Finished{Outcome: run.RolledBack, Verdict: run.VerdictFail})
		} else {
			tell(40*time.Minute, run.Finished{Outcome: run.Completed, Verdict: run.VerdictPass})
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The numbers stand beside the targets of the SOP, and what cannot be read is named and left out.
func TestKPI(t *testing.T) {
	deployed(t, 25)
	root, err := journal.DefaultRoot()
	if err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(root, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
	if err := errors.Join(os.Mkdir(junk, 0o700), os.WriteFile(filepath.Join(junk, "journal.jsonl"), []byte("junk\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	s := must(t, exitDone, "kpi")
	for _, want := range []string{
		"deployment to production", "25 deployments, 24 succeeded, 1 rolled back, 0 failed, 0 open", "multiple times per day   ✖ not met",
		"96.0 % (24 of 25)   > 95%                    ✔ met", "5m0s                < 15 minutes             ✔ met", "4.0 % (1 of 25)     < 5%                     ✔ met",
		"Mean time to roll back",
	} {
		if !strings.Contains(s.out, want) {
			t.Errorf("the table does not say %q:\n%s", want, s.out)
		}
	}
	if !strings.Contains(s.err, "01ARZ3NDEKTSV4RRFFQ69G5FAV is left out") {
		t.Errorf("stderr: %s", s.err)
	}
	var told struct {
		Performances []struct {
			Runbook     string
			Deployments int
			KPIs        []struct {
				ID, Finding string
				Value       *float64
				Samples     int
			}
		}
		Unread []struct{ Run, Why string }
	}
	must(t, exitDone, "kpi", "-o", "json", "--since", "10.5d").into(t, &told)
	if len(told.Performances) != 1 || told.Performances[0].Deployments != 10 || len(told.Unread) != 1 || told.Performances[0].KPIs[1].Finding != "too few runs" {
		t.Errorf("got %+v", told)
	}
	for _, k := range told.Performances[0].KPIs {
		if k.ID == "time-to-deploy" && (k.Value == nil || *k.Value != 300) {
			t.Errorf("got %+v", k)
		}
	}
	if s := must(t, exitDone, "kpi", "--practice"); !strings.Contains(s.out, "no practice deployments") {
		t.Errorf("got %s", s.out)
	}
	for _, args := range [][]string{{"--since", "soon"}, {"--since", "-3d"}, {"--since", "0d"}, {"--push", "pushgateway:9091"}, {"--push", "ftp://x"}, {"-o", "yaml"}} {
		must(t, exitUsage, append([]string{"kpi"}, args...)...)
	}
}

// read reads metrics back: the value of every series by its name and labels.
func read(t *testing.T, text io.Reader) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for name, f := range families {
		if !strings.HasPrefix(name, "sop_kpi_") || f.GetType().String() != "GAUGE" || f.GetHelp() == "" {
			t.Errorf("%s is a %s: %s", name, f.GetType(), f.GetHelp())
		}
		for _, m := range f.GetMetric() {
			key := strings.TrimPrefix(name, "sop_kpi_")
			for _, l := range m.GetLabel() {
				if l.GetName() != "runbook" && l.GetName() != "environment" {
					key += " " + l.GetValue()
				}
			}
			got[key] = m.GetGauge().GetValue()
		}
	}
	return got
}

// openMetric is a line of the OpenMetrics text format, as far as gauges go.
var openMetric = regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ [^"]+|[a-z_]+\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\} [0-9.e+-]+)$`)

// What is printed as OpenMetrics is OpenMetrics, and can be read back.
func TestKPIAsOpenMetrics(t *testing.T) {
	deployed(t, 25)
	out := must(t, exitDone, "kpi", "-o", "openmetrics").out
	body, ended := strings.CutSuffix(out, "# EOF\n")
	if !ended || strings.Contains(body, "# EOF") {
		t.Errorf("it ends with %q", out[max(0, len(out)-20):])
	}
	for _, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		if !openMetric.MatchString(line) {
			t.Errorf("no line of OpenMetrics: %s", line)
		}
	}
	got := read(t, strings.NewReader(out))
	for name, want := range map[string]float64{
		"success_ratio": 0.96, "rollback_ratio": 0.04, "time_to_deploy_seconds": 300, "time_to_roll_back_seconds": 60, "target success-rate": 0.95,
		"target_met success-rate": 1, "target_met deployment-frequency": 0, "deployments rolled-back": 1, "deployments succeeded": 24, "samples success-rate": 25,
	} {
		if v, ok := got[name]; !ok || math.Abs(v-want) > 1e-9 {
			t.Errorf("%s is %g (%v), want %g", name, v, ok, want)
		}
	}
	if _, ok := got["time_to_detect_seconds"]; ok {
		t.Error("what was never measured has a series")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if s := must(t, exitDone, "kpi", "-o", "openmetrics"); s.out != "# EOF\n" {
		t.Errorf("of no run: %q", s.out)
	}
}

// A push replaces what this machine pushed before; one that fails says what to do, and no password.
func TestKPIPush(t *testing.T) {
	deployed(t, 3)
	var path, user, password string
	var pushed map[string]float64
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		user, password, _ = r.BasicAuth()
		pushed = read(t, r.Body)
	}))
	defer gateway.Close()
	address := strings.Replace(gateway.URL, "http://", "http://ana:secret@", 1)
	s := must(t, exitDone, "kpi", "--push", address, "-o", "json")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if path != "PUT /metrics/job/sop/instance/"+host || user != "ana" || password != "secret" || !strings.Contains(s.err, "pushed") {
		t.Errorf("got %s by %s %s; %s", path, user, password, s.err)
	}
	if v := pushed["success_ratio"]; math.Abs(v-2.0/3) > 1e-9 {
		t.Errorf("pushed %v", pushed)
	}

	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, "no\x1b[2J")
	}))
	address = strings.Replace(broken.URL, "http://", "http://ana:secret@", 1)
	s = must(t, exitFailed, "kpi", "--push", address)
	if !strings.Contains(s.err, "502") || !strings.Contains(s.err, "push again") || strings.Contains(s.err, "secret") || strings.Contains(s.err, "\x1b") || !strings.Contains(s.out, "3 deployments") {
		t.Errorf("got %q\n%s", s.err, s.out)
	}
	broken.Close()
	if s := must(t, exitFailed, "kpi", "--push", address); !strings.Contains(s.err, "refused") || strings.Contains(s.err, "secret") {
		t.Errorf("got %q", s.err)
	}
}

// The targets that ship can be read, so that none of them is silently without a finding.
func TestTheShippedTargetsAreRead(t *testing.T) {
	deployed(t, 1)
	var told struct {
		Performances []struct {
			KPIs []struct{ Title, Target, Finding string }
		}
	}
	must(t, exitDone, "kpi", "-o", "json").into(t, &told)
	doc, err := (&app{err: io.Discard}).load("deployment", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range doc.Runbook.KPIs {
		found := false
		for _, got := range told.Performances[0].KPIs {
			found = found || got.Title == k.Title && got.Target == k.Target && got.Finding != "not measured"
		}
		if !found {
			t.Errorf("%+v has no finding in %+v", k, told)
		}
	}
}
