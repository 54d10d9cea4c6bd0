package plain

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// longest is how many characters of a line are taken.
const longest = 2000

// Hear takes one line that was typed: the answer to what is asked, or one of the words that always work.
func (t *Talk) Hear(line string, now time.Time) {
	t.now = now
	line = strings.TrimSpace(strings.ToValidUTF8(line, ""))
	if r := []rune(line); len(r) > longest {
		line = string(r[:longest])
		t.say(fmt.Sprintf("The line is cut at %d characters", longest))
	}
	switch {
	case t.text != nil:
		t.hearText(line)
	case line == "R":
		t.rollBack()
	case line == "":
		t.again()
	case t.choose(line):
	case t.obey(line):
	default:
		t.lost(line)
	}
}

// Paste is told of lines that came all at once at a terminal: none of them is an answer, for nobody could have heard the
// questions in between. Only R, typed several times, is what it says.
func (t *Talk) Paste(lines []string, now time.Time) {
	t.now = now
	presses := 0
	for _, l := range lines {
		switch strings.TrimSpace(l) {
		case "R":
			presses++
		case "":
		default:
			t.loudly(fmt.Sprintf("%d lines came all at once, as from a paste, and none was taken. One line answers one question", len(lines)))
			return
		}
	}
	if presses > 0 && t.text == nil {
		t.rollBack()
		return
	}
	t.again()
}

// again is an empty line: it says again what is asked.
func (t *Talk) again() {
	q := t.asked.question
	switch {
	case t.asked.open && q != nil && q.empty != nil:
		q.empty()
	case t.asked.open && q != nil:
		delete(t.heard, q.key)
		t.ask(&question{key: q.key, text: q.text, options: q.options, typed: q.typed})
		t.asked.question = q
	default:
		t.say("Nothing is asked now.", sentence(t.under()), "A question mark lists what can be typed")
	}
}

// lost answers a line that means nothing here.
func (t *Talk) lost(line string) {
	what := plainly(line)
	if r := []rune(what); len(r) > 40 {
		what = string(r[:40]) + "..."
	}
	hint := "Nothing is asked now"
	if q := t.asked.question; t.asked.open && q != nil && q.bare {
		hint = "Enter says what is asked"
		if q.empty != nil {
			hint = "Enter burns the fuse now, t takes the rollback back"
		}
	} else if t.asked.open && q != nil && len(q.options) > 0 {
		hint = fmt.Sprintf("Type a number from %d to %d", t.asked.first, t.asked.first+len(q.options)-1)
	}
	if line == "r" {
		hint = "Capital R rolls back, a looks again at the checks. " + hint
	}
	t.say(fmt.Sprintf("%q is no answer here.", what), hint+". A question mark lists what can be typed")
}

// word is what can be typed at any time.
type word struct {
	name, doc string
	do        func(*Talk, string)
	acts      bool // not for who only looks on
}

// words are what can be typed at any time, in the order in which ? lists them.
func words() []word {
	return []word{
		{"s", "says how the run stands", func(t *Talk, _ string) { t.stands() }, false},
		{"w", "reads the numbers of the watch", func(t *Talk, _ string) { t.numbers() }, false},
		{"l", "says the last lines again", func(t *Talk, _ string) { t.echo() }, false},
		{"h", "says why and how of the step that is asked about, and its evidence", func(t *Talk, _ string) { t.explain() }, false},
		{"p", "lists the phases; p 2 the steps of the second; p all every step", func(t *Talk, arg string) { t.read(arg) }, false},
		{"2.3", "brings up the third step of the second phase, to hear it and to do something about it", nil, false},
		{"g", "asks for the gate, or says what keeps it shut", func(t *Talk, _ string) { t.gate() }, true},
		{"a", "looks again at all checks", func(t *Talk, _ string) { t.want(run.Recheck{}); t.say("All checks look again") }, true},
		{"f", "freezes a rollout", func(t *Talk, _ string) { t.want(run.Freeze{}) }, true},
		{"u", "goes on after a freeze", func(t *Talk, _ string) { t.resume() }, true},
		{"x", "lengthens the watch by 10 minutes", func(t *Talk, _ string) { t.extend() }, true},
		{"n", "writes a note into the journal, or the reason of a rollback", func(t *Talk, _ string) { t.note() }, true},
		{"m", "reads the draft of a status update, to send it or to say that it was told", func(t *Talk, _ string) { t.told() }, true},
		{"d", "says what R would roll back", func(t *Talk, _ string) { t.wouldRollBack() }, false},
		{"end", "ends the run where it stands", func(t *Talk, _ string) { t.finish() }, true},
		{"q", "leaves this run", func(t *Talk, _ string) { t.quit() }, false},
		{"R", "rolls back", nil, true},
	}
}

