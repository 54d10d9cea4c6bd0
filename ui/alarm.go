package ui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

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

// ring rings for what is loud and new; a window that is not looked at is told in words too.
func (a *alarm) ring(s run.State, blurred bool) tea.Cmd {
	loud := a.news(s)
	if len(loud) == 0 {
		return nil
	}
	return bell(loud[len(loud)-1].Text, blurred)
}

// overdue rings once for each status update that is not sent in time.
func (a *alarm) overdue(s run.State, now time.Time) tea.Cmd {
	if s.NextUpdate.IsZero() || now.Before(s.NextUpdate) || s.NextUpdate.Equal(a.update) || !s.Ended.IsZero() {
		return nil
	}
	a.update = s.NextUpdate
	return bell("a status update is due", true)
}

func bell(text run.Safe, words bool) tea.Cmd {
	if !words {
		return tea.Raw("\a")
	}
	return tea.Raw("\a" + ansi.Notify("sop: "+string(run.MakeSafe(string(text), 120))))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
