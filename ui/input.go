package ui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
)

// inputScope is where a key goes.
func (m *Model) inputScope() keys.Scope {
	switch {
	case m.dialog != nil:
		return m.dialog.scope
	case m.help:
		return keys.HelpPage
	case screen.FuseLive(m.state):
		return keys.Fuse
	}
	return m.scope
}

// footerScope is the scope whose keys the footer tells.
func (m *Model) footerScope() keys.Scope { return m.inputScope() }

// key is how the first key of an action is written.
func (m *Model) key(id keys.ID) string { return m.options.Keys.Key(id) }

// pressed takes a key.
func (m *Model) pressed(k tea.KeyPressMsg) tea.Cmd {
	if m.state.Plan == nil { // there is nothing to act on yet
		if k.String() == "q" || k.String() == "ctrl+c" {
			return tea.Quit
		}
		return nil
	}
	scope, key := m.inputScope(), k.String()
	id, known := m.options.Keys.Match(scope, key)
	if instead := m.barred(); instead != "" && known {
		if id == keys.Quit && m.dialog == nil {
			return tea.Quit // who only looks on leaves nothing behind
		}
		if keys.Wants(id) {
			m.say(instead)
			return nil
		}
	}
	if known && id == keys.RollBack {
		m.rollBack()
		return nil
	}
	if m.dialog != nil {
		return m.answer(k, id)
	}
	if !known {
		return nil
	}
	switch scope {
	case keys.HelpPage:
		m.helpKey(id)
		if id == keys.Quit {
			return m.quit(key)
		}
		return nil
	case keys.Fuse:
		m.fuseKey(id)
		if id == keys.Quit || id == keys.Help {
			m.say(m.fuseWords())
		}
		return nil
	}
	return m.command(id, key)
}

// command does what a key means on a screen.
func (m *Model) command(id keys.ID, key string) tea.Cmd {
	if to, ok := keys.Target(id); ok {
		m.scope = to
		return nil
	}
	if instead := m.barred(); instead != "" && keys.Wants(id) { // chosen in the palette while they still could
		m.say(instead)
		return nil
	}
	switch id {
	case keys.Quit:
		return m.quit(key)
	case keys.Help:
		m.openHelp()
	case keys.Note:
		m.note(key)
	case keys.Copy:
		return m.copy()
	case keys.CopyQuery:
		return m.copyQuery()
	case keys.Recheck:
		m.recheck()
	case keys.ToGate:
		m.gate(key)
	case keys.Freeze:
		m.session.Send(run.Freeze{})
	case keys.Resume:
		m.resume(key)
	case keys.StatusSent:
		m.statusUpdate(key)
	case keys.Filter:
		m.openFilter(key)
	case keys.OpenPalette:
		m.openPalette(key)
	default:
		m.screenKey(id, key)
	}
	return nil
}

// answer takes a key while a dialog is open.
func (m *Model) answer(k tea.KeyPressMsg, id keys.ID) tea.Cmd {
	d, key := m.dialog, k.String()
	if id == keys.Quit {
		m.closeDialog()
		if d.done != nil {
			return nil // ctrl+c at the question whether to leave: no
		}
		return m.quit(key)
	}
	if m.deaf() {
		return nil
	}
	if d.form != nil && id != keys.Back {
		return m.formKey(k)
	}
	switch id {
	case keys.Back, keys.No:
		m.closeDialog()
	case keys.Yes, keys.Accept:
		return m.accept()
	case keys.Up, keys.Down, keys.Open, keys.Override, keys.Recheck, keys.Defer, keys.Abort:
		m.choose(id, key)
	default:
		if d.field != nil && d.field.key(k) {
			m.edited()
		} else if d.scope == keys.Confirm && key == "enter" && d.by != "enter" && !k.IsRepeat {
			return m.accept()
		}
	}
	return nil
}

func (m *Model) closeDialog() {
	d := m.dialog
	m.dialog = nil
	if d.leave != nil {
		d.leave()
	}
}

// accept takes the answer.
func (m *Model) accept() tea.Cmd {
	d := m.dialog
	text := ""
	if d.field != nil {
		text = d.field.String()
	}
	m.dialog = nil
	if d.choose != nil {
		if d.hot >= 0 && d.hot < len(d.menu) {
			return m.command(d.menu[d.hot].ID, ":")
		}
		return nil
	}
	d.yes(text)
	if d.done != nil && d.done() {
		return tea.Quit
	}
	return nil
}

// edited follows a field that filters or searches.
func (m *Model) edited() {
	if d := m.dialog; d.typed != nil {
		d.typed(string(d.field.text))
	}
}

// pasted text goes into a field or nowhere: it is never a key.
func (m *Model) pasted(text string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text) // terminals send what enter sends
	if m.dialog != nil && m.dialog.form != nil && !m.deaf() {
		m.opening = m.toForm(tea.PasteMsg{Content: string(run.MakeSafeText(text, run.MaxMessage))})
		return
	}
	if m.dialog == nil || m.dialog.field == nil || m.deaf() {
		return
	}
	m.dialog.field.insert(text)
	m.edited()
}

// noticeTime is how long an answer to the person stands there.
const noticeTime = 8 * time.Second

func (m *Model) say(text string) {
	m.notice = run.Notice{At: m.now, Text: run.MakeSafe(text, 300)}
}

func (m *Model) noticeText() string {
	switch {
	case m.notice.Text != "" && m.now.Sub(m.notice.At) <= m.human(noticeTime):
		return string(m.notice.Text)
	case m.silent && m.state.Plan != nil && m.state.Ended.IsZero():
		if _, guest := m.session.(Guest); guest {
			return "the process of this run is gone: leave with q; sop resume goes on with it"
		}
		return "nothing more comes from this run: leave with q and go on with sop resume"
	case m.filter != "":
		return "only what contains " + strconv.Quote(m.filter) + " is shown; esc shows all"
	}
	return ""
}

func (m *Model) openFilter(by string) {
	before := m.filter
	d := m.narrow(by, "Show only what contains", "filter (enter keeps it, esc shows all)", func(text string) { m.filter = text })
	d.field.insert(before)
	d.typed = func(text string) { m.filter = strings.TrimSpace(text) }
	d.leave = func() { m.filter = "" }
}

func (m *Model) openPalette(by string) {
	all := m.commands()
	d := m.narrow(by, "Command", "type its name", nil)
	d.scope, d.choose, d.hot = keys.Palette, func(keys.ID) {}, 0
	d.typed = func(text string) {
		d.menu, d.hot = nil, 0
		for _, h := range all {
			if strings.Contains(strings.ToLower(h.Label+" "+h.Help), strings.ToLower(strings.TrimSpace(text))) {
				d.menu = append(d.menu, h)
			}
		}
	}
	d.typed("")
}

// commands are what the palette offers: what works now, but neither moving about nor the single key, which is faster.
func (m *Model) commands() []keys.Hint {
	var list []keys.Hint
	for _, h := range m.options.Keys.HelpLines(m.scope) {
		switch h.ID {
		case keys.Up, keys.Left, keys.PageUp, keys.First, keys.OpenPalette, keys.RollBack, keys.Back:
			continue
		}
		if m.works(h.ID) {
			list = append(list, h)
		}
	}
	return list
}
