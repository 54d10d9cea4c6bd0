package run

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// actionWords say an event of an action or a message in words.
func (s State) actionWords(e Stamped) (text string, loud bool) {
	switch v := e.Event.(type) {
	case ActionStarted:
		return s.startedWords(v, e.Actor), false
	case ActionEnded:
		return strings.TrimSpace(fmt.Sprintf("%s: %s %s", s.title(v.Step), v.Stage, v.Summary)), v.Stage != ActionDone
	case Invited:
		return fmt.Sprintf("%s: %s", s.title(v.Step), v.Summary), v.Kept == ""
	case Approved:
		return fmt.Sprintf("%s: %s", s.title(v.Step), v.Approval.words()), false
	case ApprovalVoided:
		return fmt.Sprintf("%s is void: %s", s.title(v.Step), v.Why), true
	case Answered:
		return fmt.Sprintf("%s: %s", s.title(v.Step), answersInWords(v.Answers)), false
	case ShareReached:
		text := fmt.Sprintf("%s: on for %d %%", s.title(v.Step), v.Share)
		if v.Hold.After(e.At) {
			text += ", watched until " + v.Hold.UTC().Format(time.TimeOnly)
		}
		return text, false
	case FlagsPaused:
		if v.Paused {
			return s.title(v.Step) + ": frozen where it is", false
		}
		return s.title(v.Step) + ": goes on", false
	case MessageSent:
		return s.sentWords(v)
	case FlagsOffAsked:
		if len(s.Found) > 0 {
			return "turning off the flags of " + strings.Join(s.titles(v.Steps), ", ") + " that run " + s.Found[0].Run + " raised", false
		}
		return "turning off the flags that this run raised", false
	case FlagsOffSeen:
		if v.Err != "" {
			return fmt.Sprintf("flags of %s not off yet, tried again: %s", s.title(v.Step), v.Err), true
		}
		return "flags of " + s.title(v.Step) + " are off", false
	case FlagsOffLate:
		return "the rollback does not wait for flags any longer; still being turned off: " + strings.Join(s.titles(v.Missing), ", "), true
	}
	return "", false
}

func (s State) startedWords(v ActionStarted, actor string) string {
	step, _, _ := s.place(v.Step)
	switch {
	case step.Approve != nil:
		return fmt.Sprintf("%s: waits for an approval of %.12s", step.Title, v.Digest)
	case step.Wait != nil:
		return fmt.Sprintf("%s: waits until %s", step.Title, v.Until.UTC().Format("Mon 2 Jan 15:04:05 MST"))
	case step.Ask != nil:
		return step.Title + ": asked"
	}
	return fmt.Sprintf("%s started by %s", step.Title, cmp.Or(actor, "sop"))
}

// sentWords tell what came of a message that is no step's.
func (s State) sentWords(v MessageSent) (text string, loud bool) {
	for _, m := range s.Messages {
		if m.Wish != v.Wish {
			continue
		}
		what := "status update"
		if m.Escalates() {
			what = "escalation"
		}
		if v.Err != "" {
			return fmt.Sprintf("%s to %s not sent: %s", what, m.Channel, v.Err), true
		}
		return fmt.Sprintf("%s sent to %s", what, m.Channel), false
	}
	return "", false
}
