package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

func (h *Home) frame() screen.Frame {
	return screen.Frame{Now: h.shelf.Now(), W: h.w, H: h.h, Theme: h.th, Keys: h.options.Keys, Mouse: h.options.Mouse, Filter: h.filter}
}

// draw is every line of the terminal.
func (h *Home) draw() []string {
	f := h.frame()
	if h.w < screen.MinWidth || h.h < screen.MinHeight {
		lines := []string{fmt.Sprintf("too small: %d×%d, needs %d×%d", h.w, h.h, screen.MinWidth, screen.MinHeight), h.options.Keys.Key(keys.Quit) + " quits"}
		for i, l := range lines {
			lines[i] = theme.Truncate(l, h.w)
		}
		return lines[:min(len(lines), max(h.h, 0))]
	}
	head := screen.HomeHeader(f, h.title(), h.shelf.Operator())
	foot := screen.Footer(f, h.scope(), h.works, nil, h.notice())
	foot = slices.Insert(foot, 1, screen.CommandLine(f, h.commandLine()))
	f.H -= len(head) + len(foot)
	lines := append(append(head, pad(h.body(f), f.H)...), foot...)
	for i, l := range lines {
		if theme.Width(l) > h.w {
			lines[i] = theme.Truncate(l, h.w)
		}
	}
	return lines
}

func (h *Home) title() string {
	if h.form != nil {
		return h.form.title
	}
	return "start, go on, practise, look back"
}

// commandLine is the command that does what is chosen, as it would be typed.
func (h *Home) commandLine() string {
	if h.help || h.form.ready() { // there it stands in full
		return ""
	}
	if h.form != nil {
		return typedLine(h.form.args())
	}
	e, _ := h.list.Chosen(h.entries())
	return e.Command
}

func (h *Home) body(f screen.Frame) []string {
	switch {
	case h.help:
		lines, top := screen.HelpKeys(f, keys.Home, h.helpTop)
		h.helpTop = top
		return lines
	case h.form != nil:
		return h.form.view(f)
	case h.line == nil:
		return h.list.View(f, h.entries())
	}
	lines := h.line.draw(h.th, f.W).View(f, max(6, f.H*2/3))
	above := f
	above.H = f.H - len(lines)
	return append(pad(h.list.View(above, h.entries()), above.H), lines...)
}

// works tells which keys do something now.
func (h *Home) works(id keys.ID) bool {
	switch id {
	case keys.Back:
		return h.scope() != keys.Home || h.filter != ""
	case keys.Filter, keys.PrevFocus:
		return h.scope() != keys.HelpPage
	case keys.RollBack:
		return false // of the help page in a run; here there is none
	}
	return true
}

// entries makes the list of what there is.
func (h *Home) entries() screen.HomeList {
	l := screen.HomeList{Looking: h.looking, Filter: h.filter, Empty: map[screen.HomePart]string{
		screen.StartRun: "no runbook here: write one, sop show deployment -o yaml prints the one that ships",
		screen.PastRuns: "no run yet: begin with a drill, it is the real program on a simulated cluster",
	}}
	if h.lost != "" {
		l.Empty[screen.PastRuns] = h.lost
	}
	now := h.shelf.Now()
	for _, c := range h.runs {
		if c.goesOn() {
			l.Entries = append(l.Entries, h.openEntry(c, now))
		}
	}
	for _, c := range h.runbooks {
		l.Entries = append(l.Entries, runbookEntry(c))
	}
	for _, c := range h.drills {
		l.Entries = append(l.Entries, h.drillEntry(c, now))
	}
	for _, c := range h.runs {
		if !c.goesOn() {
			l.Entries = append(l.Entries, pastEntry(c))
		}
	}
	return l
}

// goesOn tells whether a run can be gone on with. A drill's world ended with its program.
func (c RunCard) goesOn() bool {
	return !c.Ended && c.Damage == "" && (c.Practice == "" || c.PID > 0)
}

// where is what a run acts on.
func (c RunCard) where() string {
	if c.Practice != "" {
		return "practice " + c.Practice
	}
	return c.Environment
}

// shortID is the part of an id by which people tell runs apart.
func shortID(id string) string {
	if len(id) <= 6 {
		return id
	}
	return "…" + id[len(id)-6:]
}

