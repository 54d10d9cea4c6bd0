package plain

import (
	"bufio"
	"io"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// together is how soon after each other lines come that nobody typed one by one.
const together = 60 * time.Millisecond

// mostBurst bounds how many lines come at once.
const mostBurst = 1000

// typed is an Ear that reads lines.
type typed struct {
	mu     sync.Mutex
	room   *sync.Cond
	bursts [][]string
	over   bool
	signal run.Signal
	in     io.Reader
}

// Typed hears what comes from a reader. Lines that come all at once are one burst.
func Typed(in io.Reader) Ear {
	t := &typed{in: in}
	t.room = sync.NewCond(&t.mu)
	return t
}

// Notify begins to read.
func (t *typed) Notify(s run.Signal) {
	t.signal = s
	lines := make(chan string)
	go func() {
		defer close(lines)
		read(t.in, lines)
	}()
	go t.gather(lines)
}

// read sends the lines of a reader. What is beyond the longest that is taken of a line is left out.
func read(in io.Reader, lines chan<- string) {
	r := bufio.NewReader(in)
	var line []byte
	for {
		part, more, err := r.ReadLine()
		if room := 4*longest + 4 - len(line); room > 0 {
			line = append(line, part[:min(len(part), room)]...)
		}
		if err != nil {
			return
		}
		if !more {
			lines <- string(line)
			line = line[:0]
		}
	}
}

// gather makes bursts of lines.
func (t *typed) gather(lines <-chan string) {
	for line := range lines {
		burst := []string{line}
		over := false
		for quiet := time.NewTimer(together); !over && len(burst) < mostBurst; quiet.Reset(together) {
			more := false
			select {
			case line, ok := <-lines:
				if more = ok; ok {
					burst = append(burst, line)
				} else {
					over = true
				}
			case <-quiet.C:
			}
			if !more {
				quiet.Stop()
				break
			}
		}
		t.put(burst, over)
	}
	t.put(nil, true)
}

// waiting is how many bursts may wait to be heard; more are not read before.
const waiting = 4

func (t *typed) put(burst []string, over bool) {
	t.mu.Lock()
	for len(t.bursts) >= waiting {
		t.room.Wait()
	}
	if burst != nil {
		t.bursts = append(t.bursts, burst)
	}
	t.over = t.over || over
	t.mu.Unlock()
	t.signal.Set()
}

// Hear returns the next burst.
func (t *typed) Hear(bool) (burst []string, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.bursts) > 0 {
		burst = t.bursts[0]
		t.bursts = t.bursts[1:]
		t.room.Signal()
	}
	return burst, t.over && len(t.bursts) == 0
}
