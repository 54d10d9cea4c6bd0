package chart

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/politicalsphere/sop/ui/theme"
)

// sample is a series without randomness: a wave with some finer structure on it.
func sample(from, to, every float64, f func(x float64) float64) []Point {
	var p []Point
	for x := from; x <= to; x += every {
		p = append(p, Point{X: x, Y: f(x)})
	}
	return p
}

func wave(x float64) float64 { return math.Sin(x/37) + 0.5*math.Sin(x/11+1) }

// errorRate is a watch that goes wrong: flat, a gap while Prometheus was away, then rising over the threshold.
func errorRate() *Frame {
	return &Frame{
		Title: Title{
			Name: "Error rate", Value: "5.6 %", Delta: "▲ +5.5 pp vs base", Trip: "trips at +5 pp",
			Verdict: "suspect 45s of 90s", Evidence: "evidence 62 %", Tone: Warn,
		},
		Unit: Percent,
		Points: sample(-600, 1050, 15, func(x float64) float64 {
			switch {
			case x >= 150 && x < 240:
				return math.NaN()
			case x > 500:
				return 0.0005 + (x-500)/550*0.057*(1+0.02*wave(x))
			}
			return 0.0005 + 0.0001*wave(x)
		}),
		From: -600, To: 1800, Now: 1050, Every: 15,
		Band:      Band{On: true, Lo: 0.0003, Hi: 0.0007},
		Threshold: Limit{On: true, At: 0.0504, Label: "5.04 trip"},
		Objective: Limit{On: true, At: 0.001, Label: "0.1 objective"},
		Marks:     []Moment{{X: 0, Label: "deploy v1.4.2"}, {X: 120, Label: "5%", Minor: true}, {X: 250, Label: "25%", Minor: true}, {X: 560, Label: "100%"}},
		Origin:    "deploy",
	}
}

// latency has one spike, and data that ended 80 s ago.
func latency() *Frame {
	return &Frame{
		Title: Title{Name: "Response time p95", Value: "182 ms", Delta: "▲ +4 % vs base", Verdict: "✔", Tone: Good},
		Unit:  Seconds,
		Points: sample(-600, 705, 5, func(x float64) float64 {
			if x == 300 {
				return 0.26
			}
			return 0.178 + 0.006*wave(x)
		}),
		From: -600, To: 1800, Now: 785, Every: 5, Stale: "stale 80s",
		Band:      Band{On: true, Lo: 0.17, Hi: 0.187},
		Threshold: Limit{On: true, At: 0.213, Label: "213 ms trip"},
		Marks:     []Moment{{X: 0, Label: "deploy v1.4.2"}},
		Crosshair: true, Cursor: 303,
	}
}

type profile struct {
	name string
	o    theme.Options
	tier Tier
}

var profiles = []profile{
	{"dark", theme.Options{Colours: theme.Full}, Braille},
	{"light", theme.Options{Colours: theme.Full, Light: true}, Braille},
	{"few-blocks", theme.Options{Colours: theme.Few}, Blocks},
	{"none", theme.Options{}, Braille},
	{"none-blocks", theme.Options{}, Blocks},
	{"ascii", theme.Options{ASCII: true}, Braille},
}

func TestPictures(t *testing.T) {
	for _, p := range profiles {
		for _, size := range [][2]int{{80, 9}, {120, 15}, {40, 6}, {200, 20}, {20, 3}} {
			for name, f := range map[string]*Frame{"errors": errorRate(), "latency": latency()} {
				t.Run(fmt.Sprintf("%s/%s-%dx%d", p.name, name, size[0], size[1]), func(t *testing.T) {
					c := New(theme.New(p.o), p.tier)
					c.Draw(f, size[0], size[1])
					golden.RequireEqual(t, c.String())
				})
			}
		}
	}
}

func TestSparklines(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			c := New(theme.New(p.o), p.tier)
			var b strings.Builder
			for _, f := range []*Frame{errorRate(), latency()} {
				c.sparks = scale{}
				c.Draw(f, 40, 2)
				b.WriteString(c.String() + "\n")
			}
			golden.RequireEqual(t, b.String())
		})
	}
}

// drawn is what c shows without its styles.
func drawn(f *Frame, tier Tier, o theme.Options, w, h int) []string {
	c := New(theme.New(o), tier)
	c.Draw(f, w, h)
	return strings.Split(ansi.Strip(c.String()), "\n")
}

