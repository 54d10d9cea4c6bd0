package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook/journal"
)

// completable is how many of the newest runs are offered: each costs the reading of its journal.
const completable = 20

// completion is what cobra calls to complete an argument or the value of a flag.
type completion = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective)

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

// completeRuns offers the runs on this machine that are wanted, newest first; a nil wanted is all.
func completeRuns(wanted func(dir string, s summary) bool) completion {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		root, err := journal.DefaultRoot()
		if len(args) > 0 || err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		entries, err := os.ReadDir(root)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
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
			list = append(list, cobra.CompletionWithDesc(e.Name(), s.told()))
		}
		return offer(list, typed)
	}
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
