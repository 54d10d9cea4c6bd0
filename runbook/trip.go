package runbook

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// How a trip's Delta is meant.
const (
	DeltaPoints   = "points"   // percentage points, of a percent metric: baseline + 5pp
	DeltaRelative = "relative" // percent of the baseline: baseline + 20%
	DeltaAbsolute = "absolute" // in the metric's base unit: baseline + 50ms
)

// Trip is a parsed trip line. Values are in the metric's base unit: percent, seconds, bytes, count or per second.
type Trip struct {
	Op        string  // ">" or "<": on which side of the limit the trouble is; with Burn always ">"
	Baseline  bool    // the limit is Delta away from the baseline; else it is Level
	Delta     float64 // distance from the baseline, ≥ 0
	DeltaKind string  // DeltaPoints, DeltaRelative or DeltaAbsolute; empty unless Baseline
	Level     float64 // the limit when it does not depend on the baseline
	Burn      *Burn   // set for burn trips only
	unit      string  // unit that the metric must have; empty: any
}

// Burn is how fast an error budget is used up: over Over, Factor times as fast as the budget allows.
type Burn struct {
	Factor float64       // 14.4 uses up 2 % of a month's budget in an hour
	Budget float64       // the share of requests that may fail, in percent
	Over   time.Duration // the window of the measurement
}

var errTrip = errors.New("not a trip")

const tripHint = "write it like '> baseline + 5pp', '> baseline + 20%', '< baseline - 5pp', '> 1%', '> 200ms' or 'burn > 14.4 of 0.1% over 5m'"

// ParseTrip reads a trip line:
//
//	> baseline + 5pp                 five percentage points above the baseline
//	> baseline + 20%                 a fifth above the baseline, whatever its unit
//	> baseline + 50ms
//	< baseline - 5pp
//	> 1%      > 200ms      < 10/s    an absolute limit
//	burn > 14.4 of 0.1% over 5m      the error rate is over 14.4 times 0.1 %
//
// An error is one line that says what is wrong and ends with what to write.
func ParseTrip(s string) (Trip, error) {
	t, err := parseTrip(strings.TrimSpace(s))
	if err != nil {
		return Trip{}, err
	}
	return t, nil
}

// tripError is an error with its hint apart, so that lint can show both.
type tripError struct{ message, hint string }

func (e *tripError) Error() string { return e.message + ": " + e.hint }
func (e *tripError) Unwrap() error { return errTrip }

func parseTrip(s string) (Trip, error) {
	if rest, ok := cutWord(s, "burn"); ok {
		return parseBurn(rest)
	}
	op, rest := cutOp(s)
	if op == "" {
		return Trip{}, &tripError{"a trip begins with > or <, not " + quote(s), tripHint}
	}
	if rest, ok := cutWord(rest, "baseline"); ok {
		return parseRelative(op, rest)
	}
	level, unit, err := parseAmount(rest)
	switch {
	case err != nil:
		return Trip{}, &tripError{err.Error(), amountHint(rest)}
	case unit.points:
		return Trip{}, &tripError{"pp is a distance between two percentages, not a limit", fmt.Sprintf("write '%s %s%%', or '%s baseline + %spp'", op, formatFloat(level), op, formatFloat(level))}
	}
	return Trip{Op: op, Level: level, unit: unit.unit}, nil
}

func parseRelative(op, rest string) (Trip, error) {
	sign := "+"
	if op == "<" {
		sign = "-"
	}
	amount, ok := strings.CutPrefix(rest, sign)
	if !ok {
		return Trip{}, &tripError{fmt.Sprintf("after '%s baseline' comes '%s' and a distance, not %s", op, sign, quote(rest)), tripHint}
	}
	delta, unit, err := parseAmount(amount)
	if err != nil {
		return Trip{}, &tripError{err.Error(), amountHint(amount)}
	}
	t := Trip{Op: op, Baseline: true, Delta: delta}
	switch {
	case unit.points:
		t.DeltaKind, t.unit = DeltaPoints, UnitPercent
	case unit.text == "%":
		t.DeltaKind = DeltaRelative
	default:
		t.DeltaKind, t.unit = DeltaAbsolute, unit.unit
	}
	if op == "<" && t.DeltaKind == DeltaRelative && delta > 100 {
		return Trip{}, &tripError{"nothing falls by more than 100%", "write a smaller share"}
	}
	return t, nil
}

