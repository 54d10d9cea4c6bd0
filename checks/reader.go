package checks

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// absentError says that the source answered, and that there is no such document: a fact, not a failure to look.
type absentError struct{ text string }

func (e absentError) Error() string { return e.text }

// unreadableError says that the document is there and cannot be read as what it should be.
type unreadableError struct{ cause error }

func (e unreadableError) Error() string { return e.cause.Error() }
func (e unreadableError) Unwrap() error { return e.cause }

// errEmpty is a document without a byte: a tool that died, or that has only begun to write.
var errEmpty = errors.New("it is empty")

// reader reads a document again and again. What has not changed is not parsed again, and where the server knows ETags
// not even fetched. It belongs to one check, which looks once at a time.
type reader[T any] struct {
	Document
	// parse reads a document to its end. It must bound its own memory; the input is bounded to maxDocument. What it
	// cuts off a text must have the secrets hidden before.
	parse  func(*bufio.Reader, web.Secrets) (T, error)
	env    runbook.Environment
	w      *Worker
	url    *url.URL
	hide   web.Secrets
	header map[string]string // as it is sent
	unset  error             // a variable of a header that is not set
	kept   map[string]part[T]
	mapOf  *kube.Cluster
}

// part is one file of a document; a place that is no pattern has one.
type part[T any] struct {
	name    string // of the file; empty when the place names it already
	value   T
	size    int64
	sum     [sha256.Size]byte
	written time.Time // the source's word when it was put there; zero when it does not say
	etag    string
	version string // resourceVersion
}

func newReader[T any](w *Worker, env runbook.Environment, d Document, parse func(*bufio.Reader, web.Secrets) (T, error)) (*reader[T], error) {
	r := &reader[T]{Document: d, parse: parse, env: env, w: w, kept: map[string]part[T]{}}
	var err error
	switch {
	case d.URL != "":
		if r.url, err = web.ParseURL(d.URL); err != nil {
			return nil, fmt.Errorf("url: %w", err)
		}
		r.hide.AddURL(r.url)
		r.header = map[string]string{}
		for name, value := range d.Headers {
			if r.header[name], err = fill(value, w.Variable, &r.hide); err != nil {
				r.unset = fmt.Errorf("header %s: %w", name, err)
			}
		}
		r.hide.AddHeaders(r.header)
	case d.ConfigMap != nil:
		r.mapOf, err = w.cluster(env)
	}
	return r, err
}

// evidence is where the document is read, for facts about it.
func (r *reader[T]) evidence() run.Evidence {
	return run.Evidence{Source: r.show(r.env, r.url), Query: r.query(r.env, r.url)}
}

func (r *reader[T]) asks() run.Safe { return r.sensor(r.url, r.mapOf) }

// watches are the caches in which a change of the document shows; none for what is not in a cluster.
func (r *reader[T]) watches() []kube.Resource {
	if r.mapOf == nil {
		return nil
	}
	return []kube.Resource{kube.ConfigMaps.Named(r.ConfigMap.Name)}
}

