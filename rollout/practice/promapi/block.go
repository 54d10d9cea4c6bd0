package promapi

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// bounds are the upper bounds of the latency histogram in seconds. They are finest around the objective of
// 200 ms, so that a change of the 95th percentile by a fifth always crosses a bound.
var bounds = []float64{.005, .01, .025, .05, .075, .1, .12, .14, .16, .18, .2, .25, .3, .4, .5, .75, 1, 2.5, 5, 10}

var statuses = []string{"200", "404", "500", "503"}

// notFound is the share of requests for things that do not exist: no error of ours.
const notFound = 0.01

// The columns of a block, in this order; firstBucket is followed by a column for each bound and one for +Inf.
const (
	colUp = iota
	firstStatus
	colSum      = firstStatus + 4
	colCount    = colSum + 1
	colCPUTotal = colCount + 1
	colCPU      = colCPUTotal + 1
	colMemory   = colCPU + 1
	colStarted  = colMemory + 1
	firstBucket = colStarted + 1
)

var columns = firstBucket + len(bounds) + 1

// block holds all series of one pod. They share the times of their samples.
type block struct {
	pod     Pod
	noise   *rand.Rand
	phase   Phase
	started time.Time
	// everRan tells a restart, which sets the counters back, from the first start.
	everRan bool
	// exposure is the share of its component's traffic since the last scrape, times seconds.
	exposure float64
	// now holds the value of each column at the last scrape.
	now []float64
	// single counts each bucket's requests apart, while now is cumulative as Prometheus wants it.
	single []float64

	labels []labels.Labels
	times  []int64
	values [][]float32 // of each column; see keep
	// epoch is what the values of colStarted are counted from, which have more digits than are kept.
	epoch float64
	// ended is set once the last samples are stale marks.
	ended bool
}

func newBlock(p Pod, seed uint64) *block {
	b := &block{
		pod:    p,
		noise:  newNoise(seed, p),
		now:    make([]float64, columns),
		single: make([]float64, len(bounds)+1),
		labels: make([]labels.Labels, columns),
		values: make([][]float32, columns),
	}
	b.label(colUp, "up")
	for i, s := range statuses {
		b.label(firstStatus+i, "http_requests_total", "code", s, "status", s)
	}
	b.label(colSum, "http_request_duration_seconds_sum")
	b.label(colCount, "http_request_duration_seconds_count")
	b.label(colCPUTotal, "process_cpu_seconds_total")
	b.label(colCPU, "process_cpu_usage_cores")
	b.label(colMemory, "process_resident_memory_bytes")
	b.label(colStarted, "process_start_time_seconds")
	for i, le := range bounds {
		b.label(firstBucket+i, "http_request_duration_seconds_bucket", "le", strconv.FormatFloat(le, 'g', -1, 64))
	}
	b.label(firstBucket+len(bounds), "http_request_duration_seconds_bucket", "le", "+Inf")
	return b
}

func (b *block) label(column int, name string, more ...string) {
	p := b.pod
	b.labels[column] = labels.FromStrings(append(more, model.MetricNameLabel, name, "namespace", p.Namespace,
		"component", p.Component, "job", p.Component, "pod", p.Name, "version", p.Version)...)
}

// become takes the pod to a phase at an instant.
func (b *block) become(phase Phase, at time.Time) {
	if phase >= Running && b.phase < Running {
		if b.everRan {
			clear(b.now)
			clear(b.single)
		}
		if !b.everRan {
			b.epoch = float64(at.Unix())
		}
		b.started, b.everRan = at, true
	}
	b.phase = phase
}

// serve adds what the pod did in the seconds before a scrape, answering rate × exposure requests.
func (b *block) serve(rate float64, how Behaviour, seconds float64) {
	total, spread := 0.0, how.spread()
	if mean := rate * b.exposure; mean > 0 {
		median, lower := how.Median.Seconds(), 0.0
		for i := range b.single {
			upper := 1.0
			if i < len(bounds) {
				upper = below(bounds[i], median, spread)
			}
			n := poisson(b.noise, mean*(upper-lower))
			b.single[i] += n
			total += n
			lower = upper
		}
		mean := median * math.Exp(spread*spread/2)
		b.now[colSum] += total * mean * (1 + 0.02*(b.noise.Float64()-0.5))
	}
	b.count(total, how.ErrorRatio)
	b.use(how, seconds)
	b.exposure = 0
}

func (b *block) count(total, errorRatio float64) {
	failed := binomial(b.noise, total, errorRatio)
	internal := binomial(b.noise, failed, 0.7)
	missing := binomial(b.noise, total-failed, notFound)
	for i, n := range []float64{total - failed - missing, missing, internal, failed - internal} {
		b.now[firstStatus+i] += n
	}
	b.now[colCount] += total
	sum := 0.0
	for i, n := range b.single {
		sum += n
		b.now[firstBucket+i] = sum
	}
}

// use makes up what the pod costs: a pod without traffic idles at a twentieth of its CPU.
func (b *block) use(how Behaviour, seconds float64) {
	cpu := how.CPU * (0.95 + 0.1*b.noise.Float64())
	if b.phase != Ready {
		cpu *= 0.05
	}
	b.now[colCPU] = cpu
	b.now[colCPUTotal] += cpu * seconds
	b.now[colMemory] = page * math.Round(how.Memory*(0.99+0.02*b.noise.Float64())/page)
	b.now[colStarted] = float64(b.started.Unix())
	b.now[colUp] = 1
}

// page is what memory is handed out in.
const page = 4096

// keep packs a value: half of a float64 holds a counter of a few hours exactly, and of the rest more digits than the
// noise leaves. The only NaN there is is the stale mark.
func (b *block) keep(column int, v float64) float32 { return float32(v - b.from(column)) }

// from is what the kept values of a column are counted from.
func (b *block) from(column int) float64 {
	if column == colStarted {
		return b.epoch
	}
	return 0
}

// scrape appends a sample to each series: the present values, or stale marks where there is nothing to read.
func (b *block) scrape(at int64) {
	b.times = append(b.times, at)
	for i := range b.values {
		v := b.now[i]
		switch {
		case b.phase == Waiting && i == colUp:
			v = 0
		case b.phase < Running:
			v = math.NaN()
		}
		b.values[i] = append(b.values[i], b.keep(i, v))
	}
	b.ended = b.phase == Absent
}

// trim forgets samples older than oldest. It copies, since queries may still read the old ones.
func (b *block) trim(oldest int64) {
	n, _ := slices.BinarySearch(b.times, oldest)
	if n == 0 {
		return
	}
	b.times = slices.Clone(b.times[n:])
	for i := range b.values {
		b.values[i] = slices.Clone(b.values[i][n:])
	}
}
