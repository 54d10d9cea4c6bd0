package ui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
)

// alarm remembers what rang already, so that nothing rings twice.
type alarm struct {
	last   time.Time // of the newest line that was looked at
	count  int       // lines at that instant
	update time.Time // the status update that rang for being overdue
}

// begin takes what happened before somebody looked as known.
func (a *alarm) begin(s run.State) { a.news(s) }

// news returns the loud lines that are new.
func (a *alarm) news(s run.State) (loud []run.Line) {
	at, count := a.last, 0
	for _, l := range s.Log {
		switch {
		case l.At.Before(a.last):
			continue
		case l.At.Equal(a.last):
			count++
			if count <= a.count {
				continue
			}
		}
		if l.Loud {
			loud = append(loud, l)
		}
		at = l.At
	}
	if !at.Equal(a.last) {
		count = 0
		for _, l := range s.Log {
			if l.At.Equal(at) {
				count++
			}
		}
	}
	a.last, a.count = at, max(count, 0)
	return loud
}

// overdue tells once for each status update that it was not sent in time.
func (a *alarm) overdue(s run.State, now time.Time) bool {
	if s.NextUpdate.IsZero() || now.Before(s.NextUpdate) || s.NextUpdate.Equal(a.update) || !s.Ended.IsZero() {
		return false
	}
	a.update = s.NextUpdate
	return true
}

// ring rings for what is loud and new; a window that is not looked at is told in words too.
func (m *Model) ring(s run.State) tea.Cmd {
	loud := m.alarm.news(s)
	if len(loud) == 0 {
		return nil
	}
	return m.manners.bell(loud[len(loud)-1].Text, m.blurred && !m.options.Quiet)
}

// overdue rings for a status update that is due.
func (m *Model) overdue() tea.Cmd {
	if !m.alarm.overdue(m.state, m.now) {
		return nil
	}
	return m.manners.bell("a status update is due", !m.options.Quiet)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
