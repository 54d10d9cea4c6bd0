package checks

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"pgregory.net/rapid"
)

const artifacts = "https://artifacts.example/v1.4.2/"

// cases is a small JUnit report with a suite of n tests that passed.
func cases(n int, more string) string {
	return fmt.Sprintf(`<testsuites><testsuite name="s" timestamp="2026-03-02T09:00:00Z">%s%s</testsuite></testsuites>`,
		strings.Repeat(`<testcase classname="a.B" name="t"/>`, n), more)
}

// suites are the parameters of a junit check that reads one report.
func suites(more ...any) map[string]any {
	p := params(more...)
	p["suites"] = params("unit", params("url", artifacts+"unit.xml"))
	return p
}

func TestJUnitReportsOfTools(t *testing.T) {
	for _, c := range []struct {
		file   string
		report testReport
		words  []string
	}{
		{"gotestsum", testReport{tests: 5, failed: 1, skipped: 1}, []string{"shop TestPay: Failed"}},
		{"pytest", testReport{tests: 4, failed: 1, errors: 1, skipped: 1}, []string{"test_wrong: assert 4 == 5", "tests.test_broken: collection failure"}},
		{"jest-junit", testReport{tests: 4, failed: 1, skipped: 1}, []string{"sum fails <here>: Error: expect(received)"}},
		{"playwright", testReport{tests: 4, failed: 1, skipped: 1}, []string{"shop › pays: expect(received).toBe(expected)"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			b := newBench(t)
			b.files = os.DirFS("testdata/junit")
			r := b.look(runbook.Check{Kind: "junit", Params: params("suites", params("unit", params("path", c.file+".xml")), "maxAge", "24h")})
			words := append(c.words, fmt.Sprintf("%d tests, %d failed, %d errors, %d skipped, from 2026-03-02T08:30:00Z", c.report.tests, c.report.failed, c.report.errors, c.report.skipped), "cat "+c.file+".xml")
			want(t, r, run.Failed, words...)
			if r.Badness != float64(c.report.failed+c.report.errors) || r.Sensor != "files" {
				t.Errorf("badness %v, sensor %q", r.Badness, r.Sensor)
			}
		})
	}
}

