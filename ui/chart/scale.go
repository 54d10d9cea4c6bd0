package chart

import "math"

// extreme bounds what is plotted: a value beyond it, infinity too, is drawn at the edge.
const extreme = 1e18

// span is a closed interval of values; empty when lo > hi.
type span struct{ lo, hi float64 }

func (s *span) add(y float64) {
	// Compared, not math.Min and Max: this runs for every point, and NaN must change nothing.
	if y < s.lo {
		s.lo = max(y, -extreme)
	}
	if y > s.hi {
		s.hi = min(y, extreme)
	}
}

func (s span) holds(o span) bool { return s.lo <= o.lo && o.hi <= s.hi }
func (s span) size() float64     { return s.hi - s.lo }

// scale is the y domain, kept between frames.
type scale struct {
	span
	set bool
}

// needed is the least domain: the data shown, the limits and the baseline.
func (f *Frame) needed() span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, p := range f.Points {
		if p.Y-p.Y == 0 && f.shown(p) { // neither NaN nor infinite
			s.add(p.Y)
		}
	}
	limited := false
	for _, l := range [2]*Limit{&f.Threshold, &f.Objective} {
		if l.there() {
			s.add(l.At)
			limited = true
		}
	}
	if f.Band.there() {
		s.add(f.Band.Lo)
		s.add(f.Band.Hi)
	}
	if s.lo > s.hi {
		return span{0, f.Unit.least()}
	}
	// From zero, unless a limit lies so close to the data that the distance would not be seen.
	if close := limited && s.size() > 0 && s.size() < math.Max(abs(s.lo), abs(s.hi))/3; !close {
		s.add(0)
	}
	if s.size() == 0 {
		s.add(f.Unit.least())
	}
	return s
}

// fresh is a domain with round ends and some air beyond what is needed.
func (f *Frame) fresh(need span) span {
	air := need.size() * 0.08
	step := nice(need.size() / 5)
	d := need
	if d.hi != 0 {
		d.hi = math.Ceil((need.hi+air)/step) * step
	}
	if d.lo != 0 {
		d.lo = math.Floor((need.lo-air)/step) * step
	}
	if f.Unit == Percent && need.lo >= 0 && need.hi <= 1 {
		d.hi, d.lo = math.Min(d.hi, 1), math.Max(d.lo, 0)
	}
	if !(d.hi > d.lo) || !d.holds(need) { // the arithmetic ran out of digits
		w := math.Max(need.size(), math.Max(abs(need.lo), abs(need.hi))*1e-9)
		d = span{need.lo - w, need.hi + w}
	}
	return d
}

// settle changes the domain only when something lies outside, or when less than half of it is used.
func (s *scale) settle(f *Frame) {
	need := f.needed()
	fresh := f.fresh(need)
	if s.set && s.holds(need) && fresh.size() >= s.size()/2 {
		return
	}
	s.span, s.set = fresh, true
}

// swing is how much of its height a sparkline stands for at least, as a share of its values: a small change must not look
// like a large one.
const swing = 0.3

// settleSpark is settle for a sparkline, which has no axis to tell its zero: the data lies in the middle of its height.
func (s *scale) settleSpark(f *Frame) {
	need := span{math.Inf(1), math.Inf(-1)}
	for _, p := range f.Points {
		if p.Y-p.Y == 0 && f.shown(p) {
			need.add(p.Y)
		}
	}
	if need.lo > need.hi {
		need = span{0, f.Unit.least()}
	}
	size := math.Max(need.size()*1.2, math.Max(abs(need.lo), abs(need.hi))*swing)
	if size == 0 {
		size = f.Unit.least()
	}
	fresh := span{need.lo - (size-need.size())/2, need.hi + (size-need.size())/2}
	if need.lo >= 0 && fresh.lo < 0 {
		fresh = span{0, fresh.hi - fresh.lo}
	}
	if s.set && s.holds(need) && fresh.size() >= s.size()/2 {
		return
	}
	s.span, s.set = fresh, true
}

// nice is the smallest of 1, 2, 5 × 10ⁿ that is not less than v.
func nice(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	mag := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range [4]float64{1, 2, 5, 10} {
		if m*mag >= v*(1-1e-9) {
			return m * mag
		}
	}
	return 10 * mag
}

// tickStep is the distance of the gutter's numbers for a plot of rows lines: about two rows, and never so
// large that only one number is left.
func (s span) tickStep(rows int) float64 {
	step := nice(s.size() * 2 / float64(max(1, rows-1)))
	for range 3 {
		if step <= s.size()*(1+1e-9) {
			break
		}
		step = nice(step * 0.4) // one place down: 10 → 5 → 2 → 1
	}
	return step
}
