package checks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type alertsParams struct {
	Names        []string          `yaml:"names,omitempty" doc:"only alerts of these names; without it, all"`
	Severity     []string          `yaml:"severity,omitempty" doc:"only alerts whose label severity is one of these"`
	Labels       map[string]string `yaml:"labels,omitempty" doc:"only alerts with these labels, such as namespace: production"`
	Except       []string          `yaml:"except,omitempty" doc:"names that do not count; Watchdog and InfoInhibitor, which are made to fire, when not written"`
	Heartbeat    string            `yaml:"heartbeat,omitempty" doc:"an alert that always fires, such as Watchdog: without it there, no silence is believed"`
	Alertmanager string            `yaml:"alertmanager,omitempty" doc:"the address of an Alertmanager to ask instead of the environment's Prometheus"`
}

var alertsKind = runbook.Kind{
	Name: "alerts",
	Doc: `No alert is firing, of all or of those that names, severity and labels choose. It asks the environment's Prometheus
for its alerting rules, or an Alertmanager.
passes   none is firing. Those that are silenced or inhibited, which only an Alertmanager knows, are shown and not counted
warns    none is firing, but one is pending: its condition holds, not yet for as long as its rule wants
fails    one is firing
unknown  the server does not answer; Prometheus has no alerting rule, or none that could fire with these labels, or one
         that it cannot evaluate; the heartbeat is not there. A silence that nobody could break says nothing.
An Alertmanager does not know which rules there are: when it holds no alert at all the summary says so, and heartbeat makes
it unknown.
self     a map of firing, pending, silenced (numbers) and names (of those that are firing)`,
	Example:  "alerts: {severity: [critical, warning], labels: {namespace: '${env.namespace}'}}",
	Params:   alertsParams{},
	Interval: 30 * time.Second,
	Timeout:  defaultTimeout,
	Lint:     lintAlerts,
}

