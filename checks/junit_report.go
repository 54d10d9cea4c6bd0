package checks

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
)

// testReport is what a JUnit report says, by its cases. Totals that a tool wrote beside them are only compared.
type testReport struct {
	tests, failed, errors, skipped, flaky int

	failures []testFailure // the first of them
	oldest   time.Time     // timestamp of the oldest suite that has cases; zero when none has one
	undated  int           // cases in suites without a timestamp
	zoneless bool          // a timestamp named no time zone
	odd      string        // the first total that contradicts the cases
	claimed  int           // failures that totals tell of and no case shows
	lost     int           // tests that totals tell of and no case shows
}

// testFailure is a test that failed, in the report's own words.
type testFailure struct{ name, message string }

const (
	maxFailures = 5   // failures that are shown of a report
	maxMessage  = 200 // bytes of a name or message in a report
	maxNesting  = 64  // elements inside of each other
)

func (r testReport) bad() int { return r.failed + r.errors + r.claimed }

// ran is how many tests really did something.
func (r testReport) ran() int { return r.tests - r.skipped }

// add puts another report's numbers to these.
func (r *testReport) add(o testReport, name string) {
	if !o.oldest.IsZero() && (r.oldest.IsZero() || o.oldest.Before(r.oldest)) {
		r.oldest = o.oldest
	}
	r.tests, r.failed, r.errors, r.skipped, r.flaky = r.tests+o.tests, r.failed+o.failed, r.errors+o.errors, r.skipped+o.skipped, r.flaky+o.flaky
	r.undated, r.claimed, r.lost, r.zoneless = r.undated+o.undated, r.claimed+o.claimed, r.lost+o.lost, r.zoneless || o.zoneless
	if r.odd == "" && o.odd != "" {
		r.odd = strings.TrimPrefix(name+": "+o.odd, ": ")
	}
	r.failures = append(r.failures, o.failures[:min(len(o.failures), maxFailures-min(len(r.failures), maxFailures))]...)
}

// parseJUnit reads a JUnit XML report: testsuites or testsuite at the root, suites in suites, cases with failure,
// error or skipped. It streams, refuses document types (and with them entities), and takes nothing for whole that
// breaks off.
func parseJUnit(zone *time.Location) func(*bufio.Reader, web.Secrets) (testReport, error) {
	return func(in *bufio.Reader, hide web.Secrets) (testReport, error) {
		if err := opening(in); err != nil {
			return testReport{}, err
		}
		p := junitParser{zone: zone, hide: hide, xml: xml.NewDecoder(in)}
		p.xml.CharsetReader = charset
		err := p.parse()
		return p.report, err
	}
}

// charset lets in the encodings that need no table.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return in, nil
	}
	return nil, fmt.Errorf("it is written in %q; write it in UTF-8", label)
}

// junitParser walks through the elements of a report.
type junitParser struct {
	xml    *xml.Decoder
	zone   *time.Location
	hide   web.Secrets
	report testReport
	open   []string // local names of the elements around
	rooted bool
	suites []suiteFrame
	test   *testCase
	into   *strings.Builder // text of the failure that is being read
}

// suiteFrame is an open testsuite or testsuites.
type suiteFrame struct {
	name           string
	at             time.Time
	tests, bad     int // what its totals say; -1 when they say nothing
	own, ownBad    int // cases right in it
	deep, deepBad  int // and in suites inside of it
	broken         int // failures and errors of the suite itself
	totalsAreNoise bool
}

// testCase is an open testcase.
type testCase struct {
	name, message  string
	failed, errors int
	skipped, flaky bool
}

