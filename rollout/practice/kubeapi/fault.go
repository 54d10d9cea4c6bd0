package kubeapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/politicalsphere/sop/runbook/run"
)

// Rule selects requests. An empty list selects all of its kind; "*" does too.
type Rule struct {
	Verbs      []string // get list watch create update patch delete deletecollection
	Groups     []string // API groups, "" being core
	Resources  []string // plural names; a subresource as "pods/log", "deployments/*"; a plain name selects no subresource
	Namespaces []string // a request without a namespace matches only an empty list
	Names      []string // object names
}

// Fault is a way in which the API misbehaves for the requests that Match selects. Latency comes first, then the
// first of Refuse, Hang and Status that is set.
type Fault struct {
	Match      Rule
	DryRun     bool          // only dry runs, as a webhook that takes none rejects them
	Latency    time.Duration // on the Clock
	Refuse     bool          // no connection: the transport returns ECONNREFUSED; over HTTP the connection is cut
	Hang       bool          // no answer until the request's context ends or the fault is lifted
	Status     int           // 429, 500, 503, …, answered with a metav1.Status
	RetryAfter time.Duration // the header and the detail of a Status; below a second it is rounded up
	Message    string        // of a Status; empty means the usual one
	Mute       bool          // open and new watches stay silent, without an error, until the fault is lifted
	After      int           // let so many matching requests through first
	Times      int           // 0 means until lifted; otherwise it strikes so often
}

// fault is an injected Fault with its counts, guarded by Server.mu.
type fault struct {
	Fault
	seen   int
	lifted []run.Signal // of those who hang in it
	over   bool
}

// request says what a call wants, as rules and reviews see it.
type request struct {
	verb, namespace, name, sub string
	gr                         schema.GroupResource
	dry                        bool
}

func (q request) resource() string {
	if q.sub != "" {
		return q.gr.Resource + "/" + q.sub
	}
	return q.gr.Resource
}

func (r Rule) matches(q request) bool {
	return among(r.Verbs, q.verb) && among(r.Groups, q.gr.Group) && r.matchesResource(q) &&
		among(r.Namespaces, q.namespace) && among(r.Names, q.name)
}

func (r Rule) matchesResource(q request) bool {
	return among(r.Resources, q.resource()) ||
		q.sub != "" && (slices.Contains(r.Resources, q.gr.Resource+"/*") || slices.Contains(r.Resources, "*/"+q.sub))
}

func among(list []string, value string) bool {
	return len(list) == 0 || slices.Contains(list, value) || slices.Contains(list, "*")
}

// Forbid denies what the rule selects: 403 for requests, "no" from access reviews. Rules add up. The function it
// returns takes the rule back.
func (s *Server) Forbid(rule Rule) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &rule
	s.denied = append(s.denied, r)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.denied = slices.DeleteFunc(s.denied, func(d *Rule) bool { return d == r })
	}
}

// allowed says whether no rule forbids the request. The caller holds s.mu.
func (s *Server) allowed(q request) bool {
	return !slices.ContainsFunc(s.denied, func(r *Rule) bool { return r.matches(q) })
}

// Inject makes the API misbehave until the function it returns is called. Of several faults that match a request
// the latencies add up and the oldest that does more decides.
func (s *Server) Inject(f Fault) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := &fault{Fault: f}
	s.faults = append(s.faults, in)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if in.over {
			return
		}
		in.over = true
		s.faults = slices.DeleteFunc(s.faults, func(g *fault) bool { return g == in })
		for _, sig := range in.lifted {
			sig.Set()
		}
		s.pokeWatches()
	}
}

// strike returns how long the request is held up and the fault that decides it, or nil.
func (s *Server) strike(q request) (latency time.Duration, decides *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Mute || f.DryRun && !q.dry || !f.Match.matches(q) {
			continue
		}
		f.seen++
		if f.seen <= f.After || f.Times > 0 && f.seen > f.After+f.Times {
			continue
		}
		latency += f.Latency
		if decides == nil && (f.Refuse || f.Hang || f.Status != 0) {
			decides = f
		}
	}
	return latency, decides
}

