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

// ActionPlan says in words what the action of a step will do, before it is started.
func ActionPlan(f Frame, step runbook.Step) []string {
	_, phase, _ := StepOf(f.State, step.ID)
	env := f.State.Plan.Env(Phases(f.State)[phase].Environment)
	where := clean(env.Name) + ", namespace " + clean(env.Namespace)
	switch {
	case step.Deploy != nil:
		return deployPlan(f, step.Deploy, env.Name)
	case step.Watch != nil:
		return watchPlan(step.Watch, env.Name)
	case step.Approve != nil:
		return append(cleanLines(step.Approve.Text), approvers(step.Approve, f.State.Operator))
	case step.Job != nil:
		return jobPlan(step.Job, where)
	case step.Command != nil:
		lines := []string{"Runs here: " + clean(strings.Join(step.Command.Argv, " ")), "At most " + Span(step.Command.Timeout.Or(10*time.Minute)) + ". No shell reads it."}
		return append(lines, migrationWords(step.Command.Migration)...)
	case step.HTTP != nil:
		method := step.HTTP.Method
		if method == "" {
			method = "POST"
		}
		return []string{"Calls " + method + " " + clean(step.HTTP.URL)}
	case step.Flags != nil:
		return flagsPlan(step.Flags, where)
	case step.Wait != nil:
		return waitPlan(step.Wait)
	case step.Ask != nil:
		return []string{plural(len(step.Ask.Questions), "question", "questions") + ", whose answers go into the journal and the report."}
	}
	return nil
}

func deployPlan(f Frame, d *runbook.Deploy, env string) []string {
	plan := f.State.Plan
	var lines []string
	longest := 0
	for _, c := range plan.Runbook.Components.All() {
		longest = max(longest, theme.Width(c.Workload))
	}
	if f.W < 80 {
		longest = 0 // no room for whole images
	}
	for i, wave := range plan.Waves(d) {
		for _, name := range wave {
			lines = append(lines, fmt.Sprintf("wave %d  %s", i+1, Change(f.State, env, name, longest)))
		}
	}
	return append(lines, strategyWords(d), "Before any write: rights, dry run, pins of what runs now, baseline, lock. A problem there stops it.", "R goes back at any time.")
}

func strategyWords(d *runbook.Deploy) string {
	if d.Strategy != "canary" {
		return "All pods of a wave roll at once, as the workload's own strategy says."
	}
	shares := make([]string, len(d.Steps))
	for i, p := range d.Steps {
		shares[i] = fmt.Sprintf("%g %%", float64(p))
	}
	return fmt.Sprintf("Canary: each wave at %s of its pods, held for %s each.", strings.Join(shares, ", "), Span(d.Hold.D))
}

func watchPlan(w *runbook.Watch, env string) []string {
	names := "all metrics"
	if !w.Metrics.All && len(w.Metrics.List) > 0 {
		names = clean(strings.Join(w.Metrics.List, ", "))
	}
	return []string{fmt.Sprintf("Watches %s of %s for %s. It only reads.", names, clean(env), Span(w.For.D))}
}

func cleanLines(text string) []string {
	return strings.Split(strings.TrimRight(cleanText(text), "\n"), "\n")
}

func approvers(a *runbook.Approve, operator string) string {
	who := "It waits for the yes of somebody else than " + clean(operator)
	if len(a.From) > 0 {
		who = "It waits for the yes of one of " + clean(strings.Join(a.From, ", "))
	}
	if a.Within.D > 0 {
		who += "; none within " + Span(a.Within.D) + " counts as no"
	}
	return who + "."
}

func jobPlan(j *runbook.Job, where string) []string {
	what := "Runs the Job of the manifest once in " + where + "."
	if j.CronJob != "" {
		what = "Runs the Job of CronJob " + clean(j.CronJob) + " once, now, in " + where + "."
	}
	return append([]string{what, "At most " + Span(j.Timeout.Or(10*time.Minute)) + "; its log is kept."}, migrationWords(j.Migration)...)
}

// migrationWords warn of what a rollback does not bring back.
func migrationWords(kind string) []string {
	switch kind {
	case "compatible":
		return []string{"It changes data; the version before works with that too."}
	case "incompatible":
		return []string{"It changes data in a way that the version before may not fit: a rollback then asks before it goes."}
	}
	return nil
}

func flagsPlan(fl *runbook.Flags, where string) []string {
	names := "every flag"
	if !fl.Flags.All {
		names = clean(strings.Join(fl.Flags.List, ", "))
	}
	shares := make([]string, 0, 4)
	for _, s := range fl.Shares() {
		shares = append(shares, fmt.Sprintf("%d %%", s))
	}
	return []string{
		"Raises " + names + " in " + where + " to " + strings.Join(shares, ", ") + ", each watched for " + Span(fl.Hold.Or(5*time.Minute)) + ".",
		"A trigger that is suspect or tripped, or metrics that cannot be had, hold it where it is. f freezes it; R turns the flags off first.",
	}
}

