package kube

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// How a cache keeps in touch. An API server sends a bookmark a minute, so silence beyond silentAfter is no peace.
const (
	silentAfter = 90 * time.Second
	watchFor    = 8 * time.Minute // the server ends a watch after this and we open the next one
	firstRetry  = 500 * time.Millisecond
	lastRetry   = 5 * time.Second
	bearFor     = 5 * time.Second // how long a failing watch is thought to be coming back: its cache still answers
	shortLived  = time.Second     // a watch that ends sooner counts as a failure
)

// feed is the cache of one resource in one namespace: it lists once and then follows the watch.
//
// It is a loop of our own instead of client-go's informer because that one waits on the real clock, hides the
// reason of its retries, and hands changes on through goroutines which the virtual clock could not know idle. Here
// an event is in the cache and the signals are set in one critical section.
type feed struct {
	kind      kind
	namespace string
	clock     run.Clock
	wake      run.Signal // wakes the loop when its watch has ended

	mu      sync.Mutex
	objects map[string]metav1.Object // by name; never changed once in here
	version uint64                   // highest resourceVersion taken up
	synced  bool
	open    bool      // a watch is open
	heard   time.Time // last word of the API server
	err     error     // of the last try; nil while a watch is open
	failing time.Time // since when there has been no working watch; zero while there is one
	signals map[run.Signal]int
}

func newFeed(k kind, namespace string, clock run.Clock) *feed {
	return &feed{kind: k, namespace: namespace, clock: clock, wake: clock.NewSignal(), signals: map[run.Signal]int{}}
}

// run lists and watches until ctx ends. The list is read again only when the watch cannot go on where it was.
func (f *feed) run(ctx context.Context) {
	relist, failures := true, 0
	for ctx.Err() == nil {
		began := f.clock.Now()
		var err error
		if relist {
			err = f.list(ctx)
		}
		if err == nil {
			relist, err = f.follow(ctx)
		}
		if err != nil {
			f.failed(err)
		}
		if f.clock.Now().Sub(began) >= shortLived {
			failures = 0
			if err == nil {
				continue
			}
		}
		if f.clock.Wait(ctx, backoff(failures), nil) != nil {
			return
		}
		failures++
	}
}

// backoff is how long to wait after the n-th failure in a row.
func backoff(n int) time.Duration { return min(firstRetry<<min(n, 10), lastRetry) }

