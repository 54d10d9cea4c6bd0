package checks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

func TestGitHubLimits(t *testing.T) {
	reset := monday.Add(10 * time.Minute)
	limit := func(status int, headers map[string]string, body string) transport {
		return serve(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range headers {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
	for _, c := range []struct {
		name string
		rt   transport
		wait time.Duration
	}{
		{"primary", limit(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(reset.Unix())}, ""), 10 * time.Minute},
		{"primary as 429", limit(429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(reset.Unix())}, ""), 10 * time.Minute},
		{"Retry-After comes first", limit(429, map[string]string{"Retry-After": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(reset.Unix())}, ""), 30 * time.Second},
		{"secondary without a time", limit(403, nil, `{"message":"You have exceeded a secondary rate limit"}`), time.Minute},
		{"429 without a time", limit(429, nil, ""), time.Minute},
		{"a reset that is over", limit(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, ""), time.Minute},
		{"a reset in the far future", limit(403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}, ""), longestWait},
		{"a huge Retry-After", limit(429, map[string]string{"Retry-After": "999999999999"}, ""), longestWait},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			var limited http.RoundTripper = c.rt
			g := newGitHub(t, transport(func(r *http.Request) (*http.Response, error) { asked++; return limited.RoundTrip(r) }), nil)
			g.clock.Run(func() {
				until := g.clock.Now().Add(c.wait)
				want(t, g.now(nil, ""), run.Unknown, "rate limit is used up until "+until.UTC().Format("15:04:05 UTC"))
				want(t, g.now(params("merged", "main"), ""), run.Unknown, "rate limit")
				if asked != 1 {
					t.Errorf("it was asked %d times", asked)
				}
				limited = serve(newForge().ServeHTTP)
				_ = g.clock.Wait(context.Background(), c.wait-time.Second, nil)
				want(t, g.now(nil, ""), run.Unknown, "rate limit")
				_ = g.clock.Wait(context.Background(), time.Second, nil)
				want(t, g.now(nil, ""), run.Passed)
			})
		})
	}
}

// TestGitHubLastRequest: the answer that used the budget up is good, the next request is not sent.
func TestGitHubLastRequest(t *testing.T) {
	f := newForge()
	g := newGitHub(t, serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(monday.Add(5*time.Minute).Unix()))
		f.ServeHTTP(w, r)
	}), nil)
	want(t, g.look(nil), run.Unknown, "until 09:35:00 UTC")
	if len(f.asked) != 1 {
		t.Errorf("asked %q", f.asked)
	}
}

func TestGitHubAsksWhetherItChanged(t *testing.T) {
	f := newForge()
	fresh, same := 0, 0
	g := newGitHub(t, serve(func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`W/"%s-%d"`, r.URL.RequestURI(), len(f.runs))
		if r.Header.Get("If-None-Match") == tag {
			same++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fresh++
		w.Header().Set("ETag", tag)
		f.ServeHTTP(w, r)
	}), nil)
	want(t, g.look(nil), run.Passed, "2 checks green")
	want(t, g.look(nil), run.Passed, "2 checks green")
	if fresh != 3 || same != 3 {
		t.Errorf("%d fresh answers and %d unchanged, want 3 and 3", fresh, same)
	}
	f.runs = append(f.runs, aRun("late", "failure"))
	want(t, g.look(nil), run.Failed, "late failure")
}

func TestGitHubLooksSoonerWhileRunning(t *testing.T) {
	f := newForge()
	f.runs = []map[string]any{aRun("build", "")}
	b := newBench(t)
	b.http = serve(f.ServeHTTP)
	got := b.follow(runbook.Check{Kind: "github", Params: params("repository", "o/r", "ref", "v1")}, 3)
	if got[2].after > 2*whileRunning {
		t.Errorf("%v", got)
	}
}
