package plain

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// Ear is where the typed lines come from.
type Ear interface {
	// Notify sets a signal whenever there is something to hear.
	Notify(run.Signal)
	// Hear returns what was typed next, without waiting. over tells that nothing more will come after it.
	Hear(asks bool) (burst []string, over bool)
}

// never is a wait without a deadline.
const never = time.Duration(-1)

// Run talks about a run until it has ended, the person leaves, or ctx ends. The run itself may go on.
func Run(ctx context.Context, s Session, clock run.Clock, ear Ear, out io.Writer, o Options) error {
	changed := clock.NewSignal()
	s.Notify(changed)
	ear.Notify(changed)
	l := &loop{s: s, ear: ear, out: out, talk: New(o), terminal: o.Terminal}
	for ctx.Err() == nil {
		if s.Pending() { // what was typed next is an answer to what comes of it
			_ = clock.Wait(ctx, never, changed)
			continue
		}
		l.talk.See(s.Latest(), s.Now())
		l.flush()
		if !s.Latest().Ended.IsZero() && l.talk.news.ended || l.talk.Left() {
			return l.err
		}
		if l.hear() {
			continue
		}
		if l.over && l.leaves() {
			l.talk.say("Nothing more can be typed, so this ends here. " + l.talk.goesOn())
			l.flush()
			return l.err
		}
		wait := never
		if again := l.talk.Again(); !again.IsZero() {
			wait = max(0, again.Sub(s.Now()))
		}
		if clock.Wait(ctx, wait, changed) != nil {
			break
		}
	}
	return l.err
}

type loop struct {
	s        Session
	ear      Ear
	out      io.Writer
	talk     *Talk
	terminal bool
	script   []string // lines that wait for their questions
	over     bool     // nothing more will be typed
	err      error
}

// flush says what there is to say, each line in one piece, and wants what is wanted.
func (l *loop) flush() {
	for _, line := range l.talk.Lines() {
		if _, err := io.WriteString(l.out, line+"\n"); err != nil && l.err == nil {
			l.err = fmt.Errorf("say a line: %w", err)
		}
	}
	for _, i := range l.talk.Wanted() {
		l.s.Send(i)
	}
}

// hear takes what was typed next; false when there is nothing.
func (l *loop) hear() bool {
	burst, over := l.ear.Hear(l.talk.Asks())
	l.over = l.over || over
	switch now := l.s.Now(); {
	case len(burst) == 0:
		return l.next()
	case l.terminal && len(burst) > 1:
		l.talk.Paste(burst, now)
	case len(burst) == 1 && strings.TrimSpace(burst[0]) == "R" && !over:
		l.script = nil
		l.talk.Hear(burst[0], now)
	case len(burst) > 1 || over || len(l.script) > 0:
		l.script = append(l.script, burst...) // a script: each of its lines waits for a question
		return l.next()
	default:
		l.talk.Hear(burst[0], now)
	}
	l.flush()
	return true
}

// next takes the next line of a script, if there is a question for it; false when there is none.
func (l *loop) next() bool {
	if len(l.script) == 0 {
		return false
	}
	line := l.script[0]
	armed := strings.TrimSpace(line) == "R" && l.s.Latest().WhyNotArmed() == ""
	fuse := screen.FuseLive(l.s.Latest()) // which is not what the line was written for, unless it is one of its answers
	if !l.talk.Asks() && !armed || fuse && !slices.Contains([]string{"", "b", "t"}, strings.TrimSpace(line)) {
		return false
	}
	l.script = l.script[1:]
	l.talk.Hear(line, l.s.Now())
	l.flush()
	return true
}

// leaves tells whether to leave, now that nothing more will be typed: at a terminal at once, else when something is asked
// that nobody will answer. A rollback that is under way is seen through.
func (l *loop) leaves() bool {
	if len(l.script) > 0 && !l.terminal {
		return false
	}
	s := l.s.Latest()
	if screen.RollbackLive(s) && s.Rollback.Stage != run.Asking {
		return false
	}
	return l.terminal || l.talk.Asks()
}
