package checks

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// aRule is an alerting rule as Prometheus lists it, with the states of its alerts.
func aRule(name, severity string, states ...string) map[string]any {
	alerts := []any{}
	for _, state := range states {
		alerts = append(alerts, params("labels", params("alertname", name, "severity", severity, "namespace", "production"),
			"annotations", params("summary", "what "+name+" means"), "state", state, "activeAt", "2026-03-02T09:00:00Z", "value", "1"))
	}
	return params("type", "alerting", "name", name, "query", "up", "duration", 60, "labels", params("severity", severity), "annotations", params(),
		"alerts", alerts, "health", "ok", "evaluationTime", 0, "lastEvaluation", "2026-03-02T09:29:00Z", "state", "inactive")
}

func rulesOf(rules ...map[string]any) transport {
	body, _ := json.Marshal(params("status", "success", "data", params("groups", []any{params("name", "g", "file", "f", "interval", 15, "rules", append([]map[string]any{}, rules...))})))
	return serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/api/v1/rules" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(body)
	})
}

func with(rule map[string]any, key string, value any) map[string]any {
	rule[key] = value
	return rule
}

func TestAlertsOfPrometheus(t *testing.T) {
	recording := params("type", "recording", "name", "x:y", "query", "up", "health", "ok", "evaluationTime", 0, "lastEvaluation", "2026-03-02T09:29:00Z")
	watchdog := aRule("Watchdog", "none", "firing")
	for _, c := range []struct {
		name   string
		rt     http.RoundTripper
		params map[string]any
		status run.Status
		bad    float64
		words  []string
	}{
		{"silence", rulesOf(aRule("Slow", "warning"), aRule("Down", "critical"), recording), nil, run.Passed, 0, []string{"none firing; 2 rules looked", `ALERTS{alertstate="firing",alertname!~"Watchdog|InfoInhibitor"}`}},
		{"what always fires does not count", rulesOf(aRule("Slow", "warning"), watchdog), nil, run.Passed, 0, []string{"1 rule looked"}},
		{"firing", rulesOf(aRule("Slow", "warning", "firing"), aRule("Down", "critical", "firing", "firing", "pending")), nil, run.Failed, 3, []string{"3 firing: Down, Slow; 1 pending: Down", `Down{namespace="production",severity="critical"}: what Down means, since 2026-03-02 09:00 UTC`}},
		{"pending", rulesOf(aRule("Slow", "warning", "pending")), nil, run.Warn, 1, []string{"none firing, 1 pending: Slow"}},
		{"another severity", rulesOf(aRule("Slow", "warning", "firing"), aRule("Down", "critical")), params("severity", "critical"), run.Passed, 0, []string{"1 rule looked", `severity="critical"`, "no alert firing of severity critical"}},
		{"this severity", rulesOf(aRule("Slow", "warning", "firing"), aRule("Down", "critical")), params("severity", []any{"critical", "warning"}), run.Failed, 1, []string{`severity=~"critical|warning"`}},
		{"another name", rulesOf(aRule("Slow", "warning", "firing"), aRule("Down", "critical")), params("names", []any{"Down"}), run.Passed, 0, nil},
		{"other labels", rulesOf(aRule("Slow", "warning", "firing")), params("labels", params("namespace", "staging")), run.Passed, 0, []string{`namespace="staging"`}},
		{"these labels", rulesOf(aRule("Slow", "warning", "firing")), params("labels", params("namespace", "production")), run.Failed, 1, nil},
		{"except", rulesOf(aRule("Slow", "warning", "firing"), aRule("Down", "critical")), params("except", "Slow"), run.Passed, 0, nil},
		{"no rule", rulesOf(), nil, run.Unknown, 0, []string{"no alerting rule, so that nothing could fire"}},
		{"only recording rules", rulesOf(recording), nil, run.Unknown, 0, []string{"no alerting rule"}},
		{"a name that no rule has", rulesOf(aRule("Slow", "warning")), params("names", []any{"Slow", "Sloww"}), run.Unknown, 0, []string{"no alerting rule Sloww"}},
		{"a severity that no rule has", rulesOf(aRule("Slow", "warning")), params("severity", "critcal"), run.Unknown, 0, []string{"none of the 1 alerting rule could fire with severity critcal"}},
		{"a severity by template", rulesOf(with(aRule("Slow", "x"), "labels", params("severity", "{{ $labels.sev }}"))), params("severity", "critical"), run.Passed, 0, nil},
		{"a rule that cannot be evaluated", rulesOf(with(with(aRule("Slow", "warning"), "health", "err"), "lastError", "many-to-many \x1b[2J")), nil, run.Unknown, 0, []string{"not every rule is evaluated: Slow: many-to-many ^[[2J"}},
		{"one that does not matter", rulesOf(with(aRule("Slow", "warning"), "health", "err"), aRule("Down", "critical")), params("severity", "critical"), run.Passed, 0, nil},
		{"not evaluated yet", rulesOf(with(aRule("Slow", "warning"), "health", "unknown")), nil, run.Unknown, 0, []string{"not evaluated yet"}},
		{"firing says enough", rulesOf(with(aRule("Slow", "warning"), "health", "err"), aRule("Down", "critical", "firing")), params("names", []any{"Down", "Gone"}), run.Failed, 1, nil},
		{"heartbeat", rulesOf(aRule("Slow", "warning"), watchdog), params("heartbeat", "Watchdog"), run.Passed, 0, nil},
		{"no heartbeat", rulesOf(aRule("Slow", "warning"), aRule("Watchdog", "none", "pending")), params("heartbeat", "Watchdog"), run.Unknown, 0, []string{"Watchdog, which always fires, does not"}},
		{"refused", fails(syscall.ECONNREFUSED), nil, run.Unknown, 0, []string{"connection refused"}},
		{"not logged in", says(401, "no"), nil, run.Unknown, 0, []string{"wants credentials"}},
		{"forbidden", says(403, "no"), nil, run.Unknown, 0, []string{"may not ask"}},
		{"no API", says(404, "no"), nil, run.Unknown, 0, []string{"no Prometheus at this path"}},
		{"too often", says(429, "no"), nil, run.Unknown, 0, []string{"asked too often"}},
		{"broken", says(503, "no"), nil, run.Unknown, 0, []string{"not available"}},
		{"a web page", says(200, "<html>"), nil, run.Unknown, 0, []string{"does not answer as Prometheus does"}},
		{"a cut body", says(200, `{"status":"success","data":{"groups":[{"na`), nil, run.Unknown, 0, []string{"does not answer as Prometheus does"}},
		{"an endless body", endless('['), nil, run.Unknown, 0, []string{"larger than"}},
		{"hostile texts", rulesOf(aRule("\x1b]52;c;x\x07\u202e"+strings.Repeat("x", 5000), "critical", "firing")), nil, run.Failed, 1, []string{"^[]52", "<U+202E>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = c.rt
			r := b.look(runbook.Check{Kind: "alerts", Params: c.params})
			want(t, r, c.status, c.words...)
			if r.Sensor != "Prometheus http://prom.example" || r.Badness != c.bad {
				t.Errorf("sensor %q, badness %v", r.Sensor, r.Badness)
			}
		})
	}
}

