package plain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/screen"
)

// news is what was told already.
type news struct {
	line     run.Line // of the log
	notice   run.Notice
	phase    int
	status   map[string]run.Status
	moves    map[string]string // of deploys
	triggers map[string]run.TriggerWord
	fresh    []string  // steps that came to stand, or to fall, and were not told yet
	freshAt  time.Time // when the last of them did
	beat     time.Time // when something was said last
	stamp    string    // the instant that was said last
	ended    bool
}

// gather is how long steps that come to stand are collected before they are told together.
const gather = 600 * time.Millisecond

// tell says what is new.
func (t *Talk) tell() {
	if t.news.status == nil {
		t.know()
		return
	}
	said := len(t.out)
	t.tellLog()
	t.tellMoves()
	t.tellTriggers()
	if t.s.Notice != t.news.notice && !t.s.Notice.At.Before(t.news.notice.At) {
		t.news.notice = t.s.Notice
		if t.s.Notice.Text != "" {
			t.say("Not done: " + speak(string(t.s.Notice.Text)))
		}
	}
	if t.s.Phase != t.news.phase && t.s.Ended.IsZero() {
		t.news.phase = t.s.Phase
		t.phaseHead()
	}
	t.tellSteps()
	if !t.s.Ended.IsZero() && !t.news.ended {
		t.news.ended = true
		t.tellEnd()
	}
	if len(t.out) > said {
		t.news.beat = t.now
	} else {
		t.tellPulse()
	}
}

// know takes what happened before somebody listened as told; the last of it is said.
func (t *Talk) know() {
	n := &t.news
	n.status, n.moves, n.triggers = map[string]run.Status{}, map[string]string{}, map[string]run.TriggerWord{}
	n.phase, n.notice, n.beat = t.s.Phase, t.s.Notice, t.now
	for step := range run.Steps(t.s.Plan) {
		if status := t.s.StepStatus(step.ID); status != run.Pending && status != run.Checking {
			n.status[step.ID] = status
		}
	}
	for id, d := range t.s.Deploys {
		n.moves[id] = moveKey(d)
	}
	for env, e := range t.s.Envs {
		for _, tr := range e.Triggers {
			n.triggers[triggerKey(env, tr)] = tr.State
		}
	}
	if len(t.s.Log) > 0 {
		n.line = t.s.Log[len(t.s.Log)-1]
		t.logLine(n.line)
	}
}

// moved is a line of the log that tellMoves says better.
var moved = regexp.MustCompile(` at \d+ %$`)

// tellLog says the lines of the log that are new.
func (t *Talk) tellLog() {
	from := 0
	for i, l := range slices.Backward(t.s.Log) {
		if l == t.news.line {
			from = i + 1
			break
		}
	}
	for _, l := range t.s.Log[from:] {
		t.news.line = l
		switch {
		case moved.MatchString(string(l.Text)), t.ofTrigger(string(l.Text)):
		case !l.Loud && t.ofFallen(string(l.Text)): // told with the others that fell
		default:
			t.logLine(l)
		}
	}
}

// logLine says a line of the log, with its instant unless that was said just before.
func (t *Talk) logLine(l run.Line) {
	at := clock(l.At)
	text := sentence(speak(t.reworded(string(l.Text))))
	if at != t.news.stamp {
		text += " At " + at + "."
	}
	t.news.stamp = at
	if l.Loud {
		t.loudly(text)
		return
	}
	t.say(text)
}

// endings are how an action ends, as it is said.
var endings = map[run.ActionStage]string{
	run.ActionDone: "is done", run.ActionFailed: "failed", run.ActionInDoubt: "is in doubt", run.ActionUndone: "is undone",
}

// reworded is a line of the log as it is said: by titles where the log has ids, and so that it is no riddle by itself.
func (t *Talk) reworded(text string) string {
	if id, ok := strings.CutPrefix(text, "gate opened after "); ok {
		return "the gate after " + t.phaseName(id) + " is open"
	}
	if name, ok := strings.CutSuffix(text, " took"); ok && t.s.Rollback != nil {
		return "rolled back: " + name + " runs what it ran before"
	}
	if name, after, ok := strings.Cut(text, ": rollback accepted after "); ok {
		return "rollback of " + name + " accepted after " + after
	}
	for step := range run.Steps(t.s.Plan) {
		if rest, ok := strings.CutPrefix(text, step.Title+": "); ok && step.Action() != "" {
			word, said, _ := strings.Cut(rest, " ")
			if as := endings[run.ActionStage(word)]; as != "" {
				return strings.TrimSuffix(step.Title+" "+as+": "+said, ": ")
			}
		}
		rest, ok := strings.CutPrefix(text, step.Title+" ")
		if !ok {
			continue
		}
		if to, ok := strings.CutPrefix(rest, "deferred to "+step.DeferTo); ok && step.DeferTo != "" {
			return step.Title + " is put off to " + t.phaseName(step.DeferTo) + "." + to
		}
		if a := t.s.Steps[step.ID].Attested; a != nil {
			if note, ok := strings.CutPrefix(rest, "attested by "+a.By+" "); ok && note != "" {
				return step.Title + " is ticked by " + a.By + ": " + note
			}
		}
	}
	return text
}

