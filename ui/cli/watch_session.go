package cli

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// watching is one watch under way, outside of any run: the session that its screen looks at. One goroutine judges; what
// is observed or wanted gathers until it does.
type watching struct {
	c     connections
	env   string
	step  runbook.Watch
	work  run.SampleWork
	stays bool // also after its verdict, which a person may put off
	cut   bool // it was ended before its time

	mu     sync.Mutex
	state  run.State // written by the goroutine that judges
	states chan run.State
	inputs []run.Input // not judged yet
	came   run.Signal
}

var _ ui.Session = (*watching)(nil)

func newWatching(c connections, plan *runbook.Plan) *watching {
	w := &watching{c: c, env: plan.Environment, step: *plan.Runbook.Phases[0].Sections[0].Steps[0].Watch, states: make(chan run.State, 1), came: c.clock.NewSignal()}
	s := run.Apply(run.New(plan.RunID, plan), run.Stamped{At: c.clock.Now(), Actor: c.operator, Event: run.RunStarted{
		Operator: c.operator, Practice: c.practice, Runbook: plan.Runbook.Metadata.Name, Environment: w.env,
	}})
	s.Log = nil // it is no run
	w.put(s)
	return w
}

// put makes a State the newest one.
func (w *watching) put(s run.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
	select {
	case <-w.states:
	default:
	}
	w.states <- s // a channel of one, just emptied, and w.mu is held
}

// States yields the newest State.
func (w *watching) States() <-chan run.State { return w.states }

// Latest is the newest State at once.
func (w *watching) Latest() run.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Now is the watch's time.
func (w *watching) Now() time.Time { return w.c.clock.Now() }

// Send takes what the person at the screen wants.
func (w *watching) Send(i run.Intent) { w.input(run.Input{Actor: w.c.operator, Intent: i}) }

func (w *watching) input(in run.Input) {
	w.mu.Lock()
	w.inputs = append(w.inputs, in)
	w.mu.Unlock()
	w.came.Set()
}

// watch is how far the watch is.
func (w *watching) watch() run.WatchState { return w.state.Watches[watchStep] }

// begun tells whether there is a baseline, and the time of the watch runs.
func (w *watching) begun() bool { return w.state.Envs[w.env].Baseline != nil }

// run takes the baseline, and then samples and judges until the verdict, or ctx ends. One that stays goes on until then.
func (w *watching) run(ctx context.Context, p *parts, t *watchTeller) error {
	if err := w.begin(ctx, p); err != nil {
		return err
	}
	t.begin(w)
	for {
		w.look(ctx, p, t)
		for w.stays && ctx.Err() == nil && !w.watch().Ended.IsZero() {
			_ = w.c.clock.Wait(ctx, never, w.came)
			w.judge()
		}
		if !w.stays || ctx.Err() != nil {
			return nil
		}
	}
}

// begin takes the baseline. Meanwhile the watch stands there already.
func (w *watching) begin(ctx context.Context, p *parts) error {
	still, now := w.state, w.c.clock.Now()
	w.put(w.started(still, now))
	w.work = run.SampleWork{Env: still.Plan.Env(w.env), Metrics: w.state.Monitored(w.env), Every: w.step.Every.D}
	w.say("asking for the half hour before: it is the baseline")
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
		return err
	}
	still.Envs = maps.Clone(still.Envs)
	env := still.Envs[w.env]
	env.Baseline = &taken.Baseline
	still.Envs[w.env] = env
	now = w.c.clock.Now() // the asking took its time
	for _, m := range w.work.Metrics {
		if why := taken.Baseline.Metrics[m.Name].Refused; why != "" {
			still = run.Apply(still, run.Stamped{At: now, Event: run.Noted{Text: run.MakeSafe(m.Name+" has no baseline: "+string(why), 300)}})
		}
	}
	w.put(w.started(still, now))
	return nil
}

// started is a State with the watch under way from now on.
func (w *watching) started(s run.State, now time.Time) run.State {
	return run.Apply(s, run.Stamped{At: now, Event: run.WatchStarted{Step: watchStep, Env: w.env, From: now, Until: now.Add(w.step.For.D)}})
}

// say answers the person at the screen.
func (w *watching) say(text string) {
	s := w.state
	s.Notice = run.Notice{At: w.c.clock.Now(), Text: run.MakeSafe(text, 300)}
	w.put(s)
}

// look samples and judges until the time is over, a trip makes more of it needless, or ctx ends.
func (w *watching) look(ctx context.Context, p *parts, t *watchTeller) {
	sampling, stop := context.WithCancel(ctx)
	over := w.c.clock.NewSignal()
	w.c.clock.Go(func() {
		defer over.Set()
		_ = p.Do(sampling, run.Work{ID: "sample", Body: w.work}, w.took) // ends with its context
	})
	for w.watch().Ended.IsZero() {
		_ = w.c.clock.Wait(ctx, max(0, w.watch().Until.Sub(w.c.clock.Now())), w.came)
		w.judge()
		t.tell(w)
		if w.cut = ctx.Err() != nil && w.watch().Ended.IsZero(); w.cut || w.lost() {
			w.end()
		}
	}
	stop()
	_ = w.c.clock.Wait(context.Background(), never, over)
}

// took takes a sample from the worker.
func (w *watching) took(o run.Observation) {
	if s, ok := o.(run.Sampled); ok {
		w.input(run.Input{Observation: run.Sampled{Env: w.env, Sample: s.Sample}})
	}
}

// judge has the law judge what came, and the time that went by.
func (w *watching) judge() {
	w.mu.Lock()
	inputs := w.inputs
	w.inputs = nil
	w.mu.Unlock()
	for _, in := range append(inputs, run.Input{}) {
		if in.Observation != nil && !w.watch().Ended.IsZero() {
			continue // it came too late for the verdict
		}
		in.At = w.c.clock.Now()
		w.put(run.Apply(w.state, run.Decide(w.state, in)...))
	}
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
	if !w.watch().Ended.IsZero() {
		return
	}
	now := w.c.clock.Now()
	w.put(run.Apply(w.state, run.Stamped{At: now, Event: run.WatchExtended{Step: watchStep, Until: now}}))
	w.judge()
}