// read returns the document's files, at least one. Its error is an absentError, an unreadableError, or the reason why
// it could not look; no secret is in it.
func (r *reader[T]) read(ctx context.Context) ([]part[T], error) {
	var parts []part[T]
	var err error
	switch {
	case r.url != nil:
		parts, err = r.readURL(ctx)
	case r.mapOf != nil:
		parts, err = r.readConfigMap(ctx)
	default:
		parts, err = r.readFiles(ctx)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return parts, err
}

// readURL asks for the document, unless it is still the one that the server gave before.
func (r *reader[T]) readURL(ctx context.Context) ([]part[T], error) {
	if r.w.HTTP == nil {
		return nil, errors.New("no way to web addresses is configured")
	}
	if r.unset != nil {
		return nil, r.unset
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return nil, errors.New("the request cannot be made; look at url and headers")
	}
	request.Header.Set("User-Agent", "sop")
	web.SetHeaders(request, r.header)
	before, have := r.kept[""]
	if have && before.etag != "" {
		request.Header.Set("If-None-Match", before.etag)
	}
	var moved string
	client := &http.Client{Transport: r.w.HTTP, CheckRedirect: web.FollowSameServer(&moved)}
	response, err := client.Do(request)
	if err != nil {
		return nil, errors.New(r.hide.In(why(web.Bare(err))))
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusOK:
	case code == http.StatusNotModified && have:
		return []part[T]{before}, nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return nil, absentError{fmt.Sprintf("the server answers %d, there is no such document", code)}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return nil, fmt.Errorf("the server answers %d; give it credentials in headers, such as Authorization: 'Bearer $TOKEN'", code)
	case moved != "":
		return nil, fmt.Errorf("it redirects to %s, which is not followed; write the address that it leads to", r.hide.In(moved))
	default:
		return nil, fmt.Errorf("the server answers %d", code)
	}
	p, err := r.parsed(ctx, response.Body)
	if err != nil {
		return nil, err
	}
	p.etag = response.Header.Get("ETag")
	p.written, _ = http.ParseTime(response.Header.Get("Last-Modified"))
	r.kept[""] = p
	return []part[T]{p}, nil
}

func (r *reader[T]) readConfigMap(ctx context.Context) ([]part[T], error) {
	if err := r.mapOf.VerifyUID(ctx); err != nil {
		return nil, err
	}
	got, err := r.mapOf.ConfigMap(ctx, r.ConfigMap.Name)
	if apierrors.IsNotFound(err) {
		return nil, absentError{fmt.Sprintf("there is no ConfigMap %s", r.ConfigMap.Name)}
	}
	if err != nil {
		return nil, err
	}
	if before, ok := r.kept[""]; ok && before.version == got.ResourceVersion {
		return []part[T]{before}, nil
	}
	text, ok := got.Data[r.ConfigMap.Key]
	data, isBinary := got.BinaryData[r.ConfigMap.Key]
	if !ok && !isBinary {
		return nil, absentError{fmt.Sprintf("ConfigMap %s has no key %s", r.ConfigMap.Name, r.ConfigMap.Key)}
	}
	if ok {
		data = []byte(text)
	}
	p, err := r.parsed(ctx, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	p.version = got.ResourceVersion
	r.kept[""] = p
	return []part[T]{p}, nil
}

func (r *reader[T]) readFiles(ctx context.Context) ([]part[T], error) {
	if r.w.Files == nil {
		return nil, errors.New("no directory to read files from is configured")
	}
	pattern := path.Clean(r.Path)
	names := []string{pattern}
	if isPattern(pattern) {
		var err error
		if names, err = fs.Glob(r.w.Files, pattern); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, absentError{fmt.Sprintf("no file matches %s", pattern)}
		}
		if len(names) > maxDocuments {
			return nil, unreadableError{fmt.Errorf("%d files match %s, at most %d are read; write a narrower pattern", len(names), pattern, maxDocuments)}
		}
	}
	var parts []part[T]
	for _, name := range names {
		p, err := r.readFile(ctx, name)
		if err != nil {
			return nil, inFile(name, err, isPattern(pattern))
		}
		if isPattern(pattern) {
			p.name = name
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// inFile says in an error which of several files it is about.
func inFile(name string, err error, several bool) error {
	var bad unreadableError
	if several && errors.As(err, &bad) {
		return unreadableError{fmt.Errorf("%s: %w", name, bad.cause)}
	}
	return err
}

// readFile reads one file, twice when it has changed: a file has no ETag but its content.
func (r *reader[T]) readFile(ctx context.Context, name string) (part[T], error) {
	info, err := regular(r.w.Files, name)
	if err != nil {
		return part[T]{}, err
	}
	if before, ok := r.kept[name]; ok && before.size == info.Size() {
		if sum, err := sumOf(ctx, r.w.Files, name); err == nil && sum == before.sum {
			before.written = info.ModTime()
			return before, nil
		}
	}
	f, err := r.w.Files.Open(name)
	if err != nil {
		return part[T]{}, fileError(name, err)
	}
	defer f.Close()
	p, err := r.parsed(ctx, f)
	if err != nil {
		return part[T]{}, err
	}
	p.written = info.ModTime()
	r.kept[name] = p
	return p, nil
}

// regular makes sure that a name is a file whose reading ends: opening a pipe would wait for its writer.
func regular(files fs.FS, name string) (fs.FileInfo, error) {
	info, err := fs.Stat(files, name)
	switch {
	case err != nil:
		return nil, fileError(name, err)
	case info.IsDir():
		return nil, unreadableError{fmt.Errorf("%s is a directory", name)}
	case !info.Mode().IsRegular():
		return nil, unreadableError{fmt.Errorf("%s is not a regular file", name)}
	}
	return info, nil
}

func fileError(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return absentError{fmt.Sprintf("there is no file %s", name)}
	}
	return err
}

func sumOf(ctx context.Context, files fs.FS, name string) (sum [sha256.Size]byte, err error) {
	f, err := files.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, &bounded{ctx: ctx, from: f, left: maxDocument})
	return [sha256.Size]byte(h.Sum(nil)), err
}

// parsed reads a stream to its end and tells apart what is wrong with the way to it and with itself.
func (r *reader[T]) parsed(ctx context.Context, from io.Reader) (part[T], error) {
	input := &bounded{ctx: ctx, from: from, left: maxDocument}
	sum := sha256.New()
	buffer := bufio.NewReaderSize(io.TeeReader(input, sum), 64<<10)
	value, err := r.parse(buffer, r.hide)
	if err == nil {
		_, err = io.Copy(io.Discard, buffer)
	}
	var bad unreadableError
	switch {
	case errors.As(input.err, &bad):
		return part[T]{}, input.err
	case input.err != nil:
		return part[T]{}, fmt.Errorf("it broke off: %s", r.hide.In(why(web.Bare(input.err))))
	case err != nil:
		return part[T]{}, unreadableError{errors.New(r.hide.In(err.Error()))}
	}
	return part[T]{value: value, size: maxDocument - input.left, sum: [sha256.Size]byte(sum.Sum(nil))}, nil
}

// bounded is a stream that ends with its context and is not endless. Its error is kept, whatever a parser makes of it.
type bounded struct {
	ctx  context.Context
	from io.Reader
	left int64
	err  error // but io.EOF
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err = b.ctx.Err(); b.err != nil {
		return 0, b.err
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		err = unreadableError{fmt.Errorf("it is larger than %d MiB, which is the most that is read", maxDocument>>20)}
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// opening refuses what can be no report at all: nothing, and the page with which a server asks to log in.
func opening(in *bufio.Reader) error {
	if start, err := in.Peek(3); err == nil && string(start) == "\xef\xbb\xbf" {
		if _, err := in.Discard(3); err != nil {
			return err
		}
	}
	start, err := in.Peek(512)
	if len(start) == 0 && err == io.EOF {
		return errEmpty
	}
	text := strings.ToLower(strings.TrimSpace(string(start)))
	if text == "" && err == io.EOF {
		return errEmpty
	}
	if strings.HasPrefix(text, "<!doctype html") || strings.HasPrefix(text, "<html") {
		return errors.New("it is an HTML page, perhaps one to log in; give credentials in headers")
	}
	if len(start) > 1 && (start[0] == 0xff && start[1] == 0xfe || start[0] == 0xfe && start[1] == 0xff) {
		return errors.New("it is written in UTF-16; write it in UTF-8")
	}
	return nil
}

// notRead is a look at a document that could not be read, or that is not there.
func notRead(e run.Evidence, what string, err error) seen {
	var absent absentError
	var bad unreadableError
	switch {
	case errors.As(err, &absent):
		var s seen
		s.summed(run.Failed, "%smissing: %s", what, absent.text)
		s.Badness, s.final = 1, true
		e.Observed = said("missing: %s", absent.text)
		s.Evidence = []run.Evidence{e}
		return s
	case errors.As(err, &bad):
		s := unknown(e, "%scannot be read: %s", what, bad.cause)
		return s
	}
	s := couldNotLook(e, err)
	s.Summary = said("%s%s", what, s.Summary)
	return s
}