// ofTrigger tells whether a line of the log is about a trigger.
func (t *Talk) ofTrigger(text string) bool {
	name, rest, _ := strings.Cut(text, " ")
	word, _, _ := strings.Cut(rest, ":") // one that is fine again needs no reason
	if t.s.Plan.Metrics == nil {
		return false
	}
	switch run.TriggerWord(word) {
	case run.TriggerOK, run.TriggerSuspect, run.TriggerTripped, run.TriggerInconclusive:
	default:
		return false
	}
	for _, metrics := range t.s.Plan.Metrics {
		if slices.ContainsFunc(metrics, func(m runbook.Metric) bool { return m.Name == name }) {
			return true
		}
	}
	return false
}

// ofFallen tells whether a line of the log says that a step does not stand.
func (t *Talk) ofFallen(text string) bool {
	for step := range run.Steps(t.s.Plan) {
		rest, ok := strings.CutPrefix(text, step.Title+" ")
		if ok && (strings.HasPrefix(rest, string(run.Failed)+":") || strings.HasPrefix(rest, string(run.Unknown)+":")) {
			return true
		}
	}
	return false
}

// tellSteps collects the steps that came to stand or to fall, and says them once no more come.
func (t *Talk) tellSteps() {
	for i, ph := range screen.Phases(t.s) {
		if i > t.s.Phase && !t.s.Only && i < len(t.s.Plan.Runbook.Phases) {
			continue
		}
		for step := range run.PhaseSteps(ph) {
			now := t.s.StepStatus(step.ID)
			if now == run.Pending || now == run.Checking {
				continue // nothing to tell: it is on its way
			}
			first := t.news.status[step.ID] == ""
			t.news.status[step.ID] = now
			told := now == run.Passed || now == run.Warn || now == run.Failed || now == run.Unknown
			if first && told { // what comes after the first look is in the log
				t.news.fresh, t.news.freshAt = append(t.news.fresh, step.ID), t.now
			}
		}
	}
	if len(t.news.fresh) == 0 || screen.FuseLive(t.s) || t.now.Before(t.news.freshAt.Add(t.human(gather))) && t.s.Ended.IsZero() {
		return
	}
	fresh := t.news.fresh
	t.news.fresh = nil
	t.tellFresh(fresh)
}

// most is how many steps are told one by one; more are told by their names.
const most = 2

func (t *Talk) tellFresh(ids []string) {
	var good, fell []runbook.Step
	asked := ""
	if q := t.due(); q != nil {
		asked = q.key
	}
	for _, id := range ids {
		step, _, ok := t.place(id)
		status := t.s.StepStatus(id)
		switch {
		case !ok || strings.HasPrefix(asked, "step "+id+" "), step.Action() != "" && step.Rollback == nil: // asked about, or in the log
		case status == run.Passed:
			good = append(good, step)
		case status == run.Warn || bad(status):
			fell = append(fell, step)
		}
	}
	t.together(good, "steps passed")
	t.together(fell, "steps need to be looked at")
}

func (t *Talk) together(steps []runbook.Step, what string) {
	if len(steps) <= most {
		for _, step := range steps {
			t.say(t.whole(step))
		}
		return
	}
	var names []string
	for _, step := range steps {
		names = append(names, plainly(step.Title))
	}
	t.say(fmt.Sprintf("%d %s: %s", len(steps), what, list(names)))
}

func moveKey(d run.DeployState) string { return fmt.Sprint(d.Stage, d.Move, d.Attempt) }

// tellMoves says how far the deploys are.
func (t *Talk) tellMoves() {
	for step := range run.Steps(t.s.Plan) {
		d, ok := t.s.Deploys[step.ID]
		key := moveKey(d)
		if !ok || key == t.news.moves[step.ID] {
			continue
		}
		t.news.moves[step.ID] = key
		if d.Stage == run.InMove || d.Stage == run.Holding && !d.HoldUntil.IsZero() {
			t.say(t.moveWords(d))
		}
	}
}

// moveWords says what a deploy does now.
func (t *Talk) moveWords(d run.DeployState) string {
	env := plainly(d.Env)
	if d.Move >= len(d.Moves) || d.Stage != run.InMove && d.Stage != run.Holding && d.Stage != run.Stuck {
		return fmt.Sprintf("%s: %s", env, speak(string(t.s.Observed(d.Step))))
	}
	m := d.Moves[d.Move]
	waves := d.Moves[len(d.Moves)-1].Wave + 1
	head := fmt.Sprintf("Deploy to %s, wave %d of %d: ", env, m.Wave+1, waves)
	names := plainly(list(m.Components))
	is := "is"
	if len(m.Components) > 1 {
		is = "are"
	}
	if d.Stage == run.Holding && !d.HoldUntil.IsZero() {
		return head + fmt.Sprintf("%s %s at %d percent. Held for %s, until %s", names, is, m.Share, span(max(0, d.HoldUntil.Sub(t.now))), clock(d.HoldUntil))
	}
	if d.Stage == run.Holding {
		return head + fmt.Sprintf("%s %s at %d percent", names, is, m.Share)
	}
	return head + fmt.Sprintf("%s %s going to %d percent", names, is, m.Share)
}

