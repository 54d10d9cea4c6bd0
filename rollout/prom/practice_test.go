package prom_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/practice/promapi"
	"github.com/politicalsphere/sop/rollout/prom"
)

// TestTheRealEngine asks the practice world, which answers with Prometheus's own engine.
func TestTheRealEngine(t *testing.T) {
	clock := practice.NewJumping(start)
	world := promapi.New(promapi.Options{Now: clock.Now, Wait: func(ctx context.Context, d time.Duration) error { return clock.Wait(ctx, d, nil) }, Start: start})
	clock.Run(func() {
		client := prom.NewClients(served(world.ServeHTTP), clock).Get("http://prom.example")
		v, err := client.Query(context.Background(), "1 / 4", time.Time{})
		if err != nil || len(v.Samples) != 1 || v.Samples[0].Value != 0.25 {
			t.Errorf("1 / 4 = %v, %v", v, err)
		}
		if v, err = client.Query(context.Background(), "no_such_series", time.Time{}); err != nil || len(v.Samples) != 0 {
			t.Errorf("no_such_series = %v, %v", v, err)
		}
		_, err = client.Query(context.Background(), "sum(", time.Time{})
		var got *prom.Error
		if !errors.As(err, &got) || got.Reason != prom.BadQuery {
			t.Errorf("sum( gave %v, want a bad query", err)
		}
		rules, err := client.AlertRules(context.Background())
		if err != nil || len(rules) < len(promapi.DefaultRules) || rules[0].Name != "ErrorRateElevated" || rules[0].Labels["severity"] != "warning" || rules[0].Fault != "" {
			t.Errorf("the alerting rules are %v, %v", rules, err)
		}
		world.Break(promapi.Outage{Start: clock.Now(), Trouble: promapi.Slow, Delay: time.Minute})
		if _, err = client.Query(context.Background(), "1", time.Time{}); !errors.As(err, &got) || got.Reason != prom.TimedOut {
			t.Errorf("a slow server gave %v, want a time-out", err)
		}
	})
}
