package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// Rollback is where a person looks on the rollback screen.
type Rollback struct{ Top int }

// View draws what a rollback does; before any, what R would do now.
func (v *Rollback) View(f Frame) []string {
	lines := rollbackLines(f)
	shown, top := window(f.Theme, lines, -1, v.Top, f.H, f.W)
	v.Top = top
	return withLog(f, shown)
}

func rollbackLines(f Frame) []string {
	r := f.State.Rollback
	if r == nil || r.Stage == run.TakenBack {
		return wouldRollBack(f)
	}
	lines := rollbackHead(f, r)
	if f.H >= 16 {
		lines = append(lines, "")
	}
	for _, p := range r.Pins {
		lines = append(lines, undoRows(f, r, p)...)
	}
	lines = append(lines, untouched(f, r.Env, r.Pins)...)
	lines = append(lines, "")
	lines = append(lines, afterwards(f, r)...)
	return append(lines, notRestored(f)...)
}

// rollbackHead says what goes on: the fuse, or how far the undoing is.
func rollbackHead(f Frame, r *run.RollbackState) []string {
	th := f.Theme
	env := th.Bad.Render(" ROLL BACK " + strings.ToUpper(clean(r.Env)))
	lines := []string{theme.Between(env, stageWord(f, r)+" ", f.W)}
	if r.Stage == run.Asking {
		lines = append(lines, wrapped(th.Warn, askingWhy(r), 1, f.W)...)
	}
	frozen := frozenWords(f, r)
	why := "why: " + string(r.Because)
	if r.Because == "" {
		why = "pressed by " + clean(r.By)
	}
	if theme.Width(frozen)+theme.Width(why)+4 <= f.W {
		return append(lines, theme.Between(th.Dim.Render(" "+frozen), th.Text.Render(why)+" ", f.W))
	}
	return append(append(lines, th.Dim.Render(" "+theme.Truncate(frozen, f.W-1))), wrapped(th.Text, why, 1, f.W)...)
}

// askingWhy says why the fuse does not burn by itself.
func askingWhy(r *run.RollbackState) string {
	if r.AskWhy == "" {
		return "The fuse waits for you: it does not burn by itself here."
	}
	return "The fuse waits for you: " + string(r.AskWhy) + "."
}

func frozenWords(f Frame, r *run.RollbackState) string {
	failed := ""
	for _, name := range sortedKeys(r.FrozenBy) {
		if e := r.FrozenBy[name].Err; e != "" {
			failed += fmt.Sprintf(", %s not: %s", clean(name), e)
		}
	}
	switch {
	case !r.Freezing:
		return "nothing was moving, so there was nothing to freeze"
	case !r.FrozenAt.IsZero():
		return fmt.Sprintf("frozen %s, %.2f s after R%s", instant(r.FrozenAt), f.real(r.FrozenAt.Sub(r.Pressed)).Seconds(), failed)
	}
	return fmt.Sprintf("freezing: %d of %d frozen%s", len(r.FrozenBy), len(r.Pins), failed)
}

func sortedKeys[T any](m map[string]T) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// fuseWord is how long the fuse burns yet, or what it waits for.
func fuseWord(f Frame) string {
	r := f.State.Rollback
	if r.Stage == run.Asking {
		return "the fuse waits for a person"
	}
	return fmt.Sprintf("rolling back in %.1f s", max(0, f.real(r.FuseUntil.Sub(f.Now)).Seconds()))
}

func stageWord(f Frame, r *run.RollbackState) string {
	th := f.Theme
	switch r.Stage {
	case run.Fusing:
		whole := r.FuseUntil.Sub(r.Pressed)
		share := 0.0
		if whole > 0 {
			share = float64(r.FuseUntil.Sub(f.Now)) / float64(whole)
		}
		return th.Bad.Render(fuseWord(f)) + "  " + progress(th, th.Bad, share, min(20, f.W/6))
	case run.Asking:
		return th.Bad.Render("roll back? enter: yes   esc: take it back")
	case run.Restoring:
		done, all := tookCount(f, r)
		word := fmt.Sprintf("rolling back, %d of %d took", done, all)
		if r.Late {
			return th.Bad.Render("LATE, still trying: " + word)
		}
		return th.Accent.Render(word) + th.Dim.Render("  +"+clock(f.Now.Sub(r.Burnt)))
	case run.Settling:
		if r.InBand.IsZero() {
			return th.Warn.Render("all took; metrics not back in band yet")
		}
		return th.Accent.Render("all took; in band for " + clock(f.Now.Sub(r.InBand)))
	case run.Restored:
		switch r.Verified {
		case run.Passed:
			return th.Good.Render("✔ rolled back, metrics in band")
		case run.Failed:
			return th.Bad.Render("✖ rolled back, metrics still out of band")
		}
		return th.Warn.Render("? rolled back, no metric could tell")
	}
	return ""
}

func tookCount(f Frame, r *run.RollbackState) (done, all int) {
	for _, p := range r.Pins {
		if f.State.Envs[r.Env].Components[p.Component].Stage == run.Took {
			done++
		}
	}
	return done, len(r.Pins)
}

