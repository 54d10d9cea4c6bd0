package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// watched watches the production of the practice world with the shipped runbook and a site file, in no time at all.
func watched(t *testing.T, site string, length, stopAfter time.Duration, format string) (said, error) {
	t.Helper()
	return watchedBy(t, site, length, stopAfter, func(ctx context.Context, a *app, c connections, plan *runbook.Plan) error {
		return a.watch(ctx, c, plan, false, format)
	})
}

func watchedBy(t *testing.T, site string, length, stopAfter time.Duration, by func(context.Context, *app, connections, *runbook.Plan) error) (said, error) {
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
		if plan, err = onlyWatch(plan, length, 0); err != nil {
			return
		}
		looking, end := context.WithCancel(ctx)
		if stopAfter > 0 {
			clock.Go(func() {
				_ = clock.Wait(ctx, stopAfter, nil)
				end()
			})
		}
		err = by(looking, a, c, plan)
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

// At the screen a watch stays after its verdict, and a person may put that off.
func TestWatchIsExtended(t *testing.T) {
	t.Parallel()
	_, err := watchedBy(t, "", 5*time.Minute, 30*time.Minute, func(ctx context.Context, _ *app, c connections, plan *runbook.Plan) error {
		p, w := newParts(c, plan), newWatching(c, plan)
		defer p.clusters.Close()
		w.stays = true
		c.clock.Go(func() {
			_ = c.clock.Wait(ctx, 6*time.Minute, nil)
			if v := w.Latest().Watches[watchStep]; v.Verdict != run.VerdictPass {
				t.Errorf("after six minutes it is %+v", v)
			}
			w.Send(run.Extend{Step: watchStep, By: 10 * time.Minute})
		})
		if err := w.run(ctx, p, &watchTeller{w: io.Discard}); err != nil {
			return err
		}
		if r := w.result(); w.cut || r.Verdict != run.VerdictPass || r.Length < 15*time.Minute || r.Length > 17*time.Minute || r.Samples < 55 {
			t.Errorf("cut %v, %+v", w.cut, r)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// On a terminal the watch is full-screen, live, and left by q: before its time is over as if it had been interrupted, after
// it with its verdict.
func TestWatchOnATerminal(t *testing.T) {
	at := served(t)
	runbook := write(t, "watched.yaml", fmt.Sprintf(watchable, at.Prometheus))
	s := sit(t, "sop", "watch", runbook, "--for", "10m", "--every", "1s")
	s.shows("only watches", "quit", "vs base")
	s.types("R")
	s.shows("there is nothing to undo")
	s.types("e")
	s.shows("Watch 10 minutes longer?")
	s.types("nq")
	s.ends(exitInterrupted)
	s.restored()
	s.shows("watched production for ")

	s = sit(t, "sop", "watch", runbook, "--for", "3s", "--every", "1s")
	s.shows("verdict: pass")
	s.types("q")
	s.ends(exitDone)
	s.restored()
	s.shows("pass: no trip in 3s")

	s = sit(t, "sop", "watch", write(t, "blind.yaml", fmt.Sprintf(watchable, "http://127.0.0.1:1")))
	s.ends(exitUnknown)
	s.restored()
	s.shows("take the baseline of production")

	s = sit(t, "sop", "watch", runbook, "--for", "2s", "--every", "1s", "--plain")
	s.ends(exitDone)
	s.shows("watching production for 2s", "pass: no trip in 2s")
	if strings.Contains(s.drawn(), "\x1b[?1049h") {
		t.Error("--plain filled the screen")
	}
}

const watchable = `apiVersion: sop/v1
kind: Runbook
metadata: {name: watched, title: Watched, version: 1.0.0}
environments:
  production: {namespace: production, prometheus: {url: '%s'}}
metrics:
  requests:
    title: Requests
    unit: per-second
    query: 'sum(rate(http_requests_total{namespace="production"}[2m]))'
    triggers: [{trip: '< 0.001/s', for: 1m, severity: warning}]
phases:
  - id: only
    title: Only
    environment: production
    sections: [{steps: [{id: look, title: Look}]}]
`