func (p *junitParser) parse() error {
	for {
		token, err := p.xml.RawToken()
		if err == io.EOF {
			return p.end()
		}
		if err != nil {
			return fmt.Errorf("it is not whole XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = p.start(t)
		case xml.EndElement:
			err = p.close(t.Name.Local)
		case xml.CharData:
			err = p.text(t)
		case xml.Directive:
			err = errors.New("it declares a document type, which no test report needs")
		}
		if err != nil {
			return err
		}
	}
}

func (p *junitParser) end() error {
	switch {
	case len(p.open) > 0:
		return fmt.Errorf("it breaks off inside <%s>, after %s", p.open[len(p.open)-1], count(p.report.tests, "test"))
	case !p.rooted:
		return errors.New("it has no XML element")
	}
	return nil
}

func (p *junitParser) start(t xml.StartElement) error {
	name := t.Name.Local
	switch {
	case len(p.open) == 0 && p.rooted:
		return fmt.Errorf("a second root, <%s>, follows the first", name)
	case len(p.open) == 0 && name != "testsuites" && name != "testsuite":
		return fmt.Errorf("its root is <%s>; a JUnit report has <testsuites> or <testsuite>", name)
	case len(p.open) >= maxNesting:
		return fmt.Errorf("elements are nested more than %d deep", maxNesting)
	}
	p.rooted = true
	p.open = append(p.open, name)
	switch name {
	case "testsuites", "testsuite":
		if p.test != nil {
			return fmt.Errorf("a <%s> inside of a <testcase>", name)
		}
		p.suites = append(p.suites, p.frame(t.Attr))
	case "testcase":
		if p.test != nil {
			return errors.New("a <testcase> inside of a <testcase>")
		}
		p.test = p.newTestCase(t.Attr)
	case "failure", "error":
		p.failure(name, t.Attr)
	case "skipped", "disabled":
		if p.test != nil {
			p.test.skipped = true
		}
	case "flakyFailure", "flakyError":
		if p.test != nil {
			p.test.flaky = true
		}
	}
	return nil
}

// failure counts what is wrong with the test that is open, or with the suite itself.
func (p *junitParser) failure(kind string, attributes []xml.Attr) {
	message := p.words(cmp.Or(attribute(attributes, "message"), attribute(attributes, "type")))
	if p.test == nil {
		s := &p.suites[len(p.suites)-1]
		s.broken++
		p.report.errors++
		p.keep(testFailure{"suite " + s.name, message})
		return
	}
	if kind == "error" {
		p.test.errors++
	} else {
		p.test.failed++
	}
	if p.test.message == "" {
		p.test.message = message
		if message == "" {
			p.into = &strings.Builder{}
		}
	}
}

func (p *junitParser) text(data xml.CharData) error {
	if len(p.open) == 0 && strings.TrimSpace(string(data)) != "" {
		return errors.New("text stands outside of its root element")
	}
	if p.into != nil && p.into.Len() < maxMessage {
		p.into.WriteString(p.words(string(data)))
	}
	return nil
}

func (p *junitParser) close(name string) error {
	if len(p.open) == 0 || p.open[len(p.open)-1] != name {
		return fmt.Errorf("</%s> closes what is not open", name)
	}
	p.open = p.open[:len(p.open)-1]
	switch name {
	case "testsuites", "testsuite":
		p.closeSuite()
	case "testcase":
		p.closeCase()
	case "failure", "error":
		if p.into != nil && p.test != nil {
			p.test.message = strings.TrimSpace(p.into.String())
		}
		p.into = nil
	}
	return nil
}

func (p *junitParser) closeCase() {
	t, s := p.test, &p.suites[len(p.suites)-1]
	p.test = nil
	r := &p.report
	r.tests++
	s.own++
	s.deep++
	switch {
	case t.errors > 0:
		r.errors++
	case t.failed > 0:
		r.failed++
	case t.skipped:
		r.skipped++
	case t.flaky:
		r.flaky++
	}
	if t.errors+t.failed > 0 {
		s.ownBad++
		s.deepBad++
		p.keep(testFailure{t.name, t.message})
	}
	if s.at.IsZero() {
		r.undated++
	} else if r.oldest.IsZero() || s.at.Before(r.oldest) {
		r.oldest = s.at
	}
}

func (p *junitParser) keep(f testFailure) {
	if len(p.report.failures) < maxFailures {
		p.report.failures = append(p.report.failures, f)
	}
}

// closeSuite compares the suite's totals with its cases. Some tools count the cases of inner suites too, some don't:
// both are right.
func (p *junitParser) closeSuite() {
	s := p.suites[len(p.suites)-1]
	p.suites = p.suites[:len(p.suites)-1]
	s.ownBad, s.deepBad = s.ownBad+s.broken, s.deepBad+s.broken
	if len(p.suites) > 0 {
		outer := &p.suites[len(p.suites)-1]
		outer.deep += s.deep
		outer.deepBad += s.deepBad
	}
	testsDiffer := s.tests >= 0 && s.tests != s.deep && s.tests != s.own
	badDiffers := s.bad >= 0 && s.bad != s.deepBad && s.bad != s.ownBad
	// A suite that failed as a whole is no case, and some tools count it and some don't.
	if badDiffers && s.bad < s.deepBad && s.bad >= s.deepBad-s.broken {
		badDiffers = false
	}
	if s.totalsAreNoise && p.report.odd == "" {
		p.report.odd = fmt.Sprintf("the totals of suite %q are no numbers", s.name)
	}
	if !testsDiffer && !badDiffers {
		return
	}
	if badDiffers {
		p.report.claimed = max(p.report.claimed, s.bad-s.deepBad)
	}
	p.report.lost = max(p.report.lost, s.tests-s.deep)
	if p.report.odd == "" {
		p.report.odd = fmt.Sprintf("suite %q says %s, %d bad, its cases are %d, %d bad", s.name, count(max(s.tests, 0), "test"), max(s.bad, 0), s.deep, s.deepBad)
	}
}

func (p *junitParser) frame(attributes []xml.Attr) suiteFrame {
	s := suiteFrame{name: p.words(attribute(attributes, "name")), tests: -1, bad: -1}
	if len(p.suites) > 0 {
		s.at = p.suites[len(p.suites)-1].at
	}
	if text := attribute(attributes, "timestamp"); text != "" {
		if at, hasZone, ok := parseStamp(text, p.zone); ok {
			s.at = at
			p.report.zoneless = p.report.zoneless || !hasZone
		}
	}
	if n, ok := s.total(attributes, "tests"); ok {
		s.tests = n
	}
	failures, ok1 := s.total(attributes, "failures")
	broken, ok2 := s.total(attributes, "errors")
	if ok1 || ok2 {
		s.bad = failures + broken
	}
	return s
}

// total reads a number that a suite says of itself.
func (s *suiteFrame) total(attributes []xml.Attr, name string) (int, bool) {
	text := attribute(attributes, name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > 1e9 {
		s.totalsAreNoise = true
		return 0, false
	}
	return n, true
}

func (p *junitParser) newTestCase(attributes []xml.Attr) *testCase {
	t := &testCase{name: p.words(attribute(attributes, "name"))}
	if class := p.words(attribute(attributes, "classname")); class != "" && !strings.HasPrefix(t.name, class) {
		t.name = class + " " + t.name
	}
	// GoogleTest writes in attributes that a test did not run.
	result := attribute(attributes, "result")
	t.skipped = attribute(attributes, "status") == "notrun" || result == "skipped" || result == "suppressed"
	return t
}

// words hides what must not show and then cuts: the half of a secret would not be known as one.
func (p *junitParser) words(text string) string {
	text = p.hide.In(text)
	return text[:min(len(text), maxMessage)]
}

func attribute(attributes []xml.Attr, name string) string {
	for _, a := range attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parseStamp reads a suite's timestamp. The format wants none with a time zone, many tools write one all the same.
func parseStamp(text string, zone *time.Location) (at time.Time, hasZone, ok bool) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", time.RFC1123} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, false, true
		}
	}
	return time.Time{}, false, false
}
