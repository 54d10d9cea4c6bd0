package plain

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// greet says what run this is.
func (t *Talk) greet() {
	m := t.s.Plan.Runbook.Metadata
	title := plainly(m.Title)
	if v := t.s.Plan.Inputs["version"]; v != "" {
		title += ", " + plainly(v)
	}
	text := fmt.Sprintf("%s to %s, on %s", title, plainly(t.s.Plan.Environment), plainly(t.o.Cluster))
	if t.o.Practice {
		text = "Practice. " + text
	}
	if t.s.Only {
		text = fmt.Sprintf("Rollback of %s, on %s", plainly(t.s.Plan.Environment), plainly(t.o.Cluster))
	}
	t.say(text)
	t.say("Run " + plainly(t.s.ID))
	if t.instead == "" {
		t.say("A question mark lists what can be typed. R and enter rolls back at any time. q leaves")
	} else {
		t.say(speak(t.instead))
		t.say("A question mark lists what can be typed. q leaves")
	}
	t.phaseHead()
}

// phaseHead says which phase is open, and how much of it stands.
func (t *Talk) phaseHead() {
	ph, ok := t.s.OpenPhase()
	if !ok {
		return
	}
	env := ""
	if ph.Environment != "" {
		env = " It is about " + plainly(ph.Environment) + "."
	}
	done, all := t.standing(ph)
	t.say(fmt.Sprintf("Phase %d of %d: %s. %d of %s.%s", t.s.Phase+1, len(t.s.Plan.Runbook.Phases), phaseTitle(ph), done, plural(all, "step stands", "steps stand"), env))
}

// standing counts the steps of a phase that stand, of those that apply.
func (t *Talk) standing(ph runbook.Phase) (done, all int) {
	for step := range run.PhaseSteps(ph) {
		status := t.s.StepStatus(step.ID)
		if status == run.NotApplicable {
			continue
		}
		all++
		if status.OpensGate() {
			done++
		}
	}
	return done, all
}

// read reads the checklist: the phases, one phase, or all of it.
func (t *Talk) read(arg string) {
	phases := screen.Phases(t.s)
	if n, err := strconv.Atoi(arg); err == nil && n >= 1 && n <= len(phases) {
		t.readPhase(n-1, phases[n-1])
		return
	}
	if arg != "" && arg != "all" {
		t.say(fmt.Sprintf("There are %s: p and a number reads one, p all reads all", plural(len(phases), "phase", "phases")))
		return
	}
	for i, ph := range phases {
		if arg == "all" {
			t.readPhase(i, ph)
			continue
		}
		done, all := t.standing(ph)
		open := ""
		if i == t.s.Phase && !t.s.Only {
			open = ", it is open"
		}
		t.say(fmt.Sprintf("Phase %d: %s. %d of %s%s", i+1, phaseTitle(ph), done, plural(all, "step stands", "steps stand"), open))
	}
}

func (t *Talk) readPhase(i int, ph runbook.Phase) {
	done, all := t.standing(ph)
	t.say(fmt.Sprintf("Phase %d: %s. %d of %s", i+1, phaseTitle(ph), done, plural(all, "step stands", "steps stand")))
	n := 0
	for _, section := range ph.Sections {
		for _, step := range section.Steps {
			n++
			optional := ""
			if !step.IsRequired() {
				optional = "Optional."
			}
			t.say(fmt.Sprintf("%d.%d: %s %s", i+1, n, sentence(plainly(step.Title)), sentence(statusWord(t.s.StepStatus(step.ID)))), sentence(t.seen(step)), optional)
		}
	}
}

// bringStep takes a line such as 2.3: the third step of the second phase. False when it is none.
func (t *Talk) bringStep(line string) bool {
	a, b, ok := strings.Cut(line, ".")
	i, err := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	if !ok || err != nil || err2 != nil {
		return false
	}
	phases := screen.Phases(t.s)
	if i >= 1 && i <= len(phases) {
		for step := range run.PhaseSteps(phases[i-1]) {
			if n--; n == 0 {
				t.goTo(step.ID)
				return true
			}
		}
	}
	t.say(fmt.Sprintf("There is no step %s: p lists the phases", plainly(line)))
	return true
}

// explain reads the details of the step that is asked about.
func (t *Talk) explain() {
	if q := t.asked.question; q != nil {
		if words := strings.Fields(strings.TrimPrefix(q.key, "go ")); len(words) > 1 && words[0] == "step" {
			if step, _, ok := t.place(words[1]); ok {
				t.details(step)
				return
			}
		}
	}
	if ph, ok := t.s.OpenPhase(); ok {
		if step, _, ok := t.place(screen.FirstOpen(t.s, ph)); ok {
			t.details(step)
			return
		}
	}
	t.say("No step is asked about now. 2.3 brings up the third step of the second phase")
}

