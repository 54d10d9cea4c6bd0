package chart

import (
	"testing"

	"github.com/politicalsphere/sop/ui/theme"
)

// sixCharts is the dashboard of the goal: six charts of 360 points, with everything on them.
func sixCharts() (charts [6]*Chart, frame *Frame) {
	th := theme.New(theme.Options{Colours: theme.Full})
	for i := range charts {
		charts[i] = New(th, Braille)
	}
	frame = latency()
	frame.Points = sample(-600, 1795, 2395.0/359, func(x float64) float64 { return 0.18 + 0.02*wave(x) })
	frame.Now, frame.Every, frame.Stale = 1800, 7, "stale 14s"
	frame.Objective = Limit{On: true, At: 0.15, Label: "150 ms objective"}
	return charts, frame
}

func BenchmarkSixCharts(b *testing.B) {
	charts, f := sixCharts()
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range charts {
			c.Draw(f, 120, 15)
		}
	}
}

func TestDrawingAllocatesNothing(t *testing.T) {
	charts, f := sixCharts()
	for _, size := range [][2]int{{120, 15}, {40, 6}, {80, 2}, {30, 1}} {
		if n := testing.AllocsPerRun(50, func() {
			for _, c := range charts {
				c.Draw(f, size[0], size[1])
			}
		}); n != 0 {
			t.Errorf("six charts of %v: %v allocations, want none", size, n)
		}
	}
	row := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(50, func() { row = charts[0].AppendLine(row[:0], 0) }); n != 0 {
		t.Errorf("taking a line: %v allocations, want none", n)
	}
}
