package journal

import (
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

var bootID = sync.OnceValue(func() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // a container may hide it; Boot then compares within one process only
	}
	return strings.TrimSpace(string(b))
})

// sinceBoot is CLOCK_BOOTTIME, which, unlike Go's monotonic clock, goes on while a laptop sleeps.
func sinceBoot() (int64, string) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0, ""
	}
	return ts.Nano(), bootID()
}
