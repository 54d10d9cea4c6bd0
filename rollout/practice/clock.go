package practice

import (
	"bytes"
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Jumping is the practice world's virtual clock: its time stands still while anybody works and jumps to the next
// deadline as soon as nobody does.
//
// Who works is counted in busy tokens. A goroutine started with Go holds one until it ends; Wait gives it back
// and returns with one again. Signal.Set hands a token to the goroutine it wakes in the same critical section, so
// a jump can never slip in between the set and the waking. Goroutines that Go did not start (the client caches',
// an HTTP server's) are not counted: they may call Set and Wait, and the functions given to AddIdle say when
// they have caught up.
//
// A jump moves Now to the earliest deadline and wakes the goroutine it belongs to. Several deadlines of one
// instant are served one after the other, in the order in which their waits began, each when the one before is
// waiting again: what happens in one instant happens in a fixed order.
//
// When nobody has a deadline, time stays where it is until a signal is set; Stuck tells of it. The clock has no
// goroutine of its own while it stands, so it needs no stopping and works inside a testing/synctest bubble.
// Its methods may be called from any goroutine.
type Jumping struct {
	mu      sync.Mutex
	now     time.Time
	busy    int
	epoch   uint64 // counts every change of the fields here, so that a jump sees whether the world moved meanwhile
	waits   []*wait
	counted map[uint64]bool // the goroutines that Go started
	idle    []func() bool
	jumping bool          // a goroutine is trying to jump
	kick    chan struct{} // ends its pause, because there is nothing left to jump to
	stuck   chan struct{}
}

var _ run.Clock = (*Jumping)(nil)

// wait is one goroutine in Wait. It leaves Jumping.waits when it is woken.
type wait struct {
	ctx      context.Context
	deadline time.Time // zero: none
	signal   *signal
	woken    chan struct{}
}

// signal is a Jumping's run.Signal; its field is guarded by the clock's mutex.
type signal struct {
	clock *Jumping
	set   bool
}

// The settling of uncounted goroutines: so many looks in a row must find all idle, with the processor handed on
// between them; a cache that lags is looked at again after a pause.
const (
	looks      = 4
	settle     = time.Microsecond
	firstPause = 50 * time.Microsecond
	lastPause  = 2 * time.Millisecond
)

// NewJumping returns a clock that stands at start.
func NewJumping(start time.Time) *Jumping {
	return &Jumping{now: start, counted: map[uint64]bool{}, stuck: make(chan struct{}, 1)}
}

// AddIdle adds a condition for jumping: f says whether the uncounted goroutines it knows of have nothing left to
// do at this instant. It is called from another goroutine, without the clock's lock, and must not wait.
func (c *Jumping) AddIdle(f func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, f)
	c.epoch++
}

// Stuck receives a value, at most one at a time, whenever nobody is busy and nobody waits for a deadline: unless
// somebody outside sets a signal, nothing will ever happen again. It is a hint, for tests and for saying so.
func (c *Jumping) Stuck() <-chan struct{} { return c.stuck }

// Now is the present instant of the virtual time.
func (c *Jumping) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Run runs f as a counted goroutine and really blocks until it has ended: the way in for a main goroutine or a
// test.
func (c *Jumping) Run(f func()) {
	done := make(chan struct{})
	c.Go(func() {
		defer close(done)
		f()
	})
	<-done
}

// Go runs f in a goroutine that counts as busy until it ends or waits.
func (c *Jumping) Go(f func()) {
	c.mu.Lock()
	c.busy++
	c.epoch++
	c.mu.Unlock()
	go func() {
		id := goroutineID()
		c.mu.Lock()
		c.counted[id] = true
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.counted, id)
			c.release()
		}()
		f()
	}()
}

// NewSignal returns an unset signal. At most one goroutine at a time may wait for it.
func (c *Jumping) NewSignal() run.Signal { return &signal{clock: c} }

// Set sets the signal and, if somebody waits for it, makes that goroutine busy before Set returns.
func (s *signal) Set() {
	c := s.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	s.set = true
	c.epoch++
	for _, w := range c.waits {
		if w.signal == s {
			s.set = false
			c.wake(w)
			return
		}
	}
}

