package plain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// grace is how long an empty line does not burn a fuse that only just came up: it was meant for something else.
const grace = 400 * time.Millisecond

// ours is how long after R was typed here a fuse counts as lit by it.
const ours = 5 * time.Second

// rollBack is what R does, wherever it is typed.
func (t *Talk) rollBack() {
	switch {
	case screen.FuseLive(t.s):
		t.say("The fuse burns already. Enter burns it now, t takes it back")
		return
	case screen.RollbackLive(t.s):
		t.say("The rollback is under way already")
		return
	}
	t.text, t.own = nil, nil
	t.pressed = t.now
	t.want(run.Rollback{})
}

// fuse is the question while a rollback may still be taken back.
func (t *Talk) fuse() *question {
	r := t.s.Rollback
	alone := t.pressed.IsZero() || r.Pressed.Sub(t.pressed) > t.human(ours) || t.pressed.After(r.Pressed.Add(time.Second))
	q := &question{key: fmt.Sprintf("fuse %d %s", r.N, r.Stage), urgent: true, bare: true}
	burn := func() { t.want(run.Burn{}) }
	q.options = []option{{"b", "burn it now", burn}, {"t", "take it back", func() { t.want(run.TakeBack{}) }}}
	who := ""
	if alone && r.By == "" {
		who = ", by itself, " + speak(string(r.Because))
	}
	targets := t.targets(r.Env, r.Pins)
	switch {
	case r.Stage == run.Asking:
		why := string(r.AskWhy)
		if why == "" {
			why = "it does not burn by itself here"
		}
		q.text = []string{fmt.Sprintf("Roll back %s%s? %s. The fuse waits for you: %s. b and enter rolls back, t takes it back", plainly(r.Env), who, targets, speak(why))}
		return q
	case alone:
		q.text = []string{fmt.Sprintf("Rolling back %s in %s%s. b and enter burns it now, t takes it back. %s", plainly(r.Env), t.fuseLeft(), who, targets)}
		return q
	}
	q.text = []string{fmt.Sprintf("Rolling back %s in %s: %s. Enter burns it now, t takes it back", plainly(r.Env), t.fuseLeft(), targets)}
	q.empty = func() {
		if t.now.Sub(r.Pressed) < t.human(grace) {
			t.say("Too soon: press enter once more to roll back now")
			return
		}
		t.asked.open = false
		burn()
	}
	return q
}

func (t *Talk) fuseLeft() string {
	left := t.real(t.s.Rollback.FuseUntil.Sub(t.now))
	return span(max(left, time.Second))
}

// targets says what goes back to what, the last one deployed first.
func (t *Talk) targets(env string, pins []run.Pin) string {
	var said []string
	for _, p := range slices.Backward(pins) {
		what := plainly(p.Component)
		if from := t.leaving(env, p); from != "" {
			what += " " + from
		}
		what += " to " + version(p.Image)
		if p.Guess {
			what += ", a guess"
		}
		said = append(said, what)
	}
	if len(said) == 0 {
		return "nothing was pinned"
	}
	return strings.Join(said, ", ")
}

// leaving is the version that a component leaves; empty when it is not known.
func (t *Talk) leaving(env string, p run.Pin) string {
	c := t.s.Envs[env].Components[p.Component]
	image := c.Progress.Image
	if c.From != "" && (image == "" || image == p.Image) {
		image = c.From
	}
	if want, ok := t.s.Plan.Component(p.Component); ok && (image == "" || image == p.Image) && !t.s.Only {
		image = want.Image
	}
	if image == "" || image == p.Image {
		return ""
	}
	return version(image)
}

// afterwards is what is up to a person once the patches went out: the reason first, then the steps of the procedure.
func (t *Talk) afterwards() *question {
	r := t.s.Rollback
	if q := t.whyBack(r); q != nil {
		return q
	}
	if r.Stage != run.Restored {
		return nil
	}
	if rb := t.s.Plan.Runbook.Rollback; rb != nil {
		for _, step := range rb.Steps {
			if q := t.stepDue(step); q != nil {
				return q
			}
		}
	}
	return nil
}

// whyBack asks for the reason of a rollback once every patch is out: before that nobody has time for it.
func (t *Talk) whyBack(r *run.RollbackState) *question {
	key := fmt.Sprintf("reason %d", r.N)
	if r.Reason != "" || t.skipped[key] {
		return nil
	}
	for _, p := range r.Pins {
		if !t.s.Envs[r.Env].Components[p.Component].Undo.Accepted {
			return nil
		}
	}
	return &question{key: key, text: []string{"The rollback is on its way: every patch was accepted"}, typed: func() *text {
		return &text{
			ask: "Why is it rolled back? The report will say so", hint: "An empty line leaves it for later",
			take: func(s string) {
				t.skipped[key] = true
				if s != "" {
					t.want(run.Reason{Text: s})
				}
			},
			back: func() { t.skipped[key] = true },
		}
	}}
}

// onlyBack is the question of a run that was opened to roll back and does nothing else.
func (t *Talk) onlyBack() *question {
	env := t.s.Plan.Environment
	pins := t.s.Envs[env].Pins
	q := &question{key: "only", text: []string{
		fmt.Sprintf("Roll back %s? %s", plainly(env), t.targets(env, pins)),
		t.lamp(env), notRestored,
	}}
	q.options = []option{
		{"", "roll back; R does the same", t.rollBack},
		{"", "leave, and change nothing", func() { t.left = true }},
	}
	return q
}

// notRestored says plainly what a rollback leaves as it is.
const notRestored = "Not restored are ConfigMaps, Secrets, feature flags and the database: they stay as they are now"

// lamp says whether a rollback would work.
func (t *Talk) lamp(env string) string {
	switch lamp := t.s.Envs[env].Lamp; {
	case !lamp.Known:
		return "Whether it would work is being verified: targets, rights, and a dry run"
	case lamp.OK:
		return "It is verified: the targets are there, the rights are held, and a dry run was accepted"
	default:
		return "It is not verified: " + speak(string(lamp.Why))
	}
}

// rollbackNow says how a rollback stands.
func (t *Talk) rollbackNow() string {
	r := t.s.Rollback
	env := plainly(r.Env)
	took := 0
	for _, p := range r.Pins {
		if t.s.Envs[r.Env].Components[p.Component].Stage == run.Took {
			took++
		}
	}
	switch r.Stage {
	case run.Fusing:
		return fmt.Sprintf("Rolling back %s in %s", env, t.fuseLeft())
	case run.Asking:
		return fmt.Sprintf("The rollback of %s waits for you", env)
	case run.Restoring:
		late := ""
		if r.Late {
			late = " It is late, and still trying."
		}
		return fmt.Sprintf("Rolling back %s: %d of %d components run what they ran before.%s", env, took, len(r.Pins), late)
	case run.Settling:
		if r.InBand.IsZero() {
			return fmt.Sprintf("%s is rolled back: every component took. The metrics are not back in band yet", env)
		}
		return fmt.Sprintf("%s is rolled back: every component took. The metrics are in band for %s", env, span(t.now.Sub(r.InBand)))
	case run.Restored:
		return fmt.Sprintf("%s is rolled back. Stability: %s", env, r.Verified)
	}
	return fmt.Sprintf("The rollback of %s was taken back", env)
}
