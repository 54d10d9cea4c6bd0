package ui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// form asks for what a run, a rollback or a drill needs, page after page, and at last whether to begin. What it comes
// to is a command line.
type form struct {
	verb   string // run, rollback, practice or resume
	name   string // of the runbook, the scenario or the run
	title  string
	page   *huh.Form // nil: it is asked whether to begin, or the runbook is being loaded
	next   func() tea.Cmd
	lines  []string // what beginning means
	wait   string   // what is being waited for; empty: nothing
	opened time.Time

	rb     *runbook.Runbook
	sites  []string
	env    string
	more   bool // the inputs with a default are asked for, too
	inputs map[string]*string
	speed  string
}

// ready tells whether it is asked to begin.
func (f *form) ready() bool { return f != nil && f.page == nil && f.wait == "" }

// loadedMsg is a runbook with its site files, for the form that wants it.
type loadedMsg struct {
	form     *form
	rb       *runbook.Runbook
	problems []runbook.Problem
}

// askRun asks for what a run of the runbook needs.
func (h *Home) askRun(name string) tea.Cmd {
	f := &form{verb: "run", name: name, title: "Start a run of " + name}
	h.form = f
	if len(h.sites) == 0 {
		return h.load(f)
	}
	return h.turn(f, func() tea.Cmd { return h.load(f) }, sitesField(f, h.sites))
}