// anAlert is one as Alertmanager's API v2 gives it.
func anAlert(name, severity, state string) map[string]any {
	return params("fingerprint", "f", "labels", params("alertname", name, "severity", severity, "namespace", "production"),
		"annotations", params("summary", "what "+name+" means"), "startsAt", "2026-03-02T09:00:00Z", "endsAt", "2026-03-02T10:00:00Z",
		"status", params("state", state, "silencedBy", []any{}, "inhibitedBy", []any{}), "receivers", []any{params("name", "x")})
}

func manager(alerts ...map[string]any) transport {
	body, _ := json.Marshal(append([]map[string]any{}, alerts...))
	return serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prefix/api/v2/alerts" || r.URL.Query().Get("active") != "true" || r.URL.Query().Get("silenced") != "true" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(body)
	})
}

func TestAlertsOfAlertmanager(t *testing.T) {
	watchdog := anAlert("Watchdog", "none", "active")
	for _, c := range []struct {
		name   string
		rt     http.RoundTripper
		params map[string]any
		status run.Status
		bad    float64
		words  []string
	}{
		{"silence", manager(watchdog), nil, run.Passed, 0, []string{"none firing", "amtool alert query --alertmanager.url=https://alertmanager.example/prefix"}},
		{"no alert at all", manager(), nil, run.Passed, 0, []string{"holds no alert at all: whether any would arrive is not known"}},
		{"no heartbeat", manager(), params("heartbeat", "Watchdog"), run.Unknown, 0, []string{"Watchdog, which always fires, is not there"}},
		{"heartbeat", manager(watchdog), params("heartbeat", "Watchdog"), run.Passed, 0, nil},
		{"firing", manager(watchdog, anAlert("Down", "critical", "active")), nil, run.Failed, 1, []string{"1 firing: Down", "what Down means, since 2026-03-02 09:00 UTC"}},
		{"not processed yet", manager(anAlert("Down", "critical", "unprocessed")), nil, run.Failed, 1, nil},
		{"silenced", manager(anAlert("Down", "critical", "suppressed")), nil, run.Passed, 0, []string{"none firing; 1 silenced or inhibited: Down"}},
		{"chosen", manager(anAlert("Down", "critical", "active"), anAlert("Slow", "warning", "active")), params("severity", "warning", "labels", params("namespace", "production")), run.Failed, 1, []string{"1 firing: Slow", `severity="warning"`}},
		{"none chosen", manager(anAlert("Down", "critical", "active")), params("names", "Slow"), run.Passed, 0, nil},
		{"refused", fails(syscall.ECONNREFUSED), nil, run.Unknown, 0, []string{"connection refused"}},
		{"not logged in", says(401, "no"), nil, run.Unknown, 0, []string{"401 Unauthorized; it wants credentials"}},
		{"forbidden", says(403, "no"), nil, run.Unknown, 0, []string{"403"}},
		{"no API", says(404, "no"), nil, run.Unknown, 0, []string{"no Alertmanager"}},
		{"too often", says(429, "no"), nil, run.Unknown, 0, []string{"429"}},
		{"broken", says(502, "<html>bad gateway"), nil, run.Unknown, 0, []string{"502", "not available"}},
		{"a web page", says(200, "<html>"), nil, run.Unknown, 0, []string{"web page instead of JSON"}},
		{"null", says(200, "null"), nil, run.Unknown, 0, []string{"does not answer as Alertmanager's"}},
		{"a list of something else", says(200, `[{"name":"x"}]`), nil, run.Unknown, 0, []string{"does not answer as Alertmanager's"}},
		{"the API v1", says(200, `{"status":"success","data":[]}`), nil, run.Unknown, 0, []string{"JSON of this API"}},
		{"a cut body", says(200, `[{"labels":{"a`), nil, run.Unknown, 0, []string{"JSON of this API"}},
		{"a body that breaks off", breaksOff(), nil, run.Unknown, 0, []string{"broke off"}},
		{"an endless body", endless(' '), nil, run.Unknown, 0, []string{"larger than"}},
		{"hostile texts", manager(anAlert("\x1b]52;c;x\x07\u202e"+strings.Repeat("x", 5000), "critical", "active")), nil, run.Failed, 1, []string{"^[]52", "<U+202E>"}},
		{"secrets in the address", fails(errors.New("dial bob:hunter2-long@x, Ym9iOmh1bnRlcjItbG9uZw==")), params("alertmanager", "https://bob:hunter2-long@alertmanager.example/prefix"), run.Unknown, 0, []string{"dial …"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = c.rt
			p := params("alertmanager", "https://alertmanager.example/prefix/")
			for k, v := range c.params {
				p[k] = v
			}
			r := b.look(runbook.Check{Kind: "alerts", Params: p})
			want(t, r, c.status, c.words...)
			if !strings.HasPrefix(string(r.Sensor), "Alertmanager https://alertmanager.example/prefix") || r.Badness != c.bad {
				t.Errorf("sensor %q, badness %v", r.Sensor, r.Badness)
			}
			if strings.Contains(shown(r), "hunter2") || strings.Contains(shown(r), "aHVudGVyM") || strings.Contains(shown(r), "Ym9iOmh1") {
				t.Errorf("a password shows in %q", shown(r))
			}
		})
	}
}

