package act

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Sources are the doors through which actions reach the world, and the only ones. An action behind a door that is nil
// fails and says so.
type Sources struct {
	Clusters *kube.Clusters
	HTTP     http.RoundTripper
	Programs process.Runner
	Variable func(name string) string // an environment variable, for credentials; empty when not set
	// Output keeps bytes in the run's directory and returns the name that they are found under; nil: there is none.
	Output func(data []byte) (string, error)
	// File puts a file beside the run's journal; nil: there is no run's directory.
	File  func(name string, data []byte) error
	Clock run.Clock
}

// Worker acts. Its methods may be called from any goroutine.
type Worker struct{ Sources }

// New returns a Worker.
func New(sources Sources) *Worker { return &Worker{sources} }

// Do does one of run.NotifyWork, run.InviteWork, run.JobWork, run.CommandWork, run.RequestWork and run.FlagsWork, and
// reports what came of it. It returns the context's error when it is called off before that.
func (w *Worker) Do(ctx context.Context, work run.Work, report func(run.Observation)) error {
	switch body := work.Body.(type) {
	case run.NotifyWork:
		return w.end(ctx, body.Wish, report, w.notify(ctx, body))
	case run.InviteWork:
		return w.end(ctx, body.Wish, report, w.invite(body))
	case run.JobWork:
		return w.end(ctx, body.Wish, report, w.job(ctx, body, report))
	case run.CommandWork:
		return w.end(ctx, body.Wish, report, w.command(ctx, body))
	case run.RequestWork:
		return w.end(ctx, body.Wish, report, w.request(ctx, body))
	case run.FlagsWork:
		return w.flags(ctx, body, report)
	}
	return fmt.Errorf("act: work %s is a %T, which is no action", work.ID, work.Body)
}

// end reports the outcome, unless the act was called off before there was one.
func (w *Worker) end(ctx context.Context, wish string, report func(run.Observation), out outcome) error {
	if out.stage == "" {
		return context.Cause(ctx)
	}
	report(out.acted(wish))
	return nil
}

// outcome is what came of an act. The zero value is one that was called off.
type outcome struct {
	stage    run.ActionStage
	summary  run.Safe
	evidence []run.Evidence
	output   run.Safe
	kept     string
}

func (o outcome) acted(wish string) run.Acted {
	return run.Acted{Wish: wish, Outcome: o.stage, Summary: o.summary, Evidence: o.evidence, Output: o.output, Kept: o.kept}
}

const (
	maxSummary = 600
	maxFact    = 400
	maxQuery   = 1000
	maxOutput  = 4000
)

func said(format string, args ...any) run.Safe {
	return run.MakeSafe(fmt.Sprintf(format, args...), maxFact)
}

func ends(stage run.ActionStage, format string, args ...any) outcome {
	return outcome{stage: stage, summary: run.MakeSafe(fmt.Sprintf(format, args...), maxSummary)}
}

func done(format string, args ...any) outcome   { return ends(run.ActionDone, format, args...) }
func failed(format string, args ...any) outcome { return ends(run.ActionFailed, format, args...) }
func doubt(format string, args ...any) outcome  { return ends(run.ActionInDoubt, format, args...) }

// seen adds the evidence of an outcome: what was asked, and its summary as what was observed.
func (o outcome) seen(e run.Evidence) outcome {
	if e.Observed == "" {
		e.Observed = said("%s", o.summary)
	}
	o.evidence = append(o.evidence, e)
	return o
}

// tail is the end of an output whose secrets are hidden.
func tail(text string) run.Safe {
	r := []rune(text)
	return run.MakeSafeText(string(r[max(0, len(r)-maxOutput):]), maxOutput)
}

// keep puts an output into the run's directory. That it cannot be kept is no failure of the act.
func (w *Worker) keep(text string) string {
	if w.Output == nil || text == "" {
		return ""
	}
	name, err := w.Output([]byte(text))
	if err != nil {
		return ""
	}
	return name
}

// variable is the value of an environment variable through its door; empty when it is not set or there is no door.
func (w *Worker) variable(name string) string {
	if w.Variable == nil {
		return ""
	}
	return w.Variable(name)
}

// cluster is the cluster of an environment.
func (w *Worker) cluster(env runbook.Environment) (*kube.Cluster, error) {
	if w.Clusters == nil {
		return nil, errors.New("no cluster can be reached here")
	}
	return w.Clusters.Get(env)
}

// tooLate is why something ended that took longer than it may.
type tooLate struct{ after time.Duration }

func (t tooLate) Error() string { return fmt.Sprintf("it did not end within %s", t.after) }

// within returns a context that ends after d of the clock's time. stop must be called.
func (w *Worker) within(ctx context.Context, d time.Duration) (limited context.Context, stop func()) {
	limited, cancel := context.WithCancelCause(ctx)
	w.Clock.Go(func() {
		if w.Clock.Wait(limited, d, nil) == nil {
			cancel(tooLate{d})
		}
	})
	return limited, func() { cancel(context.Canceled) }
}

// hideIn hides secrets, known ones and what looks like one.
func hideIn(hide web.Secrets, text string) string { return web.HideShapes(hide.In(text)) }
