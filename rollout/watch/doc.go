// Package watch asks Prometheus for the metrics of a deploy: once for the time before the first write (the baseline),
// and then again and again (the samples). It only asks; what the numbers mean is judged in runbook/run.
//
// Each number is one of three things and never mixed up: a value; inconclusive, when Prometheus answered and the
// answer says nothing (no series, 0/0, NaN, several series); unknown, when it could not be asked. The last two carry
// a reason that a person can act on.
//
//	w := watch.New(prom.NewClients(http.DefaultTransport, clock), clock)
//	err := w.Do(ctx, run.Work{ID: "sample", Body: run.SampleWork{Env: env, Metrics: metrics, Every: 15 * time.Second}}, report)
//
// The data's way: metrics → parts (numerator, denominator, value) → one query that asks for all of them → an answer a
// part → a Point a metric → run.Sampled.
package watch
