package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
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
	format        *string
}

func (a *app) watchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch RUNBOOK",
		Short: "Watch a runbook's metrics in an environment, without deploying anything",
		Long: `watch takes a baseline from the half hour before, samples the metrics of the runbook's watch, judges its triggers and
gives a verdict. It only reads. A critical trigger that trips ends it at once.

It exits with 0 when the watch passed, 1 when a trigger tripped, and 4 when it could not look or the numbers could not
tell.`,
		Args: cobra.ExactArgs(1),
	}
	var f watchFlags
	f.choice.add(cmd)
	cmd.Flags().DurationVar(&f.length, "for", 0, "how long (default: as the runbook's watch says, else 30m)")
	cmd.Flags().DurationVar(&f.every, "every", 0, "time between two samples (default: as the runbook's watch says, else 15s)")
	f.format = outputFlag(cmd, "text", "json")
	kubeFlags := addKubeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(*f.format, "text", "json"); err != nil {
			return err
		}
		if f.length < 0 || f.every < 0 || f.length > 0 && f.length < f.every {
			return usage("--for %s and --every %s: a watch takes at least one sample", f.length, f.every)
		}
		c := realConnections(kubeFlags)
		_, plan, err := a.plan(args[0], f.choice, kubeFlags, runbook.Choice{Run: journal.NewID(c.clock.Now()), Operator: c.operator, Partial: true, TargetOnly: true})
		if err != nil {
			return err
		}
		return a.watch(cmd.Context(), c, plan, f.length, f.every, *f.format)
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

// watching is one watch under way, outside of any run.
type watching struct {
	c     connections
	state run.State
	env   string
	work  run.SampleWork
	until time.Time

	mu      sync.Mutex
	samples []run.Sample // taken and not judged yet
	came    run.Signal
}

func (a *app) watch(ctx context.Context, c connections, plan *runbook.Plan, length, every time.Duration, format string) error {
	narrow, err := onlyWatch(plan, length, every)
	if err != nil {
		return err
	}
	p := newParts(c, narrow)
	defer p.clusters.Close()
	w, err := beginWatch(ctx, c, p, narrow)
	if ctx.Err() != nil {
		return quiet(exitInterrupted)
	}
	if err != nil {
		return couldNotLook(err)
	}
	lines := a.out
	if format == "json" {
		lines = a.err
	}
	w.look(ctx, p, &watchTeller{w: lines})
	result := w.result()
	if format == "json" {
		if err := a.writeJSON(result); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "watched %s for %s, %d samples: %s: %s\n", w.env, result.Length, result.Samples, result.Verdict, result.Why)
	}
	if ctx.Err() != nil {
		return quiet(exitInterrupted)
	}
	return quiet(result.code())
}

// beginWatch takes the baseline.
func beginWatch(ctx context.Context, c connections, p *parts, plan *runbook.Plan) (*watching, error) {
	w := &watching{c: c, env: plan.Environment, state: run.New(plan.RunID, plan), came: c.clock.NewSignal()}
	step := plan.Runbook.Phases[0].Sections[0].Steps[0]
	now := c.clock.Now()
	w.state = run.Apply(w.state,
		run.Stamped{At: now, Actor: c.operator, Event: run.RunStarted{Operator: c.operator, Practice: c.practice, Runbook: plan.Runbook.Metadata.Name, Environment: w.env}},
		run.Stamped{At: now, Event: run.WatchStarted{Step: watchStep, Env: w.env, From: now, Until: now.Add(step.Watch.For.D)}},
	)
	w.work = run.SampleWork{Env: plan.Env(w.env), Metrics: w.state.Monitored(w.env), Every: step.Watch.Every.D}
	var taken run.BaselineTaken
	err := p.Do(ctx, run.Work{ID: "baseline", Body: run.BaselineWork{
		Step: watchStep, Env: w.work.Env, Metrics: w.work.Metrics, To: now.Add(-baselineBefore), Length: baselineOf, Every: w.work.Every,
	}}, func(o run.Observation) {
		if b, ok := o.(run.BaselineTaken); ok {
			taken = b
		}
	})
	if err == nil && taken.Err != "" {
		err = fmt.Errorf("take the baseline of %s: %s", w.env, taken.Err)
	}
	if err != nil {
		return nil, err
	}
	env := w.state.Envs[w.env]
	env.Baseline = &taken.Baseline
	w.state.Envs[w.env] = env
	from := c.clock.Now() // the asking took its time
	w.until = from.Add(step.Watch.For.D)
	w.state = run.Apply(w.state, run.Stamped{At: from, Event: run.WatchStarted{Step: watchStep, Env: w.env, From: from, Until: w.until}})
	return w, nil
}