func TestAlertsTimeOut(t *testing.T) {
	for _, p := range []map[string]any{nil, params("alertmanager", "https://alertmanager.example")} {
		b := newBench(t)
		b.http = b.hangs()
		r := b.look(runbook.Check{Kind: "alerts", Params: p, Timeout: runbook.Duration{D: 2 * time.Second}})
		want(t, r, run.Unknown, "timed out after 2s")
		if !r.Ill || r.Sensor == "" {
			t.Errorf("%+v", r)
		}
	}
}

func TestAlertsExpect(t *testing.T) {
	b := newBench(t)
	b.http = rulesOf(aRule("Slow", "warning", "pending"))
	want(t, b.look(runbook.Check{Kind: "alerts", Expect: "self.pending == 0"}), run.Failed, "pending = 1")
	want(t, b.look(runbook.Check{Kind: "alerts", Expect: "self.firing == 0 && size(self.names) == 0"}), run.Warn, "pending")
}

func TestLintOfAlerts(t *testing.T) {
	for check, words := range map[string]string{
		"alerts: {alertmanager: x}":                                    "must begin with https",
		"alerts: {alertmanager: 'http://169.254.169.254/'}":            "blocked",
		"alerts: {labels: {'a-b': x}}":                                 "not the name of a label",
		"alerts: {severity: [critical], labels: {severity: critical}}": "severity stands here and beside labels",
		"alerts: {labels: {alertname: x}}":                             "chosen by name with names",
		"alerts: {names: ['']}":                                        "the text is empty",
		"alerts: {matchers: [x]}":                                      `unknown key "matchers"`,
	} {
		_, problems := load(check)
		if len(problems) == 0 || !strings.Contains(problems[0].Message, words) {
			t.Errorf("%s: %v, want %q", check, problems, words)
		}
	}
}
