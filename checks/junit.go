package checks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type junitParams struct {
	Suites     map[string]suiteParams `yaml:"suites" doc:"the reports by the name of the suite; each has path, url or configmap, and may have minTests"`
	Since      string                 `yaml:"since,omitempty" doc:"no report may be older than this instant, such as 2026-03-02T09:30:00Z: usually the commit's"`
	MaxAge     runbook.Duration       `yaml:"maxAge,omitempty" doc:"no report may be older than this, such as 24h"`
	MinTests   int                    `yaml:"minTests,omitempty" doc:"how many tests each suite must have run, skipped ones not counted; 1 when not written"`
	MaxSkipped *int                   `yaml:"maxSkipped,omitempty" doc:"how many tests of each suite may be skipped; any number when not written"`
	Zone       string                 `yaml:"zone,omitempty" doc:"time zone of timestamps that name none; UTC when not written"`
}

type suiteParams struct {
	Document `yaml:",inline" doc:"where the report is"`
	MinTests int `yaml:"minTests,omitempty" doc:"how many tests this suite must have run"`
}

var junitKind = runbook.Kind{
	Name: "junit",
	Doc: `Test reports in JUnit's XML: all there, every test of them passed, none older than the commit. Cases are counted, one
by one; totals that contradict them are said, and failures that only the totals know count too.
passes   each report is there, has at least minTests tests that ran, and none of them failed
warns    the same, but its totals tell of more tests than it has cases
fails    a report is missing, a test failed, too few ran (none at all is never a pass), too many were skipped, or a
         report is older than since or maxAge
unknown  a report cannot be fetched or is no whole JUnit report; or an age is asked for and the report has no timestamp
A test file that could not run at all may be missing from the report (jest-junit without reportTestSuiteErrors): write
minTests. The age is that of the oldest suite by its timestamp attribute. Without one, the time at which the file was written or
uploaded can show that a report is too old, and never that it is new: tests are older than the copy of their report.
self     a map of tests, ran, passed, failed, errors, skipped and flaky, and of suites: the same by name, each with
         timestamp (a text) and age (in seconds, -1 when there is no timestamp)`,
	Example:  "junit: {suites: {unit: {url: 'https://artifacts.example/v1.4.2/unit.xml', minTests: 100}, e2e: {path: 'reports/e2e-*.xml'}}, maxAge: 24h}",
	Params:   junitParams{},
	Interval: documentInterval,
	Timeout:  documentTimeout,
	Lint:     lintJUnit,
}

func lintJUnit(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*junitParams)
	out := lintDocuments("suites", p.Suites, func(s suiteParams) Document { return s.Document })
	if _, err := time.Parse(time.RFC3339, p.Since); p.Since != "" && known(p.Since) && err != nil {
		out = append(out, problem("since", "write it as 2026-03-02T09:30:00Z; git log -1 --format=%cI prints it so", "%q is not an instant", p.Since))
	}
	if _, err := time.LoadLocation(p.Zone); err != nil && known(p.Zone) {
		out = append(out, problem("zone", "write UTC or a name such as Europe/Berlin", "%q is not a time zone", p.Zone))
	}
	if p.MaxAge.D < 0 {
		out = append(out, problem("maxAge", "write it as 24h", "an age is not below zero"))
	}
	if p.MinTests < 0 || slices.ContainsFunc(sortedKeys(p.Suites), func(name string) bool { return p.Suites[name].MinTests < 0 }) {
		out = append(out, problem("minTests", "write 1 or more", "a number of tests is not below zero"))
	}
	if p.MaxSkipped != nil && *p.MaxSkipped < 0 {
		out = append(out, problem("maxSkipped", "write 0 or more", "a number of tests is not below zero"))
	}
	return out
}

