package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Rollout is where a person looks on the rollout board.
type Rollout struct{ Top int }

// View draws the waves of the deploy that is under way, or was last, and under them what the charts show.
func (v *Rollout) View(f Frame, charts *Watch) []string {
	d, ok := LastDeploy(f.State)
	if !ok {
		return []string{"", f.Theme.Title.Render(" No deploy was started yet."), f.Theme.Dim.Render(" On the checklist, " + f.Keys.Key(keys.Start) + " starts the step that deploys.")}
	}
	head := append(rolloutHead(f, d), rolloutTrouble(f, d)...)
	if len(head) > f.H/2 {
		head = head[:f.H/2]
	}
	lines, room := boardLines(f, d, 1), f.H-len(head)-1
	if free, large := room-len(lines), largeOnes(f, d); free > 0 && large > 0 {
		lines = boardLines(f, d, 1+min(free/large, mostRows-1)) // one cell a pod, as far as that goes
	}
	if f.H <= 16 {
		lines = append(lines, "")
	}
	body, top := window(f.Theme, squeezed(lines, room), -1, v.Top, room, f.W)
	v.Top = top
	lines = append(append(head, body...), theme.Truncate(" "+podLegend(f.Theme), f.W)) // what explains the signs stays
	return withCharts(f, lines, charts)
}

// mostRows is how many rows the strip of a component takes at most.
const mostRows = 8

// boardLines are the waves; the pods of a component take so many rows at most.
func boardLines(f Frame, d run.DeployState, rows int) (lines []string) {
	for _, wave := range waves(d) {
		lines = append(lines, waveRows(f, d, wave, rows)...)
	}
	return lines
}

// largeOnes are the components that have more pods than one row has cells.
func largeOnes(f Frame, d run.DeployState) (n int) {
	for _, wave := range waves(d) {
		for _, name := range wave.components {
			if len(f.State.Envs[d.Env].Components[name].Progress.Pods) > stripRoom(f) {
				n++
			}
		}
	}
	return n
}

// boardHead is what stands before the counts of a component: name, change and stage.
const boardHead = 2 + 13 + 18 + 1 + 12 + 1

// stripRoom is how wide a row of pods is: beside the counts, or under them.
func stripRoom(f Frame) int {
	if room := f.W - boardHead - countsWidth - 2; room >= 30 {
		return room
	}
	return f.W - 6
}

// LastDeploy is the deploy that is under way, else the one that began last.
func LastDeploy(s run.State) (best run.DeployState, ok bool) {
	if d, moving := Moving(s); moving {
		return d, true
	}
	for step := range run.Steps(s.Plan) {
		if d, there := s.Deploys[step.ID]; there && (!ok || d.Started.After(best.Started)) {
			best, ok = d, true
		}
	}
	return best, ok
}

// rolloutHead says where the deploy is and how long the hold lasts.
func rolloutHead(f Frame, d run.DeployState) []string {
	th := f.Theme
	step, _, _ := StepOf(f.State, d.Step)
	word, look := deployWord(f, d)
	left := " " + th.Title.Render(clean(step.Title)) + th.Dim.Render("  "+clean(d.Env))
	lines := []string{theme.Between(left, look.Render(word)+" ", f.W)}
	lock := th.Good.Render("lock held")
	if env := f.State.Envs[d.Env]; !env.Locked {
		lock = th.Warn.Render("lock not held")
		if d.Stage == run.DeployDone || d.Stage == run.RolledOff {
			lock = th.Dim.Render("lock given back")
		}
	}
	facts := []string{th.Dim.Render(fmt.Sprintf("move %d of %d", d.Move+1, len(d.Moves))), lock}
	if !d.Started.IsZero() {
		end := f.Now
		if !d.Ended.IsZero() {
			end = d.Ended
		}
		facts = append(facts, th.Dim.Render("for "+clock(end.Sub(d.Started))))
	}
	hold := ""
	if d.Stage == run.Holding && !d.HoldUntil.IsZero() {
		hold = holdBar(f, d)
	}
	lines = append(lines, theme.Between(" "+strings.Join(facts, th.Dim.Render(" · ")), hold+" ", f.W))
	if next := nextWords(f, d); next != "" {
		lines = append(lines, wrapped(th.Text, "next: "+next, 1, f.W)...)
	}
	return lines
}

func holdBar(f Frame, d run.DeployState) string {
	step, _, _ := StepOf(f.State, d.Step)
	left := d.HoldUntil.Sub(f.Now)
	if d.Frozen {
		return f.Theme.Dim.Render("the hold stands still")
	}
	if left <= 0 {
		return f.Theme.Accent.Render("hold over")
	}
	share := 0.0
	if step.Deploy != nil && step.Deploy.Hold.D > 0 {
		share = 1 - float64(left)/float64(step.Deploy.Hold.D)
	}
	return "hold " + clock(left) + " left " + progress(f.Theme, f.Theme.Accent, share, min(20, f.W/6))
}

