package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Measure is something that is counted or timed over many runs.
type Measure string

// What is measured.
const (
	DeploymentFrequency Measure = "deployment-frequency" // deployments a day
	SuccessRate         Measure = "success-rate"         // of the deployments that are over, in percent
	TimeToDeploy        Measure = "time-to-deploy"       // seconds, without holds and waiting for people
	RollbackRate        Measure = "rollback-rate"        // of the deployments that are over, in percent
	TimeToDetect        Measure = "time-to-detect"       // seconds
	TimeToRollBack      Measure = "time-to-roll-back"    // seconds
	TimeToRestore       Measure = "time-to-restore"      // seconds
)

// measures are all of them in their order, with the title of one that the runbook does not name.
var measures = []struct {
	id    Measure
	title string
}{
	{DeploymentFrequency, "Deployment frequency"},
	{SuccessRate, "Deployment success rate"},
	{TimeToDeploy, "Mean time to deploy"},
	{RollbackRate, "Rollback frequency"},
	{TimeToDetect, "Mean time to detect"},
	{TimeToRollBack, "Mean time to roll back"},
	{TimeToRestore, "Mean time to restore"},
}

// MeasureOf is what a KPI of the runbook is about, by the words of its title; empty when it is nothing that the journals
// can tell.
func MeasureOf(title string) Measure {
	t := " " + strings.ToLower(title) + " "
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	rollback := has("rollback", "roll back", "rolled back")
	switch {
	case has("detect", "mttd"):
		return TimeToDetect
	case has("restore", "recover", "mttr"):
		return TimeToRestore
	case rollback && has("frequency", "rate", "ratio", "share"):
		return RollbackRate
	case rollback && has("time"):
		return TimeToRollBack
	case has("success"):
		return SuccessRate
	case has("time to deploy", "deployment time", "deploy time", "deployment duration"):
		return TimeToDeploy
	case has("deployment frequency", "deploy frequency", "deployments per", "frequency of deployment"):
		return DeploymentFrequency
	}
	return ""
}

// Target is what a measure should keep to, in its unit: percent, seconds, or a number a day.
type Target struct {
	Op    string // <, <=, > or >=
	Level float64
	Days  float64 // a frequency: over how many days it is meant
}

var (
	targetForm = regexp.MustCompile(`^(<=|>=|<|>|≤|≥|at least|at most|more than|less than|over|under|above|below|up to|within)?\s*([0-9]+(?:[.,][0-9]+)?)\s*(?:times\s*)?(.*)$`)
	targetOps  = map[string]string{
		"≤": "<=", "≥": ">=", "at least": ">=", "at most": "<=", "more than": ">", "less than": "<", "over": ">", "under": "<",
		"above": ">", "below": "<", "up to": "<=", "within": "<=",
	}
	targetDays  = map[string]float64{"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
	targetUnits = map[string]time.Duration{
		"s": time.Second, "sec": time.Second, "second": time.Second, "m": time.Minute, "min": time.Minute, "minute": time.Minute,
		"h": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour,
	}
)

// ParseTarget reads the target of a measure as people write it: > 95%, < 15 minutes, multiple times per day, daily, at
// least 3 per week.
func ParseTarget(m Measure, text string) (Target, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	if m == DeploymentFrequency {
		return parseFrequency(s, text)
	}
	op, level, unit, ok := cutTarget(s)
	switch m {
	case SuccessRate, RollbackRate:
		if !ok || unit != "%" && unit != "percent" && unit != "per cent" || level > 100 {
			return Target{}, fmt.Errorf("the target %q is no share: write it like '> 95%%'", text)
		}
		if op == "" {
			op = map[Measure]string{SuccessRate: ">=", RollbackRate: "<="}[m]
		}
		return Target{Op: op, Level: level}, nil
	}
	long, known := targetUnits[strings.TrimSuffix(unit, "s")]
	if unit == "s" {
		long, known = time.Second, true
	}
	if !ok || !known {
		return Target{}, fmt.Errorf("the target %q is no length of time: write it like '< 15 minutes'", text)
	}
	if op == "" {
		op = "<="
	}
	return Target{Op: op, Level: level * long.Seconds()}, nil
}

func cutTarget(s string) (op string, level float64, unit string, ok bool) {
	m := targetForm.FindStringSubmatch(s)
	if m == nil {
		return "", 0, "", false
	}
	op = m[1]
	if o, known := targetOps[op]; known {
		op = o
	}
	level, err := strconv.ParseFloat(strings.Replace(m[2], ",", ".", 1), 64)
	return op, level, strings.TrimSpace(m[3]), err == nil
}

// parseFrequency reads how often. "Multiple" is two at least.
func parseFrequency(s, text string) (Target, error) {
	wrong := fmt.Errorf("the target %q is no frequency: write it like 'multiple times per day' or '>= 3 per week'", text)
	for word, days := range map[string]float64{"daily": 1, "every day": 1, "weekly": 7, "every week": 7, "monthly": 30, "every month": 30} {
		if s == word {
			return Target{Op: ">=", Level: 1 / days, Days: days}, nil
		}
	}
	for word, digit := range map[string]string{"multiple": "2", "several": "2", "twice": "2", "once": "1", "a few": "2"} {
		if rest, ok := strings.CutPrefix(s, word); ok {
			s = digit + " " + strings.TrimSpace(rest)
		}
	}
	op, level, unit, ok := cutTarget(s)
	if !ok {
		return Target{}, wrong
	}
	for _, lead := range []string{"deployments", "deployment", "deploys", "times", "time"} {
		unit = strings.TrimSpace(strings.TrimPrefix(unit, lead))
	}
	for _, lead := range []string{"per ", "a ", "an ", "every ", "each ", "/"} {
		if rest, cut := strings.CutPrefix(unit, lead); cut {
			unit = strings.TrimSpace(rest)
			break
		}
	}
	days, known := targetDays[unit]
	if !known {
		return Target{}, wrong
	}
	if op == "" {
		op = ">="
	}
	return Target{Op: op, Level: level / days, Days: days}, nil
}

// Met tells whether a value keeps to the target.
func (t Target) Met(v float64) bool {
	switch t.Op {
	case "<":
		return v < t.Level
	case "<=":
		return v <= t.Level
	case ">":
		return v > t.Level
	}
	return v >= t.Level
}

// targets are those of a runbook by their measure, and the KPIs that the journals cannot tell.
func targets(kpis []runbook.KPI) (byMeasure map[Measure]runbook.KPI, others []runbook.KPI) {
	byMeasure = map[Measure]runbook.KPI{}
	for _, k := range kpis {
		m := MeasureOf(k.Title)
		if _, twice := byMeasure[m]; m == "" || twice {
			others = append(others, k)
			continue
		}
		byMeasure[m] = k
	}
	return byMeasure, others
}
