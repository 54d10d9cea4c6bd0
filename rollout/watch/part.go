package watch

import (
	"fmt"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// The parts of a metric, as they stand in the label partLabel of a batch.
const (
	numerator   = "num"
	denominator = "den"
	value       = "value"
)

// part is one expression of a metric.
type part struct {
	metric string
	name   string // numerator, denominator or value
	expr   string
}

// partsOf are the expressions that the metrics are made of: one or two each.
func partsOf(metrics []runbook.Metric) []part {
	var parts []part
	for _, m := range metrics {
		if isRatio(m) {
			parts = append(parts, part{m.Name, numerator, m.Numerator}, part{m.Name, denominator, m.Denominator})
		} else {
			parts = append(parts, part{m.Name, value, m.Query})
		}
	}
	return parts
}

func isRatio(m runbook.Metric) bool { return m.Query == "" }

// answer is what came of asking for a part.
type answer struct {
	samples []prom.Sample
	err     error
}

// number reads an answer that should be one number: present is false when there is no series; why is set when there
// is something that is no usable number, state then being what it is worth.
func (a answer) number() (v float64, present bool, state run.PointState, why run.Safe) {
	switch {
	case a.err != nil:
		return 0, false, run.PointUnknown, safe(a.err.Error())
	case len(a.samples) == 0:
		return 0, false, run.PointOK, ""
	case len(a.samples) > 1:
		return 0, true, run.PointInconclusive, several(len(a.samples), a.samples[0].Labels, a.samples[1].Labels)
	}
	v = a.samples[0].Value
	if !prom.Finite(v) {
		return 0, true, run.PointInconclusive, notFinite(v)
	}
	return v, true, run.PointOK, ""
}

// point makes one number of the answers to a metric's parts. absent says what a missing numerator under a live
// denominator means; PointOK is zero.
func point(m runbook.Metric, answers map[string]answer, absent func(runbook.Metric) (run.PointState, run.Safe)) run.Point {
	if !isRatio(m) {
		v, present, state, why := answers[value].number()
		if state == run.PointOK && !present {
			state, why = run.PointInconclusive, unmatched("the query", m.Query)
		}
		return made(state, why, run.Point{Value: v})
	}
	den, present, state, why := answers[denominator].number()
	if state == run.PointOK && !present {
		state, why = run.PointInconclusive, unmatched("the denominator", m.Denominator)
	}
	if state != run.PointOK {
		return made(state, why, run.Point{})
	}
	num, present, state, why := answers[numerator].number()
	if state == run.PointOK && !present && den > 0 {
		state, why = absent(m)
	}
	if state != run.PointOK {
		return made(state, why, run.Point{Den: den})
	}
	return ratio(m, num, den)
}

// ratio is the conclusive case, unless nothing can be divided.
func ratio(m runbook.Metric, num, den float64) run.Point {
	p := run.Point{Num: num, Den: den}
	switch {
	case den == 0 && num == 0:
		return made(run.PointInconclusive, "0/0: no requests", p)
	case den <= 0:
		return made(run.PointInconclusive, safe(fmt.Sprintf("%g/%g cannot be divided: do both count the same requests?", num, den)), p)
	}
	p.Value = num / den
	if m.Unit == "percent" {
		p.Value *= 100
	}
	if !prom.Finite(p.Value) {
		return made(run.PointInconclusive, notFinite(p.Value), run.Point{})
	}
	return made(run.PointOK, "", p)
}

// made gives a point its state; the value of one that is not conclusive is 0.
func made(state run.PointState, why run.Safe, p run.Point) run.Point {
	p.State, p.Why = state, why
	if state != run.PointOK {
		p.Value = 0
	}
	return p
}

func unmatched(what, expr string) run.Safe {
	return safe(fmt.Sprintf("no series matches %s %s: a mistyped label?", what, run.MakeSafe(expr, 90)))
}

func several(n int, a, b prom.Labels) run.Safe {
	return safe(fmt.Sprintf("%d series where one is expected, %s and %s: wrap it in sum(…)?", n, a, b))
}

func notFinite(v float64) run.Safe {
	return safe(fmt.Sprintf("the value is %g: nothing to compute it from?", v))
}

// maxWhy keeps a sample small: its reasons are journaled with it.
const maxWhy = 240

func safe(text string) run.Safe { return run.MakeSafe(text, maxWhy) }
