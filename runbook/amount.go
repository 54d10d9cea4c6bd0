package runbook

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Units of a metric.
const (
	UnitPercent   = "percent"    // values are in percent: 0.05 is 0.05 %
	UnitSeconds   = "seconds"    //
	UnitBytes     = "bytes"      //
	UnitCount     = "count"      // a bare number of things
	UnitPerSecond = "per-second" //
)

// Units are the units that a metric may have.
var Units = []string{UnitPercent, UnitSeconds, UnitBytes, UnitCount, UnitPerSecond}

// suffix is how a file writes a unit: the factor to the metric's base unit.
type suffix struct {
	text   string
	unit   string
	factor float64
	points bool // pp: a distance, never a level
}

// suffixes are tried in order, so a longer one stands before its own tail.
var suffixes = []suffix{
	{"pp", UnitPercent, 1, true},
	{"%", UnitPercent, 1, false},
	{"us", UnitSeconds, 1e-6, false},
	{"µs", UnitSeconds, 1e-6, false},
	{"ms", UnitSeconds, 1e-3, false},
	{"/s", UnitPerSecond, 1, false},
	{"s", UnitSeconds, 1, false},
	{"KiB", UnitBytes, 1 << 10, false},
	{"MiB", UnitBytes, 1 << 20, false},
	{"GiB", UnitBytes, 1 << 30, false},
	{"kB", UnitBytes, 1e3, false},
	{"MB", UnitBytes, 1e6, false},
	{"GB", UnitBytes, 1e9, false},
	{"B", UnitBytes, 1, false},
	{"count", UnitCount, 1, false},
}

// parseAmount reads a number with its unit and gives it in the base unit.
func parseAmount(s string) (float64, suffix, error) {
	s = strings.TrimSpace(s)
	i := slices.IndexFunc(suffixes, func(u suffix) bool { return strings.HasSuffix(s, u.text) })
	if i < 0 {
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return 0, suffix{}, fmt.Errorf("%s has no unit", quote(s))
		}
		return 0, suffix{}, fmt.Errorf("%s is not a number with a unit", quote(s))
	}
	number := strings.TrimSpace(strings.TrimSuffix(s, suffixes[i].text))
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(number, "xXpP_") {
		return 0, suffix{}, fmt.Errorf("%s is not a number with a unit", quote(s))
	}
	if f < 0 {
		return 0, suffix{}, fmt.Errorf("%s is below zero", quote(s))
	}
	return f * suffixes[i].factor, suffixes[i], nil
}

// amountHint says how to write an amount.
func amountHint(s string) string {
	if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		n := strings.TrimSpace(s)
		return fmt.Sprintf("write its unit: %s%%, %spp, %sms, %s/s, %sMiB or %s count", n, n, n, n, n, n)
	}
	return "write a number and one of the units %, pp, us, ms, s, /s, B, KiB, MiB, GiB, count"
}

// Written writes a value in a metric's unit as a person reads it: 0.04 %, 182 ms, 412/s, 1.2 GB.
func Written(value float64, unit string) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "no number"
	}
	scaled := func(suffixes ...string) string {
		for i, s := range suffixes {
			if math.Abs(value) < 999.5 || i == len(suffixes)-1 {
				return short(value) + s
			}
			value /= 1000
		}
		return ""
	}
	switch unit {
	case UnitPercent:
		return short(value) + " %"
	case UnitSeconds:
		if math.Abs(value) < 0.9995 {
			return short(value*1000) + " ms"
		}
		return short(value) + " s"
	case UnitBytes:
		return scaled(" B", " kB", " MB", " GB", " TB")
	case UnitPerSecond:
		return scaled("/s", "k/s", "M/s")
	}
	return scaled("", "k", "M", "G")
}

// short writes a number with three digits that count.
func short(v float64) string {
	decimals := 2
	switch a := math.Abs(v); {
	case a >= 100:
		decimals = 0
	case a >= 10:
		decimals = 1
	case a > 0 && a < 0.1:
		decimals = 3
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
