package act

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// The hours of a working day, in UTC. An appointment begins at the first at the earliest, and ends at the last.
const (
	dayBegins = 9
	dayEnds   = 17

	usualLength = 30 * time.Minute
)

// invite writes the invitation of a message that a person passed on.
func (w *Worker) invite(work run.InviteWork) outcome {
	name, start, err := w.appointment(work.Wish, work.Step, work.At, &work.Invite)
	if err != nil {
		return failed("the invitation could not be written: %v; put %q into the calendar yourself", err, work.Invite.Title)
	}
	out := done("invitation for %s in %s", start.Format("Mon 2 Jan 15:04 MST"), name)
	out.kept = name
	return out
}

// appointment puts an invitation beside the journal.
func (w *Worker) appointment(wish, step string, at time.Time, invite *runbook.Invite) (name string, start time.Time, err error) {
	if w.File == nil {
		return "", start, errors.New("there is no run directory")
	}
	start = nextHour(at.Add(invite.After.D))
	name = step + ".ics"
	return name, start, w.File(name, invitation(wish, at, start, invite))
}

// nextHour is the next whole hour of a working day, Monday to Friday, from 9 to 17 in UTC.
func nextHour(at time.Time) time.Time {
	t := at.UTC().Truncate(time.Hour)
	if t.Before(at) {
		t = t.Add(time.Hour)
	}
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || t.Hour() < dayBegins || t.Hour() >= dayEnds {
		t = t.Add(time.Hour)
	}
	return t
}

// invitation is an appointment as RFC 5545 writes it.
func invitation(wish string, at, start time.Time, invite *runbook.Invite) []byte {
	const stamp = "20060102T150405Z"
	length := invite.Lasts.D
	if length <= 0 {
		length = usualLength
	}
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//sop//run//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "BEGIN:VEVENT",
		"UID:" + calendarText(wish) + "@sop",
		"DTSTAMP:" + at.UTC().Format(stamp),
		"DTSTART:" + start.UTC().Format(stamp),
		"DTEND:" + start.Add(length).UTC().Format(stamp),
		"SUMMARY:" + calendarText(invite.Title),
	}
	if invite.Text != "" {
		lines = append(lines, "DESCRIPTION:"+calendarText(invite.Text))
	}
	if invite.Where != "" {
		lines = append(lines, "LOCATION:"+calendarText(invite.Where))
	}
	for _, guest := range invite.Guest {
		lines = append(lines, "ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:"+mailAddress(guest))
	}
	lines = append(lines, "END:VEVENT", "END:VCALENDAR")
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(folded(line))
	}
	return []byte(b.String())
}

// calendarText escapes a text. Control characters but the end of a line are dropped.
func calendarText(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(text)
}

// mailAddress is an address without what would end its line or begin another property.
func mailAddress(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`;:,"<>`, r) {
			return -1
		}
		return r
	}, strings.TrimPrefix(text, "mailto:"))
}

// folded is a line with its end, in pieces of at most 75 octets that begin with a space after the first. No character
// is cut apart.
func folded(line string) string {
	const most = 75
	var b strings.Builder
	used := 0
	for _, r := range line {
		n := utf8.RuneLen(r)
		if used+n > most {
			b.WriteString("\r\n ")
			used = 1
		}
		fmt.Fprintf(&b, "%c", r)
		used += n
	}
	b.WriteString("\r\n")
	return b.String()
}