// details are everything known about a step.
func (t *Talk) details(step runbook.Step) {
	t.say(t.whole(step))
	t.label("What", step.Text)
	t.label("Why", step.Why)
	t.label("How", step.How)
	st := t.s.Steps[step.ID]
	for i, c := range st.Checks {
		t.checkDetails(i, len(st.Checks), step.Verify[i], c)
	}
	t.outsideWords(step)
	if a := st.Attested; a != nil {
		t.say(fmt.Sprintf("Ticked by %s at %s.", plainly(a.By), clock(a.At)), sentence(speak(string(a.Note))))
	}
	if o := st.Override; o != nil {
		t.say(fmt.Sprintf("Overridden by %s at %s, while it was %s: %s", plainly(o.By), clock(o.At), statusWord(o.Status), speak(string(o.Reason))))
	} else if v := st.Voided; v != nil {
		t.say(fmt.Sprintf("The override of %s is void since %s: %s", plainly(v.Was.By), clock(v.At), speak(string(v.Why))))
	}
	if d := st.Deferral; d != nil && st.Deferred {
		t.say(fmt.Sprintf("Put off to %s by %s at %s.", t.phaseName(d.To), plainly(d.By), clock(d.At)), sentence(speak(string(d.Note))))
	}
	t.say(t.gateWords(step))
	if step.Owner != "" {
		t.say("Owner: " + plainly(step.Owner))
	}
	if step.Estimate.D > 0 {
		t.say("It takes about " + span(step.Estimate.D))
	}
}

func (t *Talk) label(name, text string) {
	if said := speak(text); said != "" {
		t.say(name + ": " + said)
	}
}

// checkDetails are what one check of a step saw, and how.
func (t *Talk) checkDetails(i, n int, check runbook.Check, c run.CheckState) {
	head := fmt.Sprintf("Check %d of %d, %s: %s", i+1, n, plainly(check.Kind), statusWord(c.Shown()))
	if !c.Seen.IsZero() {
		head += ", looked at " + span(t.now.Sub(c.Seen)) + " ago"
	}
	t.say(head+".", sentence(speak(string(c.Result.Summary))))
	for _, e := range c.Result.Evidence {
		t.evidence(e)
	}
	if c.Result.Ill {
		t.say(plainly(string(c.Result.Sensor)) + " does not answer")
	}
	if !c.Since.IsZero() && c.Shown() != run.Passed {
		t.say("It is so since " + clock(c.Since))
	}
	if fall := c.History.Fall; fall != nil {
		t.say(fmt.Sprintf("It fell at %s to %s, from: %s. To: %s", clock(fall.At), fall.To, speak(string(fall.Before)), speak(string(fall.After))))
	}
	if c.History.Flapping {
		t.say("It keeps changing its mind, so it opens no gate")
	}
}

// evidence is one fact, and how it was asked for.
func (t *Talk) evidence(e run.Evidence) {
	text := "Observed: " + speak(string(e.Observed))
	if e.Expected != "" {
		text += ", expected " + speak(string(e.Expected))
	}
	if e.Source != "" {
		text += ", in " + plainly(string(e.Source))
	}
	t.say(text)
	if e.Query != "" {
		t.say("Asked: " + plainly(string(e.Query)))
	}
}

// gateWords are what the gate says of a step.
func (t *Talk) gateWords(step runbook.Step) string {
	status := t.s.StepStatus(step.ID)
	_, phase, _ := t.place(step.ID)
	switch {
	case phase < t.s.Phase && !status.OpensGate():
		return "Its gate was passed already; it fell since, and holds back a rollout"
	case phase != t.s.Phase:
		return ""
	case status.OpensGate():
		return "It does not keep the gate shut"
	case !step.IsRequired():
		return "It is optional: the gate does not wait for it"
	}
	text := "The gate stays shut until it stands"
	switch {
	case step.IsOverridable() && step.DeferTo != "":
		return text + ", is overridden with a reason, or is put off to " + t.phaseName(step.DeferTo)
	case step.IsOverridable():
		return text + ", or is overridden with a reason"
	case step.DeferTo != "":
		return text + ", or is put off to " + t.phaseName(step.DeferTo) + ". It cannot be overridden"
	}
	return text + ". It cannot be overridden"
}

// stands says how the run stands.
func (t *Talk) stands() {
	t.phaseHead()
	t.say(t.under())
	if t.s.Rollback != nil {
		t.say(t.rollbackNow())
	}
	if why := t.s.WhyNotArmed(); why != "" {
		t.say("R is not armed: " + speak(string(why)))
	} else {
		t.say("R is armed: " + plainly(t.written()) + " can be rolled back")
	}
	for _, x := range t.s.Sensors() {
		if len(x.Blind) > 0 {
			t.say(fmt.Sprintf("%s does not answer since %s: %s", plainly(string(x.Name)), clock(x.Since), plural(len(x.Blind), "check is blind", "checks are blind")))
		}
	}
	if !t.s.NextUpdate.IsZero() {
		if left := t.s.NextUpdate.Sub(t.now); left > 0 {
			t.say("The next status update is due in " + span(left))
		} else {
			t.say("A status update is due since " + clock(t.s.NextUpdate))
		}
	}
	t.say(fmt.Sprintf("The run began %s ago. It is %s", span(t.now.Sub(t.s.Started)), clock(t.now)))
}
