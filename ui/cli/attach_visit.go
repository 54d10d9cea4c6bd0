package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// visit is the session of somebody who attached: what the run's process tells, and what is wanted of it.
type visit struct {
	id     string
	greet  welcome
	plan   *runbook.Plan
	conn   net.Conn
	states chan run.State
	wishes chan run.Intent

	mu     sync.Mutex
	gone   bool
	latest run.State
	heard  frame     // the last one, but for its State
	at     time.Time // when it came, by this machine's clock
	sent   int       // wishes
	sentAt time.Time // the last of them
	signal run.Signal
}

// answered is how long a wish may take to be decided; a process of an older version never says that it is.
const answered = 2 * time.Second

// Notify sets a signal whenever there is a newer State, or a wish is decided.
func (v *visit) Notify(s run.Signal) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.signal = s
}

// Pending tells whether what was sent last is not decided yet.
func (v *visit) Pending() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.gone && v.sent > v.heard.Heard && time.Since(v.sentAt) < answered
}

// wishRoom is how many wishes may be on their way. More than a person can press only gather where nobody reads.
const wishRoom = 64

// enter introduces somebody to the process of a run, whose State so far is read from its journal.
func enter(conn net.Conn, state run.State, who hello) (*visit, error) {
	v := &visit{
		id: state.ID, plan: state.Plan, conn: conn, latest: state,
		states: make(chan run.State, 1), wishes: make(chan run.Intent, wishRoom),
	}
	who.Version, who.PID = wireVersion, os.Getpid()
	_ = conn.SetDeadline(time.Now().Add(attention))
	if err := json.NewEncoder(conn).Encode(who); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	dec := json.NewDecoder(in)
	if err := dec.Decode(&v.greet); err != nil {
		return nil, err
	}
	if v.greet.Refused != "" {
		return nil, errors.New(string(run.MakeSafe(v.greet.Refused, 300)))
	}
	stretchFuse(v.plan, v.greet.Speed)
	if err := v.take(dec); err != nil { // the first one is there at once
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	go v.hear(dec)
	go v.wish()
	return v, nil
}

// take takes one frame.
func (v *visit) take(dec *json.Decoder) error {
	var f frame
	if err := dec.Decode(&f); err != nil {
		return err
	}
	s := f.State
	s.Plan = v.plan
	s.Notice.At = s.Notice.At.UTC() // these are compared as a whole, and a time zone that was read is another every time
	for i := range s.Log {
		s.Log[i].At = s.Log[i].At.UTC()
	}
	if f.Said != "" {
		s.Notice = run.Notice{At: f.Now, Text: f.Said}
	}
	f.State = run.State{}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.heard, v.at = f, time.Now()
	v.put(s)
	return nil
}

// put makes a State the newest one. v.mu is held.
func (v *visit) put(s run.State) {
	v.latest = s
	if v.signal != nil {
		v.signal.Set()
	}
	if v.gone {
		return
	}
	select {
	case <-v.states:
	default:
	}
	v.states <- s // a channel of one, just emptied, and v.mu is held
}

func (v *visit) hear(dec *json.Decoder) {
	for v.take(dec) == nil {
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gone = true
	close(v.states)
	if v.signal != nil {
		v.signal.Set()
	}
	_ = v.conn.Close()
}

// isGone tells whether the run's process does not answer any more.
func (v *visit) isGone() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.gone
}

func (v *visit) wish() {
	enc := json.NewEncoder(v.conn)
	for intent := range v.wishes {
		w, err := encodeWish(intent)
		if err != nil {
			v.tell(err.Error())
			continue
		}
		if enc.Encode(w) != nil {
			return // the end of the frames says so
		}
	}
}

// tell shows a sentence to the person here.
func (v *visit) tell(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.latest
	s.Notice = run.Notice{At: v.now(), Text: run.MakeSafe(text, 300)}
	v.put(s)
}

// States yields the newest State; it is closed when the run's process is gone.
func (v *visit) States() <-chan run.State { return v.states }

// Latest is the newest State that came.
func (v *visit) Latest() run.State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.latest
}

// Now is the time of the run's clock.
func (v *visit) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now()
}

func (v *visit) now() time.Time {
	return v.heard.Now.Add(time.Duration(float64(time.Since(v.at)) * v.greet.Speed))
}

// MayAct tells whether the run is in the hand of the person here.
func (v *visit) MayAct() (ok bool, instead string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.gone:
		return false, "the process of this run is gone: sop resume " + v.id + " goes on with it, sop rollback --run " + v.id + " rolls back"
	case v.heard.Control:
		return true, ""
	case v.heard.Whose == "":
		return false, "attached, read only: sop attach " + v.id + " on a terminal takes it in hand"
	}
	return false, fmt.Sprintf("attached, read only: %s has the run in hand. To roll back from here: sop rollback --run %s", run.MakeSafe(v.heard.Whose, 64), v.id)
}

// Send sends what the person wants, if the run is in their hand.
func (v *visit) Send(intent run.Intent) {
	if ok, instead := v.MayAct(); !ok {
		v.tell(instead)
		return
	}
	select {
	case v.wishes <- intent:
	default:
		v.tell("not sent: the run's process does not read")
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent, v.sentAt = v.sent+1, time.Now()
	if v.signal != nil {
		time.AfterFunc(answered, v.signal.Set)
	}
}

// Close detaches.
func (v *visit) Close() error { return v.conn.Close() }
