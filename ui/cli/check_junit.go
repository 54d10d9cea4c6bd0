package cli

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// The JUnit form of `sop check`: a step is a test case. Failed is a failure, unknown an error, not applicable is
// skipped, and what was seen stands in system-out.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		Time    string      `xml:"time,attr"`
		Failure *junitFault `xml:"failure,omitempty"`
		Error   *junitFault `xml:"error,omitempty"`
		Skipped *junitFault `xml:"skipped,omitempty"`
		Out     string      `xml:"system-out,omitempty"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
	}
)

func (a *app) writeJUnit(plan *runbook.Plan, steps []checkedStep) error {
	suite := junitSuite{Name: plan.Runbook.Metadata.Name + "/" + plan.Environment, Tests: len(steps)}
	var longest int64
	for _, s := range steps {
		suite.add(s)
		longest = max(longest, elapsedOf(s))
	}
	suite.Time = seconds(longest) // all look at once
	fmt.Fprint(a.out, xml.Header)
	enc := xml.NewEncoder(a.out)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return failed(fmt.Errorf("write the output: %w", err))
	}
	fmt.Fprintln(a.out)
	return nil
}

// add adds a step. One that a gate would not wait for never fails the suite.
func (suite *junitSuite) add(s checkedStep) {
	c := junitCase{Name: s.Title, Class: s.ID, Time: seconds(elapsedOf(s)), Out: seenIn(s)}
	fault := &junitFault{faultOf(s)}
	switch {
	case s.Status == run.NotApplicable:
		c.Skipped, suite.Skipped = fault, suite.Skipped+1
	case !s.Required:
	case s.Status == run.Failed:
		c.Failure, suite.Failures = fault, suite.Failures+1
	case s.Status == run.Unknown:
		c.Error, suite.Errors = fault, suite.Errors+1
	}
	suite.Cases = append(suite.Cases, c)
}

// faultOf is what the first check says that has the step's status.
func faultOf(s checkedStep) string {
	for _, c := range s.Checks {
		if c.Status == s.Status {
			return c.Kind + ": " + string(c.Summary)
		}
	}
	return ""
}

// seenIn lists what each check saw.
func seenIn(s checkedStep) string {
	var lines []string
	for _, c := range s.Checks {
		lines = append(lines, fmt.Sprintf("%s %s: %s", c.Status, c.Kind, c.Summary))
		for _, e := range append([]run.Evidence{c.Evidence}, c.More...) {
			if e.Query != "" {
				lines = append(lines, "  "+string(e.Query))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func elapsedOf(s checkedStep) int64 {
	var longest int64
	for _, c := range s.Checks {
		longest = max(longest, c.ElapsedMS)
	}
	return longest
}

func seconds(ms int64) string { return fmt.Sprintf("%.3f", float64(ms)/1000) }
