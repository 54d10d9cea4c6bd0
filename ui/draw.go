package ui

import (
	"strings"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// frame is the whole terminal as a Frame.
func (m *Model) frame() screen.Frame {
	return screen.Frame{State: m.state, Now: m.now, W: m.w, H: m.h, Theme: m.th, Keys: m.options.Keys, Mouse: m.options.Mouse, Filter: m.filter, Speed: m.options.Speed, NoRun: m.scope == keys.WatchOnly}
}

// draw is every line of the terminal.
func (m *Model) draw() []string {
	f := m.frame()
	if m.state.Plan == nil {
		return []string{theme.Truncate(" waiting for the run to begin", m.w)}
	}
	if m.w < screen.MinWidth || m.h < screen.MinHeight {
		if d := m.dialog; d != nil {
			return screen.TooSmall(f, d.title, d.scope != keys.Confirm)
		}
		return screen.TooSmall(f, "", false)
	}
	head := screen.Header(f, screen.Marks{
		Cluster: m.options.Cluster, Practice: m.options.Practice, Speed: m.options.Speed, Screen: m.scope, Guest: m.standing(),
	})
	foot := screen.Footer(f, m.footerScope(), m.works, m.extraHints(), m.noticeText())
	body := m.bodyFrame(len(head) + len(foot))
	lines := append(head, m.body(body)...)
	lines = append(lines, foot...)
	for i, l := range lines {
		if theme.Width(l) > m.w {
			lines[i] = theme.Truncate(l, m.w)
		}
	}
	return lines
}

func (m *Model) bodyFrame(taken int) screen.Frame {
	f := m.frame()
	f.H = m.h - taken
	return f
}

// body is the screen, with the dialog over its lower part. It always has the frame's height.
func (m *Model) body(f screen.Frame) []string {
	if m.dialog == nil {
		return pad(m.screen(f), f.H)
	}
	room := f.H // what is asked must be read in full
	if m.dialog.scope == keys.Gate || m.dialog.scope == keys.Palette {
		room = max(6, f.H*2/3) // a list scrolls
	}
	if screen.FuseLive(m.state) {
		room = min(room, f.H-fuseLines) // and a fuse stays in sight
	}
	if m.dialog.scope == keys.Gate {
		m.retellGate()
	}
	lines := m.dialog.draw(m.th, f.W).View(f, room)
	above := f
	above.H, above.Whole = f.H-len(lines), f.H
	return append(pad(m.screen(above), above.H), lines...)
}

// fuseLines are what the rollback screen needs to say how long the fuse burns yet.
const fuseLines = 4

func pad(lines []string, h int) []string {
	for len(lines) < h {
		lines = append(lines, "")
	}
	return lines[:max(h, 0)]
}

func (m *Model) screen(f screen.Frame) []string {
	if m.help {
		page := screen.Help
		if f.NoRun { // there are no boxes
			page = screen.HelpKeys
		}
		lines, top := page(f, m.scope, m.helpTop)
		m.helpTop = top
		return lines
	}
	switch m.scope {
	case keys.Rollout:
		return m.board.View(f, &m.watch)
	case keys.Watch, keys.WatchOnly:
		return m.watch.View(f)
	case keys.Rollback:
		return m.rollback.View(f, &m.watch)
	case keys.Report:
		return m.report.View(f)
	case keys.Commands:
		return m.log.View(f)
	}
	if screen.HasDashboard(f, &m.watch) {
		return screen.Dashboard(f, &m.list, &m.watch)
	}
	return m.list.View(f)
}

// windowTitle says where the run is to whoever looks at a list of windows.
func (m *Model) windowTitle() string {
	if m.state.Plan == nil {
		return "sop"
	}
	parts := []string{"sop", m.state.Plan.Runbook.Metadata.Title, screen.Environment(m.state)}
	switch {
	case screen.RollbackLive(m.state):
		parts = append(parts, "ROLLBACK")
	case !m.state.Ended.IsZero():
		parts = append(parts, string(m.state.Outcome))
	}
	return m.th.Encode(plainText(strings.Join(parts, " · "), 120))
}