func readyJUnit(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[junitParams](junitKind, work.Check)
	if err != nil {
		return check{}, err
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return check{}, fmt.Errorf("zone: %w", err)
	}
	l := junitLook{junitParams: p, clock: w.Clock}
	if p.Since != "" {
		if l.since, err = time.Parse(time.RFC3339, p.Since); err != nil {
			return check{}, fmt.Errorf("since: %w", err)
		}
	}
	var c check
	for _, name := range sortedKeys(p.Suites) {
		r, err := newReader(w, work.Env, p.Suites[name].Document, parseJUnit(zone))
		if err != nil {
			return check{}, fmt.Errorf("suite %s: %w", name, err)
		}
		l.suites = append(l.suites, junitSuite{name, max(cmp.Or(p.Suites[name].MinTests, p.MinTests), 1), r})
		c.reads(r.mapOf, r.watches(), r.hide)
	}
	c.look = l.look
	return c, nil
}

type junitLook struct {
	junitParams
	suites []junitSuite
	since  time.Time
	clock  run.Clock
}

type junitSuite struct {
	name   string
	least  int
	reader *reader[testReport]
}

func (l junitLook) look(ctx context.Context) seen {
	var all testReport
	var parts []seen
	suites := map[string]any{}
	for _, s := range l.suites {
		got, report := l.lookAt(ctx, s)
		parts = append(parts, got)
		all.add(report, s.name)
		suites[s.name] = got.self
	}
	s := together(parts)
	self := all.self()
	self["suites"] = suites
	s.self = self
	if s.Status == run.Passed || s.Status == run.Warn {
		s.Summary = said("%s, none failed%s in %s", count(all.ran(), "test"), all.aside(), count(len(l.suites), "suite"))
		if all.lost > 0 {
			s.Summary = said("%s; %s", s.Summary, all.odd)
		}
	}
	return s
}

// lookAt reads and judges one suite's report.
func (l junitLook) lookAt(ctx context.Context, s junitSuite) (seen, testReport) {
	e := s.reader.evidence()
	e.Expected = said("%s run, none failed%s", atLeast(s.least, "test"), l.expectedAge())
	files, err := s.reader.read(ctx)
	if err != nil {
		out := notRead(e, s.name+": ", err)
		out.Sensor = s.reader.asks()
		return out, testReport{}
	}
	var report testReport
	var written time.Time
	for _, f := range files {
		report.add(f.value, f.name)
		if written.IsZero() || f.written.Before(written) {
			written = f.written
		}
	}
	out := l.judge(s, report, written, e)
	out.Sensor = s.reader.asks()
	return out, report
}

func (l junitLook) judge(s junitSuite, r testReport, written time.Time, e run.Evidence) seen {
	now := l.clock.Now()
	age := l.age(r, written, now)
	var out seen
	self := r.self()
	self["timestamp"], self["age"] = "", -1.0
	if !r.oldest.IsZero() {
		self["timestamp"], self["age"] = r.oldest.Format(time.RFC3339), now.Sub(r.oldest).Seconds()
	}
	out.self = self
	e.Observed = said("%s, %d failed, %d errors, %d skipped%s", count(r.tests, "test"), r.failed, r.errors, r.skipped, age.words)
	var wrong []string
	if r.failed+r.errors > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %s failed", r.failed+r.errors, count(r.tests, "test")))
	}
	if r.claimed > 0 {
		wrong = append(wrong, fmt.Sprintf("its totals tell of %d more that failed", r.claimed))
	}
	switch short := s.least - r.ran(); {
	case r.tests == 0:
		wrong = append(wrong, "the report is empty, no test ran")
	case r.ran() == 0:
		wrong = append(wrong, fmt.Sprintf("no test ran, all %d were skipped", r.tests))
	case short > 0:
		wrong = append(wrong, fmt.Sprintf("%s ran, expected at least %d", count(r.ran(), "test"), s.least))
	}
	tooMany := 0
	if l.MaxSkipped != nil && r.skipped > *l.MaxSkipped {
		tooMany = r.skipped - *l.MaxSkipped
		wrong = append(wrong, fmt.Sprintf("%d skipped, at most %d may be", r.skipped, *l.MaxSkipped))
	}
	if age.status == run.Failed {
		wrong = append(wrong, age.why)
	}
	out.again = age.again
	switch {
	case len(wrong) > 0:
		out.summed(run.Failed, "%s: %s", s.name, s.reader.hide.In(strings.Join(wrong, "; ")))
		out.Badness = float64(r.bad() + max(s.least-r.ran(), 0) + tooMany)
		out.Badness = max(out.Badness, 1)
	case age.status == run.Unknown:
		out.summed(run.Unknown, "%s: %s", s.name, age.why)
	case r.lost > 0:
		out.summed(run.Warn, "%s: %s", s.name, s.reader.hide.In(r.odd))
		out.Badness = float64(r.lost)
	default:
		out.summed(run.Passed, "%s: %s, none failed", s.name, count(r.ran(), "test"))
	}
	if r.odd != "" {
		e.Observed = said("%s; %s", e.Observed, s.reader.hide.In(r.odd))
	}
	out.Evidence = []run.Evidence{e}
	for _, f := range r.failures {
		out.Evidence = append(out.Evidence, run.Evidence{Observed: said("failed: %s", s.reader.hide.In(f.words())), Source: e.Source})
	}
	return out
}

