package report

import (
	"math"
	"strconv"
	"time"
)

// Law: every coordinate of a picture is a finite number inside of its view box, whatever the numbers it shows.

// axis maps values to coordinates, and keeps both within their bounds.
type axis struct{ from, to, at, length float64 }

// newAxis makes an axis of some length; what is no range becomes one.
func newAxis(from, to, at, length float64) axis {
	const most = 1e300 // the distance between two such numbers is still one
	from, to = bound(from, -most, most), bound(to, -most, most)
	if to <= from {
		to = from + math.Max(1, math.Abs(from)*1e-6)
	}
	return axis{from, to, at, length}
}

// bound is v within its bounds; what is no number is the lower one.
func bound(v, low, high float64) float64 {
	if math.IsNaN(v) {
		return low
	}
	return math.Max(low, math.Min(high, v))
}

// share is where v is between the ends, from 0 to 1.
func (a axis) share(v float64) float64 {
	v = bound(v, a.from, a.to)
	return bound(v/2-a.from/2, 0, math.MaxFloat64) / (a.to/2 - a.from/2)
}

// x is the coordinate of v on an axis from left to right.
func (a axis) x(v float64) float64 { return a.at + bound(a.share(v), 0, 1)*a.length }

// y is the coordinate of v on an axis that grows upwards.
func (a axis) y(v float64) float64 { return a.at + (1-bound(a.share(v), 0, 1))*a.length }

// px writes a coordinate.
func px(v float64) string { return strconv.FormatFloat(bound(v, 0, 1e6), 'f', 1, 64) }

// Tick is one mark of an axis with its label.
type Tick struct{ At, Label string }

// timeSteps are the distances between two times that are easy to read.
var timeSteps = []time.Duration{
	time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// mostTicks is how many labels of time fit beside each other.
const mostTicks = 9

// timeTicks are round times on an axis of Unix seconds.
func (a axis) timeTicks() (ticks []Tick) {
	long := a.to - a.from
	step := timeSteps[len(timeSteps)-1].Seconds()
	for _, s := range timeSteps {
		if long/s.Seconds() <= mostTicks {
			step = s.Seconds()
			break
		}
	}
	for long/step > mostTicks {
		step *= 2
	}
	layout := "15:04"
	switch {
	case step < 60:
		layout = "15:04:05"
	case step >= 24*3600:
		layout = "01-02"
	}
	first := math.Ceil(a.from/step) * step
	for i := range mostTicks + 1 {
		t := first + float64(i)*step
		if t > a.to || math.Abs(t) > 1e11 {
			break
		}
		ticks = append(ticks, Tick{At: px(a.x(t)), Label: time.Unix(int64(t), 0).UTC().Format(layout)})
	}
	return ticks
}

// valueTicks are round numbers on an axis of values, as format writes them.
func (a axis) valueTicks(format func(float64) string) (ticks []Tick) {
	const wanted = 4
	rough := (a.to/2 - a.from/2) / wanted * 2
	if rough <= 0 || math.IsInf(rough, 0) {
		return nil
	}
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, n := range []float64{1, 2, 2.5, 5} {
		if n*power >= rough {
			step = n * power
			break
		}
	}
	if step <= 0 || math.IsInf(step, 0) {
		return nil
	}
	first := math.Ceil(a.from/step) * step
	for i := range 2*wanted + 1 {
		v := first + float64(i)*step
		if v > a.to {
			break
		}
		if math.Abs(v) < step/1e6 {
			v = 0
		}
		ticks = append(ticks, Tick{At: px(a.y(v)), Label: format(v)})
	}
	return ticks
}
