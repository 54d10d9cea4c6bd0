package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

func TestTag(t *testing.T) {
	for in, want := range map[string]string{
		"registry.example/api:v1.4.2":                "v1.4.2",
		"localhost:5000/api:v2":                      "v2",
		"localhost:5000/api":                         "api",
		"registry.example/api@sha256:9f2c81aa0d4e5b": "sha256:9f2c81aa",
		"":                       "?",
		"api:v1\x1b[2J":          "v1^[[2J",
		"api@sha256:ab":          "sha256:ab",
		"registry/api:v1@sha256": "sha256",
	} {
		if got := tag(in); got != want {
			t.Errorf("tag(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Second: "00:00", 59 * time.Second: "00:59", 17*time.Minute + 26*time.Second: "17:26", time.Hour + time.Second: "1:00:01"} {
		if got := clock(d); got != want {
			t.Errorf("clock(%s) = %s, want %s", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0s", 2500 * time.Millisecond: "2s", 7 * time.Minute: "7m", 26 * time.Hour: "26h", 240 * time.Hour: "10d"} {
		if got := age(d); got != want {
			t.Errorf("age(%s) = %s, want %s", d, got, want)
		}
	}
}

func TestPodStrip(t *testing.T) {
	th := theme.New(theme.Options{})
	list := []run.Pod{
		{State: "Running", Ready: true},
		{New: true, Ready: true, State: "Running"},
		{New: true, State: "ContainerCreating"},
		{New: true, State: "ImagePullBackOff"},
		{State: "Terminating", Ready: true},
		{New: true, Ready: true, State: "Running"},
		{New: true, State: "CrashLoopBackOff"},
	}
	if got := ansi.Strip(podStrip(th, list, 20)); got != "●●◌✖✖○–" {
		t.Errorf("got %q", got)
	}
	for n := range 600 {
		for _, w := range []int{0, 1, 5, 8, 80} {
			many := make([]run.Pod, n)
			if got := theme.Width(podStrip(th, many, w)); got > w {
				t.Fatalf("%d pods in %d cells take %d", n, w, got)
			}
		}
	}
	many := make([]run.Pod, 100)
	for i := range many {
		many[i] = run.Pod{New: true, Ready: true, State: "Running"}
	}
	many[50].Ready, many[50].State = false, "CrashLoopBackOff"
	if got := ansi.Strip(podStrip(th, many, 20)); got != strings.Repeat("●", 13)+"✖ ×8" {
		t.Errorf("of many pods the one that fails is not to be seen, or how many a cell stands for: %q", got)
	}
	if got := podRows(th, many, 20, 5); len(got) != 5 || ansi.Strip(got[0]) != strings.Repeat("●", 20) {
		t.Errorf("a hundred pods in five rows of twenty: %q", got)
	}
}

func TestWindowKeepsTheCursorInView(t *testing.T) {
	th := theme.New(theme.Options{})
	lines := make([]string, 40)
	for i := range lines {
		lines[i] = strings.Repeat("x", i+1)
	}
	top := 0
	for _, at := range []int{0, 5, 20, 39, 38, 3, 0} {
		var shown []string
		shown, top = window(th, lines, at, top, 10, 80)
		found := false
		for _, l := range shown {
			found = found || l == lines[at]
		}
		if !found || len(shown) != 10 {
			t.Errorf("line %d is not among %q", at, shown)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		5 * time.Minute: "5m", 90 * time.Second: "90s", 30 * time.Minute: "30m", time.Hour: "1h", 90 * time.Minute: "1h30m", 3 * time.Second: "3s",
		150 * time.Second: "2m30s", 0: "0s", time.Hour + time.Second: "1h0m1s",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%s) = %s, want %s", d, got, want)
		}
	}
}