func (f testFailure) words() string {
	if f.message == "" {
		return f.name
	}
	return f.name + ": " + f.message
}

// reportAge is what is known of how old a report is.
type reportAge struct {
	status run.Status
	words  string // for evidence
	why    string // when it is not good
	again  time.Duration
}

// earlyStamp is how far ahead of ours the clock of the machine that ran the tests may be.
const earlyStamp = 5 * time.Minute

// age judges a report's age by the rules in the kind's doc text.
func (l junitLook) age(r testReport, written, now time.Time) reportAge {
	limit, asked := l.since, !l.since.IsZero() || l.MaxAge.D > 0
	if oldest := now.Add(-l.MaxAge.D); l.MaxAge.D > 0 && oldest.After(limit) {
		limit = oldest
	}
	a := reportAge{status: run.Passed}
	if r.oldest.IsZero() {
		a.words = ", no timestamp"
	} else {
		a.words = ", from " + r.oldest.UTC().Format(time.RFC3339)
		if r.zoneless {
			a.words += " (the report names no time zone)"
		}
	}
	switch {
	case !asked || r.tests == 0:
	case !r.oldest.IsZero() && r.oldest.Before(limit):
		a.status, a.why = run.Failed, fmt.Sprintf("stale: from %s, must not be before %s", instant(r.oldest), instant(limit))
	case r.undated > 0 && !written.IsZero() && written.Before(limit):
		a.status, a.why = run.Failed, fmt.Sprintf("stale: put there %s, must not be before %s", instant(written), instant(limit))
	case r.undated > 0:
		a.status, a.why = run.Unknown, fmt.Sprintf("%s without a timestamp, so nothing says that they are new enough", count(r.undated, "test"))
	case r.oldest.After(now.Add(earlyStamp)):
		a.status, a.why = run.Unknown, fmt.Sprintf("it says that it is from %s, which is still to come; write zone if its times are not UTC", instant(r.oldest))
	case l.MaxAge.D > 0:
		a.again = r.oldest.Add(l.MaxAge.D).Sub(now) + time.Second
	}
	return a
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (l junitLook) expectedAge() string {
	words := ""
	if !l.since.IsZero() {
		words += ", not before " + instant(l.since)
	}
	if l.MaxAge.D > 0 {
		words += ", not older than " + l.MaxAge.D.String()
	}
	return words
}

func (r testReport) self() map[string]any {
	return map[string]any{
		"tests": r.tests, "ran": r.ran(), "passed": r.ran() - r.failed - r.errors, "failed": r.failed, "errors": r.errors,
		"skipped": r.skipped, "flaky": r.flaky,
	}
}

// aside is what a pass should not keep silent about.
func (r testReport) aside() string {
	words := ""
	if r.skipped > 0 {
		words += fmt.Sprintf(", %d skipped", r.skipped)
	}
	if r.flaky > 0 {
		words += fmt.Sprintf(", %d flaky", r.flaky)
	}
	return words
}

// atLeast is a lower bound in words.
func atLeast(n int, noun string) string { return "≥ " + count(n, noun) }
