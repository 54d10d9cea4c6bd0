package prom

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/prometheus/common/model"
)

// Vector is the answer to a query at one instant. No Samples means that there was no data, which is neither good
// nor bad.
type Vector struct {
	Samples  []Sample
	Warnings []run.Safe // of the server, such as a part of the data that was missing
}

// Sample is the value of one series. Value may be NaN or infinite.
type Sample struct {
	Labels Labels
	At     time.Time // UTC
	Value  float64
}

// Matrix is the answer to a range query.
type Matrix struct {
	Series   []Series
	Warnings []run.Safe
}

// Series is one series over time. A step without data has no Point.
type Series struct {
	Labels Labels
	Points []Point // by time
}

// Point is one value of a Series. Value may be NaN or infinite.
type Point struct {
	At    time.Time // UTC
	Value float64
}

// Labels are the labels of a series, made safe; the metric's name is under "__name__".
type Labels map[string]run.Safe

// String writes the labels as Prometheus does: name{a="b"}.
func (l Labels) String() string {
	names := make([]string, 0, len(l))
	for name := range l {
		if name != model.MetricNameLabel {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	pairs := make([]string, len(names))
	for i, name := range names {
		pairs[i] = fmt.Sprintf(`%s="%s"`, name, l[name])
	}
	return string(l[model.MetricNameLabel]) + "{" + strings.Join(pairs, ",") + "}"
}

// Finite tells whether the value is a number that can be compared: neither NaN nor infinite.
func Finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// Bounds of foreign text.
const (
	maxLabel   = 256
	maxWarning = 300
	maxText    = 600
)

// errShape is an answer that is no number; its text says what to write instead.
var errShape = errors.New("the query does not give numbers")

func vector(v model.Value) (Vector, error) {
	switch v := v.(type) {
	case model.Vector:
		out := Vector{Samples: make([]Sample, 0, len(v))}
		for _, s := range v {
			if s.Histogram != nil {
				return Vector{}, fmt.Errorf("%w but native histograms; take histogram_quantile, histogram_sum or histogram_count of it", errShape)
			}
			out.Samples = append(out.Samples, Sample{Labels: labels(s.Metric), At: s.Timestamp.Time().UTC(), Value: float64(s.Value)})
		}
		return out, nil
	case *model.Scalar:
		return Vector{Samples: []Sample{{At: v.Timestamp.Time().UTC(), Value: float64(v.Value)}}}, nil
	case model.Matrix:
		return Vector{}, fmt.Errorf("%w of one instant but a range; wrap it in a function such as rate(…)", errShape)
	}
	return Vector{}, fmt.Errorf("%w but a text", errShape)
}

func matrix(v model.Value) (Matrix, error) {
	m, ok := v.(model.Matrix)
	if !ok {
		return Matrix{}, fmt.Errorf("%w over time", errShape)
	}
	out := Matrix{Series: make([]Series, 0, len(m))}
	for _, s := range m {
		if len(s.Histograms) > 0 {
			return Matrix{}, fmt.Errorf("%w but native histograms; take histogram_quantile, histogram_sum or histogram_count of it", errShape)
		}
		series := Series{Labels: labels(s.Metric), Points: make([]Point, len(s.Values))}
		for i, p := range s.Values {
			series.Points[i] = Point{At: p.Timestamp.Time().UTC(), Value: float64(p.Value)}
		}
		out.Series = append(out.Series, series)
	}
	return out, nil
}

func labels(m model.Metric) Labels {
	if len(m) == 0 {
		return nil
	}
	out := make(Labels, len(m))
	for name, value := range m {
		out[string(run.MakeSafe(string(name), maxLabel))] = run.MakeSafe(string(value), maxLabel)
	}
	return out
}

func safeAll(texts []string) []run.Safe {
	if len(texts) == 0 {
		return nil
	}
	texts = texts[:min(len(texts), 10)]
	out := make([]run.Safe, len(texts))
	for i, t := range texts {
		out[i] = run.MakeSafe(t, maxWarning)
	}
	return out
}
