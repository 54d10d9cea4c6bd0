package ui

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"charm.land/bubbles/v2/cursor"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

// fill opens a dialog with a form; yes is called when it was filled in.
func (m *Model) fill(by, title string, lines []string, yes func(), fields ...huh.Field) *dialog {
	d := m.question(by, title, lines, yes)
	d.scope, d.held, d.last = keys.Text, m.now, fields[len(fields)-1]
	d.form = huh.NewForm(huh.NewGroup(fields...)).WithShowHelp(false).WithShowErrors(true).WithKeyMap(formKeys())
	m.refit()
	m.opening = d.form.Init()
	return d
}

// ask opens a dialog with a form of one text: a note, or a reason, of at least so many characters.
func (m *Model) ask(by, title, label string, least int, lines []string, yes func(string)) *dialog {
	text := ""
	d := m.fill(by, title, lines, func() { yes(oneLine(text)) }, m.noteField(&text, least))
	d.label, d.text, d.least = label, &text, least
	return d
}

// noteField is a field for what goes into the journal as one line, however long.
func (m *Model) noteField(text *string, least int) huh.Field {
	rows := 2
	if m.h < 20 {
		rows = 1
	}
	return huh.NewText().Value(text).Lines(rows).CharLimit(maxField).ExternalEditor(false).Validate(func(s string) error {
		if more := missing(s, least); more != "" {
			return errors.New("too short: " + more + "; esc leaves it")
		}
		return nil
	})
}

// oneLine is a text as it goes into the journal.
func oneLine(text string) string {
	return strings.TrimSpace(string(run.MakeSafe(strings.TrimSpace(text), 2*maxField)))
}

// missing says how much is missing of a text; empty when it is long enough.
func missing(text string, least int) string {
	n := least - len([]rune(oneLine(text)))
	if n <= 0 {
		return ""
	}
	return plural(n, "character more", "characters more")
}

// refit makes the form that is open fit the terminal and look like it.
func (m *Model) refit() {
	if d := m.dialog; d != nil && d.form != nil {
		d.form = d.form.WithTheme(formTheme(m.th)).WithWidth(max(20, min(m.w-5, 110)))
	}
}

// formKey gives a key to the form. The key that opened it, while it is held down, is no answer; nor is the clipboard of
// the machine that sop runs on, which is seldom the person's own. Only enter takes the last field.
func (m *Model) formKey(k tea.KeyPressMsg) tea.Cmd {
	d, key := m.dialog, k.String()
	if key == d.by && (k.IsRepeat || m.now.Sub(d.held) < m.human(grace)) {
		d.held = m.now
		return nil
	}
	d.by, d.opened = "", time.Time{} // it was let go
	if key == "ctrl+v" || key == "tab" && d.form.GetFocusedField() == d.last {
		return nil
	}
	return m.toForm(k)
}

// toForm gives a message to the form that is open, and takes its answers when it is filled in. Its cursor does not
// blink: that would draw the picture twice a second for nothing.
func (m *Model) toForm(msg tea.Msg) tea.Cmd {
	d := m.dialog
	if d == nil || d.form == nil || isBlink(msg) {
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

// isBlink tells whether a message only lets a cursor blink: what cursors say to themselves is about nothing else.
func isBlink(msg tea.Msg) bool {
	t := reflect.TypeOf(msg)
	return t != nil && t.PkgPath() == reflect.TypeFor[cursor.BlinkMsg]().PkgPath()
}

// formLines draw the form.
func (d *dialog) formLines() []string {
	if d.form == nil {
		return nil
	}
	return strings.Split(strings.TrimRight(d.form.View(), "\n "), "\n")
}