func TestJUnit(t *testing.T) {
	bad := `<testcase classname="a.B" name="pays"><failure message="got 3, want 4">at b.go:7</failure></testcase>`
	for _, c := range []struct {
		name   string
		report string
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"good", cases(3, ""), suites("maxAge", "24h", "since", "2026-03-02T08:00:00Z"), "", run.Passed, []string{"3 tests, none failed in 1 suite", "curl -fsSL " + artifacts + "unit.xml", "≥ 1 test run", "not before 2026-03-02 08:00:00 UTC", "not older than 24h"}},
		{"a suite at the root", `<testsuite name="x"><testcase name="a"/></testsuite>`, suites(), "", run.Passed, []string{"1 test, none failed"}},
		{"cases at the root", `<testsuites><testcase name="a"/></testsuites>`, suites(), "", run.Passed, nil},
		{"nested suites", `<testsuites tests="3"><testsuite tests="3"><testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite><testcase name="c"/></testsuite></testsuites>`, suites(), "", run.Passed, []string{"3 tests"}},
		{"totals of the own cases only", `<testsuite tests="1"><testsuite tests="2"><testcase/><testcase/></testsuite><testcase/></testsuite>`, suites(), "", run.Passed, []string{"3 tests"}},
		{"skipped are shown", cases(3, `<testcase name="x"><skipped/></testcase>`), suites(), "", run.Passed, []string{"3 tests, none failed, 1 skipped"}},
		{"flaky are shown", cases(3, `<testcase name="x"><flakyFailure/></testcase>`), suites(), "", run.Passed, []string{"4 tests, none failed, 1 flaky"}},
		{"Latin script in UTF-8", "\xef\xbb\xbf" + cases(1, `<testcase name="größer"/>`), suites(), "", run.Passed, []string{"2 tests"}},
		{"one failed", cases(3, bad), suites(), "", run.Failed, []string{"unit: 1 of 4 tests failed", "failed: a.B pays: got 3, want 4"}},
		{"an error", cases(3, `<testcase name="x"><error>it broke</error></testcase>`), suites(), "", run.Failed, []string{"1 of 4 tests failed", "x: it broke"}},
		{"failure and error of one test", cases(0, `<testcase name="x"><failure/><error/></testcase>`), suites(), "", run.Failed, []string{"1 of 1 test failed"}},
		{"a failed suite", cases(3, `<error message="could not compile"/>`), suites(), "", run.Failed, []string{"suite s: could not compile"}},
		{"empty", cases(0, ""), suites(), "", run.Failed, []string{"the report is empty, no test ran"}},
		{"empty root", `<testsuites/>`, suites(), "", run.Failed, []string{"the report is empty"}},
		{"all skipped", cases(0, `<testcase><skipped/></testcase>`), suites(), "", run.Failed, []string{"no test ran, all 1 were skipped"}},
		{"did not run, as GoogleTest says it", cases(0, `<testcase status="notrun"/>`), suites(), "", run.Failed, []string{"all 1 were skipped"}},
		{"too few", cases(3, `<testcase><skipped/></testcase>`), suites("minTests", 4), "", run.Failed, []string{"3 tests ran, expected at least 4"}},
		{"too many skipped", cases(3, `<testcase><skipped/></testcase>`), suites("maxSkipped", 0), "", run.Failed, []string{"1 skipped, at most 0 may be"}},
		{"totals know of failures", `<testsuite name="x" tests="2" failures="1"><testcase/><testcase/></testsuite>`, suites(), "", run.Failed, []string{"its totals tell of 1 more that failed"}},
		{"totals know of tests", `<testsuite name="x" tests="9"><testcase/></testsuite>`, suites(), "", run.Warn, []string{`suite "x" says 9 tests, 0 bad, its cases are 1, 0 bad`}},
		{"totals know of fewer", `<testsuite name="x" tests="1"><testcase/><testcase/></testsuite>`, suites(), "", run.Passed, []string{`its cases are 2`}},
		{"totals are no numbers", `<testsuite name="x" tests="many" failures="-1"><testcase/></testsuite>`, suites(), "", run.Passed, []string{"are no numbers"}},
		{"too old", cases(3, ""), suites("maxAge", "10m"), "", run.Failed, []string{"unit: stale: from 2026-03-02 09:00:00 UTC, must not be before 2026-03-02 09:20:00 UTC"}},
		{"older than the commit", cases(3, ""), suites("since", "2026-03-02T10:05:00+01:00"), "", run.Failed, []string{"stale", "09:05:00 UTC"}},
		{"no timestamp", `<testsuite><testcase/></testsuite>`, suites("maxAge", "24h"), "", run.Unknown, []string{"1 test without a timestamp"}},
		{"an unreadable timestamp", `<testsuite timestamp="yesterday"><testcase/></testsuite>`, suites("maxAge", "24h"), "", run.Unknown, []string{"without a timestamp"}},
		{"one suite without", `<testsuites><testsuite timestamp="2026-03-02T09:00:00Z"><testcase/></testsuite><testsuite><testcase/></testsuite></testsuites>`, suites("maxAge", "24h"), "", run.Unknown, []string{"1 test without"}},
		{"no time zone", `<testsuite timestamp="2026-03-02T09:00:00"><testcase/></testsuite>`, suites("maxAge", "1h"), "", run.Passed, []string{"names no time zone"}},
		{"no time zone, another one", `<testsuite timestamp="2026-03-02T09:00:00"><testcase/></testsuite>`, suites("maxAge", "1h", "zone", "Europe/Berlin"), "", run.Failed, []string{"from 2026-03-02 08:00:00 UTC"}},
		{"from the future", `<testsuite timestamp="2026-03-02T11:00:00"><testcase/></testsuite>`, suites("maxAge", "1h"), "", run.Unknown, []string{"still to come", "write zone"}},
		{"failed and of unknown age", `<testsuite><testcase><failure/></testcase></testsuite>`, suites("maxAge", "1h"), "", run.Failed, nil},
		{"expect", cases(3, ""), suites(), "self.tests == 3 && self.suites.unit.age < 3600.0", run.Passed, []string{"tests = 3", "suites.unit.age = 1800"}},
		{"expect is false", cases(3, ""), suites(), "self.skipped > 0", run.Failed, []string{"skipped = 0"}},
		{"expect does not make failures good", cases(3, bad), suites(), "self.failed == 1", run.Failed, nil},
		{"a log-in page", "\n<!DOCTYPE html><html><body>log in</body></html>", suites(), "", run.Unknown, []string{"cannot be read: it is an HTML page"}},
		{"another root", `<coverage/>`, suites(), "", run.Unknown, []string{"its root is <coverage>"}},
		{"no XML", "PASS\nok shop 0.01s", suites(), "", run.Unknown, []string{"text stands outside"}},
		{"JSON", `{"tests": 3}`, suites(), "", run.Unknown, []string{"text stands outside"}},
		{"nothing", "", suites(), "", run.Unknown, []string{"it is empty"}},
		{"blanks", " \n ", suites(), "", run.Unknown, []string{"it is empty"}},
		{"cut between elements", cases(3, "")[:strings.LastIndex(cases(3, ""), "<testcase")], suites(), "", run.Unknown, []string{"breaks off inside", "after 2 tests"}},
		{"a second root", cases(1, "") + cases(1, ""), suites(), "", run.Unknown, []string{"a second root"}},
		{"crossed elements", `<testsuite><testcase></testsuite></testcase>`, suites(), "", run.Unknown, []string{"closes what is not open"}},
		{"a test in a test", `<testsuite><testcase><testcase/></testcase></testsuite>`, suites(), "", run.Unknown, []string{"<testcase> inside"}},
		{"entities", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>`, suites(), "", run.Unknown, []string{"document type"}},
		{"an unknown entity", `<testsuite><testcase name="&b;"/></testsuite>`, suites(), "", run.Unknown, []string{"not whole XML"}},
		{"deep", strings.Repeat("<testsuite>", 100_000), suites(), "", run.Unknown, []string{"more than 64 deep"}},
		{"NUL", "<testsuite><testcase name=\"\x00\"/></testsuite>", suites(), "", run.Unknown, []string{"not whole XML"}},
		{"broken UTF-8", "<testsuite><testcase name=\"\xff\"/></testsuite>", suites(), "", run.Unknown, []string{"not whole XML"}},
		{"another encoding", `<?xml version="1.0" encoding="EBCDIC"?><testsuite/>`, suites(), "", run.Unknown, []string{"EBCDIC"}},
		{"UTF-16", "\xff\xfe<\x00t\x00", suites(), "", run.Unknown, []string{"UTF-16"}},
		{"hostile words", cases(0, "<testcase name=\"a\u202e&#x9b;31m\"><failure message=\"GOOD&#13;EVIL\"/></testcase>"), suites(), "", run.Failed, []string{"a<U+202E><U+009B>31m", "GOOD^MEVIL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = says(200, c.report)
			r := b.look(runbook.Check{Kind: "junit", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if r.Sensor != "artifacts.example" {
				t.Errorf("sensor %q", r.Sensor)
			}
			if (c.status == run.Failed || c.status == run.Warn) && c.expect == "" && r.Badness <= 0 {
				t.Error("bad, and not said how bad")
			}
		})
	}
}

func TestJUnitOfSeveralSuites(t *testing.T) {
	for _, c := range []struct {
		name   string
		e2e    func(http.ResponseWriter)
		status run.Status
		ill    bool
		words  []string
	}{
		{"good", func(w http.ResponseWriter) { io.WriteString(w, cases(2, "")) }, run.Passed, false, []string{"5 tests, none failed in 2 suites"}},
		{"one is missing", func(w http.ResponseWriter) { w.WriteHeader(404) }, run.Failed, false, []string{"e2e: missing: the server answers 404"}},
		{"one failed", func(w http.ResponseWriter) { io.WriteString(w, cases(2, `<testcase><error/></testcase>`)) }, run.Failed, false, []string{"e2e: 1 of 3 tests failed"}},
		{"one is forbidden", func(w http.ResponseWriter) { w.WriteHeader(403) }, run.Unknown, true, []string{"e2e: could not look: the server answers 403; give it credentials"}},
		{"one is ill", func(w http.ResponseWriter) { w.WriteHeader(502) }, run.Unknown, true, []string{"e2e: could not look: the server answers 502"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.http = serve(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "e2e.xml") {
					c.e2e(w)
					return
				}
				io.WriteString(w, cases(3, ""))
			})
			p := params("suites", params("unit", params("url", artifacts+"unit.xml", "minTests", 3), "e2e", params("url", artifacts+"e2e.xml")), "minTests", 2)
			r := b.look(runbook.Check{Kind: "junit", Params: p})
			want(t, r, c.status, c.words...)
			if r.Ill != c.ill {
				t.Errorf("ill %v", r.Ill)
			}
		})
	}
	b := newBench(t)
	b.files = fstest.MapFS{"unit.xml": {Data: []byte(cases(1, `<testcase><failure/></testcase>`))}}
	b.http = says(503, "")
	r := b.look(runbook.Check{Kind: "junit", Params: params("suites", params("unit", params("path", "unit.xml"), "e2e", params("url", artifacts+"e2e.xml")))})
	want(t, r, run.Failed, "unit: 1 of 2 tests failed", "could not look: the server answers 503")
}

// TestJUnitAgeOfACopy: the time of a file proves that its report is old, never that it is new.
func TestJUnitAgeOfACopy(t *testing.T) {
	for age, status := range map[time.Duration]run.Status{time.Minute: run.Unknown, 25 * time.Hour: run.Failed} {
		b := newBench(t)
		b.files = fstest.MapFS{"r/a.xml": {Data: []byte(`<testsuite><testcase/></testsuite>`), ModTime: monday.Add(-age)}}
		p := params("suites", params("unit", params("path", "r/*.xml")), "maxAge", "24h")
		want(t, b.look(runbook.Check{Kind: "junit", Params: p}), status)
	}
}

// TestJUnitGrowsOld: a report that nobody touches turns stale at its hour, not at the next interval.
func TestJUnitGrowsOld(t *testing.T) {
	b := newBench(t)
	b.http = says(200, cases(1, ""))
	got := b.follow(runbook.Check{Kind: "junit", Params: suites("maxAge", "31m"), Interval: runbook.Duration{D: time.Hour}}, 2)
	if got[0].status != run.Passed || got[1].status != run.Failed || got[1].after != time.Minute+time.Second {
		t.Errorf("got %+v", got)
	}
}

func TestJUnitShowsNoSecret(t *testing.T) {
	b := newBench(t)
	b.variable = map[string]string{"CI_TOKEN": "s3cr3t-token"}
	for n := maxMessage - 20; n <= maxMessage; n++ {
		echo := strings.Repeat("x", n) + "s3cr3t-token"
		b.http = serve(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer s3cr3t-token" {
				t.Error("the credentials were not sent")
			}
			fmt.Fprintf(w, `<testsuite><testcase name="%s"><failure message="%s"/></testcase><testcase><failure>%s</failure></testcase></testsuite>`, echo, echo, echo)
		})
		p := params("suites", params("unit", params("url", artifacts+"unit.xml", "headers", params("Authorization", "Bearer $CI_TOKEN"))))
		r := b.look(runbook.Check{Kind: "junit", Params: p})
		want(t, r, run.Failed, `-H "Authorization: Bearer $CI_TOKEN"`)
		if strings.Contains(shown(r), "s3c") {
			t.Fatalf("%q", shown(r))
		}
	}
}

func TestJUnitIsReadInAStream(t *testing.T) {
	suite := `<testsuite name="s" timestamp="2026-03-02T09:00:00Z">` + strings.Repeat(`<testcase classname="shop.Basket" name="adds one more of the same thing" time="0.001"><system-out>adding 1 of 2, and then some more words</system-out></testcase>`, 100) + `</testsuite>`
	n := 10 << 20 / len(suite)
	text := strings.Repeat(suite, n)
	from := io.MultiReader(strings.NewReader("<testsuites>"), strings.NewReader(text), strings.NewReader("</testsuites>"))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what a sync.Pool holds goes with the second
	runtime.ReadMemStats(&before)
	began := time.Now()
	r, err := parseJUnit(time.UTC)(bufio.NewReader(from), nil)
	took := time.Since(began)
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(text) // or its end would hide what is kept
	if err != nil || r.tests != 100*n || r.failed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	t.Logf("10 MiB in %v", took)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 1<<20 {
		t.Errorf("%d bytes are kept of a report", kept)
	}
}

func BenchmarkJUnit(b *testing.B) {
	report := cases(0, strings.Repeat(`<testcase classname="shop.Basket" name="adds one more" time="0.001"><system-out>words</system-out></testcase>`, 100_000))
	b.SetBytes(int64(len(report)))
	for b.Loop() {
		if _, err := parseJUnit(time.UTC)(bufio.NewReader(strings.NewReader(report)), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// TestJUnitCounts: whatever the shape of a report, the numbers are those of its cases.
func TestJUnitCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var expected testReport
		var suite func(depth int) string
		suite = func(depth int) string {
			var out strings.Builder
			out.WriteString("<testsuite>")
			for range rapid.IntRange(0, 4).Draw(t, "cases") {
				inside := rapid.SampledFrom([]string{"", "<skipped/>", "<failure/>", "<error/>", "<failure/><skipped/>", "<system-out>x</system-out>"}).Draw(t, "inside")
				expected.tests++
				switch {
				case strings.Contains(inside, "error"):
					expected.errors++
				case strings.Contains(inside, "failure"):
					expected.failed++
				case strings.Contains(inside, "skipped"):
					expected.skipped++
				}
				out.WriteString("<testcase>" + inside + "</testcase>")
			}
			for range rapid.IntRange(0, 3-depth).Draw(t, "suites") {
				out.WriteString(suite(depth + 1))
			}
			return out.String() + "</testsuite>"
		}
		text := "<testsuites>" + suite(0) + "</testsuites>"
		got, err := parseJUnit(time.UTC)(bufio.NewReader(strings.NewReader(text)), nil)
		if err != nil || got.tests != expected.tests || got.failed != expected.failed || got.errors != expected.errors || got.skipped != expected.skipped {
			t.Fatalf("%s: %+v, %v; want %+v", text, got, err, expected)
		}
		cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut")
		if _, err := parseJUnit(time.UTC)(bufio.NewReader(strings.NewReader(text[:cut])), nil); err == nil {
			t.Fatalf("%q was taken for whole", text[:cut])
		}
	})
}
