package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Finding says how a KPI stands against its target.
type Finding string

// The findings. TooFew is neither met nor missed.
const (
	Met      Finding = "met"
	NotMet   Finding = "not met"
	TooFew   Finding = "too few runs"
	NoTarget Finding = "no target"
	NotTold  Finding = "not measured" // the journals cannot tell it, or the target cannot be read
)

// KPI is one number over many runs, against its target.
type KPI struct {
	ID      Measure  `json:"id,omitempty"` // empty: nothing that the journals can tell
	Title   string   `json:"title"`
	Value   *float64 `json:"value"` // a day, percent, or seconds; nil: nothing was measured
	Unit    string   `json:"unit,omitempty"`
	Text    string   `json:"text"` // the value as a person reads it
	Samples int      `json:"samples"`
	Target  string   `json:"target,omitempty"` // in the words of the runbook
	Finding Finding  `json:"finding"`
	Why     string   `json:"why,omitempty"`

	level *float64 // of the target, in the unit of the value
}

// Level is the target as a number; ok is false when there is none that can be read.
func (k KPI) Level() (level float64, ok bool) {
	if k.level == nil {
		return 0, false
	}
	return *k.level, true
}

// Performance is how one procedure did against one environment.
type Performance struct {
	Runbook     string    `json:"runbook"`
	Environment string    `json:"environment"`
	From        time.Time `json:"from"` // since when runs are counted: the window, or the first run known
	To          time.Time `json:"to"`
	Deployments int       `json:"deployments"`
	Succeeded   int       `json:"succeeded"`
	RolledBack  int       `json:"rolledBack"`
	Failed      int       `json:"failed"`
	Open        int       `json:"open"`
	KPIs        []KPI     `json:"kpis"`
}

// Days is how long the runs were counted.
func (p Performance) Days() float64 { return p.To.Sub(p.From).Hours() / 24 }

const (
	// leastMeans is how many times something must have been timed for its mean to say anything.
	leastMeans = 5
	// leastPeriods is how many of its periods a frequency must have been watched for; a day needs a week, for people rest.
	leastPeriods = 1
	leastDays    = 7
)

// Measured adds runs up, one Performance for each procedure and environment, by name. since is the beginning of the
// window, now its end; kpis gives the targets of a procedure.
func Measured(passages []Passage, since, now time.Time, kpis func(runbook string) []runbook.KPI) []Performance {
	undone := map[string]bool{}
	for _, p := range passages {
		for _, id := range p.Undid {
			undone[id] = true
		}
	}
	type key struct{ runbook, env string }
	groups := map[key][]Passage{}
	first := now
	for _, p := range passages {
		if p.At.Before(first) {
			first = p.At
		}
		p.RolledBack = p.RolledBack || undone[p.Run]
		if !p.At.Before(since) && !p.At.After(now) {
			groups[key{p.Runbook, p.Environment}] = append(groups[key{p.Runbook, p.Environment}], p)
		}
	}
	var list []Performance
	for k, group := range groups {
		perf := Performance{Runbook: k.runbook, Environment: k.env, From: later(since, first), To: now}
		perf.add(group, kpis(k.runbook))
		list = append(list, perf)
	}
	slices.SortFunc(list, func(a, b Performance) int {
		return cmp.Or(cmp.Compare(a.Runbook, b.Runbook), cmp.Compare(a.Environment, b.Environment))
	})
	return list
}

// add counts the runs of a group and sets them against the targets.
func (p *Performance) add(group []Passage, kpis []runbook.KPI) {
	var deploy, detect, back, restore mean
	for _, g := range group {
		detect.take(g.Detect)
		back.take(g.Back)
		restore.take(g.Restore)
		if !g.Deployed {
			continue
		}
		p.Deployments++
		deploy.take(g.Deploy)
		switch {
		case g.RolledBack:
			p.RolledBack++
		case g.Open:
			p.Open++
		case g.Succeeded():
			p.Succeeded++
		default:
			p.Failed++
		}
	}
	over := p.Deployments - p.Open
	byMeasure, others := targets(kpis)
	for _, m := range measures {
		k := KPI{ID: m.id, Title: m.title}
		switch m.id {
		case DeploymentFrequency:
			k.frequency(p)
		case SuccessRate:
			k.share(p.Succeeded, over)
		case RollbackRate:
			k.share(p.RolledBack, over)
		default:
			k.mean(map[Measure]mean{TimeToDeploy: deploy, TimeToDetect: detect, TimeToRollBack: back, TimeToRestore: restore}[m.id])
		}
		target, given := byMeasure[m.id]
		k.judge(p, target, given)
		p.KPIs = append(p.KPIs, k)
	}
	for _, o := range others {
		p.KPIs = append(p.KPIs, KPI{Title: clean(o.Title), Text: "–", Target: clean(o.Target), Finding: NotTold, Why: "the journals do not tell it"})
	}
}

