package screen

import (
	"fmt"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// The least body that has room for the checklist, the pods and the charts in one view.
const (
	dashboardWidth  = 160
	dashboardHeight = 40
)

// HasDashboard tells whether a body of this size shows what moves under the checklist: once something is sampled.
func HasDashboard(f Frame, v *Watch) bool {
	return f.W >= dashboardWidth && f.H >= dashboardHeight && v.prepare(f).env != ""
}

// Dashboard is the checklist with its details, and under it the pods of every component and a chart of every metric.
func Dashboard(f Frame, c *Checklist, v *Watch) []string {
	s := v.prepare(f)
	shown := min(len(s.metrics), 6)
	rows := (shown + 2) / 3
	const tall = 9
	above := f
	above.H = f.H - 1 - max(rows*tall, 2*tall)
	lines := fitLines(c.View(above), above.H)
	below := f
	below.H = f.H - above.H - 1
	lines = append(lines, f.Theme.RuleLine(f.W))
	pods := below
	pods.W = max(44, f.W/4)
	charts := below
	charts.W = f.W - pods.W - 2
	column := fitLines(podPanel(pods, s.env), below.H)
	for i := range column {
		column[i] = theme.Truncate(column[i], pods.W)
	}
	return append(lines, beside(below, column, pods.W, v.tiles(charts, s, shown, below.H/max(1, rows)))...)
}

// The charts under a board: so tall at least and at most, and so many lines stay for what happened last.
const (
	leastTile    = 8
	mostTile     = 12
	logUnderThem = 8
)

// withCharts fills what lines leave free with a chart of every metric that is sampled, where there is room for them, and
// with the last of what happened.
func withCharts(f Frame, lines []string, v *Watch) []string {
	s := v.prepare(f)
	shown := min(len(s.metrics), 6)
	if f.W < dashboardWidth || s.env == "" || shown == 0 {
		return withLog(f, lines)
	}
	rows := (shown + 2) / 3
	tall := min(mostTile, (f.H-len(lines)-2-logUnderThem)/rows)
	if tall < leastTile {
		return withLog(f, lines)
	}
	lines = append(lines, "", f.Theme.RuleLine(f.W))
	return withLog(f, append(lines, v.tiles(f, s, shown, tall)...))
}

// tiles is the first n metrics as charts, three beside each other.
func (v *Watch) tiles(f Frame, s *series, n, tall int) (lines []string) {
	for i := 0; i < n; i += 3 {
		lines = append(lines, v.sideBySide(f, s, i, min(i+3, n), 3, tall)...)
	}
	return lines
}

// podPanel is every component of an environment with its pods, and how the rollout stands.
func podPanel(f Frame, env string) []string {
	th, s := f.Theme, f.State
	var lines []string
	if d, ok := LastDeploy(s); ok && d.Env == env {
		word, look := deployWord(f, d)
		lines = append(lines, theme.Truncate(" "+th.Dim.Render("rollout ")+look.Render(word), f.W))
		if d.Stage == run.Holding && !d.HoldUntil.IsZero() {
			lines[0] = theme.Truncate(" "+look.Render(word)+th.Dim.Render(" · ")+holdBar(f, d), f.W)
		}
	}
	var moved []string
	for name := range s.Plan.Runbook.Components.All() {
		if len(s.Envs[env].Components[name].Progress.Pods) > 0 {
			moved = append(moved, name)
		}
	}
	room := max(2, (f.H-len(lines)-1)/max(1, len(moved)))
	for _, name := range moved {
		c := s.Envs[env].Components[name]
		word, look := componentWord(th, c)
		if c.Stage == run.Untouched || c.Stage == "" || strays(c) {
			c.Progress.Pods = allOld(c.Progress.Pods)
		}
		text := fmt.Sprintf("%d/%d ready", c.Progress.UpdatedReady+c.Progress.OldReady, c.Progress.Desired)
		if percent, ok := traffic(c.Progress); strays(c) {
			text = podCounts(f, c)
		} else if ok && c.Stage != run.Untouched && c.Stage != "" {
			text = fmt.Sprintf("%d/%d new ~%d %%", c.Progress.UpdatedReady, c.Progress.Desired, percent)
		}
		lines = append(lines, theme.Truncate(" "+cell(th.Title, clean(name), 12)+" "+cell(look, word, 13)+" "+th.Text.Render(text), f.W))
		for _, strip := range podRows(th, c.Progress.Pods, f.W-3, min(room-1, 4)) {
			lines = append(lines, "   "+strip)
		}
		if why := unready(c.Progress.Pods); why != "" && len(lines) < f.H-1 {
			lines = append(lines, "   "+th.Warn.Render(theme.Truncate(why, f.W-4)))
		}
	}
	return lines
}

// squeezed leaves out blank lines, the last ones first, until h lines are left or none of them is blank.
func squeezed(lines []string, h int) []string {
	for i := len(lines) - 1; i >= 0 && len(lines) > h; i-- {
		if lines[i] == "" {
			lines = append(lines[:i], lines[i+1:]...)
		}
	}
	return lines
}
