package cli

import (
	"errors"
	"fmt"
)

// Exit codes (DESIGN §8). Of several, 1 beats 4 beats 3.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPerson      = 3
	exitUnknown     = 4
	exitInterrupted = 130
)

// exitError ends the program with a code. A nil err says that everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// quiet ends the program with a code and without a word.
func quiet(code int) error {
	if code == exitDone {
		return nil
	}
	return &exitError{code: code}
}

func usage(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

func failed(err error) error { return &exitError{code: exitFailed, err: err} }

func couldNotLook(err error) error { return &exitError{code: exitUnknown, err: err} }

// codeOf is the exit code of what a command returned. What cobra itself refuses is a usage error.
func codeOf(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		return e.code
	}
	return exitUsage
}