func parseBurn(rest string) (Trip, error) {
	wrong := &tripError{"not a burn trip: " + quote("burn "+rest), "write it like 'burn > 14.4 of 0.1% over 5m'"}
	words := strings.Fields(strings.Replace(rest, ">", "> ", 1))
	if len(words) != 6 || words[0] != ">" || words[2] != "of" || words[4] != "over" {
		return Trip{}, wrong
	}
	factor, ok := positive(words[1])
	if !ok {
		return Trip{}, wrong
	}
	budget, unit, err := parseAmount(words[3])
	if err != nil || unit.text != "%" || budget <= 0 || budget > 100 {
		return Trip{}, wrong
	}
	over, err := parseDuration(words[5])
	if err != nil || over == 0 {
		return Trip{}, wrong
	}
	return Trip{Op: ">", Level: factor * budget, Burn: &Burn{Factor: factor, Budget: budget, Over: over}, unit: UnitPercent}, nil
}

// Limit is the line that the value must not cross, given the baseline and the least distance from it (AtLeast of
// the trigger); both matter only to trips relative to the baseline.
func (t Trip) Limit(baseline, atLeast float64) float64 {
	if !t.Baseline {
		return t.Level
	}
	distance := t.Delta
	if t.DeltaKind == DeltaRelative {
		distance = math.Abs(baseline) * t.Delta / 100
	}
	distance = max(distance, atLeast)
	if t.Op == "<" {
		return baseline - distance
	}
	return baseline + distance
}

// Over tells whether value is beyond limit; on the limit it is not.
func (t Trip) Over(value, limit float64) bool {
	if t.Op == "<" {
		return value < limit
	}
	return value > limit
}

// Fits says what is wrong with the trip for a metric of that unit; nil when nothing is.
func (t Trip) Fits(unit string) error {
	if t.unit == "" || t.unit == unit {
		return nil
	}
	return &tripError{fmt.Sprintf("the trip is in %s, the metric in %s", t.unit, unit), "write " + unitExample(unit)}
}

// Objective is a parsed objective, such as < 200ms: what the metric should keep to.
type Objective struct {
	Op    string  // "<" or ">": on which side of the limit it should be
	Level float64 // in the metric's base unit
	unit  string
}

// ParseObjective reads an objective: < 0.1%, > 99.9%, < 200ms.
func ParseObjective(s string) (Objective, error) {
	op, rest := cutOp(strings.TrimSpace(s))
	if op == "" {
		return Objective{}, &tripError{"an objective begins with < or >, not " + quote(s), "write it like '< 200ms' or '> 99.9%'"}
	}
	level, unit, err := parseAmount(rest)
	switch {
	case err != nil:
		return Objective{}, &tripError{err.Error(), amountHint(rest)}
	case unit.points:
		return Objective{}, &tripError{"pp is a distance between two percentages", "write %"}
	}
	return Objective{Op: op, Level: level, unit: unit.unit}, nil
}

// Met tells whether value keeps to the objective.
func (o Objective) Met(value float64) bool {
	if o.Op == "<" {
		return value < o.Level
	}
	return value > o.Level
}

// Fits says what is wrong with the objective for a metric of that unit; nil when nothing is.
func (o Objective) Fits(unit string) error {
	if o.unit == unit {
		return nil
	}
	return &tripError{fmt.Sprintf("the objective is in %s, the metric in %s", o.unit, unit), "write " + unitExample(unit)}
}

func unitExample(unit string) string {
	return map[string]string{
		UnitPercent: "5pp or 5%", UnitSeconds: "200ms or 1.5s", UnitBytes: "64MiB", UnitCount: "100 count", UnitPerSecond: "10/s",
	}[unit]
}

// cutOp takes > or < from the front.
func cutOp(s string) (op, rest string) {
	if s == "" || s[0] != '>' && s[0] != '<' {
		return "", s
	}
	return s[:1], strings.TrimSpace(s[1:])
}

// cutWord takes a word from the front; what follows it must not make it longer.
func cutWord(s, word string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(s, word)
	if !ok || rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
		return s, false
	}
	return strings.TrimSpace(rest), true
}

func positive(s string) (float64, bool) {
	f, unit, err := parseAmount(s + "count")
	return f, err == nil && unit.unit == UnitCount && f > 0
}
