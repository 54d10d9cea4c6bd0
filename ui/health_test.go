package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// lineWith is the line of the screen that holds a text.
func lineWith(m *Model, text string) string {
	for line := range strings.SplitSeq(m.View().Content, "\n") {
		if strings.Contains(ansi.Strip(line), text) {
			return line
		}
	}
	return ""
}

func TestASilentSensorIsToldOnce(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 50}} {
		m, _ := open(silent().scene("", "checklist"), looks()["colour"], size[0], size[1])
		line := ansi.Strip(lineWith(m, "does not answer"))
		if !strings.Contains(line, "! cluster") || !strings.Contains(line, "13:54:21") || !strings.Contains(line, "(3 boxes)") {
			t.Errorf("%v: %q", size, line)
		}
		if line := lineWith(m, "(?) Infrastructure Ready"); !strings.Contains(line, "↳") {
			t.Errorf("%v: a consequence is not folded: %q", size, line)
		}
	}
}

// What fell stays marked: bright until somebody looked, and until the phase ends.
func TestAFallStaysVisible(t *testing.T) {
	p := ready()
	m, s := colour(p.scene("", "checklist"))
	p.wait(time.Minute).look("dependencies", 0, answer("endpointslices", run.Failed, "redis: 0 of 1 endpoints ready"))
	p.wait(time.Minute).look("dependencies", 0, answer("endpointslices", run.Passed, "postgres, redis, queue answer"))
	s.tell(m, p.s)
	before := lineWith(m, "Dependencies Available")
	if !strings.Contains(ansi.Strip(before), "(✔)") || !strings.Contains(ansi.Strip(before), "fell 13:52") || !strings.Contains(before, m.th.Warn.Render("fell 13:52")) {
		t.Fatalf("it fell and came back: %q", before)
	}
	s.pass(20 * time.Minute) // past the fall
	press1(m, "home", "down", "down")
	if after := lineWith(m, "Dependencies Available"); !strings.Contains(after, m.th.Dim.Render("fell 13:52")) {
		t.Errorf("looked at: %q", after)
	}
	s.tell(m, p.wait(time.Hour).gate("pre-deployment").s)
	press1(m, "left")
	if line := ansi.Strip(lineWith(m, "Dependencies Available")); strings.Contains(line, "fell") || line == "" {
		t.Errorf("after its phase: %q", line)
	}
}

func TestFlappingIsSaid(t *testing.T) {
	m, _ := colour(flapping().scene("", "checklist"))
	if line := ansi.Strip(lineWith(m, "▸(↺) Network")); !strings.Contains(line, "flapping") || !strings.Contains(line, "fell 4×") {
		t.Errorf("the box: %q", line)
	}
	if line := ansi.Strip(lineWith(m, "keeps changing its mind")); !strings.Contains(line, "flaps") {
		t.Errorf("the details: %q", line)
	}
}

func TestAConflictRingsAndIsSeen(t *testing.T) {
	p := prerequisites().check("secrets", 0, run.Unknown, "forbidden")
	p.add(run.StepAttested{Step: "secrets", Note: "looked at it with the admin's account"})
	m, s := colour(p.scene("", "checklist"))
	m.alarm.begin(p.s)
	m.blurred, m.manners.terminal.Telling = true, theme.OSC9
	p.wait(time.Second).check("secrets", 0, run.Failed, "missing: API_KEY")
	if got := rung(m.ring(p.s)); !strings.Contains(got, "\a") || !strings.Contains(got, "contradicts the hand tick") {
		t.Errorf("rang %q", got)
	}
	s.tell(m, p.s)
	if line := ansi.Strip(lineWith(m, "] Secrets")); !strings.Contains(line, "[≠]") {
		t.Errorf("the box: %q", line)
	}
}

func TestTheGateShowsWhatItRestsOn(t *testing.T) {
	p := drifting()
	m, s := colour(p.scene("", "checklist"))
	press1(m, "g")
	text := ansi.Strip(m.View().Content)
	for _, want := range []string{"is shut", "(↺) Network Connectivity: worker → api: 0 of 3 endpoints ready (expected ≥ 1)", "(?) Secrets: could not look", "The others: 2 seen to stand, 3 ticked by hand, 1 overridden"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	p.wait(time.Second).check("network", 0, run.Passed, "every service has a ready address")
	s.tell(m, p.s)
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "(✔) Network Connectivity: every service has a ready address") {
		t.Errorf("the dialog shows what was:\n%s", text)
	}
	m, _ = colour(ready().scene("", "checklist"))
	press1(m, "g")
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "It rests on: 4 seen to stand, 8 ticked by hand") {
		t.Errorf("an open gate: %s", text)
	}
}

func TestAnOverrideShowsWhatItIsBoundTo(t *testing.T) {
	m, _ := colour(drifting().scene("", "checklist"))
	press1(m, "o")
	text := ansi.Strip(m.View().Content)
	for _, want := range []string{"It is drifted: worker → api: 0 of 3 endpoints ready", "(↺) endpoints drifted", "(expected ≥ 1)", "void as soon as"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}
