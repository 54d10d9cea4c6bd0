package ui

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
)

// live is a Session whose time is the clock of the bubble it runs in.
type live struct {
	mu     sync.Mutex
	states chan run.State
	state  run.State
	wanted []run.Intent
}

func newLive(s run.State) *live { return &live{states: make(chan run.State, 1), state: s} }

func (l *live) States() <-chan run.State { return l.states }

func (l *live) Latest() run.State { l.mu.Lock(); defer l.mu.Unlock(); return l.state }

func (l *live) Send(i run.Intent) { l.mu.Lock(); defer l.mu.Unlock(); l.wanted = append(l.wanted, i) }

func (l *live) Now() time.Time { return time.Now() }

// publish tells a new State; one that nobody took yet is replaced.
func (l *live) publish(s run.State) {
	l.mu.Lock()
	l.state = s
	l.mu.Unlock()
	select {
	case <-l.states:
	default:
	}
	l.states <- s
}

// driver runs a Model as Bubble Tea does, but without a terminal: one message after the other, commands beside them.
type driver struct {
	t    *testing.T
	m    *Model
	msgs chan tea.Msg
	ctx  context.Context
	seen int // messages
}

// drive starts the model. It has to be called in a bubble, and ends with ctx.
func drive(ctx context.Context, t *testing.T, m *Model) *driver {
	d := &driver{t: t, m: m, msgs: make(chan tea.Msg), ctx: ctx}
	m.done = ctx.Done()
	d.start(m.Init())
	return d
}

// start runs a command beside everything else.
func (d *driver) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				d.start(c)
			}
			return
		}
		select {
		case d.msgs <- msg:
		case <-d.ctx.Done():
		}
	}()
}

// pass lets time go by, and hands over every message that comes meanwhile.
func (d *driver) pass(span time.Duration) {
	end := time.NewTimer(span)
	defer end.Stop()
	for {
		select {
		case msg := <-d.msgs:
			_, cmd := d.m.Update(msg)
			d.start(cmd)
			if d.seen++; d.seen%20 == 0 { // measuring every one would take longer than drawing it
				checkPicture(d.t, "while it runs", d.m, d.m.w, d.m.h)
			}
		case <-end.C:
			return
		}
	}
}

func (d *driver) press(names ...string) {
	for _, n := range names {
		_, cmd := d.m.Update(keyNamed(n))
		d.start(cmd)
	}
}

func (d *driver) text() string { return ansi.Strip(d.m.View().Content) }

// TestAWatchIsPlayed plays thirty minutes of a watch, its trip and the rollback through the model, at the pace of the clock.
func TestAWatchIsPlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := holding()
		time.Sleep(time.Until(p.at)) // the bubble begins long before
		p.add(run.DeployFinished{Step: "execute"}, run.WatchStarted{Step: "watch", Env: "production", From: p.at, Until: p.at.Add(30 * time.Minute)})
		s := newLive(p.s)
		m := New(s, Options{First: "watch"})
		m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
		d := drive(ctx, t, m)
		for i := range 4 * 29 {
			d.pass(15 * time.Second)
			p.at = time.Now()
			p.add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, min(i, 40))})
			s.publish(p.s)
		}
		d.pass(time.Second)
		says(t, d.text(), "Watch 29:0", "of 30:00", "so far")
		if d.seen < 29*60 {
			t.Errorf("only %d messages in 29 minutes: the clock does not go", d.seen)
		}

		d.press("R")
		p.at = time.Now()
		p.add(run.RollbackPressed{N: 1, Env: "production", Pins: p.s.Envs["production"].Pins, FuseUntil: p.at.Add(3 * time.Second), Freeze: "fz"})
		s.publish(p.s)
		d.pass(time.Second)
		says(t, d.text(), "ROLL BACK PRODUCTION", "rolling back in 2.", "take it back")
		d.press("p") // nothing leads away from a burning fuse
		d.pass(400 * time.Millisecond)
		says(t, d.text(), "ROLL BACK PRODUCTION", "rolling back in 1.")
		cancel()
		time.Sleep(2 * time.Second) // the last tick is on its way yet
		if len(s.wanted) != 1 || s.wanted[0] != (run.Rollback{}) {
			t.Errorf("wanted %v", s.wanted)
		}
	}) // the bubble itself fails if a goroutine is left
}

// counting is where a terminal would be: it counts what goes there.
type counting struct {
	mu    sync.Mutex
	bytes int
	wrote chan struct{}
}

func (c *counting) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.bytes += len(p)
	c.mu.Unlock()
	if c.wrote != nil {
		select {
		case c.wrote <- struct{}{}:
		default:
		}
	}
	return len(p), nil
}

func (c *counting) total() int { c.mu.Lock(); defer c.mu.Unlock(); return c.bytes }

// program is Bubble Tea on a terminal that only counts.
func program(ctx context.Context, m *Model, out *counting, w, h int) *tea.Program {
	m.done = ctx.Done()
	return tea.NewProgram(m, tea.WithContext(ctx), tea.WithFPS(fps), tea.WithColorProfile(colorprofile.TrueColor), tea.WithInput(nil),
		tea.WithOutput(out), tea.WithoutSignalHandler(), tea.WithWindowSize(w, h), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
}

// wire runs a watch of so long on a terminal of 200×50 cells, with a sample every so often, and returns how many bytes a
// second it took after the first picture.
func wire(t testing.TB, first string, every, span time.Duration) (perSecond float64) {
	synctest.Test(t.(*testing.T), func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := holding()
		time.Sleep(time.Until(p.at)) // the bubble begins long before
		p.add(run.DeployFinished{Step: "execute"}, run.WatchStarted{Step: "watch", Env: "production", From: p.at, Until: p.at.Add(30 * time.Minute)})
		s, out := newLive(p.s), &counting{}
		done := make(chan struct{})
		go func() {
			_, _ = program(ctx, New(s, Options{First: first}), out, 200, 50).Run()
			close(done)
		}()
		time.Sleep(time.Second)
		began, start := out.total(), time.Now()
		if began == 0 {
			t.Error("nothing was drawn")
		}
		for i := 0; time.Since(start) < span; i++ {
			time.Sleep(every)
			p.at = time.Now()
			p.add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i%50)})
			s.publish(p.s)
		}
		perSecond = float64(out.total()-began) / time.Since(start).Seconds()
		cancel()
		<-done
		time.Sleep(2 * time.Second) // the last tick is on its way yet
	})
	return perSecond
}

// wireBudget is how many bytes a second go to the terminal at most, on average.
const wireBudget = 1024

func TestTheWireIsThin(t *testing.T) {
	for _, c := range []struct {
		screen string
		every  time.Duration
	}{{"watch", 15 * time.Second}, {"watch", time.Second}, {"checklist", time.Second}} {
		n := wire(t, c.screen, c.every, 2*time.Minute)
		t.Logf("%s, a sample every %s: %.0f bytes a second", c.screen, c.every, n)
		if n > wireBudget {
			t.Errorf("%s, a sample every %s: %.0f bytes a second, want at most %d", c.screen, c.every, n, wireBudget)
		}
	}
}
