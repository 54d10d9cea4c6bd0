package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// The size of a time line.
const (
	lanesW         = 920
	laneX, laneEnd = 120, 900
	laneTop        = 34
	laneH, barH    = 30, 18
)

// Lanes is the drawing of a rollout: a lane for each component, one for what was watched, one for the way back.
type Lanes struct {
	ID, Title, Desc string
	W, H            int
	X, R, Top, End  string
	Lanes           []Lane
	Marks           []Mark
	Times           []Tick
	Kinds           []Legend
}

// Lane is one row of bars.
type Lane struct {
	Name, TextY, LineY string
	Bars               []Bar
}

// Bar is a while in which one thing went on. Its label stands in it where there is room, in its title always.
type Bar struct {
	X, Y, W, H, LabelX, LabelY string
	Label, Title, Class        string
}

// Legend explains one kind of bar.
type Legend struct{ X, TextX, Y, Class, Label string }

// stretch is a bar before it has a place.
type stretch struct {
	from, to    time.Time
	class       string
	label, said string
}

// lanes draws what was done to an environment; nil when nothing was.
func (r *Report) lanes(env string) *Lanes {
	rows, names := map[string][]stretch{}, []string{}
	add := func(name string, s stretch) {
		if _, known := rows[name]; !known {
			names = append(names, name)
		}
		list := rows[name]
		if n := len(list); n > 0 && list[n-1].class == s.class && list[n-1].label == s.label && !list[n-1].to.Before(s.from) {
			list[n-1].to = s.to
			return
		}
		rows[name] = append(list, s)
	}
	end := r.laneEnd(env)
	for _, ro := range r.Rollouts {
		if ro.Environment == env {
			ro.stretches(end, add)
		}
	}
	r.undoStretches(env, add)
	for _, w := range r.Watches {
		if to := latest(w.Ended, w.From); w.Environment == env {
			if w.Ended.IsZero() {
				to = r.Last
			}
			add("watch", stretch{w.From, to, "watch " + verdict(w.Verdict).Tone, string(w.Verdict), w.Title + ": " + string(w.Verdict)})
		}
	}
	if len(names) == 0 {
		return nil
	}
	return r.layOut(env, names, rows)
}

func latest(all ...time.Time) (t time.Time) {
	for _, a := range all {
		t = later(t, a)
	}
	return t
}

// laneEnd is when the last thing happened to an environment.
func (r *Report) laneEnd(env string) (end time.Time) {
	for _, ro := range r.Rollouts {
		if ro.Environment != env {
			continue
		}
		end = later(end, ro.Ended)
		for _, s := range ro.Spans {
			end = later(end, s.To)
		}
	}
	for _, w := range r.Watches {
		if w.Environment == env {
			end = latest(end, w.From, w.Ended)
		}
	}
	if rb := r.Rollback; rb != nil && rb.Environment == env {
		end = latest(end, rb.Pressed, rb.Burnt, rb.Took, rb.Ended)
	}
	return end
}

// stretches are the bars of a rollout. A component that stands at its share keeps its bar while others move.
func (ro Rollout) stretches(end time.Time, add func(string, stretch)) {
	share, changed := map[string]int{}, []string{}
	full := map[string]time.Time{}
	for _, span := range ro.Spans {
		if span.Move < 0 || span.Move >= len(ro.Moves) {
			word := spanWords[span.Kind]
			add("prepare", stretch{span.From, span.To, "wait", word, word})
			continue
		}
		m := ro.Moves[span.Move]
		for _, name := range m.Components {
			if !slices.Contains(changed, name) {
				changed = append(changed, name)
			}
			if span.Kind != SpanMove || m.Reached.Equal(span.To) {
				share[name] = m.Share
			}
		}
		for _, name := range changed {
			s := stretch{from: span.From, to: span.To, class: "hold", label: fmt.Sprintf("%d %%", share[name]), said: fmt.Sprintf("%s at %d %%", name, share[name])}
			switch inMove := slices.Contains(m.Components, name); {
			case span.Kind == SpanMove && inMove:
				s.class, s.label, s.said = "move", fmt.Sprintf("→ %d %%", m.Share), fmt.Sprintf("%s moves to %d %%", name, m.Share)
			case span.Kind == SpanFrozen:
				s.class, s.label, s.said = "frozen", "frozen", name+" is frozen"
			case span.Kind == SpanStuck && inMove:
				s.class, s.label, s.said = "stuck", "! stuck", name+" is stuck"
			case share[name] >= 100:
				s.class = "full"
				full[name] = span.From
			}
			add(name, s)
		}
	}
	if ro.Stage != run.DeployDone {
		return
	}
	for _, name := range changed { // it runs on with the new image
		add(name, stretch{ro.Ended, end, "full", fmt.Sprintf("%d %%", share[name]), fmt.Sprintf("%s at %d %%", name, share[name])})
	}
}

