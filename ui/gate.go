package ui

import (
	"fmt"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
)

// gate asks whether to open the gate, or lists what keeps it shut.
func (m *Model) gate(by string) {
	ph, ok := m.state.OpenPhase()
	switch {
	case !ok:
		m.say("there is no gate left to open")
		return
	case m.state.Gate != nil:
		m.say("the gate was asked already: its checks look again first")
		return
	}
	blockers := m.state.GateBlockers()
	if len(blockers) == 0 {
		next := "It is the last one: the run ends."
		if phases := m.state.Plan.Runbook.Phases; m.state.Phase+1 < len(phases) {
			next = "Next: " + clean(phases[m.state.Phase+1].Title)
		}
		lines := append([]string{next}, screen.Snapshot(m.frame(), nil)...)
		lines = append(lines, "Checks that are older than they may be look again first; what the boxes show then goes into the journal.")
		m.question(by, "Open the gate after "+clean(ph.Title)+"?", lines, func() { m.send(run.OpenGate{}) })
		return
	}
	d := &dialog{scope: keys.Gate, by: by, opened: m.now}
	for _, step := range blockers {
		d.steps = append(d.steps, step.ID)
	}
	m.dialog = d
	m.retellGate()
}

// retellGate brings what the open gate's dialog says up to date: what the boxes show goes on changing, and so how many of
// them block. Which of them are listed does not, for a key is on its way to one.
func (m *Model) retellGate() {
	d, title := m.dialog, ""
	if ph, ok := m.state.OpenPhase(); ok {
		title = clean(ph.Title)
	}
	n := len(m.state.GateBlockers())
	d.loud, d.title = true, fmt.Sprintf("The gate after %s is shut: %s", title, plural(n, "step blocks it", "steps block it"))
	if n == 0 {
		d.loud, d.title = false, fmt.Sprintf("Nothing keeps the gate after %s shut any more: esc, then %s opens it", title, m.key(keys.ToGate))
	}
	d.lines = screen.GateBoxes(m.frame(), d.steps)
}

// choose moves in a list of a dialog, or takes one of a gate's ways out.
func (m *Model) choose(id keys.ID, key string) {
	d := m.dialog
	n := max(len(d.steps), len(d.menu))
	switch id {
	case keys.Up:
		d.hot = max(0, d.hot-1)
		return
	case keys.Down:
		d.hot = max(0, min(n-1, d.hot+1))
		return
	}
	step, phase, ok := m.blocker()
	if !ok {
		return
	}
	m.dialog = nil
	switch id {
	case keys.Open:
		m.scope, m.list.Phase, m.list.Step = keys.Checklist, phase, step.ID
	case keys.Override:
		m.override(key, step)
	case keys.Defer:
		m.deferStep(key, step)
	case keys.Recheck:
		m.send(run.Recheck{Step: step.ID})
		m.say("looking again at " + clean(step.Title))
	case keys.Abort:
		d := m.ask(key, "End the run here?", "reason", leastReason, []string{"What is deployed stays as it is. The run cannot be resumed."}, func(text string) { m.send(run.Finish{Reason: text}) })
		d.loud = true
	}
}

// blocker is the step chosen in a gate's list.
func (m *Model) blocker() (runbook.Step, int, bool) {
	d := m.dialog
	if d.hot < 0 || d.hot >= len(d.steps) {
		return runbook.Step{}, 0, false
	}
	return screen.StepOf(m.state, d.steps[d.hot])
}
