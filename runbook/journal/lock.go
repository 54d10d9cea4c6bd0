package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// A reader that asks whether a run is live holds its lock for a moment. Who finds the lock taken, but no living
// process named in it, tries again for this long.
const (
	lockPatience = 200 * time.Millisecond
	lockRetry    = 2 * time.Millisecond
)

func newLock(dir string, flags int) *flock.Flock {
	return flock.New(filepath.Join(dir, lockName), flock.SetFlag(flags|os.O_RDWR|unix.O_NOFOLLOW), flock.SetPermissions(0o600))
}

// takeLock makes this process the only one that has the run open. The kernel drops the lock with its process, so a
// dead process is no obstacle.
func takeLock(dir string) (*flock.Flock, error) {
	l := newLock(dir, os.O_CREATE)
	ok, err := l.TryLock()
	if err == nil && !ok && !alive(lockPID(dir)) {
		ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
		defer cancel()
		ok, err = l.TryLockContext(ctx, lockRetry)
		if errors.Is(err, context.DeadlineExceeded) {
			ok, err = l.TryLock() // a machine that stood still has let the time pass, but not the reader's look
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock run %s: %w", dir, err)
	}
	if !ok {
		return nil, &LockedError{Dir: dir, PID: lockPID(dir)}
	}
	if err := os.WriteFile(l.Path(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil && !noSpace(err) {
		// Without its pid the lock holds all the same; a full disk must not keep a responder out.
		return nil, errors.Join(fmt.Errorf("write pid into lock of run %s: %w", dir, err), l.Unlock())
	}
	return l, nil
}

// dropLock takes the pid out first, so that nobody is told of a process that is gone.
func dropLock(l *flock.Flock) error {
	_ = os.Truncate(l.Path(), 0) // a pid left behind only costs a reader one more look
	return l.Unlock()
}

// lockPID is the pid in the lock file, or 0.
func lockPID(dir string) int {
	b, err := os.ReadFile(filepath.Join(dir, lockName))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid < 1 {
		return 0
	}
	return pid
}

func alive(pid int) bool {
	return pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// LivePID is the process that has the run in dir open, or 0.
func LivePID(dir string) int {
	if checkDir(dir) != nil {
		return 0
	}
	return livePID(dir)
}

// livePID is the process that has the run open, or 0. It touches the lock only when a living process is named in
// it, which may be a stranger that was given a dead one's pid.
func livePID(dir string) int {
	pid := lockPID(dir)
	if !alive(pid) {
		return 0
	}
	l := newLock(dir, 0)
	ok, err := l.TryRLock()
	if err == nil && ok {
		_ = l.Unlock() // closing the descriptor releases it in any case
		return 0
	}
	return pid
}