// undoStretches are the bars of the rollback, and cut what they undo.
func (r *Report) undoStretches(env string, add func(string, stretch)) {
	for _, rc := range append(slices.Clone(r.Earlier), pointed(r.Rollback)...) {
		if rc.Environment != env {
			continue
		}
		fuse := latest(rc.Burnt, rc.Pressed)
		if rc.Burnt.IsZero() {
			fuse = latest(rc.Ended, rc.Pressed)
		}
		add("rollback", stretch{rc.Pressed, fuse, "frozen", "fuse", "the fuse burns"})
		if rc.Burnt.IsZero() {
			continue
		}
		undone := rc.Took
		if undone.IsZero() {
			undone = latest(r.Last, rc.Burnt)
		}
		add("rollback", stretch{rc.Burnt, undone, "undo", "undo", "components go back"})
		if !rc.Took.IsZero() {
			add("rollback", stretch{rc.Took, latest(rc.Ended, rc.Took), "settle", "settling", "the metrics come back in band"})
		}
		for _, u := range rc.Components {
			to := u.TookAt
			if to.IsZero() {
				to = undone
			}
			add(u.Name, stretch{rc.Burnt, to, "undo", "undo", u.Name + " goes back: " + u.State})
		}
	}
}

func pointed(rc *Receipt) []Receipt {
	if rc == nil {
		return nil
	}
	return []Receipt{*rc}
}

// layOut gives every bar its place.
func (r *Report) layOut(env string, names []string, rows map[string][]stretch) *Lanes {
	from, to := math.Inf(1), math.Inf(-1)
	for _, list := range rows {
		for _, s := range list {
			from, to = math.Min(from, float64(s.from.Unix())), math.Max(to, float64(s.to.Unix()+1))
		}
	}
	x := newAxis(from, to, laneX, laneEnd-laneX)
	bottom := float64(laneTop + laneH*len(names))
	l := &Lanes{
		ID: "l" + fmt.Sprint(slices.Index(r.rolledOut(), env)+1), Title: "Rollout to " + clean(env), W: lanesW, H: int(bottom) + 52,
		X: px(laneX), R: px(laneEnd), Top: px(laneTop), End: px(bottom), Times: x.timeTicks(),
	}
	burnt := r.burntIn(env)
	for i, name := range order(names) {
		top := float64(laneTop + laneH*i)
		lane := Lane{Name: clean(name), TextY: px(top + laneH/2 + 4), LineY: px(top + laneH)}
		for _, s := range rows[name] {
			if s.class == "full" && !burnt.IsZero() && s.from.Before(burnt) && s.to.After(burnt) {
				s.to = burnt
			}
			lane.Bars = append(lane.Bars, place(x, top, s))
		}
		l.Lanes = append(l.Lanes, lane)
	}
	l.Marks = r.laneMarks(env, x)
	l.Kinds = legend(bottom + 34)
	l.Desc = fmt.Sprintf("A time line of %d rows from %s to %s; the table below says the same.", len(names),
		time.Unix(int64(x.from), 0).UTC().Format("15:04:05"), time.Unix(int64(x.to), 0).UTC().Format("15:04:05"))
	return l
}

// order puts the components between what prepares them and what comes after.
func order(names []string) []string {
	rank := func(name string) int {
		return map[string]int{"prepare": -1, "watch": 1, "rollback": 2}[name]
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return rank(a) - rank(b) })
	return sorted
}

func (r *Report) rolledOut() (envs []string) {
	for _, ro := range r.Rollouts {
		if !slices.Contains(envs, ro.Environment) {
			envs = append(envs, ro.Environment)
		}
	}
	return envs
}

func (r *Report) burntIn(env string) time.Time {
	if r.Rollback != nil && r.Rollback.Environment == env {
		return r.Rollback.Burnt
	}
	return time.Time{}
}

// place makes a bar; one too short for its label, or to be seen at all, is said in its title.
func place(x axis, top float64, s stretch) Bar {
	left, right := x.x(float64(s.from.UnixMilli())/1000), x.x(float64(s.to.UnixMilli())/1000)
	width := math.Max(right-left, 2)
	left = math.Min(left, x.at+x.length-2)
	b := Bar{
		X: px(left), Y: px(top + (laneH-barH)/2), W: px(math.Min(width, x.at+x.length-left)), H: px(barH), Class: s.class,
		Title: clean(fmt.Sprintf("%s, %s to %s (%s)", s.said, clock(s.from), clock(s.to), took(s.to.Sub(s.from)))),
	}
	if width >= 6.6*float64(len([]rune(s.label)))+8 {
		b.Label, b.LabelX, b.LabelY = clean(s.label), px(left+width/2), px(top+laneH/2+4)
	}
	return b
}

// laneMarks are the press of R and the trips.
func (r *Report) laneMarks(env string, x axis) []Mark {
	var list []run.ChartMark
	for _, t := range r.Triggers {
		if t.Environment == env && t.To == run.TriggerTripped {
			list = append(list, run.ChartMark{At: t.At, Label: "✖ " + t.Metric + " tripped"})
		}
	}
	for _, rc := range append(slices.Clone(r.Earlier), pointed(r.Rollback)...) {
		if rc.Environment == env {
			label := "R"
			if rc.By == "" {
				label = "rollback"
			}
			list = append(list, run.ChartMark{At: rc.Pressed, Label: label})
		}
	}
	slices.SortStableFunc(list, func(a, b run.ChartMark) int { return a.At.Compare(b.At) })
	return marks(x, list)
}

// legend explains the bars.
func legend(y float64) (list []Legend) {
	at := float64(laneX)
	for _, k := range [][2]string{
		{"move", "moving"}, {"hold", "held at its share"}, {"full", "all pods are new"}, {"frozen", "frozen"}, {"stuck", "stuck"}, {"undo", "going back"},
	} {
		list = append(list, Legend{X: px(at), TextX: px(at + 22), Y: px(y), Class: k[0], Label: k[1]})
		at += 22 + 6.6*float64(len(k[1])) + 18
	}
	return list
}
