package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Report is where a person looks in the report.
type Report struct{ Top int }

// View draws what the run came to, and how.
func (v *Report) View(f Frame) []string {
	var text long
	text.add(outcomeLines(f)...)
	for _, part := range [][]string{receiptLines(f), componentLines(f), overrideLines(f)} {
		if len(part) > 0 {
			text.add("")
			text.add(part...)
		}
	}
	text.add("")
	stepLines(f, &text)
	text.add("")
	timeline(f, &text)
	shown, top := text.window(f.Theme, v.Top, f.H, f.W)
	v.Top = top
	return shown
}

// outcomeLines are the outcome, the verdict and the times.
func outcomeLines(f Frame) []string {
	th, s := f.Theme, f.State
	outcome := th.Accent.Render("the run is live")
	switch s.Outcome {
	case run.Completed:
		outcome = th.Good.Render("✔ completed")
	case run.RolledBack:
		outcome = th.Warn.Render("↺ rolled back")
	case run.RunFailed:
		outcome = th.Bad.Render("✖ failed")
	case run.NeedsPerson:
		outcome = th.Warn.Render("? a person is needed")
	}
	verdict := s.Verdict
	if s.Ended.IsZero() {
		verdict = s.RunVerdict()
	}
	look := map[run.Verdict]theme.Style{run.VerdictPass: th.Good, run.VerdictFail: th.Bad, run.VerdictInconclusive: th.Warn, run.VerdictNone: th.Dim}[verdict]
	lines := []string{theme.Between(" "+outcome+th.Dim.Render("   verdict ")+look.Render(string(verdict)), th.Dim.Render(clean(s.ID))+" ", f.W)}
	end := f.Now
	if !s.Ended.IsZero() {
		end = s.Ended
	}
	lines = append(lines, wrapped(th.Title, endWords(s), 1, f.W)...)
	if !s.Started.IsZero() {
		text := fmt.Sprintf("from %s to %s UTC, %s, by %s", s.Started.UTC().Format("2006-01-02 15:04:05"), instant(end), clock(end.Sub(s.Started)), clean(s.Operator))
		lines = append(lines, wrapped(th.Text, text, 1, f.W)...)
	}
	if t := s.Tripped(); len(t) > 0 {
		lines = append(lines, wrapped(th.Bad, "tripped: "+clean(strings.Join(t, ", ")), 1, f.W)...)
	}
	for _, t := range triggersBeyond(s) {
		lines = append(lines, wrapped(th.Dim, t, 3, f.W)...)
	}
	if !s.Ended.IsZero() {
		leaves := " leaves. "
		if s.Practice != "" {
			leaves = " leaves, with your score. "
		}
		line, command := " "+th.Key.Render(f.Keys.Key(keys.Quit))+th.Text.Render(leaves), " "+th.Text.Render("The full report: ")+th.Key.Render("sop report "+clean(s.ID))
		lines = append(lines, "")
		if theme.Width(line)+theme.Width(command) <= f.W-1 {
			line, command = line+command, ""
		}
		if lines = append(lines, line); command != "" { // a command is read whole, or it is none
			lines = append(lines, theme.Truncate(command, f.W))
		}
	}
	return lines
}

// endWords say in a sentence what the run came to, and what is left to do; empty while it is live.
func endWords(s run.State) string {
	env := clean(s.Plan.Environment)
	switch s.Outcome {
	case run.Completed:
		said := map[run.Verdict]string{
			run.VerdictPass: "and the watch found nothing against it.", run.VerdictFail: "but the watch says no: look at what tripped.",
			run.VerdictInconclusive: "but the watch could not tell whether it is well: go on looking.",
		}[s.Verdict]
		if said == "" {
			said = "but nothing was watched."
		}
		return fmt.Sprintf("The procedure is done, its last gate was opened, %s", said)
	case run.RolledBack:
		return rolledBackWords(s, env)
	case run.RunFailed:
		if RollbackLive(s) {
			return "The rollback did not take in time: the list below says what did not. Go on there by hand."
		}
		return "The run failed. " + leftWords(s)
	case run.NeedsPerson:
		return "The run was ended before its last gate. " + leftWords(s)
	}
	return ""
}

// leftWords say what a run leaves behind that did not go back.
func leftWords(s run.State) string {
	if writtenEnvironment(s) == "" {
		return "Nothing was written to a cluster."
	}
	return "What was deployed stays as the list below says."
}

