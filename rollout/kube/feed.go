package kube

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// How a cache keeps in touch.
const (
	// silentAfter is for how long, or up to a third more, a watch may be silent before the cache is compared with a list.
	// An API server sends no bookmark of a kind in which nothing has happened since the watch began, so silence may be
	// peace; a connection that is dead as a whole is noticed sooner, by HTTP/2's pings. A list for each idle cache in
	// every 90 s would be more requests than all else together.
	silentAfter = 3 * time.Minute
	openWithin  = 15 * time.Second // how long the API server may take to open a watch
	// watchFor is after how long, or up to a quarter more, the server ends a watch and we open the next one: so often
	// it is asked whether we still may.
	watchFor   = 5 * time.Minute
	watchAgain = 5 * time.Minute // how long to poll before asking again for a watch that was refused
	leastPoll  = 5 * time.Second
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
	bearFor    = 5 * time.Second // how long a failing watch is thought to be coming back: its cache still answers
	shortLived = time.Second     // a watch that ends sooner counts as a failure
)

// feed is the cache of one resource: it lists once and then follows the watch. Where the access rules allow no watch it
// lists again and again; where they do not even allow a list, and one object is wanted, it reads that.
//
// It is a loop of our own instead of client-go's informer because that one waits on the real clock, hides the
// reason of its retries, and hands changes on through goroutines which the virtual clock could not know idle. Here
// an event is in the cache and the signals are set in one critical section.
type feed struct {
	resource  Resource
	kind      kind
	namespace string // empty: all, or none
	clock     run.Clock
	wake      run.Signal    // wakes the loop when its watch has ended
	lasts     time.Duration // how long a watch is asked for
	spread    float64       // 0 to 1, different for every feed, so that not all ask at once

	mu      sync.Mutex
	objects map[place]metav1.Object // never changed once in here
	version uint64                  // highest resourceVersion taken up
	synced  bool
	open    bool      // a watch is open, or opening
	opening bool      // it is not open yet
	heard   time.Time // last word of the API server
	err     error     // of the last try; nil while a watch is open
	failing time.Time // since when there has been no working watch; zero while there is one
	signals map[run.Signal]*subscription
}

// place is where an object is; the namespace of a cluster-wide one is empty.
type place struct{ namespace, name string }

func placeOf(o metav1.Object) place { return place{o.GetNamespace(), o.GetName()} }

// subscription is a signal that was subscribed n times, and how often its owner would poll.
type subscription struct {
	n     int
	every time.Duration
}

func newFeed(r Resource, k kind, namespace string, clock run.Clock) *feed {
	f := &feed{resource: r, kind: k, namespace: namespace, clock: clock, wake: clock.NewSignal(), signals: map[run.Signal]*subscription{}}
	h := fnv.New32a()
	fmt.Fprint(h, r.gvr, namespace, r.name, r.reach)
	f.spread = float64(h.Sum32()) / (1 << 32)
	f.lasts = watchFor + time.Duration(f.spread*float64(watchFor)/4)
	return f
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
		if unwatchable(err) {
			relist, err = true, f.poll(ctx)
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
		if f.clock.Wait(ctx, f.backoff(failures), nil) != nil {
			return
		}
		failures++
	}
}

// backoff is how long to wait after the n-th failure in a row.
func (f *feed) backoff(n int) time.Duration {
	wait := min(firstRetry<<min(n, 10), lastRetry)
	return wait + time.Duration(f.spread*float64(wait)/5)
}

// errUnwatchable is why a watch cannot be had here, while a list may.
var errUnwatchable = errors.New("not to be watched")

// unwatchable tells whether the API server refuses the watch by its access rules, has none, or does not open it.
func unwatchable(err error) bool { return errors.Is(err, errUnwatchable) }

// poll lists again and again, until it is worth asking for a watch once more or a list fails.
func (f *feed) poll(ctx context.Context) error {
	for until := f.clock.Now().Add(watchAgain); f.clock.Now().Before(until); {
		if err := f.list(ctx); err != nil {
			return err
		}
		if err := f.clock.Wait(ctx, f.interval(), nil); err != nil {
			return err
		}
	}
	return nil
}

// interval is how often to poll: as the most impatient reader wants it.
func (f *feed) interval() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	every := time.Duration(0)
	for _, s := range f.signals {
		if every == 0 || s.every < every {
			every = s.every
		}
	}
	if every == 0 {
		every = pollEvery
	}
	return max(every, leastPoll)
}

