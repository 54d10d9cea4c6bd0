package screen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/chart"
)

// series are the points of an environment's metrics, made once for each new sample.
type series struct {
	env, step string
	metrics   []runbook.Metric // those with triggers first
	judged    int              // how many have triggers
	points    map[string][]chart.Point
	frames    []chart.Frame
	zero      time.Time // the first write, or the beginning of the watch
	from, to  float64   // the window
	every     float64
	apart     float64 // of two points, where the baseline was thinned out
	key       seriesKey
}

// seriesKey tells whether the points are those of a State.
type seriesKey struct {
	env, step  string
	samples    int
	last, zero time.Time
	until      time.Time
	baseline   *run.Baseline
	plan       *runbook.Plan
}

// lead is how much of the baseline the charts show.
const lead = 10 * time.Minute

// prepare makes the points of the newest State, if they are not those at hand.
func (v *Watch) prepare(f Frame) *series {
	s := f.State
	key := seriesKey{plan: s.Plan, step: WatchStep(s)}
	key.env = s.Watches[key.step].Env
	if key.env == "" || writtenEnvironment(s) != "" && Environment(s) == writtenEnvironment(s) && s.Envs[writtenEnvironment(s)].Monitored != key.step {
		if env := writtenEnvironment(s); env != "" && s.Envs[env].Monitored != "" && s.Envs[env].Monitored != key.step {
			key.env, key.step = env, s.Envs[env].Monitored
		}
	}
	env := s.Envs[key.env]
	key.samples, key.baseline, key.until = len(env.Samples), env.Baseline, s.Watches[key.step].Until
	if n := len(env.Samples); n > 0 {
		key.last = env.Samples[n-1].At
	}
	if key.zero = env.Written; key.zero.IsZero() {
		key.zero = s.Watches[key.step].From
	}
	if key.env == "" || key.zero.IsZero() {
		v.series = series{}
		return &v.series
	}
	if v.series.key != key || v.series.points == nil {
		v.series = gather(s, key)
	}
	v.series.window(f, env)
	if v.Focus >= len(v.series.metrics) {
		v.Focus = 0
	}
	if !v.chosen {
		v.Focus = v.series.worst(env)
	}
	return &v.series
}

// worst is the metric that needs to be looked at most: by its trigger, and of equals one that misses its objective.
func (s *series) worst(env run.EnvState) int {
	best, rank := 0, 2*triggerRank(run.TriggerOK)
	for i, m := range s.metrics {
		t, ok := worstTrigger(env, m.Name)
		if !ok {
			continue
		}
		r := 2 * triggerRank(t.State)
		if o, err := runbook.ParseObjective(m.Objective); err == nil && m.Objective != "" && misses(env, m.Name, o) {
			r++
		}
		if r > rank {
			best, rank = i, r
		}
	}
	return best
}

// misses tells whether the newest value of a metric is on the wrong side of its objective.
func misses(env run.EnvState, metric string, o runbook.Objective) bool {
	for i := len(env.Samples) - 1; i >= 0; i-- {
		if p := env.Samples[i].Points[metric]; p.State == run.PointOK {
			return o.Op == ">" && p.Value < o.Level || o.Op != ">" && p.Value > o.Level
		}
	}
	return false
}

// gather makes the points of every metric.
func gather(s run.State, key seriesKey) series {
	out := series{env: key.env, step: key.step, zero: key.zero, key: key, points: map[string][]chart.Point{}, every: 15}
	if step, _, ok := StepOf(s, key.step); ok && step.Watch != nil && step.Watch.Every.D > 0 {
		out.every = step.Watch.Every.D.Seconds()
	}
	out.metrics = slices.Clone(s.Plan.Metrics[key.env])
	slices.SortStableFunc(out.metrics, func(a, b runbook.Metric) int { return hasNone(a) - hasNone(b) })
	env := s.Envs[key.env]
	for _, m := range out.metrics {
		if len(m.Triggers) > 0 {
			out.judged++
		}
		scale := scaleOf(m)
		var pts []chart.Point
		if env.Baseline != nil {
			points := env.Baseline.Metrics[m.Name].Points
			if n := len(points); n > 1 {
				out.apart = math.Max(out.apart, float64(points[n-1].T-points[0].T)/float64(n-1))
			}
			for _, p := range points {
				pts = append(pts, chart.Point{X: float64(p.T - key.zero.Unix()), Y: p.V * scale})
			}
		}
		for _, sample := range env.Samples {
			y := math.NaN()
			if p := sample.Points[m.Name]; p.State == run.PointOK {
				y = p.Value * scale
			}
			pts = append(pts, chart.Point{X: sample.At.Sub(key.zero).Seconds(), Y: y})
		}
		out.points[m.Name] = pts
	}
	out.frames = make([]chart.Frame, len(out.metrics))
	return out
}

