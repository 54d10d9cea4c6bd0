package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
)

// watched watches the production of the practice world with the shipped runbook and a site file, in no time at all.
func watched(t *testing.T, site string, length, stopAfter time.Duration, format string) (said, error) {
	t.Helper()
	sc, err := practice.Find("tuesday")
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	a := &app{out: &out, err: &errOut}
	clock := practice.NewJumping(sc.Start)
	clock.Run(func() {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		world, failed := practice.New(sc, clock, sc.Seed)
		if err = failed; err != nil {
			return
		}
		clock.AddIdle(world.Idle())
		if err = world.Start(ctx); err != nil {
			return
		}
		var sites []string
		if site != "" {
			sites = []string{write(t, "site.yaml", "apiVersion: sop/v1\nkind: Site\n"+site)}
		}
		c := practiceConnections(world, sc, clock)
		var plan *runbook.Plan
		choice := choiceFlags{environment: "production", values: sites, set: []string{"version=v1.4.2"}}
		_, plan, err = a.plan("deployment", choice, nil, runbook.Choice{Run: journal.NewID(sc.Start), Partial: true, TargetOnly: true})
		if err != nil {
			return
		}
		looking, end := context.WithCancel(ctx)
		if stopAfter > 0 {
			clock.Go(func() {
				_ = clock.Wait(ctx, stopAfter, nil)
				end()
			})
		}
		err = a.watch(looking, c, plan, length, 0, format)
		end()
	})
	return said{codeOf(err), out.String(), errOut.String()}, err
}

type watchedDocument struct {
	Runbook, Environment, Verdict, Why string
	Samples                            int
	Triggers                           []struct {
		Metric, State          string
		Value, Baseline, Limit float64
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	const tight = `metrics:
  error-rate: {triggers: [{trip: '> 0.001%', for: 30s, severity: SEVERITY}]}
`
	for name, c := range map[string]struct {
		site    string
		stop    time.Duration
		code    int
		verdict string
		least   int // samples
		most    int
		state   string // of the first trigger
		says    string
	}{
		"well":                   {code: exitDone, verdict: "pass", least: 19, most: 22, state: "ok", says: "no trip in 5m0s"},
		"tripped ends it":        {site: strings.Replace(tight, "SEVERITY", "critical", 1), code: exitFailed, verdict: "fail", least: 2, most: 5, state: "tripped", says: "over the line"},
		"a warning lets it end":  {site: strings.Replace(tight, "SEVERITY", "warning", 1), code: exitFailed, verdict: "inconclusive", least: 19, most: 22, state: "tripped", says: "asks for a person"},
		"no such series":         {site: "metrics:\n  error-rate: {numerator: 'sum(nothing)', denominator: 'sum(nothing_else)', absent: ''}\n", code: exitUnknown, verdict: "inconclusive", least: 19, most: 22, state: "inconclusive", says: "could not be judged"},
		"interrupted in between": {stop: 2 * time.Minute, code: exitInterrupted, verdict: "pass", least: 7, most: 10, state: "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := watched(t, c.site, 5*time.Minute, c.stop, "json")
			if s.code != c.code {
				t.Fatalf("exit code %d, want %d: %v\n%s%s", s.code, c.code, err, s.out, s.err)
			}
			var d watchedDocument
			s.into(t, &d)
			if d.Runbook != "deployment" || d.Environment != "production" || d.Verdict != c.verdict || !strings.Contains(d.Why, c.says) {
				t.Errorf("got %+v", d)
			}
			if d.Samples < c.least || d.Samples > c.most {
				t.Errorf("%d samples", d.Samples)
			}
			var first string
			for _, tr := range d.Triggers {
				if tr.Metric == "error-rate" {
					first = tr.State
				}
			}
			if first != c.state {
				t.Errorf("error-rate is %q, want %q", first, c.state)
			}
			if !strings.Contains(s.err, "watching production") {
				t.Errorf("stderr says %s", s.err)
			}
		})
	}
}

func TestWatchByLines(t *testing.T) {
	t.Parallel()
	s, err := watched(t, "", 3*time.Minute, 0, "text")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"watching production for 3m0s, a sample every 15s", "error-rate was at 0.0", " % before", "watched production for 3m0s", "pass: "} {
		if !strings.Contains(s.out, want) {
			t.Errorf("it does not say %q:\n%s", want, s.out)
		}
	}
	if n := strings.Count(s.out, "\n"); n > 25 {
		t.Errorf("%d lines for three quiet minutes:\n%s", n, s.out)
	}
}

func TestWatchWithoutAnythingToAsk(t *testing.T) {
	t.Parallel()
	s, err := watched(t, "environments:\n  production: {prometheus: {url: 'https://nowhere.example'}}\n", time.Minute, 0, "json")
	if s.code != exitUnknown || s.out != "" || !strings.Contains(err.Error(), "baseline of production") {
		t.Errorf("exit code %d: %v, %s", s.code, err, s.out)
	}
	for _, args := range [][]string{
		{"watch", "deployment", "--for", "1s", "--every", "1m"},
		{"watch", "deployment", "-o", "yaml"},
		{"watch"},
		{"watch", "deployment", "--for", "24h"},
		{"watch", "deployment", "-e", "nowhere"},
	} {
		must(t, exitUsage, args...)
	}
	if data, err := json.Marshal(watchResult{Triggers: []triggerResult{}}); err != nil || !bytes.Contains(data, []byte(`"samples":0`)) {
		t.Errorf("got %s, %v", data, err)
	}
}
