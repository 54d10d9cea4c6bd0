package promapi

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Options are what a Server needs to know of its world.
type Options struct {
	// Now is the world's present; nil means time.Now.
	Now func() time.Time
	// Wait holds up a slow answer by the world's clock; nil means real time.
	Wait func(context.Context, time.Duration) error
	// Hold makes the world's time stand still while a query is computed; nil: it goes on.
	Hold func() (release func())
	// Start is when the world begins. Samples reach History further back.
	Start time.Time
	// Seed makes the noise.
	Seed uint64
	// Loads are the components that have traffic.
	Loads []Load
	// Rules are the alerts; nil means DefaultRules.
	Rules []Rule
}

// Server answers the Prometheus HTTP API about made-up metrics. It is safe for use by many goroutines.
type Server struct {
	options Options
	engine  *promql.Engine
	parser  parser.Parser
	handler http.Handler

	mu      sync.Mutex
	sim     *simulation
	outages []Outage
	raised  []Rule
}

// New returns a Server without pods.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = sleep
	}
	if o.Hold == nil {
		o.Hold = func() func() { return func() {} }
	}
	if o.Rules == nil {
		o.Rules = DefaultRules
	}
	p := parser.NewParser(parser.Options{})
	s := &Server{
		options: o,
		parser:  p,
		engine: promql.NewEngine(promql.EngineOpts{
			MaxSamples:               5_000_000,
			Timeout:                  30 * time.Second,
			LookbackDelta:            5 * time.Minute,
			NoStepSubqueryIntervalFn: func(int64) int64 { return scrapeEvery.Milliseconds() },
			EnableAtModifier:         true,
			EnableNegativeOffset:     true,
			Parser:                   p,
		}),
		sim:    newSimulation(o.Start, o.Seed, o.Loads),
		raised: []Rule{watchdog(o.Start.Add(-History))},
	}
	s.handler = s.routes()
	return s
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Observe records that a pod is in a phase from an instant on. Samples that queries have already seen do not
// change: an instant before the last scrape means that scrape.
func (s *Server) Observe(at time.Time, p Pod, phase Phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim.observe(change{at: at, pod: p, phase: phase})
}

// Inject adds an effect and returns what ends it.
func (s *Server) Inject(e Effect) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim.advance(s.options.Now())
	s.sim.effects = append(s.sim.effects, e)
	i := len(s.sim.effects) - 1
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sim.advance(s.options.Now())
		s.sim.effects[i] = Effect{}
	}
}

// Break adds an outage.
func (s *Server) Break(o Outage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outages = append(s.outages, o)
}

// Outage is the trouble that Prometheus has now; of several, the first that was added.
func (s *Server) Outage() Outage {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	if i := slices.IndexFunc(s.outages, func(o Outage) bool { return o.covers(now) }); i >= 0 {
		return s.outages[i]
	}
	return Outage{}
}

// Behaviour is how a pod that began at started behaves now.
func (s *Server) Behaviour(p Pod, started time.Time) Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sim.behaviour(p, started, s.options.Now())
}

// ServeHTTP answers a request as things stand now. When nobody should be listening it aborts the connection,
// which is as near to a refused one as a handler can come; a RoundTripper asks Outage first.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch o := s.Outage(); o.Trouble {
	case Down:
		panic(http.ErrAbortHandler)
	case Unavailable:
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		return
	case Slow:
		if err := s.options.Wait(r.Context(), o.Delay); err != nil {
			return // the client has gone
		}
	}
	s.handler.ServeHTTP(w, r)
}

// present brings the samples up to the world's present and returns it.
func (s *Server) present() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.sim.advance(now)
	return now
}