// mean is a sum of durations and how many they were.
type mean struct {
	sum time.Duration
	n   int
}

func (m *mean) take(d time.Duration) {
	if d > 0 {
		m.sum, m.n = m.sum+d, m.n+1
	}
}

func (k *KPI) set(v float64, unit, text string) { k.Value, k.Unit, k.Text = &v, unit, text }

func (k *KPI) frequency(p *Performance) {
	k.Samples = p.Deployments
	days := math.Max(p.Days(), 1)
	a := float64(p.Deployments) / days
	text := fmt.Sprintf("%.2g a day", a)
	if a < 1 {
		text = fmt.Sprintf("%.2g a week", 7*a)
	}
	k.set(a, "per-day", text)
}

func (k *KPI) share(part, all int) {
	k.Samples, k.Text, k.Unit = all, "–", "percent"
	if all > 0 {
		v := 100 * float64(part) / float64(all)
		k.set(v, "percent", fmt.Sprintf("%.1f %% (%d of %d)", v, part, all))
	}
}

func (k *KPI) mean(m mean) {
	k.Samples, k.Text, k.Unit = m.n, "–", "seconds"
	if m.n > 0 {
		d := m.sum / time.Duration(m.n)
		k.set(d.Seconds(), "seconds", took(d))
	}
}

// judge sets the value against the target.
func (k *KPI) judge(p *Performance, kpi runbook.KPI, given bool) {
	if !given {
		k.Finding = NoTarget
		return
	}
	k.Title, k.Target = clean(kpi.Title), clean(kpi.Target)
	t, err := ParseTarget(k.ID, kpi.Target)
	if err != nil {
		k.Finding, k.Why = NotTold, clean(err.Error())
		return
	}
	k.level = &t.Level
	switch k.ID {
	case DeploymentFrequency:
		need := math.Max(leastPeriods*t.Days, leastDays)
		if p.Days() < need {
			k.Finding, k.Why = TooFew, fmt.Sprintf("only %.1f days are known, %.0f are needed", p.Days(), need)
			return
		}
	case SuccessRate, RollbackRate:
		if k.few(t) {
			return
		}
	default:
		if k.Samples < leastMeans {
			k.Finding, k.Why = TooFew, fmt.Sprintf("timed %d times, %d are needed", k.Samples, leastMeans)
			return
		}
	}
	k.Finding = NotMet
	if t.Met(*k.Value) {
		k.Finding = Met
	}
}

// few says of a share that too few runs were counted: so few that a single one that goes wrong would miss the target.
// It is missed all the same when it would be, were all that are needed to go well from now on.
func (k *KPI) few(t Target) bool {
	bad := t.Level
	if k.ID == SuccessRate {
		bad = 100 - t.Level
	}
	if k.Samples == 0 {
		k.Finding, k.Why = TooFew, "no deployment is over"
		return true
	}
	need := leastMeans // where none may go wrong
	if bad > 0 {
		need = int(math.Floor(100/bad)) + 1
	}
	if k.Samples >= need {
		return false
	}
	wrong := *k.Value
	if k.ID == SuccessRate {
		wrong = 100 - wrong
	}
	best := wrong * float64(k.Samples) / float64(need) // percent, when all others go well
	if k.ID == SuccessRate {
		best = 100 - best
	}
	if !t.Met(best) {
		return false
	}
	k.Finding, k.Why = TooFew, fmt.Sprintf("%d deployments are over, %d are needed", k.Samples, need)
	return true
}