// look samples and judges until the time is over, a trip makes more of it needless, or ctx ends.
func (w *watching) look(ctx context.Context, p *parts, t *watchTeller) {
	sampling, stop := context.WithCancel(ctx)
	over := w.c.clock.NewSignal()
	w.c.clock.Go(func() {
		defer over.Set()
		_ = p.Do(sampling, run.Work{ID: "sample", Body: w.work}, w.took) // ends with its context
	})
	t.begin(w)
	for w.state.Watches[watchStep].Ended.IsZero() {
		_ = w.c.clock.Wait(ctx, max(0, w.until.Sub(w.c.clock.Now())), w.came)
		w.judge()
		t.tell(w)
		if ctx.Err() != nil || w.lost() {
			w.end()
		}
	}
	stop()
	_ = w.c.clock.Wait(context.Background(), never, over)
}

// took takes a sample from the worker.
func (w *watching) took(o run.Observation) {
	s, ok := o.(run.Sampled)
	if !ok {
		return
	}
	w.mu.Lock()
	w.samples = append(w.samples, s.Sample)
	w.mu.Unlock()
	w.came.Set()
}

// judge has the law judge what came, and the time that went by.
func (w *watching) judge() {
	w.mu.Lock()
	came := w.samples
	w.samples = nil
	w.mu.Unlock()
	for _, s := range came {
		w.decide(run.Sampled{Env: w.env, Sample: s})
	}
	w.decide(nil)
}

func (w *watching) decide(o run.Observation) {
	w.state = run.Apply(w.state, run.Decide(w.state, run.Input{At: w.c.clock.Now(), Observation: o})...)
}

// lost tells whether nothing can make it a pass any more: something tripped that is critical.
func (w *watching) lost() bool {
	for _, t := range w.state.Envs[w.env].Triggers {
		if t.State == run.TriggerTripped && (t.Severity == "critical" || t.Then == "rollback") {
			return true
		}
	}
	return false
}

// end has the verdict given now.
func (w *watching) end() {
	if !w.state.Watches[watchStep].Ended.IsZero() {
		return
	}
	now := w.c.clock.Now()
	w.state = run.Apply(w.state, run.Stamped{At: now, Event: run.WatchExtended{Step: watchStep, Until: now}})
	w.decide(nil)
}

// watchResult is the JSON of `sop watch`.
type watchResult struct {
	Runbook     string          `json:"runbook"`
	Environment string          `json:"environment"`
	Verdict     run.Verdict     `json:"verdict"`
	Why         run.Safe        `json:"why"`
	Triggers    []triggerResult `json:"triggers"`
	Samples     int             `json:"samples"`
	Length      time.Duration   `json:"-"`
}

type triggerResult struct {
	Metric   string          `json:"metric"`
	State    run.TriggerWord `json:"state"`
	Value    float64         `json:"value"`
	Baseline float64         `json:"baseline"`
	Limit    float64         `json:"limit"`
	Trip     string          `json:"trip"`
	Unit     string          `json:"unit"`
	Why      run.Safe        `json:"why,omitempty"`
}