// suffer lets the request meet the faults; it returns false when it has been answered.
func (s *Server) suffer(w http.ResponseWriter, r *http.Request, q request) bool {
	latency, f := s.strike(q)
	if latency > 0 || f != nil && f.Hang {
		defer s.hold(q)()
	}
	if latency > 0 && s.clock.Wait(r.Context(), latency, nil) != nil {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f == nil:
		return true
	case f.Refuse:
		panic(refused{})
	case f.Hang:
		return s.hang(r.Context(), f)
	}
	writeStatus(w, f.answer())
	return false
}

// hang waits until the fault is lifted.
func (s *Server) hang(ctx context.Context, f *fault) bool {
	sig := s.clock.NewSignal()
	s.mu.Lock()
	if f.over {
		s.mu.Unlock()
		return true
	}
	f.lifted = append(f.lifted, sig)
	s.mu.Unlock()
	if s.clock.Wait(ctx, -1, sig) != nil {
		panic(http.ErrAbortHandler)
	}
	return true
}

func (f *fault) answer() metav1.Status {
	reasons := map[int]metav1.StatusReason{
		http.StatusBadRequest:          metav1.StatusReasonBadRequest,
		http.StatusTooManyRequests:     metav1.StatusReasonTooManyRequests,
		http.StatusInternalServerError: metav1.StatusReasonInternalError,
		http.StatusServiceUnavailable:  metav1.StatusReasonServiceUnavailable,
		http.StatusGatewayTimeout:      metav1.StatusReasonTimeout,
		http.StatusUnauthorized:        metav1.StatusReasonUnauthorized,
		http.StatusForbidden:           metav1.StatusReasonForbidden,
	}
	message := f.Message
	if message == "" {
		message = strings.ToLower(http.StatusText(f.Status)) + ", please try again later"
	}
	st := metav1.Status{
		Status: metav1.StatusFailure, Code: int32(f.Status), Reason: reasons[f.Status], Message: message,
	}
	if f.RetryAfter > 0 {
		st.Details = &metav1.StatusDetails{RetryAfterSeconds: int32((f.RetryAfter + time.Second - 1) / time.Second)}
	}
	return st
}

func retryAfter(st metav1.Status) string {
	if st.Details == nil || st.Details.RetryAfterSeconds == 0 {
		return ""
	}
	return strconv.Itoa(int(st.Details.RetryAfterSeconds))
}

// refused is what the handler panics with when there is to be no answer at all.
type refused struct{}

func (refused) Error() string { return syscall.ECONNREFUSED.Error() }

// muted says whether the watch must stay silent. The caller holds s.mu.
func (s *Server) muted(q request) bool {
	return slices.ContainsFunc(s.faults, func(f *fault) bool { return f.Mute && f.Match.matches(q) })
}

// spent says whether a fault of a few times has struck them all.
func (f *fault) spent() bool { return f.Times > 0 && f.seen >= f.After+f.Times }

// scope is what a cache is of: a resource in a namespace.
type scope struct {
	gr        schema.GroupResource
	namespace string
}

// hold counts a list or watch that a fault holds up; the caller calls the function it returns afterwards.
func (s *Server) hold(q request) (release func()) {
	if q.verb != "list" && q.verb != "watch" {
		return func() {}
	}
	at := scope{q.gr, q.namespace}
	s.mu.Lock()
	s.held[at]++
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held[at]--
	}
}

// troubled says whether a cache of the resource is kept from catching up: its watch is muted, its list is held up,
// or it has no watch and cannot get one. An open watch is not hurt by faults that come later. The caller holds
// s.mu.
func (s *Server) troubled(t *table, namespace string) bool {
	open := false
	for w := range t.watchers {
		if w.ended || w.scopeOf() != namespace {
			continue
		}
		if s.muted(w.request) {
			return true
		}
		open = true
	}
	if s.held[scope{t.res.gr(), namespace}] > 0 {
		return true
	}
	return !open && (s.denies("list", t, namespace) || s.denies("watch", t, namespace))
}

// denies says whether a rule or a fault would now refuse the verb.
func (s *Server) denies(verb string, t *table, namespace string) bool {
	q := request{verb: verb, gr: t.res.gr(), namespace: namespace}
	return !s.allowed(q) || slices.ContainsFunc(s.faults, func(f *fault) bool {
		return (f.Refuse || f.Hang || f.Status != 0) && !f.DryRun && !f.spent() && f.Match.matches(q)
	})
}