// undoRows are a component's way back: revisions, pods and how far it is.
func undoRows(f Frame, r *run.RollbackState, p run.Pin) []string {
	c := f.State.Envs[r.Env].Components[p.Component]
	state, look := undoState(f, r, c, p)
	rows := pinRows(f, c, p, look.Render(state), theme.Width(state))
	for _, trouble := range []run.Safe{c.Undo.Err, c.Err, c.Progress.Stuck} {
		if trouble != "" && c.Stage != run.Took && !r.Burnt.IsZero() {
			rows = append(rows, wrapped(f.Theme.Bad, string(trouble), 14, f.W)...)
		}
	}
	if u := c.Progress.Undoer; u != "" && !r.Burnt.IsZero() {
		rows = append(rows, wrapped(f.Theme.Warn, "also written by "+string(u), 14, f.W)...)
	}
	return rows
}

func undoState(f Frame, r *run.RollbackState, c run.ComponentState, p run.Pin) (string, theme.Style) {
	th := f.Theme
	switch {
	case c.Stage == run.Took:
		return fmt.Sprintf("✔ took after %s", clock(c.TookAt.Sub(r.Burnt))), th.Good
	case c.Undo.Err != "" && !c.Undo.Accepted:
		return "✖ retrying", th.Bad
	case c.Undo.Already:
		return "ran it already", th.Text
	case c.Undo.Accepted:
		return fmt.Sprintf("patched %.0f ms, %d/%d", c.Undo.AfterMs, c.Progress.UpdatedReady, c.Progress.Desired), th.Accent
	case !r.Burnt.IsZero():
		return "patching", th.Accent
	}
	if fr, ok := r.FrozenBy[p.Component]; ok {
		if fr.Err != "" {
			return "✖ not frozen", th.Bad
		}
		return "frozen", th.Text
	}
	if r.Freezing {
		return "freezing", th.Dim
	}
	return "stands", th.Dim
}

// pinRows are a component and its pin: in one line where there is room, else in two.
func pinRows(f Frame, c run.ComponentState, p run.Pin, state string, stateWidth int) []string {
	th := f.Theme
	from := leavingTag(f.State, c, p)
	name := cell(th.Title, clean(p.Component), 12)
	arrow := cell(th.Text, from+"  →  "+tag(p.Image), 22)
	identity := "ReplicaSet " + clean(p.ReplicaSet)
	if len(p.Digests) > 0 {
		identity = shortDigest(p.Digests[0]) + "  " + identity
	}
	if p.Guess {
		identity = "a guess, no pin: " + identity
	}
	look := th.Dim
	if p.Guess {
		look = th.Warn
	}
	head := " " + name + " " + arrow
	if f.W >= 150 {
		strip := max(8, f.W-1-12-1-22-2-44-2-26-2)
		return []string{head + "  " + cell(look, identity, 44) + "  " + theme.PadRight(podStrip(th, c.Progress.Pods, strip), strip) + "  " + theme.PadRight(state, min(26, max(stateWidth, 26)))}
	}
	room := f.W - 36 - stateWidth - 2
	first := head
	if room > 4 {
		first += " " + podStrip(th, c.Progress.Pods, min(room-1, 60))
	}
	rows := []string{theme.Between(first, state+" ", f.W)}
	if f.H >= 16 {
		rows = append(rows, cell(look, "              "+identity, f.W))
	}
	return rows
}

// leavingTag is the version that a component leaves: what it runs, or ran until our patch came.
func leavingTag(s run.State, c run.ComponentState, p run.Pin) string {
	image := c.Progress.Image
	if want, ok := s.Plan.Component(p.Component); ok && (image == "" || image == p.Image) && !s.Only {
		image = want.Image
	}
	if image == "" || image == p.Image {
		return "now"
	}
	return tag(image)
}

// untouched names the components that this run did not move.
func untouched(f Frame, env string, pins []run.Pin) []string {
	var lines []string
	for name := range f.State.Plan.Runbook.Components.All() {
		if slices.ContainsFunc(pins, func(p run.Pin) bool { return p.Component == name }) {
			continue
		}
		c := f.State.Envs[env].Components[name]
		what := "untouched by this run"
		if c.Progress.Image != "" {
			what = tag(c.Progress.Image) + ", " + what
		}
		lines = append(lines, cell(f.Theme.Dim, fmt.Sprintf(" %-12s %s", clean(name), what), f.W))
	}
	return lines
}

// notRestored says plainly what a rollback leaves as it is.
func notRestored(f Frame) []string {
	return wrapped(f.Theme.Dim, "Not restored: ConfigMaps, Secrets, feature flags and the database stay as they are now.", 1, f.W)
}

