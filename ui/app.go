package ui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// Model is the whole program: where the person looks, and the newest State.
type Model struct {
	session Session
	options Options
	manners manners
	done    <-chan struct{} // closed when the program is to end; nil: never
	th      *theme.Theme

	state  run.State
	now    time.Time
	w, h   int
	scope  keys.Scope // which screen
	help   bool
	dialog *dialog
	filter string

	list     screen.Checklist
	board    screen.Rollout
	watch    screen.Watch
	rollback screen.Rollback
	report   screen.Report
	log      screen.Commands
	helpTop  int

	notice  run.Notice // the newest answer to the person: the State's, or our own
	blurred bool
	silent  bool // the session publishes no more
	alarm   alarm
	press   press
	asked   string  // step that was started here and whose questions come up by themselves
	opening tea.Cmd // what a form that was just opened wants done
	copied  copied

	ticks   int // generation of the tick chain; older ticks are dropped
	dirty   bool
	drawn   time.Time // when the cached picture was drawn
	resting bool      // Repose was told so
	unseen  bool      // a State came since that is not in it
	touched time.Time // when somebody pressed a key or came back to the window
	cached  tea.View
}

// New makes the program for a session. It touches neither terminal nor environment, so tests can drive it.
func New(s Session, o Options) *Model {
	o.fill()
	m := &Model{session: s, options: o, manners: manners{terminal: *o.Terminal}, w: 80, h: 24, scope: keys.Checklist, dirty: true}
	m.retheme(o.Theme == "light")
	m.state, m.now = s.Latest(), s.Now()
	m.touched = m.now
	m.log.Observe(run.State{}, m.state)
	if m.state.Plan != nil {
		m.begin(keys.Scope(o.First))
	}
	return m
}

// begin looks at the first State that there is.
func (m *Model) begin(first keys.Scope) {
	m.list.Phase = min(m.state.Phase, max(0, len(screen.Phases(m.state))-1))
	m.list.Turn(m.state, 0)
	m.alarm.begin(m.state)
	m.press.seen = m.state.Presses
	switch {
	case first == "" && !m.state.Ended.IsZero():
		m.scope = keys.Report
	case screen.RollbackLive(m.state) || m.state.Only:
		m.scope = keys.Rollback
	case isScreen(first), first == keys.WatchOnly:
		m.scope = first
	}
}

func isScreen(s keys.Scope) bool {
	to, ok := keys.Target(keys.GoTo + keys.ID(s))
	return ok && to == s
}

func (m *Model) retheme(light bool) { m.th = m.options.theme(light) }

type (
	stateMsg struct{ state run.State }
	endedMsg struct{} // the session publishes no more
	tickMsg  struct{ generation int }
)

// Init waits for the first State and starts the clock.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.awaitState(), m.tick()}
	if m.options.Theme == "" {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(append(cmds, m.options.greet()...)...)
}

// breath is the least time between two States that are drawn: a burst of events is one picture.
const breath = 40 * time.Millisecond

// awaitState waits for the next State.
func (m *Model) awaitState() tea.Cmd {
	states, done := m.session.States(), m.done
	return func() tea.Msg {
		pause := time.NewTimer(breath)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-done:
			return endedMsg{}
		}
		select {
		case s, ok := <-states:
			if ok {
				return stateMsg{s}
			}
		case <-done:
		}
		return endedMsg{}
	}
}

// tick wakes the program for its clocks: ten times a second while a fuse burns, else once.
func (m *Model) tick() tea.Cmd {
	m.ticks++
	generation, every := m.ticks, time.Second
	if m.state.Rollback != nil && m.state.Rollback.Stage == run.Fusing {
		every = 100 * time.Millisecond
	} else if !m.state.Ended.IsZero() {
		return nil
	}
	return tea.Tick(every, func(time.Time) tea.Msg { return tickMsg{generation} })
}

// Update takes one message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.now = m.session.Now()
	cmd := m.handle(msg)
	if m.opening != nil {
		cmd, m.opening = tea.Batch(cmd, m.opening), nil
	}
	if m.state.Plan != nil && screen.FuseLive(m.state) {
		m.scope, m.help = keys.Rollback, false // whatever led away from it: a burning fuse is in sight
	}
	m.settle()
	return m, cmd
}

