package promapi

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier makes the simulation a storage.Queryable. It sees the samples that are there when it is asked.
func (s *Server) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{server: s, mint: mint, maxt: maxt}, nil
}

type querier struct {
	server     *Server
	mint, maxt int64
}

// Close has nothing to release.
func (q *querier) Close() error { return nil }

// Select gives the matching series, sorted by pod and column, or by labels if asked to.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	from, to := q.mint, q.maxt
	if hints != nil {
		from, to = hints.Start, hints.End
	}
	found := q.find(from, to, matchers)
	if asksForAlerts(matchers) {
		alerts, err := q.server.alertSeries(ctx, from, to, matchers)
		if err != nil {
			return storage.ErrSeriesSet(err)
		}
		found = append(found, alerts...)
	}
	if sorted {
		slices.SortFunc(found, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	}
	return &seriesSet{series: found, at: -1}
}

func (q *querier) find(from, to int64, matchers []*labels.Matcher) []*series {
	q.server.mu.Lock()
	defer q.server.mu.Unlock()
	var found []*series
	for _, b := range q.server.sim.blocks {
		first, _ := slices.BinarySearch(b.times, from)
		end, _ := slices.BinarySearch(b.times, to+1)
		if first >= end || !b.mayMatch(matchers) {
			continue
		}
		for i, l := range b.labels {
			if matches(l, matchers) {
				found = append(found, &series{labels: l, times: b.times[first:end:end], values: b.values[i][first:end:end], from: b.from(i)})
			}
		}
	}
	return found
}

// mayMatch saves the look at each series of a pod whose own labels already do not match.
func (b *block) mayMatch(matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		v := ""
		switch m.Name {
		case "namespace":
			v = b.pod.Namespace
		case "component", "job":
			v = b.pod.Component
		case "pod":
			v = b.pod.Name
		case "version":
			v = b.pod.Version
		default:
			continue
		}
		if !m.Matches(v) {
			return false
		}
	}
	return true
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// LabelValues gives the sorted values of one label.
func (q *querier) LabelValues(_ context.Context, name string, _ *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	set := map[string]bool{}
	for _, s := range q.find(q.mint, q.maxt, matchers) {
		if v := s.labels.Get(name); v != "" {
			set[v] = true
		}
	}
	return sortedKeys(set), nil, nil
}

// LabelNames gives the sorted names of all labels.
func (q *querier) LabelNames(_ context.Context, _ *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	set := map[string]bool{}
	for _, s := range q.find(q.mint, q.maxt, matchers) {
		s.labels.Range(func(l labels.Label) { set[l.Name] = true })
	}
	return sortedKeys(set), nil, nil
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, strings.Clone(k))
	}
	slices.Sort(keys)
	return keys
}

type seriesSet struct {
	series []*series
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

type series struct {
	labels labels.Labels
	times  []int64
	values []float32 // counted from
	from   float64
}

func (s *series) Labels() labels.Labels { return s.labels }

func (s *series) Iterator(old chunkenc.Iterator) chunkenc.Iterator {
	if it, ok := old.(*iterator); ok {
		*it = iterator{series: s, at: -1}
		return it
	}
	return &iterator{series: s, at: -1}
}

type iterator struct {
	series *series
	at     int
}

func (it *iterator) Next() chunkenc.ValueType {
	it.at++
	return it.here()
}

// millis are milliseconds since the epoch, as the engine counts time. The name also tells go vet that this
// Seek is not io.Seeker's.
type millis = int64

func (it *iterator) Seek(t millis) chunkenc.ValueType {
	it.at = max(it.at, 0)
	if it.at < len(it.series.times) && it.series.times[it.at] < t {
		n, _ := slices.BinarySearch(it.series.times[it.at:], t)
		it.at += n
	}
	return it.here()
}

func (it *iterator) here() chunkenc.ValueType {
	if it.at >= len(it.series.times) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

// At gives a sample; what is kept as NaN is the end of a series.
func (it *iterator) At() (int64, float64) {
	v := float64(it.series.values[it.at])
	if math.IsNaN(v) {
		return it.series.times[it.at], math.Float64frombits(value.StaleNaN)
	}
	return it.series.times[it.at], v + it.series.from
}

func (it *iterator) AtT() int64  { return it.series.times[it.at] }
func (it *iterator) AtST() int64 { return 0 }
func (it *iterator) Err() error  { return nil }

func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return it.AtT(), nil
}

func (it *iterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return it.AtT(), nil
}