// notCounted are alerts of the usual rule sets that fire when all is well.
var notCounted = []string{"Watchdog", "InfoInhibitor"}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func lintAlerts(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*alertsParams)
	var out []runbook.ParamProblem
	for _, list := range []struct {
		path   string
		values []string
	}{{"names", p.Names}, {"severity", p.Severity}, {"except", p.Except}} {
		if i := slices.Index(list.values, ""); i >= 0 {
			out = append(out, problem(fmt.Sprintf("%s[%d]", list.path, i), "write it or delete it", "the text is empty"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		switch {
		case !labelName.MatchString(name):
			out = append(out, problem("labels."+name, "letters, digits and _", "%q is not the name of a label", name))
		case name == "severity" && len(p.Severity) > 0:
			out = append(out, problem("labels.severity", "keep one", "severity stands here and beside labels"))
		case name == "alertname":
			out = append(out, problem("labels.alertname", "write names: [...]", "alerts are chosen by name with names"))
		}
	}
	if p.Alertmanager != "" && known(p.Alertmanager) {
		if _, err := web.ParseURL(p.Alertmanager); err != nil {
			out = append(out, problem("alertmanager", "write it as https://alertmanager.example", "%v", err))
		}
	}
	return out
}

func readyAlerts(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[alertsParams](alertsKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if len(p.Except) == 0 {
		p.Except = notCounted
	}
	if p.Alertmanager == "" {
		if w.Prom == nil {
			return check{}, errors.New("no Prometheus is configured")
		}
		l := rulesLook{alertsParams: p, client: w.Prom.Get(work.Env.Prometheus.URL)}
		return check{look: l.look, sensor: said("Prometheus %s", l.client.Address())}, nil
	}
	base, err := web.ParseURL(p.Alertmanager)
	if err != nil {
		return check{}, fmt.Errorf("alertmanager: %w", err)
	}
	if w.HTTP == nil {
		return check{}, errors.New("no web server can be asked here")
	}
	l := managerLook{alertsParams: p, base: base, transport: w.HTTP}
	l.hide.AddURL(base)
	return check{look: l.look, sensor: said("Alertmanager %s", web.ShowURL(base)), secrets: l.hide}, nil
}

// chooses tells whether an alert counts, by what is safe to show of its labels.
func (p alertsParams) chooses(labels prom.Labels) bool {
	name := string(labels["alertname"])
	if slices.Contains(p.Except, name) || len(p.Names) > 0 && !slices.Contains(p.Names, name) {
		return false
	}
	if len(p.Severity) > 0 && !slices.Contains(p.Severity, string(labels["severity"])) {
		return false
	}
	for label, value := range p.Labels {
		if string(labels[label]) != value {
			return false
		}
	}
	return true
}

// mayChoose tells whether a rule could have an alert that counts: a label that it does not set itself may come from
// what it looks at, and one that is a template may become anything.
func (p alertsParams) mayChoose(r prom.AlertRule) bool {
	if slices.Contains(p.Except, string(r.Name)) || len(p.Names) > 0 && !slices.Contains(p.Names, string(r.Name)) {
		return false
	}
	fixed := func(label string) (string, bool) {
		value, ok := r.Labels[label]
		return string(value), ok && !strings.Contains(string(value), "{{")
	}
	if value, ok := fixed("severity"); ok && len(p.Severity) > 0 && !slices.Contains(p.Severity, value) {
		return false
	}
	for label, want := range p.Labels {
		if value, ok := fixed(label); ok && value != want {
			return false
		}
	}
	return true
}

// chosen says in words which alerts count.
func (p alertsParams) chosen() string {
	var words []string
	if len(p.Names) > 0 {
		words = append(words, strings.Join(p.Names, " or "))
	}
	if len(p.Severity) > 0 {
		words = append(words, "severity "+strings.Join(p.Severity, " or "))
	}
	for _, label := range slices.Sorted(maps.Keys(p.Labels)) {
		words = append(words, label+" "+p.Labels[label])
	}
	return strings.Join(words, ", ")
}

func (p alertsParams) expected() run.Safe {
	return said("no alert firing%s", after(" of ", p.chosen()))
}

// standing is what the alerts that count are doing.
type standing struct {
	firing, pending, silenced []prom.Alert
}

// judge says what the alerts mean; nothing is what a silence of all of them is worth.
func (p alertsParams) judge(now standing, nothing string, hide web.Secrets) seen {
	var names []any
	for _, name := range alertNames(now.firing) {
		names = append(names, hide.In(name))
	}
	s := seen{self: map[string]any{"firing": len(now.firing), "pending": len(now.pending), "silenced": len(now.silenced), "names": names}}
	more := ""
	if len(now.silenced) > 0 {
		more = fmt.Sprintf("; %d silenced or inhibited: %s", len(now.silenced), firstOf(alertNames(now.silenced), 3))
	}
	pending := ""
	if len(now.pending) > 0 {
		pending = fmt.Sprintf("%d pending: %s", len(now.pending), firstOf(alertNames(now.pending), 3))
	}
	switch {
	case len(now.firing) > 0:
		s.summed(run.Failed, "%s", hide.In(fmt.Sprintf("%d firing: %s%s%s", len(now.firing), firstOf(alertNames(now.firing), 3), after("; ", pending), more)))
		s.Badness = float64(len(now.firing))
	case pending != "":
		s.summed(run.Warn, "%s", hide.In("none firing, "+pending+more))
		s.Badness = float64(len(now.pending))
	default:
		s.summed(run.Passed, "%s", hide.In("none firing"+after("; ", nothing)+more))
	}
	return s
}

// evidence is one line for each of the first alerts, below the summary.
func (s *seen) alertEvidence(source run.Evidence, alerts []prom.Alert, hide web.Secrets) {
	source.Observed = s.Summary
	s.Evidence = []run.Evidence{source}
	for _, a := range alerts[:min(len(alerts), 5)] {
		since := ""
		if !a.Since.IsZero() {
			since = ", since " + a.Since.UTC().Format("2006-01-02 15:04 MST")
		}
		s.Evidence = append(s.Evidence, run.Evidence{
			Observed: said("%s", hide.In(describeAlert(a)+since)), Expected: source.Expected, Source: source.Source, Query: source.Query,
		})
	}
}

// describeAlert writes an alert with its labels and its summary.
func describeAlert(a prom.Alert) string {
	rest := maps.Clone(a.Labels)
	delete(rest, "alertname")
	return string(a.Labels["alertname"]) + rest.String() + after(": ", string(a.Summary))
}

// alertNames are the names of alerts, each once, sorted.
func alertNames(alerts []prom.Alert) []string {
	var out []string
	for _, a := range alerts {
		out = append(out, string(a.Labels["alertname"]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rulesLook asks a Prometheus.
type rulesLook struct {
	alertsParams
	client *prom.Client
}

func (l rulesLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: said("Prometheus %s", l.client.Address()), Query: l.query(), Expected: l.expected()}
	rules, err := l.client.AlertRules(ctx)
	if err != nil {
		return couldNotAsk(source, err)
	}
	var now standing
	var could int
	var faults []string
	there := map[string]bool{}
	alive := l.Heartbeat == ""
	for _, r := range rules {
		there[string(r.Name)] = true
		if l.mayChoose(r) {
			could++
			if r.Fault != "" {
				faults = append(faults, fmt.Sprintf("%s: %s", r.Name, r.Fault))
			}
		}
		for _, a := range r.Alerts {
			alive = alive || a.Firing && string(a.Labels["alertname"]) == l.Heartbeat
			switch {
			case !l.chooses(a.Labels):
			case a.Firing:
				now.firing = append(now.firing, a)
			default:
				now.pending = append(now.pending, a)
			}
		}
	}
	if len(now.firing) == 0 {
		missing := slices.DeleteFunc(slices.Clone(l.Names), func(name string) bool { return there[name] })
		switch {
		case len(rules) == 0:
			return unknown(source, "this Prometheus has no alerting rule, so that nothing could fire")
		case len(missing) > 0:
			return unknown(source, "there is no alerting rule %s, so that it could not fire", firstOf(missing, 3))
		case could == 0:
			return unknown(source, "none of the %s could fire with %s", count(len(rules), "alerting rule"), l.chosen())
		case len(faults) > 0:
			return silent(source, "not every rule is evaluated: %s", firstOf(faults, 2))
		case !alive:
			return silent(source, "the alert %s, which always fires, does not; alerting does not work", l.Heartbeat)
		}
	}
	s := l.judge(now, fmt.Sprintf("%s looked", count(could, "rule")), nil)
	s.alertEvidence(source, slices.Concat(now.firing, now.pending), nil)
	return s
}

// silent is a look at alerting that does not work: it says nothing about the world.
func silent(source run.Evidence, format string, args ...any) seen {
	s := unknown(source, format, args...)
	s.Ill = true
	return s
}

// query shows the same in Prometheus.
func (l rulesLook) query() run.Safe {
	matchers := []string{`alertstate="firing"`}
	if len(l.Names) > 0 {
		matchers = append(matchers, matcher("alertname", "=~", l.Names))
	}
	if len(l.Severity) > 0 {
		matchers = append(matchers, matcher("severity", "=~", l.Severity))
	}
	for _, label := range slices.Sorted(maps.Keys(l.Labels)) {
		matchers = append(matchers, fmt.Sprintf("%s=%q", label, l.Labels[label]))
	}
	if len(l.Names) == 0 {
		matchers = append(matchers, matcher("alertname", "!~", l.Except))
	}
	return run.MakeSafe("ALERTS{"+strings.Join(matchers, ",")+"}", maxQuery)
}

// matcher is one of Prometheus and Alertmanager for a list of values.
func matcher(label, operator string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	if len(values) == 1 && operator == "=~" {
		return fmt.Sprintf("%s=%q", label, values[0])
	}
	return fmt.Sprintf("%s%s%q", label, operator, strings.Join(quoted, "|"))
}

// amtool shows the same in an Alertmanager.
func (p alertsParams) amtool(base *url.URL) run.Safe {
	argv := []string{"amtool", "alert", "query", "--alertmanager.url=" + web.ShowURL(base)}
	if len(p.Names) > 0 {
		argv = append(argv, matcher("alertname", "=~", p.Names))
	}
	if len(p.Severity) > 0 {
		argv = append(argv, matcher("severity", "=~", p.Severity))
	}
	for _, label := range slices.Sorted(maps.Keys(p.Labels)) {
		argv = append(argv, fmt.Sprintf("%s=%q", label, p.Labels[label]))
	}
	return run.MakeSafe(process.ShellLine(argv), maxQuery)
}
