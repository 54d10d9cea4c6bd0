// Package run is the law of a run: what happened (State), what a person wants (Intent), what the world showed
// (Observation), what follows from it (Decide → Events), and what should be going on now (Wanted).
//
// It is pure: no I/O, no goroutine, no clock of its own. Time comes in as Input.At only. The one engine that drives it
// does
//
//	events, notice := run.Decide(state, input)   // what follows from the input
//	journal.Append(events...)                    // all but the volatile ones; fsynced before anything acts on them
//	state = run.Apply(state, events...)          // a new State; the old one stays valid for whoever still looks at it
//	works := run.Wanted(state)                   // what should be going on now; workers are started and stopped by the difference
//	due, ok := run.Deadline(state)               // when to come back with a Tick although nobody said anything
//
// so a journal replayed through Apply gives the same State, and going on after a crash is nothing special: replay,
// Wanted, observe again.
//
// What a box shows is drawn from its looks (look.go), its history (history.go: what un-ticked it, flapping), who vouched
// for it (hand.go) or passed over it (override.go), and is held together at the gate (gate.go, snapshot.go). What follows
// from one root is told once (sensor.go).
package run
