package screen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// What is drawn only where it is seen must be what drawing all of it would show.
func TestLongShowsWhatTheWholeWould(t *testing.T) {
	th := theme.New(theme.Options{})
	rapid.Check(t, func(t *rapid.T) {
		var text long
		var all []string
		for i := range rapid.IntRange(0, 12).Draw(t, "blocks") {
			n := rapid.IntRange(1, 5).Draw(t, "lines")
			var lines []string
			for j := range n {
				lines = append(lines, fmt.Sprintf("%d.%d", i, j))
			}
			all = append(all, lines...)
			text.later(n, func() []string { return lines })
		}
		top, h := rapid.IntRange(-3, 40).Draw(t, "top"), rapid.IntRange(0, 20).Draw(t, "height")
		got, gotTop := text.window(th, top, h, 30)
		want, wantTop := window(th, slices.Clone(all), -1, top, h, 30)
		if !slices.Equal(got, want) || gotTop != wantTop {
			t.Fatalf("%d lines from %d, %d high: got %q from %d, want %q from %d", len(all), top, h, got, gotTop, want, wantTop)
		}
	})
}

func TestTheTimelineIsAsHighAsItSays(t *testing.T) {
	f := Frame{W: 60, H: 20, Theme: theme.New(theme.Options{})}
	for _, text := range []string{"", "short", strings.Repeat("word ", 40), strings.Repeat("x", 47), strings.Repeat("x", 48), strings.Repeat("✔", 30), "日本" + strings.Repeat("語", 40), "two\nlines"} {
		n := len(timeLine(f, run.Line{At: time.Unix(0, 0), Text: run.Safe(text)}))
		if want := height(text, f.W); n != want {
			t.Errorf("%q: %d lines, said to be %d", text, n, want)
		}
	}
}

func TestAFuseIsToldInThePersonsTime(t *testing.T) {
	now := time.Unix(1000, 0)
	s := run.State{Rollback: &run.RollbackState{Stage: run.Fusing, FuseUntil: now.Add(40 * time.Second)}}
	if got := ansi.Strip(fuseWord(Frame{State: s, Now: now, Speed: 20})); got != "rolling back in 2.0 s" {
		t.Errorf("at twenty times the speed: %q", got)
	}
	if got := fuseWord(Frame{State: s, Now: now}); got != "rolling back in 40.0 s" {
		t.Errorf("at the speed of life: %q", got)
	}
}