// Wait implements run.Clock. A wait of 0 lets all others of this instant go first.
func (c *Jumping) Wait(ctx context.Context, d time.Duration, s run.Signal) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id := goroutineID()
	c.mu.Lock()
	own, _ := s.(*signal)
	if own != nil && own.set {
		own.set = false
		c.epoch++
		c.mu.Unlock()
		return nil
	}
	w := &wait{ctx: ctx, signal: own, woken: make(chan struct{})}
	if d >= 0 {
		w.deadline = c.now.Add(d)
	}
	c.waits = append(c.waits, w)
	counted := c.counted[id]
	if counted {
		c.release()
	} else {
		c.consider()
	}
	c.mu.Unlock()

	stop := context.AfterFunc(ctx, func() { c.cancel(w) })
	<-w.woken
	stop()
	if !counted { // the token it was woken with was only lent
		c.mu.Lock()
		c.release()
		c.mu.Unlock()
	}
	return ctx.Err()
}

// cancel wakes w because its context has ended, unless it is awake already.
func (c *Jumping) cancel(w *wait) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.waits {
		if v == w {
			c.wake(w)
			return
		}
	}
}

// wake hands w a busy token and takes it off the list. The caller holds c.mu.
func (c *Jumping) wake(w *wait) {
	for i, v := range c.waits {
		if v == w {
			c.waits = append(c.waits[:i], c.waits[i+1:]...)
			break
		}
	}
	c.busy++
	c.epoch++
	close(w.woken)
}

// release gives a busy token back. The caller holds c.mu.
func (c *Jumping) release() {
	c.busy--
	if c.busy < 0 {
		panic("practice: more busy tokens given back than were handed out")
	}
	c.consider()
}

// consider starts a goroutine that tries to jump, if it is time to and none is trying. The caller holds c.mu.
func (c *Jumping) consider() {
	c.epoch++
	switch {
	case c.busy > 0:
	case c.next() == nil:
		poke(c.stuck)
		if c.jumping {
			poke(c.kick)
		}
	case !c.jumping:
		c.jumping, c.kick = true, make(chan struct{}, 1)
		go c.jump(c.kick)
	}
}

// poke sets a channel of one, if it is not set yet.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// next is the wait to wake next: one whose context has ended, else the earliest deadline, else nil.
func (c *Jumping) next() *wait {
	var first *wait
	for _, w := range c.waits {
		if w.ctx.Err() != nil {
			return w
		}
		if !w.deadline.IsZero() && (first == nil || w.deadline.Before(first.deadline)) {
			first = w
		}
	}
	return first
}

// jump looks until all is idle and wakes the next; it gives up as soon as somebody is busy again, since that one
// will start another try when it is done. Its last pause is where a synctest bubble lets everybody else come to
// rest; a pause ends early when there is nothing left to jump to, so that the bubble can end.
func (c *Jumping) jump(kick <-chan struct{}) {
	var last uint64
	quiet, pause := 0, firstPause
	for {
		epoch, idle, ok := c.look()
		if !ok {
			return
		}
		if !allTrue(idle) {
			quiet = 0
			sleep(pause, kick)
			pause = min(2*pause, lastPause)
			continue
		}
		if epoch != last {
			quiet, last = 0, epoch
		}
		quiet++
		switch {
		case quiet < looks:
			runtime.Gosched()
		case quiet == looks:
			sleep(settle, kick)
		case c.commit(epoch):
			return
		}
	}
}

func sleep(d time.Duration, kick <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-kick:
	}
}

// look returns what a try to jump has to check, or ok = false when there is no point in trying on.
func (c *Jumping) look() (epoch uint64, idle []func() bool, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy > 0 || c.next() == nil {
		c.jumping = false
		return 0, nil, false
	}
	return c.epoch, c.idle, true
}

// commit advances the time and wakes the next, if nothing has changed since the epoch.
func (c *Jumping) commit(epoch uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return false
	}
	w := c.next()
	if w.ctx.Err() == nil && w.deadline.After(c.now) {
		c.now = w.deadline
	}
	c.jumping = false
	c.wake(w)
	return true
}

func allTrue(conditions []func() bool) bool {
	for _, f := range conditions {
		if !f() {
			return false
		}
	}
	return true
}

// goroutineID is the running goroutine's number, which Wait needs to know whether its caller is counted: it must
// neither take a token from a goroutine that has none nor trust each caller to say so. The runtime tells it only
// in the first line of a stack: "goroutine 18 [running]:".
func goroutineID() uint64 {
	var buf [64]byte
	line := buf[:runtime.Stack(buf[:], false)]
	field, _, _ := bytes.Cut(bytes.TrimPrefix(line, []byte("goroutine ")), []byte(" "))
	id, err := strconv.ParseUint(string(field), 10, 64)
	if err != nil {
		panic("practice: cannot read the goroutine's number from " + string(line))
	}
	return id
}
