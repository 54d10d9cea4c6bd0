package checks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a runbook's zone must be known on every machine

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type windowParams struct {
	Days []string `yaml:"days,omitempty" doc:"days such as Mon-Fri, or a list of days and ranges; without any, every day"`
	From string   `yaml:"from" doc:"beginning of the window by the wall clock, such as '09:00'"`
	To   string   `yaml:"to" doc:"end of the window, such as '17:00'; one before from is on the next day; '24:00' is midnight"`
	Zone string   `yaml:"zone,omitempty" doc:"time zone such as UTC (the default) or Europe/Berlin"`
}

var windowKind = runbook.Kind{
	Name: "window",
	Doc: `It is the time for it.
passes   the present instant is inside the window
warns    it is outside; the summary says when the window opens next
A window that crosses midnight belongs to the day on which it begins. To make it a wall, add expect: self.inside
self     a map of inside, day (Mon), time (15:04), opens and closes (texts; one of them is empty)`,
	Example:  "window: {days: Mon-Fri, from: '09:00', to: '17:00', zone: UTC}",
	Params:   windowParams{},
	Interval: time.Minute,
	Timeout:  defaultTimeout,
	Lint:     lintWindow,
}

func lintWindow(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*windowParams)
	var out []runbook.ParamProblem
	for i, d := range p.Days {
		if _, err := parseDays(d); err != nil && known(d) {
			out = append(out, problem(fmt.Sprintf("days[%d]", i), "write Mon-Fri, or Mon, Tue, …", "%v", err))
		}
	}
	for _, at := range []struct{ path, text string }{{"from", p.From}, {"to", p.To}} {
		if _, err := parseWall(at.text); err != nil && known(at.text) {
			out = append(out, problem(at.path, "write it as '09:00'", "%v", err))
		}
	}
	if p.From == p.To && known(p.From) {
		out = append(out, problem("to", "for the whole day write from: '00:00', to: '24:00'", "the window ends when it begins"))
	}
	if _, err := time.LoadLocation(p.Zone); err != nil && known(p.Zone) {
		out = append(out, problem("zone", "write UTC or a name such as Europe/Berlin", "%q is not a time zone", p.Zone))
	}
	return out
}

func readyWindow(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[windowParams](windowKind, work.Check)
	if err != nil {
		return check{}, err
	}
	win, err := p.window()
	if err != nil {
		return check{}, err
	}
	expected := said("%s %s-%s %s", win.dayNames(), p.From, p.To, win.zone)
	return check{look: func(context.Context) seen { return win.judge(w.Clock.Now(), expected) }}, nil
}

// window is a stretch of the wall clock on some days of the week.
type window struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes since midnight; to > from, beyond 24 h on the next day
	zone     *time.Location
}

func (p windowParams) window() (window, error) {
	var w window
	var err error
	for _, text := range p.Days {
		days, err := parseDays(text)
		if err != nil {
			return w, err
		}
		for _, d := range days {
			w.days[d] = true
		}
	}
	if len(p.Days) == 0 {
		w.days = [7]bool{true, true, true, true, true, true, true}
	}
	if w.from, err = parseWall(p.From); err != nil {
		return w, err
	}
	if w.to, err = parseWall(p.To); err != nil {
		return w, err
	}
	if w.to <= w.from {
		w.to += 24 * 60
	}
	w.zone, err = time.LoadLocation(p.Zone)
	return w, err
}

// on is the window of the calendar day that lies offset days from t; ok is false when that day has none. The wall
// clock decides, so a window keeps its hours when summer time begins or ends.
func (w window) on(t time.Time, offset int) (opens, closes time.Time, ok bool) {
	y, m, d := t.Date()
	at := func(minutes int) time.Time { return time.Date(y, m, d+offset, 0, minutes, 0, 0, w.zone) }
	return at(w.from), at(w.to), w.days[time.Date(y, m, d+offset, 12, 0, 0, 0, w.zone).Weekday()]
}

// find returns the window that t is inside of, or else the next one.
func (w window) find(t time.Time) (opens, closes time.Time) {
	for offset := -1; offset <= 8; offset++ {
		opens, closes, ok := w.on(t, offset)
		if ok && t.Before(closes) {
			return opens, closes
		}
	}
	return time.Time{}, time.Time{} // no day is named, which lint and window refuse
}

func (w window) judge(now time.Time, expected run.Safe) seen {
	t := now.In(w.zone)
	opens, closes := w.find(t)
	inside := !t.Before(opens)
	self := map[string]any{"inside": inside, "day": t.Weekday().String()[:3], "time": t.Format("15:04"), "opens": "", "closes": ""}
	s := seen{self: self}
	if inside {
		self["closes"] = closes.Format(time.RFC3339)
		s.again = closes.Sub(now)
		s.summed(run.Passed, "open until %s, for %s", stamp(closes), span(closes.Sub(now)))
	} else {
		self["opens"] = opens.Format(time.RFC3339)
		s.again = opens.Sub(now)
		s.summed(run.Warn, "outside the window, which opens %s, in %s", stamp(opens), span(opens.Sub(now)))
	}
	s.Evidence = []run.Evidence{{Observed: said("%s", stamp(t)), Expected: expected, Source: "this machine's clock"}}
	return s
}

func stamp(t time.Time) string { return t.Format("Mon 2 Jan 15:04 MST") }

// span writes a length of time in its two largest units.
func span(d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	switch days, hours := minutes/(24*60), minutes/60%24; {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes%60)
	}
	return fmt.Sprintf("%d min", minutes)
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (w window) dayNames() string {
	var out []string
	for i := range 7 {
		if d := (i + 1) % 7; w.days[d] {
			out = append(out, time.Weekday(d).String()[:3])
		}
	}
	return strings.Join(out, " ")
}

// parseDays reads Mon or Mon-Fri; a range may run over the end of the week.
func parseDays(text string) ([]time.Weekday, error) {
	first, last, isRange := strings.Cut(text, "-")
	from, err := parseDay(first)
	if err != nil {
		return nil, err
	}
	to := from
	if isRange {
		if to, err = parseDay(last); err != nil {
			return nil, err
		}
	}
	days := []time.Weekday{from}
	for d := from; d != to; days = append(days, d) {
		d = (d + 1) % 7
	}
	return days, nil
}

func parseDay(text string) (time.Weekday, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	for i, day := range weekdays {
		if name == day || name == strings.ToLower(time.Weekday(i).String()) {
			return time.Weekday(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a day of the week", text)
}

// parseWall reads HH:MM as minutes since midnight.
func parseWall(text string) (int, error) {
	h, m, ok := strings.Cut(text, ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if !ok || len(h) != 2 || len(m) != 2 || err1 != nil || err2 != nil || hours < 0 || minutes < 0 || minutes > 59 || hours*60+minutes > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day", text)
	}
	return hours*60 + minutes, nil
}
