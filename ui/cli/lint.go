package cli

import (
	"fmt"
	"strings"

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

func (a *app) kindsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kinds [KIND]",
		Short: "Print the check kinds that a runbook can use",
		Args:  cobra.MaximumNArgs(1),
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		kinds := checks.Kinds()
		if len(args) == 1 {
			kinds = only(kinds, args[0])
			if kinds == nil {
				return usage("there is no check kind %q: there are %s", args[0], strings.Join(kindNames(), ", "))
			}
		}
		if *format == "json" {
			return a.writeJSON(map[string]any{"kinds": kindDocs(kinds)})
		}
		for i, k := range kinds {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			fmt.Fprint(a.out, kindPage(k))
		}
		return nil
	}
	return cmd
}

func only(kinds []runbook.Kind, name string) []runbook.Kind {
	for _, k := range kinds {
		if k.Name == name {
			return []runbook.Kind{k}
		}
	}
	return nil
}

func kindNames() []string {
	var names []string
	for _, k := range checks.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

type kindDoc struct {
	Name       string     `json:"name"`
	Doc        string     `json:"doc"`
	Example    string     `json:"example"`
	Parameters []paramDoc `json:"parameters"`
	Interval   string     `json:"interval,omitempty"`
	Timeout    string     `json:"timeout,omitempty"`
}

type paramDoc struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

func kindDocs(kinds []runbook.Kind) []kindDoc {
	docs := make([]kindDoc, 0, len(kinds))
	for _, k := range kinds {
		docs = append(docs, kindDoc{
			Name: k.Name, Doc: k.Doc, Example: k.Example, Parameters: paramDocs(k.Params),
			Interval: k.Interval.String(), Timeout: k.Timeout.String(),
		})
	}
	return docs
}

// kindPage is what an author needs to use a kind.
func kindPage(k runbook.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s\n", k.Name, strings.ReplaceAll(strings.TrimSpace(k.Doc), "\n", "\n  "))
	if params := paramDocs(k.Params); len(params) > 0 {
		fmt.Fprint(&b, "  parameters:\n")
		for _, p := range params {
			fmt.Fprintf(&b, "    %-12s %s\n", p.Name, p.Doc)
		}
	}
	fmt.Fprintf(&b, "  looks every %s, gives up after %s\n", k.Interval, k.Timeout)
	fmt.Fprintf(&b, "  example:\n    %s\n", strings.ReplaceAll(strings.TrimSpace(k.Example), "\n", "\n    "))
	return b.String()
}