func TestNoDataYet(t *testing.T) {
	f := errorRate()
	f.Points = nil
	if got := strings.Join(drawn(f, Braille, theme.Options{}, 80, 9), "\n"); !strings.Contains(got, "no data yet") || !strings.Contains(got, "5.04 trip") {
		t.Errorf("an empty chart shows\n%s", got)
	}
	f.Stale = "no answer for 3m"
	if got := strings.Join(drawn(f, Braille, theme.Options{}, 80, 9), "\n"); !strings.Contains(got, "no answer for 3m") {
		t.Errorf("an empty chart shows\n%s", got)
	}
}

func TestTitleDropsTheLeastFirst(t *testing.T) {
	f := errorRate()
	for _, c := range []struct {
		width int
		want  string
	}{
		{120, " Error rate   5.6 %   ▲ +5.5 pp vs base   trips at +5 pp   suspect 45s of 90s   evidence 62 %"},
		{90, " Error rate  5.6 %  ▲ +5.5 pp vs base  trips at +5 pp  suspect 45s of 90s  evidence 62 %"},
		{80, " Error rate  5.6 %  ▲ +5.5 pp vs base  trips at +5 pp  suspect 45s of 90s"},
		{60, " Error rate  5.6 %  ▲ +5.5 pp vs base  suspect 45s of 90s"},
		{40, " Error rate  5.6 %  suspect 45s of 90s"},
		{34, " Error r… 5.6 % suspect 45s of 90s"},
		{20, " Error… 5.6 % suspe…"},
		{8, " Error…"},
	} {
		if got := strings.TrimRight(drawn(f, Braille, theme.Options{}, c.width, 3)[0], " "); got != c.want {
			t.Errorf("%d cells: got %q, want %q", c.width, got, c.want)
		}
	}
}

func TestCrosshairReadsTheNearestSample(t *testing.T) {
	f := latency()
	if p, ok := f.Nearest(303); !ok || p.X != 305 && p.X != 300 {
		t.Fatalf("nearest to 303 is %+v, %v", p, ok)
	}
	f.Cursor = 300
	if axis := drawn(f, Braille, theme.Options{}, 120, 15)[14]; !strings.Contains(axis, "+5m  260 ms") {
		t.Errorf("the axis shows %q", axis)
	}
	e := errorRate()
	e.Crosshair, e.Cursor = true, 180
	if axis := drawn(e, Braille, theme.Options{}, 120, 15)[14]; !strings.Contains(axis, "+3m  no data") {
		t.Errorf("in a gap the axis shows %q", axis)
	}
	if _, ok := (&Frame{To: 1}).Nearest(0); ok {
		t.Error("a sample was found where there is none")
	}
}