func (w *watching) result() watchResult {
	v, env := w.state.Watches[watchStep], w.state.Envs[w.env]
	r := watchResult{
		Runbook: w.state.Plan.Runbook.Metadata.Name, Environment: w.env, Verdict: v.Verdict, Why: v.Why, Samples: len(env.Samples),
		Triggers: []triggerResult{}, Length: v.Ended.Sub(v.From).Round(time.Second),
	}
	for _, t := range env.Triggers {
		m := w.metric(t.Metric)
		r.Triggers = append(r.Triggers, triggerResult{
			Metric: t.Metric, State: t.State, Value: t.Value, Baseline: t.Baseline, Limit: t.Limit,
			Trip: m.Triggers[t.Index].Trip, Unit: m.Unit, Why: t.Why,
		})
	}
	return r
}

func (w *watching) metric(name string) runbook.Metric {
	for _, m := range w.work.Metrics {
		if m.Name == name {
			return m
		}
	}
	return runbook.Metric{}
}

// code is the exit code of a watch: of several, 1 beats 4.
func (r watchResult) code() int {
	for _, t := range r.Triggers {
		if t.State == run.TriggerTripped {
			return exitFailed
		}
	}
	switch r.Verdict {
	case run.VerdictPass:
		return exitDone
	case run.VerdictFail:
		return exitFailed
	}
	return exitUnknown
}

// watchTeller tells a watch line by line: every trigger whose state changed, and how all stand once a minute.
type watchTeller struct {
	w      io.Writer
	before []run.TriggerState
	last   time.Time
}

func (t *watchTeller) begin(w *watching) {
	base := w.state.Envs[w.env].Baseline
	fmt.Fprintf(t.w, "watching %s for %s, a sample every %s\n", w.env, w.state.Plan.Runbook.Phases[0].Sections[0].Steps[0].Watch.For.D, w.work.Every)
	for _, m := range w.work.Metrics {
		b := base.Metrics[m.Name]
		switch {
		case b.Refused != "":
			fmt.Fprintf(t.w, "  %s has no baseline: %s\n", m.Name, b.Refused)
		case b.Broken:
			fmt.Fprintf(t.w, "  %s was at %s before, which breaks its objective %s already\n", m.Name, amount(b.Mean, m), m.Objective)
		default:
			fmt.Fprintf(t.w, "  %s was at %s before\n", m.Name, amount(b.Mean, m))
		}
	}
}

func (t *watchTeller) tell(w *watching) {
	now, states := w.c.clock.Now(), w.state.Envs[w.env].Triggers
	stamp := now.UTC().Format("15:04:05")
	for i, s := range states {
		if i < len(t.before) && t.before[i].State == s.State || i >= len(t.before) && s.State == run.TriggerOK {
			continue
		}
		mark := "!"
		if s.State == run.TriggerOK {
			mark = " "
		}
		fmt.Fprintf(t.w, "%s %s %s %s: %s %s\n", stamp, mark, s.Metric, s.State, t.stands(w, s), s.Why)
	}
	t.before = states
	if len(states) == 0 || now.Sub(t.last) < time.Minute {
		return
	}
	t.last = now
	var all []string
	for _, s := range states {
		all = append(all, s.Metric+" "+t.stands(w, s))
	}
	fmt.Fprintf(t.w, "%s   %s\n", stamp, strings.Join(all, ", "))
}

// stands is a value beside its line.
func (t *watchTeller) stands(w *watching, s run.TriggerState) string {
	m := w.metric(s.Metric)
	if s.Limit == 0 && s.State == run.TriggerInconclusive {
		return amount(s.Value, m)
	}
	return amount(s.Value, m) + " of " + amount(s.Limit, m)
}

// amount is a number with its unit.
func amount(v float64, m runbook.Metric) string {
	text := strconv.FormatFloat(v, 'g', 3, 64)
	switch m.Unit {
	case runbook.UnitPercent:
		return text + " %"
	case runbook.UnitSeconds:
		return text + " s"
	case "":
		return text
	}
	return text + " " + m.Unit
}
