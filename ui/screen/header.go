package screen

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Marks are what the header says of the run's surroundings.
type Marks struct {
	Cluster  string
	Practice bool
	Speed    float64    // of practice time; 0 and 1 are not said
	Screen   keys.Scope // which one is shown
	Guest    string     // how who attached stands to the run; empty: it is theirs
}

// lampWidth is what the lamp gets at least: the title is cut before it.
const lampWidth = 22

// Header is the top of every screen: one line or two, as there is room, and a rule in which the screens
// stand.
func Header(f Frame, m Marks) []string {
	left := environment(f) + practice(f, m)
	name := "  " + f.Theme.Header.Render(title(f.State))
	where := surroundings(f, m)
	facts := strings.Join(headerFacts(f), "   ")
	if f.W >= 160 {
		left += name + guest(f, m, " ") + f.Theme.Dim.Render(" · "+where)
		lamp := Lamp(f, max(lampWidth, f.W-theme.Width(left)-theme.Width(facts)-6))
		return []string{theme.Between(left, facts+"   "+lamp+" ", f.W), tabs(f, m.Screen)}
	}
	if f.H < 20 {
		left += guest(f, m, " ") + name
		return []string{theme.Between(left, Lamp(f, max(lampWidth, min(f.W-theme.Width(left)-4, 70)))+" ", f.W), tabs(f, m.Screen)}
	}
	lamp := Lamp(f, f.W-theme.Width(left)-4)
	if theme.Width(left)+theme.Width(name)+theme.Width(lamp)+4 <= f.W {
		left += name
	} else { // what the lamp says comes first
		where += " · " + title(f.State)
	}
	mark := guest(f, m, "")
	where = theme.Truncate(where, max(0, f.W-theme.Width(facts)-theme.Width(mark)-4))
	second := theme.Between(mark+" "+f.Theme.Dim.Render(where), facts+" ", f.W)
	return []string{theme.Between(left, lamp+" ", f.W), second, tabs(f, m.Screen)}
}

// surroundings are cluster and run; in a phase of another environment than the target, which one it acts on.
func surroundings(f Frame, m Marks) string {
	s := f.State
	where := clean(m.Cluster)
	if now := Environment(s); now != s.Plan.Environment && s.Ended.IsZero() {
		where = fmt.Sprintf("acts on %s, target %s", clean(now), clean(s.Plan.Environment))
	}
	if id := clean(s.ID); f.W >= 100 && len(id) > 6 && !f.NoRun {
		where += " · run …" + id[len(id)-6:]
	}
	return where
}

func environment(f Frame) string {
	name := Environment(f.State)
	return f.Theme.Environment(run.MakeSafe(name, 20), f.State.Plan.Env(name).Protected)
}

func title(s run.State) string {
	t := clean(s.Plan.Runbook.Metadata.Title)
	if s.Only {
		t = "Roll back"
	}
	if v := s.Plan.Inputs["version"]; v != "" {
		t += " · " + clean(v)
	}
	return t
}

// practice says by word that nothing here is real.
func practice(f Frame, m Marks) string {
	if !m.Practice {
		return ""
	}
	word := " PRACTICE "
	if m.Speed > 1 {
		word = fmt.Sprintf(" PRACTICE ×%g ", m.Speed)
	}
	return " " + f.Theme.Ordinary.Render(word)
}

// guest says how who attached from another terminal stands to the run.
func guest(f Frame, m Marks, before string) string {
	if m.Guest == "" {
		return ""
	}
	return before + f.Theme.Ordinary.Render(" "+m.Guest+" ")
}

// headerFacts are operator, elapsed time and the next status update.
func headerFacts(f Frame) []string {
	s, th := f.State, f.Theme
	facts := []string{th.Dim.Render(clean(s.Operator))}
	if !s.Started.IsZero() && !f.NoRun {
		end := f.Now
		if !s.Ended.IsZero() {
			end = s.Ended
		}
		facts = append(facts, clock(end.Sub(s.Started)))
	}
	switch left := s.NextUpdate.Sub(f.Now); {
	case !s.Ended.IsZero():
		facts = append(facts, th.Title.Render("ended: "+string(s.Outcome)))
	case s.NextUpdate.IsZero():
	case left <= 0:
		facts = append(facts, th.Bad.Render("! status overdue "+clock(-left)))
	default:
		facts = append(facts, th.Dim.Render("status in ")+clock(left))
	}
	return facts
}

// Lamp is the armed lamp in at most width cells: lit only while a rollback is proved to work.
func Lamp(f Frame, width int) string {
	th := f.Theme
	switch {
	case f.NoRun:
		return th.Dim.Render(pick(width < 28, "only watches", "only watches, writes nothing"))
	case !f.State.Ended.IsZero():
		return th.Dim.Render("R ○ run ended")
	}
	why := string(f.State.WhyNotArmed())
	if why == "" {
		armed := "● armed"
		if env := writtenEnvironment(f.State); env != "" && env != Environment(f.State) {
			armed += " for " + clean(env) // what was written last, not what is about to be
		}
		return th.Key.Render("R ") + th.Good.Render(theme.Truncate(armed, width-2))
	}
	if RollbackLive(f.State) {
		return th.Bad.Render("R ● " + string(f.State.Rollback.Stage))
	}
	return th.Key.Render("R ") + th.Warn.Render(theme.Truncate("○ not armed: "+why, width-2))
}

// TooSmall is all there is below MinWidth × MinHeight: what to do, and the lamp and R, which work nevertheless.
// In a field that is being typed into R is text, here too. A question that is open is told, for keys answer it.
func TooSmall(f Frame, asked string, typing bool) []string {
	lines := []string{
		Lamp(f, f.W),
		fmt.Sprintf("too small: %d×%d, needs %d×%d", f.W, f.H, MinWidth, MinHeight),
		"R rolls back   " + f.Keys.Key(keys.Quit) + " quits",
	}
	switch {
	case f.NoRun:
		lines[2] = f.Keys.Key(keys.Quit) + " quits"
	case typing:
		lines = append(lines[:2], clean(asked), "esc, then R rolls back")
	case asked != "":
		lines = append(lines[:2], clean(asked), "y yes   n no   R rolls back")
	}
	if r := f.State.Rollback; FuseLive(f.State) && r != nil {
		lines[2] = fuseWord(f) + ": " + f.Keys.Key(keys.Burn) + " now, " + f.Keys.Key(keys.TakeBack) + " takes it back"
	}
	for i, l := range lines {
		lines[i] = theme.Truncate(l, f.W)
	}
	return lines[:min(len(lines), max(f.H, 0))]
}
