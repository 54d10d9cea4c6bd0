package ui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
)

// clean makes plain text from the runbook fit for one line.
func clean(s string) string { return string(run.MakeSafe(s, 0)) }

func (m *Model) send(i run.Intent) { m.session.Send(i) }

// refused tells whether an intent would be refused now, and says why: before a person reads, types and answers for nothing.
func (m *Model) refused(i run.Intent) bool {
	why := m.state.Refuses(i, m.state.Operator, m.now)
	if why != "" {
		m.say(string(why))
	}
	return why != ""
}

// chosen is the step under the cursor.
func (m *Model) chosen() (runbook.Step, bool) {
	step, _, ok := screen.StepOf(m.state, m.list.Step)
	return step, ok
}

// attest asks for the note of a hand tick, or whether to take one back.
func (m *Model) attest(by string) {
	step, ok := m.chosen()
	switch {
	case !ok:
	case m.state.Steps[step.ID].Attested != nil:
		m.question(by, "Take your tick back?", []string{clean(step.Title) + " is then to do again."}, func() { m.send(run.Unattest{Step: step.ID}) })
	case step.Notify != nil || m.state.Actions[step.ID].Stage == run.ActionInDoubt:
		m.ask(by, "Tick by hand: "+clean(step.Title), "how do you know (enter ticks)", leastReason, nil, func(text string) { m.send(run.Attest{Step: step.ID, Note: text}) })
	case !step.IsManual():
		m.say(fmt.Sprintf("%s is sensed: a hand tick would not be true. %s looks again, %s overrides with a reason", clean(step.Title), m.key(keys.Recheck), m.key(keys.Override)))
	default:
		m.ask(by, "Tick by hand: "+clean(step.Title), "note (may be empty; enter ticks)", 0, nil, func(text string) { m.send(run.Attest{Step: step.ID, Note: text}) })
	}
}

// leastReason is how long the reason of an override must be.
const leastReason = 10

func (m *Model) override(by string, step runbook.Step) {
	if !step.IsOverridable() {
		m.say(clean(step.Title) + " cannot be overridden: the runbook says so")
		return
	}
	status := m.state.StepStatus(step.ID)
	if status.OpensGate() {
		m.say(fmt.Sprintf("%s needs no override: it is %s", clean(step.Title), status))
		return
	}
	lines := append(screen.WouldOverride(m.frame(), step), "The override is bound to that: it is void as soon as one of it gets worse.")
	d := m.ask(by, "Override "+clean(step.Title)+"?", "reason", leastReason, lines, func(text string) { m.send(run.Override{Step: step.ID, Reason: text}) })
	d.loud = true
}

func (m *Model) deferStep(by string, step runbook.Step) {
	if step.DeferTo == "" {
		m.say(clean(step.Title) + " cannot be deferred: the runbook names no later phase for it")
		return
	}
	lines := []string{"It is then due in the phase " + clean(step.DeferTo) + "."}
	m.ask(by, "Defer "+clean(step.Title)+"?", "why (may be empty; enter defers)", 0, lines, func(text string) { m.send(run.Defer{Step: step.ID, Note: text}) })
}

func (m *Model) note(by string) {
	if r := m.state.Rollback; m.scope == keys.Rollback && r != nil && !r.Burnt.IsZero() && r.Reason == "" {
		m.reason(by)
		return
	}
	m.ask(by, "Note into the journal", "note", 1, nil, func(text string) { m.send(run.Note{Text: text}) })
}

func (m *Model) recheck() {
	if m.scope == keys.Checklist {
		m.send(run.Recheck{Step: m.list.Step})
		m.say("looking again")
		return
	}
	m.send(run.Recheck{})
	m.say("all checks look again")
}

func (m *Model) resume(by string) {
	lines := []string{"The rollout goes on where it was frozen or stuck."}
	if d, ok := screen.Moving(m.state); ok {
		move := d.Moves[d.Move]
		what := "go on to"
		if d.Stage == run.Holding {
			what = "go on holding at"
		}
		lines = append(lines, fmt.Sprintf("%s: %s %s %d %%", clean(d.Env), clean(strings.Join(move.Components, ", ")), what, move.Share))
		if d.Why != "" {
			lines = append(lines, "It stopped because: "+string(d.Why))
		}
	}
	m.question(by, "Resume the rollout?", lines, func() { m.send(run.Continue{}) })
}

// extension is by how much a watch is lengthened.
const extension = 10 * time.Minute

func (m *Model) extend(by string) {
	id := screen.WatchStep(m.state)
	if id == "" {
		m.say("there is no watch to extend")
		return
	}
	m.question(by, "Watch 10 minutes longer?", []string{"The verdict comes ten minutes later."}, func() { m.send(run.Extend{Step: id, By: extension}) })
}

// quit leaves; while the run is live it asks first.
func (m *Model) quit(by string) tea.Cmd {
	if m.barred() != "" || m.scope == keys.WatchOnly {
		return tea.Quit // who only looks on leaves nothing behind
	}
	if screen.FuseLive(m.state) {
		m.scope = keys.Rollback
		m.say(m.fuseWords())
		return nil
	}
	if !m.state.Ended.IsZero() {
		return tea.Quit
	}
	lines := []string{"The run is live. It goes on by `sop resume`."}
	if m.state.Practice != "" {
		lines = []string{"The drill ends with its world: it cannot be gone on with, and gets no score."}
	}
	if _, guest := m.session.(Guest); guest {
		d := m.question(by, "Leave this run?", []string{"It goes on without a screen, in its own process: `sop attach` comes back to it."}, func() {})
		d.done = func() bool { return true }
		return nil
	}
	switch r := m.state.Rollback; {
	case r != nil && r.Stage == run.Settling:
		lines = append(lines, "Every component took. Whether the metrics come back is looked at no more.")
	case screen.RollbackLive(m.state):
		lines = append(lines, "A rollback is under way: what was sent to the cluster goes on, but nobody checks that it took.")
	}
	d := m.question(by, "Leave this run?", lines, func() {})
	d.done = func() bool { return true }
	return nil
}
