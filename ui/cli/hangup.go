package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// system is the actor of what the program itself notes into the journal.
const system = "sop"

// lingering is how long the process of a run stays without a screen while nothing of the run is under way. The run
// itself then waits for `sop resume`; only its live boxes are looked at no more.
const lingering = 30 * time.Minute

// line is the terminal that a run is driven from, as long as it holds. Once it is lost the run goes on without it: no
// further SIGHUP ends the program, and neither does a write into a pipe that nobody reads any more.
type line struct {
	in      *os.File       // that keys come from; nil when they never came from a terminal
	signals chan os.Signal // SIGHUP
	pipes   chan os.Signal // SIGPIPE: only asked for, so that it is an error of the write and not the end
	lost    chan struct{}
	once    sync.Once
}

// holdLine watches over the terminal until let go.
func holdLine(in io.Reader) *line {
	l := &line{signals: make(chan os.Signal, 1), pipes: make(chan os.Signal, 1), lost: make(chan struct{})}
	if isTerminal(in) {
		l.in, _ = in.(*os.File)
	}
	signal.Notify(l.signals, syscall.SIGHUP)
	signal.Notify(l.pipes, syscall.SIGPIPE)
	go func() {
		for range l.signals {
			l.lose()
		}
	}()
	return l
}

func (l *line) lose() { l.once.Do(func() { close(l.lost) }) }

// letGo ends the watch over the terminal. One that was lost stays so: a SIGHUP that comes late must not turn the end of
// the run into a death by signal.
func (l *line) letGo() {
	if l.isLost() {
		return
	}
	signal.Stop(l.pipes)
	signal.Stop(l.signals)
	close(l.signals)
}

// isLost tells whether the terminal is gone: a signal said so, or it is none any more.
func (l *line) isLost() bool {
	if l.in != nil && ui.HungUp(l.in) {
		l.lose()
	}
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// within is ctx until the terminal is lost.
func (l *line) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(ctx)
	go func() {
		select {
		case <-l.lost:
			end()
		case <-ctx.Done():
		}
	}()
	return ctx, end
}

// errIdle says that a run without a screen has nothing under way, and that nobody came for a while.
var errIdle = errors.New("nothing is under way")

// goOn lets a run go on without a screen until it has ended, ctx has, or it has had nothing under way for a while and
// nobody at the porter's. What is under way goes on: the watch watches, holds end, a fuse burns, a rollback is seen to
// take. What needs a person waits for one. tell gets every State; it may be nil.
func goOn(ctx context.Context, s *session, p *porter, tell func(run.State)) error {
	p.noScreen()
	changed := awake(ctx, s)
	var idle <-chan time.Time
	for {
		state := s.Latest()
		if tell != nil {
			tell(state)
		}
		if !state.Ended.IsZero() || s.fault() != nil {
			return nil
		}
		switch quiet := p.empty() && !underWay(state); {
		case !quiet:
			idle = nil
		case idle == nil:
			idle = time.After(p.lingering)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-idle:
			return errIdle
		case <-s.over:
		case <-changed:
		case <-p.moved:
		}
	}
}

// awake is filled whenever the State of a run changes, until ctx ends.
func awake(ctx context.Context, s *session) <-chan struct{} {
	signal, wake := s.clock.NewSignal(), make(chan struct{}, 1)
	s.engine.Notify(signal)
	go func() {
		for s.clock.Wait(ctx, never, signal) == nil {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}()
	return wake
}

// underWay tells whether anything of a run goes on that is more than looking at its boxes.
func underWay(s run.State) bool {
	for _, w := range run.Wanted(s) {
		switch w.Body.(type) {
		case run.CheckWork, run.ArmWork, run.FollowWork:
		default:
			return true
		}
	}
	if r := s.Rollback; r != nil && r.Stage != run.Restored && r.Stage != run.TakenBack {
		return true
	}
	return false
}

// noteLoss writes into the journal that the screen is gone.
func noteLoss(s *session) {
	text := fmt.Sprintf("the terminal was lost: the run goes on without a screen in process %d; sop attach %s comes back to it", os.Getpid(), s.id)
	s.engine.Send(system, run.Note{Text: text})
}

// settle waits until what was sent is decided, but not for long.
func (s *session) settle(ctx context.Context) {
	ctx, end := context.WithTimeout(ctx, lastWord)
	defer end()
	for changed := awake(ctx, s); s.engine.Pending(); {
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