func (m *Model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case stateMsg:
		dirty, scope := m.dirty, m.scope
		cmd := m.took(msg.state)
		if m.blurred && m.scope == scope && m.state.Ended.IsZero() {
			m.dirty, m.unseen = dirty, true // nobody looks: the next tick draws it
		}
		return cmd
	case tickMsg:
		if msg.generation != m.ticks {
			return nil
		}
		if m.outdated() {
			m.dirty = true
		}
		return tea.Batch(m.tick(), m.overdue())
	case endedMsg:
		m.silent, m.dirty = true, true
	case tea.KeyPressMsg:
		m.dirty, m.touched = true, m.now
		return m.pressed(msg)
	case tea.PasteMsg:
		m.dirty = true
		m.pasted(msg.Content)
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		m.mouse(msg)
		m.dirty, m.touched = true, m.now
	case tea.WindowSizeMsg:
		m.w, m.h, m.dirty = msg.Width, msg.Height, true
		m.refit()
	case tea.BackgroundColorMsg:
		if m.options.Theme == "" && !msg.IsDark() != m.th.Light {
			m.retheme(!msg.IsDark())
			m.refit()
			m.dirty = true
		}
	case tea.TerminalVersionMsg, outerMsg:
		m.manners.learn(msg)
	case tea.FocusMsg:
		m.blurred, m.dirty, m.touched = false, true, m.now
	case tea.BlurMsg:
		m.blurred = true
	default:
		return m.toForm(msg) // its own messages, such as that a field is done
	}
	return nil
}

// took takes a new State: the cursor follows what it was on, a rollback comes to the front, what is loud rings.
func (m *Model) took(s run.State) tea.Cmd {
	before := m.state
	m.state, m.dirty = s, true
	m.log.Observe(before, s)
	if before.Plan == nil {
		m.begin(keys.Scope(m.options.First))
		return tea.Batch(m.awaitState(), m.tick())
	}
	m.follow(before)
	if screen.FuseLive(before) && !screen.FuseLive(s) {
		m.notice = run.Notice{} // what was said of the fuse is over
	}
	if s.Notice.Text != "" && s.Notice != before.Notice {
		m.notice = s.Notice
	}
	if screen.RollbackLive(s) && s.Presses != m.press.seen {
		m.comeUp(s.Presses)
		m.scope, m.help = keys.Rollback, false
		m.list.Turn(s, len(screen.Phases(s))) // its last is the rollback procedure
		if d := m.dialog; d != nil && d.field == nil && d.text == nil {
			m.dialog = nil // a question about something that is no longer the point
		}
	}
	m.askReason()
	m.comeQuestions()
	if before.Ended.IsZero() && !s.Ended.IsZero() && m.dialog == nil {
		m.scope, m.help = keys.Report, false
	}
	cmds := []tea.Cmd{m.awaitState(), m.ring(s)}
	if fusing(before) != fusing(s) || before.Ended.IsZero() != s.Ended.IsZero() {
		cmds = append(cmds, m.tick())
	}
	return tea.Batch(cmds...)
}

func fusing(s run.State) bool { return s.Rollback != nil && s.Rollback.Stage == run.Fusing }

// follow keeps the cursor where the person expects it.
func (m *Model) follow(before run.State) {
	s := m.state
	phases := screen.Phases(s)
	switch {
	case len(phases) == 0:
		return
	case s.Phase != before.Phase && m.list.Phase == before.Phase && s.Phase < len(phases):
		m.list.Turn(s, s.Phase-m.list.Phase)
	case m.list.Phase >= len(phases):
		m.list.Turn(s, 0)
	case m.list.Step == "":
		m.list.Turn(s, 0)
	case !before.StepStatus(m.list.Step).OpensGate() && s.StepStatus(m.list.Step).OpensGate() && m.dialog == nil:
		m.onward(phases)
	}
}

// onward moves the cursor from a step that was just ticked to the next one of its phase that needs somebody.
func (m *Model) onward(phases []runbook.Phase) {
	past := false
	for step := range run.PhaseSteps(phases[m.list.Phase]) {
		if past && screen.NeedsSomebody(m.state, step) {
			m.list.Step, m.list.DetailTop = step.ID, 0
			return
		}
		past = past || step.ID == m.list.Step
	}
	if id := screen.FirstOpen(m.state, phases[m.list.Phase]); !m.state.StepStatus(id).OpensGate() {
		m.list.Step, m.list.DetailTop = id, 0
	}
}

// View is drawn again only after something changed: Bubble Tea asks for it after every message.
func (m *Model) View() tea.View {
	if m.dirty {
		m.cached = m.options.view(m.th.Encode(strings.Join(m.draw(), "\n")))
		if !m.options.Terminal.Console { // which has no window, and may write its title on the screen
			m.cached.WindowTitle = m.windowTitle()
		}
		m.cached.ProgressBar = m.progressBar()
		m.dirty, m.unseen, m.drawn = false, false, m.now
	}
	return m.cached
}
