package plain

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

var update = flag.Bool("update", false, "write the goldens")

// play is a conversation about a run in a world in memory: what is typed, and what is said, in one text.
type play struct {
	tb   testing.TB
	d    *runtest.Drive
	talk *Talk
	text strings.Builder
}

func newPlay(tb testing.TB, plan *runbook.Plan, w *runtest.World) *play {
	p := &play{tb: tb, d: runtest.Start(tb, plan, w), talk: New(Options{Cluster: "eks/production"})}
	p.see()
	return p
}

func (p *play) see() {
	p.talk.See(p.d.S, p.d.At)
	p.take()
}

// take keeps what was said and does what was wanted.
func (p *play) take() {
	for range 20 {
		for _, l := range p.talk.Lines() {
			audible(p.tb, l, false)
			p.text.WriteString(l + "\n")
		}
		wanted := p.talk.Wanted()
		if len(wanted) == 0 {
			return
		}
		for _, i := range wanted {
			p.d.Want(i)
		}
		p.talk.See(p.d.S, p.d.At)
	}
}

// types is a person who types lines, one after the other, each a moment after what was said.
func (p *play) types(lines ...string) *play {
	p.tb.Helper()
	for _, l := range lines {
		p.text.WriteString(strings.TrimRight("> "+strings.Trim(strconv.QuoteToASCII(l), `"`), " ") + "\n")
		p.talk.Hear(l, p.d.At)
		p.take()
		p.see()
		p.waits(time.Second)
	}
	return p
}

// waits lets time pass, as the loop does.
func (p *play) waits(d time.Duration) *play {
	p.tb.Helper()
	step := 250 * time.Millisecond
	if d > time.Minute {
		step = time.Second
	}
	for end := p.d.At.Add(d); p.d.At.Before(end) && p.d.S.Ended.IsZero(); {
		p.d.For(min(step, end.Sub(p.d.At)))
		p.see()
	}
	return p
}

func (p *play) golden(name string) {
	p.tb.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := p.text.String()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			p.tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			p.tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		p.tb.Fatalf("%v: run the test with -update", err)
	}
	if got != string(want) {
		p.tb.Errorf("%s: the conversation is another one (run with -update and look at the difference):\n%s", path, got)
	}
}

// audible checks that a line can be heard: short, whole, and without anything that only eyes can read.
func audible(tb testing.TB, line string, bell bool) {
	tb.Helper()
	if bell {
		line = strings.TrimPrefix(line, "\a")
	}
	if n := length(line); n > MaxLine || n == 0 {
		tb.Errorf("a line of %d characters: %q", n, line)
	}
	if line != strings.TrimSpace(line) || strings.Contains(line, "  ") {
		tb.Errorf("blanks that only eyes can read: %q", line)
	}
	for _, r := range line {
		if r < ' ' || r == 0x7f || r > 0x7f && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Sc, r) {
			tb.Errorf("%U in %q", r, line)
		}
	}
}
