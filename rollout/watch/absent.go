package watch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// memory knows which numerators had a series within the last day. A counter of errors need not exist before the first
// error, so a missing one may well mean none; a mistyped label looks the same, and would be green for ever.
type memory struct {
	clock run.Clock

	mu    sync.Mutex
	known map[[2]string]sighting // by address and expression
}

type sighting struct {
	at     time.Time // when it was there, or when it was asked for
	seen   bool
	failed run.Safe // why it could not be asked for
}

// lasts is how long a sighting is believed. The look into the past is dear, so a failed one is not repeated at once.
func (s sighting) lasts() time.Duration {
	if s.failed != "" {
		return time.Minute
	}
	return lookBack
}

// lookBack is how long a series that was once there makes a missing one mean zero; lookStep is the distance of the
// looks into the past.
const (
	lookBack = 24 * time.Hour
	lookStep = 2 * time.Minute
)

func newMemory(clock run.Clock) *memory {
	return &memory{clock: clock, known: map[[2]string]sighting{}}
}

// note remembers that the numerator is there now.
func (m *memory) note(address, expr string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[[2]string{address, expr}] = sighting{at: m.clock.Now(), seen: true}
}

// absent says what a missing numerator means: PointOK is zero. Prometheus is asked once for each numerator; only a
// failed question is asked again.
func (m *memory) absent(ctx context.Context, client *prom.Client, address string, metric runbook.Metric) (run.PointState, run.Safe) {
	if metric.Absent == "zero" {
		return run.PointOK, ""
	}
	key := [2]string{address, metric.Numerator}
	m.mu.Lock()
	s, ok := m.known[key]
	m.mu.Unlock()
	if !ok || m.clock.Now().Sub(s.at) > s.lasts() {
		s = m.look(ctx, client, metric.Numerator)
		if ctx.Err() == nil { // else it was not the server that failed
			m.mu.Lock()
			m.known[key] = s
			m.mu.Unlock()
		}
	}
	switch {
	case s.failed != "":
		return run.PointUnknown, "the numerator is missing, and whether it was there before could not be asked: " + s.failed
	case !s.seen:
		return run.PointInconclusive, unmatched("the numerator", metric.Numerator) + " It had none within 24 h; 'absent: zero' takes that for 0"
	}
	return run.PointOK, ""
}

// look asks for the past of a numerator.
func (m *memory) look(ctx context.Context, client *prom.Client, expr string) sighting {
	query := fmt.Sprintf("count_over_time((\n%s\n)[%s:%s])", expr, prometheusDuration(lookBack), prometheusDuration(lookStep))
	v, err := client.Query(ctx, query, time.Time{})
	s := sighting{at: m.clock.Now(), seen: len(v.Samples) > 0}
	if err != nil {
		s.failed = safe(err.Error())
	}
	return s
}

func prometheusDuration(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
