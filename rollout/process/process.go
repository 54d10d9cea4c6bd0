// Package process runs programs for checks and actions: an argv, never a shell; an allow-list of the environment; the
// whole process group killed when its time is over; bounded output; no terminal.
//
//	out, err := process.Local{}.Run(ctx, process.Command{Argv: []string{"git", "rev-parse", "HEAD"}})
//
// Runner is the seam: the program uses Local, the practice world its own, which knows stand-ins and starts nothing.
package process

import (
	"context"
	"errors"
	"time"
)

// Command is one program to run.
type Command struct {
	Argv []string // the program and its arguments; no shell reads them
	Dir  string   // where it runs; empty: where sop was started
	Env  []string // NAME=value, beside the few variables that every program is given; the last of a name counts
	// Stdin is what it can read, and then the end of it; nil: nothing at all.
	Stdin []byte
	// MaxOutput is how many bytes of each of the two streams are kept, the last ones; 0: DefaultOutput.
	MaxOutput int
}

// DefaultOutput is how much of each stream is kept where a Command says nothing.
const DefaultOutput = 1 << 20

// Output is what a program that ran and ended by itself left.
type Output struct {
	Stdout, Stderr []byte
	Cut            bool // there was more output than was kept, or its end did not come
	Code           int  // exit code
	Elapsed        time.Duration
}

// Runner runs programs. Its error tells that the program could not be started, was killed by a signal, or did not end
// in time (it wraps the context's cause); a program that ended by itself, with whatever code, is no error.
type Runner interface {
	Run(ctx context.Context, c Command) (Output, error)
}

// ErrNotFound is wrapped by the error of a program that is not there.
var ErrNotFound = errors.New("program not found")
