package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// porter lets other terminals of this machine attach to a run. While the run has a screen they only look on; once it
// lost its own, the first of them that wants to has it in hand. Nobody of them ever holds up the engine: each is told
// the newest State when it is ready for it, and one that takes nothing for a while is shown out.
type porter struct {
	s         *session
	greet     welcome
	lingering time.Duration
	moved     chan struct{} // filled when somebody came or left
	leave     func()        // closes the socket
	wait      sync.WaitGroup

	mu     sync.Mutex
	screen bool // the run has a screen of its own
	ending bool
	guests []*guest // in the order in which they came
}

// How a guest is told: not faster than eyes are, and not longer than it listens.
const (
	pace      = 100 * time.Millisecond
	attention = 10 * time.Second
	lastWord  = time.Second // how long the end waits for one who does not listen
	mostTold  = 16          // guests at once
)

// openPorter opens the run's socket. A run goes on without one: it only says why nobody can attach.
func (a *app) openPorter(ctx context.Context, s *session, o ui.Options) *porter {
	p := &porter{
		s: s, screen: true, moved: make(chan struct{}, 1), lingering: lingering,
		greet: welcome{Version: wireVersion, PID: os.Getpid(), Cluster: o.Cluster, Practice: o.Practice, Speed: max(1, o.Speed)},
	}
	if _, ok := s.clock.(*engine.System); !ok || s.dir == "" {
		return p // its time is nobody's, or it has no directory
	}
	l, remove, err := listenAt(s.dir)
	if err != nil {
		fmt.Fprintf(a.err, "sop: nobody can attach to this run: open its socket: %v\n", err)
		return p
	}
	ctx, end := context.WithCancel(ctx)
	p.leave = func() { remove(); end() }
	changed := awake(ctx, s)
	p.wait.Go(func() { p.accept(l) })
	p.wait.Go(func() {
		for {
			select {
			case <-changed:
				p.wake()
			case <-ctx.Done():
				return
			}
		}
	})
	return p
}

// close tells everybody the last State and closes the socket.
func (p *porter) close() {
	p.mu.Lock()
	p.ending = true
	for _, g := range p.guests {
		_ = g.conn.SetWriteDeadline(time.Now().Add(lastWord))
	}
	p.mu.Unlock()
	p.wake()
	if p.leave != nil {
		p.leave()
	}
	p.wait.Wait()
}

func (p *porter) accept(l *net.UnixListener) {
	for {
		conn, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			<-time.After(pace) // out of descriptors: they may come back
			continue
		}
		if sameUser(conn) != nil {
			_ = conn.Close()
			continue
		}
		p.wait.Go(func() { p.host(conn) })
	}
}

// noScreen says that the run has no screen of its own any more.
func (p *porter) noScreen() {
	p.mu.Lock()
	p.screen = false
	if heir := p.inHand(); heir != nil {
		heir.say("the run lost its terminal: you have it in hand now")
	}
	p.mu.Unlock()
	p.wake()
}

// empty tells whether nobody is there.
func (p *porter) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.guests) == 0
}

// wake has everybody told how the run stands.
func (p *porter) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.guests {
		g.nudge()
	}
}

// inHand is the guest who has the run in hand; nil when that is the run's own screen, or nobody. p.mu is held.
func (p *porter) inHand() *guest {
	if p.screen {
		return nil
	}
	for _, g := range p.guests {
		if !g.looks {
			return g
		}
	}
	return nil
}

// guest is somebody who attached.
type guest struct {
	name  string
	pid   int
	looks bool
	conn  net.Conn
	scan  *bufio.Scanner // of what it sends
	woken chan struct{}
	gone  chan struct{} // closed when it left

	mu    sync.Mutex
	said  run.Safe
	heard int // wishes that were passed on, or refused

	decided int // of those heard; for the goroutine alone that tells
}

func (g *guest) nudge() {
	select {
	case g.woken <- struct{}{}:
	default:
	}
}

// say tells something to this guest alone.
func (g *guest) say(format string, args ...any) {
	g.mu.Lock()
	g.said = run.MakeSafe(fmt.Sprintf(format, args...), 300)
	g.mu.Unlock()
	g.nudge()
}

// host lets a guest in, hears and tells it until it leaves or the run's process ends.
func (p *porter) host(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	g, err := p.meet(conn)
	if err != nil {
		return
	}
	p.enter(g)
	p.wait.Go(func() {
		defer close(g.gone)
		p.hear(g)
	})
	p.tell(g)
	_ = conn.Close() // ends the hearing
	<-g.gone
	p.exit(g)
}

