package screen

import (
	"fmt"
	"math"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/chart"
	"github.com/politicalsphere/sop/ui/theme"
)

// Watch is where a person looks on the watch: which chart, and where its crosshair is. It also keeps the charts, so that
// their scales do not jump, and the points of the newest State.
type Watch struct {
	Focus int // index in the metrics, those with triggers first

	chosen bool // by the person; else it is the one that needs to be looked at most

	cross  bool
	cursor float64 // seconds relative to the first write
	series series
	charts map[string]*chart.Chart
	look   *theme.Theme
}

// View draws the watch: its time and verdict, charts of the metrics that can trip, one line for each of the others, and
// what happened last.
func (v *Watch) View(f Frame) []string {
	s := v.prepare(f)
	if s.env == "" {
		return []string{"", f.Theme.Title.Render(" Nothing is watched yet."), f.Theme.Dim.Render(" Charts begin with the deploy; its baseline is frozen before the first write.")}
	}
	lines := append(watchHead(f, s), triggerLines(f, s)...)
	log := min(6, max(2, f.H/8))
	room := f.H - len(lines) - log - 1
	if f.W < 100 || f.H < 28 {
		lines = append(lines, v.focused(f, s, room)...)
	} else {
		lines = append(lines, v.wide(f, s, room)...)
	}
	return append(fitLines(lines, f.H-log), logTail(f, log)...)
}

// WatchStep is the watch that is under way, else the one that began last; empty when there was none.
func WatchStep(s run.State) string {
	best := ""
	for step := range run.Steps(s.Plan) {
		w, ok := s.Watches[step.ID]
		if ok && (best == "" || w.From.After(s.Watches[best].From)) {
			best = step.ID
		}
	}
	return best
}

// watchHead is the title: how much of the watch is over, and what it looks like so far.
func watchHead(f Frame, s *series) []string {
	th := f.Theme
	w, ok := f.State.Watches[s.step]
	if !ok {
		left := th.Title.Render(" " + clean(s.env) + " is sampled")
		return []string{theme.Between(left+th.Dim.Render("  the watch itself has not begun"), soFar(f, s, run.WatchState{})+" ", f.W)}
	}
	over := f.Now
	if !w.Ended.IsZero() {
		over = w.Ended
	}
	whole, done := w.Until.Sub(w.From), min(over.Sub(w.From), w.Until.Sub(w.From))
	share := 0.0
	if whole > 0 {
		share = float64(done) / float64(whole)
	}
	left := th.Title.Render(fmt.Sprintf(" Watch %s of %s", clock(done), clock(whole))) + "  " + progress(th, th.Accent, share, min(24, f.W/5))
	lines := []string{theme.Between(left, soFar(f, s, w)+" ", f.W)}
	switch why := whyLine(f, s); {
	case w.Why != "" && !w.Ended.IsZero():
		lines = append(lines, wrapped(th.Text, string(w.Why), 1, f.W)...)
	case w.Ended.IsZero() && why != "":
		lines = append(lines, cell(th.Dim, " "+why, f.W))
	}
	return lines
}

// soFar is the verdict, or what it would be if it came now.
func soFar(f Frame, s *series, w run.WatchState) string {
	th := f.Theme
	if !w.Ended.IsZero() {
		look := map[run.Verdict]theme.Style{run.VerdictPass: th.Good, run.VerdictFail: th.Bad}[w.Verdict]
		if w.Verdict == run.VerdictInconclusive {
			look = th.Warn
		}
		return look.Render("verdict: " + string(w.Verdict))
	}
	rank, word := 0, "no trigger judged yet"
	for _, t := range f.State.Envs[s.env].Triggers {
		if r := triggerRank(t.State); r > rank {
			rank, word = r, string(t.State)
		}
	}
	look := [...]theme.Style{th.Dim, th.Good, th.Warn, th.Warn, th.Bad}[rank]
	return th.Dim.Render("so far: ") + look.Render(word)
}

func triggerRank(w run.TriggerWord) int {
	return map[run.TriggerWord]int{run.TriggerOK: 1, run.TriggerInconclusive: 2, run.TriggerSuspect: 3, run.TriggerTripped: 4}[w]
}

