package ui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// Home is the screen that sop opens with: what can be started, gone on with, practised and looked back at. It does
// nothing itself. What a person chooses is a command line, and showing it teaches the commands.
//
// The law of the screens holds here too: pasted text is never a key, nothing begins by one key alone, and R only leads
// to the question what to roll back.
type Home struct {
	shelf   Shelf
	options Options
	manners manners
	th      *theme.Theme
	w, h    int

	list    screen.Home
	filter  string
	help    bool
	helpTop int
	line    *line // a filter or a command that is being typed
	form    *form // what a run needs, being asked
	said    string
	saidAt  time.Time

	runbooks []RunbookCard
	drills   []DrillCard
	runs     []RunCard
	sites    []string
	lost     string // why the runs cannot be listed
	looking  map[screen.HomePart]bool

	choice Choice
	dirty  bool
	cached tea.View
}

// NewHome makes the home screen. It touches neither terminal nor disk, so tests can drive it.
func NewHome(s Shelf, o Options) *Home {
	o.fill()
	h := &Home{shelf: s, options: o, manners: manners{terminal: *o.Terminal}, w: 80, h: 24, dirty: true}
	h.th = o.theme(o.Theme == "light")
	h.list.Part = screen.StartRun
	return h
}

// Show runs the screen until the person chose something or left. It can be shown again, and is then where it was.
func (h *Home) Show(ctx context.Context) (Choice, error) {
	h.choice, h.form, h.line, h.help, h.dirty = Choice{}, nil, nil, false, true
	h.said, h.options.asks = "", true
	err := h.options.show(ctx, func(<-chan struct{}) tea.Model { return h })
	return h.choice, err
}

type (
	runbooksMsg struct {
		list  []RunbookCard
		sites []string
	}
	drillsMsg struct{ list []DrillCard }
	runsMsg   struct {
		list []RunCard
		err  error
	}
)

// Init asks for all that there is, in the background.
func (h *Home) Init() tea.Cmd {
	cmds := []tea.Cmd{h.look()}
	if h.options.Theme == "" {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(append(cmds, h.options.greet()...)...)
}

func (h *Home) look() tea.Cmd {
	h.looking = map[screen.HomePart]bool{screen.StartRun: true, screen.Practise: true, screen.PastRuns: true}
	s := h.shelf
	return tea.Batch(
		func() tea.Msg { return runbooksMsg{s.Runbooks(), s.Sites()} },
		func() tea.Msg { return drillsMsg{s.Drills()} },
		func() tea.Msg { list, err := s.Runs(); return runsMsg{list, err} },
	)
}

// Update takes one message.
func (h *Home) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if isBlink(msg) {
		return h, nil
	}
	h.dirty = true
	return h, h.handle(msg)
}

func (h *Home) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case runbooksMsg:
		h.runbooks, h.sites, h.looking[screen.StartRun] = msg.list, msg.sites, false
	case drillsMsg:
		h.drills, h.looking[screen.Practise] = msg.list, false
	case runsMsg:
		h.runs, h.looking[screen.PastRuns], h.lost = msg.list, false, ""
		if msg.err != nil {
			h.lost = msg.err.Error()
		}
	case tea.TerminalVersionMsg, outerMsg:
		h.manners.learn(msg)
	case loadedMsg:
		return h.loaded(msg)
	case tea.KeyPressMsg:
		return h.pressed(msg)
	case tea.PasteMsg:
		return h.pasted(msg.Content)
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		h.mouse(msg)
	case tea.WindowSizeMsg:
		h.w, h.h = msg.Width, msg.Height
		h.form.resize(h.formSize())
	case tea.BackgroundColorMsg:
		if h.options.Theme == "" && !msg.IsDark() != h.th.Light {
			h.th = h.options.theme(!msg.IsDark())
			h.form.retheme(h.th)
		}
	default:
		return h.tell(msg) // a message of a field to itself
	}
	return nil
}

// scope is where a key goes.
func (h *Home) scope() keys.Scope {
	switch {
	case h.line != nil && h.line.all != nil:
		return keys.Palette
	case h.line != nil:
		return keys.Text
	case h.help:
		return keys.HelpPage
	case h.form != nil && h.form.ready():
		return keys.Begin
	case h.form != nil:
		return keys.Form
	}
	return keys.Home
}

func (h *Home) pressed(k tea.KeyPressMsg) tea.Cmd {
	scope := h.scope()
	id, known := h.options.Keys.Match(scope, k.String())
	if known && id == keys.Quit {
		return tea.Quit
	}
	switch scope {
	case keys.Text, keys.Palette:
		return h.typed(k, id)
	case keys.HelpPage:
		h.helpKey(id)
	case keys.Form:
		if id == keys.Back {
			h.form = nil
			return nil
		}
		return h.fieldKey(k)
	case keys.Begin:
		return h.beginKey(k, id)
	default:
		if known {
			return h.command(id)
		}
	}
	return nil
}