// meet takes the hello and answers it.
func (p *porter) meet(conn net.Conn) (*guest, error) {
	_ = conn.SetDeadline(time.Now().Add(attention))
	defer func() { _ = conn.SetDeadline(time.Time{}) }()
	var h hello
	greet, scan := p.greet, listen(conn)
	if !scan.Scan() {
		return nil, errors.Join(io.ErrUnexpectedEOF, scan.Err())
	}
	switch err := json.Unmarshal(scan.Bytes(), &h); {
	case err != nil:
		return nil, err
	case h.Version != wireVersion:
		greet.Refused = fmt.Sprintf("the run's process speaks version %d of attaching, this program version %d: use the sop that began the run", wireVersion, h.Version)
	case p.full():
		greet.Refused = fmt.Sprintf("%d terminals are attached to it already", mostTold)
	}
	if err := json.NewEncoder(conn).Encode(greet); err != nil {
		return nil, err
	}
	if greet.Refused != "" {
		return nil, errors.New(greet.Refused)
	}
	return &guest{
		name: string(run.MakeSafe(h.Name, 64)), pid: h.PID, looks: h.Looks, conn: conn, scan: scan,
		woken: make(chan struct{}, 1), gone: make(chan struct{}),
	}, nil
}

func (p *porter) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.guests) >= mostTold
}

// enter makes a guest one of those who are told, and notes it.
func (p *porter) enter(g *guest) {
	p.mu.Lock()
	p.guests = append(p.guests, g)
	control := p.inHand() == g
	p.mu.Unlock()
	how := "to look on"
	if control {
		how = "and has the run in hand"
	}
	p.note(g, "%s attached from another terminal (process %d) %s", g.name, g.pid, how)
	p.stir()
}

// exit lets a guest go; whoever came next then has the run in hand.
func (p *porter) exit(g *guest) {
	p.mu.Lock()
	had := p.inHand() == g
	p.guests = slices.DeleteFunc(p.guests, func(o *guest) bool { return o == g })
	if heir := p.inHand(); had && heir != nil {
		heir.say("%s left: you have the run in hand now", g.name)
	}
	p.mu.Unlock()
	p.note(g, "%s detached (process %d)", g.name, g.pid)
	p.stir()
	p.wake()
}

// stir tells who waits that somebody came or left.
func (p *porter) stir() {
	select {
	case p.moved <- struct{}{}:
	default:
	}
}

func (p *porter) note(g *guest, format string, args ...any) {
	p.s.engine.Send(g.name, run.Note{Text: fmt.Sprintf(format, args...)})
}

// hear passes on what a guest wants, if the run is in its hand.
func (p *porter) hear(g *guest) {
	for g.scan.Scan() {
		var w wish
		if json.Unmarshal(g.scan.Bytes(), &w) != nil {
			return // it speaks something else
		}
		intent, err := w.decode()
		p.mu.Lock()
		control := p.inHand() == g
		p.mu.Unlock()
		switch {
		case err != nil:
			g.say("%v", err)
		case !control:
			g.say("not done: the run is not in your hand")
		default:
			p.s.engine.Send(g.name, intent)
		}
		g.mu.Lock()
		g.heard++
		g.mu.Unlock()
		g.nudge()
	}
}

// tell sends the newest State again and again, until the guest takes no more or the run's process ends.
func (p *porter) tell(g *guest) {
	enc := json.NewEncoder(g.conn)
	enc.SetEscapeHTML(false)
	for {
		f, last := p.frame(g)
		patience := attention
		if last {
			patience = lastWord
		}
		_ = g.conn.SetWriteDeadline(time.Now().Add(patience))
		if enc.Encode(f) != nil || last {
			return
		}
		pause := time.After(pace)
		select {
		case <-g.woken:
		case <-g.gone:
			return
		}
		select {
		case <-pause:
		case <-g.gone:
			return
		}
	}
}

// frame is how the run stands for one guest; last tells that no more will come.
func (p *porter) frame(g *guest) (f frame, last bool) {
	p.mu.Lock()
	holder := p.inHand()
	f.Control, last = holder == g, p.ending
	switch {
	case p.screen:
		f.Whose = "its own terminal"
	case holder != nil:
		f.Whose = holder.name
	}
	g.mu.Lock() // what is said belongs to who has the run in hand
	f.Said, g.said = g.said, ""
	heard := g.heard
	g.mu.Unlock()
	p.mu.Unlock()
	if !p.s.engine.Pending() {
		g.decided = heard
	}
	f.Heard = g.decided
	f.State, f.Now = p.s.Latest(), p.s.Now()
	f.State.Plan = nil
	return f, last
}
