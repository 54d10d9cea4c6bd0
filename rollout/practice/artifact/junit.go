package artifact

import (
	"encoding/xml"
	"fmt"
	"time"
)

// The form of JUnit's reports, as far as the three tools use it.
type (
	testSuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		ID       *string     `xml:"id,attr"`
		Name     *string     `xml:"name,attr"`
		Tests    *int        `xml:"tests,attr"`
		Failures *int        `xml:"failures,attr"`
		Skipped  *int        `xml:"skipped,attr"`
		Errors   *int        `xml:"errors,attr"`
		Time     string      `xml:"time,attr,omitempty"`
		Suites   []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name       string      `xml:"name,attr"`
		Tests      int         `xml:"tests,attr"`
		Failures   int         `xml:"failures,attr"`
		Errors     int         `xml:"errors,attr"`
		Skipped    int         `xml:"skipped,attr"`
		Time       string      `xml:"time,attr"`
		Timestamp  string      `xml:"timestamp,attr"`
		Hostname   string      `xml:"hostname,attr,omitempty"`
		Properties *properties `xml:"properties"`
		Cases      []testCase  `xml:"testcase"`

		seconds float64
	}
	properties struct {
		List []property `xml:"property"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testCase struct {
		Classname string  `xml:"classname,attr"`
		Name      string  `xml:"name,attr"`
		Time      string  `xml:"time,attr"`
		Failure   *defect `xml:"failure"`
		Error     *defect `xml:"error"`
		Skipped   *defect `xml:"skipped"`
	}
	defect struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// style is how a tool names things.
type style struct {
	suites  []string
	each    int     // tests in a suite
	seconds float64 // that a test takes at most
	class   func(suite string) string
	test    func(suite string, i int) string
	failure defect
}

// run makes up the suites of a test run, what is wrong with it in the first tests.
func (f facts) run(s style) []testSuite {
	failures, errors, skipped := f.Failures, f.Errors, f.Skipped
	take := func(n *int) bool {
		if *n > 0 {
			*n--
			return true
		}
		return false
	}
	var all []testSuite
	for _, name := range s.suites {
		suite := testSuite{Name: name}
		n := s.each + f.chance.IntN(s.each)
		for i := range n {
			took := s.seconds * f.chance.Float64()
			c := testCase{Classname: s.class(name), Name: s.test(name, i), Time: fmt.Sprintf("%.3f", took)}
			switch {
			case take(&failures):
				c.Failure, suite.Failures = &s.failure, suite.Failures+1
			case take(&errors):
				c.Error, suite.Errors = &defect{Message: "setup failed", Text: "the database did not answer within 30 s"}, suite.Errors+1
			case take(&skipped):
				c.Skipped, suite.Skipped = &defect{Message: "waits for a fix"}, suite.Skipped+1
			}
			suite.seconds += took
			suite.Cases = append(suite.Cases, c)
		}
		suite.Tests, suite.Time = n, fmt.Sprintf("%.3f", suite.seconds)
		all = append(all, suite)
	}
	return all
}

// sum is the head over some suites.
func sum(all []testSuite) testSuites {
	tests, failures, errors, skipped, seconds := 0, 0, 0, 0, 0.0
	for _, s := range all {
		tests, failures, errors, skipped = tests+s.Tests, failures+s.Failures, errors+s.Errors, skipped+s.Skipped
		seconds += s.seconds
	}
	return testSuites{Tests: &tests, Failures: &failures, Errors: &errors, Skipped: &skipped, Time: fmt.Sprintf("%.6f", seconds), Suites: all}
}

func (s testSuites) text() ([]byte, error) {
	text, err := xml.MarshalIndent(s, "", "\t")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

// words that tests are named with.
var subjects = []string{"Lobby", "Match", "Player", "Session", "Invitation", "Score", "Board", "Replay"}

// unitReport is what gotestsum writes.
func unitReport(f facts) ([]byte, error) {
	const module = "political-sphere/platform/"
	all := f.run(style{
		suites: []string{module + "api/lobby", module + "api/match", module + "web/session", module + "worker/score", module + "game/board"},
		each:   40, seconds: 0.08,
		class: func(suite string) string { return suite },
		test: func(_ string, i int) string {
			return fmt.Sprintf("Test%sKeepsItsPromise/%02d", subjects[i%len(subjects)], i)
		},
		failure: defect{Message: "Failed", Text: "    lobby_test.go:87: got 409, want 201\n"},
	})
	for i := range all {
		all[i].Timestamp = f.at.Add(-20 * time.Minute).Format(time.RFC3339)
		all[i].Properties = &properties{[]property{{"go.version", "go1.26 linux/amd64"}}}
	}
	head := sum(all)
	head.Skipped = nil
	return head.text()
}

// integrationReport is what pytest writes: one suite for all.
func integrationReport(f facts) ([]byte, error) {
	all := f.run(style{
		suites: []string{"pytest"}, each: 70, seconds: 2.5,
		class:   func(string) string { return "tests.integration.test_api" },
		test:    func(_ string, i int) string { return fmt.Sprintf("test_%s_survives_a_restart[%d]", word(i), i) },
		failure: defect{Message: "AssertionError: assert 500 == 200", Text: "def test_lobby():\n>       assert answer.status == 200\nE       assert 500 == 200\n"},
	})
	all[0].Timestamp = f.at.Add(-15 * time.Minute).Format("2006-01-02T15:04:05.000000-07:00")
	all[0].Hostname = "runner-7"
	name := "pytest tests"
	return testSuites{Name: &name, Suites: all}.text()
}

func word(i int) string {
	return []string{"lobby", "match", "player", "session", "invitation", "score"}[i%6]
}

// endToEndReport is what Playwright writes: a suite for each file.
func endToEndReport(f facts) ([]byte, error) {
	all := f.run(style{
		suites: []string{"lobby.spec.ts", "match.spec.ts", "sign-in.spec.ts", "replay.spec.ts"}, each: 8, seconds: 9,
		class: func(suite string) string { return suite },
		test: func(_ string, i int) string {
			return fmt.Sprintf("a player %s a game › step %d", []string{"opens", "joins", "leaves"}[i%3], i)
		},
		failure: defect{Message: "lobby.spec.ts:41:3 a player opens a game", Type: "FAILURE", Text: "  Error: Timed out 5000ms waiting for expect(locator).toBeVisible()\n"},
	})
	for i := range all {
		all[i].Timestamp = f.at.Add(-5 * time.Minute).Format("2006-01-02T15:04:05.000Z")
		all[i].Hostname = "chromium"
	}
	head, none := sum(all), ""
	head.ID, head.Name = &none, &none
	return head.text()
}
