//go:build unix

package ui

import (
	"context"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// BenchmarkProcessorTicker is what a program takes that does nothing but wake as often as Bubble Tea does: the least that
// the two below can come to on this machine.
func BenchmarkProcessorTicker(b *testing.B) {
	tick := time.NewTicker(time.Second / fps)
	defer tick.Stop()
	var used, wall time.Duration
	for b.Loop() {
		from, start := processTime(b), time.Now()
		for time.Since(start) < 5*time.Second {
			<-tick.C
		}
		used, wall = used+processTime(b)-from, wall+time.Since(start)
	}
	b.ReportMetric(100*used.Seconds()/wall.Seconds(), "%core")
}

// BenchmarkProcessorIdle and BenchmarkProcessorWatch are what the program takes of one core, as the system counts it, over
// ten seconds: in front of a run in which nothing happens, and of a watch with a new State every second.
func BenchmarkProcessorIdle(b *testing.B) { processor(b, ready(), "checklist", 0) }

func BenchmarkProcessorWatch(b *testing.B) { processor(b, watching(), "watch", time.Second) }

func processor(b *testing.B, p *play, first string, every time.Duration) {
	ctx, cancel := context.WithCancel(b.Context())
	s := newLive(p.s)
	out := &counting{wrote: make(chan struct{}, 1)}
	done := make(chan struct{})
	all := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(all)
	m := New(s, Options{First: first, Repose: func(rest bool) { // as the commands do
		if runtime.GOMAXPROCS(all); rest {
			runtime.GOMAXPROCS(1)
		}
	}})
	m.touched = time.Time{} // nobody has been at the keys for long
	go func() { _, _ = program(ctx, m, out, 200, 50).Run(); close(done) }()
	<-out.wrote
	drained(out.wrote)
	var used, wall time.Duration
	began, bytes := time.Now(), out.total()
	for b.Loop() {
		runtime.GC()
		from, start := processTime(b), time.Now()
		for i := range 10 {
			end := time.After(time.Second)
			if every > 0 {
				p.at = time.Now()
				p.add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i)})
				s.publish(p.s)
			}
			<-end
		}
		used, wall = used+processTime(b)-from, wall+time.Since(start)
	}
	b.ReportMetric(100*used.Seconds()/wall.Seconds(), "%core")
	b.ReportMetric(float64(out.total()-bytes)/time.Since(began).Seconds(), "bytes/s")
	cancel()
	<-done
}

// processTime is what this process took of all cores so far.
func processTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
