package prom_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook/run"
)

const address = "http://operator:hunter2@prom.example/metrics?token=s3cret-token"

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// served answers in process.
func served(h http.HandlerFunc) transport {
	return func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h(w, r)
		return w.Result(), nil
	}
}

// says answers every request with one status and body.
func says(status int, body string) transport {
	return served(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// on runs f with a client over rt, in virtual time.
func on(rt func(run.Clock) http.RoundTripper, f func(c *prom.Client, clock run.Clock)) {
	clock := practice.NewJumping(start)
	clock.Run(func() { f(prom.NewClients(rt(clock), clock).Get(address), clock) })
}

func query(rt http.RoundTripper) (v prom.Vector, err error) {
	on(func(run.Clock) http.RoundTripper { return rt }, func(c *prom.Client, _ run.Clock) {
		v, err = c.Query(context.Background(), "up", start)
	})
	return v, err
}

func TestQueryKeepsEveryValueVisible(t *testing.T) {
	v, err := query(says(200, `{"status":"success","warnings":["part \u001b[2J missing"],"data":{"resultType":"vector","result":[
		{"metric":{"__name__":"up","job":"a\u001b[31m\u202e"},"value":[1772442000.5,"0.25"]},
		{"metric":{"job":"nan"},"value":[1772442000,"NaN"]},
		{"metric":{"job":"inf"},"value":[1772442000,"+Inf"]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Samples) != 3 || v.Samples[0].Value != 0.25 || !math.IsNaN(v.Samples[1].Value) || !math.IsInf(v.Samples[2].Value, 1) {
		t.Errorf("got %v", v.Samples)
	}
	if got, want := v.Samples[0].Labels.String(), `up{job="a^[[31m<U+202E>"}`; got != want {
		t.Errorf("labels %s, want %s", got, want)
	}
	if at := v.Samples[0].At; !at.Equal(time.Unix(1772442000, 5e8)) || at.Location() != time.UTC {
		t.Errorf("at %v", at)
	}
	if len(v.Warnings) != 1 || v.Warnings[0] != "part ^[[2J missing" {
		t.Errorf("warnings %q", v.Warnings)
	}
	if prom.Finite(v.Samples[1].Value) || prom.Finite(v.Samples[2].Value) || !prom.Finite(0.25) {
		t.Error("Finite must tell numbers from NaN and Inf")
	}
}

func TestQueryTakesScalarsAndNothing(t *testing.T) {
	v, err := query(says(200, `{"status":"success","data":{"resultType":"scalar","result":[1772442000,"7"]}}`))
	if err != nil || len(v.Samples) != 1 || v.Samples[0].Value != 7 {
		t.Errorf("scalar: %v, %v", v, err)
	}
	v, err = query(says(200, `{"status":"success","data":{"resultType":"vector","result":[]}}`))
	if err != nil || len(v.Samples) != 0 {
		t.Errorf("nothing: %v, %v", v, err)
	}
}

func TestQuerySendsItsInstantAndCredentials(t *testing.T) {
	_, err := query(served(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.URL.Path != "/metrics/api/v1/query" || user != "operator" || password != "hunter2" || r.FormValue("token") != "s3cret-token" ||
			r.FormValue("query") != "up" || r.FormValue("time") != fmt.Sprint(start.Unix()) {
			http.Error(w, "wrong request", http.StatusTeapot)
			return
		}
		io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}))
	if err != nil {
		t.Error(err)
	}
}

func TestErrorsSayWhichKindTheyAre(t *testing.T) {
	for _, c := range []struct {
		name   string
		rt     http.RoundTripper
		reason prom.Reason
		text   string
	}{
		{"refused", transport(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }), prom.Unreachable, "connection refused"},
		{"cut off", transport(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }), prom.Unreachable, "unexpected EOF"},
		{"proxy", says(502, "Bad Gateway"), prom.Unreachable, "502"},
		{"unavailable", says(503, "<html>\x1b[2J"), prom.Unreachable, "not available"},
		{"bad query", says(400, `{"status":"error","errorType":"bad_data","error":"parse error: \u001b]52;c;aGk=\u0007"}`), prom.BadQuery, "parse error: ^[]52"},
		{"execution", says(422, `{"status":"error","errorType":"execution","error":"many-to-many matching"}`), prom.BadQuery, "many-to-many"},
		{"its own time-out", says(503, `{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}`), prom.TimedOut, "query timed out"},
		{"forbidden", says(403, "no"), prom.Other, "may not ask"},
		{"no rights", says(401, "no"), prom.Other, "wants credentials"},
		{"not there", says(404, "no"), prom.Other, "no Prometheus at this path"},
		{"HTML", says(200, "<html>\x1b[2J hello"), prom.Other, "does not answer as Prometheus"},
		{"half an answer", says(200, `{"status":"success","data":{"resultType":"vector","result":[{"metric"`), prom.Other, "does not answer as Prometheus"},
		{"deeply nested", says(200, strings.Repeat("[", 1<<20)), prom.Other, "does not answer as Prometheus"},
		{"histogram", says(200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[]}]}]}}`), prom.BadQuery, "histogram_quantile"},
		{"matrix", says(200, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]]}]}}`), prom.BadQuery, "rate("},
		{"text", says(200, `{"status":"success","data":{"resultType":"string","result":[1,"hello"]}}`), prom.BadQuery, "does not give numbers"},
		{"endless", transport(endless), prom.Other, "larger than 8 MiB"},
		{"elsewhere", served(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example/x", http.StatusTemporaryRedirect)
		}), prom.Other, "another host, evil.example"},
		{"echo", served(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"bad token s3cret-token of hunter2"}`)
		}), prom.BadQuery, "bad token … of …"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := query(c.rt)
			var got *prom.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if got.Reason != c.reason || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %s: %v; want %s with %q", got.Reason, err, c.reason, c.text)
			}
			for _, bad := range []string{"hunter2", "s3cret", "operator", "\x1b", "\x07", "\n"} {
				if strings.Contains(err.Error(), bad) {
					t.Errorf("%q is in %q", bad, err.Error())
				}
			}
			if !strings.Contains(err.Error(), "http://prom.example/metrics") {
				t.Errorf("%q does not say who was asked", err.Error())
			}
		})
	}
}

