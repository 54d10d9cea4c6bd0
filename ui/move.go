package ui

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// page is how far a page key moves.
func (m *Model) page() int { return max(1, m.h-8) }

// screenKey does what a key means on the screen that is shown.
func (m *Model) screenKey(id keys.ID, key string) {
	n := map[keys.ID]int{
		keys.Up: -1, keys.Down: 1, keys.PageUp: -m.page(), keys.PageDown: m.page(), keys.First: -1 << 20, keys.Last: 1 << 20,
	}[id]
	switch m.scope {
	case keys.Checklist:
		m.checklistKey(id, key, n)
	case keys.Watch, keys.WatchOnly:
		m.watchKey(id, key, n)
	case keys.Rollout:
		m.board.Top = max(0, m.board.Top+n)
		m.leaveOrOpen(id)
	case keys.Rollback:
		m.rollback.Top = max(0, m.rollback.Top+n)
		m.leaveOrOpen(id)
	case keys.Report:
		m.report.Top = max(0, m.report.Top+n)
		m.leaveOrOpen(id)
	case keys.Commands:
		m.commandsKey(id, n)
	}
}

// commandsKey moves in the command log, or lists another kind of calls.
func (m *Model) commandsKey(id keys.ID, n int) {
	switch id {
	case keys.NextFocus:
		m.log.Turn(1)
	case keys.PrevFocus:
		m.log.Turn(-1)
	case keys.Back:
		m.leaveOrOpen(id)
	default:
		m.log.Move(m.frame(), n)
	}
}

// leaveOrOpen goes back to the checklist.
func (m *Model) leaveOrOpen(id keys.ID) {
	if id == keys.Back {
		if m.filter != "" {
			m.filter = ""
			return
		}
		if m.scope != keys.WatchOnly {
			m.scope = keys.Checklist
		}
	}
}

func (m *Model) checklistKey(id keys.ID, key string, n int) {
	f := m.frame()
	m.list.Look(m.now) // who presses a key here has seen what is chosen
	switch id {
	case keys.Left, keys.Right:
		m.list.Turn(m.state, map[keys.ID]int{keys.Left: -1, keys.Right: 1}[id])
	case keys.NextFocus, keys.PrevFocus:
		m.list.Detail = !m.list.Detail
	case keys.Back:
		switch {
		case m.list.Detail:
			m.list.Detail = false
		case m.filter != "":
			m.filter = ""
		}
	case keys.Attest:
		m.attest(key)
	case keys.Override, keys.Defer:
		m.aside(id, key)
	case keys.Open, keys.Start:
		m.open(id, key)
	default:
		if m.list.Detail && n != 0 {
			m.list.DetailTop = max(0, m.list.DetailTop+n)
			return
		}
		m.list.Move(f, n)
	}
}

// aside passes over the chosen step, or puts it off.
func (m *Model) aside(id keys.ID, key string) {
	step, ok := m.chosen()
	switch {
	case !ok:
	case id == keys.Override:
		m.override(key, step)
	default:
		m.deferStep(key, step)
	}
}

// open opens the chosen step: the screen of what is under way, the question whether to start it, or its details.
func (m *Model) open(id keys.ID, key string) {
	step, ok := m.chosen()
	if !ok {
		return
	}
	_, begun := m.state.Watches[step.ID]
	dep, deployed := m.state.Deploys[step.ID]
	status := m.state.StepStatus(step.ID)
	switch {
	case step.Deploy != nil && (!deployed || dep.Stage == run.Refused):
		m.startQuestion(key, step)
	case step.Deploy != nil:
		m.scope = keys.Rollout
	case step.Watch != nil && (!begun || status == run.Unknown):
		m.startQuestion(key, step)
	case step.Watch != nil:
		m.scope = keys.Watch
	case step.Rollback != nil:
		m.scope = keys.Rollback
	case step.Action() != "" && m.barred() == "":
		m.act(key, step)
	case id == keys.Start:
		m.say(clean(step.Title) + " has nothing to start")
	default:
		m.list.Detail = !m.list.Detail
	}
}

// startQuestion says exactly what will happen.
func (m *Model) startQuestion(by string, step runbook.Step) {
	if instead := m.barred(); instead != "" {
		m.say(instead)
		return
	}
	_, phase, _ := screen.StepOf(m.state, step.ID)
	if m.refused(run.Start{Step: step.ID}) {
		return
	}
	env := screen.Phases(m.state)[phase].Environment
	begin := func() { m.send(run.Start{Step: step.ID}) }
	if step.Deploy != nil {
		m.question(by, fmt.Sprintf("Deploy to %s, namespace %s?", strings.ToUpper(clean(env)), clean(m.state.Plan.Env(env).Namespace)), screen.ActionPlan(m.frame(), step), begin)
		return
	}
	m.question(by, "Start: "+clean(step.Title)+"?", screen.ActionPlan(m.frame(), step), begin)
}

func (m *Model) watchKey(id keys.ID, key string, n int) {
	f := m.bodyFrame(5)
	switch id {
	case keys.NextFocus:
		m.watch.Turn(f, 1)
	case keys.PrevFocus:
		m.watch.Turn(f, -1)
	case keys.Up, keys.Down:
		m.watch.Turn(f, n)
	case keys.Left:
		m.watch.Cross(f, -1)
	case keys.Right:
		m.watch.Cross(f, 1)
	case keys.Extend:
		m.extend(key)
	case keys.Back:
		if !m.watch.Uncross() {
			m.leaveOrOpen(id)
		}
	}
}