// obey does what a word says; false when it is none.
func (t *Talk) obey(line string) bool {
	name, arg, _ := strings.Cut(line, " ")
	if name == "?" {
		t.help()
		return true
	}
	if t.bringStep(line) {
		return true
	}
	for _, w := range words() {
		if w.name == name && w.do != nil {
			if !w.acts || !t.refuses() {
				w.do(t, strings.TrimSpace(arg))
			}
			return true
		}
	}
	return false
}

// help lists what can be typed now.
func (t *Talk) help() {
	if q := t.asked.question; t.asked.open && q != nil {
		t.answers(q)
	}
	for _, w := range words() {
		if !w.acts || t.barred() == "" {
			t.put(w.name + ": " + w.doc + ".")
		}
	}
	t.say("Enter alone says again what is asked")
}

// echo says the last lines again.
func (t *Talk) echo() {
	t.out = append(t.out, t.last...)
}

// resume asks whether to go on after a freeze or a failed move.
func (t *Talk) resume() {
	d, ok := t.openDeploy()
	if !ok {
		t.want(run.Continue{})
		return
	}
	t.confirm("resume", []string{fmt.Sprintf("Go on with the deploy to %s? %s", plainly(d.Env), t.moveWords(d))}, "go on", func() { t.want(run.Continue{}) })
}

func (t *Talk) extend() {
	id := screen.WatchStep(t.s)
	if id == "" {
		t.say("There is no watch to lengthen")
		return
	}
	t.want(run.Extend{Step: id, By: extension})
}

// note asks for a remark; after a rollback whose reason is not known, for that.
func (t *Talk) note() {
	if r := t.s.Rollback; r != nil && !r.Burnt.IsZero() && r.Reason == "" {
		t.reason("Why is it rolled back", 1, func(s string) run.Intent { return run.Reason{Text: s} })
		return
	}
	t.reason("Note into the journal", 1, func(s string) run.Intent { return run.Note{Text: s} })
}

// gate brings the gate up, also one that was put aside.
func (t *Talk) gate() {
	if ph, ok := t.s.OpenPhase(); !ok {
		t.say("There is no gate left to open")
	} else if t.s.Gate != nil {
		t.say("The gate was asked already: its checks look again first")
	} else if blockers := t.s.GateBlockers(); len(blockers) > 0 {
		t.bring(func() *question {
			if blockers := t.s.GateBlockers(); len(blockers) > 0 {
				return t.gateShut(ph, blockers)
			}
			return nil
		})
	} else {
		clear(t.skipped)
		t.asked.question = nil
		t.renew()
	}
}

// goesOn says how the run goes on without this conversation.
func (t *Talk) goesOn() string {
	if t.o.Instead != nil {
		return "It goes on in its own process: sop attach " + plainly(t.s.ID) + " comes back to it"
	}
	if t.s.Practice != "" || t.o.Practice {
		return "A practice run ends with its program"
	}
	return "The run goes on with sop resume " + plainly(t.s.ID)
}

// quit leaves; while the run is live it asks first.
func (t *Talk) quit() {
	if t.barred() != "" {
		t.left = true // who only looks on leaves nothing behind
		return
	}
	lines := []string{"Leave this run? It is live. " + t.goesOn()}
	switch r := t.s.Rollback; {
	case r != nil && r.Stage == run.Settling:
		lines = append(lines, "Every component took. Whether the metrics come back is looked at no more")
	case screen.RollbackLive(t.s):
		lines = append(lines, "A rollback is under way: what was sent to the cluster goes on, but nobody checks that it took")
	}
	t.confirm("leave", lines, "leave", func() { t.left = true })
}

// wouldRollBack says what R would do now.
func (t *Talk) wouldRollBack() {
	if why := t.s.WhyNotArmed(); why != "" && t.s.Rollback == nil {
		t.say("R is not armed: " + speak(string(why)))
	}
	env := t.written()
	if env == "" {
		return
	}
	t.say(fmt.Sprintf("R rolls back %s: %s", plainly(env), t.targets(env, t.s.Envs[env].Pins)))
	t.say(t.lamp(env))
	t.say(notRestored)
}

// written is the environment that was written last; empty when none was.
func (t *Talk) written() string {
	best := ""
	for _, name := range t.s.Plan.Runbook.Environments.Keys() {
		if e := t.s.Envs[name]; !e.Written.IsZero() && (best == "" || e.LastWrite.After(t.s.Envs[best].LastWrite)) {
			best = name
		}
	}
	return best
}
