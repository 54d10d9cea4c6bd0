package cli

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbooks"
)

// completable is how many of the newest runs are offered: each costs the reading of its journal.
const completable = 20

// completion is what cobra calls to complete an argument or the value of a flag.
type completion = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective)

// addCompletions says what fits where, for the shells that ask (sop completion SHELL).
func addCompletions(root *cobra.Command) {
	args := map[string]completion{
		"run": completeRunbooks, "check": completeRunbooks, "watch": completeRunbooks, "show": completeRunbooks,
		"rollback": completeRollback, "practice": completeScenarios, "kinds": completeKinds,
		"resume": completeRuns(isResumable), "attach": completeRuns(isOpen), "report": completeRuns(nil), "verify": completeRuns(nil),
	}
	flags := map[string]completion{
		"env": completeEnvironments, "phase": completePhases, "run": completeRuns(nil), "values": completeYAML, "context": nothing, "namespace": nothing,
	}
	for _, c := range root.Commands() {
		if f, ok := args[c.Name()]; ok && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = f
		}
		for name, f := range flags {
			if c.Flags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, f) // fails only for a flag that has one, which then is better
			}
		}
	}
}

func nothing(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// offer is the answer for those of all that begin with what was typed.
func offer(all []cobra.Completion, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var fit []cobra.Completion
	for _, c := range all {
		if strings.HasPrefix(strings.ToLower(c), strings.ToLower(typed)) {
			fit = append(fit, c)
		}
	}
	return fit, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// described is a completion with what it means. Both may come from a file, and a shell prints them.
func described(name, text string) cobra.Completion {
	return cobra.CompletionWithDesc(string(run.MakeSafe(name, 100)), string(run.MakeSafe(text, 100)))
}

// completeRuns offers the runs on this machine that are wanted, newest first; a nil wanted is all.
func completeRuns(wanted func(dir string, s summary) bool) completion {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		root, err := journal.DefaultRoot()
		if len(args) > 0 || err != nil {
			return nothing(nil, nil, "")
		}
		entries, err := os.ReadDir(root)
		if err != nil {
			return nothing(nil, nil, "")
		}
		var list []cobra.Completion
		slices.Reverse(entries) // ids sort by time
		for _, e := range entries {
			if len(list) == completable {
				break
			}
			dir := filepath.Join(root, e.Name())
			s, err := summarise(dir)
			if err != nil && s.Runbook == "" || wanted != nil && !wanted(dir, s) {
				continue
			}
			list = append(list, described(e.Name(), s.told()))
		}
		return offer(list, typed)
	}
}

// isOpen tells whether a process has a run open.
func isOpen(dir string, _ summary) bool { return journal.LivePID(dir) != 0 }

// isResumable tells whether a run waits for somebody to go on with it.
func isResumable(dir string, s summary) bool {
	return s.Ended.IsZero() && s.Practice == "" && journal.LivePID(dir) == 0
}

// told is a run in a few words, for the completion of its id.
func (s summary) told() string {
	where, how := s.Environment, string(s.Outcome)
	if s.Practice != "" {
		where = "practice " + s.Practice
	}
	if s.Ended.IsZero() {
		how = "open"
	}
	return strings.Join([]string{stamp(s.Started), s.Runbook, where, how}, " ")
}

// completeRunbooks offers the runbooks that ship; where none fits, the shell offers files.
func completeRunbooks(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing(nil, nil, "")
	}
	if fit, _ := offer(runbooks.Names(), typed); len(fit) > 0 {
		return fit, cobra.ShellCompDirectiveDefault
	}
	return completeYAML(nil, nil, "")
}

func completeYAML(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeRollback offers a runbook and then its components; without a runbook those of the default one.
func completeRollback(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	rb := chosenRunbook(cmd, args)
	if rb == nil {
		return completeRunbooks(cmd, nil, typed)
	}
	var list []cobra.Completion
	if len(args) == 0 {
		list = runbooks.Names()
	}
	for name, c := range rb.Components.All() {
		if !slices.Contains(args, name) {
			list = append(list, described(name, c.Workload))
		}
	}
	return offer(list, typed)
}

// chosenRunbook is the runbook that a command line names so far, with its site files; nil when it cannot be read.
func chosenRunbook(cmd *cobra.Command, args []string) *runbook.Runbook {
	name := defaultRunbook
	if len(args) > 0 && (cmd.Name() != "rollback" || looksLikeRunbook(args[0])) {
		name = args[0]
	}
	sites, _ := cmd.Flags().GetStringArray("values")
	silent := &app{out: io.Discard, err: io.Discard}
	doc, err := silent.load(name, sites)
	if err != nil {
		return nil
	}
	return doc.Runbook
}

func completeEnvironments(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	rb := chosenRunbook(cmd, args)
	if rb == nil {
		return nothing(nil, nil, "")
	}
	var list []cobra.Completion
	for name, env := range rb.Environments.All() {
		text := "namespace " + env.Namespace
		if env.Protected {
			text += ", protected"
		}
		list = append(list, described(name, text))
	}
	return offer(list, typed)
}

func completePhases(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	rb := chosenRunbook(cmd, args)
	if rb == nil {
		return nothing(nil, nil, "")
	}
	var list []cobra.Completion
	for _, ph := range rb.Phases {
		list = append(list, described(ph.ID, ph.Title))
	}
	return offer(list, typed)
}

func completeScenarios(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	all, err := practice.Scenarios()
	if len(args) > 0 || err != nil {
		return nothing(nil, nil, "")
	}
	var list []cobra.Completion
	for _, sc := range all {
		list = append(list, described(sc.Metadata.Name, sc.Metadata.Title))
	}
	return offer(list, typed)
}

func completeKinds(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing(nil, nil, "")
	}
	var list []cobra.Completion
	for _, k := range checks.Kinds() {
		list = append(list, described(k.Name, k.Doc))
	}
	return offer(list, typed)
}
