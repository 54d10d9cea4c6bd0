//go:build !linux

package kube

import "time"

// slept is known on Linux only. Elsewhere a lock that ran out while the machine slept shows at the next renewal, and
// until then the fence annotation that its new holder stamped stops our writes.
func slept() time.Duration { return 0 }