// command does what a key means on the list.
func (h *Home) command(id keys.ID) tea.Cmd {
	l := h.entries()
	page := max(1, h.h-8)
	switch id {
	case keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.First, keys.Last:
		h.list.Move(l, map[keys.ID]int{
			keys.Up: -1, keys.Down: 1, keys.PageUp: -page, keys.PageDown: page, keys.First: -1 << 20, keys.Last: 1 << 20,
		}[id])
	case keys.NextFocus:
		h.list.Turn(l, 1)
	case keys.PrevFocus:
		h.list.Turn(l, -1)
	case keys.Open:
		return h.open()
	case keys.ToRollback:
		return h.toRollback()
	case keys.Reload:
		return h.look()
	case keys.Copy:
		if e, ok := h.list.Chosen(l); ok {
			return h.clip(e.Command)
		}
	case keys.Filter:
		h.line = &line{label: "show only what contains (enter keeps it, esc shows all)"}
		h.line.insert(h.filter)
	case keys.OpenPalette:
		h.openPalette()
	case keys.Help:
		h.help, h.helpTop = true, 0
	case keys.Back:
		h.filter = ""
	}
	return nil
}

// open goes on with what is chosen: to its form, to the question, or to its report.
func (h *Home) open() tea.Cmd {
	e, ok := h.list.Chosen(h.entries())
	if !ok {
		return nil
	}
	switch e.Part {
	case screen.StartRun:
		for _, c := range h.runbooks {
			if c.Name == e.ID && c.Problem != "" {
				h.say("it cannot be run: " + c.Problem)
				return nil
			}
		}
		return h.askRun(e.ID)
	case screen.Practise:
		return h.askDrill(e)
	case screen.GoOn:
		return h.askResume(e)
	}
	for _, c := range h.runs {
		if c.ID == e.ID && c.Damage != "" {
			h.say("it cannot be read: " + string(c.Damage))
			return nil
		}
	}
	h.choice = Choice{Report: e.ID}
	return tea.Quit
}

// say puts an answer to the person where the rule is.
func (h *Home) say(text string) {
	h.said, h.saidAt = plainText(text, 300), h.shelf.Now()
}

func (h *Home) notice() string {
	switch wrong := h.form.wrong(); {
	case wrong != "":
		return wrong
	case h.said != "" && h.shelf.Now().Sub(h.saidAt) <= noticeTime:
		return h.said
	case h.filter != "" && h.line == nil && h.form == nil:
		return "only what contains \"" + h.filter + "\" is shown; esc shows all"
	}
	return ""
}

// clip copies a command line.
func (h *Home) clip(command string) tea.Cmd {
	if command == "" {
		h.say("there is nothing to copy here")
		return nil
	}
	h.say("copied the command, if the terminal allows it (OSC 52)")
	return h.manners.clipboard(plainText(command, mostClip))
}

func (h *Home) helpKey(id keys.ID) {
	n := map[keys.ID]int{keys.Up: -1, keys.Down: 1, keys.PageUp: -max(1, h.h-8), keys.PageDown: max(1, h.h-8), keys.First: -1 << 20, keys.Last: 1 << 20}[id]
	h.helpTop = max(0, h.helpTop+n)
	if id == keys.Back || id == keys.Help {
		h.help = false
	}
}

// mouse scrolls and chooses. It never acts.
func (h *Home) mouse(msg tea.Msg) {
	if h.form != nil || h.line != nil {
		return
	}
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		n := wheel(msg)
		if h.help {
			h.helpTop = max(0, h.helpTop+n)
			return
		}
		h.list.Move(h.entries(), n)
	case tea.MouseClickMsg:
		if msg.Button == tea.MouseLeft && !h.help {
			h.list.Click(h.entries(), msg.Y-homeHead)
		}
	}
}

// wheel is how far a turn of the wheel goes.
func wheel(msg tea.MouseWheelMsg) int {
	switch msg.Button {
	case tea.MouseWheelUp:
		return -1
	case tea.MouseWheelDown:
		return 1
	}
	return 0
}

// homeHead is how many lines stand above the list.
const homeHead = 2

// View is drawn again only after something changed.
func (h *Home) View() tea.View {
	if h.dirty {
		h.cached = h.options.view(h.th.Encode(strings.Join(h.draw(), "\n")))
		if !h.options.Terminal.Console {
			h.cached.WindowTitle = "sop"
		}
		h.dirty = false
	}
	return h.cached
}