func hasNone(m runbook.Metric) int {
	if len(m.Triggers) > 0 {
		return 0
	}
	return 1
}

// scaleOf brings a metric's unit to the chart's, which takes percent as a share of one.
func scaleOf(m runbook.Metric) float64 {
	if m.Unit == runbook.UnitPercent {
		return 0.01
	}
	return 1
}

// window fixes the time axis: some baseline, the deploy at zero, then the watch to its end.
func (s *series) window(f Frame, env run.EnvState) {
	s.from = -lead.Seconds()
	s.to = 30 * 60
	if w, ok := f.State.Watches[s.step]; ok {
		s.to = w.Until.Sub(s.zero).Seconds()
	} else if past := f.Now.Sub(s.zero).Seconds(); past > s.to {
		s.to = math.Ceil(past/600) * 600
	}
	if env.Baseline == nil {
		s.from = math.Min(0, f.State.Watches[s.step].From.Sub(s.zero).Seconds())
		if f.State.Watches[s.step].From.IsZero() {
			s.from = 0
		}
	}
}

func (s *series) titleOf(metric string) string {
	for _, m := range s.metrics {
		if m.Name == metric && m.Title != "" {
			return clean(m.Title)
		}
	}
	return clean(metric)
}

// frame is the picture of one metric.
func (s *series) frame(f Frame, i int) *chart.Frame {
	m, env := s.metrics[i], f.State.Envs[s.env]
	unit, _ := chart.ParseUnit(m.Unit)
	scale := scaleOf(m)
	c := &s.frames[i]
	*c = chart.Frame{
		Unit: unit, Points: s.points[m.Name], From: s.from, To: s.to, Now: f.Now.Sub(s.zero).Seconds(), Every: math.Max(s.every, s.apart), Origin: "deploy",
	}
	if f.NoRun {
		c.Origin = "start"
	}
	if w := f.State.Watches[s.step]; !w.Ended.IsZero() {
		c.Now = math.Min(c.Now, s.to)
	}
	if b, ok := baselineOf(env, m.Name); ok {
		lo, hi := run.Band(b)
		c.Band = chart.Band{On: hi > lo, Lo: lo * scale, Hi: hi * scale}
	}
	if o, err := runbook.ParseObjective(m.Objective); err == nil && m.Objective != "" {
		c.Objective = chart.Limit{On: true, At: o.Level * scale, Below: o.Op == ">", Label: "objective " + chart.FormatValue(unit, o.Level*scale)}
	}
	for i, mark := range env.Marks {
		c.Marks = append(c.Marks, chart.Moment{X: mark.At.Sub(s.zero).Seconds(), Label: clean(mark.Label), Minor: isStep(env.Marks, i)})
	}
	s.title(f, c, m, env)
	return c
}

// isStep tells whether a mark is only a step of the rollout: the deploy, its end and a rollback stand out.
func isStep(marks []run.ChartMark, i int) bool {
	isShare := func(label string) bool { return strings.HasSuffix(label, "%") }
	last := !slices.ContainsFunc(marks[i+1:], func(m run.ChartMark) bool { return isShare(m.Label) })
	return isShare(marks[i].Label) && !(last && marks[i].Label == "100%")
}

func baselineOf(env run.EnvState, metric string) (run.BaselineMetric, bool) {
	if env.Baseline == nil {
		return run.BaselineMetric{}, false
	}
	b, ok := env.Baseline.Metrics[metric]
	return b, ok && b.Refused == "" && len(b.Points) > 0
}

// title puts the newest value, its distance to the baseline and the trigger into words.
func (s *series) title(f Frame, c *chart.Frame, m runbook.Metric, env run.EnvState) {
	value, at := math.NaN(), time.Time{}
	for i := len(env.Samples) - 1; i >= 0 && at.IsZero(); i-- {
		if p := env.Samples[i].Points[m.Name]; p.State == run.PointOK {
			value, at = p.Value*scaleOf(m), env.Samples[i].At
		}
	}
	c.Title = chart.Title{Name: s.titleOf(m.Name), Value: chart.FormatValue(c.Unit, value)}
	if stale := f.Now.Sub(at); !at.IsZero() && stale.Seconds() > 2.5*s.every && f.State.Ended.IsZero() && f.State.Watches[s.step].Ended.IsZero() {
		c.Stale = "stale " + age(stale)
		c.Title.Verdict, c.Title.Tone = c.Stale, chart.Warn
	}
	if b, ok := baselineOf(env, m.Name); ok && !math.IsNaN(value) {
		c.Title.Delta = delta(c.Unit, value, b.Mean*scaleOf(m))
	}
	if t, ok := worstTrigger(env, m.Name); ok {
		s.trigger(f, c, m, t)
	} else if c.Title.Verdict == "" && c.Objective.On && !math.IsNaN(value) {
		c.Title.Verdict, c.Title.Tone = "✔ ok", chart.Good
		if broken := c.Objective.Below && value < c.Objective.At || !c.Objective.Below && value > c.Objective.At; broken {
			c.Title.Verdict, c.Title.Tone = objectiveWord(c), chart.Warn
		}
	}
}