// toRollback asks what to roll back. It fires nothing: the rollback's own screen does that, on R.
func (h *Home) toRollback() tea.Cmd {
	f := &form{verb: "rollback", title: "Only roll back: of what?"}
	var names []string
	for _, c := range h.runbooks {
		if c.Problem == "" {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		h.say("no runbook to roll back by is known yet")
		return nil
	}
	h.form = f
	f.name = names[0]
	if e, ok := h.list.Chosen(h.entries()); ok && slices.Contains(names, e.ID) {
		f.name = e.ID
	}
	var fields []huh.Field
	if len(names) > 1 {
		fields = append(fields, huh.NewSelect[string]().Title("Runbook").Filtering(false).Options(options(names)...).Value(&f.name))
	}
	if len(h.sites) > 0 {
		fields = append(fields, sitesField(f, h.sites))
	}
	if len(fields) == 0 {
		return h.load(f)
	}
	return h.turn(f, func() tea.Cmd { return h.load(f) }, fields...)
}

// askDrill asks how fast the world is to go.
func (h *Home) askDrill(e screen.HomeEntry) tea.Cmd {
	f := &form{verb: "practice", name: e.ID, title: "Practise: " + e.Title, speed: "20"}
	h.form = f
	speed := huh.NewSelect[string]().Title("How fast does the world's time go?").
		Description("A drill takes about an hour of the world's time.").Filtering(false).
		Options(
			huh.NewOption("as in life", "1"), huh.NewOption("10 times faster", "10"),
			huh.NewOption("20 times faster", "20"), huh.NewOption("60 times faster: only for who knows it by heart", "60"),
		).Value(&f.speed)
	return h.turn(f, func() tea.Cmd {
		return h.toBegin(f, "The real program, keys and runbook on a simulated cluster. Nothing here reaches a real one.", "At the end there is a score.")
	}, speed)
}

// askResume asks whether to go on with an open run, or to look on.
func (h *Home) askResume(e screen.HomeEntry) tea.Cmd {
	for _, c := range h.runs {
		if c.ID != e.ID {
			continue
		}
		f := &form{verb: "resume", name: c.ID, title: "Go on with run " + shortID(c.ID)}
		lines := []string{
			c.Runbook + " on " + c.where() + ", begun " + screen.Ago(h.shelf.Now().Sub(c.At)) + ".",
			"Its journal is replayed and everything is looked at again; what was under way then goes on.",
		}
		if c.PID > 0 {
			if !h.shelf.Attaches() {
				h.say(fmt.Sprintf("process %d has this run open: go on there, or end it first", c.PID))
				return nil
			}
			f.verb, f.title = "attach", "Look on at run "+shortID(c.ID)
			lines[1] = fmt.Sprintf("Process %d goes on driving it; this only shows it.", c.PID)
		}
		h.form = f
		return h.toBegin(f, lines...)
	}
	return nil
}

// load reads the runbook with the site files that were chosen.
func (h *Home) load(f *form) tea.Cmd {
	f.page, f.wait = nil, "reading "+f.name+" …"
	name, sites, s := f.name, slices.Clone(f.sites), h.shelf
	return func() tea.Msg {
		rb, problems := s.Runbook(name, sites)
		return loadedMsg{f, rb, problems}
	}
}

func (h *Home) loaded(msg loadedMsg) tea.Cmd {
	f := h.form
	if f == nil || f != msg.form {
		return nil // the person left it meanwhile
	}
	f.wait = ""
	if runbook.HasErrors(msg.problems) || msg.rb == nil {
		h.form = nil
		why := "it cannot be read"
		if len(msg.problems) > 0 {
			why = msg.problems[0].String()
		}
		h.say(why)
		return nil
	}
	f.rb = msg.rb
	f.title += ": " + msg.rb.Metadata.Title
	f.env = target(msg.rb)
	if f.verb == "rollback" {
		return h.turn(f, func() tea.Cmd {
			return h.toBegin(f,
				"The next screen finds what each component ran before and shows it. Nothing is rolled back before you press R there.",
				"Without a screen: "+typedLine(append(f.args(), "--yes")))
		}, envField(f))
	}
	return h.askInputs(f)
}

// askInputs asks for the environment and the inputs: those that have no default first, the others on a page of their
// own, if at all.
func (h *Home) askInputs(f *form) tea.Cmd {
	f.inputs = map[string]*string{}
	fields := []huh.Field{envField(f)}
	var rest []huh.Field
	var defaults []string
	for name, in := range f.rb.Inputs.All() {
		value := ""
		if in.Default != nil {
			value = *in.Default
			defaults = append(defaults, name)
		}
		f.inputs[name] = &value
		if in.Default == nil {
			fields = append(fields, inputField(name, in, f.inputs[name]))
		} else {
			rest = append(rest, inputField(name, in, f.inputs[name]))
		}
	}
	if len(rest) > 0 {
		fields = append(fields, huh.NewSelect[bool]().Title("The rest").Description(clean(strings.Join(defaults, ", "))).Filtering(false).
			Options(huh.NewOption("as the runbook says", false), huh.NewOption("change some of it", true)).Value(&f.more))
	}
	groups := []*huh.Group{huh.NewGroup(fields...)}
	if len(rest) > 0 {
		groups = append(groups, huh.NewGroup(rest...).WithHideFunc(func() bool { return !f.more }))
	}
	return h.turnTo(f, func() tea.Cmd {
		return h.toBegin(f, f.summary()...)
	}, groups...)
}

// summary says what the run will be.
func (f *form) summary() []string {
	env, _ := f.rb.Environments.Get(f.env)
	to := "It acts on " + f.env + ", namespace " + env.Namespace
	if env.Context != "" {
		to += ", context " + env.Context
	}
	if env.Protected {
		to += ", which is PROTECTED"
	}
	lines := []string{to + "; phases that name an environment keep their own.", ""}
	var rest []string
	for name, in := range f.rb.Inputs.All() {
		value := *f.inputs[name]
		if in.Default != nil && value == *in.Default {
			rest = append(rest, name+" "+value)
			continue
		}
		lines = append(lines, theme.PadRight(clean(name), 16)+"  "+value)
	}
	if len(rest) > 0 {
		lines = append(lines, "As the runbook says: "+strings.Join(rest, ", ")+".")
	}
	return append(lines, "", "The checks begin to look at once. Nothing is written to a cluster before you start the step that deploys.")
}

// turn opens a page with one group of fields.
func (h *Home) turn(f *form, next func() tea.Cmd, fields ...huh.Field) tea.Cmd {
	return h.turnTo(f, next, huh.NewGroup(fields...))
}

func (h *Home) turnTo(f *form, next func() tea.Cmd, groups ...*huh.Group) tea.Cmd {
	f.page = huh.NewForm(groups...).WithShowHelp(false).WithShowErrors(false).WithTheme(formTheme(h.th)).WithKeyMap(formKeys())
	f.next, f.wait = next, ""
	f.resize(h.formSize())
	return f.page.Init()
}

// toBegin asks whether to begin.
func (h *Home) toBegin(f *form, lines ...string) tea.Cmd {
	f.page, f.wait, f.lines, f.opened = nil, "", lines, h.shelf.Now()
	return nil
}

// beginKey takes a key while it is asked whether to begin. The enter that led here, or one that is held, is no answer.
func (h *Home) beginKey(k tea.KeyPressMsg, id keys.ID) tea.Cmd {
	f, now := h.form, h.shelf.Now()
	switch id {
	case keys.Back:
		h.form = nil
	case keys.Copy:
		return h.clip(typedLine(f.args()))
	case keys.BeginIt:
		early := k.IsRepeat || now.Sub(f.opened) < grace
		f.opened = now
		if !early {
			h.choice = Choice{Args: f.args()}
			return tea.Quit
		}
	}
	return nil
}

// fieldKey gives a key to the field that is being filled in. Reading the clipboard of the machine that sop runs on is
// not among them: it is seldom the person's own.
func (h *Home) fieldKey(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+v" {
		return nil
	}
	return h.tell(k)
}

