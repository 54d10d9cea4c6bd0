package ui

import (
	"context"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// How the program behaves in somebody else's terminal: what it may send there beyond the picture. A terminal is only
// sent what it is known to understand; whatever is not known stays with the bell.

// theme makes the theme for a background.
func (o Options) theme(light bool) *theme.Theme {
	t := o.Terminal.Options()
	t.Light = light || o.Theme == "" && t.Light
	t.ASCII = t.ASCII || o.ASCII
	if o.NoColor {
		t.Colours = theme.NoColour
	}
	return theme.New(t)
}

// program is how Bubble Tea runs on this terminal.
func (o Options) program(ctx context.Context) []tea.ProgramOption {
	profile := o.Terminal.Profile()
	if o.NoColor {
		profile = theme.Terminal{}.Profile()
	}
	opts := []tea.ProgramOption{tea.WithContext(ctx), tea.WithFPS(fps), tea.WithColorProfile(profile), tea.WithFilter(o.filter)}
	return append(opts, o.programs...)
}

// filter keeps the terminal's offer of synchronised output away from the renderer when it is not wanted.
func (o Options) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	if mode, ok := msg.(tea.ModeReportMsg); ok && o.Sync == "off" && mode.Mode == ansi.ModeSynchronizedOutput {
		return nil
	}
	return msg
}

// view is a picture with what goes with every picture.
func (o Options) view(content string) tea.View {
	v := tea.NewView(content)
	v.AltScreen, v.ReportFocus = true, true
	if o.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// greet is what is asked of the terminal, or said to the renderer, at the start.
func (o Options) greet() (cmds []tea.Cmd) {
	if o.Sync == "on" && !o.Terminal.Tmux { // over SSH it is never asked for; tmux would answer for itself
		cmds = append(cmds, func() tea.Msg {
			return tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeReset}
		})
	}
	switch t := o.Terminal; {
	case t.Tmux && o.Outer != nil:
		cmds = append(cmds, func() tea.Msg { return outerMsg{o.Outer()} })
	case t.Telling == theme.Untold && !t.Bar && !t.Console && !t.Dumb && !t.Screen && o.asks:
		cmds = append(cmds, tea.RequestTerminalVersion)
	}
	return cmds
}

// outerMsg names the terminal around tmux; empty: it lets nothing through.
type outerMsg struct{ name string }

// manners are what the terminal is known to understand by now.
type manners struct {
	terminal theme.Terminal
	through  bool // tmux hands on what is wrapped for the terminal around it
}

// learn takes what the terminal answered.
func (n *manners) learn(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.TerminalVersionMsg:
		n.terminal = n.terminal.Known(msg.Name)
	case outerMsg:
		outer := theme.Terminal{}.Known(msg.name)
		n.terminal.Telling, n.through = outer.Telling, msg.name != ""
	}
}

// wrapped hands a sequence through tmux.
func (n *manners) wrapped(seq string) string {
	if n.terminal.Tmux {
		return ansi.TmuxPassthrough(seq)
	}
	return seq
}

// bell rings. With words the desktop is told too, where the terminal is known to pass that on.
func (n *manners) bell(text run.Safe, words bool) tea.Cmd {
	seq := "\a"
	said := "sop: " + plainText(string(text), 120)
	switch {
	case !words || n.terminal.Tmux && !n.through:
	case n.terminal.Telling == theme.OSC9:
		seq += n.wrapped(ansi.Notify(said))
	case n.terminal.Telling == theme.OSC777:
		seq += n.wrapped(ansi.URxvtExt("notify", "sop", strings.ReplaceAll(plainText(string(text), 120), ";", ",")))
	}
	return tea.Raw(seq)
}

// plainText is text that ends no control sequence and begins none.
func plainText(s string, most int) string { return string(run.MakeSafe(s, most)) }

// clipboard sets the clipboard of the person's machine, over SSH too. tmux takes it for itself, and hands it on only
// when it is wrapped.
func (n *manners) clipboard(text string) tea.Cmd {
	switch {
	case n.terminal.Tmux && n.through:
		return tea.Sequence(tea.SetClipboard(text), tea.Raw(ansi.TmuxPassthrough(ansi.SetSystemClipboard(text))))
	case n.terminal.Screen:
		return tea.Raw(ansi.ScreenPassthrough(ansi.SetSystemClipboard(text), screenLimit))
	}
	return tea.SetClipboard(text)
}

// screenLimit is how long a sequence GNU screen hands on.
const screenLimit = 768

// bar tells whether the terminal's own progress bar may be set.
func (n *manners) bar(progress string) bool {
	switch progress {
	case "on":
		return !n.terminal.Tmux && !n.terminal.Screen && !n.terminal.Console
	case "off":
		return false
	}
	return n.terminal.Bar
}

// detect is what the environment says of the terminal.
func detect() *theme.Terminal {
	t := theme.Detect(os.Getenv)
	return &t
}