// objectiveWord says which objective is broken.
func objectiveWord(c *chart.Frame) string {
	side := "above"
	if c.Objective.Below {
		side = "below"
	}
	return "! " + side + " " + chart.FormatValue(c.Unit, c.Objective.At)
}

func worstTrigger(env run.EnvState, metric string) (worst run.TriggerState, ok bool) {
	for _, t := range env.Triggers {
		if t.Metric == metric && (!ok || triggerRank(t.State) > triggerRank(worst.State)) {
			worst, ok = t, true
		}
	}
	return worst, ok
}

// trigger draws the line that trips and says how the trigger stands.
func (s *series) trigger(f Frame, c *chart.Frame, m runbook.Metric, t run.TriggerState) {
	below := false
	if t.Index < len(m.Triggers) {
		trip, err := runbook.ParseTrip(m.Triggers[t.Index].Trip)
		below = err == nil && trip.Op == "<"
		c.Title.Trip = "trips at " + clean(m.Triggers[t.Index].Trip)
	}
	if t.Limit != 0 {
		at := chart.FormatValue(c.Unit, t.Limit*scaleOf(m))
		c.Threshold = chart.Limit{On: true, At: t.Limit * scaleOf(m), Below: below, Label: at + " trip"}
		c.Title.Trip = "trips at " + at
	}
	if share, ok := nearness(t, below); ok {
		c.Title.Evidence = fmt.Sprintf("%s %.0f %% of the way", meter(share, meterWidth), share*100)
	}
	switch t.State {
	case run.TriggerOK:
		if c.Title.Verdict == "" {
			c.Title.Verdict, c.Title.Tone = "✔ ok", chart.Good
		}
	case run.TriggerSuspect:
		over := held(f.Now, t)
		c.Title.Verdict, c.Title.Tone = fmt.Sprintf("! suspect %s of %s", shortDuration(over), shortDuration(t.For)), chart.Warn
		if t.For > 0 {
			c.Title.Evidence = meter(float64(over)/float64(t.For), meterWidth)
		}
	case run.TriggerTripped:
		c.Title.Verdict, c.Title.Tone = "✖ TRIPPED", chart.Bad
	case run.TriggerInconclusive:
		c.Title.Verdict, c.Title.Tone = "? cannot tell", chart.Warn
		if o, err := runbook.ParseObjective(m.Objective); err == nil && m.Objective != "" && misses(f.State.Envs[s.env], m.Name, o) {
			c.Title.Verdict += ", " + objectiveWord(c)
		}
	}
}

// shortDuration writes 45s, 90s, 2m30s.
func shortDuration(d time.Duration) string {
	if d <= 120*time.Second {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}

// delta is the distance to the baseline: in percentage points for percent, else relative.
func delta(u chart.Unit, value, mean float64) string {
	sign := "+"
	if value < mean {
		sign = "−"
	}
	if u == chart.Percent {
		return fmt.Sprintf("%s%.2g pp vs base", sign, math.Abs(value-mean)*100)
	}
	if mean == 0 {
		return ""
	}
	return fmt.Sprintf("%s%.0f %% vs base", sign, math.Abs(value-mean)/math.Abs(mean)*100)
}

// at puts the value under the crosshair into the title, beside what was usual and what is now.
func (s *series) at(f Frame, c *chart.Frame, m runbook.Metric, cursor float64) {
	c.Crosshair, c.Cursor = true, cursor
	p, ok := c.Nearest(cursor)
	if !ok {
		return
	}
	now := c.Title.Value
	c.Title.Value = chart.FormatValue(c.Unit, p.Y) + " at " + instant(s.instant(p.X))
	c.Title.Delta, c.Title.Trip, c.Title.Evidence = "", "", "now "+now
	if b, there := baselineOf(f.State.Envs[s.env], m.Name); there {
		c.Title.Delta = "base " + chart.FormatValue(c.Unit, b.Mean*scaleOf(m))
		if p.Y == p.Y {
			c.Title.Trip = strings.TrimSuffix(delta(c.Unit, p.Y, b.Mean*scaleOf(m)), " vs base")
		}
	}
}

// instant is the time of a place on the time axis.
func (s *series) instant(x float64) time.Time {
	return s.zero.Add(time.Duration(x * float64(time.Second)))
}