// afterwards are the stages and the steps of the rollback procedure.
func afterwards(f Frame, r *run.RollbackState) []string {
	if r.Burnt.IsZero() {
		return nil
	}
	var lines []string
	for _, step := range rollbackSteps(f.State) {
		status := f.State.StepStatus(step.ID)
		said, look := observed(f, step, status)
		if step.IsManual() && status == run.Pending {
			said, look = "to tick: c, then space", f.Theme.Dim
		}
		title := min(44, f.W/2)
		lines = append(lines, " "+f.Theme.Mark(string(status), step.IsManual())+" "+cell(f.Theme.Text, clean(step.Title), title)+"  "+cell(look, said, f.W-title-8))
	}
	if r.Reason != "" {
		lines = append(lines, wrapped(f.Theme.Text, "reason: "+string(r.Reason), 1, f.W)...)
	}
	return append(lines, "")
}

// wouldRollBack is what R would do now.
func wouldRollBack(f Frame) []string {
	th, s := f.Theme, f.State
	env := writtenEnvironment(s)
	var lines []string
	if s.Rollback != nil {
		lines = append(lines, cell(th.Warn, " the rollback was taken back; what was frozen stays frozen until u resumes it", f.W), "")
	}
	pins := touched(s, env)
	if len(pins) == 0 {
		why := "Nothing was written by this run yet: there is nothing to undo."
		lines = append(lines, wrapped(th.Title, why, 1, f.W)...)
		if env == "" || len(s.Envs[env].Pins) == 0 {
			return append(lines, wrapped(th.Dim, "Once a deploy has pinned what runs, its exact targets stand here.", 1, f.W)...)
		}
		pins = s.Envs[env].Pins
		lines = append(lines, "", cell(th.Dim, " pinned, and not moved yet:", f.W))
	} else {
		lines = append(lines, wouldHead(f, env)...)
	}
	for _, p := range slices.Backward(pins) {
		c := s.Envs[env].Components[p.Component]
		word, look := componentWord(th, c)
		lines = append(lines, pinRows(f, c, p, look.Render(word), theme.Width(word))...)
	}
	lines = append(lines, untouched(f, env, pins)...)
	lines = append(lines, "")
	lines = append(lines, lampLines(f, env)...)
	return append(lines, notRestored(f)...)
}

// wouldHead says what R does, and what comes after it.
func wouldHead(f Frame, env string) []string {
	th, s := f.Theme, f.State
	fuse := Span(f.real(fuseOf(s)))
	if !s.Only {
		return []string{theme.Between(th.Title.Render(" R would roll back "+clean(env)), th.Dim.Render("fuse "+fuse+" ")+" ", f.W), ""}
	}
	lines := []string{" " + th.Key.Render("R") + th.Title.Render(" rolls back "+clean(env)+" to these exact revisions:")}
	text := "It freezes first and lights a fuse of " + fuse + "; enter burns it at once, esc takes it back."
	if guessed := slices.ContainsFunc(touched(s, env), func(p run.Pin) bool { return p.Guess }); guessed {
		text = "A target is a guess, so R freezes and then asks: enter rolls back, esc takes it back."
	}
	return append(append(lines, wrapped(th.Dim, text, 1, f.W)...), "")
}

func lampLines(f Frame, env string) []string {
	th := f.Theme
	switch lamp := f.State.Envs[env].Lamp; {
	case !lamp.Known:
		return wrapped(th.Warn, "○ not verified yet: target, rights and dry run are being looked at", 1, f.W)
	case lamp.OK:
		return wrapped(th.Good, "● armed: targets are there, rights are held, a dry run was accepted", 1, f.W)
	default:
		return wrapped(th.Bad, "○ not armed: "+string(lamp.Why), 1, f.W)
	}
}

// fuseOf is how long the fuse burns.
func fuseOf(s run.State) time.Duration {
	if rb := s.Plan.Runbook.Rollback; rb != nil {
		return rb.Fuse.Or(3 * time.Second)
	}
	return 3 * time.Second
}

// writtenEnvironment is the environment that R concerns: written last, else pinned.
func writtenEnvironment(s run.State) string {
	best := ""
	for _, name := range s.Plan.Runbook.Environments.Keys() {
		if e := s.Envs[name]; !e.Written.IsZero() && (best == "" || e.LastWrite.After(s.Envs[best].LastWrite)) {
			best = name
		}
	}
	if best != "" {
		return best
	}
	for _, ph := range s.Plan.Runbook.Phases {
		if len(s.Envs[ph.Environment].Pins) > 0 {
			return ph.Environment
		}
	}
	return ""
}

// touched are the pins of the components that this run moved.
func touched(s run.State, env string) []run.Pin {
	var pins []run.Pin
	for _, p := range s.Envs[env].Pins {
		if stage := s.Envs[env].Components[p.Component].Stage; stage != "" && stage != run.Untouched {
			pins = append(pins, p)
		}
	}
	return pins
}

// rollbackSteps are the steps of the rollback procedure; nil when the runbook has none.
func rollbackSteps(s run.State) []runbook.Step {
	if s.Plan.Runbook.Rollback == nil {
		return nil
	}
	return s.Plan.Runbook.Rollback.Steps
}
