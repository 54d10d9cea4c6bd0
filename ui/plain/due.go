package plain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// due is the question that is up to a person now; nil when the run goes on by itself.
func (t *Talk) due() *question {
	if t.instead != "" {
		t.own = nil // who only looks on is asked nothing
		return nil
	}
	if screen.FuseLive(t.s) {
		t.own = nil
		return t.fuse()
	}
	if t.own != nil {
		if q := t.own(); q != nil {
			return q
		}
		t.own = nil
	}
	if q := t.update(); q != nil {
		return q
	}
	r := t.s.Rollback
	switch {
	case r != nil && !r.Burnt.IsZero():
		return t.afterwards()
	case t.s.Only:
		return t.onlyBack()
	}
	for _, ask := range []func() *question{t.deployDue, t.tripDue, t.flagsDue, t.phaseDue, t.gateDue} {
		if q := ask(); q != nil && !t.skipped[q.key] {
			return q
		}
	}
	return nil
}

// deployDue asks about a deploy that does not go on by itself.
func (t *Talk) deployDue() *question {
	d, ok := t.openDeploy()
	if !ok {
		return nil
	}
	env := plainly(d.Env)
	goOn := option{"on", "go on", func() { t.want(run.Continue{}) }}
	back := option{"", "roll back; R does the same", t.rollBack}
	switch {
	case d.Frozen && !d.Thawing:
		return &question{key: "frozen " + d.Step, text: []string{fmt.Sprintf("The deploy to %s is frozen: %s", env, t.moveWords(d))}, options: []option{goOn, back}}
	case d.Stage == run.Stuck:
		goOn.what = "try again"
		text := fmt.Sprintf("The deploy to %s is stuck: %s", env, speak(string(d.Why)))
		return &question{key: fmt.Sprintf("stuck %s %d", d.Step, d.Move), text: []string{text}, options: []option{goOn, back}}
	}
	return t.heldDue(d)
}

// openDeploy is the deploy that was started and is not at its end.
func (t *Talk) openDeploy() (run.DeployState, bool) {
	for step := range run.Steps(t.s.Plan) {
		if d, ok := t.s.Deploys[step.ID]; ok {
			switch d.Stage {
			case run.Refused, run.DeployDone, run.RolledOff:
			default:
				return d, true
			}
		}
	}
	return run.DeployState{}, false
}

// heldDue asks about a deploy whose next write is held back.
func (t *Talk) heldDue(d run.DeployState) *question {
	why := t.s.PromotionBlockers(d.Step)
	if len(why) == 0 || d.Stage == run.Holding && t.now.Before(d.HoldUntil) || d.Stage == run.Locking && t.now.Sub(d.Started) < 15*time.Second {
		return nil
	}
	var said []string
	for _, w := range why {
		said = append(said, speak(string(w)))
	}
	key := fmt.Sprintf("held %s %d %d", d.Step, d.Move, len(why))
	q := &question{key: key, text: []string{
		fmt.Sprintf("The deploy to %s waits. %s", plainly(d.Env), strings.Join(said, ". ")),
		"It goes on by itself as soon as nothing holds it back",
	}}
	q.options = []option{{"again", "look at all checks again", func() { t.want(run.Recheck{}) }}}
	for _, step := range t.fallen() {
		q.options = append(q.options, option{"", "see to " + plainly(step.Title), func() { t.goTo(step.ID) }})
	}
	if d.Stage == run.Holding {
		q.options = append(q.options, option{"", "roll back; R does the same", t.rollBack})
	}
	q.options = append(q.options, option{"wait", "wait", t.aside(key)})
	return q
}

// mostFallen bounds how many steps a question offers to see to.
const mostFallen = 5

// fallen are the required steps up to the open phase that do not stand and that a look can tell.
func (t *Talk) fallen() []runbook.Step {
	var steps []runbook.Step
	for i, ph := range t.s.Plan.Runbook.Phases {
		if i > t.s.Phase {
			break
		}
		for step := range run.PhaseSteps(ph) {
			if len(step.Verify) > 0 && step.IsRequired() && bad(t.s.StepStatus(step.ID)) && len(steps) < mostFallen {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// bad tells whether a status needs somebody.
func bad(status run.Status) bool {
	switch status {
	case run.Failed, run.Drifted, run.Conflicted, run.Unknown, run.Stale:
		return true
	}
	return false
}

// tripDue asks what to do about triggers that tripped while the run goes on.
func (t *Talk) tripDue() *question {
	env := t.watchedEnv()
	var names, said []string
	for _, tr := range t.s.Envs[env].Triggers {
		if tr.State == run.TriggerTripped {
			names, said = append(names, tr.Metric), append(said, t.triggerWords(env, tr))
		}
	}
	if len(names) == 0 || t.s.Envs[env].Written.IsZero() {
		return nil
	}
	key := "trip " + env + " " + strings.Join(names, " ")
	return &question{key: key, urgent: !t.skipped[key], text: []string{fmt.Sprintf("%s in %s. The procedure says to roll back", strings.Join(said, ". "), plainly(env))}, options: []option{
		{"", "roll back; R does the same", t.rollBack},
		{"wait", "do not, and go on looking", t.aside(key)},
	}}
}

// phaseDue asks about the first step of the open phase, and of those its gate waits for, that needs a person.
func (t *Talk) phaseDue() *question {
	if t.s.Gate != nil {
		return nil
	}
	for _, step := range t.candidates() {
		if q := t.stepDue(step); q != nil {
			return q
		}
	}
	return nil
}

// candidates are the steps of the open phase in their order, and then others that keep its gate shut.
func (t *Talk) candidates() []runbook.Step {
	ph, ok := t.s.OpenPhase()
	if !ok {
		return nil
	}
	steps := slices.Collect(run.PhaseSteps(ph))
	for _, step := range t.s.GateBlockers() {
		if !slices.ContainsFunc(steps, func(s runbook.Step) bool { return s.ID == step.ID }) {
			steps = append(steps, step)
		}
	}
	return steps
}

// gateDue asks whether to open the gate, or what to do about what keeps it shut.
func (t *Talk) gateDue() *question {
	ph, ok := t.s.OpenPhase()
	if !ok || t.s.Gate != nil {
		return nil
	}
	blockers := t.s.GateBlockers()
	if len(blockers) == 0 {
		return t.gateOpen(ph)
	}
	for _, step := range blockers {
		if status := t.s.StepStatus(step.ID); status == run.Checking && t.waitsForWords(step) == nil || status == run.Pending && len(step.Verify) > 0 {
			return nil // it comes by itself, or is asked about when it is its turn
		}
	}
	return t.gateShut(ph, blockers)
}
