// Package plain is a run told line by line: for a screen reader, a pipe, or a terminal that can do nothing but print.
//
// A Talk holds one conversation. See takes each newer State and says what is new in it; Hear takes what a person typed
// and turns it into Intents. Both are pure but for the Talk itself, so a whole deployment can be played in a test. Run
// ties a Talk to a session, to the lines that are typed, and to where the words go.
//
//	err := plain.Run(ctx, session, clock, plain.Typed(os.Stdin, true), os.Stdout, plain.Options{Terminal: true})
//
// Four laws are kept here. What was said is never touched again: no cursor moves, nothing is drawn, no line holds a
// control byte or a sign that only eyes can read, and each line makes sense when it is heard alone. Nothing is said that
// only refreshes what is known. One line answers one question, never more, and the number of an answer is not given to
// another question while somebody may still have it in mind. A line that is exactly R rolls back wherever it is typed; at
// a text it asks once more, for there it may be the text.
package plain

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Session is the run that is talked about.
type Session interface {
	// Latest is the newest State.
	Latest() run.State
	// Send says what the person wants. It must not block; what comes of it shows in a later State.
	Send(intent run.Intent)
	// Pending tells whether what was sent last is not decided yet.
	Pending() bool
	// Notify sets a signal whenever there is a newer State, or something that was sent is decided.
	Notify(run.Signal)
	// Now is the run's time, which in practice is not the wall's.
	Now() time.Time
}

// Options say how a run is told.
type Options struct {
	Cluster  string  // label, such as eks-prod/production
	Practice bool    // said in the first line
	Speed    float64 // how much faster the run's time goes than the wall's; 0 is 1
	Terminal bool    // a person types at a terminal: what is loud rings, and lines that come all at once are a paste
	// Instead says what to do instead of acting while the person only looks on, having attached to a run that another has
	// in hand; empty: they may act. Nil: the run is their own.
	Instead func() string
}
