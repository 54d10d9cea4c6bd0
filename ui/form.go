package ui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"github.com/politicalsphere/sop/ui/keys"
)

// fill opens a dialog with a form; yes is called when it was filled in.
func (m *Model) fill(by, title string, lines []string, yes func(), fields ...huh.Field) {
	d := m.question(by, title, lines, yes)
	d.scope = keys.Text
	d.held = m.now
	d.form = huh.NewForm(huh.NewGroup(fields...)).WithShowHelp(false).WithShowErrors(true).WithTheme(formTheme(m.th)).WithKeyMap(formKeys()).
		WithWidth(m.formWidth())
	m.opening = d.form.Init()
}

// formWidth is the room of a form in a dialog.
func (m *Model) formWidth() int { return max(20, min(m.w-5, 110)) }

// formKey gives a key to the form. The key that opened it, while it is held down, is no answer; nor is the clipboard of
// the machine that sop runs on, which is seldom the person's own.
func (m *Model) formKey(k tea.KeyPressMsg) tea.Cmd {
	d := m.dialog
	if k.String() == d.by {
		early := k.IsRepeat || m.now.Sub(d.held) < m.human(grace)
		if d.held = m.now; early {
			return nil
		}
		d.by = "" // it was let go
		d.opened = time.Time{}
	}
	if k.String() == "ctrl+v" {
		return nil
	}
	return m.toForm(k)
}

// toForm gives a message to the form that is open, and takes its answers when it is filled in.
func (m *Model) toForm(msg tea.Msg) tea.Cmd {
	d := m.dialog
	if d == nil || d.form == nil {
		return nil
	}
	form, cmd := d.form.Update(msg)
	d.form = form.(*huh.Form)
	m.dirty = true
	switch d.form.State {
	case huh.StateCompleted:
		m.dialog = nil
		d.yes("")
		return nil
	case huh.StateAborted:
		m.dialog = nil
	}
	return cmd
}

// formLines draw the form.
func (d *dialog) formLines() []string {
	if d.form == nil {
		return nil
	}
	return strings.Split(strings.TrimRight(d.form.View(), "\n "), "\n")
}