// list replaces the cache by what there is.
func (f *feed) list(ctx context.Context) error {
	ctx, done := within(ctx, f.clock, listTimeout)
	defer done()
	list, err := f.kind.list(ctx, metav1.ListOptions{})
	if err != nil {
		if errors.Is(context.Cause(ctx), errTimeout) {
			err = errTimeout
		}
		return fmt.Errorf("list %s: %w", f.kind.gvr.Resource, err)
	}
	objects, err := indexed(list)
	if err != nil {
		return fmt.Errorf("list %s: %w", f.kind.gvr.Resource, err)
	}
	about, err := meta.ListAccessor(list)
	if err != nil {
		return fmt.Errorf("list %s: %w", f.kind.gvr.Resource, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.objects, f.synced = objects, true
	f.version = number(about.GetResourceVersion())
	f.wellLocked()
	f.tellLocked()
	return nil
}

func indexed(list runtime.Object) (map[string]metav1.Object, error) {
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	objects := make(map[string]metav1.Object, len(items))
	for _, item := range items {
		o, err := meta.Accessor(item)
		if err != nil {
			return nil, err
		}
		objects[o.GetName()] = slim(o)
	}
	return objects, nil
}

// follow opens a watch and stays until it ends. relist is set when the next one cannot go on from here.
func (f *feed) follow(ctx context.Context) (relist bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &stream{feed: f}
	f.mu.Lock()
	from := f.version
	f.open = true
	f.mu.Unlock()
	go s.run(ctx, from) // it waits for the network, not for the clock, hence a goroutine that the clock does not know
	err = f.attend(ctx, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	s.over, f.open = true, false
	return err != nil && (s.opened || gone(err) || errors.Is(err, errSilent)), err
}

// errSilent is why a watch was given up that brings nothing, not even a bookmark.
var errSilent = fmt.Errorf("not a word from the API server for %s", silentAfter)

// attend waits until the stream has ended or was silent for too long.
func (f *feed) attend(ctx context.Context, s *stream) error {
	began := f.clock.Now()
	for {
		f.mu.Lock()
		ended, err, heard := s.over, s.err, f.heard
		f.mu.Unlock()
		if ended {
			return err
		}
		if heard.Before(began) {
			heard = began
		}
		quiet := f.clock.Now().Sub(heard)
		if quiet >= silentAfter {
			return fmt.Errorf("watch %s: %w", f.kind.gvr.Resource, errSilent)
		}
		if err := f.clock.Wait(ctx, silentAfter-quiet, f.wake); err != nil {
			return err
		}
	}
}

// stream is one watch; its fields are guarded by the feed's lock.
type stream struct {
	feed   *feed
	opened bool
	over   bool // ended, or nobody listens any more
	err    error
}

// run opens the watch from the resourceVersion and takes up events until it ends.
func (s *stream) run(ctx context.Context, from uint64) {
	f, seconds := s.feed, int64(watchFor/time.Second)
	options := metav1.ListOptions{ResourceVersion: strconv.FormatUint(from, 10), AllowWatchBookmarks: true, TimeoutSeconds: &seconds}
	w, err := f.kind.watch(ctx, options)
	if err == nil {
		defer w.Stop()
		f.mu.Lock()
		if s.opened = true; !s.over {
			f.wellLocked()
		}
		f.mu.Unlock()
		err = s.read(w)
	}
	if err != nil {
		err = fmt.Errorf("watch %s: %w", f.kind.gvr.Resource, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !s.over {
		s.err, s.over, f.open = err, true, false
		f.wake.Set() // while open is unset: from here on the clock knows that the loop has work to do
	}
}

// read takes up events until there are no more; its error is the API server's last word.
func (s *stream) read(w watch.Interface) (err error) {
	f := s.feed
	for e := range w.ResultChan() {
		f.mu.Lock()
		switch {
		case s.over:
		case e.Type == watch.Error:
			err = apierrors.FromObject(e.Object)
		default:
			f.takeLocked(e)
		}
		f.mu.Unlock()
	}
	return err
}

// takeLocked takes up one event and wakes those who wait for it.
func (f *feed) takeLocked(e watch.Event) {
	o, err := meta.Accessor(e.Object)
	if err != nil {
		return
	}
	switch e.Type {
	case watch.Added, watch.Modified:
		f.objects[o.GetName()] = slim(o)
	case watch.Deleted:
		delete(f.objects, o.GetName())
	}
	f.heard = f.clock.Now()
	f.version = max(f.version, number(o.GetResourceVersion()))
	if e.Type != watch.Bookmark {
		f.tellLocked()
	}
}

// failed notes why there is no watch and wakes those who wait for one.
func (f *feed) failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	if f.failing.IsZero() {
		f.failing = f.clock.Now()
	}
	f.tellLocked()
}

func (f *feed) wellLocked() {
	f.heard = f.clock.Now()
	if f.err != nil {
		f.err, f.failing = nil, time.Time{}
		f.tellLocked()
	}
}

func (f *feed) tellLocked() {
	for s := range f.signals {
		s.Set()
	}
}

// subscribe has s set at every change until stop is called. The same signal may be subscribed several times.
func (f *feed) subscribe(s run.Signal) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.signals[s]++
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.signals[s]--; f.signals[s] <= 0 {
			delete(f.signals, s)
		}
	})
}

// position is how far the cache is, and whether it follows a watch.
func (f *feed) position() (version string, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strconv.FormatUint(f.version, 10), f.open
}

// gone tells whether a watch cannot go on from its resourceVersion.
func gone(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }

// number is a resourceVersion as a number, which Kubernetes promises since 1.35 and has always kept; 0 for none.
func number(resourceVersion string) uint64 {
	n, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// slim drops what nobody here reads: the field sets of the managers, the bulk of an object. Who they are stays.
func slim(o metav1.Object) metav1.Object {
	fields := o.GetManagedFields()
	for i := range fields {
		fields[i].FieldsV1 = nil
	}
	o.SetManagedFields(fields)
	return o
}