func waitPlan(w *runbook.Wait) []string {
	if w.Window == nil {
		return []string{"Waits " + Span(w.For.D) + "."}
	}
	days := "every day"
	if len(w.Window.Days.List) > 0 {
		days = clean(strings.Join(w.Window.Days.List, ", "))
	}
	zone := w.Window.Zone
	if zone == "" {
		zone = "UTC"
	}
	return []string{fmt.Sprintf("Waits until the window opens: %s, %s to %s %s.", days, clean(w.Window.From), clean(w.Window.To), clean(zone))}
}

// actionLines are what is known of a step's action, for its details.
func actionLines(f Frame, step runbook.Step, width int) []string {
	th := f.Theme
	if step.Deploy != nil || step.Watch != nil {
		return progressLines(f, step, width)
	}
	a, ok := f.State.Actions[step.ID]
	if !ok {
		return plannedLines(f, step, width)
	}
	var lines []string
	add := func(label string, st theme.Style, text string) {
		lines = append(lines, labelled(th, label, st, text, width)...)
	}
	add("act", th.Text, fmt.Sprintf("%s, try %d, by %s at %s UTC", a.Stage, a.Attempt, clean(a.By), instant(a.Started)))
	if text := string(f.State.Observed(step.ID)); text != "" {
		add("came", th.Text, text)
	}
	for _, e := range a.Evidence {
		add("saw", th.Text, string(e.Observed)+"  "+string(e.Source))
		add("call", th.Dim, string(e.Query))
	}
	if a.Text != "" {
		for i, l := range cleanLines(string(a.Text)) {
			add(map[bool]string{true: "text"}[i == 0], th.Dim, l)
		}
	}
	if step.Flags != nil && a.Stage == run.ActionHolding {
		for _, why := range f.State.FlagsBlockers(step.ID, f.Now) {
			add("held", th.Warn, string(why))
		}
		if left := a.Hold.Sub(f.Now); left > 0 {
			add("next", th.Text, "the next share in "+clock(left))
		}
	}
	if a.Digest != "" {
		add("digest", th.Dim, a.Digest)
	}
	if a.Output != "" {
		for i, l := range cleanLines(string(a.Output)) {
			add(map[bool]string{true: "output"}[i == 0], th.Dim, l)
		}
	}
	if a.Kept != "" {
		add("kept", th.Dim, "whole in the run's directory: "+clean(a.Kept))
	}
	return lines
}

// progressLines are how far a deploy or a watch is, in full; before it begins, what it will do.
func progressLines(f Frame, step runbook.Step, width int) []string {
	said := []run.Safe{f.State.Observed(step.ID)}
	d := f.State.Deploys[step.ID]
	if d.Stage == run.Refused {
		said = append(slices.Clone(d.Problems), d.Unknown...)
	}
	look := f.Theme.StatusStyle(string(f.State.StepStatus(step.ID)))
	var lines []string
	for _, text := range said {
		lines = append(lines, labelled(f.Theme, "came", look, string(text), width)...)
	}
	for _, why := range f.State.PromotionBlockers(step.ID) {
		lines = append(lines, labelled(f.Theme, "held", f.Theme.Warn, string(why), width)...)
	}
	if len(lines) == 0 || d.Stage == run.Refused {
		lines = append(lines, plannedLines(f, step, width)...)
	}
	return lines
}

// plannedLines are what an action that was not started will do.
func plannedLines(f Frame, step runbook.Step, width int) []string {
	var plan []string
	switch {
	case step.Notify != nil:
		plan = cleanLines(step.Notify.Text)
	case step.Deploy != nil: // what each component runs is asked when it is started
		var waves []string
		for _, wave := range f.State.Plan.Waves(step.Deploy) {
			waves = append(waves, clean(strings.Join(wave, ", ")))
		}
		plan = []string{"Deploys " + strings.Join(waves, ", then ") + ". " + strategyWords(step.Deploy)}
	default:
		plan = ActionPlan(f, step)
	}
	var lines []string
	for i, l := range plan {
		lines = append(lines, labelled(f.Theme, map[bool]string{true: "will"}[i == 0], f.Theme.Text, l, width)...)
	}
	return lines
}

// writeAction writes what an action told, called or came to, as text to be copied.
func writeAction(b *strings.Builder, s run.State, step runbook.Step) {
	a, ok := s.Actions[step.ID]
	switch {
	case !ok && step.Notify != nil: // a person may have to pass it on
		fmt.Fprintf(b, "%s\n", cleanText(step.Notify.Text))
	case a.Text != "":
		fmt.Fprintf(b, "%s\n", a.Text)
	}
	for _, e := range a.Evidence {
		fmt.Fprintf(b, "%s  %s\n%s\n", e.Observed, e.Source, e.Query)
	}
	if a.Output != "" {
		fmt.Fprintf(b, "%s\n", a.Output)
	}
}