// triggerLines say in words what is not well.
func triggerLines(f Frame, s *series) []string {
	th := f.Theme
	var lines []string
	for _, t := range f.State.Envs[s.env].Triggers {
		look := th.Warn
		switch t.State {
		case run.TriggerOK:
			continue
		case run.TriggerTripped:
			look = th.Bad
		}
		text := fmt.Sprintf(" %s %s: %s", s.titleOf(t.Metric), t.State, t.Why)
		if t.State == run.TriggerTripped && !f.NoRun {
			text += "   R rolls back"
		}
		lines = append(lines, look.Render(theme.Truncate(text, f.W)))
	}
	return lines
}

// focused is one chart in full and a line for each other metric.
func (v *Watch) focused(f Frame, s *series, room int) []string {
	rows := len(s.metrics) - 1
	tall := max(3, room-rows)
	var lines []string
	for i := range s.metrics {
		if i == v.Focus {
			lines = append(lines, v.plot(f, s, i, f.W, tall)...)
		}
	}
	for i := range s.metrics {
		if i != v.Focus {
			lines = append(lines, v.line(f, s, i, f.W))
		}
	}
	return lines
}

// wide is a chart for each metric that can trip, and two lines for each of the others.
func (v *Watch) wide(f Frame, s *series, room int) []string {
	if n := (len(s.metrics) + 1) / 2; f.W >= 160 && n > 1 && room/n >= 9 {
		return v.grid(f, s, room/n)
	}
	big := max(1, s.judged)
	tiles := len(s.metrics) - big
	perRow := max(1, min(tiles, f.W/50))
	rows := 0
	if tiles > 0 {
		rows = (tiles + perRow - 1) / perRow
	}
	const tile = 3 // title, sparkline, blank
	var lines []string
	across := 1
	if f.W >= 160 && big > 1 {
		across = 2
	}
	tall := min(24, max(5, (room-rows*tile)/((big+across-1)/across)))
	for i := 0; i < big; i += across {
		lines = append(lines, v.sideBySide(f, s, i, min(i+across, big), across, tall)...)
	}
	for i := big; i < len(s.metrics); i += perRow {
		lines = append(lines, "")
		lines = append(lines, v.sideBySide(f, s, i, min(i+perRow, len(s.metrics)), perRow, 2)...)
	}
	return lines
}

// grid is every metric as a chart, two beside each other.
func (v *Watch) grid(f Frame, s *series, tall int) []string {
	var lines []string
	for i := 0; i < len(s.metrics); i += 2 {
		lines = append(lines, v.sideBySide(f, s, i, min(i+2, len(s.metrics)), 2, tall)...)
	}
	return lines
}

// sideBySide draws the charts from one to before another beside each other.
func (v *Watch) sideBySide(f Frame, s *series, from, to, across, tall int) []string {
	w := (f.W - 2*(across-1)) / across
	rows := make([]string, tall)
	for i := from; i < to; i++ {
		for j, l := range v.plot(f, s, i, w, tall) {
			if i > from {
				rows[j] += "  "
			}
			rows[j] += l
		}
	}
	return rows
}

// plot draws one metric in w × h cells.
func (v *Watch) plot(f Frame, s *series, i, w, h int) []string {
	c := v.chart(f, s.metrics[i].Name)
	frame := s.frame(f, i)
	if v.cross {
		s.at(f, frame, s.metrics[i], v.cursor)
	}
	if i == v.Focus && h > 2 && len(s.metrics) > 1 {
		frame.Title.Name = "▸ " + frame.Title.Name
	}
	c.Draw(frame, w, h)
	lines := make([]string, c.Len())
	for j := range lines {
		lines[j] = string(c.AppendLine(nil, j))
	}
	return lines
}

