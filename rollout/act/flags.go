package act

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	flagsTimeout = 15 * time.Second // of one request
	maxFlags     = 1 << 20
	maxConflicts = 6
)

// insistent is the pace of turning flags off: it never ends.
var insistent = pacing{first: time.Second, longest: 15 * time.Second}

// flags sets flags to a share. One that insists reports each failure and goes on.
func (w *Worker) flags(ctx context.Context, work run.FlagsWork, report func(run.Observation)) error {
	pace := patient
	if work.Insist {
		pace = insistent
	}
	for t := w.pace(pace, work.Wish); ; {
		out, again := w.setFlags(ctx, work)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if out.stage == run.ActionDone || !again && !work.Insist {
			report(out.acted(work.Wish))
			return nil
		}
		if work.Insist {
			report(out.acted(work.Wish))
		}
		if !t.again(ctx, w, 0) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			report(out.acted(work.Wish))
			return nil
		}
	}
}

// setFlags sets the flags once; again tells whether another try may help. The note of them stands before they are
// raised and goes when they are off.
func (w *Worker) setFlags(ctx context.Context, work run.FlagsWork) (out outcome, again bool) {
	unnoted := ""
	switch {
	case work.Flags.ConfigMap.Name != "":
		out, again = w.writeFlags(ctx, work)
	case work.Flags.URL == "": // found by a rollback whose runbook does not know them
		return failed("they are at %s, whose address this runbook does not have: turn them off there by hand", work.Note.Host), false
	case work.Share > 0:
		unnoted = w.noteAnyway(ctx, work)
		fallthrough
	default:
		out, again = w.putFlags(ctx, work)
	}
	if work.Share <= 0 && out.stage == run.ActionDone {
		unnoted = w.forget(ctx, work)
	}
	out.summary = run.MakeSafe(string(out.summary)+unnoted, maxSummary)
	return out, again
}

// writeFlags sets flags in a ConfigMap.
func (w *Worker) writeFlags(ctx context.Context, work run.FlagsWork) (out outcome, again bool) {
	cluster, err := w.cluster(work.Act.Env)
	if err != nil {
		return failed("the flags were not set: %v", err), false
	}
	name := work.Flags.ConfigMap.Name
	e := run.Evidence{
		Source: said("ConfigMap %s/%s", cluster.Namespace(), name), Query: kubectl(work.Act.Env, "get", "configmap", name, "-o", "yaml"),
		Expected: said("%s", wanted(work)),
	}
	for n := 0; ; n++ {
		version, already, wrote, err := w.patchFlags(ctx, cluster, work)
		e.ResourceVersion = version
		switch {
		case err == nil && already:
			return done("%s already, nothing was written", wanted(work)).seen(e), false
		case err == nil:
			return done("%s", wanted(work)).seen(e), false
		case apierrors.IsConflict(err) && n < maxConflicts && ctx.Err() == nil:
			continue // somebody wrote between our look and our write: look again
		case wrote && kube.Unreachable(err):
			return doubt("nobody knows whether the flags were set: %s", why(err)).seen(e), true
		}
		return failed("the flags were not set: %s", why(err)).seen(e), kube.Unreachable(err) || apierrors.IsConflict(err)
	}
}

// wanted says what the flags are set to.
func wanted(work run.FlagsWork) string {
	names := strings.Join(work.Flags.Flags.List, ", ")
	if work.Flags.Flags.All {
		names = "all flags"
	}
	switch {
	case work.Share <= 0:
		return names + " off"
	case work.Share >= 100:
		return names + " on for everybody"
	}
	return fmt.Sprintf("%s on for %d %%", names, work.Share)
}

// patchFlags reads the ConfigMap and writes it when the flags are not at their share.
func (w *Worker) patchFlags(ctx context.Context, cluster *kube.Cluster, work run.FlagsWork) (version string, already, wrote bool, err error) {
	forward := work.Share > 0 && !work.Back // turning off waits for nothing
	if forward {
		if err := cluster.AwaitLock(ctx, lockWait); err != nil {
			return "", false, false, err
		}
	}
	if work.Share > 0 {
		if err := cluster.NoteRaised(ctx, work.Note, forward); err != nil {
			return "", false, false, fmt.Errorf("note them for a rollback from elsewhere: %w", err)
		}
	}
	now, err := cluster.ConfigMapNow(ctx, work.Flags.ConfigMap.Name)
	if err != nil {
		return "", false, false, err
	}
	key, next, err := nextFlags(now, work)
	if err != nil || next == now.Data[key] {
		return now.ResourceVersion, err == nil, false, err
	}
	patch, err := flagsPatch(now, key, next, map[string]string{annotAct: work.Wish, annotRun: work.Run})
	if err != nil {
		return now.ResourceVersion, false, false, err
	}
	written, err := cluster.PatchConfigMap(ctx, now.Name, patch, kube.PatchOptions{Forward: forward})
	if err != nil {
		return now.ResourceVersion, false, true, err
	}
	return written.ResourceVersion, false, true, nil
}

