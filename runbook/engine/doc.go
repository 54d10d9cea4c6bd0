// Package engine drives a run: it is the one goroutine that writes.
//
//	Input → run.Decide → journal (fsynced) → run.Apply → publish → start and stop workers by run.Wanted
//
// Whoever wants something sends an Intent; whoever looks gets the latest State and never holds the engine up. A wish is
// in the journal before a worker is started for it. When the journal is dead, nothing moves forward any more, but a
// rollback goes on.
//
//	e := engine.New(engine.Config{Clock: clock, Journal: j, Worker: w, State: run.New(id, plan), Begin: begin})
//	clock.Go(func() { err = e.Run(ctx) })
//	e.Send("alice", run.Attest{Step: "configuration"})
package engine
