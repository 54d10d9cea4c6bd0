package ui

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
)

// What a picture of 200×50 cells may allocate: nothing while nothing changed, and when it is drawn anew not more than a
// collector does not notice at one picture a second.
const (
	cachedAllocs = 0
	dirtyAllocs  = 2000
)

func TestViewAllocatesLittle(t *testing.T) {
	for _, sc := range scenes() {
		m, _ := open(sc, looks()["colour"], 200, 50)
		m.View()
		if n := testing.AllocsPerRun(20, func() { m.View() }); n > cachedAllocs {
			t.Errorf("%s, cached: %v allocations", sc.name, n)
		}
		n := testing.AllocsPerRun(5, func() { m.dirty = true; m.View() })
		t.Logf("%s: %v allocations", sc.name, n)
		if n > dirtyAllocs {
			t.Errorf("%s, drawn: %v allocations, want at most %d", sc.name, n, dirtyAllocs)
		}
	}
}

// TestThreeDaysLeaveNothingBehind feeds a run of 72 hours, a State every minute: what the screens keep of it is bounded, and
// no goroutine is left.
func TestThreeDaysLeaveNothingBehind(t *testing.T) {
	p := watching()
	m, s := open(p.scene("long", "watch"), looks()["colour"], 200, 50)
	var states []run.State // a ring of them, so that what grows is the screens' own
	for i := range 60 {
		p.wait(time.Minute)
		p.add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i%50)})
		states = append(states, p.look("network", 1, run.Result{Status: run.Passed, Summary: "200 in 12 ms"}).s)
	}
	screens := []string{"c", "p", "w", "b", "v", "x"}
	hour := func(n int) {
		for i, state := range states {
			s.pass(time.Minute)
			s.tell(m, state)
			m.Update(tickMsg{m.ticks})
			if i%10 == 0 {
				press1(m, screens[(n+i/10)%len(screens)])
				m.View()
			}
		}
	}
	for n := range 24 { // the command log is full by then
		hour(n)
	}
	heap, goroutines := heapInUse(), runtime.NumGoroutine()
	for n := range 48 {
		hour(n)
	}
	after := heapInUse()
	t.Logf("heap %d KB after a day, %d KB after 72", heap>>10, after>>10)
	if after > heap+heap/10+256<<10 {
		t.Errorf("the heap grew from %d KB after a day to %d KB after 72", heap>>10, after>>10)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines after a day, %d after 72", goroutines, n)
	}
	runtime.KeepAlive(m)
}

func heapInUse() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// BenchmarkKeyToFrame is the time from a key to its picture on the terminal, in the real program at its own pace. It
// reports the usual and the slowest one.
func BenchmarkKeyToFrame(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	p := watching()
	out := &counting{wrote: make(chan struct{}, 1)}
	prog := program(ctx, New(newFake(p.s, p.at), Options{First: "watch"}), out, 200, 50)
	done := make(chan struct{})
	go func() { _, _ = prog.Run(); close(done) }()
	<-out.wrote
	var took []float64
	for i := 0; b.Loop(); i++ {
		drained(out.wrote)
		began := time.Now()
		prog.Send(keyNamed([]string{"c", "w"}[i%2]))
		<-out.wrote
		took = append(took, time.Since(began).Seconds()*1000)
	}
	cancel()
	<-done
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "median-ms")
	b.ReportMetric(took[len(took)*95/100], "p95-ms")
	b.ReportMetric(took[len(took)-1], "slowest-ms")
}

// drained waits until the terminal was quiet for longer than a frame.
func drained(wrote <-chan struct{}) {
	for {
		select {
		case <-wrote:
		case <-time.After(2 * time.Second / fps):
			return
		}
	}
}

// Where nothing moves and nobody is at the keys, the clock draws every five seconds; where something does, every second.
func TestAtRestTheClockDrawsSeldom(t *testing.T) {
	drawings := func(p *play, first string, before ...string) (n int) {
		m, s := open(p.scene("", first), looks()["colour"], 120, 40)
		s.pass(attention)
		press1(m, before...)
		for range 20 {
			s.pass(time.Second)
			m.Update(tickMsg{m.ticks})
			if m.dirty {
				n++
			}
			m.View()
		}
		return n
	}
	if n := drawings(ready(), "checklist"); n < 4 || n > 5 {
		t.Errorf("at rest it was drawn %d times in 20 s", n)
	}
	if n := drawings(ready(), "checklist", "down"); n != 20 {
		t.Errorf("with somebody at the keys it was drawn %d times in 20 s", n)
	}
	for name, p := range map[string]*play{"holding": holding(), "watching": watching(), "settling": settling()} {
		if n := drawings(p, "checklist"); n != 20 {
			t.Errorf("%s, it was drawn %d times in 20 s", name, n)
		}
	}
}

func TestItIsToldWhenTheProgramComesToRest(t *testing.T) {
	var told []bool
	sc := ready().scene("", "checklist")
	s := newFake(sc.state, sc.now)
	m := New(s, Options{Repose: func(rest bool) { told = append(told, rest) }})
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	for range 2 * int(attention/time.Second) {
		s.pass(time.Second)
		m.Update(tickMsg{m.ticks})
	}
	press1(m, "down")
	if !slices.Equal(told, []bool{true, false}) {
		t.Errorf("told %v", told)
	}
}

// A window that nobody looks at is drawn by its clock alone, but for what comes to the front by itself.
func TestABlurredWindowIsDrawnOnceASecond(t *testing.T) {
	p := holding()
	m, s := open(p.scene("", "rollout"), looks()["colour"], 120, 40)
	before := m.View().Content
	m.Update(tea.BlurMsg{})
	s.tell(m, p.progress("api", 10, 9, nil).s)
	if m.View().Content != before {
		t.Error("a window that nobody looks at is drawn with every State")
	}
	s.pass(time.Second)
	m.Update(tickMsg{m.ticks})
	if m.View().Content == before {
		t.Error("a window that nobody looks at is drawn no more")
	}
	before = m.View().Content
	s.tell(m, p.progress("api", 11, 10, nil).s)
	m.Update(tea.FocusMsg{})
	if m.View().Content == before {
		t.Error("a window that is looked at again is not brought up to date")
	}
	m.Update(tea.BlurMsg{})
	s.tell(m, fuse().s)
	says(t, m.View().Content, "ROLL BACK PRODUCTION")
}
