package plain

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// lookWait is how long nothing is asked about a step that looks again.
const lookWait = 8 * time.Second

// defaultHold is how long a share of flags is held where the file does not say.
const defaultHold = 5 * time.Minute

// extension is by how much a watch is lengthened.
const extension = 10 * time.Minute

// goTo reads the details of a step and asks what to do about it, though it is not its turn.
func (t *Talk) goTo(id string) {
	if step, _, ok := t.place(id); ok {
		t.details(step)
	}
	t.bring(func() *question {
		step, _, ok := t.place(id)
		if !ok {
			return nil
		}
		q := t.stepQuestion(step)
		if q.typed == nil {
			q.key, q.text = "go "+q.key, []string{"What to do about " + plainly(step.Title) + "?"}
		}
		q.options = append(withoutLater(q.options), option{"back", "back", func() {}})
		return q
	})
}

func withoutLater(options []option) []option {
	if n := len(options); n > 0 && options[n-1].word == "later" {
		return options[:n-1]
	}
	return options
}

// start is the answer that begins a step's action.
func (t *Talk) start(step runbook.Step, what string) option {
	return option{"start", what, func() { t.want(run.Start{Step: step.ID}) }}
}

// askDeploy says exactly what a deploy would do.
func (t *Talk) askDeploy(step runbook.Step) *question {
	env := t.envOf(step)
	plan := t.s.Plan
	d := step.Deploy
	text := []string{t.whole(step)}
	place := strings.ToUpper(plainly(env))
	if plan.Env(env).Protected {
		place += ", which is protected"
	}
	text = append(text, fmt.Sprintf("It deploys to %s, namespace %s", place, plainly(plan.Env(env).Namespace)))
	waves := plan.Waves(d)
	for i, wave := range waves {
		var moves []string
		for _, name := range wave {
			moves = append(moves, t.change(env, name))
		}
		text = append(text, fmt.Sprintf("Wave %d of %d: %s", i+1, len(waves), strings.Join(moves, ", ")))
	}
	how := "All pods of a wave roll at once, as the workload's own strategy says"
	if d.Strategy == "canary" {
		var shares []string
		for _, p := range d.Steps {
			shares = append(shares, fmt.Sprintf("%g", float64(p)))
		}
		how = fmt.Sprintf("Each wave goes in shares of its pods: %s percent, held for %s each", list(shares), span(d.Hold.D))
	}
	text = append(text, how, "Before any write come rights, a dry run, pins of what runs now, the baseline and the lock. A problem there stops it. R goes back at any time")
	if old, ok := t.s.Deploys[step.ID]; ok && old.Stage == run.Refused {
		for _, p := range append(old.Problems, old.Unknown...) {
			text = append(text, "It was refused: "+speak(string(p)))
		}
	}
	return &question{text: text, options: []option{t.start(step, "start the deploy")}}
}

// change is what a deploy does to one component.
func (t *Talk) change(env, name string) string {
	c, ok := t.s.Plan.Component(name)
	if !ok {
		return plainly(name)
	}
	from := t.s.Envs[env].Components[name].Progress.Image
	if from == "" || from == c.Image {
		return plainly(name) + " to " + version(c.Image)
	}
	return plainly(name) + " from " + version(from) + " to " + version(c.Image)
}

// envOf is the environment of a step's phase.
func (t *Talk) envOf(step runbook.Step) string {
	if _, phase, ok := t.place(step.ID); ok {
		return screen.Phases(t.s)[phase].Environment
	}
	return t.s.Plan.Environment
}

// askWatch says what a watch would look at; of one that could not tell, it offers to go on.
func (t *Talk) askWatch(step runbook.Step) *question {
	w := step.Watch
	names := "all metrics"
	if !w.Metrics.All && len(w.Metrics.List) > 0 {
		names = plainly(strings.Join(w.Metrics.List, ", "))
	}
	q := &question{text: []string{t.whole(step), fmt.Sprintf("It watches %s of %s for %s, and only reads", names, plainly(t.envOf(step)), span(w.For.D))}}
	q.options = []option{t.start(step, "start the watch")}
	if before, ok := t.s.Watches[step.ID]; ok && !before.Ended.IsZero() {
		q.options[0].what = "watch anew"
		q.options = append(q.options, option{"more", "watch 10 minutes longer", func() { t.want(run.Extend{Step: step.ID, By: extension}) }})
	}
	return q
}
