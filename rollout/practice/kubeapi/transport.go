package kubeapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"

	"k8s.io/client-go/rest"
)

// RoundTripper returns a transport that hands requests to the server without a network. A plain request is served
// in the caller's goroutine; a watch or a followed log streams through a pipe until its context ends.
func (s *Server) RoundTripper() http.RoundTripper { return transport{s} }

// RESTConfig returns a configuration for client-go that uses RoundTripper and does not limit its own rate.
func (s *Server) RESTConfig() *rest.Config {
	return &rest.Config{Host: "http://kubernetes.practice", Transport: s.RoundTripper(), QPS: -1}
}

type transport struct{ s *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if streams(r) {
		return t.stream(r)
	}
	rec := &recorder{header: http.Header{}}
	if err := t.serve(rec, r); err != nil {
		return nil, err
	}
	return response(r, rec.code(), rec.header, io.NopCloser(&rec.body), int64(rec.body.Len())), nil
}

// streams says whether the answer has no end of its own.
func streams(r *http.Request) bool {
	q := r.URL.Query()
	return isTrue(q.Get("watch")) || isTrue(q.Get("follow"))
}

// serve runs the handler and turns its ways of not answering into errors.
func (t transport) serve(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case refused{}:
			err = &net.OpError{Op: "dial", Net: "tcp", Addr: address(r.URL.Host), Err: syscall.ECONNREFUSED}
		case http.ErrAbortHandler:
			if err = r.Context().Err(); err == nil {
				err = fmt.Errorf("practice API server: %w", io.ErrUnexpectedEOF)
			}
		default:
			panic(p)
		}
	}()
	t.s.serve(w, r)
	return nil
}

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

func response(r *http.Request, code int, header http.Header, body io.ReadCloser, length int64) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: length, Request: r,
	}
}

// recorder is the http.ResponseWriter of a plain request.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w *recorder) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
}

func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// stream serves r in a goroutine of its own and returns as soon as the header is written.
func (t transport) stream(r *http.Request) (*http.Response, error) {
	read, write := io.Pipe()
	w := &streamer{header: http.Header{}, pipe: write, begun: make(chan struct{})}
	failed := make(chan error, 1)
	ctx, cancel := context.WithCancel(r.Context())
	r = r.WithContext(ctx)
	go func() {
		defer cancel()
		err := t.serve(w, r)
		if err == nil {
			w.WriteHeader(http.StatusOK) // even an empty answer has a header
		}
		failed <- err
		if err == nil {
			err = io.EOF
		}
		_ = write.CloseWithError(err)
	}()
	select {
	case <-w.begun:
	case err := <-failed:
		if err != nil {
			return nil, err
		}
	case <-ctx.Done():
		_ = read.CloseWithError(io.ErrClosedPipe)
		return nil, ctx.Err()
	}
	return response(r, w.status, w.header, &streamBody{read, cancel}, -1), nil
}

// streamBody ends the handler when the client closes it.
type streamBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *streamBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// streamer is the http.ResponseWriter of a watch.
type streamer struct {
	header http.Header
	status int
	once   sync.Once
	begun  chan struct{}
	pipe   *io.PipeWriter
}

func (w *streamer) Header() http.Header { return w.header }
func (w *streamer) Flush()              {}
func (w *streamer) WriteHeader(code int) {
	w.once.Do(func() {
		w.status = code
		close(w.begun)
	})
}

func (w *streamer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(b)
}

// ServeHTTP serves over a real connection; a refused request gets its connection cut.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		if p == (refused{}) {
			p = http.ErrAbortHandler
		}
		if p != nil {
			panic(p)
		}
	}()
	s.serve(w, r)
}