// line is one metric in one line: name, value, verdict and a sparkline.
func (v *Watch) line(f Frame, s *series, i, w int) string {
	frame := s.frame(f, i)
	if v.cross {
		s.at(f, frame, s.metrics[i], v.cursor)
	}
	t := frame.Title
	if v.cross { // the time stands in the title of the chart above
		t.Value, _, _ = strings.Cut(t.Value, " at ")
		t.Verdict, t.Tone = strings.TrimSpace(t.Delta+"  "+t.Trip), chart.Quiet
	}
	look := [...]theme.Style{chart.Quiet: f.Theme.Dim, chart.Good: f.Theme.Good, chart.Warn: f.Theme.Warn, chart.Bad: f.Theme.Bad}[t.Tone&3]
	head := " " + cell(f.Theme.Text, t.Name, s.nameWidth(w)) + cellRight(f.Theme.Text, t.Value, 9) + " " + cell(look, t.Verdict, max(14, min(21, w/4))) + " "
	c := v.chart(f, s.metrics[i].Name)
	c.Spark(frame, max(4, w-theme.Width(head)-1))
	return theme.Truncate(head+c.String(), w)
}

// nameWidth is what the names of metrics take beside each other: the longest, but not more than a quarter.
func (s *series) nameWidth(w int) int {
	n := 12
	for _, m := range s.metrics {
		n = max(n, theme.Width(s.titleOf(m.Name)))
	}
	return max(12, min(n, w/4))
}

func (v *Watch) chart(f Frame, name string) *chart.Chart {
	if v.look != f.Theme {
		v.charts, v.look = map[string]*chart.Chart{}, f.Theme
	}
	if v.charts[name] == nil {
		v.charts[name] = chart.New(f.Theme, chart.Braille)
	}
	return v.charts[name]
}

// withLog fills what lines leave free with the last of what happened, if that is worth it.
func withLog(f Frame, lines []string) []string {
	free := f.H - len(lines) - 1
	if free < 6 {
		return lines
	}
	n := min(free, 14)
	return append(fitLines(lines, f.H-n), fitLines(logTail(f, n), n)...)
}

// logTail is the last lines of what happened.
func logTail(f Frame, n int) []string {
	var lines []string
	th := f.Theme
	for i := len(f.State.Log) - 1; i >= 0 && len(lines) < n-1; i-- {
		l := f.State.Log[i]
		if !f.matches(string(l.Text)) {
			continue
		}
		look := th.Text
		if l.Loud {
			look = th.Warn
		}
		lines = append(lines, " "+th.Dim.Render(instant(l.At))+"  "+look.Render(theme.Truncate(string(l.Text), f.W-12)))
	}
	return append([]string{th.RuleLine(f.W)}, lines...)
}

// Turn goes n charts on.
func (v *Watch) Turn(f Frame, n int) {
	if s := v.prepare(f); len(s.metrics) > 0 {
		v.chosen = true
		v.Focus = ((v.Focus+n)%len(s.metrics) + len(s.metrics)) % len(s.metrics)
	}
}

// Cross moves the crosshair by n samples; the first press brings it to the newest one.
func (v *Watch) Cross(f Frame, n int) {
	s := v.prepare(f)
	if len(s.metrics) == 0 {
		return
	}
	frame := s.frame(f, v.Focus)
	if !v.cross {
		v.cross, v.cursor = true, frame.Now
		n = 0
	}
	step := math.Max(frame.Every, frame.CellSeconds(f.W))
	if p, ok := frame.Nearest(v.cursor + float64(n)*step); ok {
		v.cursor = p.X
	}
}

// Uncross takes the crosshair away; false when there was none.
func (v *Watch) Uncross() bool {
	was := v.cross
	v.cross = false
	return was
}

// Value is the value under the crosshair, or the newest, as text beside what was usual; empty when there is none.
func (v *Watch) Value(f Frame) string {
	s := v.prepare(f)
	if v.Focus >= len(s.metrics) {
		return ""
	}
	frame, m := s.frame(f, v.Focus), s.metrics[v.Focus]
	at := frame.Now
	if v.cross {
		at = v.cursor
	}
	p, ok := frame.Nearest(at)
	if !ok {
		return ""
	}
	text := fmt.Sprintf("%s %s at %s", s.titleOf(m.Name), chart.FormatValue(frame.Unit, p.Y), stamp(s.instant(p.X)))
	if b, there := baselineOf(f.State.Envs[s.env], m.Name); there {
		text += ", baseline " + chart.FormatValue(frame.Unit, b.Mean*scaleOf(m))
	}
	if frame.Title.Trip != "" {
		text += ", " + frame.Title.Trip
	}
	return text
}