// endless answers with a body that does not end.
func endless(*http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"status":"success","data":"`), zeros{})
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body)}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func hangs(clock run.Clock) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) { return nil, clock.Wait(r.Context(), -1, nil) })
}

func TestQueryTimesOutByTheClock(t *testing.T) {
	on(hangs, func(c *prom.Client, clock run.Clock) {
		_, err := c.Query(context.Background(), "up", time.Time{})
		var got *prom.Error
		if !errors.As(err, &got) || got.Reason != prom.TimedOut {
			t.Errorf("got %v, want a time-out", err)
		}
		if took := clock.Now().Sub(start); took != prom.Timeout {
			t.Errorf("took %v, want %v", took, prom.Timeout)
		}
	})
}

func TestTheCallersEndIsTold(t *testing.T) {
	why := errors.New("the watch is over")
	on(hangs, func(c *prom.Client, clock run.Clock) {
		ctx, cancel := context.WithCancelCause(context.Background())
		clock.Go(func() {
			if clock.Wait(ctx, time.Second, nil) == nil {
				cancel(why)
			}
		})
		if _, err := c.Query(ctx, "up", time.Time{}); !errors.Is(err, why) {
			t.Errorf("got %v, want the cause", err)
		}
	})
}

func TestAddressesThatCannotBeAsked(t *testing.T) {
	clients := prom.NewClients(says(200, ""), practice.NewJumping(start))
	for _, c := range []struct{ address, text string }{
		{"", "no Prometheus is named"},
		{"ftp://u:hunter2@prom.example", "not that of a web server"},
		{"prom.example:9090", "not that of a web server"},
		{"http://", "not that of a web server"},
		{"http://u:hunter2@prom.example:x", "not a valid URL"},
		{"http://pro\x1bm.example", "not a valid URL"},
	} {
		client := clients.Get(c.address)
		_, err := client.QueryRange(context.Background(), "up", start, start, time.Second)
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want %q", c.address, err, c.text)
		}
	}
	if a, b := clients.Get(address), clients.Get(address); a != b || a.Address() != "http://prom.example/metrics" {
		t.Errorf("clients of one address differ, or show %s", a.Address())
	}
}

func TestQueryRange(t *testing.T) {
	rt := served(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("step") != "15" || r.FormValue("start") != fmt.Sprint(start.Unix()) {
			http.Error(w, "wrong request", http.StatusTeapot)
			return
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"m":"p95"},"values":[[%d,"1"],[%d,"NaN"]]}]}}`, start.Unix(), start.Unix()+30)
	})
	on(func(run.Clock) http.RoundTripper { return rt }, func(c *prom.Client, _ run.Clock) {
		m, err := c.QueryRange(context.Background(), "up", start, start.Add(time.Minute), 15*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		p := m.Series[0].Points
		if m.Series[0].Labels["m"] != "p95" || len(p) != 2 || p[0].Value != 1 || !p[1].At.Equal(start.Add(30*time.Second)) || !math.IsNaN(p[1].Value) {
			t.Errorf("got %v", m)
		}
		if _, err := c.QueryRange(context.Background(), "up", start, start.Add(-1), time.Second); err == nil {
			t.Error("a range that ends before it begins was asked")
		}
	})
}
