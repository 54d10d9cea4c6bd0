package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
)

func (a *app) lintCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Find everything that is wrong with runbooks, all at once",
		Args:  cobra.MinimumNArgs(1),
	}
	values := cmd.Flags().StringArray("values", nil, "site file laid over each runbook (repeatable)")
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(_ *cobra.Command, files []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		return a.lint(files, *values, *format)
	}
	return cmd
}

func (a *app) lint(files, values []string, format string) error {
	sites, err := readSites(values)
	if err != nil {
		return err
	}
	problems := []runbook.Problem{}
	for _, name := range files {
		src, err := readRunbook(name)
		if err != nil {
			return err
		}
		_, found := runbook.Load(checks.Kinds(), src, sites...)
		problems = append(problems, found...)
	}
	if format == "json" {
		if err := a.writeJSON(map[string]any{"problems": problems}); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			fmt.Fprintln(a.out, p)
		}
	}
	if runbook.HasErrors(problems) {
		return quiet(exitUsage)
	}
	return nil
}

func (a *app) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show RUNBOOK",
		Short: "Print a runbook as a document",
		Args:  cobra.ExactArgs(1),
	}
	values := cmd.Flags().StringArray("values", nil, "site file laid over the runbook (repeatable)")
	format := outputFlag(cmd, "markdown", "json", "yaml")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkFormat(*format, "markdown", "json", "yaml"); err != nil {
			return err
		}
		doc, err := a.load(args[0], *values)
		if err != nil {
			return err
		}
		switch *format {
		case "json":
			return a.showJSON(doc)
		case "yaml":
			_, err = a.out.Write(doc.Data)
			return err
		}
		_, err = fmt.Fprint(a.out, runbook.Markdown(doc.Runbook))
		return err
	}
	return cmd
}
