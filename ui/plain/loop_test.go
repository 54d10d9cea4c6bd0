package plain

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// driven is a session whose world in memory goes on with the bubble's time.
type driven struct {
	mu      sync.Mutex
	d       *runtest.Drive
	signals []run.Signal
}

const tick = 100 * time.Millisecond

// live begins a run that goes on until ctx ends.
func live(ctx context.Context, t *testing.T, w *runtest.World) *driven {
	s := &driven{d: runtest.Start(t, runtest.Plan(t), w)}
	go func() {
		for ticker := time.NewTicker(tick); ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				s.do(func() { s.d.For(tick) })
			}
		}
	}()
	return s
}

func (s *driven) do(f func()) {
	s.mu.Lock()
	f()
	signals := s.signals
	s.mu.Unlock()
	for _, sig := range signals {
		sig.Set()
	}
}

func (s *driven) Latest() run.State     { s.mu.Lock(); defer s.mu.Unlock(); return s.d.S }
func (s *driven) Now() time.Time        { s.mu.Lock(); defer s.mu.Unlock(); return s.d.At }
func (s *driven) Pending() bool         { return false }
func (s *driven) Send(i run.Intent)     { s.do(func() { s.d.Want(i) }) }
func (s *driven) Notify(sig run.Signal) { s.do(func() { s.signals = append(s.signals, sig) }) }

// bubble is the clock of a synctest bubble.
type bubble struct{}

type bubbleSignal chan struct{}

func (s bubbleSignal) Set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

func (bubble) Now() time.Time        { return time.Now() }
func (bubble) Go(f func())           { go f() }
func (bubble) NewSignal() run.Signal { return make(bubbleSignal, 1) }

func (bubble) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	var timeout <-chan time.Time
	if d >= 0 {
		timeout = time.After(d)
	}
	sig, _ := s.(bubbleSignal)
	select {
	case <-ctx.Done():
	case <-timeout:
	case <-sig:
	}
	return ctx.Err()
}

// heard is one conversation over a pipe: what is typed at which second, and what was said. It ends with the run, or when
// nothing more can be typed.
func heard(t *testing.T, w *runtest.World, terminal bool, typed func(in io.Writer, wait func(time.Duration))) (text string, state run.State) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s := live(ctx, t, w)
		in, typing := io.Pipe()
		go func() {
			typed(typing, func(d time.Duration) {
				select {
				case <-time.After(d):
				case <-ctx.Done():
				}
			})
			_ = typing.Close()
		}()
		var out bytes.Buffer
		if err := Run(ctx, s, bubble{}, Typed(in), &out, Options{Cluster: "eks/production", Terminal: terminal}); err != nil {
			t.Error(err)
		}
		stop()
		_ = in.Close()
		text, state = out.String(), s.Latest()
	})
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		audible(t, l, terminal)
	}
	return text, state
}

func lines(in io.Writer, list ...string) { _, _ = io.WriteString(in, strings.Join(list, "\n")+"\n") }

// whole is the small procedure as a script: each line waits for its question.
var whole = []string{"done", "config of v2 looked at", "open", "start", "open", "done", "told the channel", "start", "start", "open", "done", "", "open"}

func TestScriptFromPipe(t *testing.T) {
	t.Parallel()
	text, s := heard(t, runtest.NewWorld(), false, func(in io.Writer, _ func(time.Duration)) { lines(in, whole...) })
	if s.Outcome != run.Completed {
		t.Errorf("the run is %q:\n%s", s.Outcome, text)
	}
	if strings.Contains(text, "\a") {
		t.Error("a pipe rings")
	}
}

// A script that ends before the run does is followed up to the first question that nobody will answer.
func TestPipeEnds(t *testing.T) {
	t.Parallel()
	text, s := heard(t, runtest.NewWorld(), false, func(in io.Writer, _ func(time.Duration)) { lines(in, whole[:4]...) })
	if s.Phase != 1 || s.StepStatus("roll") != run.Passed || !strings.HasSuffix(text, "The run goes on with sop resume "+runtest.ID+".\n") {
		t.Errorf("phase %d:\n%s", s.Phase, text)
	}
	text, _ = heard(t, runtest.NewWorld(), false, func(io.Writer, func(time.Duration)) {})
	if !strings.Contains(text, "Config. To do by hand") {
		t.Errorf("who types nothing hears nothing:\n%s", text)
	}
}

// At a terminal, lines that come all at once are a paste: none of them is an answer.
func TestPaste(t *testing.T) {
	t.Parallel()
	text, s := heard(t, runtest.NewWorld(), true, func(in io.Writer, wait func(time.Duration)) {
		wait(30 * time.Second)
		lines(in, "1", "first line of a note", "R", "1", "1")
		wait(5 * time.Second)
		lines(in, "1")
		wait(5 * time.Second)
		lines(in, "one", "two")
		wait(5 * time.Second)
	})
	if s.Phase != 0 || s.Rollback != nil || len(s.Steps["config"].Checks) != 0 || s.Steps["config"].Attested != nil {
		t.Errorf("a paste was taken:\n%s", text)
	}
	if strings.Count(text, "\aAttention: 5 lines came all at once") != 1 || strings.Count(text, "2 lines came all at once") != 1 {
		t.Errorf("got\n%s", text)
	}
}

// R goes before a script that waits for its questions.
func TestRBeforeScript(t *testing.T) {
	t.Parallel()
	text, s := heard(t, runtest.NewWorld(), false, func(in io.Writer, wait func(time.Duration)) {
		lines(in, append(whole[:8:8], "nobody asks this")...)
		wait(3 * time.Minute)
		lines(in, "R")
		wait(20 * time.Second)
		lines(in, "") // the reason
		wait(5 * time.Minute)
		lines(in, "done")
		wait(time.Second)
		lines(in, "told them")
		wait(5 * time.Second)
	})
	if s.Outcome != run.RolledBack {
		t.Errorf("the run is %q:\n%s", s.Outcome, text)
	}
}

// A terminal that goes away ends the conversation at once, but not while a rollback is under way.
func TestTerminalGoes(t *testing.T) {
	t.Parallel()
	text, s := heard(t, runtest.NewWorld(), true, func(_ io.Writer, wait func(time.Duration)) { wait(30 * time.Second) })
	if !s.Ended.IsZero() || !strings.Contains(text, "Nothing more can be typed") {
		t.Errorf("got\n%s", text)
	}
	text, s = heard(t, runtest.NewWorld(), true, func(in io.Writer, wait func(time.Duration)) {
		for _, l := range whole[:8] {
			wait(50 * time.Second)
			lines(in, l)
		}
		wait(time.Minute)
		lines(in, "R")
	})
	if s.Rollback == nil || s.Rollback.Stage != run.Restored {
		t.Errorf("the rollback was left alone:\n%s", text)
	}
}

func TestLongLine(t *testing.T) {
	t.Parallel()
	text, _ := heard(t, runtest.NewWorld(), false, func(in io.Writer, wait func(time.Duration)) {
		wait(30 * time.Second)
		lines(in, strings.Repeat("\x1b[31mx\u202e", 100_000))
		wait(time.Second)
	})
	if !strings.Contains(text, "The line is cut at 2000 characters") {
		t.Errorf("got\n%s", text)
	}
}
