package checks

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/politicalsphere/sop/rollout/web"
)

// severity is how bad a finding is, in the words that code hosts show.
type severity int

const (
	noSeverity severity = iota // a result that is no finding
	low
	medium
	high
	critical
)

var severityNames = []string{"none", "low", "medium", "high", "critical"}

func (s severity) String() string { return severityNames[s] }

func parseSeverity(text string) (severity, error) {
	if i := slices.Index(severityNames, text); i > 0 {
		return severity(i), nil
	}
	return 0, fmt.Errorf("%q is not a severity", text)
}

// scan is what a SARIF log says: the findings that stand.
type scan struct {
	tools      []string          // name and version
	found      [critical + 1]int // by severity
	suppressed int
	gone       int      // findings of a baseline that are no longer there
	broken     []string // why the scan is not whole
	complaints int      // errors that a tool tells of its own work
	findings   []finding
}

type finding struct {
	severity severity
	words    string
}

// from counts the findings of a severity and above.
func (s scan) from(least severity) (n int) {
	for i := least; i <= critical; i++ {
		n += s.found[i]
	}
	return n
}

// add puts another log's findings to these.
func (s *scan) add(o scan) {
	for _, tool := range o.tools {
		if !slices.Contains(s.tools, tool) {
			s.tools = append(s.tools, tool)
		}
	}
	for i, n := range o.found {
		s.found[i] += n
	}
	s.suppressed, s.gone, s.complaints = s.suppressed+o.suppressed, s.gone+o.gone, s.complaints+o.complaints
	s.broken = append(s.broken, o.broken...)
	for _, f := range o.findings {
		s.keep(f)
	}
}

// keep keeps the worst findings for showing.
func (s *scan) keep(f finding) {
	at, _ := slices.BinarySearchFunc(s.findings, f, func(a, b finding) int { return 2*int(b.severity) - 1 - 2*int(a.severity) })
	if at >= maxFailures {
		return
	}
	s.findings = slices.Insert(s.findings, at, f)
	s.findings = s.findings[:min(len(s.findings), maxFailures)]
}

