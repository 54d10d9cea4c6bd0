// Package ui is everything a person sees of a run: one full-screen program over the State that a Session publishes.
//
// The program holds only where the person looks (screen, cursor, scroll, dialog). It never changes anything itself: keys
// become Intents, and what comes of them is in the next State.
//
//	err := ui.Show(ctx, session, ui.Options{Cluster: "eks-prod/production"})
//
// Two laws are kept here. R (shift-r) is a rollback on every screen and in every dialog but a text field, and pasted
// text is never a key. Nothing else that changes the world starts without a question that the person answered, and a
// question that opens by itself takes no answer for its first 400 ms.
package ui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Session is the run that the screens look at.
type Session interface {
	// States yields the newest State; what nobody took in time is replaced. It is closed when no more will come.
	States() <-chan run.State
	// Latest is the newest State at once.
	Latest() run.State
	// Send says what the person wants. It must not block; what comes of it shows in a later State.
	Send(intent run.Intent)
	// Now is the run's time, which in practice is not the wall's.
	Now() time.Time
}

// Guest is a Session of somebody who attached from another terminal of the machine.
type Guest interface {
	Session
	// MayAct tells whether the person here has the run in hand; otherwise instead says what to do instead of acting.
	MayAct() (ok bool, instead string)
}

// Options say how a run is shown. The zero value asks the environment and the terminal, and begins with the checklist.
type Options struct {
	Cluster  string  // label, such as eks-prod/production
	First    string  // screen to begin with: checklist (default), rollout, watch, rollback, report or commands; or sop watch, which has no other
	Practice bool    // said in the header by word
	Speed    float64 // how much faster the run's time goes than the wall's; 0 is 1
	ASCII    bool    // neither glyphs nor charts use anything but ASCII
	NoColor  bool
	Theme    string          // dark, light, or empty: as the terminal says
	Terminal *theme.Terminal // what the terminal can do; nil: as the environment says
	Hangup   <-chan struct{} // closed when the terminal is gone; nil: nobody tells
	Keys     *keys.Map       // the key map; nil: the standard one
	Mouse    bool            // the wheel scrolls and a click chooses
	Quiet    bool            // what is loud rings, but is not told to the desktop
	Sync     string          // on or off: synchronised output whatever the terminal says; else as it says
	Progress string          // on or off: the terminal's progress bar whatever the terminal is; else where it is known
	Outer    func() string   // names the terminal around tmux when it may be written to; nil: nobody asks

	// Repose is told when nobody is at the keys and nothing moves in the cluster, and when that is over; nil: nobody is told.
	Repose func(bool)

	asks     bool                // the terminal may be asked for its name
	programs []tea.ProgramOption // more of them, for tests
}

// fill takes a terminal that can all for granted where none is told.
func (o *Options) fill() {
	if o.Terminal == nil {
		o.Terminal = &theme.Terminal{Colours: theme.Full, Many: true, True: true, UTF8: true}
	}
}

// fps is how often a second the terminal is brought up to date at most. Bubble Tea wakes so often also while nothing
// happens, so it is the least that still shows a key within 40 ms: a frame of 37 ms and the drawing.
const fps = 27

// leaveWithin is how long the screens may take to give the terminal back once ctx has ended: one that is stopped (ctrl-s)
// takes no more output, and the run must not wait for that.
const leaveWithin = 2 * time.Second

// Show runs the full-screen program until the person leaves or ctx ends. The run itself may go on.
func Show(ctx context.Context, s Session, o Options) error {
	if o.Terminal == nil {
		o.Terminal = detect()
	}
	o.asks = true
	return o.show(ctx, func(done <-chan struct{}) tea.Model {
		m := New(s, o)
		m.done = done
		return m
	})
}

// show runs a model on the terminal until it ends or ctx does.
func (o Options) show(ctx context.Context, model func(done <-chan struct{}) tea.Model) error {
	held, within := hold(ctx, o.Hangup)
	defer held.end()
	if o.Repose != nil {
		defer o.Repose(false)
	}
	options := append(held.options(), o.program(within)...)
	m := model(within.Done())
	over := make(chan error, 1)
	go func() {
		_, err := tea.NewProgram(m, options...).Run()
		over <- err
	}()
	select {
	case err := <-over:
		return shown(ctx, held, err)
	case <-within.Done():
	}
	select {
	case err := <-over:
		return shown(ctx, held, err)
	case <-time.After(leaveWithin):
		return shown(ctx, held, within.Err())
	}
}

// shown is what Show returns. That ctx ended is no failure of the screens: who ended it knows what that means.
func shown(ctx context.Context, held *terminal, err error) error {
	switch {
	case held.isLost():
		return ErrTerminalLost
	case err == nil || ctx.Err() != nil:
		return nil
	}
	return fmt.Errorf("%w: show the run on the terminal: %w", ErrScreens, err)
}
