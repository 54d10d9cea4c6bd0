package kube

import (
	"time"

	"golang.org/x/sys/unix"
)

// slept is how long the machine has been suspended since it was booted, about. Go's clock stops meanwhile, the Lease
// does not.
func slept() time.Duration {
	var boot, running unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &running) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - running.Nano()).Truncate(time.Second)
}
