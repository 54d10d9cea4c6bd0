package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// What a runbook that has no watch for an environment is watched by.
const (
	watchedFor   = 30 * time.Minute
	watchedEvery = 15 * time.Second
	mostSamples  = 1440 // that a State carries
)

// The baseline is the half hour that ended a minute ago, as before a deploy.
const (
	baselineBefore = time.Minute
	baselineOf     = 30 * time.Minute
)

type watchFlags struct {
	choice        choiceFlags
	length, every time.Duration
	plain         bool
	format        *string
}

func (a *app) watchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch RUNBOOK",
		Short: "Watch a runbook's metrics in an environment, without deploying anything",
		Long: `watch takes a baseline from the half hour before, samples the metrics of the runbook's watch, judges its triggers and
gives a verdict. It only reads. A critical trigger that trips ends it at once.

On a terminal it shows the charts and stays until you leave (q), also after the verdict. With --plain, with -o json and
where there is no terminal it says by lines what changes, and ends with the verdict.

It exits with 0 when the watch passed, 1 when a trigger tripped, and 4 when it could not look or the numbers could not
tell; 130 when it was left before its time.`,
		Args: cobra.ExactArgs(1),
	}
	var f watchFlags
	f.choice.add(cmd)
	cmd.Flags().DurationVar(&f.length, "for", 0, "how long (default: as the runbook's watch says, else 30m)")
	cmd.Flags().DurationVar(&f.every, "every", 0, "time between two samples (default: as the runbook's watch says, else 15s)")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "line by line, for a screen reader or a dumb terminal")
	f.format = outputFlag(cmd, "text", "json")
	kubeFlags := addKubeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(*f.format, "text", "json"); err != nil {
			return err
		}
		if f.length < 0 || f.every < 0 || f.length > 0 && f.length < f.every {
			return usage("--for %s and --every %s: a watch takes at least one sample", f.length, f.every)
		}
		full := a.terminal && !f.plain && *f.format == "text" && !theme.Detect(os.Getenv).Dumb
		if full {
			if err := a.prefer(); err != nil {
				return err
			}
		}
		c := realConnections(kubeFlags)
		_, plan, err := a.plan(args[0], f.choice, kubeFlags, runbook.Choice{Run: journal.NewID(c.clock.Now()), Operator: c.operator, Partial: true, TargetOnly: true})
		if err != nil {
			return err
		}
		narrow, err := onlyWatch(plan, f.length, f.every)
		if err != nil {
			return err
		}
		return a.watch(cmd.Context(), c, narrow, full, *f.format)
	}
	return cmd
}

// watchStep is the step that a plan is narrowed to: nothing but a watch of one environment.
const watchStep = "watch"

// onlyWatch is a plan of one watch in the plan's environment: that of the runbook, as far as the flags leave it so. The
// law then judges it as it judges every watch.
func onlyWatch(p *runbook.Plan, length, every time.Duration) (*runbook.Plan, error) {
	w := runbook.Watch{For: runbook.Duration{D: watchedFor}, Every: runbook.Duration{D: watchedEvery}, Metrics: runbook.Names{All: true}}
	for _, ph := range p.Runbook.Phases {
		for step := range run.PhaseSteps(ph) {
			if step.Watch != nil && ph.Environment == p.Environment {
				w = *step.Watch
			}
		}
	}
	if length > 0 {
		w.For.D = length
	}
	if every > 0 || w.Every.D == 0 {
		w.Every.D = max(every, 0)
	}
	if w.Every.D == 0 {
		w.Every.D = watchedEvery
	}
	rb := *p.Runbook
	rb.Rollback, rb.Communication = nil, nil
	rb.Phases = []runbook.Phase{{
		ID: watchStep, Title: "Watch", Environment: p.Environment,
		Sections: []runbook.Section{{Steps: []runbook.Step{{ID: watchStep, Title: "Watch " + p.Environment, Watch: &w}}}},
	}}
	if n := w.For.D / w.Every.D; n > mostSamples {
		return nil, usage("%d samples are more than a watch can judge: at most %d, so --every %s or more", n, mostSamples, (w.For.D / mostSamples).Round(time.Second))
	}
	narrow := *p
	narrow.Runbook = &rb
	if len(narrow.Metrics[p.Environment]) == 0 {
		return nil, usage("there is nothing to watch in %s: the runbook has no metrics", p.Environment)
	}
	if narrow.Env(p.Environment).Prometheus.URL == "" {
		return nil, usage("there is nothing to ask in %s: the environment names no Prometheus; a site file (--values) can", p.Environment)
	}
	return &narrow, nil
}

// watch watches what the plan is narrowed to, at the screen or by lines, and says how it went.
func (a *app) watch(ctx context.Context, c connections, plan *runbook.Plan, full bool, format string) error {
	p := newParts(c, plan)
	defer p.clusters.Close()
	w, err := newWatching(c, plan), error(nil)
	if full {
		if err = a.showWatch(ctx, p, w); errors.Is(err, ui.ErrScreens) {
			fmt.Fprintf(a.err, "sop: %v; going on line by line\n", err)
			w, full = newWatching(c, plan), false
		}
	}
	if !full {
		lines := a.out
		if format == "json" {
			lines = a.err
		}
		err = w.run(ctx, p, &watchTeller{w: lines})
	}
	switch {
	case !w.begun() && (err == nil || ctx.Err() != nil), errors.Is(err, ui.ErrTerminalLost):
		return quiet(exitInterrupted)
	case err != nil:
		return couldNotLook(err)
	}
	result := w.result()
	if format == "json" {
		if err := a.writeJSON(result); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "watched %s for %s, %d samples: %s: %s\n", w.env, result.Length, result.Samples, result.Verdict, result.Why)
	}
	if w.cut {
		return quiet(exitInterrupted)
	}
	return quiet(result.code())
}

// showWatch shows a watch on the terminal until the person leaves it, or there is nothing to look at.
func (a *app) showWatch(ctx context.Context, p *parts, w *watching) error {
	w.stays = true
	within, leave := context.WithCancel(ctx)
	defer leave()
	staySmall()
	o := a.liked(ui.Options{Cluster: asks(w.Latest().Plan.Env(w.env)), First: string(keys.WatchOnly)})
	var failed error
	over := w.c.clock.NewSignal()
	w.c.clock.Go(func() {
		defer over.Set()
		if failed = w.run(within, p, &watchTeller{w: io.Discard}); failed != nil {
			leave()
		}
	})
	err := ui.Show(within, w, o)
	left := within.Err() == nil
	leave()
	_ = w.c.clock.Wait(context.Background(), never, over)
	if err == nil && !left && ctx.Err() == nil {
		err = failed
	}
	return err
}

// asks is what the header says of where a watch asks: the host alone, for an address may hold a password.
func asks(env runbook.Environment) string {
	u, err := url.Parse(env.Prometheus.URL)
	if err != nil || u.Host == "" {
		return "Prometheus"
	}
	return "Prometheus " + u.Host
}