func deployWord(f Frame, d run.DeployState) (string, theme.Style) {
	th := f.Theme
	if d.Frozen {
		if d.Thawing {
			return "setting it going again", th.Accent
		}
		return "FROZEN · " + f.Keys.Key(keys.Resume) + " resumes", th.Warn
	}
	switch d.Stage {
	case run.Preflight:
		return "preflight: asking whether it would be accepted", th.Accent
	case run.Refused:
		return "✖ refused before any write", th.Bad
	case run.Baselining:
		return "freezing the baseline", th.Accent
	case run.Locking:
		return "taking the lock", th.Accent
	case run.InMove:
		return fmt.Sprintf("◌ moving to %d %%", d.Moves[d.Move].Share), th.Accent
	case run.Holding:
		return fmt.Sprintf("holding at %d %%", d.Moves[d.Move].Share), th.Accent
	case run.Stuck:
		return "✖ STUCK · " + f.Keys.Key(keys.Resume) + " tries again, R rolls back", th.Bad
	case run.DeployDone:
		return "✔ done", th.Good
	}
	return "rolled back", th.Warn
}

// rolloutTrouble is everything that keeps the deploy from going on.
func rolloutTrouble(f Frame, d run.DeployState) []string {
	th := f.Theme
	var lines []string
	add := func(st theme.Style, what string, texts ...run.Safe) {
		for _, t := range texts {
			if t != "" {
				lines = append(lines, wrapped(st, what+string(t), 1, f.W)...)
			}
		}
	}
	if d.Stage == run.Stuck {
		add(th.Bad, "stuck: ", d.Why)
	}
	if d.Stage == run.Refused {
		add(th.Bad, "✖ ", d.Problems...)
		add(th.Warn, "? could not look: ", d.Unknown...)
	}
	if env := f.State.Envs[d.Env]; !env.Locked {
		add(th.Warn, "lock: ", env.LockWhy)
	}
	if blockers := f.State.PromotionBlockers(d.Step); len(blockers) > 0 {
		add(th.Warn, "does not go on: ", blockers...)
	}
	for _, a := range d.FreezeAnswers {
		if a.Err != "" {
			add(th.Bad, clean(a.Component)+" not frozen: ", a.Err)
		}
	}
	if len(d.Notes) > 0 && !begun(d) && !f.State.Envs[d.Env].Locked { // the preflight's; stale as soon as it goes on
		lines = append(lines, cell(th.Dim, " · "+joinSafe(d.Notes, " · "), f.W))
	}
	return append(lines, "")
}

func joinSafe(list []run.Safe, sep string) string {
	texts := make([]string, len(list))
	for i, t := range list {
		texts[i] = clean(string(t))
	}
	return strings.Join(texts, sep)
}

// wave is the moves of one wave and where it is.
type wave struct {
	number     int // from 1
	components []string
	moves      []int // indices in DeployState.Moves
}

func waves(d run.DeployState) []wave {
	var list []wave
	for i, m := range d.Moves {
		at := slices.IndexFunc(list, func(w wave) bool { return w.number == m.Wave+1 })
		if at < 0 {
			list = append(list, wave{number: m.Wave + 1, components: m.Components})
			at = len(list) - 1
		}
		list[at].moves = append(list[at].moves, i)
	}
	return list
}

// waveRows are one wave: its shares and its components.
func waveRows(f Frame, d run.DeployState, w wave, strip int) []string {
	th := f.Theme
	var shares []string
	for _, i := range w.moves {
		text := fmt.Sprintf("%d %%", d.Moves[i].Share)
		done := i < d.Move || d.Stage == run.DeployDone || i == d.Move && d.Stage == run.Holding
		switch {
		case d.Stage == run.RolledOff || !begun(d):
			text = th.Dim.Render("  " + text)
		case done:
			text = th.Good.Render("✔ " + text)
		case i == d.Move:
			text = th.Accent.Render("▸ " + text)
		default:
			text = th.Dim.Render("  " + text)
		}
		shares = append(shares, text)
	}
	lines := []string{theme.Truncate(" "+th.Title.Render(fmt.Sprintf("Wave %d", w.number))+"  "+strings.Join(shares, "  "), f.W)}
	for _, name := range w.components {
		lines = append(lines, componentRows(f, d, name, strip)...)
	}
	if f.H > 16 {
		lines = append(lines, "")
	}
	return lines
}

// begun tells whether a deploy wrote anything yet.
func begun(d run.DeployState) bool {
	switch d.Stage {
	case run.Preflight, run.Refused, run.Baselining, run.Locking:
		return false
	}
	return true
}

