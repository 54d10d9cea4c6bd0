package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// The lock is a Lease that is renewed long before it ends. Others take it over only when they have seen it unchanged
// for its whole duration by their own clock; no clock is compared with another machine's.
const (
	leaseDuration = 60 * time.Second
	renewEvery    = 20 * time.Second
	retryEvery    = 2 * time.Second // after a failed renewal
	lookEvery     = 2 * time.Second // at a lock that somebody else holds
)

// ErrLockLost is the error of a forward write that was held back because the environment's lock is not ours.
var ErrLockLost = errors.New("the environment's lock is not held: nothing was written")

// lockState is what this program knows of its own hold on the lock.
type lockState struct {
	clock run.Clock

	mu      sync.Mutex
	token   int64     // 0: not held
	renewed time.Time // when the last successful renewal was sent
	asleep  time.Duration
	taken   bool // it was held at least once
	waiting map[run.Signal]bool
}

// hold notes that the Lease carried our token when a request sent at `sent` was answered.
func (l *lockState) hold(token int64, sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token, l.renewed, l.asleep, l.taken = token, sent, slept(), true
	for s := range l.waiting {
		s.Set()
	}
}

func (l *lockState) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token = 0
}

// left is how long the lock is certainly still ours; 0 when it is not held. Time that the machine slept counts,
// although the clock did not see it pass.
func (l *lockState) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token == 0 {
		return 0
	}
	passed := l.clock.Now().Sub(l.renewed) + slept() - l.asleep
	return max(0, leaseDuration-passed)
}

// held tells whether a write that leaves now ends while the lock is still ours.
func (l *lockState) held() bool { return l.left() > writeTimeout }

// AwaitLock waits until the environment's lock is held, for d at most; the error is an ErrLockLost.
func (c *Cluster) AwaitLock(ctx context.Context, d time.Duration) error {
	l, signal, until := &c.lock, c.clock.NewSignal(), c.clock.Now().Add(d)
	l.mu.Lock()
	if l.waiting == nil {
		l.waiting = map[run.Signal]bool{}
	}
	l.waiting[signal] = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.waiting, signal)
	}()
	for !l.held() {
		left := until.Sub(c.clock.Now())
		if left <= 0 {
			return ErrLockLost
		}
		if err := c.clock.Wait(ctx, left, signal); err != nil {
			return fmt.Errorf("%w (%w)", ErrLockLost, err)
		}
	}
	return nil
}

// LockTaken tells whether this program has ever held the environment's lock, now or before.
func (c *Cluster) LockTaken() bool {
	c.lock.mu.Lock()
	defer c.lock.mu.Unlock()
	return c.lock.taken
}

// forwardKey marks the context of a forward write.
type forwardKey struct{}

// guard is the last gate before the network: it holds back each attempt of a forward write, also one that a client
// library makes by itself, unless the lock is ours at that moment.
type guard struct {
	lock *lockState
	next http.RoundTripper
}

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Value(forwardKey{}) != nil && !g.lock.held() {
		if r.Body != nil {
			_ = r.Body.Close() // as a RoundTripper must
		}
		return nil, ErrLockLost
	}
	return g.next.RoundTrip(r)
}

// WrappedRoundTripper lets client-go find the transport underneath.
func (g guard) WrappedRoundTripper() http.RoundTripper { return g.next }