// rolledBackWords say whether what was put back is known to be well.
func rolledBackWords(s run.State, env string) string {
	said := "No metric could tell whether it is well: look yourself."
	if r := s.Rollback; r != nil {
		env = clean(r.Env)
		switch r.Verified {
		case run.Passed:
			said = "Its metrics are back in band."
		case run.Failed:
			said = "Its metrics are NOT back in band: something else is wrong too."
		}
	}
	return fmt.Sprintf("%s runs what it ran before. %s", env, said)
}

func triggersBeyond(s run.State) (texts []string) {
	for _, name := range s.Plan.Runbook.Environments.Keys() {
		for _, t := range s.Envs[name].Triggers {
			if t.State == run.TriggerTripped {
				texts = append(texts, fmt.Sprintf("%s in %s: %.4g beyond %.4g, baseline %.4g (%s)", clean(t.Metric), clean(name), t.Value, t.Limit, t.Baseline, t.Why))
			}
		}
	}
	return texts
}

// receiptLines are the receipt of the rollback: who or what asked for it, and when what was done.
func receiptLines(f Frame) []string {
	th, r := f.Theme, f.State.Rollback
	if r == nil {
		return nil
	}
	state, look := string(r.Stage), th.Warn
	switch r.Stage {
	case run.Restored:
		state, look = "metrics "+bandWord(r.Verified), map[run.Status]theme.Style{run.Passed: th.Good, run.Failed: th.Bad}[r.Verified]
		if r.Verified == run.Unknown {
			look = th.Warn
		}
	case run.TakenBack:
		state = "taken back at " + instant(r.Ended)
	}
	lines := []string{" " + th.Title.Render("Rollback of "+clean(r.Env)) + "  " + look.Render(state)}
	row := func(at time.Time, text string) {
		if !at.IsZero() {
			when := "+" + clock(at.Sub(r.Pressed))
			if at.Equal(r.Pressed) {
				when = instant(at)
			}
			lines = append(lines, "   "+cellRight(th.Dim, when, 8)+"  "+th.Text.Render(theme.Truncate(text, f.W-14)))
		}
	}
	if r.By == "" {
		row(r.Pressed, "by itself: "+string(r.Because))
	} else {
		row(r.Pressed, "R pressed by "+clean(r.By))
	}
	if r.Freezing {
		row(r.FrozenAt, fmt.Sprintf("everything frozen, %.2f s after R", f.real(r.FrozenAt.Sub(r.Pressed)).Seconds()))
	}
	row(r.Burnt, fmt.Sprintf("fuse burnt, %s patched", plural(len(r.Pins), "component", "components")))
	row(r.SettleFrom, "every component took")
	row(r.InBand, "metrics in band again")
	if r.Stage == run.Restored {
		row(r.Ended, "done, stability "+string(r.Verified))
	}
	if r.Reason != "" {
		lines = append(lines, wrapped(th.Text, "reason: "+string(r.Reason), 13, f.W)...)
	}
	return lines
}

func bandWord(verified run.Status) string {
	switch verified {
	case run.Passed:
		return "back in band"
	case run.Failed:
		return "NOT back in band"
	}
	return "could not tell"
}

// componentLines are what every component came to, by environment.
func componentLines(f Frame) []string {
	th := f.Theme
	var lines []string
	for _, env := range f.State.Plan.Runbook.Environments.Keys() {
		pins := f.State.Envs[env].Pins
		if f.State.Rollback != nil && f.State.Rollback.Env == env {
			pins = f.State.Rollback.Pins
		}
		if len(pins) == 0 {
			continue
		}
		lines = append(lines, " "+th.Title.Render("Components of "+clean(env)))
		for _, p := range pins {
			c := f.State.Envs[env].Components[p.Component]
			_, to := changeOf(f.State, env, p.Component)
			word, look := componentWord(th, c)
			text := tag(p.Image) + " → " + to
			if c.Stage == run.Took || c.Stage == run.Undoing {
				text = tag(p.Image) + " → " + to + " → " + tag(p.Image)
			}
			took := ""
			if c.Stage == run.Took && f.State.Rollback != nil {
				words := "patched after %.0f ms, took after %s"
				if f.W < 100 {
					words = "%.0f ms, took %s"
				}
				took = fmt.Sprintf(words, c.Undo.AfterMs, clock(c.TookAt.Sub(f.State.Rollback.Burnt)))
			}
			lines = append(lines, theme.Truncate("   "+cell(th.Text, clean(p.Component), 14)+cell(th.Text, text, 28)+cell(look, word, 14)+th.Dim.Render(took), f.W))
		}
	}
	return lines
}

