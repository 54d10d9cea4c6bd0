package ui

import (
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// fake is a Session that remembers what was wanted.
type fake struct {
	mu     sync.Mutex
	states chan run.State
	state  run.State
	now    time.Time
	wanted []run.Intent
}

func newFake(s run.State, now time.Time) *fake {
	return &fake{states: make(chan run.State, 1), state: s, now: now}
}

func (f *fake) States() <-chan run.State { return f.states }

func (f *fake) Latest() run.State { f.mu.Lock(); defer f.mu.Unlock(); return f.state }

func (f *fake) Send(i run.Intent) { f.mu.Lock(); defer f.mu.Unlock(); f.wanted = append(f.wanted, i) }

func (f *fake) Now() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now }
