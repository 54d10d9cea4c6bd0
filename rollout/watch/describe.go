package watch

import (
	"math"
	"slices"
	"strconv"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// describe says where the points lie. The mean of a ratio is that of all requests, so that a quiet minute weighs little.
func describe(m runbook.Metric, points []timed) run.BaselineMetric {
	var b run.BaselineMetric
	if len(points) == 0 {
		return b
	}
	values := make([]float64, len(points))
	var num, den, sum float64
	for i, p := range points {
		values[i] = p.Value
		sum += p.Value
		num += p.Num
		den += p.Den
		b.Points = append(b.Points, run.XY{T: p.at.Unix(), V: short(p.Value)})
	}
	b.Mean = sum / float64(len(points))
	if isRatio(m) && den > 0 {
		b.Mean = num / den
		if m.Unit == runbook.UnitPercent {
			b.Mean *= 100
		}
	}
	slices.Sort(values)
	b.Low, b.High = quantile(values, 0.1), quantile(values, 0.9)
	return b
}

// quantile of sorted values, interpolated between the two nearest.
func quantile(sorted []float64, q float64) float64 {
	rank := q * float64(len(sorted)-1)
	low := int(math.Floor(rank))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (sorted[high]-sorted[low])*(rank-float64(low))
}

// short keeps six digits, all that a chart can show.
func short(v float64) float64 {
	s, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return s
}

// mostPoints is how many points each of n metrics may keep: a journal record holds 64 KiB, and a point takes some
// forty bytes.
func mostPoints(n int) int { return max(2, min(240, 720/max(n, 1))) }

// thin keeps every k-th point, the last one among them.
func thin(points []run.XY, most int) []run.XY {
	k := (len(points) + most - 1) / most
	if k <= 1 {
		return points
	}
	kept := make([]run.XY, 0, most)
	for i := (len(points) - 1) % k; i < len(points); i += k {
		kept = append(kept, points[i])
	}
	return kept
}