// overrideLines are what was passed over, and why.
func overrideLines(f Frame) []string {
	th := f.Theme
	var lines []string
	for step := range run.Steps(f.State.Plan) {
		if o := f.State.Steps[step.ID].Override; o != nil {
			text := fmt.Sprintf("%s, while %s, by %s at %s: %s", clean(step.Title), o.Status, clean(o.By), instant(o.At), o.Reason)
			lines = append(lines, wrapped(th.Warn, text, 3, f.W)...)
		}
	}
	if len(lines) > 0 {
		lines = append([]string{" " + th.Title.Render("Overridden")}, lines...)
	}
	return lines
}

// stepLines adds every step with its state, and who or when.
func stepLines(f Frame, text *long) {
	th, cols := f.Theme, reportColumnsOf(f)
	for _, ph := range Phases(f.State) {
		titled := false
		for step := range run.PhaseSteps(ph) {
			if !f.matches(step.Title, string(f.State.StepStatus(step.ID))) {
				continue
			}
			if !titled {
				text.later(1, func() []string {
					_, _, done, total := worst(f.State, ph)
					return []string{" " + th.Title.Render(clean(ph.Title)) + th.Dim.Render(fmt.Sprintf("  %d of %d", done, total))}
				})
				titled = true
			}
			text.later(1, func() []string { return []string{stepLine(f, step, cols)} })
		}
	}
}

// reportColumns are the widths of a step's row in the report: they take what they need, and what was seen has the rest.
type reportColumns struct{ title, when int }

func reportColumnsOf(f Frame) reportColumns {
	var c reportColumns
	for _, ph := range Phases(f.State) {
		for step := range run.PhaseSteps(ph) {
			_, when := stepSaid(f.State, step)
			c.title, c.when = max(c.title, theme.Width(clean(step.Title))), max(c.when, theme.Width(when))
		}
	}
	return reportColumns{title: min(c.title, 48, f.W*2/5), when: min(c.when, 20)}
}

// stepSaid is what was seen or said of a step, and by whom and when.
func stepSaid(s run.State, step runbook.Step) (said, when string) {
	st := s.Steps[step.ID]
	said = string(s.Observed(step.ID))
	at, who := s.LastSeen(step.ID), ""
	switch {
	case st.Override != nil:
		at, who, said = st.Override.At, st.Override.By, string(st.Override.Reason)
	case st.Attested != nil:
		at, who, said = st.Attested.At, st.Attested.By, string(st.Attested.Note)
	}
	if at.IsZero() {
		return said, ""
	}
	return said, strings.TrimSpace(clean(who) + " " + instant(at))
}

func stepLine(f Frame, step runbook.Step, cols reportColumns) string {
	th, status := f.Theme, f.State.StepStatus(step.ID)
	said, when := stepSaid(f.State, step)
	row := "   " + th.Mark(string(status), step.IsManual()) + " " + cell(th.Text, clean(step.Title), cols.title) + " "
	if f.W >= 110 {
		row += " " + cell(th.StatusStyle(string(status)), string(status), 14)
	}
	room := f.W - theme.Width(row) - cols.when - 4
	return theme.Truncate(row+" "+cell(th.Dim, said, room)+"  "+cellRight(th.Dim, when, cols.when), f.W)
}

// timeIndent is where the words of the timeline begin.
const timeIndent = 13

// timeline adds what happened, in words.
func timeline(f Frame, text *long) {
	th := f.Theme
	text.add(" " + th.Title.Render("Timeline") + th.Dim.Render("  UTC"))
	for _, l := range f.State.Log {
		if f.matches(string(l.Text)) {
			text.later(height(string(l.Text), f.W), func() []string { return timeLine(f, l) })
		}
	}
}

func timeLine(f Frame, l run.Line) []string {
	look := f.Theme.Text
	if l.Loud {
		look = f.Theme.Warn
	}
	lines := wrapped(look, string(l.Text), timeIndent, f.W)
	if len(lines) == 0 {
		return []string{""}
	}
	lines[0] = "   " + f.Theme.Dim.Render(instant(l.At)) + "  " + strings.TrimLeft(lines[0], " ")
	return lines
}

// height is how many lines a text of the timeline takes in a frame so wide; most take one, and no text is wider than it
// has bytes.
func height(text string, width int) int {
	room := width - timeIndent - 1
	if len(text) <= room && !strings.Contains(text, "\n") {
		return 1
	}
	return max(1, len(theme.Wrap(text, room)))
}
