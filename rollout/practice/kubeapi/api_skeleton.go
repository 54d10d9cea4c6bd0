package kubeapi

import (
	"context"
	"net/http"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
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
	// User is the name that reviews answer with; empty means "practice".
	User string
	// History is how many changes per resource a watch may lag behind before it gets 410 Gone; 0 means 4096.
	History int
}

// Container names one container of a pod that the kubelet is about to run.
type Container struct {
	Namespace, Pod, Node string
	Labels               map[string]string // the pod's; not to be changed
	Name, Image          string
	Restarts             int // how often it was restarted before
}

// Behaviour is how a container runs. The zero value is a healthy one: pulled in about 0.8 s, ready in about 2.5 s.
type Behaviour struct {
	// PullDelay and StartDelay are from scheduled to pulled and from started to ready; 0 means the default.
	// Both are jittered by up to ±20 % from the seed.
	PullDelay, StartDelay time.Duration
	// StopDelay is how long it takes to end once deleted; 0 means about 1.2 s, jittered as well.
	StopDelay time.Duration
	// Missing is the registry's message when the image cannot be pulled; empty means it can.
	Missing string
	// Crash makes the container exit; nil means it runs for ever.
	Crash *Crash
	// NotReady is why the readiness probe fails, as the Unhealthy event says it; empty means it succeeds.
	NotReady string
	// Log is what the container writes right after its start.
	Log []string
}

// Crash is an exit of a container.
type Crash struct {
	After    time.Duration // from its start
	ExitCode int32         // 0 means 1
	Reason   string        // empty means "Error"; "OOMKilled" is the other usual one
	Log      []string      // its last words
}

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
	Latency    time.Duration // on the Clock
	Refuse     bool          // no connection: the transport returns ECONNREFUSED; over HTTP the connection is cut
	Hang       bool          // no answer until the request's context ends or the fault is lifted
	Status     int           // 429, 500, 503, …, answered with a metav1.Status
	RetryAfter time.Duration // the header and the detail of a Status
	Message    string        // of a Status; empty means the usual one
	Mute       bool          // open and new watches stay silent, without an error, until the fault is lifted
	After      int           // let so many matching requests through first
	Times      int           // 0 means until lifted; otherwise it strikes so often
}

// PodView is what the makers of metrics and logs need to know of a running pod.
type PodView struct {
	Namespace, Name, UID string
	Owner                string            // the ReplicaSet's name
	Hash                 string            // the label pod-template-hash
	Labels               map[string]string // not to be changed
	Image, ImageID       string            // of the first container
	Node, IP             string
	Phase                string // Pending, Running, …
	Ready, Terminating   bool
	Created, Started     time.Time // Started is zero until the first container has run
	ReadySince           time.Time // zero while not ready
	Restarts             int       // of all its containers
}

// API is the list of what a Server can do; it is implemented by *Server.
type API interface {
	http.Handler
	Start(ctx context.Context)
	RoundTripper() http.RoundTripper
	RESTConfig() *rest.Config
	Forbid(Rule) (lift func())
	Inject(Fault) (lift func())
	CreateFromYAML(src []byte) error
	Apply(objects ...runtime.Object) error
	Pods(namespace string) []PodView
	OnPods(f func()) // f is called after each change of a pod, without the lock
	Reassess()       // the kubelet asks Behaviour again for every running container
	DropWatches()    // ends every open watch
	Compact()        // forgets the history: a watch from an older resourceVersion gets 410
	LastResourceVersion(gvr schema.GroupVersionResource, namespace, name string) string
	CaughtUp(gvr schema.GroupVersionResource, namespace, name, have string) bool
	Quiet() bool // every open watch has handed over all it has
}
