package kubeapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
)

// bookmarkEvery is how often an idle watch tells how far it has got. It and a watch's timeoutSeconds are real
// time: they are about the connection, not about the world.
const bookmarkEvery = time.Minute

// watcher is one open watch. Its fields but changed are guarded by Server.mu.
type watcher struct {
	request
	form    form
	sel     selector
	rv      uint64 // all changes up to here are handed over
	fresh   bool   // nothing handed over yet
	marks   bool   // the client takes bookmarks
	initial bool   // and the one that ends the initial events is due
	writing bool
	changed chan struct{}
	ended   bool
}

// poke makes the watcher look for changes.
func (w *watcher) poke() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *watcher) end() {
	w.ended = true
	w.poke()
}

func (s *Server) pokeWatches() {
	for _, t := range s.tables {
		for w := range t.watchers {
			w.poke()
		}
	}
}

// watch streams changes until the client goes, timeoutSeconds are over or the history it needs is gone.
func (s *Server) watch(c *call) error {
	w, first, err := s.open(c)
	if err != nil {
		return err
	}
	seconds, err := number(c, "timeoutSeconds")
	if err != nil {
		return err
	}
	ctx := c.r.Context()
	if seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
	}
	t := s.tables[c.res.gvr]
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(t.watchers, w)
	}()
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(http.StatusOK)
	flush(c.w)
	s.stream(ctx, c.w, t, w, first)
	return nil
}

// open registers a watcher and collects the initial events it asked for.
func (s *Server) open(c *call) (*watcher, [][]byte, error) {
	sel, err := selectorOf(c)
	if err != nil {
		return nil, nil, err
	}
	rv, err := number(c, "resourceVersion")
	if err != nil {
		return nil, nil, err
	}
	query := c.r.URL.Query()
	w := &watcher{
		request: c.request, form: formOf(c), sel: sel, rv: rv, fresh: true,
		marks: isTrue(query.Get("allowWatchBookmarks")), changed: make(chan struct{}, 1),
	}
	send := query.Get("sendInitialEvents")
	if err := checkInitial(c, send); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rv > s.rv {
		return nil, nil, tooLarge(rv, s.rv)
	}
	t := s.tables[c.res.gvr]
	t.watchers[w] = true
	var first [][]byte
	if send == "" && rv == 0 || isTrue(send) {
		for _, v := range t.sorted(c.scope()) {
			if sel.matches(v.obj) {
				first = append(first, w.form.event(s, watch.Added, v, w.fresh))
				w.fresh = false
			}
		}
		w.rv, w.writing = s.rv, len(first) > 0
		w.initial = isTrue(send) && w.marks
	} else if rv == 0 {
		w.rv = s.rv
	}
	return w, first, nil
}

// checkInitial holds to the rules for sendInitialEvents.
func checkInitial(c *call, send string) error {
	match := c.r.URL.Query().Get("resourceVersionMatch")
	var errs field.ErrorList
	switch {
	case send != "" && match != string(metav1.ResourceVersionMatchNotOlderThan):
		errs = append(errs, field.Forbidden(field.NewPath("resourceVersionMatch"),
			"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
	case send == "" && match != "":
		errs = append(errs, field.Forbidden(field.NewPath("resourceVersionMatch"),
			"resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
	default:
		return nil
	}
	return apierrors.NewInvalid(metav1.SchemeGroupVersion.WithKind("ListOptions").GroupKind(), "", errs)
}

// stream writes the initial events and then changes as they come.
func (s *Server) stream(ctx context.Context, out http.ResponseWriter, t *table, w *watcher, pending [][]byte) {
	ticker := time.NewTicker(bookmarkEvery)
	defer ticker.Stop()
	for {
		more, last := s.pending(t, w, len(pending) > 0)
		batch := append(pending, more...)
		for _, b := range batch {
			if _, err := out.Write(b); err != nil || ctx.Err() != nil {
				return
			}
		}
		pending = nil
		flush(out)
		if last {
			return
		}
		if len(batch) > 0 {
			continue // before saying that all is handed over
		}
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
		case <-ticker.C:
			pending = s.mark(w)
		}
	}
}

// pending takes what the watcher has not seen, in addition to what the stream still has; last says that the watch
// ends with it.
func (s *Server) pending(t *table, w *watcher, has bool) (out [][]byte, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.writing = has
	if w.ended {
		return nil, true
	}
	if s.muted(w.request) {
		return nil, false
	}
	if w.initial {
		w.initial, w.writing = false, true
		return [][]byte{w.form.bookmark(strconv.FormatUint(w.rv, 10), map[string]string{metav1.InitialEventsAnnotationKey: "true"})}, false
	}
	events, ok := t.since(w.rv)
	if !ok {
		return [][]byte{expired(w.rv, t.floor)}, true
	}
	for _, e := range events {
		if kind, v := w.sees(e); v != nil {
			out = append(out, w.form.event(s, kind, v, w.fresh))
			w.fresh = false
		}
		w.rv = e.rv
	}
	w.writing = has || len(out) > 0
	return out, false
}

// sees says how a change looks through the watcher's selectors: an object that comes to match is added, one that
// ceases to match is deleted.
func (w *watcher) sees(e event) (watch.EventType, *version) {
	if w.namespace != "" && e.now.obj.GetNamespace() != w.namespace && w.gr.Resource != "namespaces" {
		return "", nil
	}
	was := e.old != nil && w.sel.matches(e.old.obj)
	is := e.kind != watch.Deleted && w.sel.matches(e.now.obj)
	switch {
	case was && is:
		return watch.Modified, e.now
	case is:
		return watch.Added, e.now
	case was && e.kind == watch.Deleted:
		return watch.Deleted, e.now
	case was:
		left := e.old.obj.DeepCopyObject().(object)
		left.SetResourceVersion(e.now.obj.GetResourceVersion())
		return watch.Deleted, &version{obj: left, rv: e.rv}
	}
	return "", nil
}

// mark returns a bookmark if the client takes them.
func (s *Server) mark(w *watcher) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.marks || s.muted(w.request) {
		return nil
	}
	w.rv = max(w.rv, s.caughtUpTo(w))
	return [][]byte{w.form.bookmark(strconv.FormatUint(w.rv, 10), nil)}
}

// caughtUpTo is the newest resourceVersion when the watcher has seen all changes of its resource.
func (s *Server) caughtUpTo(w *watcher) uint64 {
	t := s.tables[w.form.res.gvr]
	if t.latest[key{}] > w.rv {
		return w.rv
	}
	return s.rv
}

func expired(rv, floor uint64) []byte {
	st := apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", rv, floor)).Status()
	st.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	return rawEvent(watch.Error, mustJSON(st))
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
