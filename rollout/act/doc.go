// Package act does what a run does beside the rollout: it tells people, runs Jobs and programs, sends requests, and raises
// feature flags.
//
//	worker := act.New(act.Sources{Clusters: clusters, HTTP: web.Transport(), Programs: process.Local{}, Variable: os.Getenv, Clock: clock})
//	err := worker.Do(ctx, work, report)
//
// Every act carries a wish. A Job and a ConfigMap are marked with it, so that whoever comes back after a crash finds
// the mark and only looks; a request carries it as its Idempotency-Key. Flags are noted on the environment's Lease before
// they are raised and until they are off, for a rollback from another machine. What goes wrong is an outcome (run.Acted), never
// an error: only an act that was called off returns one. Addresses of webhooks, headers from the environment and the
// values of variables show in no outcome.
package act
