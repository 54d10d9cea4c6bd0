package prom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Timeout is how long one query may take, by the clock, when the caller's context does not end it before.
const Timeout = 10 * time.Second

// maxBody is how much of one answer is read; a longer one is an error, never a part of the data.
const maxBody = 8 << 20

// Clients holds one Client for each address. Its methods may be called from any goroutine.
type Clients struct {
	transport http.RoundTripper
	clock     run.Clock

	mu    sync.Mutex
	byURL map[string]*Client
}

// NewClients returns Clients that send through rt (nil means http.DefaultTransport) and measure their time-outs
// by the clock.
func NewClients(rt http.RoundTripper, clock run.Clock) *Clients {
	if rt == nil {
		rt = http.DefaultTransport
	}
	return &Clients{transport: rt, clock: clock, byURL: map[string]*Client{}}
}

// Get returns the client for the Prometheus at that address, such as https://prometheus.example/prefix. It never
// fails: with an address that cannot be asked, every query of the client returns an *Error that says why.
func (c *Clients) Get(address string) *Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.byURL[address]; ok {
		return known
	}
	made := newClient(address, c.transport, c.clock)
	c.byURL[address] = made
	return made
}

// Client asks one Prometheus. Its methods may be called from any goroutine.
type Client struct {
	api     v1.API
	clock   run.Clock
	address run.Safe // without credentials
	secrets []string // what must not show in any text
	invalid error    // why it cannot be asked
}

func newClient(address string, rt http.RoundTripper, clock run.Clock) *Client {
	u, err := parseAddress(address)
	if err != nil {
		return &Client{clock: clock, invalid: err}
	}
	c := &Client{clock: clock, address: showAddress(u), secrets: secretsOf(u)}
	client := &http.Client{Transport: capped{rt}, CheckRedirect: sameHost}
	made, err := api.NewClient(api.Config{Address: address, Client: client})
	if err != nil {
		c.invalid = fmt.Errorf("use the address %s: it is not valid", c.address)
		return c
	}
	c.api = v1.NewAPI(made)
	return c
}

// Address is the client's address without user, password and query, for showing; empty when it is not valid.
func (c *Client) Address() run.Safe { return c.address }

// Query evaluates the query at an instant; the zero time means the server's now. A scalar comes as one Sample
// without labels. The error is an *Error, or wraps the cause of ctx when that ended.
func (c *Client) Query(ctx context.Context, query string, at time.Time) (Vector, error) {
	var got Vector
	err := c.ask(ctx, query, func(ctx context.Context) error {
		value, warnings, _, err := c.api.Query(ctx, query, at)
		if err == nil {
			got, err = vector(value)
		}
		got.Warnings = safeAll(warnings)
		return err
	})
	if err != nil {
		return Vector{}, err
	}
	return got, nil
}

// QueryRange evaluates the query at every step from the first instant to the last. The error is as for Query.
func (c *Client) QueryRange(ctx context.Context, query string, from, to time.Time, step time.Duration) (Matrix, error) {
	if step <= 0 || to.Before(from) {
		return Matrix{}, c.failure(BadQuery, query, fmt.Sprintf("a range from %s to %s in steps of %s has no points",
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), step), nil)
	}
	var got Matrix
	err := c.ask(ctx, query, func(ctx context.Context) error {
		value, warnings, _, err := c.api.QueryRange(ctx, query, v1.Range{Start: from, End: to, Step: step})
		if err == nil {
			got, err = matrix(value)
		}
		got.Warnings = safeAll(warnings)
		return err
	})
	if err != nil {
		return Matrix{}, err
	}
	return got, nil
}

var errTimedOut = errors.New("timed out")

// ask makes one call within Timeout and says what its error means.
func (c *Client) ask(ctx context.Context, query string, call func(context.Context) error) error {
	if c.invalid != nil {
		return c.failure(Other, query, c.invalid.Error(), c.invalid)
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.clock.Go(func() {
		if c.clock.Wait(within, Timeout, nil) == nil {
			cancel(errTimedOut)
		}
	})
	err := call(within)
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return c.stopped(query, cause)
	}
	if context.Cause(within) == errTimedOut {
		return c.failure(TimedOut, query, fmt.Sprintf("no answer within %s; is it overloaded?", Timeout), errTimedOut)
	}
	return c.classify(query, err)
}

// stopped is the error for a call that the caller's context ended.
func (c *Client) stopped(query string, cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return c.failure(TimedOut, query, "no answer within the time allowed", cause)
	}
	return fmt.Errorf("ask Prometheus at %s: %w", cmp.Or(c.address, "?"), cause)
}

// sameHost refuses to follow a redirect to another host: the credentials and the query are meant for this one.
func sameHost(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case next.URL.Host != first.Host:
		return fmt.Errorf("%w to another host, %s", errRedirect, run.MakeSafe(next.URL.Host, 200))
	case first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("%w from https to %s", errRedirect, run.MakeSafe(next.URL.Scheme, 20))
	case len(via) >= 3:
		return fmt.Errorf("%w more than 3 times", errRedirect)
	}
	return nil
}

// parseAddress accepts an http or https address of a server.
func parseAddress(address string) (*url.URL, error) {
	if address == "" {
		return nil, errors.New("no Prometheus is named for this environment; set prometheus: {url: …} in the runbook or a site file")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil: // its text repeats the address, credentials included
		return nil, errors.New("the address of Prometheus is not a valid URL; write it as https://host[:port][/prefix]")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fmt.Errorf("the address of Prometheus %s is not that of a web server; write it as https://host[:port][/prefix]", showAddress(u))
	}
	return u, nil
}
