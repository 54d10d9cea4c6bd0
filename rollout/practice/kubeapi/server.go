package kubeapi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/politicalsphere/sop/runbook/run"
)

// Lag is how long after a change the controllers take it up: a client that reads back what it has just written
// sees it as the real API shows it, not yet observed.
const Lag = 20 * time.Millisecond

// Options are the makings of a Server.
type Options struct {
	// Clock gives every timestamp and drives the controllers; it is required.
	Clock run.Clock
	// Seed fixes UIDs, pod names and the jitter of delays.
	Seed int64
	// Behaviour says how a container runs; nil means the zero Behaviour for all.
	//
	// It is asked when a container starts or restarts, when a failed image pull is retried and after Reassess. It
	// is called with the server's lock held, so it must not call the Server and should return at once.
	Behaviour func(Container) Behaviour
	// ImageID says under which digest an image is served; nil means the function of that name. It is called with the
	// server's lock held.
	ImageID func(image string) string
	// Proxy gives what answers behind a Service's port, for the subresource proxy; nil, or a nil Handler, means that
	// nobody listens on the pods. It is called without the server's lock.
	Proxy func(namespace, service, port string) http.Handler
	// User is the name that reviews answer with; empty means "practice".
	User string
	// History is how many changes per resource a watch may lag behind before it gets 410 Gone; 0 means 4096.
	History int
	// Custom are further resources, kept as they come (no defaults, no validation, no controller), such as
	// {Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}: "Rollout". All are namespaced.
	Custom map[schema.GroupVersionResource]string
}

// Server is the API server and its controllers. It is an http.Handler; see RoundTripper for use in process. Its
// exported methods may be called from any goroutine, but not from Options.Behaviour.
type Server struct {
	opt       Options
	clock     run.Clock
	resources []*resource
	byPath    map[schema.GroupVersionResource]*resource

	mu     sync.Mutex
	rv     uint64
	tables map[schema.GroupVersionResource]*table
	owned  map[types.UID]map[reference]bool
	born   map[string]int // how many UIDs and suffixes a name has used up
	faults []*fault
	held   map[scope]int // lists and watches that a fault holds up
	denied []*Rule
	onPods []func()

	agenda  agenda     // the controllers' work
	wake    run.Signal // wakes the controllers
	passing bool       // the controllers are at work; their own changes need no Lag
	kubelet kubelet
	podsRV  uint64 // of the latest change that OnPods has told
}

// New returns a server that holds the namespaces default and kube-system and nothing else. Its controllers rest
// until Start.
func New(opt Options) *Server {
	if opt.User == "" {
		opt.User = "practice"
	}
	if opt.ImageID == nil {
		opt.ImageID = ImageID
	}
	if opt.History <= 0 {
		opt.History = 4096
	}
	s := &Server{
		opt: opt, clock: opt.Clock,
		byPath: map[schema.GroupVersionResource]*resource{},
		tables: map[schema.GroupVersionResource]*table{},
		owned:  map[types.UID]map[reference]bool{},
		born:   map[string]int{},
		held:   map[scope]int{},
		wake:   opt.Clock.NewSignal(),
	}
	s.agenda.due = map[work]entry{}
	s.kubelet.init()
	s.resources = resources()
	for _, gvr := range slices.SortedFunc(maps.Keys(opt.Custom), func(a, b schema.GroupVersionResource) int {
		return cmp.Compare(a.String(), b.String())
	}) {
		s.resources = append(s.resources, &resource{
			gvr: gvr, kind: opt.Custom[gvr], namespaced: true, verbs: allVerbs, subs: []string{"status"}, generation: true, custom: true,
		})
	}
	for _, r := range s.resources {
		s.byPath[r.gvr] = r
		if r.stored() {
			s.tables[r.gvr] = newTable(r)
		}
	}
	s.seedNamespaces()
	return s
}

// Start runs the controllers in one goroutine of the clock until ctx ends.
func (s *Server) Start(ctx context.Context) {
	s.clock.Go(func() { s.control(ctx) })
}

// now is the present instant as objects tell it: in whole seconds.
func (s *Server) now() metav1.Time { return metav1.NewTime(s.clock.Now().Truncate(time.Second)) }

// Compact forgets the history of all changes: a watch that asks for an older resourceVersion gets 410 Gone.
func (s *Server) Compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		t.forget(0)
		t.floor = s.rv
	}
}

// DropWatches ends every open watch, as a restart of the API server does.
func (s *Server) DropWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		for w := range t.watchers {
			w.end()
		}
	}
}