func (h *Home) openEntry(c RunCard, now time.Time) screen.HomeEntry {
	e := screen.HomeEntry{
		Part: screen.GoOn, ID: c.ID, Name: c.Runbook, Title: c.where(), Status: "open", Look: "warn",
		Right: screen.Ago(now.Sub(c.At)), Command: "sop resume " + c.ID,
	}
	if c.Operator != "" {
		e.Status += ", by " + c.Operator
	}
	e.About = []string{"Run " + c.ID, "It began " + c.At.UTC().Format("2006-01-02 15:04") + " UTC and is not over.", "", "Enter goes on: the journal is replayed, and everything is looked at again before anything is done."}
	if c.PID > 0 {
		e.Status, e.Look, e.Command = fmt.Sprintf("live in process %d", c.PID), "checking", "sop report "+c.ID
		if !h.shelf.Attaches() {
			e.About = []string{"Run " + c.ID, fmt.Sprintf("Process %d on this machine has it open: go on there.", c.PID)}
			return e
		}
		e.Command = "sop attach " + c.ID
		e.About = []string{"Run " + c.ID, fmt.Sprintf("Process %d on this machine has it open.", c.PID), "", "Enter looks on: it shows what that process shows, and changes nothing."}
	}
	return e
}

func runbookEntry(c RunbookCard) screen.HomeEntry {
	e := screen.HomeEntry{
		Part: screen.StartRun, ID: c.Name, Name: c.Name, Title: strings.TrimSpace(c.Title + " " + c.Version),
		Status: strings.Join(c.Environments, ", "), Right: "here", Command: typedLine([]string{"run", c.Name}),
	}
	if c.Ships {
		e.Right = "ships with sop"
	}
	if c.Problem != "" {
		e.Title, e.Status, e.Look, e.Command = "✖ "+c.Problem, "", "failed", typedLine([]string{"lint", c.Name})
		e.About = []string{c.Name, c.Problem, "", e.Command + " tells every mistake."}
		return e
	}
	e.About = []string{e.Title, fmt.Sprintf("%d steps in %d phases, owner %s.", c.Steps, len(c.Phases), c.Owner), ""}
	for i, p := range c.Phases {
		e.About = append(e.About, fmt.Sprintf("%d  %s", i+1, p))
	}
	e.About = append(e.About, "", "Environments: "+strings.Join(c.Environments, ", "), "", "Enter asks for what it needs. A run writes nothing to a cluster before you start the step that deploys.")
	return e
}

func (h *Home) drillEntry(c DrillCard, now time.Time) screen.HomeEntry {
	e := screen.HomeEntry{
		Part: screen.Practise, ID: c.Name, Name: c.Name, Title: c.Title,
		Status: strings.Repeat("●", max(0, min(5, c.Difficulty))) + strings.Repeat("○", max(0, 5-c.Difficulty)), Command: typedLine([]string{"practice", c.Name}),
	}
	best, times := -1, 0
	var last time.Time
	for _, r := range h.runs {
		if r.Practice != c.Name {
			continue
		}
		times++
		if r.Score != nil {
			best = max(best, *r.Score)
		}
		if r.At.After(last) {
			last = r.At
		}
	}
	played := "Not played yet."
	if times > 0 {
		e.Right = screen.Ago(now.Sub(last))
		played = fmt.Sprintf("Played %s, last %s.", plural(times, "time", "times"), e.Right)
	}
	if best >= 0 {
		e.Status += fmt.Sprintf("  best %d", best)
		played += fmt.Sprintf(" Your best score is %d of 100.", best)
	}
	e.About = []string{c.Title, fmt.Sprintf("Difficulty %d of 5. %s", c.Difficulty, played), "", "The real program, keys and runbook on a simulated cluster. Nothing here reaches a real one. At the end there is a score."}
	return e
}

func pastEntry(c RunCard) screen.HomeEntry {
	e := screen.HomeEntry{
		Part: screen.PastRuns, ID: c.ID, Name: c.At.UTC().Format("02 Jan 15:04"), Title: c.Runbook + "  " + c.where(),
		Command: "sop report " + c.ID,
	}
	e.Status, e.Look = screen.OutcomeWords(c.Outcome)
	lasted := ""
	if c.Ended {
		e.Right = screen.Lasted(c.Lasted)
		lasted = " after " + e.Right
	} else {
		e.Status = "◌ left"
	}
	if c.Damage != "" {
		e.Title, e.Status, e.Look, e.Command = "run "+shortID(c.ID), "✖ damaged", "failed", "sop verify "+c.ID
		e.About = []string{"Run " + c.ID, string(c.Damage)}
		return e
	}
	if c.Score != nil {
		e.Status += fmt.Sprintf("  score %d", *c.Score)
	}
	e.About = []string{
		"Run " + c.ID, fmt.Sprintf("%s on %s by %s.", c.Runbook, c.where(), c.Operator),
		"Began " + c.At.UTC().Format("2006-01-02 15:04:05") + " UTC.", e.Status + lasted + ".", "", "Enter shows its report: who did what when, with the evidence.",
	}
	return e
}

// typedLine is a command as it is typed into a shell.
func typedLine(args []string) string {
	words := []string{"sop"}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=.,:/@+%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