func TestFormatValue(t *testing.T) {
	for _, c := range []struct {
		u    Unit
		v    float64
		want string
	}{
		{Percent, 0.031, "3.1 %"},
		{Percent, 0.0004, "0.04 %"},
		{Percent, 0.99974, "99.97 %"},
		{Percent, 0.99999, "99.999 %"},
		{Percent, 0.995, "99.5 %"},
		{Percent, 1, "100 %"},
		{Percent, 0, "0 %"},
		{Seconds, 0.182, "182 ms"},
		{Seconds, 1.5, "1.5 s"},
		{Seconds, 0.00025, "250 µs"},
		{Seconds, 600, "10 min"},
		{Seconds, 0, "0 ms"},
		{Count, 412, "412"},
		{Count, 12345, "12.3 k"},
		{Count, -3, "-3"},
		{Count, math.Copysign(0, -1), "0"},
		{Count, 2e6, "2 M"},
		{Bytes, 1.2e9, "1.2 GB"},
		{Bytes, 512, "512 B"},
		{Rate, 412, "412/s"},
		{Rate, 1500, "1.5 k/s"},
		{Count, math.NaN(), "no data"},
		{Percent, math.Inf(1), "+Inf"},
	} {
		if got := FormatValue(c.u, c.v); got != c.want {
			t.Errorf("FormatValue(%d, %v) = %q, want %q", c.u, c.v, got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		u             Unit
		step, largest float64
		ys            []float64
		want          string
	}{
		{Percent, 0.02, 0.08, []float64{0, 0.02, 0.08}, "0% 2% 8%"},
		{Percent, 0.0005, 1, []float64{0.9995, 1}, "99.95 100"},
		{Percent, 0.001, 0.005, []float64{0, 0.001}, "0% 0.1%"},
		{Seconds, 0.1, 0.3, []float64{0, 0.1, 0.3}, "0 100ms 300ms"},
		{Seconds, 0.5, 2, []float64{0.5, 2}, "0.5s 2s"},
		{Seconds, 500, 2000, []float64{500, 2000}, "500s 2000s"},
		{Count, 500, 2000, []float64{500, 2000}, "0.5k 2k"},
		{Bytes, 5e8, 2e9, []float64{5e8, 1e9}, "0.5G 1G"},
		{Count, 5e17, 1e18, []float64{-1e18}, "-1e+18"},
	} {
		var got []string
		for _, y := range c.ys {
			got = append(got, string(appendTick(nil, c.u, y, c.step, c.largest)))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("unit %d, step %v: got %q, want %q", c.u, c.step, s, c.want)
		}
	}
}

func TestOffsets(t *testing.T) {
	for x, want := range map[float64]string{0: "0", -600: "−10m", 300: "+5m", 5400: "+1h30m", 750: "+12m30s", 90061: "+1d1h1m1s", 0.2: "0"} {
		if got := string(appendOffset(nil, x, "−")); got != want {
			t.Errorf("%v s is %q, want %q", x, got, want)
		}
	}
}

func TestLimitsWithoutANumberAreNotDrawn(t *testing.T) {
	f := errorRate()
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		f.Threshold.At, f.Band.Hi = bad, bad
		if got := strings.Join(drawn(f, Braille, theme.Options{}, 80, 9), "\n"); strings.Contains(got, "trip\n") || strings.Contains(got, "─ ─") {
			t.Errorf("a threshold at %v is drawn:\n%s", bad, got)
		}
	}
}

func TestParseUnit(t *testing.T) {
	for word, want := range map[string]Unit{"percent": Percent, "seconds": Seconds, "bytes": Bytes, "rate": Rate, "count": Count, "": Count} {
		if u, ok := ParseUnit(word); !ok || u != want {
			t.Errorf("ParseUnit(%q) = %d, %v", word, u, ok)
		}
	}
	if _, ok := ParseUnit("furlongs"); ok {
		t.Error("an unknown unit was accepted")
	}
}

func TestMomentLabels(t *testing.T) {
	f := &Frame{From: 0, To: 100, Now: 100}
	for _, c := range []struct {
		name  string
		marks []Moment
		want  string
	}{
		{"room on the right", []Moment{{X: 10, Label: "deploy"}}, "▼ deploy"},
		{"only on the left", []Moment{{X: 95, Label: "deploy"}}, "deploy ▼"},
		{"between two", []Moment{{X: 50, Label: "deploy v1"}, {X: 55, Label: "25%"}}, "deploy v1 ▼ ▼ 25%"},
		{"tight", []Moment{{X: 40, Label: "25%"}, {X: 50, Label: "100%"}}, "▼25% ▼ 100%"},
		{"no room at all", []Moment{{X: 50, Label: "a"}, {X: 52, Label: "a long label"}, {X: 54, Label: "b"}}, "a ▼▼▼ b"},
		{"a minor one where the others leave room", []Moment{{X: 20, Label: "deploy v1"}, {X: 24, Label: "5%", Minor: true}, {X: 60, Label: "25%", Minor: true}, {X: 80, Label: "100%"}}, "▼ deploy v1         ▾ 25%     ▼ 100%"},
		{"outside the window", []Moment{{X: 10, Label: "in"}, {X: 200, Label: "out"}}, "▼ in"},
	} {
		f.Marks = c.marks
		if got := strings.TrimSpace(drawn(f, Braille, theme.Options{}, 57, 9)[1]); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHostileLabelsKeepTheirCells(t *testing.T) {
	f := errorRate()
	f.Title.Name, f.Marks[0].Label, f.Threshold.Label, f.Stale = "日本語のエラー率", "日本 v1\n\t", "閾値 5.04", "古い 14s"
	for _, line := range drawn(f, Braille, theme.Options{}, 90, 12) {
		if ansi.StringWidth(line) != 90 {
			t.Errorf("%d cells: %q", ansi.StringWidth(line), line)
		}
	}
}
