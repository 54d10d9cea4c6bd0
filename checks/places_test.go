package checks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Forty checks of one Worker use the network twelve at a time, all get their turn, and waiting for it is no time-out.
func TestLooksShareTheNetwork(t *testing.T) {
	b := newBench(t)
	now, most, asked := 0, 0, 0
	b.http = transport(func(r *http.Request) (*http.Response, error) {
		now, asked = now+1, asked+1
		most = max(most, now)
		defer func() { now-- }()
		if err := b.clock.Wait(r.Context(), 4*time.Second, nil); err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
	})
	w := b.worker()
	passed := 0
	b.clock.Run(func() {
		kube.Each(b.clock, 40, func(i int) {
			body := b.work(every(time.Minute)).Body.(run.CheckWork)
			body.Once, body.Step = true, fmt.Sprint("step", i)
			_ = w.Do(context.Background(), run.Work{Body: body}, func(o run.Observation) {
				if o.(run.Checked).Result.Status == run.Passed {
					passed++
				}
			})
		})
	})
	if most != atOnce || asked != 40 || passed != 40 {
		t.Errorf("%d at once, %d asked, %d passed", most, asked, passed)
	}
}

// Who stops waiting for a place, also in the moment in which it is handed over, takes none with him.
func TestAPlaceIsNotLost(t *testing.T) {
	b := newBench(t)
	p := &places{free: 1}
	b.clock.Run(func() {
		if err := p.take(context.Background(), b.clock); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := b.clock.NewSignal()
		var got error
		b.clock.Go(func() { got = p.take(ctx, b.clock); done.Set() })
		_ = b.clock.Wait(context.Background(), time.Second, nil)
		p.giveBack()
		cancel()
		_ = b.clock.Wait(context.Background(), -1, done)
		if got == nil {
			p.giveBack()
		}
		if p.free != 1 || len(p.queue) != 0 {
			t.Errorf("%d free, %d wait", p.free, len(p.queue))
		}
	})
}

func TestACachedLookNeedsNoPlace(t *testing.T) {
	c := newCluster(t)
	w := c.worker()
	w.places.free = 0
	c.clock.Run(func() {
		body := c.work(runbook.Check{Kind: "workload", Params: params("components", "all")}).Body.(run.CheckWork)
		body.Once = true
		_ = w.Do(context.Background(), run.Work{Body: body}, func(o run.Observation) {
			want(t, o.(run.Checked).Result, run.Passed, "pods available")
		})
	})
}
