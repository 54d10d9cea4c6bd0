package ui

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

// alone is a watch outside of any run: nothing was deployed.
func alone() *play {
	p := newPlay()
	env := p.s.Envs["production"]
	base := baseline(p.at)
	env.Baseline = &base
	p.s.Envs["production"], p.s.NextUpdate, p.s.Log = env, time.Time{}, nil
	p.add(run.WatchStarted{Step: "watch", Env: "production", From: p.at, Until: p.at.Add(30 * time.Minute)})
	for i := range 40 {
		p.wait(15 * time.Second).add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i)})
	}
	return p.add(run.TriggersJudged{Env: "production", Triggers: []run.TriggerState{
		{Metric: "p95", State: run.TriggerTripped, Severity: "critical", Then: "rollback", Value: 0.283, Baseline: 0.176, Limit: 0.2112, For: 90 * time.Second, Why: "over the line for 1m30s"},
		{Metric: "error-rate", State: run.TriggerOK, Severity: "critical", Then: "rollback", Value: 0.04, Baseline: 0.04, Limit: 5.04, For: 90 * time.Second},
	}})
}

// A watch outside of any run has one screen, asks for nothing but more time, and says of R that there is nothing to undo.
func TestAWatchAlone(t *testing.T) {
	for _, b := range keys.Standard().Bindings() {
		for _, key := range b.Keys {
			m, s := colour(alone().scene("", "sop watch"))
			press1(m, key)
			asks := m.dialog != nil
			press1(m, "y")
			if m.scope != keys.WatchOnly {
				t.Errorf("%s leads to the screen %s", key, m.scope)
			}
			if want := (run.Extend{Step: "watch", By: extension}); len(s.wanted) > 0 && (key != "e" || s.wanted[0] != want) || asks != (key == "e") {
				t.Errorf("%s asks %v, and wanted %#v", key, asks, s.wanted)
			}
		}
	}
	for _, size := range [][2]int{{120, 40}, {50, 12}} {
		m, s := colour(alone().scene("", "sop watch"))
		m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		says(t, ansi.Strip(m.View().Content), "only watches, writes nothing", "q")
		press1(m, "?", "R")
		if len(s.wanted) > 0 || m.help {
			t.Errorf("R wanted %v", s.wanted)
		}
		if cmd := press1(m, "q"); cmd == nil || m.dialog != nil {
			t.Error("q does not leave")
		} else if _, quits := cmd().(tea.QuitMsg); !quits {
			t.Error("q does not leave")
		}
	}
	m, _ := colour(alone().scene("", "sop watch"))
	press1(m, "R")
	says(t, ansi.Strip(m.View().Content), "this watch wrote nothing: there is nothing to undo")
}
