package checks

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"pgregory.net/rapid"
)

func at(t *testing.T, zone, text string) time.Time {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	got, err := time.ParseInLocation("2006-01-02 15:04", text, l)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWindow(t *testing.T) {
	office := windowParams{Days: []string{"Mon-Fri"}, From: "09:00", To: "17:00", Zone: "UTC"}
	berlin := windowParams{Days: []string{"Sun"}, From: "01:00", To: "04:00", Zone: "Europe/Berlin"}
	night := windowParams{Days: []string{"Fri"}, From: "22:00", To: "02:00", Zone: "UTC"}
	always := windowParams{From: "00:00", To: "24:00"}
	for _, c := range []struct {
		name   string
		params windowParams
		zone   string
		now    string
		status run.Status
		words  string
	}{
		{"inside", office, "UTC", "2026-03-02 09:00", run.Passed, "open until Mon 2 Mar 17:00 UTC, for 8 h 0 min"},
		{"the last minute", office, "UTC", "2026-03-02 16:59", run.Passed, "for 1 min"},
		{"the end is outside", office, "UTC", "2026-03-02 17:00", run.Warn, "opens Tue 3 Mar 09:00 UTC, in 16 h 0 min"},
		{"before the beginning", office, "UTC", "2026-03-02 08:59", run.Warn, "opens Mon 2 Mar 09:00 UTC, in 1 min"},
		{"the weekend", office, "UTC", "2026-03-07 12:00", run.Warn, "opens Mon 9 Mar 09:00 UTC, in 1 d 21 h"},
		{"another zone", office, "Asia/Tokyo", "2026-03-02 18:30", run.Passed, ""},
		{"summer time begins", berlin, "Europe/Berlin", "2026-03-29 00:30", run.Warn, "opens Sun 29 Mar 01:00 CET"},
		{"an hour that is missing", berlin, "Europe/Berlin", "2026-03-29 01:30", run.Passed, "until Sun 29 Mar 04:00 CEST, for 1 h 30 min"},
		{"an hour that comes twice", berlin, "Europe/Berlin", "2026-10-25 01:30", run.Passed, "until Sun 25 Oct 04:00 CET, for 3 h 30 min"},
		{"before midnight", night, "UTC", "2026-03-06 23:00", run.Passed, "until Sat 7 Mar 02:00"},
		{"after midnight", night, "UTC", "2026-03-07 01:00", run.Passed, "for 1 h 0 min"},
		{"after it", night, "UTC", "2026-03-07 02:00", run.Warn, "opens Fri 13 Mar 22:00"},
		{"always", always, "UTC", "2026-03-07 02:00", run.Passed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := c.params.window().Hours()
			if err != nil {
				t.Fatal(err)
			}
			s := judgeWindow(w, at(t, c.zone, c.now), "")
			if s.Status != c.status || !strings.Contains(string(s.Summary), c.words) {
				t.Errorf("got %s: %s; want %s: %s", s.Status, s.Summary, c.status, c.words)
			}
			if s.again <= 0 {
				t.Errorf("the next change is in %v", s.again)
			}
		})
	}
}

// TestWindowOpensWhenItSays: outside, the instant it names is the first that is inside; inside, the first outside.
func TestWindowOpensWhenItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minute := rapid.IntRange(0, 24*60-1)
		zone, err := time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		w := runbook.Hours{From: minute.Draw(t, "from"), To: minute.Draw(t, "to"), Zone: zone}
		if w.To <= w.From {
			w.To += 24 * 60
		}
		w.Days[rapid.IntRange(0, 6).Draw(t, "day")] = true
		w.Days[rapid.IntRange(0, 6).Draw(t, "another")] = true
		now := monday.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "now")))
		s := judgeWindow(w, now, "")
		before, after := judgeWindow(w, now.Add(s.again-time.Nanosecond), ""), judgeWindow(w, now.Add(s.again), "")
		if before.Status != s.Status {
			t.Fatalf("at %v it is %s, and %s before it changes", now, s.Status, before.Status)
		}
		// One day's window may end when the next begins.
		if after.Status == s.Status && !(s.Status == run.Passed && w.To-w.From >= 23*60) && s.again > 0 && !missingHour(w.Zone, now.Add(s.again)) {
			t.Fatalf("at %v it is %s (%s), and after %v still %s", now, s.Status, s.Summary, s.again, after.Status)
		}
	})
}

// missingHour tells whether the clocks change on the day of t: a window may then be empty.
func missingHour(zone *time.Location, t time.Time) bool {
	_, a := t.Add(-36 * time.Hour).In(zone).Zone()
	_, b := t.Add(36 * time.Hour).In(zone).Zone()
	return a != b
}

func TestWindowParameters(t *testing.T) {
	good := params("days", "Mon-Fri", "from", "09:00", "to", "17:00")
	for key, value := range map[string]string{"days": "Mon-Fru", "from": "9 o'clock", "to": "25:00", "zone": "Mars/Olympus"} {
		p := params("days", good["days"], "from", good["from"], "to", good["to"], key, value)
		want(t, newBench(t).look(runbook.Check{Kind: "window", Params: p}), run.Unknown, "could not look: "+key)
	}
	want(t, newBench(t).look(runbook.Check{Kind: "window", Params: good}), run.Passed, "Mon Tue Wed Thu Fri 09:00-17:00 UTC")
	want(t, newBench(t).look(runbook.Check{Kind: "window", Params: params("days", "Sat, Sun", "from", "09:00", "to", "17:00")}), run.Warn, "opens Sat 7 Mar")
	want(t, newBench(t).look(runbook.Check{Kind: "window", Params: params("days", "Sat", "from", "09:00", "to", "17:00"), Expect: "self.inside"}), run.Failed, "inside = false")
}

func TestWindowChangesOnTheMinute(t *testing.T) {
	b := newBench(t) // Monday 09:30
	got := b.follow(runbook.Check{Kind: "window", Params: params("from", "09:00", "to", "09:32"), Interval: runbook.Duration{D: time.Hour}}, 2)
	if got[0].status != run.Passed || got[1].status != run.Warn || got[1].after != 2*time.Minute {
		t.Errorf("got %v, want a change after 2 min", got)
	}
}
