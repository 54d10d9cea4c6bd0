package runbook

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTrip(t *testing.T) {
	for text, want := range map[string]Trip{
		"> baseline + 5pp":            {Op: ">", Baseline: true, Delta: 5, DeltaKind: DeltaPoints, unit: UnitPercent},
		">baseline+0.5pp":             {Op: ">", Baseline: true, Delta: 0.5, DeltaKind: DeltaPoints, unit: UnitPercent},
		"> baseline + 20%":            {Op: ">", Baseline: true, Delta: 20, DeltaKind: DeltaRelative},
		"< baseline - 5pp":            {Op: "<", Baseline: true, Delta: 5, DeltaKind: DeltaPoints, unit: UnitPercent},
		"< baseline - 30 %":           {Op: "<", Baseline: true, Delta: 30, DeltaKind: DeltaRelative},
		"> baseline + 50ms":           {Op: ">", Baseline: true, Delta: 0.05, DeltaKind: DeltaAbsolute, unit: UnitSeconds},
		"> 1%":                        {Op: ">", Level: 1, unit: UnitPercent},
		" > 200ms ":                   {Op: ">", Level: 0.2, unit: UnitSeconds},
		"< 10/s":                      {Op: "<", Level: 10, unit: UnitPerSecond},
		"> 64MiB":                     {Op: ">", Level: 64 << 20, unit: UnitBytes},
		"> 3 count":                   {Op: ">", Level: 3, unit: UnitCount},
		"burn > 14.4 of 0.1% over 5m": {Op: ">", Level: 1.44, Burn: &Burn{14.4, 0.1, 5 * time.Minute}, unit: UnitPercent},
		"burn  >6 of 0.5% over 1h":    {Op: ">", Level: 3, Burn: &Burn{6, 0.5, time.Hour}, unit: UnitPercent},
	} {
		got, err := ParseTrip(text)
		if math.Abs(got.Level-want.Level) < 1e-12 {
			got.Level = want.Level
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseTrip(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestTripsThatAreNone(t *testing.T) {
	for text, part := range map[string]string{
		"":                                "begins with > or <",
		"baseline + 5pp":                  "begins with > or <",
		"= 5%":                            "begins with > or <",
		">= 5%":                           "not a number",
		"> baseline + 5":                  `"5" has no unit: write its unit: 5%, 5pp`,
		"> 5":                             "has no unit",
		"> baseline - 5pp":                "comes '+' and a distance",
		"< baseline + 5pp":                "comes '-' and a distance",
		"> baseline":                      "comes '+' and a distance",
		"> baselines + 5pp":               "not a number",
		"> baseline + -5pp":               "below zero",
		"> 5pp":                           "distance between two percentages",
		"> NaN%":                          "not a number",
		"> Inf%":                          "not a number",
		"> 0x10%":                         "not a number",
		"> 1e400%":                        "not a number",
		"> 5 parsecs":                     "not a number",
		"< baseline - 120%":               "nothing falls by more than 100%",
		"burn > 14.4":                     "burn > 14.4 of 0.1% over 5m",
		"burn > 14.4 of 0.1 over 5m":      "not a burn trip",
		"burn > 0 of 0.1% over 5m":        "not a burn trip",
		"burn > 14.4 of 0.1% over 0s":     "not a burn trip",
		"burn < 14.4 of 0.1% over 5m":     "not a burn trip",
		"burn > 14.4 of 0.1% over 5m and": "not a burn trip",
	} {
		if got, err := ParseTrip(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("ParseTrip(%q) = %+v, %v; want an error with %q", text, got, err, part)
		}
	}
}

func TestTripLimit(t *testing.T) {
	for _, c := range []struct {
		trip              string
		baseline, atLeast float64
		want              float64
		over, within      float64
	}{
		{"> baseline + 5pp", 0.04, 0, 5.04, 5.1, 5.04},
		{"> baseline + 20%", 0.2, 0.01, 0.24, 0.25, 0.24},
		{"> baseline + 20%", 0.02, 0.01, 0.03, 0.031, 0.025},
		{"> baseline + 20%", 0, 0.01, 0.01, 0.02, 0.01},
		{"< baseline - 5pp", 99.9, 0, 94.9, 94, 95},
		{"< baseline - 50%", 100, 0, 50, 49, 50},
		{"> baseline + 20%", -10, 0, -8, -7, -9},
		{"> 200ms", 7, 3, 0.2, 0.3, 0.2},
	} {
		trip, err := ParseTrip(c.trip)
		if err != nil {
			t.Fatal(err)
		}
		limit := trip.Limit(c.baseline, c.atLeast)
		if math.Abs(limit-c.want) > 1e-9 {
			t.Errorf("%s at %v: limit %v, want %v", c.trip, c.baseline, limit, c.want)
		}
		if !trip.Over(c.over, c.want) || trip.Over(c.within, c.want) {
			t.Errorf("%s at %v: %v is over, %v is not", c.trip, c.baseline, c.over, c.within)
		}
	}
}

func TestTripFits(t *testing.T) {
	for _, c := range []struct {
		trip, unit string
		fits       bool
	}{
		{"> baseline + 20%", UnitSeconds, true},
		{"> baseline + 20%", UnitPercent, true},
		{"> baseline + 5pp", UnitPercent, true},
		{"> baseline + 5pp", UnitSeconds, false},
		{"> 1%", UnitSeconds, false},
		{"> 200ms", UnitSeconds, true},
		{"> 200ms", UnitPercent, false},
	} {
		trip, err := ParseTrip(c.trip)
		if err != nil {
			t.Fatal(err)
		}
		if err := trip.Fits(c.unit); (err == nil) != c.fits {
			t.Errorf("%s for %s: %v", c.trip, c.unit, err)
		}
	}
}

func TestObjectives(t *testing.T) {
	o, err := ParseObjective("> 99.9%")
	if err != nil || !o.Met(99.95) || o.Met(99.9) || o.Fits(UnitPercent) != nil || o.Fits(UnitSeconds) == nil {
		t.Errorf("> 99.9%%: %+v, %v", o, err)
	}
	if o, err = ParseObjective("< 200ms"); err != nil || o.Level != 0.2 || !o.Met(0.1) || o.Met(0.2) {
		t.Errorf("< 200ms: %+v, %v", o, err)
	}
	for _, bad := range []string{"", "200ms", "< 200", "< 5pp", "< baseline"} {
		if _, err := ParseObjective(bad); err == nil {
			t.Errorf("ParseObjective(%q) has no error", bad)
		}
	}
}

// A further baseline and a larger delta never bring the limit of a > trip down, and the limit is never nearer to the
// baseline than atLeast.
func TestTripLimitsAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{DeltaPoints, DeltaRelative, DeltaAbsolute}).Draw(t, "kind")
		delta, more := rapid.Float64Range(0, 1e6).Draw(t, "delta"), rapid.Float64Range(0, 1e6).Draw(t, "more")
		baseline, atLeast := rapid.Float64Range(0, 1e6).Draw(t, "baseline"), rapid.Float64Range(0, 100).Draw(t, "atLeast")
		a := Trip{Op: ">", Baseline: true, Delta: delta, DeltaKind: kind}
		b := Trip{Op: ">", Baseline: true, Delta: delta + more, DeltaKind: kind}
		if a.Limit(baseline, atLeast) > b.Limit(baseline, atLeast) {
			t.Fatalf("a larger delta has a lower limit")
		}
		if got := a.Limit(baseline, atLeast) - baseline; got < atLeast-1e-6 {
			t.Fatalf("the limit is %v from the baseline, at least %v wanted", got, atLeast)
		}
		down := Trip{Op: "<", Baseline: true, Delta: delta, DeltaKind: kind}
		if up, low := a.Limit(baseline, atLeast)-baseline, baseline-down.Limit(baseline, atLeast); math.Abs(up-low) > 1e-6*max(1, up) {
			t.Fatalf("up %v and down %v differ", up, low)
		}
	})
}