// tell gives a message to the page.
func (h *Home) tell(msg tea.Msg) tea.Cmd {
	f := h.form
	if f == nil || f.page == nil {
		return nil
	}
	page, cmd := f.page.Update(msg)
	f.page = page.(*huh.Form)
	if f.page.State == huh.StateCompleted {
		return tea.Batch(cmd, f.next())
	}
	return cmd
}

// args is the command line that the form comes to so far.
func (f *form) args() []string {
	args := []string{f.verb}
	if f.name != "" {
		args = append(args, f.name)
	}
	if f.verb == "practice" {
		if f.speed != "1" {
			args = append(args, "--speed", f.speed)
		}
		return args
	}
	for _, s := range f.sites {
		args = append(args, "--values", s)
	}
	if f.env != "" {
		args = append(args, "-e", f.env)
	}
	if f.rb == nil {
		return args
	}
	for name, in := range f.rb.Inputs.All() {
		value, asked := f.inputs[name]
		if !asked || in.Default != nil && *value == *in.Default || in.Default == nil && *value == "" {
			continue
		}
		args = append(args, "--set", name+"="+*value)
	}
	return args
}

// wrong is what is wrong with what was typed; empty when nothing is.
func (f *form) wrong() string {
	if f == nil || f.page == nil {
		return ""
	}
	for _, err := range f.page.Errors() {
		return err.Error()
	}
	return ""
}

// view draws the page, or the question whether to begin.
func (f *form) view(fr screen.Frame) []string {
	if f.wait != "" {
		return []string{"", " " + fr.Theme.Dim.Render(clean(f.wait))}
	}
	if f.page == nil {
		return screen.BeginQuestion(fr, f.lines, typedLine(f.args()))
	}
	lines := []string{""}
	for l := range strings.SplitSeq(f.page.View(), "\n") {
		lines = append(lines, " "+l)
	}
	return lines
}

// formSize is the room of a page.
func (h *Home) formSize() (width, height int) { return min(h.w-3, 96), max(4, h.h-homeHead-4) }

func (f *form) resize(width, height int) {
	if f != nil && f.page != nil {
		f.page = f.page.WithWidth(width).WithHeight(height)
	}
}

func (f *form) retheme(th *theme.Theme) {
	if f != nil && f.page != nil {
		f.page = f.page.WithTheme(formTheme(th))
	}
}

// target is the environment that a run of the runbook is for when none is named.
func target(rb *runbook.Runbook) string {
	env := ""
	for _, p := range rb.Phases {
		if p.Environment != "" {
			env = p.Environment
		}
	}
	if names := rb.Environments.Keys(); env == "" && len(names) > 0 {
		env = names[0]
	}
	return env
}

func options(names []string) (list []huh.Option[string]) {
	for _, n := range names {
		list = append(list, huh.NewOption(clean(n), n))
	}
	return list
}

// mostSites is how many site files are listed at once.
const mostSites = 10

func sitesField(f *form, sites []string) huh.Field {
	return huh.NewMultiSelect[string]().Title("Site files").Description("laid over the runbook in this order; space ticks, none is fine too").
		Filterable(false).Options(options(sites)...).Value(&f.sites).Height(2 + min(len(sites), mostSites))
}

func envField(f *form) huh.Field {
	var list []huh.Option[string]
	for name, e := range f.rb.Environments.All() {
		label := clean(name) + "  namespace " + clean(e.Namespace)
		if e.Protected {
			label += "  PROTECTED"
		}
		list = append(list, huh.NewOption(label, name))
	}
	return huh.NewSelect[string]().Title("Environment").Filtering(false).Options(list...).Value(&f.env)
}

// inputField asks for one input; what is wrong with a value is said in words.
func inputField(name string, in runbook.Input, value *string) huh.Field {
	title := clean(name)
	if in.Title != "" {
		title += ": " + clean(in.Title)
	}
	if len(in.Options) > 0 {
		return huh.NewSelect[string]().Title(title).Filtering(false).Options(options(in.Options)...).Value(value)
	}
	field := huh.NewInput().Title(title).Value(value).Validate(func(s string) error {
		if s == "" {
			if in.Required {
				return errors.New(clean(name) + " is needed, a run does not begin without it")
			}
			return nil
		}
		if err := in.Check(s); err != nil {
			return errors.New(plainText(err.Error(), 200))
		}
		return nil
	})
	switch {
	case in.Type == "duration":
		field = field.Description("a length of time, such as 90s, 30m or 1h30m")
	case in.Pattern != "":
		field = field.Description("matches " + clean(in.Pattern))
	}
	return field
}
