package report

import (
	"math"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Chart is one metric of one environment over the run.
type Chart struct {
	Environment string          `json:"environment"`
	Metric      string          `json:"metric"`
	Title       string          `json:"title"`
	Unit        string          `json:"unit"`
	Objective   string          `json:"objective,omitempty"` // in the words of the runbook
	Limits      []Limit         `json:"limits,omitempty"`    // of its triggers
	Baseline    *Band           `json:"baseline,omitempty"`
	Refused     run.Safe        `json:"refused,omitempty"` // why there is no baseline
	Points      []Point         `json:"points"`            // of the baseline first
	Marks       []run.ChartMark `json:"marks,omitempty"`
	Every       float64         `json:"every"`        // seconds between two samples
	Conclusive  int             `json:"conclusive"`   // samples that have a value
	Unclear     int             `json:"inconclusive"` // that were answered and say nothing
	Unknown     int             `json:"unknown"`      // that could not be asked for
}

// Limit is the line of one trigger.
type Limit struct {
	Trip  string          `json:"trip"` // in the words of the runbook
	On    bool            `json:"on"`   // there is a line to draw: it may need a baseline
	Level float64         `json:"level"`
	Below bool            `json:"below,omitempty"` // the trouble is under the line
	State run.TriggerWord `json:"state,omitempty"` // the last one
	Since time.Time       `json:"since,omitzero"`  // of the last time that it was over
}

// Band is where a metric was before the first write four times out of five.
type Band struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Low      float64   `json:"low"`
	High     float64   `json:"high"`
	Mean     float64   `json:"mean"`
	Coverage float64   `json:"coverage"`
	Broken   bool      `json:"broken,omitempty"` // its objective was broken already
}

// Point is one sample of a metric.
type Point struct {
	T     int64          `json:"t"` // Unix seconds
	V     float64        `json:"v"` // in the metric's unit; 0 unless ok
	State run.PointState `json:"state"`
	Base  bool           `json:"base,omitempty"` // of the baseline
	Why   run.Safe       `json:"why,omitempty"`
}

// defaultEvery is how often a watch samples that does not say.
const defaultEvery = 15 * time.Second

// watch takes samples, baselines and triggers.
func (t *teller) watch(before run.State, e run.Stamped) {
	switch v := e.Event.(type) {
	case run.BaselineFrozen:
		delete(t.stood, v.Env)
		if v.Err == "" {
			t.bases[v.Env] = v.Baseline
		}
	case run.SampleTaken:
		t.points[v.Env] = append(t.points[v.Env], v.Sample)
	case run.TriggersJudged:
		t.turns(v, e.At)
	}
	for name, env := range t.s.Envs {
		if n := len(env.Marks); n > len(before.Envs[name].Marks) {
			t.marks[name] = append(t.marks[name], env.Marks[n-1])
		}
	}
}

// turns tells which triggers changed their state. That one is ok from the first look on is no news.
func (t *teller) turns(v run.TriggersJudged, at time.Time) {
	for _, now := range v.Triggers {
		var was run.TriggerWord
		for _, b := range t.stood[v.Env] {
			if b.Metric == now.Metric && b.Index == now.Index {
				was = b.State
			}
		}
		if was == now.State || was == "" && now.State == run.TriggerOK {
			continue
		}
		m, _ := metricOf(t.s.Plan, v.Env, now.Metric)
		turn := Turn{
			At: at, Environment: v.Env, Metric: now.Metric, Title: titleOf(m, now.Metric), Unit: m.Unit, Severity: now.Severity, Then: now.Then,
			From: was, To: now.State, Since: now.Since, Value: now.Value, Baseline: now.Baseline, Limit: now.Limit, Why: now.Why,
		}
		if now.Index >= 0 && now.Index < len(m.Triggers) {
			turn.Trip = m.Triggers[now.Index].Trip
		}
		t.r.Triggers = append(t.r.Triggers, turn)
	}
	t.stood[v.Env] = v.Triggers
}

func metricOf(plan *runbook.Plan, env, name string) (runbook.Metric, bool) {
	for _, m := range plan.Metrics[env] {
		if m.Name == name {
			return m, true
		}
	}
	return runbook.Metric{}, false
}

