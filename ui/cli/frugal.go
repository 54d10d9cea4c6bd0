package cli

import (
	"runtime"
	"runtime/debug"
)

// How eager the garbage collector is, as GOGC would say it. Until the first picture nearly all that is made stays, so
// looking for garbage only delays it. From then on the program lives for hours beside others on a small machine, and
// its heap is so small that looking twice as often as usual costs nothing that can be measured.
const (
	eagerAtStart = 400
	eagerLater   = 50
)

// startSwiftly keeps the collector away while little is garbage.
func startSwiftly() { debug.SetGCPercent(eagerAtStart) }

// staySmall is for all that comes after the start.
func staySmall() { debug.SetGCPercent(eagerLater) }

// processors is how many the program may use when something goes on.
var processors = runtime.GOMAXPROCS(0)

// repose takes one processor while the program only waits: each timer then wakes one thread and not two more that look for
// work, which is a third of all that an idle program takes.
func repose(rest bool) {
	n := processors
	if rest {
		n = 1
	}
	runtime.GOMAXPROCS(n)
}