func triggerKey(env string, tr run.TriggerState) string {
	return fmt.Sprint(env, " ", tr.Metric, " ", tr.Index)
}

// tellTriggers says the triggers whose state changed, with their numbers.
func (t *Talk) tellTriggers() {
	for _, env := range t.s.Plan.Runbook.Environments.Keys() {
		for _, tr := range t.s.Envs[env].Triggers {
			key := triggerKey(env, tr)
			before := t.news.triggers[key]
			t.news.triggers[key] = tr.State
			if before == tr.State || before == "" && tr.State == run.TriggerOK {
				continue
			}
			t.say(plainly(env) + ": " + t.triggerWords(env, tr))
		}
	}
}

// pulse is how often a wait says that it still goes on; a watch is longer.
const (
	pulse      = time.Minute
	watchPulse = 5 * time.Minute
)

// again is when something is to be said though nothing changed.
func (n *news) again(t *Talk) time.Time {
	next := time.Time{}
	if every := t.pulse(); every > 0 {
		next = n.beat.Add(t.human(every))
	}
	if len(n.fresh) > 0 {
		if at := n.freshAt.Add(t.human(gather)); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// pulse is how often to say that what goes on still does; 0: nothing does.
func (t *Talk) pulse() time.Duration {
	if !t.s.Ended.IsZero() || t.asked.open && t.text == nil {
		return 0
	}
	if _, ok := t.openDeploy(); ok || screen.RollbackLive(t.s) && !screen.FuseLive(t.s) {
		return pulse
	}
	if w, ok := t.s.Watches[screen.WatchStep(t.s)]; ok && w.Ended.IsZero() {
		return watchPulse
	}
	return 0
}

// tellPulse says that a wait still goes on, from time to time.
func (t *Talk) tellPulse() {
	every := t.pulse()
	if d, ok := t.openDeploy(); ok && d.Stage == run.Holding && d.HoldUntil.Sub(t.now) < t.human(pulse/4) {
		return // the next share comes
	}
	if every == 0 || t.text != nil || t.now.Sub(t.news.beat) < t.human(every) {
		return
	}
	t.news.beat = t.now
	t.say(t.under())
}

// under says what goes on.
func (t *Talk) under() string {
	if t.s.Rollback != nil && screen.RollbackLive(t.s) {
		return t.rollbackNow()
	}
	if d, ok := t.openDeploy(); ok {
		text := t.moveWords(d)
		if len(t.s.Envs[d.Env].Triggers) > 0 {
			text += ". " + t.soFar(d.Env)
		}
		return text
	}
	if w, ok := t.s.Watches[screen.WatchStep(t.s)]; ok && w.Ended.IsZero() {
		return t.watchWords(w)
	}
	if q := t.asked.question; t.asked.open && len(q.text) > 0 {
		return "You are asked: " + q.text[0]
	}
	if t.s.Gate != nil {
		return "The gate was asked, and its checks look again first"
	}
	return t.waiting()
}

// waiting names the steps of the open phase that come by themselves.
func (t *Talk) waiting() string {
	var names []string
	for _, step := range t.candidates() {
		if status := t.s.StepStatus(step.ID); status == run.Checking || status == run.Pending && len(step.Verify) > 0 {
			names = append(names, plainly(step.Title))
		}
	}
	switch n := len(names); {
	case n == 0:
		return "Nothing goes on"
	case n <= 3:
		return "Looking at " + list(names)
	default:
		return fmt.Sprintf("Looking at %d steps", n)
	}
}

// tellEnd says what the run came to.
func (t *Talk) tellEnd() {
	outcome := map[run.Outcome]string{
		run.Completed: "completed", run.RolledBack: "rolled back", run.RunFailed: "failed", run.NeedsPerson: "ended by a person before its last gate",
	}[t.s.Outcome]
	t.say(fmt.Sprintf("The run is over after %s: %s. Verdict: %s", span(t.s.Ended.Sub(t.s.Started)), outcome, verdictWord(t.s.Verdict)))
	if tripped := t.s.Tripped(); len(tripped) > 0 {
		t.say("Tripped: " + plainly(list(tripped)))
	}
	if r := t.s.Rollback; r != nil && !r.Burnt.IsZero() {
		t.say(t.rollbackNow())
		if mended := t.s.Mended(); len(mended) > 0 {
			t.say("Done to put things back: " + plainly(list(mended)))
		} else {
			t.say(notRestored)
		}
	}
	t.say("The report: sop report " + plainly(t.s.ID))
}
