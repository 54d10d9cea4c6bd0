package act

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
)

// call is one HTTP request that changes something.
type call struct {
	method  string
	url     *url.URL
	headers map[string]string
	body    string
	timeout time.Duration
	most    int // bytes of the answer that are read
}

// reply is what the other side said.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    bool   // there was more
	moved  string // where a redirect leads to, which is never followed
}

// unsent wraps the error of a request that surely did not get there.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

// try sends the request once. Its error never names the address.
func (w *Worker) try(ctx context.Context, c call) (reply, error) {
	limited, stop := w.within(ctx, c.timeout)
	defer stop()
	var asked, connected atomic.Bool
	traced := httptrace.WithClientTrace(limited, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := http.NewRequestWithContext(traced, c.method, c.url.String(), strings.NewReader(c.body))
	if err != nil {
		return reply{}, unsent{errors.New("the request cannot be made; look at its address and headers")}
	}
	request.Header.Set("User-Agent", "sop")
	web.SetHeaders(request, c.headers)
	client := &http.Client{Transport: w.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		before := asked.Load() && !connected.Load() || beforeSending(err)
		var late tooLate
		if errors.As(context.Cause(limited), &late) {
			err = fmt.Errorf("no answer within %s", late.after)
		}
		if err = web.Bare(err); before {
			return reply{}, unsent{err}
		}
		return reply{}, err
	}
	defer response.Body.Close()
	got := reply{status: response.StatusCode, header: response.Header}
	if to, err := response.Location(); err == nil {
		got.moved = to.Host
	}
	got.body, err = io.ReadAll(io.LimitReader(response.Body, int64(c.most)+1))
	if err != nil {
		return got, nil // the status is there; what came of the body is enough
	}
	if got.cut = len(got.body) > c.most; got.cut {
		got.body = got.body[:c.most]
	}
	return got, nil
}

// beforeSending tells whether nothing of the request left, by the error.
func beforeSending(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var plain tls.RecordHeaderError
	return errors.Is(err, web.ErrBlocked) || errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" ||
		errors.As(err, &certificate) || errors.As(err, &unknown) || errors.As(err, &plain)
}

// isBusy tells whether a status says that another try may help.
func isBusy(status int) bool { return status == http.StatusTooManyRequests || status >= 500 }

// retryAfter is how long the other side asks to wait; 0 when it does not say.
func (r reply) retryAfter(now time.Time) time.Duration {
	text := r.header.Get("Retry-After")
	if seconds, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// pacing says how often something is tried, and how long it is waited between two tries.
type pacing struct {
	tries   int           // 0: as long as there is time
	within  time.Duration // after this no further try begins
	first   time.Duration // pause before the second try; it doubles
	longest time.Duration
}

var (
	// patient is the pace of what nobody waits for: 4 tries within about 30 s.
	patient = pacing{tries: 4, within: time.Minute, first: 4 * time.Second, longest: 15 * time.Second}
	// urgent goes on for minutes.
	urgent = pacing{within: 10 * time.Minute, first: 2 * time.Second, longest: 30 * time.Second}
	once   = pacing{tries: 1}
)

// tries counts tries by a pace. Its jitter comes from the wish, so that a run can be played again.
type tries struct {
	pacing
	n      int
	until  time.Time
	random *rand.Rand
}

func (w *Worker) pace(p pacing, wish string) *tries {
	h := fnv.New64a()
	_, _ = io.WriteString(h, wish)
	return &tries{pacing: p, until: w.Clock.Now().Add(p.within), random: rand.New(rand.NewPCG(h.Sum64(), 2))}
}

// again waits until the next try; false when there is none. asked is how long the other side wants to be left alone.
func (t *tries) again(ctx context.Context, w *Worker, asked time.Duration) bool {
	t.n++
	if t.tries > 0 && t.n >= t.tries {
		return false
	}
	pause := min(t.first<<min(t.n-1, 10), t.longest)
	pause = pause*3/4 + time.Duration(t.random.Float64()*float64(pause)/2)
	pause = max(pause, asked)
	if t.within > 0 && w.Clock.Now().Add(pause).After(t.until) {
		return false
	}
	return w.Clock.Wait(ctx, pause, nil) == nil
}