// nextFlags is the document with the flags at their share, and its key.
func nextFlags(now *corev1.ConfigMap, work run.FlagsWork) (key, next string, err error) {
	key, err = keyOf(now, work.Flags.ConfigMap.Key)
	if err != nil {
		return "", "", err
	}
	doc, err := setShare([]byte(now.Data[key]), work.Flags.Flags.List, work.Flags.Flags.All, work.Share)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("configmap/%s, key %s: %w", now.Name, key, err)
	case string(doc) != now.Data[key] && now.Immutable != nil && *now.Immutable:
		return "", "", fmt.Errorf("configmap/%s is immutable", now.Name)
	}
	return key, string(doc), nil
}

// flagsPatch is the merge patch that puts the document into exactly the ConfigMap that was read.
func flagsPatch(now *corev1.ConfigMap, key, doc string, marks map[string]string) ([]byte, error) {
	meta := map[string]any{"resourceVersion": now.ResourceVersion}
	if len(marks) > 0 {
		meta["annotations"] = marks
	}
	return json.Marshal(map[string]any{"metadata": meta, "data": map[string]string{key: doc}})
}

// keyOf is the key of a ConfigMap under which the flags are.
func keyOf(m *corev1.ConfigMap, key string) (string, error) {
	keys := slices.Sorted(maps.Keys(m.Data))
	switch {
	case key == "" && len(keys) == 1:
		return keys[0], nil
	case key == "":
		return "", fmt.Errorf("configmap/%s has %d keys; write which of them holds the flags", m.Name, len(keys))
	case !slices.Contains(keys, key):
		return "", fmt.Errorf("configmap/%s has no key %.80q", m.Name, key)
	}
	return key, nil
}

// putFlags reads the document from an address and puts it back when the flags are not at their share.
func (w *Worker) putFlags(ctx context.Context, work run.FlagsWork) (out outcome, again bool) {
	u, err := web.ParseURL(work.Flags.URL)
	if err != nil {
		return failed("the flags were not set: %v", err), false
	}
	if w.HTTP == nil {
		return failed("the flags were not set: there is no way to web addresses here"), false
	}
	var hide web.Secrets
	hide.AddURL(u)
	shown := web.ShowURL(u)
	e := run.Evidence{Source: said("%s", u.Host), Query: run.MakeSafe("PUT "+shown, maxQuery), Expected: said("%s", wanted(work))}
	get := call{method: http.MethodGet, url: u, headers: map[string]string{"Accept": "application/json"}, timeout: flagsTimeout, most: maxFlags}
	for n := 0; ; n++ {
		got, err := w.try(ctx, get)
		if err == nil {
			err = readable(got)
		}
		if err != nil {
			return failed("the flags were not set: %s: %s", u.Host, hide.In(err.Error())).seen(e), true
		}
		next, err := setShare(got.body, work.Flags.Flags.List, work.Flags.Flags.All, work.Share)
		if err != nil {
			return failed("the flags were not set: %s: %s", shown, hide.In(err.Error())).seen(e), false
		}
		if string(next) == string(got.body) {
			return done("%s already, nothing was written", wanted(work)).seen(e), false
		}
		put := call{method: http.MethodPut, url: u, body: string(next), timeout: flagsTimeout, most: maxPostAnswer, headers: map[string]string{
			"Content-Type": cmp.Or(got.header.Get("Content-Type"), "application/json"), "Idempotency-Key": work.Wish,
		}}
		if tag := got.header.Get("ETag"); tag != "" {
			put.headers["If-Match"] = tag
		}
		answer, err := w.try(ctx, put)
		var before unsent
		switch {
		case errors.As(err, &before):
			return failed("the flags were not set: %s: %s", u.Host, hide.In(err.Error())).seen(e), true
		case err != nil:
			return doubt("nobody knows whether the flags were set: %s gave no answer: %s", u.Host, hide.In(err.Error())).seen(e), true
		case answer.status/100 == 2:
			return done("%s", wanted(work)).seen(e), false
		case (answer.status == http.StatusPreconditionFailed || answer.status == http.StatusConflict) && n < maxConflicts && ctx.Err() == nil:
			continue // somebody wrote between our look and our write: look again
		}
		return failed("the flags were not set: %s answers %d%s", u.Host, answer.status, after(": ", hideIn(hide, firstLine(answer.body)))).seen(e), isBusy(answer.status)
	}
}

// readable refuses an answer that is no whole document.
func readable(got reply) error {
	switch {
	case got.status != http.StatusOK:
		return fmt.Errorf("it answers %d", got.status)
	case got.cut:
		return fmt.Errorf("the document is longer than %d bytes", maxFlags)
	}
	return nil
}