func titleOf(m runbook.Metric, name string) string {
	if m.Title != "" {
		return m.Title
	}
	return name
}

// watches tells what every watch came to, in the order of the procedure.
func (t *teller) watches() {
	for step := range run.Steps(t.s.Plan) {
		if w, ok := t.s.Watches[step.ID]; ok {
			t.r.Watches = append(t.r.Watches, Watch{
				Step: w.Step, Title: step.Title, Environment: w.Env, From: w.From, Until: w.Until, Ended: w.Ended, Verdict: w.Verdict, Why: w.Why,
			})
		}
	}
}

// charts makes one chart of every metric that was seen, by environment in the order of the file.
func (t *teller) charts() {
	for _, env := range t.s.Plan.Runbook.Environments.Keys() {
		base, based := t.bases[env]
		if len(t.points[env]) == 0 && !based {
			continue
		}
		for _, m := range t.s.Plan.Metrics[env] {
			if c := t.chart(env, m, base); len(c.Points) > 0 {
				t.r.Charts = append(t.r.Charts, c)
			}
		}
	}
}

func (t *teller) chart(env string, m runbook.Metric, base run.Baseline) Chart {
	c := Chart{
		Environment: env, Metric: m.Name, Title: titleOf(m, m.Name), Unit: m.Unit, Objective: m.Objective, Marks: t.marks[env],
		Every: t.every(env).Seconds(), Points: []Point{},
	}
	b, ok := base.Metrics[m.Name]
	switch {
	case ok && b.Refused == "" && len(b.Points) > 0:
		low, high := run.Band(b)
		c.Baseline = &Band{From: base.From, To: base.To, Low: low, High: high, Mean: b.Mean, Coverage: b.Coverage, Broken: b.Broken}
	case ok:
		c.Refused = b.Refused
	}
	for _, p := range b.Points {
		c.Points = append(c.Points, Point{T: p.T, V: p.V, State: run.PointOK, Base: true})
	}
	for _, sample := range t.points[env] {
		p, asked := sample.Points[m.Name]
		if !asked {
			continue
		}
		c.add(sample.At, p)
	}
	slices.SortStableFunc(c.Points, func(a, b Point) int { return int(a.T - b.T) })
	c.limits(m, t.stood[env])
	return c
}

// add takes one sample; what is no number counts as inconclusive, whoever wrote it.
func (c *Chart) add(at time.Time, p run.Point) {
	point := Point{T: at.Unix(), State: p.State, Why: p.Why}
	if p.State == run.PointOK && (math.IsNaN(p.Value) || math.IsInf(p.Value, 0)) {
		point.State = run.PointInconclusive
	}
	switch point.State {
	case run.PointOK:
		point.V = p.Value
		c.Conclusive++
	case run.PointInconclusive:
		c.Unclear++
	default:
		c.Unknown++
	}
	c.Points = append(c.Points, point)
}

// limits draws the lines of the triggers.
func (c *Chart) limits(m runbook.Metric, stood []run.TriggerState) {
	for i, trigger := range m.Triggers {
		l := Limit{Trip: trigger.Trip}
		if trip, err := runbook.ParseTrip(trigger.Trip); err == nil && (!trip.Baseline || c.Baseline != nil) {
			mean := 0.0
			if c.Baseline != nil {
				mean = c.Baseline.Mean
			}
			l.On, l.Level, l.Below = true, trip.Limit(mean, trigger.AtLeast.Value), trip.Op == "<"
		}
		for _, s := range stood {
			if s.Metric == m.Name && s.Index == i {
				l.State, l.Since = s.State, s.Since
			}
		}
		c.Limits = append(c.Limits, l)
	}
}

// every is how often an environment was sampled.
func (t *teller) every(env string) time.Duration {
	for step := range run.Steps(t.s.Plan) {
		if step.ID == t.s.Envs[env].Monitored && step.Watch != nil && step.Watch.Every.D > 0 {
			return step.Watch.Every.D
		}
	}
	return defaultEvery
}
