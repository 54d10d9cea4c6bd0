package cli

import "runtime/debug"

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
