package kube

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// How long one request may take. A write's time-out is also the margin that the lock keeps, so that a request which
// leaves while the lock is ours has ended when it no longer is.
const (
	readTimeout  = 10 * time.Second
	listTimeout  = 30 * time.Second
	writeTimeout = 10 * time.Second
)

// errTimeout is why a request ended that the API server did not answer in time.
var errTimeout = errors.New("the API server did not answer in time")

// blind is the error of something that could not be looked at.
type blind struct{ err error }

// Error leaves the request's address out, which is long and of no use to who reads why there is no connection.
func (e *blind) Error() string {
	var u *url.Error
	if errors.As(e.err, &u) {
		return u.Err.Error()
	}
	return e.err.Error()
}

func (e *blind) Unwrap() error { return e.err }

// Unreachable tells whether err means that the cluster could not be looked at: no connection, a time-out, an
// overloaded or failing API server, a cache that could not be filled. Missing, forbidden and refused by the server
// are not; nil is not.
func Unreachable(err error) bool {
	if err == nil {
		return false
	}
	var b *blind
	if errors.As(err, &b) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	return busy(err)
}

// busy tells whether the API server answered, but only that it cannot at the moment.
func busy(err error) bool {
	return apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || apierrors.IsUnexpectedServerError(err) ||
		apierrors.IsUnauthorized(err)
}

// failed words the error of a request: what was tried, where, and why it failed.
func (c *Cluster) failed(ctx context.Context, what string, err error) error {
	var answer apierrors.APIStatus
	switch {
	case errors.Is(context.Cause(ctx), errTimeout):
		err = &blind{errTimeout}
	case ctx.Err() != nil:
		err = &blind{fmt.Errorf("%w (%w)", err, ctx.Err())}
	case !errors.As(err, &answer) && !errors.Is(err, ErrLockLost):
		err = &blind{err} // the API server gave no answer
	}
	if c.env.Context != "" {
		return fmt.Errorf("%s in context %s: %w", what, c.env.Context, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// within returns a context that ends after d of the clock's time, which a plain time-out cannot promise: the clock
// may be virtual. done must be called.
func within(ctx context.Context, clock run.Clock, d time.Duration) (limited context.Context, done func()) {
	limited, cancel := context.WithCancelCause(ctx)
	clock.Go(func() {
		if clock.Wait(limited, d, nil) == nil {
			cancel(errTimeout)
		}
	})
	return limited, func() { cancel(context.Canceled) }
}

func (c *Cluster) within(ctx context.Context, d time.Duration) (limited context.Context, done func()) {
	return within(ctx, c.clock, d)
}

// NoKind is the error of a kind that the cluster does not know: nothing can be said about its objects, not even that
// they are missing.
type NoKind struct{ Kind string }

func (e *NoKind) Error() string {
	return fmt.Sprintf("the cluster knows no %s; install what defines it, or correct apiVersion and kind", e.Kind)
}
