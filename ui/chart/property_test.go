package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/ui/theme"
)

func anyValue() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(0, 1),
		rapid.Float64Range(-1e3, 1e6),
		rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, 1e-300, 5e-324, math.MaxFloat64, 0.05}),
	)
}

func anyFrame() *rapid.Generator[*Frame] {
	return rapid.Custom(func(t *rapid.T) *Frame {
		f := &Frame{
			From: rapid.Float64Range(-3600, 0).Draw(t, "from"), Every: rapid.SampledFrom([]float64{0, 1, 15}).Draw(t, "every"),
			Unit:      Unit(rapid.IntRange(0, 4).Draw(t, "unit")),
			Threshold: Limit{On: rapid.Bool().Draw(t, "t"), At: rapid.Float64Range(-5, 2000).Draw(t, "at"), Below: rapid.Bool().Draw(t, "below"), Label: "5.04 trip"},
			Objective: Limit{On: rapid.Bool().Draw(t, "o"), At: rapid.Float64Range(0, 1).Draw(t, "oat"), Label: "目標"},
			Crosshair: rapid.Bool().Draw(t, "c"), Cursor: rapid.Float64Range(-4000, 4000).Draw(t, "cursor"),
			Stale: rapid.SampledFrom([]string{"", "stale 14s"}).Draw(t, "stale"), Origin: "deploy",
			Title: Title{Name: "Error rate 日本", Value: "3.1 %", Delta: "▲ +3 pp", Trip: "trips at +5 pp", Verdict: "suspect", Evidence: "evidence 62 %"},
		}
		f.To = f.From + rapid.SampledFrom([]float64{0, 1, 60, 2400, 86400}).Draw(t, "window")
		f.Now = f.From + rapid.Float64Range(-10, 1.2*(f.To-f.From)+1).Draw(t, "now")
		lo := rapid.Float64Range(-10, 10).Draw(t, "lo")
		f.Band = Band{On: rapid.Bool().Draw(t, "b"), Lo: lo, Hi: lo + rapid.Float64Range(0, 10).Draw(t, "hi")}
		x := f.From - 5
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			x += rapid.Float64Range(0, (f.To-f.From)/20+1).Draw(t, "dx")
			f.Points = append(f.Points, Point{x, anyValue().Draw(t, "y")})
		}
		m := f.From - 5
		for range rapid.IntRange(0, 4).Draw(t, "marks") {
			m += rapid.Float64Range(0, (f.To-f.From)/3+1).Draw(t, "dm")
			f.Marks = append(f.Marks, Moment{m, rapid.SampledFrom([]string{"", "25%", "deploy v1.4.2", "日本"}).Draw(t, "label"), rapid.Bool().Draw(t, "minor")})
		}
		return f
	})
}

func anyProfile() *rapid.Generator[profile] { return rapid.SampledFrom(profiles) }

func TestEveryLineHasItsWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, f := anyProfile().Draw(t, "profile"), anyFrame().Draw(t, "frame")
		c := New(theme.New(p.o), p.tier)
		for range 3 { // the same chart at several sizes, so that buffers are used again
			w, h := rapid.IntRange(1, 240).Draw(t, "w"), rapid.IntRange(1, 30).Draw(t, "h")
			c.Draw(f, w, h)
			if c.Len() != h {
				t.Fatalf("%d lines, want %d", c.Len(), h)
			}
			for i := range h {
				line := string(c.AppendLine(nil, i))
				if got, wc := ansi.StringWidth(line), ansi.StringWidthWc(line); got != w || wc != w || strings.Contains(line, "\n") {
					t.Fatalf("line %d of %d×%d has %d or %d cells: %q", i, w, h, got, wc, line)
				}
			}
		}
	})
}

func TestEverySizeOfTheContract(t *testing.T) {
	c := New(theme.New(theme.Options{Colours: theme.Full}), Braille)
	for _, f := range []*Frame{errorRate(), latency()} {
		for w := 20; w <= 240; w += 5 {
			for h := 3; h <= 30; h++ {
				c.Draw(f, w, h)
				for i := range c.Len() {
					if got := ansi.StringWidth(string(c.AppendLine(nil, i))); got != w {
						t.Fatalf("line %d of %d×%d has %d cells", i, w, h, got)
					}
				}
			}
		}
	}
}

func TestTheScaleHoldsWhatMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(theme.New(theme.Options{}), Braille)
		for range rapid.IntRange(1, 4).Draw(t, "frames") {
			f := anyFrame().Draw(t, "frame")
			c.Draw(f, 100, 12)
			s := c.scale.span
			if !(s.hi > s.lo) || math.IsInf(s.size(), 0) {
				t.Fatalf("the scale is %+v", s)
			}
			for name, l := range map[string]Limit{"threshold": f.Threshold, "objective": f.Objective} {
				if l.On && (l.At < s.lo || l.At > s.hi) {
					t.Fatalf("the %s at %v lies outside %+v", name, l.At, s)
				}
			}
			if f.Band.On && (f.Band.Lo < s.lo || f.Band.Hi > s.hi) {
				t.Fatalf("the baseline %+v lies outside %+v", f.Band, s)
			}
		}
	})
}

