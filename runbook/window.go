package runbook

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a runbook's zone must be known on every machine
)

// Window is a stretch of the wall clock on some days of the week, such as business hours. One that crosses midnight
// belongs to the day on which it begins.
type Window struct {
	Days Names  `yaml:"days,omitempty"` // days such as Mon-Fri, or a list of days and ranges; without any, every day
	From string `yaml:"from"`           // beginning by the wall clock, such as '09:00'
	To   string `yaml:"to"`             // end, such as '17:00'; one before from is on the next day; '24:00' is midnight
	Zone string `yaml:"zone,omitempty"` // time zone such as UTC (the default) or Europe/Berlin
}

// Hours are the hours of a Window, ready to be compared with an instant.
type Hours struct {
	Days     [7]bool // by time.Weekday
	From, To int     // minutes since midnight; To > From, beyond 24 h on the next day
	Zone     *time.Location
}

// Hours reads the window. What Problems finds is an error here.
func (w Window) Hours() (Hours, error) {
	var h Hours
	var err error
	for _, text := range w.Days.List {
		days, err := parseWeekdays(text)
		if err != nil {
			return h, err
		}
		for _, d := range days {
			h.Days[d] = true
		}
	}
	if len(w.Days.List) == 0 {
		h.Days = [7]bool{true, true, true, true, true, true, true}
	}
	if h.From, err = parseWall(w.From); err != nil {
		return h, err
	}
	if h.To, err = parseWall(w.To); err != nil {
		return h, err
	}
	if h.To <= h.From {
		h.To += 24 * 60
	}
	h.Zone, err = time.LoadLocation(w.Zone)
	return h, err
}

// Problems are what is wrong with a window; texts that still hold ${…} are not judged.
func (w Window) Problems() []ParamProblem {
	var out []ParamProblem
	add := func(path, hint, format string, args ...any) {
		out = append(out, ParamProblem{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	for i, d := range w.Days.List {
		if _, err := parseWeekdays(d); err != nil && !HasExpr(d) {
			add(fmt.Sprintf("days[%d]", i), "write Mon-Fri, or Mon, Tue, …", "%v", err)
		}
	}
	for _, at := range []struct{ path, text string }{{"from", w.From}, {"to", w.To}} {
		if _, err := parseWall(at.text); err != nil && !HasExpr(at.text) {
			add(at.path, "write it as '09:00'", "%v", err)
		}
	}
	if w.From == w.To && !HasExpr(w.From) {
		add("to", "for the whole day write from: '00:00', to: '24:00'", "the window ends when it begins")
	}
	if _, err := time.LoadLocation(w.Zone); err != nil && !HasExpr(w.Zone) {
		add("zone", "write UTC or a name such as Europe/Berlin", "%q is not a time zone", w.Zone)
	}
	return out
}

// on is the window of the calendar day that lies offset days from t, which is in the window's zone; ok is false when
// that day has none. The wall clock decides, so a window keeps its hours when summer time begins or ends.
func (h Hours) on(t time.Time, offset int) (opens, closes time.Time, ok bool) {
	y, m, d := t.Date()
	at := func(minutes int) time.Time { return time.Date(y, m, d+offset, 0, minutes, 0, 0, h.Zone) }
	return at(h.From), at(h.To), h.Days[time.Date(y, m, d+offset, 12, 0, 0, 0, h.Zone).Weekday()]
}

// Find returns the window that t is inside of, or else the next one; both are zero when no day has any.
func (h Hours) Find(t time.Time) (opens, closes time.Time) {
	t = t.In(h.Zone)
	for offset := -1; offset <= 8; offset++ {
		opens, closes, ok := h.on(t, offset)
		if ok && t.Before(closes) {
			return opens, closes
		}
	}
	return time.Time{}, time.Time{}
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// DayNames lists the days, Monday first.
func (h Hours) DayNames() string {
	var out []string
	for i := range 7 {
		if d := (i + 1) % 7; h.Days[d] {
			out = append(out, time.Weekday(d).String()[:3])
		}
	}
	return strings.Join(out, " ")
}

// parseWeekdays reads Mon or Mon-Fri; a range may run over the end of the week.
func parseWeekdays(text string) ([]time.Weekday, error) {
	first, last, isRange := strings.Cut(text, "-")
	from, err := parseWeekday(first)
	if err != nil {
		return nil, err
	}
	to := from
	if isRange {
		if to, err = parseWeekday(last); err != nil {
			return nil, err
		}
	}
	days := []time.Weekday{from}
	for d := from; d != to; days = append(days, d) {
		d = (d + 1) % 7
	}
	return days, nil
}

func parseWeekday(text string) (time.Weekday, error) {
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
