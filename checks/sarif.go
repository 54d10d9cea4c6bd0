package checks

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type sarifParams struct {
	Reports map[string]Document `yaml:"reports" doc:"the scans by their names; each has path, url or configmap"`
	Fail    string              `yaml:"fail,omitempty" doc:"the severity from which a finding fails the check: critical (the default), high, medium or low"`
	Warn    string              `yaml:"warn,omitempty" doc:"the severity from which a finding warns; the one below fail when not written"`
}

var sarifKind = runbook.Kind{
	Name: "sarif",
	Doc: `Security scans in SARIF 2.1.0: all there, run through, and without a finding that is too bad.
passes   each report is there and its findings are below warn
warns    there are findings of warn and above, or a tool tells of errors in its own work
fails    a report is missing, or there are findings of fail and above
unknown  a report cannot be fetched or is no whole SARIF log; it has no run or no list of results; or a tool says that
         it did not run through (executionSuccessful)
The severity is the security-severity of the result, else of its rule: from 9.0 critical, from 7.0 high, from 4.0
medium, else low. A tool that gives none to any rule is judged by level: error is critical, warning medium, note low.
Where a tool rates its rules and one has no rating, error is high. Without a level that of the rule holds, else warning.
Results that are suppressed (and the suppression not rejected or under review), gone since the baseline, or no findings
at all (kind pass, notApplicable, informational; level none) are not counted; those unchanged since the baseline are.
self     a map of critical, high, medium, low, total, suppressed, and of reports: the same by name, each with tools`,
	Example:  "sarif: {reports: {codeql: {url: 'https://artifacts.example/v1.4.2/codeql.sarif'}, zap: {path: 'reports/zap.sarif'}}, fail: critical, warn: high}",
	Params:   sarifParams{},
	Interval: documentInterval,
	Timeout:  documentTimeout,
	Lint:     lintSARIF,
}

func lintSARIF(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*sarifParams)
	out := lintDocuments("reports", p.Reports, func(d Document) Document { return d })
	for _, s := range []struct{ path, text string }{{"fail", p.Fail}, {"warn", p.Warn}} {
		if _, err := parseSeverity(s.text); err != nil && s.text != "" && known(s.text) {
			out = append(out, problem(s.path, "write critical, high, medium or low", "%v", err))
		}
	}
	if fail, warn, err := p.limits(); err == nil && warn > fail {
		out = append(out, problem("warn", "write a severity below fail", "a finding that is %s fails before it warns", warn))
	}
	return out
}

// limits are the severities from which findings fail and warn.
func (p sarifParams) limits() (fail, warn severity, err error) {
	if fail, err = parseSeverity(cmp.Or(p.Fail, critical.String())); err != nil {
		return fail, warn, fmt.Errorf("fail: %w", err)
	}
	if p.Warn == "" {
		return fail, max(fail-1, low), nil
	}
	if warn, err = parseSeverity(p.Warn); err != nil {
		return fail, warn, fmt.Errorf("warn: %w", err)
	}
	return fail, warn, nil
}

func readySARIF(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[sarifParams](sarifKind, work.Check)
	if err != nil {
		return check{}, err
	}
	var l sarifLook
	if l.fail, l.warn, err = p.limits(); err != nil {
		return check{}, err
	}
	var c check
	for _, name := range sortedKeys(p.Reports) {
		r, err := newReader(w, work.Env, p.Reports[name], parseSARIF)
		if err != nil {
			return check{}, fmt.Errorf("report %s: %w", name, err)
		}
		l.reports = append(l.reports, sarifReport{name, r})
		c.reads(r.mapOf, r.watches(), r.hide)
	}
	c.look = l.look
	return c, nil
}

type sarifLook struct {
	reports    []sarifReport
	fail, warn severity
}

type sarifReport struct {
	name   string
	reader *reader[scan]
}

func (l sarifLook) look(ctx context.Context) seen {
	var all scan
	var parts []seen
	reports := map[string]any{}
	for _, r := range l.reports {
		got, scanned := l.lookAt(ctx, r)
		parts = append(parts, got)
		all.add(scanned)
		reports[r.name] = got.self
	}
	s := together(parts)
	self := all.self()
	self["reports"] = reports
	s.self = self
	if s.Status == run.Passed {
		s.Summary = said("no finding of %s or above in %s (%s): %s", l.warn, count(len(l.reports), "report"), strings.Join(all.tools, ", "), all.words())
	}
	return s
}

func (l sarifLook) lookAt(ctx context.Context, r sarifReport) (seen, scan) {
	e := r.reader.evidence()
	e.Expected = said("no finding of %s or above, run through", l.fail)
	files, err := r.reader.read(ctx)
	if err != nil {
		out := notRead(e, r.name+": ", err)
		out.Sensor = r.reader.asks()
		return out, scan{}
	}
	var all scan
	for _, f := range files {
		all.add(f.value)
	}
	out := l.judge(r.name, all, e)
	out.Sensor = r.reader.asks()
	return out, all
}

func (l sarifLook) judge(name string, all scan, e run.Evidence) seen {
	var out seen
	out.self = all.self()
	e.Observed = said("%s: %s", strings.Join(all.tools, ", "), all.words())
	switch bad, notable := all.from(l.fail), all.from(l.warn); {
	case bad > 0:
		out.summed(run.Failed, "%s: %s of %s or above: %s", name, count(bad, "finding"), l.fail, all.findings[0].words)
		out.Badness = float64(bad)
	case len(all.broken) > 0:
		out.summed(run.Unknown, "%s: %s", name, all.broken[0])
	case notable > 0:
		out.summed(run.Warn, "%s: %s of %s or above: %s", name, count(notable, "finding"), l.warn, all.findings[0].words)
		out.Badness = float64(notable)
	case all.complaints > 0:
		out.summed(run.Warn, "%s: %s tells of %s in its own work", name, strings.Join(all.tools, ", "), count(all.complaints, "error"))
		out.Badness = float64(all.complaints)
	default:
		out.summed(run.Passed, "%s: %s", name, all.words())
	}
	if len(all.broken) > 0 {
		e.Observed = said("%s; %s", all.broken[0], e.Observed)
	}
	out.Evidence = []run.Evidence{e}
	for _, f := range all.findings {
		if f.severity >= l.warn {
			out.Evidence = append(out.Evidence, run.Evidence{Observed: said("%s: %s", f.severity, f.words), Source: e.Source})
		}
	}
	return out
}

func (s scan) words() string {
	var words []string
	for i := critical; i > noSeverity; i-- {
		words = append(words, fmt.Sprintf("%d %s", s.found[i], i))
	}
	if s.suppressed > 0 {
		words = append(words, fmt.Sprintf("%d suppressed", s.suppressed))
	}
	return strings.Join(words, ", ")
}

func (s scan) self() map[string]any {
	tools := []any{}
	for _, t := range s.tools {
		tools = append(tools, t)
	}
	out := map[string]any{"total": s.from(low), "suppressed": s.suppressed, "tools": tools}
	for i := low; i <= critical; i++ {
		out[i.String()] = s.found[i]
	}
	return out
}
