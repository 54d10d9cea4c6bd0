package kube

import (
	"context"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/watch"
)

// stream is one watch; its fields are guarded by the feed's lock.
type stream struct {
	feed   *feed
	opened bool
	over   bool // ended, or nobody listens any more
	err    error
}

// run opens the watch from the resourceVersion and takes up events until it ends.
func (s *stream) run(ctx context.Context, from uint64) {
	f := s.feed
	seconds, options := int64(f.lasts/time.Second), f.options()
	options.ResourceVersion, options.AllowWatchBookmarks, options.TimeoutSeconds = strconv.FormatUint(from, 10), true, &seconds
	w, err := f.kind.watch(ctx, options)
	if apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err) {
		err = fmt.Errorf("%w: %w", errUnwatchable, err)
	}
	if err == nil {
		defer w.Stop()
		f.mu.Lock()
		if s.opened = true; !s.over {
			f.opening = false
			f.wellLocked()
		}
		f.mu.Unlock()
		f.wake.Set() // the loop need not look whether it opens any more
		err = s.read(w)
	}
	if err != nil {
		err = fmt.Errorf("watch %s: %w", f.resource.gvr.Resource, err)
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
		f.objects[placeOf(o)] = f.kind.slim(o)
	case watch.Deleted:
		delete(f.objects, placeOf(o))
	}
	f.heard = f.clock.Now()
	f.version = max(f.version, number(o.GetResourceVersion()))
	if e.Type != watch.Bookmark {
		f.tellLocked()
	}
}