func componentRows(f Frame, d run.DeployState, name string, strip int) []string {
	th := f.Theme
	if !f.matches(name) {
		return nil
	}
	c := f.State.Envs[d.Env].Components[name]
	p := c.Progress
	from, to := changeOf(f.State, d.Env, name)
	if c.Stage == run.Untouched || c.Stage == "" || strays(c) {
		p.Pods = allOld(p.Pods)
	}
	stage, look := componentWord(th, c)
	head := "  " + cell(th.Title, clean(name), 13) + cell(th.Text, from+" → "+to, 18) + " " + cell(look, stage, 12) + " "
	counts := podCounts(f, c)
	var rows []string
	beside := stripRoom(f) < f.W-6
	switch pods := podRows(th, p.Pods, stripRoom(f), strip); {
	case beside && len(pods) > 0:
		for i, row := range pods {
			before := strings.Repeat(" ", boardHead+countsWidth)
			if i == 0 {
				before = head + cell(th.Text, counts, countsWidth)
			}
			rows = append(rows, before+" "+row)
		}
	default:
		rows = append(rows, head+th.Text.Render(counts))
		for _, row := range pods {
			if f.H > 16 {
				rows = append(rows, "    "+row)
			}
		}
	}
	if p.Message != "" && p.Stuck == "" && (p.Condition == run.Broken || p.Condition == run.Missing || d.Stage == run.Stuck && strings.Contains(string(d.Why), name+":")) {
		rows = append(rows, wrapped(th.Dim, string(p.Message), 4, f.W)...) // while all goes as it should, the counts say it
	}
	if why := unready(p.Pods); why != "" && begun(d) {
		rows = append(rows, wrapped(th.Warn, "not ready: "+why, 4, f.W)...)
	}
	if p.Stuck != "" {
		rows = append(rows, wrapped(th.Bad, string(p.Stuck), 4, f.W)...)
	}
	if c.Err != "" {
		rows = append(rows, wrapped(th.Warn, fmt.Sprintf("could not look: %s (seen %s ago)", c.Err, age(f.Now.Sub(c.Seen))), 4, f.W)...)
	}
	if strays(c) {
		rows = append(rows, wrapped(th.Bad, "changed by another hand: "+string(c.Strayed), 4, f.W)...)
	} else if p.Undoer != "" {
		rows = append(rows, wrapped(th.Warn, "also written by "+string(p.Undoer), 4, f.W)...)
	}
	if a, ok := d.Answered[name]; ok && a.Err != "" {
		rows = append(rows, wrapped(th.Bad, "patch: "+string(a.Err), 4, f.W)...)
	}
	return rows
}

// countsWidth is what podCounts takes at most where there is room for all of it.
const countsWidth = 30

// podCounts are a component's pods in words, and what they get of the traffic: of the new template once it moves, else of
// the one it has.
func podCounts(f Frame, c run.ComponentState) string {
	p, short := c.Progress, f.W < 100
	if c.Stage == run.Untouched || c.Stage == "" {
		return fmt.Sprintf("%d/%d ready, all old", p.UpdatedReady+p.OldReady, p.Desired)
	}
	if strays(c) {
		return fmt.Sprintf("%d/%d run %s", p.UpdatedReady, p.Desired, tag(p.Image))
	}
	text := fmt.Sprintf("%d/%d new", p.UpdatedReady, p.Desired)
	percent, ok := traffic(p)
	switch {
	case !ok:
	case short:
		text += fmt.Sprintf(" ~%d %% traffic", percent)
	default:
		text += fmt.Sprintf(", ~%d %% of traffic", percent)
	}
	return text
}

func componentWord(th *theme.Theme, c run.ComponentState) (string, theme.Style) {
	if strays(c) {
		return "✖ changed", th.Bad
	}
	switch c.Stage {
	case run.Moving:
		return fmt.Sprintf("◌ to %d %%", c.Share), th.Accent
	case run.AtShare:
		return fmt.Sprintf("at %d %%", c.Share), th.Accent
	case run.Deployed:
		return "✔ deployed", th.Good
	case run.Undoing:
		return "undoing", th.Warn
	case run.Took:
		return "✔ rolled back", th.Good
	}
	return "waits", th.Dim
}

// strays tells whether somebody else changed a component that stands where a deploy put it.
func strays(c run.ComponentState) bool {
	return c.Strayed != "" && (c.Stage == run.AtShare || c.Stage == run.Deployed)
}

// changeOf is the version a component comes from and the one it goes to.
func changeOf(s run.State, env, name string) (from, to string) {
	c, _ := s.Plan.Component(name)
	to, from = tag(c.Image), "?"
	if image := s.Envs[env].Components[name].Progress.Image; image != "" {
		from = tag(image)
	}
	for _, p := range s.Envs[env].Pins {
		if p.Component == name {
			from = tag(p.Image)
		}
	}
	return from, to
}

// Change says in words what a deploy does to a component: its workload, where from if that is known already, and the
// whole image where to. The workload takes width cells; without a width only the names and versions are said.
func Change(s run.State, env, name string, width int) string {
	from, to := changeOf(s, env, name)
	if width <= 0 {
		return strings.Replace(fmt.Sprintf("%s  %s → %s", clean(name), from, to), "  ? →", "  →", 1)
	}
	c, _ := s.Plan.Component(name)
	if from == "?" {
		from = ""
	}
	return fmt.Sprintf("%s  %s→ %s", theme.PadRight(clean(c.Workload), width), theme.PadRight(from, min(len(from)+1, 12)), clean(c.Image))
}