// The parts of SARIF 2.1.0 that are judged. Everything else is let by.
type sarifLog struct {
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver     sarifComponent   `json:"driver"`
		Extensions []sarifComponent `json:"extensions"`
	} `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     *[]sarifResult    `json:"results"`
}

type sarifComponent struct {
	Name            string      `json:"name"`
	GUID            string      `json:"guid"`
	Version         string      `json:"version"`
	SemanticVersion string      `json:"semanticVersion"`
	Rules           []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string `json:"id"`
	DefaultConfiguration struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
	Properties sarifProperties `json:"properties"`
}

type sarifProperties struct {
	SecuritySeverity any `json:"security-severity"` // a number, mostly written as a text
}

type sarifInvocation struct {
	ExecutionSuccessful *bool `json:"executionSuccessful"`
	Notifications       []struct {
		Level string `json:"level"`
	} `json:"toolExecutionNotifications"`
	Overrides []struct {
		Descriptor    sarifReference `json:"descriptor"`
		Configuration struct {
			Level string `json:"level"`
		} `json:"configuration"`
	} `json:"ruleConfigurationOverrides"`
}

type sarifReference struct {
	ID            string `json:"id"`
	Index         *int   `json:"index"`
	ToolComponent struct {
		Index *int   `json:"index"`
		GUID  string `json:"guid"`
		Name  string `json:"name"`
	} `json:"toolComponent"`
}

type sarifResult struct {
	RuleID        string         `json:"ruleId"`
	RuleIndex     *int           `json:"ruleIndex"`
	Rule          sarifReference `json:"rule"`
	Level         string         `json:"level"`
	Kind          string         `json:"kind"`
	BaselineState string         `json:"baselineState"`
	Suppressions  []struct {
		Status string `json:"status"`
	} `json:"suppressions"`
	Message struct {
		Text string `json:"text"`
		ID   string `json:"id"`
	} `json:"message"`
	Locations []struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Provenance struct {
		InvocationIndex *int `json:"invocationIndex"`
	} `json:"provenance"`
	Properties sarifProperties `json:"properties"`
}

// parseSARIF reads a SARIF 2.1.0 log.
func parseSARIF(in *bufio.Reader, hide web.Secrets) (scan, error) {
	var log sarifLog
	if err := readJSON(in, &log); err != nil {
		return scan{}, err
	}
	switch {
	case log.Version == "":
		return scan{}, errors.New("it is JSON, and not SARIF: it has no version")
	case log.Version != "2.1.0":
		return scan{}, fmt.Errorf("it is SARIF %s, only 2.1.0 is read", log.Version)
	case len(log.Runs) == 0:
		return scan{}, errors.New("it has no run: no tool looked at anything")
	}
	var s scan
	for _, r := range log.Runs {
		s.add(r.scan(hide))
	}
	return s, nil
}

func (r sarifRun) scan(hide web.Secrets) scan {
	driver := r.Tool.Driver
	tool := shortened(hide.In(strings.TrimSpace(driver.Name+" "+cmp.Or(driver.SemanticVersion, driver.Version))), 80)
	s := scan{tools: []string{tool}}
	for _, i := range r.Invocations {
		if i.ExecutionSuccessful == nil || !*i.ExecutionSuccessful {
			s.broken = append(s.broken, tool+" says that it did not run through")
		}
		for _, n := range i.Notifications {
			if n.Level == "error" {
				s.complaints++
			}
		}
	}
	if r.Results == nil {
		s.broken = append(s.broken, tool+" wrote no list of results, not even an empty one")
		return s
	}
	rated := r.isRated()
	for _, result := range *r.Results {
		switch {
		case result.isSuppressed():
			s.suppressed++
			continue
		case result.BaselineState == "absent":
			s.gone++
			continue
		}
		rule := r.rule(result)
		how := r.severity(result, rule, rated)
		s.found[how]++
		if how > noSeverity {
			s.keep(finding{how, result.words(rule, hide)})
		}
	}
	return s
}

// isSuppressed tells whether the result was accepted: a suppression that is under review or was rejected is none.
func (r sarifResult) isSuppressed() bool {
	for _, s := range r.Suppressions {
		if s.Status != "" && s.Status != "accepted" {
			return false
		}
	}
	return len(r.Suppressions) > 0
}

// isRated tells whether the tool gives a security severity to any rule or result.
func (r sarifRun) isRated() bool {
	for _, c := range append([]sarifComponent{r.Tool.Driver}, r.Tool.Extensions...) {
		if slices.ContainsFunc(c.Rules, func(rule sarifRule) bool { _, ok := rule.Properties.score(); return ok }) {
			return true
		}
	}
	return slices.ContainsFunc(*r.Results, func(result sarifResult) bool { _, ok := result.Properties.score(); return ok })
}

// score is the security severity, from 0 to 10.
func (p sarifProperties) score() (float64, bool) {
	switch v := p.SecuritySeverity.(type) {
	case float64:
		return v, v >= 0
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && f >= 0 // not NaN
	}
	return 0, false
}

// rule finds the rule of a result: by index in the component that it names, else by its id. An index that leads to a
// rule of another id is a tool's mistake.
func (r sarifRun) rule(result sarifResult) sarifRule {
	id := cmp.Or(result.RuleID, result.Rule.ID)
	index := result.Rule.Index
	if index == nil {
		index = result.RuleIndex
	}
	component := r.component(result.Rule)
	if index != nil && *index >= 0 && *index < len(component.Rules) {
		if rule := component.Rules[*index]; id == "" || isRuleID(id, rule.ID) {
			return rule
		}
	}
	for _, c := range append([]sarifComponent{component, r.Tool.Driver}, r.Tool.Extensions...) {
		for _, rule := range c.Rules {
			if id != "" && isRuleID(id, rule.ID) {
				return rule
			}
		}
	}
	return sarifRule{ID: id}
}

// isRuleID tells whether id is that of the rule, or of a part of it: CA1000/1 is a part of CA1000.
func isRuleID(id, rule string) bool {
	return id == rule || rule != "" && strings.HasPrefix(id, rule+"/")
}

func (r sarifRun) component(ref sarifReference) sarifComponent {
	c := ref.ToolComponent
	if c.Index != nil && *c.Index >= 0 && *c.Index < len(r.Tool.Extensions) {
		return r.Tool.Extensions[*c.Index]
	}
	for _, e := range r.Tool.Extensions {
		if c.GUID != "" && e.GUID == c.GUID || c.Name != "" && e.Name == c.Name {
			return e
		}
	}
	return r.Tool.Driver
}

// severity rates a result by the rules in the kind's doc text.
func (r sarifRun) severity(result sarifResult, rule sarifRule, rated bool) severity {
	level := r.level(result, rule)
	if level == "none" {
		return noSeverity
	}
	score, ok := result.Properties.score()
	if !ok {
		score, ok = rule.Properties.score()
	}
	switch {
	case ok && score >= 9:
		return critical
	case ok && score >= 7:
		return high
	case ok && score >= 4:
		return medium
	case ok:
		return low
	}
	switch level {
	case "note":
		return low
	case "warning":
		return medium
	}
	if rated {
		return high
	}
	return critical
}

// level is that of SARIF 2.1.0, section 3.27.10.
func (r sarifRun) level(result sarifResult, rule sarifRule) string {
	switch result.Kind {
	case "pass", "notApplicable", "informational":
		return "none"
	}
	if result.Level != "" {
		return result.Level
	}
	if result.Kind != "" && result.Kind != "fail" {
		return "none"
	}
	if i := result.Provenance.InvocationIndex; i != nil && *i >= 0 && *i < len(r.Invocations) {
		for _, o := range r.Invocations[*i].Overrides {
			if o.Descriptor.ID != "" && o.Descriptor.ID == rule.ID && o.Configuration.Level != "" {
				return o.Configuration.Level
			}
		}
	}
	return cmp.Or(rule.DefaultConfiguration.Level, "warning")
}

func (r sarifResult) words(rule sarifRule, hide web.Secrets) string {
	words := shortened(hide.In(cmp.Or(r.RuleID, rule.ID, "a finding without a rule")), 80)
	if len(r.Locations) > 0 && r.Locations[0].Physical.Artifact.URI != "" {
		at := r.Locations[0].Physical
		words += " in " + shortened(hide.In(at.Artifact.URI), maxMessage)
		if at.Region.StartLine > 0 {
			words += ":" + strconv.Itoa(at.Region.StartLine)
		}
	}
	if text := cmp.Or(r.Message.Text, r.Message.ID); text != "" {
		words += ": " + shortened(hide.In(text), maxMessage)
	}
	return words
}

// UnmarshalJSON lets properties be anything: they are a bag that the format leaves to the tools.
func (p *sarifProperties) UnmarshalJSON(data []byte) error {
	var bag map[string]json.RawMessage
	if json.Unmarshal(data, &bag) != nil || bag["security-severity"] == nil {
		return nil
	}
	return json.Unmarshal(bag["security-severity"], &p.SecuritySeverity)
}

// shortened keeps the beginning of a text in which nothing has to be hidden any more.
func shortened(text string, most int) string { return text[:min(len(text), most)] }
