package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Rollback is where a person looks on the rollback screen.
type Rollback struct{ Top int }

// View draws what a rollback does, and under it what the charts show; before any, what R would do now.
func (v *Rollback) View(f Frame, charts *Watch) []string {
	lines := squeezed(rollbackLines(f), f.H)
	shown, top := window(f.Theme, lines, -1, v.Top, f.H, f.W)
	v.Top = top
	return withCharts(f, shown, charts)
}

func rollbackLines(f Frame) []string {
	r := f.State.Rollback
	if r == nil || r.Stage == run.TakenBack {
		return wouldRollBack(f)
	}
	lines := rollbackHead(f, r)
	if f.State.Only && (r.Stage == run.Settling || r.Stage == run.Restored) {
		text := "Every component runs again what it ran before. " + f.Keys.Key(keys.Quit) + " leaves; the boxes by hand may be ticked first (" + f.Keys.Key(keys.GoTo+keys.ID(keys.Checklist)) + ")."
		lines = append(lines, wrapped(f.Theme.Good, text, 1, f.W)...)
	}
	lines = append(lines, "")
	lines = append(lines, flagRows(f, r)...)
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
	if !r.Burnt.IsZero() {
		return "rolled back before the freeze was answered: the patches stop and restore in one"
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
		return th.Bad.Render("roll back? " + f.Keys.Key(keys.Burn) + ": yes   " + f.Keys.Key(keys.TakeBack) + ": take it back")
	case run.Restoring:
		done, all := tookCount(f, r)
		word := fmt.Sprintf("rolling back, %d of %d took", done, all)
		if r.Late {
			return th.Bad.Render("LATE, still trying: " + word)
		}
		return th.Accent.Render(word) + th.Dim.Render("  +"+clock(f.Now.Sub(r.Burnt)))
	case run.Settling:
		switch {
		case r.InBand.IsZero() && !canTell(f.State.Envs[r.Env].Samples, r.SettleFrom):
			return th.Warn.Render("all took; no metric tells yet")
		case r.InBand.IsZero():
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

// canTell tells whether the newest sample since then has a value at all.
func canTell(samples []run.Sample, since time.Time) bool {
	if len(samples) == 0 || samples[len(samples)-1].At.Before(since) {
		return false
	}
	for _, p := range samples[len(samples)-1].Points {
		if p.State != run.PointUnknown {
			return true
		}
	}
	return false
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
	if !r.Burnt.IsZero() {
		if f.W < 150 && len(rows) > 1 {
			rows = rows[:1] // what was pinned was said before the fuse burnt
		}
		rows = append(rows, stageRow(f, c, p))
	}
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
		strip := max(8, min(60, f.W-1-12-1-22-2-44-2-26-2))
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
	if c.From != "" && (image == "" || image == p.Image) {
		image = c.From
	}
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
		if f.State.Only {
			what = "left alone"
		}
		if c.Progress.Image != "" {
			what = tag(c.Progress.Image) + ", " + what
		}
		lines = append(lines, cell(f.Theme.Dim, fmt.Sprintf(" %-12s %s", clean(name), what), f.W))
	}
	return lines
}

// flagRows are the flags that this run raised, which go off before the patches go out.
func flagRows(f Frame, r *run.RollbackState) []string {
	var lines []string
	th := f.Theme
	row := func(step string, look theme.Style, said string) {
		lines = append(lines, " "+cell(th.Title, "flags", 12)+" "+cell(look, clean(flagNames(f, step))+"  "+said, f.W-15))
	}
	for _, id := range sortedKeys(r.Flags) {
		switch off := r.Flags[id]; {
		case off.Done:
			row(id, th.Good, "→ off")
		case off.Err != "":
			row(id, th.Bad, "not off yet, tried again: "+string(off.Err))
		default:
			row(id, th.Accent, "being turned off")
		}
	}
	if r.FlagsWish != "" {
		return lines
	}
	for _, id := range f.State.Raised(r.Env) {
		row(id, th.Text, fmt.Sprintf("%d %% → off first", f.State.RaisedTo(id)))
	}
	return lines
}

// flagNames are the flags of a step.
func flagNames(f Frame, id string) string {
	step, ok := f.State.FlagStep(id)
	switch {
	case !ok:
		return id
	case step.Flags.Flags.All:
		return "every flag"
	}
	return strings.Join(step.Flags.Flags.List, ", ")
}

// notRestored says plainly what a rollback leaves as it is.
func notRestored(f Frame) []string {
	flags := "feature flags"
	if r := f.State.Rollback; r != nil && (len(r.Flags) > 0 || len(f.State.Raised(r.Env)) > 0) {
		flags = "other feature flags"
	}
	but := ""
	if mended := f.State.Mended(); len(mended) > 0 {
		but = ", but for what was done by " + clean(strings.Join(mended, ", "))
	}
	return wrapped(f.Theme.Dim, "Not restored: ConfigMaps, Secrets, "+flags+" and the database stay as they are now"+but+".", 1, f.W)
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
		switch {
		case status != run.Pending:
		case step.IsManual():
			said, look = "to tick: c, then space", f.Theme.Dim
		case step.Rollback == nil && step.Action() != "":
			said, look = "to start: c, then s", f.Theme.Dim
		}
		title := min(44, f.W/2)
		lines = append(lines, " "+f.Theme.Mark(string(status), step.IsManual())+" "+cell(f.Theme.Text, clean(step.Title), title)+"  "+cell(look, said, f.W-title-8))
	}
	if r.Reason != "" {
		lines = append(lines, wrapped(f.Theme.Text, "reason: "+string(r.Reason), 1, f.W)...)
	}
	return append(lines, "")
}
