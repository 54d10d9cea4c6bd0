package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

// clipped is what a command puts into the clipboard.
func clipped(cmd tea.Cmd) string {
	if cmd == nil {
		return ""
	}
	msg := cmd()
	if fmt.Sprintf("%T", msg) != "tea.setClipboardMsg" {
		return ""
	}
	return fmt.Sprint(msg)
}

const theSlices = "GET /apis/discovery.k8s.io/v1/namespaces/production/endpointslices"

func TestTheEvidenceIsCopiedAndSaid(t *testing.T) {
	m, s := colour(drifting().scene("", "checklist"))
	text := clipped(press1(m, "y"))
	for _, want := range []string{
		"Network Connectivity: drifted", "endpoints: drifted: worker → api: 0 of 3 endpoints ready (2026-03-03T13:58:00Z)", "observed worker → api 0/3 ready",
		"expected ≥ 1", "source EndpointSlice api-x7 rv 81233", "query " + theSlices, "http: passed: 200 in 12 ms",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in what was copied:\n%s", want, text)
		}
	}
	if said := m.noticeText(); !strings.Contains(said, "copied the evidence of Network Connectivity") {
		t.Errorf("it says %q", said)
	}
	if got := clipped(press1(m, "y")); got != theSlices {
		t.Errorf("pressed again it copies %q", got)
	}
	if said := m.noticeText(); !strings.Contains(said, "copied the query of Network Connectivity") {
		t.Errorf("it says %q", said)
	}
	s.pass(time.Minute)
	if got := clipped(press1(m, "y")); !strings.HasPrefix(got, "Network Connectivity: drifted") {
		t.Errorf("pressed a minute later it copies %q", got)
	}
	if got := clipped(press1(m, "Y")); got != theSlices {
		t.Errorf("Y copies %q", got)
	}
	press1(m, "down")
	if got := clipped(press1(m, "Y")); got != "" || !strings.Contains(m.noticeText(), "nothing was asked") {
		t.Errorf("a box by hand has the query %q, %q", got, m.noticeText())
	}
}

func TestTheChosenCallIsCopied(t *testing.T) {
	m, _ := colour(silent().scene("", "commands"))
	press1(m, "up", "up")
	call, ok := m.log.Chosen(m.frame())
	if got := clipped(press1(m, "y")); !ok || !strings.Contains(got, call.What) || !strings.Contains(got, call.Result) {
		t.Errorf("copied %q of %+v", got, call)
	}
	if got := clipped(press1(m, "Y")); got != call.What {
		t.Errorf("copied %q, not %q", got, call.What)
	}
}

// What is copied never carries what a terminal would obey.
func TestWhatIsCopiedIsSafe(t *testing.T) {
	p := ready()
	p.look("network", 0, run.Result{Status: run.Failed, Summary: run.MakeSafe("a\x1b]52;c;AAAA\x07\u202eb", 0), Evidence: []run.Evidence{{ResourceVersion: "1\x1b[2J"}}})
	m, _ := colour(p.scene("", "checklist"))
	if got := clipped(press1(m, "y")); strings.ContainsAny(got, "\x1b\x07\u202e") || !strings.Contains(got, "^[") {
		t.Errorf("copied %q", got)
	}
	long := strings.Repeat("日", mostClip)
	if got := clipped(m.clip(long, "it")); len(got) > mostClip || !strings.Contains(m.noticeText(), "cut") {
		t.Errorf("%d bytes went to the terminal: %s", len(got), m.noticeText())
	}
}

func TestTheCommandLogIsReachedAndFollows(t *testing.T) {
	p := ready()
	m, s := colour(p.scene("", "checklist"))
	for _, way := range [][]string{{"x"}, {"6"}, {":", "c", "o", "m", "m", "a", "n", "d", "enter"}} {
		press1(m, "c")
		press1(m, way...)
		if m.scope != keys.Commands {
			t.Errorf("%v leads to %s", way, m.scope)
		}
	}
	s.tell(m, p.wait(time.Second).look("network", 1, answer("http", run.Failed, "503 in 4 ms")).s)
	if text := ansi.Strip(m.View().Content); !strings.Contains(text, "following") {
		t.Error(text)
	}
	press1(m, "up")
	text := ansi.Strip(m.View().Content)
	for _, want := range []string{"kubectl --context eks-prod --namespace production get http", "503 in 4 ms", "held, end follows", "Network Connectivity"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the screen:\n%s", want, text)
		}
	}
	press1(m, "/")
	typed(m, "503")
	press1(m, "enter", "home")
	if call, ok := m.log.Chosen(m.frame()); !ok || call.Result != "503 in 4 ms" {
		t.Errorf("filtered: %+v", call)
	}
	press1(m, "esc", "esc")
	if m.scope != keys.Checklist || m.filter != "" {
		t.Errorf("esc, esc leads to %s with the filter %q", m.scope, m.filter)
	}
}
