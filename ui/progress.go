package ui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// progressBar is what the terminal's own progress bar shows: a rollback before all, then the watch that goes on, then
// the rollout. Nil where the terminal has none, and when nothing goes on.
func (m *Model) progressBar() *tea.ProgressBar {
	if m.state.Plan == nil || !m.state.Ended.IsZero() || !m.manners.bar(m.options.Progress) {
		return nil
	}
	s := m.state
	if screen.RollbackLive(s) {
		return tea.NewProgressBar(tea.ProgressBarError, 100)
	}
	if w, ok := s.Watches[screen.WatchStep(s)]; ok && w.Ended.IsZero() && w.Until.After(w.From) {
		state := tea.ProgressBarDefault
		if len(s.Tripped()) > 0 {
			state = tea.ProgressBarError
		}
		return tea.NewProgressBar(state, percent(float64(m.now.Sub(w.From)), float64(w.Until.Sub(w.From))))
	}
	d, ok := screen.Moving(s)
	if !ok || len(d.Moves) == 0 {
		return nil
	}
	state := tea.ProgressBarDefault
	if d.Frozen || d.Stage == run.Stuck {
		state = tea.ProgressBarWarning
	}
	return tea.NewProgressBar(state, percent(float64(d.Move), float64(len(d.Moves))))
}

func percent(part, whole float64) int { return max(0, min(100, int(100*part/whole))) }
