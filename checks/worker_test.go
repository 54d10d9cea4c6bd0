package checks

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func every(d time.Duration) runbook.Check {
	return runbook.Check{Kind: "http", Params: params("url", site), Interval: runbook.Duration{D: d}}
}

func TestDoLooksAtOnceAndThenAtItsInterval(t *testing.T) {
	b := newBench(t)
	b.http = says(200, "ok")
	got := b.follow(every(10*time.Second), 20)
	if got[0].after != 0 {
		t.Errorf("the first look came after %v", got[0].after)
	}
	different := map[time.Duration]bool{}
	for i := 1; i < len(got); i++ {
		gap := got[i].after - got[i-1].after
		different[gap] = true
		if gap < 9*time.Second || gap > 11*time.Second {
			t.Errorf("%v between two looks", gap)
		}
	}
	if len(different) < 10 {
		t.Errorf("no jitter: %v", got)
	}
	if again := newBench(t); true {
		again.http = says(200, "ok")
		if second := again.follow(every(10*time.Second), 20); !reflect.DeepEqual(got, second) {
			t.Errorf("two runs of one plan differ: %v and %v", got, second)
		}
	}
}

func TestDoBacksOffWhileTheSourceIsIll(t *testing.T) {
	b := newBench(t)
	ill := true
	b.http = transport(func(r *http.Request) (*http.Response, error) {
		if ill {
			return nil, syscall.ECONNREFUSED
		}
		return says(200, "ok")(r)
	})
	looks := 0
	site := b.http
	b.http = transport(func(r *http.Request) (*http.Response, error) {
		looks++
		ill = looks <= 5
		return site.RoundTrip(r)
	})
	got := b.follow(every(10*time.Second), 8)
	for i, wanted := range []time.Duration{10, 20, 40, 60, 60, 10, 10} {
		gap := got[i+1].after - got[i].after
		if d := wanted * time.Second; gap < d*9/10 || gap > d*11/10 {
			t.Errorf("after look %d: %v, want about %v", i, gap, d)
		}
	}
	if got[4].status != run.Unknown || got[5].status != run.Passed {
		t.Errorf("got %v", got)
	}
}

// TestDoNeverOverlapsWithItself: a source that is slower than the interval is not asked twice at a time.
func TestDoNeverOverlapsWithItself(t *testing.T) {
	b := newBench(t)
	now, most := 0, 0
	b.http = transport(func(r *http.Request) (*http.Response, error) {
		now++
		most = max(most, now)
		defer func() { now-- }()
		if err := b.clock.Wait(r.Context(), 4*time.Second, nil); err != nil {
			return nil, err
		}
		return says(200, "ok")(r)
	})
	got := b.follow(every(time.Second), 5)
	if most != 1 {
		t.Errorf("%d looks at once", most)
	}
	if last := got[4].after; last < 23*time.Second || last > 25*time.Second {
		t.Errorf("five looks of 4 s with 1 s between them took %v", last)
	}
}

func TestDoEndsInTheMiddleOfALook(t *testing.T) {
	b := newBench(t)
	b.http = b.hangs()
	ctx, cancel := context.WithCancel(context.Background())
	reports := 0
	b.clock.Run(func() {
		b.clock.Go(func() {
			if b.clock.Wait(context.Background(), time.Second, nil) == nil {
				cancel()
			}
		})
		if err := b.worker().Do(ctx, b.work(every(time.Minute)), func(run.Observation) { reports++ }); err != context.Canceled {
			t.Errorf("Do ended with %v", err)
		}
	})
	if reports != 0 {
		t.Error("a look that was called off was reported")
	}
}

func TestDoSaysWhatItCannotDo(t *testing.T) {
	b := newBench(t)
	want(t, b.look(runbook.Check{Kind: "htpp"}), run.Unknown, `no check kind "htpp"`)
	want(t, b.look(runbook.Check{Kind: "workload", Params: params("components", "all")}), run.Unknown, "no cluster is configured")
	if err := b.worker().Do(context.Background(), run.Work{ID: "x", Body: run.LockWork{}}, nil); err == nil || !strings.Contains(err.Error(), "not a check") {
		t.Errorf("other work gave %v", err)
	}
}

func TestEveryKindExplainsItself(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] {
			t.Errorf("%s is listed twice", k.Name)
		}
		seen[k.Name] = true
		if k.Interval <= 0 || k.Timeout <= 0 || k.Lint == nil || !strings.HasPrefix(k.Example, k.Name+":") {
			t.Errorf("%s lacks something: %+v", k.Name, k)
		}
		for _, word := range []string{"passes ", "fails ", "unknown ", "self "} {
			if !strings.Contains(k.Doc, word) && !(k.Name == "window" && (word == "fails " || word == "unknown ")) {
				t.Errorf("the doc text of %s lacks %q", k.Name, word)
			}
		}
		for f := range reflect.TypeOf(k.Params).Fields() {
			if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" {
				t.Errorf("%s: parameter %s lacks a tag", k.Name, f.Name)
			}
		}
	}
}
