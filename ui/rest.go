package ui

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// How old a picture is at least before the clock alone draws it anew: where States come every second, they do; and where
// nothing moves and nobody is at the keys, a clock that goes on by five seconds is enough. Drawing is most of what an idle
// program takes.
const (
	lull   = 700 * time.Millisecond
	repose = 4900 * time.Millisecond
)

// attention is how long after the last key somebody is taken to look at the clock, and soon how near a deadline must be.
const (
	attention = 30 * time.Second
	soon      = time.Minute
)

// outdated tells whether the clock alone draws a new picture now.
func (m *Model) outdated() bool {
	least := lull
	if m.atRest() {
		least = repose
	}
	old := m.now.Sub(m.drawn)
	return m.unseen || fusing(m.state) || old >= m.human(least) || old < 0 // or the machine's clock was set back
}

// settle tells who wants to know when the program has little to do, and when that is over.
func (m *Model) settle() {
	if rest := m.unattended(); m.options.Repose != nil && rest != m.resting {
		m.resting = rest
		m.options.Repose(rest)
	}
}

// unattended tells whether nobody is at the keys and nothing moves in the cluster. In practice that goes faster than life
// something always does.
func (m *Model) unattended() bool {
	s := m.state
	if m.options.Speed > 1 || m.dialog != nil || m.now.Sub(m.touched) < attention || s.Gate != nil || screen.RollbackLive(s) {
		return false
	}
	for _, d := range s.Deploys {
		if d.Ended.IsZero() && d.Stage != run.Refused {
			return false
		}
	}
	return true
}

// atRest tells whether it is unattended, and nothing is watched, waited for or due soon.
func (m *Model) atRest() bool {
	s := m.state
	if due := s.NextUpdate.Sub(m.now); !m.unattended() || !s.NextUpdate.IsZero() && due < soon && due > -soon {
		return false
	}
	for _, w := range s.Watches {
		if w.Ended.IsZero() {
			return false
		}
	}
	for _, a := range s.Actions {
		switch a.Stage {
		case run.ActionRunning, run.ActionWaiting, run.ActionHolding:
			return false
		}
	}
	return true
}
