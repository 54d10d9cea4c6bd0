package checks

import (
	"context"
	"fmt"
	"time"

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

func (p windowParams) window() runbook.Window {
	return runbook.Window{Days: runbook.Names{List: p.Days}, From: p.From, To: p.To, Zone: p.Zone}
}

func lintWindow(params any, _ runbook.Check) []runbook.ParamProblem {
	return params.(*windowParams).window().Problems()
}

func readyWindow(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[windowParams](windowKind, work.Check)
	if err != nil {
		return check{}, err
	}
	hours, err := p.window().Hours()
	if err != nil {
		return check{}, err
	}
	expected := said("%s %s-%s %s", hours.DayNames(), p.From, p.To, hours.Zone)
	return check{look: func(context.Context) seen { return judgeWindow(hours, w.Clock.Now(), expected) }}, nil
}

// judgeWindow says whether it is the time for it.
func judgeWindow(h runbook.Hours, now time.Time, expected run.Safe) seen {
	t := now.In(h.Zone)
	opens, closes := h.Find(t)
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
