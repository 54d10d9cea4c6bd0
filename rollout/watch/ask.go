package watch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// The labels that tell the answers of a batch apart.
const (
	metricLabel = "sop_metric"
	partLabel   = "sop_part"
)

// ticker asks for all metrics of a work at one instant.
type ticker struct {
	worker  *Worker
	address string
	client  *prom.Client
	metrics []runbook.Metric
	parts   []part
	apart   map[part]bool // failed by themselves the last time, so they stay out of the batch
}

func (w *Worker) newTicker(work run.SampleWork) *ticker {
	address := work.Env.Prometheus.URL
	return &ticker{
		worker: w, address: address, client: w.clients.Get(address), metrics: work.Metrics,
		parts: partsOf(work.Metrics), apart: map[part]bool{},
	}
}

// tick takes one sample. Its only error is that of ctx.
func (t *ticker) tick(ctx context.Context) (run.Sample, error) {
	s := run.Sample{At: t.worker.clock.Now(), Points: make(map[string]run.Point, len(t.metrics))}
	answers, err := t.ask(ctx)
	if err != nil {
		return run.Sample{}, err
	}
	for _, m := range t.metrics {
		s.Points[m.Name] = point(m, answers[m.Name], func(m runbook.Metric) (run.PointState, run.Safe) {
			return t.worker.seen.absent(ctx, t.client, t.address, m)
		})
		if isRatio(m) && len(answers[m.Name][numerator].samples) > 0 {
			t.worker.seen.note(t.address, m.Numerator)
		}
	}
	return s, ctx.Err()
}

// ask asks for all parts in one query. When that fails although the server is there, each is asked for by itself, so
// that one bad query spoils no other; those that fail then are left out of the next batch. The instant is the
// server's own now, so a wrong clock on this side finds the newest data all the same.
func (t *ticker) ask(ctx context.Context) (map[string]map[string]answer, error) {
	var together, alone []part
	for _, p := range t.parts {
		if t.apart[p] {
			alone = append(alone, p)
		} else {
			together = append(together, p)
		}
	}
	got := map[part]answer{}
	if len(together) > 0 {
		vector, err := t.client.Query(ctx, batch(together), time.Time{})
		switch {
		case err == nil:
			sortOut(got, together, vector.Samples)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case isUnreachable(err):
			for _, p := range t.parts {
				got[p] = answer{err: err}
			}
			alone = nil
		default:
			alone = t.parts
		}
	}
	if err := t.askAlone(ctx, alone, got); err != nil {
		return nil, err
	}
	byMetric := map[string]map[string]answer{}
	for p, a := range got {
		if byMetric[p.metric] == nil {
			byMetric[p.metric] = map[string]answer{}
		}
		byMetric[p.metric][p.name] = a
	}
	return byMetric, nil
}

// askAlone asks for each part by itself and remembers which of them fail. When all do, none is to blame.
func (t *ticker) askAlone(ctx context.Context, parts []part, got map[part]answer) error {
	answers := make([]answer, len(parts))
	err := t.worker.all(ctx, len(parts), func(i int) {
		vector, err := t.client.Query(ctx, parts[i].expr, time.Time{})
		answers[i] = answer{samples: vector.Samples, err: err}
	})
	if err != nil {
		return err
	}
	failed := 0
	for i, p := range parts {
		got[p] = answers[i]
		if delete(t.apart, p); answers[i].err != nil {
			t.apart[p] = true
			failed++
		}
	}
	if failed == len(t.parts) {
		clear(t.apart)
	}
	return nil
}

// all runs f for 0 … n−1 at the same time and returns when every one has ended, or with the error of ctx before;
// what f writes may only be read in the first case.
func (w *Worker) all(ctx context.Context, n int, f func(i int)) error {
	if n == 0 {
		return ctx.Err()
	}
	done := w.clock.NewSignal()
	var left atomic.Int64
	left.Store(int64(n))
	for i := range n {
		w.clock.Go(func() {
			f(i)
			if left.Add(-1) == 0 {
				done.Set()
			}
		})
	}
	for left.Load() > 0 {
		if err := w.clock.Wait(ctx, -1, done); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// batch is one query for all parts. The line break before the comma ends a comment at the end of an expression.
func batch(parts []part) string {
	asked := make([]string, len(parts))
	for i, p := range parts {
		asked[i] = fmt.Sprintf("label_replace(label_replace((\n%s\n), %q, %s, \"\", \"\"), %q, %q, \"\", \"\")",
			p.expr, metricLabel, literal(p.metric), partLabel, p.name)
	}
	return strings.Join(asked, "\nor\n")
}

// literal is a string of PromQL that label_replace takes as it is.
func literal(s string) string { return strconv.Quote(strings.ReplaceAll(s, "$", "$$")) }

// sortOut gives each part of a batch its samples, without the labels that told them apart.
func sortOut(got map[part]answer, parts []part, samples []prom.Sample) {
	byLabels := map[[2]run.Safe][]prom.Sample{}
	for _, s := range samples {
		key := [2]run.Safe{s.Labels[metricLabel], s.Labels[partLabel]}
		delete(s.Labels, metricLabel)
		delete(s.Labels, partLabel)
		byLabels[key] = append(byLabels[key], s)
	}
	for _, p := range parts {
		got[p] = answer{samples: byLabels[[2]run.Safe{run.MakeSafe(p.metric, 256), run.Safe(p.name)}]}
	}
}

func isUnreachable(err error) bool {
	var e *prom.Error
	return errors.As(err, &e) && e.Reason == prom.Unreachable
}
