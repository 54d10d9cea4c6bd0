//go:build !linux

package journal

import (
	"crypto/rand"
	"time"
)

var (
	processStart = time.Now()
	processID    = "process-" + rand.Text()
)

// sinceBoot counts from the start of this process, and its id says so: here is no portable clock that goes on
// while the machine sleeps.
func sinceBoot() (int64, string) { return int64(time.Since(processStart)), processID }