// One sample over the threshold among any number of others is drawn as a breach, in every tier and at every size.
func TestASpikeIsAlwaysSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2000).Draw(t, "n")
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		f := &Frame{From: 0, To: float64(n), Now: float64(n), Unit: Count, Threshold: Limit{On: true, At: 10}}
		for i := range n {
			f.Points = append(f.Points, Point{float64(i), 1})
		}
		f.Points[at].Y = rapid.Float64Range(10.01, 1e6).Draw(t, "y")
		w, h := rapid.IntRange(20, 240).Draw(t, "w"), rapid.IntRange(1, 30).Draw(t, "h")
		for _, p := range []struct {
			tier  Tier
			ascii bool
			sign  string
		}{{Braille, false, "●"}, {Blocks, false, "●"}, {ASCII, true, "#"}} {
			if h <= 2 {
				p.sign = map[bool]string{false: "▲", true: "!"}[p.ascii]
			}
			got := drawn(f, p.tier, theme.Options{ASCII: p.ascii}, w, h)
			if !strings.Contains(strings.Join(got, "\n"), p.sign) {
				t.Fatalf("%d×%d, sample %d of %d: no %s in\n%s", w, h, at, n, p.sign, strings.Join(got, "\n"))
			}
		}
	})
}

// Between two samples with a hole between them no dot is set, and the hole shows in the lowest row.
func TestAGapIsNeverBridged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(20, 200).Draw(t, "w"), rapid.IntRange(3, 20).Draw(t, "h")
		tier := Tier(rapid.IntRange(0, 2).Draw(t, "tier"))
		byNaN := rapid.Bool().Draw(t, "NaN")
		a := rapid.IntRange(1, 90).Draw(t, "a")
		b := rapid.IntRange(a+5, 99).Draw(t, "b")
		f := &Frame{From: 0, To: 100, Now: 100, Every: 1}
		for i := range 101 {
			switch {
			case i <= a || i >= b:
				f.Points = append(f.Points, Point{float64(i), rapid.Float64Range(4, 9).Draw(t, "y")})
			case byNaN:
				f.Points = append(f.Points, Point{float64(i), math.NaN()})
			}
		}
		c := New(theme.New(theme.Options{}), tier)
		c.Draw(f, w, h)
		v := view{Chart: c, layout: layoutFor(f, w, h), f: f}
		v.dx, v.dy = tier.density()
		from, to := v.xdot(float64(a)), v.xdot(float64(b))
		for x := from + 1; x < to; x++ {
			for row := range v.rows {
				if bits := c.canvas.at(x/v.dx, row).dots & columnBits(tier, x%v.dx); bits != 0 {
					t.Fatalf("dot column %d between %d and %d is drawn:\n%s", x, from, to, c.String())
				}
			}
			if x/v.dx != from/v.dx && x/v.dx != to/v.dx && c.canvas.at(x/v.dx, v.rows-1).own < gap {
				t.Fatalf("column %d does not show the gap:\n%s", x/v.dx, c.String())
			}
		}
	})
}

// columnBits are the dots of one dot column in a cell.
func columnBits(tier Tier, x int) uint8 {
	if tier != Braille {
		return 0xff
	}
	bits := uint8(0)
	for y := range 4 {
		bits |= brailleBit[y][x]
	}
	return bits
}

// Samples near each other make one line: from the first to the last no dot column stays empty.
func TestALineHasNoHoles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 50).Draw(t, "n")
		f := &Frame{From: 0, To: float64(n - 1), Now: float64(n - 1), Every: 1}
		for i := range n {
			f.Points = append(f.Points, Point{float64(i), rapid.Float64Range(0, 9).Draw(t, "y")})
		}
		c := New(theme.New(theme.Options{}), Braille)
		c.Draw(f, 60, 10)
		v := view{Chart: c, layout: layoutFor(f, 60, 10), f: f}
		for x := range v.cols * 2 {
			found := false
			for row := range v.rows {
				found = found || c.canvas.at(x/2, row).dots&columnBits(Braille, x%2) != 0
			}
			if !found {
				t.Fatalf("dot column %d is empty:\n%s", x, c.String())
			}
		}
	})
}

// The scale stays while the data moves a little, and comes back after a spike has left the window.
func TestTheScaleIsSteady(t *testing.T) {
	c := New(theme.New(theme.Options{}), Braille)
	f := &Frame{From: 0, To: 100, Now: 100, Threshold: Limit{On: true, At: 10}}
	f.Points = []Point{{1, 3}, {2, 9}}
	c.Draw(f, 80, 10)
	first := c.scale
	for y := 2.0; y < first.hi; y += 0.25 {
		f.Points[1].Y = y
		if c.Draw(f, 80, 10); c.scale != first {
			t.Fatalf("at %v the scale went from %+v to %+v", y, first, c.scale)
		}
	}
	f.Points[1].Y = 100
	if c.Draw(f, 80, 10); c.scale.hi < 100 {
		t.Fatalf("a value of 100 is outside %+v", c.scale)
	}
	f.Points[1].Y = 3
	if c.Draw(f, 80, 10); c.scale != first {
		t.Errorf("after the spike the scale is %+v, before it was %+v", c.scale, first)
	}
}
