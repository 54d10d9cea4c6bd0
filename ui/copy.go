package ui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
)

// again is how soon a second press of the same key means more than the first.
const again = 2 * time.Second

// copied remembers what was copied last, so that a second press copies only the query.
type copied struct {
	step string
	at   time.Time
}

// copy puts the evidence, or what the screen is about, into the clipboard. On the checklist a second press copies only
// the exact calls.
func (m *Model) copy() tea.Cmd {
	text, what := "", "the screen"
	switch m.scope {
	case keys.Checklist:
		if m.copied.step == m.list.Step && m.now.Sub(m.copied.at) < m.human(again) {
			return m.copyQuery()
		}
		text, what = screen.Evidence(m.state, m.list.Step), "the evidence of "+m.chosenTitle()
		m.copied = copied{m.list.Step, m.now}
	case keys.Watch, keys.WatchOnly:
		text, what = m.watch.Value(m.bodyFrame(4)), "the value under the crosshair"
	case keys.Commands:
		if call, ok := m.log.Chosen(m.frame()); ok {
			text, what = call.Text(), "the chosen call"
		}
	default:
		text = m.text()
	}
	return m.clip(text, what)
}

// copyQuery puts the exact calls behind the chosen box into the clipboard, and nothing else.
func (m *Model) copyQuery() tea.Cmd {
	m.copied = copied{}
	if m.scope == keys.Commands {
		call, _ := m.log.Chosen(m.frame())
		return m.clip(call.What, "the chosen call alone")
	}
	text := screen.Queries(m.state, m.list.Step)
	if text == "" {
		m.say("nothing was asked for " + m.chosenTitle() + " yet: there is no query to copy")
		return nil
	}
	what := "the query of "
	if n := strings.Count(text, "\n") + 1; n > 1 {
		what = fmt.Sprintf("the %d queries of ", n)
	}
	return m.clip(text, what+m.chosenTitle())
}

func (m *Model) chosenTitle() string {
	step, _ := m.chosen()
	return clean(step.Title)
}

// text is what the screen shows, in full and without colour.
func (m *Model) text() string {
	f := m.bodyFrame(0)
	f.H, f.Theme = 1000, plainTheme()
	var b strings.Builder
	for _, l := range m.screen(f) {
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	return b.String()
}

// mostClip bounds what goes to the terminal: some drop a longer sequence, some write it on the screen.
const mostClip = 48 << 10

// clip hands a text to the terminal and says what it was.
func (m *Model) clip(text, what string) tea.Cmd {
	if strings.TrimSpace(text) == "" {
		m.say("there is nothing to copy here")
		return nil
	}
	cut := ""
	if len(text) > mostClip {
		text, cut = strings.ToValidUTF8(text[:mostClip], ""), ", cut"
	}
	m.say("copied " + what + cut + ", if the terminal allows it (OSC 52)")
	return m.manners.clipboard(string(run.MakeSafeText(text, mostClip)))
}
