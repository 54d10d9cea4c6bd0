package checks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// seen is what one look gave.
type seen struct {
	run.Result
	// self is the observed value that expect judges: a number, a text or a map; nil when there is none.
	self any
	// again is when the result may change by itself; 0 when only the world changes it.
	again time.Duration
	// final says that there is nothing which expect could judge: the kind's own judgement stands.
	final bool
	// follows are caches that this look read and check.follows does not name, because it first had to find out.
	follows []followed
}

// followed is a cache of a cluster.
type followed struct {
	cluster  *kube.Cluster
	resource kube.Resource
}

// Bounds of texts from outside.
const (
	maxSummary = 240
	maxFact    = 400
	maxQuery   = 1000
)

// said makes one safe line.
func said(format string, args ...any) run.Safe {
	return run.MakeSafe(fmt.Sprintf(format, args...), maxFact)
}

// summed gives the result its summary and status.
func (s *seen) summed(status run.Status, format string, args ...any) {
	s.Status, s.Summary = status, run.MakeSafe(fmt.Sprintf(format, args...), maxSummary)
}

// unknown is a look that gave nothing to judge.
func unknown(e run.Evidence, format string, args ...any) seen {
	var s seen
	s.summed(run.Unknown, format, args...)
	e.Observed = s.Summary
	s.Evidence = []run.Evidence{e}
	return s
}

// couldNotLook is a look that its source did not allow: e says where it was tried.
func couldNotLook(e run.Evidence, err error) seen {
	s := unknown(e, "could not look: %s", why(err))
	s.Ill = true
	return s
}

// tooLate is the cause of a look's context when its time-out has passed.
type tooLate struct{ after time.Duration }

func (t tooLate) Error() string { return "timed out after " + t.after.String() }

// why says in a few words what kept a look from its object, and what to do.
func why(err error) string {
	var late tooLate
	text := cause(err)
	switch {
	case errors.As(err, &late):
		return late.Error()
	case apierrors.IsForbidden(err):
		return "forbidden: " + text + "; ask for this right or use another context"
	case apierrors.IsUnauthorized(err):
		return "not logged in: " + text + "; log in to the cluster again"
	case errors.Is(err, context.DeadlineExceeded), apierrors.IsTimeout(err):
		return "timed out: " + text
	}
	return text
}

// cause is the part of a long error that matters in a short line: the API server's own message, or what the network
// said without the URL that was asked.
func cause(err error) string {
	var unknown *kube.NoKind
	var asked *prom.Error // says it all, without the credentials of the address
	var status apierrors.APIStatus
	var request *url.Error
	switch {
	case errors.As(err, &asked):
		return asked.Error()
	case errors.As(err, &unknown):
		return unknown.Error()
	case errors.As(err, &status) && status.Status().Message != "":
		return status.Status().Message
	case errors.As(err, &request):
		return "no connection: " + request.Err.Error()
	}
	return err.Error()
}

// object names a thing of a cluster for the source of evidence: Deployment production/api.
func object(kind string, env runbook.Environment, name string) run.Safe {
	return said("%s %s/%s", kind, env.Namespace, name)
}

// kubectl is the call that shows the same thing, for copying.
func kubectl(env runbook.Environment, args ...string) run.Safe {
	words := []string{"kubectl"}
	if env.Context != "" {
		words = append(words, "--context", process.ShellWord(env.Context))
	}
	if env.Namespace != "" {
		words = append(words, "-n", process.ShellWord(env.Namespace))
	}
	for _, a := range args {
		words = append(words, process.ShellWord(a))
	}
	return run.MakeSafe(strings.Join(words, " "), maxQuery)
}

// count writes a number with its noun: "1 key", "3 keys".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
