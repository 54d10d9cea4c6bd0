package practice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
)

// standIns are the programs that there are in the world, by name. None of them is a real one.
var standIns = map[string]func(*World, context.Context, []string) (standIn, error){
	"git":   (*World).git,
	"smoke": (*World).smoke,
}

// standIn is what a program's stand-in said.
type standIn struct {
	stdout, stderr string
	code           int
}

// Run implements process.Runner with stand-ins: it never starts a program of the machine, and reads nothing of the
// caller's environment. A program that the world has no stand-in for is not found.
func (w *World) Run(ctx context.Context, c process.Command) (process.Output, error) {
	if len(c.Argv) == 0 {
		return process.Output{}, fmt.Errorf("running a program: %w: the command is empty", process.ErrNotFound)
	}
	name := path.Base(c.Argv[0])
	run, ok := standIns[name]
	if !ok {
		names := strings.Join(sortedKeys(standIns), ", ")
		return process.Output{}, fmt.Errorf("running %s: %w: practice runs only the world's stand-ins, which are: %s", name, process.ErrNotFound, names)
	}
	if err := context.Cause(ctx); err != nil {
		return process.Output{}, fmt.Errorf("running %s: %w", name, err)
	}
	began := w.clock.Now()
	said, err := run(w, ctx, c.Argv[1:])
	if err != nil {
		return process.Output{}, fmt.Errorf("running %s: %w", name, err)
	}
	out := process.Output{Code: said.code, Elapsed: w.clock.Now().Sub(began)}
	most := c.MaxOutput
	if most <= 0 {
		most = 1 << 20
	}
	out.Stdout, out.Stderr = []byte(said.stdout), []byte(said.stderr)
	for _, stream := range []*[]byte{&out.Stdout, &out.Stderr} {
		if len(*stream) > most {
			*stream, out.Cut = (*stream)[:most], true
		}
	}
	return out, nil
}

// git answers in a clone of the organisation's repository.
func (w *World) git(ctx context.Context, args []string) (standIn, error) {
	if err := w.wait(ctx, 5*time.Millisecond); err != nil {
		return standIn{}, err
	}
	said := w.tools.forge.Git(args...)
	return standIn{said.Stdout, said.Stderr, said.Code}, nil
}

// smoke tries whether an environment works at all: smoke ENVIRONMENT, or the address of its site.
func (w *World) smoke(ctx context.Context, args []string) (standIn, error) {
	const usage = "usage: smoke staging|production|https://HOST\n"
	if len(args) != 1 {
		return standIn{stderr: usage, code: 2}, nil
	}
	site := args[0]
	if slices.Contains(namespaces, site) {
		site = "https://" + frontOf(site)
	}
	if !strings.HasPrefix(site, "https://") {
		return standIn{stderr: usage, code: 2}, nil
	}
	client := &http.Client{Transport: w.Transport()}
	var out strings.Builder
	failed := 0
	for _, step := range []string{"/healthz", "/ready", "/", "/api/status", "/api/lobby"} {
		what, err := trySite(ctx, client, strings.TrimSuffix(site, "/")+step)
		switch {
		case ctx.Err() != nil:
			return standIn{}, context.Cause(ctx)
		case err != nil:
			failed++
			fmt.Fprintf(&out, "FAIL %s: %v\n", step, err)
		default:
			fmt.Fprintf(&out, "ok   %s: %s\n", step, what)
		}
	}
	if failed > 0 {
		fmt.Fprintf(&out, "%d of 5 failed\n", failed)
		return standIn{stdout: out.String(), code: 1}, nil
	}
	fmt.Fprint(&out, "5 of 5 passed\n")
	return standIn{stdout: out.String()}, nil
}

// trySite asks for one page and tells who answered.
func trySite(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return "", err
	}
	var body struct{ Component, Version, Error string }
	if err := json.Unmarshal(text, &body); err != nil {
		return "", errors.New("the answer is no JSON")
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, body.Error)
	}
	return body.Component + " " + body.Version, nil
}