// list replaces the cache by what there is.
func (f *feed) list(ctx context.Context) error {
	ctx, done := within(ctx, f.clock, listTimeout)
	defer done()
	objects, version, err := f.read(ctx)
	if err != nil {
		if errors.Is(context.Cause(ctx), errTimeout) {
			err = errTimeout
		}
		return fmt.Errorf("list %s: %w", f.resource.gvr.Resource, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.objects, f.synced, f.version = objects, true, version
	f.wellLocked()
	f.tellLocked()
	return nil
}

// read lists, or reads the one object when it may not list.
func (f *feed) read(ctx context.Context) (map[place]metav1.Object, uint64, error) {
	list, err := f.kind.list(ctx, f.options())
	if apierrors.IsForbidden(err) && f.resource.name != "" {
		return f.readOne(ctx)
	}
	if err != nil {
		return nil, 0, err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, 0, err
	}
	about, err := meta.ListAccessor(list)
	if err != nil {
		return nil, 0, err
	}
	objects := make(map[place]metav1.Object, len(items))
	for _, item := range items {
		o, err := meta.Accessor(item)
		if err != nil {
			return nil, 0, err
		}
		objects[placeOf(o)] = f.kind.slim(o)
	}
	return objects, number(about.GetResourceVersion()), nil
}

// readOne is a list of the one object.
func (f *feed) readOne(ctx context.Context) (map[place]metav1.Object, uint64, error) {
	got, err := f.kind.get(ctx, f.resource.name)
	if apierrors.IsNotFound(err) {
		return map[place]metav1.Object{}, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	o, err := meta.Accessor(got)
	if err != nil {
		return nil, 0, err
	}
	return map[place]metav1.Object{placeOf(o): f.kind.slim(o)}, number(o.GetResourceVersion()), nil
}

// options select the one object of a feed that has only one.
func (f *feed) options() metav1.ListOptions {
	if f.resource.name == "" {
		return metav1.ListOptions{}
	}
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, f.resource.name).String()}
}

// follow opens a watch and stays until it ends. relist is set when the next one cannot go on from here.
func (f *feed) follow(ctx context.Context) (relist bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &stream{feed: f}
	f.mu.Lock()
	from := f.version
	f.open, f.opening = true, true
	f.mu.Unlock()
	go s.run(ctx, from) // it waits for the network, not for the clock, hence a goroutine that the clock does not know
	err = f.attend(ctx, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	s.over, f.open = true, false
	return err != nil && (s.opened || gone(err)), err
}

// attend waits until the stream has ended. It gives up one that does not open or has missed something; a stream that
// was silent for long is compared with a list.
func (f *feed) attend(ctx context.Context, s *stream) error {
	began := f.clock.Now()
	patience := silentAfter + time.Duration(f.spread*float64(silentAfter)/3)
	for {
		f.mu.Lock()
		ended, opened, err, heard := s.over, s.opened, s.err, f.heard
		f.mu.Unlock()
		now := f.clock.Now()
		if heard.Before(began) {
			heard = began
		}
		wait := patience - now.Sub(heard)
		if !opened {
			wait = openWithin - now.Sub(began)
		}
		switch {
		case ended:
			return err
		case wait <= 0 && !opened:
			return fmt.Errorf("watch %s: %w: %w", f.resource.gvr.Resource, errUnwatchable, errTimeout)
		case wait <= 0:
			if missed, err := f.compare(ctx, heard); missed || err != nil {
				return err
			}
			continue
		}
		if err := f.clock.Wait(ctx, wait, f.wake); err != nil {
			return err
		}
	}
}

// compare lists beside a silent watch. When nothing is missing the watch is well; when something is, the cache is
// replaced by the list.
func (f *feed) compare(ctx context.Context, heard time.Time) (missed bool, err error) {
	ctx, done := within(ctx, f.clock, listTimeout)
	defer done()
	objects, version, err := f.read(ctx)
	if err != nil {
		if errors.Is(context.Cause(ctx), errTimeout) {
			err = errTimeout
		}
		return false, fmt.Errorf("list %s: %w", f.resource.gvr.Resource, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.heard.After(heard) {
		return false, nil // it has spoken meanwhile
	}
	f.heard = f.clock.Now()
	same := func(a, b metav1.Object) bool { return a.GetResourceVersion() == b.GetResourceVersion() }
	missed = !maps.EqualFunc(f.objects, objects, same)
	f.version = max(f.version, version)
	if missed {
		f.objects = objects
		f.tellLocked()
	}
	return missed, nil
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
func (f *feed) subscribe(s run.Signal, every time.Duration) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sub := f.signals[s]
	if sub == nil {
		sub = &subscription{every: every}
		f.signals[s] = sub
	}
	sub.n, sub.every = sub.n+1, min(sub.every, every)
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if sub.n--; sub.n <= 0 {
			delete(f.signals, s)
		}
	})
}

// position is how far the cache is, and whether it follows a watch; while that is still to open the version is empty.
func (f *feed) position() (version string, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opening {
		return "", f.open
	}
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
