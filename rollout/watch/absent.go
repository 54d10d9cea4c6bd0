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
	at   time.Time // when it was there; of an absent one, when it was asked for
	seen bool
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

// absent says what a missing numerator means: PointOK is zero. Prometheus is asked once for each numerator; only
// a failed question is asked again.
func (m *memory) absent(ctx context.Context, client *prom.Client, address string, metric runbook.Metric) (run.PointState, run.Safe) {
	if metric.Absent == "zero" {
		return run.PointOK, ""
	}
	key := [2]string{address, metric.Numerator}
	m.mu.Lock()
	s, ok := m.known[key]
	m.mu.Unlock()
	if !ok || m.clock.Now().Sub(s.at) > lookBack {
		v, err := client.Query(ctx, fmt.Sprintf("count_over_time((\n%s\n)[%s:%s])", metric.Numerator, prometheusDuration(lookBack), prometheusDuration(lookStep)), time.Time{})
		if err != nil {
			return run.PointUnknown, safe(fmt.Sprintf("the numerator is missing, and whether it was there before could not be asked: %s", err))
		}
		s = sighting{at: m.clock.Now(), seen: len(v.Samples) > 0}
		m.mu.Lock()
		m.known[key] = s
		m.mu.Unlock()
	}
	if !s.seen {
		return run.PointInconclusive, unmatched("the numerator", metric.Numerator) + " It had none within 24 h; 'absent: zero' takes that for 0"
	}
	return run.PointOK, ""
}

func prometheusDuration(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
