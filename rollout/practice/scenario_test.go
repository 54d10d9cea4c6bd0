package practice

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestShippedScenarios(t *testing.T) {
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 || all[0].Metadata.Name != "tuesday" {
		t.Fatalf("%d scenarios, the first is %q, want tuesday as the default", len(all), all[0].Metadata.Name)
	}
	tells := regexp.MustCompile(`(?i)error|fail|bad|rollback|roll back|slow|leak|crash|outage|healthy|bug`)
	for _, sc := range all {
		if tells.MatchString(sc.Metadata.Name + " " + sc.Metadata.Title) {
			t.Errorf("%s: the title %q gives away what happens", sc.Metadata.Name, sc.Metadata.Title)
		}
		if d, h := sc.Start.Weekday(), sc.Start.Hour(); d == time.Saturday || d == time.Sunday || h < 9 || h >= 16 {
			t.Errorf("%s starts at %s, outside of the deployment window", sc.Metadata.Name, sc.Start)
		}
		if sc.Debrief == "" || len(sc.Hints) == 0 {
			t.Errorf("%s has no debrief or no hints", sc.Metadata.Name)
		}
	}
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{"": "tuesday", "tuesday": "tuesday", "thursday": "thursday"} {
		if sc, err := Find(name); err != nil || sc.Metadata.Name != want {
			t.Errorf("Find(%q) = %q, %v", name, sc.Metadata.Name, err)
		}
	}
	_, err := Find("sunday")
	if !errors.Is(err, ErrNoScenario) || !strings.Contains(err.Error(), "tuesday, thursday") {
		t.Errorf("Find(sunday): %v", err)
	}
}

const small = `apiVersion: sop/v1
kind: Scenario
metadata: {name: a, title: A, difficulty: 1}
runbook: deployment
start: 2026-03-10T10:00:00Z
seed: 1
world: {running: v1, release: v2}
faults:
  - at: {after: production at 50%, delay: 90s, jitter: 1m}
    metrics: {version: v2, errors: 12.5%, ramp: 2m, leak: 1048576}
expect: {action: rollback, within: 10m}
debrief: nothing
`

func TestParse(t *testing.T) {
	sc, err := Parse("a.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	f := sc.Faults[0]
	if f.At.Delay != 90*time.Second || f.At.Jitter != time.Minute || f.Metrics.Errors != 0.125 || f.Metrics.Leak != 1<<20 {
		t.Errorf("read %+v %+v", f.At, f.Metrics)
	}
	if sc.Expect.Within != 10*time.Minute || !sc.Start.Equal(time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("read %+v, start %s", sc.Expect, sc.Start)
	}
}

func TestParseIsStrict(t *testing.T) {
	cases := []struct{ name, from, to, want string }{
		{"unknown key", "seed: 1", "sead: 1", "a.yaml:6:1: field sead"},
		{"unknown inner key", "ramp: 2m", "rump: 2m", "rump"},
		{"duplicate key", "seed: 1", "seed: 1\nseed: 2", "a.yaml:7:1: mapping key"},
		{"no YAML at all", "seed: 1", "seed: [1", "a.yaml:"},
		{"second document", "debrief: nothing", "debrief: nothing\n---\na: 1", "second document"},
		{"wrong type", "seed: 1", "seed: many", "many"},
		{"wrong kind", "kind: Scenario", "kind: Runbook", "want Scenario"},
		{"no release", "release: v2", "running2: v2", "running2"},
		{"share over 1", "12.5%", "120%", "share"},
		{"share without sense", "12.5%", "often", "share"},
		{"unknown event", "production at 50%", "whenever", "whenever"},
		{"impossible share", "production at 50%", "production at 150%", "1% to 100%"},
		{"no kind of fault", "metrics: {version: v2, errors: 12.5%, ramp: 2m, leak: 1048576}", "", "exactly one"},
		{"two kinds of fault", "metrics: {version: v2,", "prometheus: {trouble: down}\n    metrics: {version: v2,", "exactly one"},
		{"unknown trouble", "metrics: {version: v2, errors: 12.5%, ramp: 2m, leak: 1048576}", "prometheus: {trouble: tired}", "tired"},
		{"unknown action", "action: rollback", "action: panic", "panic"},
		{"rollback without a time", ", within: 10m", "", "within"},
		{"negative delay", "delay: 90s", "delay: -90s", "negative"},
		{"empty file", small, "", "a.yaml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(small, c.from, c.to, 1)
			if text == small {
				t.Fatal("the case changes nothing")
			}
			_, err := Parse("a.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "a.yaml") {
				t.Errorf("got %v, want an error about %q in a.yaml", err, c.want)
			}
		})
	}
}