func (m *Model) openHelp() { m.help, m.helpTop = true, 0 }

func (m *Model) helpKey(id keys.ID) {
	switch id {
	case keys.Back, keys.Help:
		m.help = false
	case keys.Up:
		m.helpTop = max(0, m.helpTop-1)
	case keys.Down:
		m.helpTop++
	case keys.PageUp:
		m.helpTop = max(0, m.helpTop-m.page())
	case keys.PageDown:
		m.helpTop += m.page()
	case keys.First:
		m.helpTop = 0
	case keys.Last:
		m.helpTop = 1 << 20
	case keys.Filter:
		m.openFilter("/")
	}
}

// works tells which of a scope's keys do something now, so that the footer tells no more than that.
func (m *Model) works(id keys.ID) bool {
	s := m.state
	_, moving := screen.Moving(s)
	if keys.Wants(id) && m.barred() != "" {
		return false
	}
	switch id {
	case keys.Help: // a page of text would hide the fuse; in a narrow footer the ways past a gate matter more
		return m.inputScope() != keys.Fuse && (m.inputScope() != keys.Gate || m.w >= 100)
	case keys.Open:
		return m.scope == keys.Checklist || m.dialog != nil
	case keys.NextFocus:
		return m.dialog == nil && (m.scope == keys.Watch || m.scope == keys.WatchOnly || m.scope == keys.Commands ||
			m.scope == keys.Checklist && (m.list.Detail || screen.LayoutFor(m.w, m.h-5) == screen.OnePane))
	case keys.Freeze:
		d, _ := screen.Moving(s)
		return (moving && !d.Frozen || screen.Raising(s, false)) && !screen.RollbackLive(s)
	case keys.Resume:
		d, _ := screen.Moving(s)
		return (moving && (d.Frozen || d.Stage == run.Stuck) || screen.Raising(s, true)) && !screen.RollbackLive(s)
	case keys.RollBack, keys.Note, keys.Recheck:
		return s.Ended.IsZero() && m.scope != keys.WatchOnly
	case keys.ToGate:
		_, ok := s.OpenPhase()
		return ok && s.Ended.IsZero() && (m.scope != keys.Checklist || !m.gateReady()) // then it is told first
	case keys.Attest, keys.Override, keys.Defer, keys.Start:
		return m.worksOnStep(id)
	case keys.Extend:
		w, ok := s.Watches[screen.WatchStep(s)]
		return ok && s.Ended.IsZero() && (w.Ended.IsZero() || w.Verdict == run.VerdictInconclusive)
	case keys.StatusSent:
		return s.Ended.IsZero() && !s.NextUpdate.IsZero() && !m.now.Before(s.NextUpdate)
	}
	return true
}

func (m *Model) worksOnStep(id keys.ID) bool {
	if m.dialog != nil && m.dialog.scope == keys.Gate {
		step, _, ok := m.blocker()
		return ok && (id == keys.Override && step.IsOverridable() || id == keys.Defer && step.DeferTo != "")
	}
	step, ok := m.chosen()
	if !ok || !m.state.Ended.IsZero() {
		return false
	}
	opens := m.state.StepStatus(step.ID).OpensGate()
	switch id {
	case keys.Start:
		_, deployed := m.state.Deploys[step.ID]
		_, watched := m.state.Watches[step.ID]
		_, phase, _ := screen.StepOf(m.state, step.ID)
		if a := m.state.Actions[step.ID]; a.Stage == run.ActionRunning || a.Stage == run.ActionHolding || a.Stage == run.ActionDone {
			return false
		}
		there := phase == m.state.Phase || phase == len(m.state.Plan.Runbook.Phases) && screen.HasRollbackPhase(m.state)
		return !deployed && !watched && step.Action() != "" && step.Rollback == nil && there
	case keys.Attest:
		return run.ByHand(step) || m.state.Actions[step.ID].Stage == run.ActionInDoubt
	case keys.Override:
		return step.IsOverridable() && !opens && !step.IsManual() && m.state.StepStatus(step.ID) != run.Checking
	}
	return step.DeferTo != "" && !opens
}

// extraHints are keys that say more right now than the general map does; they come first.
func (m *Model) extraHints() []keys.Hint {
	if m.dialog != nil || m.help || !m.state.Ended.IsZero() {
		return nil
	}
	var hints []keys.Hint
	if m.scope == keys.Checklist && m.list.Detail && screen.LayoutFor(m.w, m.h-5) == screen.OnePane {
		hints = append(hints, keys.Hint{ID: keys.Back, Keys: m.key(keys.Back), Label: "list"})
	}
	if m.scope == keys.Checklist && m.gateReady() {
		hints = append(hints, keys.Hint{ID: keys.ToGate, Keys: m.key(keys.ToGate), Label: "open the gate"})
	}
	return hints
}

// gateReady tells whether nothing keeps the gate shut.
func (m *Model) gateReady() bool {
	_, ok := m.state.OpenPhase()
	return ok && m.state.Ended.IsZero() && m.state.Gate == nil && m.state.Rollback == nil && len(m.state.GateBlockers()) == 0
}

// plainTheme is for text that leaves the screen.
func plainTheme() *theme.Theme { return theme.New(theme.Options{}) }
