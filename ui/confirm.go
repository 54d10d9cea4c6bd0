package ui

import (
	"time"

	"charm.land/huh/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// grace is how long what opens by itself takes no key: a finger that was on its way meant something else. It is the
// person's time, so it is stretched where the run's time goes faster.
const grace = 400 * time.Millisecond

func (m *Model) human(d time.Duration) time.Duration {
	return time.Duration(float64(d) * max(1, m.options.Speed))
}

// dialog is a question, a form, or a field that narrows something down while it is typed into.
type dialog struct {
	scope  keys.Scope
	title  string
	lines  []string
	loud   bool
	label  string
	field  *field // nil: none
	by     string // the key that opened it, which therefore does not answer it; empty: it opened by itself
	opened time.Time
	hot    int           // chosen line; -1: none can be chosen
	steps  []string      // of a gate: the steps that block, one a line
	yes    func(string)  // what happens with the answer; the text is empty without a field
	typed  func(string)  // called with every change of the text; may be nil
	leave  func()        // called when it is closed without an answer; may be nil
	done   func() bool   // tells that the answer ends the program; may be nil
	form   *huh.Form     // nil: no form
	last   huh.Field     // of the form: enter there takes it
	text   *string       // of a form that is one text: what was typed so far; else nil
	least  int           // characters that the text must have at least
	held   time.Time     // when the key that opened the form was down last
	menu   []keys.Hint   // of a palette: the commands that match
	choose func(keys.ID) // of a palette
}

// question opens a dialog with yes and no.
func (m *Model) question(by, title string, lines []string, yes func()) *dialog {
	m.dialog = &dialog{scope: keys.Confirm, title: title, lines: lines, by: by, opened: m.now, hot: -1, yes: func(string) { yes() }}
	return m.dialog
}

// narrow opens a dialog with a field that is no form: what it narrows down follows every key.
func (m *Model) narrow(by, title, label string, yes func(string)) *dialog {
	m.dialog = &dialog{scope: keys.Text, title: title, label: label, field: &field{}, by: by, opened: m.now, hot: -1, yes: yes}
	return m.dialog
}

// deaf tells whether the dialog opened by itself only just now.
func (m *Model) deaf() bool {
	return m.dialog.by == "" && m.now.Sub(m.dialog.opened) < m.human(grace)
}

// draw makes the dialog's picture.
func (d *dialog) draw(th *theme.Theme, w int) screen.Dialog {
	p := screen.Dialog{Title: d.title, Lines: d.lines, Loud: d.loud, Hot: d.hot, Label: d.label}
	p.Form = d.formLines()
	if d.field != nil {
		p.Field = d.field.view(th, w-5)
	}
	if d.text != nil && d.least > 1 {
		p.Hint = missing(*d.text, d.least)
	}
	if d.scope == keys.Palette {
		p.Lines = nil
		for _, h := range d.menu {
			p.Lines = append(p.Lines, theme.Truncate(theme.PadRight(h.Keys, 10)+theme.PadRight(h.Label, 16)+h.Help, w-5))
		}
	}
	return p
}

// press remembers the single key, so that what comes in its wake is told apart.
type press struct {
	seen   int       // presses that the newest State knew of
	lit    time.Time // when the fuse came up on the screen
	own    time.Time // when R was pressed here last
	alone  bool      // the fuse came up without a press here
	reason int       // press whose reason was asked for
}

// ours is how long after a press here a fuse counts as lit by it.
const ours = 5 * time.Second

// comeUp is when a rollback came to the front.
func (m *Model) comeUp(n int) {
	p := &m.press
	p.seen, p.alone = n, p.own.IsZero() || m.now.Sub(p.own) > m.human(ours)
	p.lit = p.own
	if p.alone {
		p.lit = m.now
	}
}

// rollBack is the single key: it sends at once and shows the rollback.
func (m *Model) rollBack() {
	if m.scope == keys.WatchOnly {
		m.dialog, m.help = nil, false
		m.say("this watch wrote nothing: there is nothing to undo. sop rollback undoes what a run deployed")
		return
	}
	m.dialog, m.help, m.scope = nil, false, keys.Rollback
	if screen.RollbackLive(m.state) || !m.press.own.IsZero() && m.now.Sub(m.press.own) < m.human(grace) {
		return // the key repeats itself, or a second finger came down
	}
	m.press.own = m.now
	m.session.Send(run.Rollback{})
}

// fuseKey takes a key while the fuse burns or asks.
func (m *Model) fuseKey(id keys.ID) {
	soon := m.now.Sub(m.press.lit) < m.human(grace)
	switch {
	case id == keys.Burn && soon:
		m.say("too soon: press " + m.key(keys.Burn) + " once more to roll back now")
	case id == keys.Burn:
		m.send(run.Burn{})
	case id == keys.TakeBack && soon && m.press.alone:
	case id == keys.TakeBack:
		m.send(run.TakeBack{})
	}
}

func (m *Model) fuseWords() string {
	return "the fuse burns: " + m.key(keys.Burn) + " rolls back now, " + m.key(keys.TakeBack) + " takes it back"
}

// askReason asks why it was rolled back once every patch is out. Before that nobody has time for it.
func (m *Model) askReason() {
	r := m.state.Rollback
	if r == nil || r.Burnt.IsZero() || r.Reason != "" || m.press.reason == r.N || m.dialog != nil || !m.state.Ended.IsZero() || m.barred() != "" {
		return
	}
	for _, p := range r.Pins {
		if !m.state.Envs[r.Env].Components[p.Component].Undo.Accepted {
			return
		}
	}
	m.press.reason = r.N
	m.reason("")
}

func (m *Model) reason(by string) {
	m.ask(by, "Why was it rolled back?", "reason, for the report (esc: later, "+m.key(keys.Note)+" asks again)", 1, nil, func(text string) {
		m.send(run.Reason{Text: text})
	})
}
