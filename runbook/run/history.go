package run

import (
	"slices"
	"time"
)

// Law: what un-ticked a box, and when, stays visible, and a box that keeps changing its mind opens no gate by luck.
//
// The numbers are those of Nagios, whose flap detection looks at the last 21 states: a service flaps when a fifth of
// its 20 transitions were changes, and has calmed when fewer than a twentieth were, which is none. At the usual
// interval of 30 s these 20 looks are ten minutes: so four changes within ten minutes, and calm is ten minutes without
// one. A look that could not see is no change, and no calm either.
const (
	flapTurns  = 4
	flapWindow = 10 * time.Minute
)

// History is how a check has stood before now.
type History struct {
	Falls    int         // how often it went from good to something else
	Fall     *Fall       // the last of them; nil: it never fell
	Sense    Status      // Passed or Failed: how it stood when it was seen last; empty before
	Good     Safe        // what was observed while it was good last; empty: it never was
	Badness  float64     // of the last bad look
	Turns    []time.Time // the last changes between good and bad, oldest first, at most four
	Flapping bool        // it changed four times within ten minutes, and is not calm yet
	Steady   time.Time   // since when it has been seen, without a gap, in the state it is in
}

// Fall is one time that a check un-ticked.
type Fall struct {
	At     time.Time `json:"at"`
	To     Status    `json:"to"`     // failed, unknown or stale: the last of them while it was down
	Before Safe      `json:"before"` // what was observed while it was good
	After  Safe      `json:"after"`  // what was observed then
	Back   time.Time `json:"back"`   // when it was good again; zero: it is not
}

// Flapping tells whether a check of a step flaps: it changed between good and bad four times within ten minutes and
// is not calm yet. Such a check shows drifted even while it is good: only ten calm minutes or an override open a gate.
func (s State) Flapping(step string) bool {
	return slices.ContainsFunc(s.Steps[step].Checks, func(c CheckState) bool { return c.History.Flapping })
}

// LastFall is the last time that a check of a step un-ticked it; nil when none ever did. Falls counts them all.
func (s State) LastFall(step string) (last *Fall, falls int) {
	for _, c := range s.Steps[step].Checks {
		falls += c.History.Falls
		if f := c.History.Fall; f != nil && (last == nil || f.At.After(last.At)) {
			last = f
		}
	}
	return last, falls
}

// CalmAt is when a flapping check is calm, if it stays as it is; zero when it does not flap or cannot be seen.
func (c CheckState) CalmAt() time.Time {
	if !c.History.Flapping || c.Stale || c.Status == Unknown || c.Status == Checking {
		return time.Time{}
	}
	return c.History.Steady.Add(flapWindow)
}

func isGood(s Status) bool { return s == Passed || s == Warn || s == NotApplicable }

func isBad(s Status) bool { return s == Failed || s == Drifted || s == Conflicted }

// badness is how bad a check is, or of a flapping one how bad it was: that is what a person accepts.
func (c CheckState) badness() float64 {
	if c.History.Flapping && !isBad(c.Status) {
		return c.History.Badness
	}
	return c.Result.Badness
}

// beginsToFlap tells whether a look makes the check begin to flap.
func (c CheckState) beginsToFlap(to Status, r Result, at time.Time) bool {
	was := c.History.Flapping
	c.note(to, r, "", at) // c is a copy
	return !was && c.History.Flapping
}

// note takes a change of a check into its history; c is still as it was before.
func (c *CheckState) note(to Status, r Result, before Safe, at time.Time) {
	h := &c.History
	sense := h.Sense
	switch {
	case isGood(to):
		sense = Passed
		if h.Fall != nil && h.Fall.Back.IsZero() {
			fall := *h.Fall
			fall.Back = at
			h.Fall = &fall
		}
	case to == Failed:
		sense = Failed
	}
	gap := c.Stale || !isGood(c.Status) && c.Status != Failed
	if sense != h.Sense || gap {
		h.Steady = at
	}
	if h.Sense != "" && sense != h.Sense {
		turns := append(slices.Clone(h.Turns), at)
		h.Turns = tail(turns, flapTurns)
		h.Flapping = h.Flapping || len(h.Turns) == flapTurns && at.Sub(h.Turns[0]) <= flapWindow
	}
	if !isGood(to) {
		c.fall(to, before, r.Summary, at)
	}
	h.Sense = sense
}

// fall notes that a check un-ticked, or that it is down in another way.
func (c *CheckState) fall(to Status, before, after Safe, at time.Time) {
	h := &c.History
	switch {
	case h.Fall != nil && h.Fall.Back.IsZero():
		fall := *h.Fall
		fall.To, fall.After = to, after
		h.Fall = &fall
	case isGood(c.Status), c.Status == Checking && h.Sense == Passed: // or judged again after we changed it
		h.Falls++
		h.Fall = &Fall{At: at, To: to, Before: before, After: after}
	}
}

// judgeCalm takes the mark off checks that have been steady for long enough.
func (d *decision) judgeCalm() {
	for ref := range d.s.liveChecks() {
		c := d.s.Steps[ref.Step].Checks[ref.Index]
		if calm := c.CalmAt(); !calm.IsZero() && !d.at.Before(calm) && !c.Seen.Before(calm) {
			d.emit(CheckCalmed(ref))
		}
	}
}
