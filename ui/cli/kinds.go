package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
)

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
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Holds    string `json:"holds"`
	Doc      string `json:"doc"`
}

func kindDocs(kinds []runbook.Kind) []kindDoc {
	docs := make([]kindDoc, 0, len(kinds))
	for _, k := range kinds {
		d := kindDoc{Name: k.Name, Doc: k.Doc, Example: k.Example, Interval: k.Interval.String(), Timeout: k.Timeout.String(), Parameters: []paramDoc{}}
		for _, p := range k.Parameters() {
			d.Parameters = append(d.Parameters, paramDoc(p))
		}
		docs = append(docs, d)
	}
	return docs
}

// kindPage is what an author needs to use a kind.
func kindPage(k runbook.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s\n\n", k.Name, strings.ReplaceAll(strings.TrimSpace(k.Doc), "\n", "\n  "))
	if params := k.Parameters(); len(params) > 0 {
		fmt.Fprint(&b, "  parameters (* must be there):\n")
		for _, p := range params {
			mark := " "
			if p.Required {
				mark = "*"
			}
			fmt.Fprintf(&b, "  %s %-14s %s\n  %16s (%s)\n", mark, p.Name, p.Doc, "", strings.ReplaceAll(p.Holds, "`", ""))
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintf(&b, "  Every check may also have interval (here %s when not written), timeout (%s), ttl, failureThreshold,\n", k.Interval, k.Timeout)
	fmt.Fprint(&b, "  successThreshold and expect, a condition over self.\n\n")
	fmt.Fprintf(&b, "  example:\n    - %s\n", strings.ReplaceAll(strings.TrimSpace(k.Example), "\n", "\n      "))
	return b.String()
}

func (a *app) schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the runbook format, for editors",
		Long: `Print the JSON Schema of the runbook format. An editor with a YAML language server completes and checks runbooks by it:

  sop schema > sop.schema.json
  # first line of a runbook:
  # yaml-language-server: $schema=sop.schema.json

-o markdown prints the same as a reference page.`,
		Args: cobra.NoArgs,
	}
	format := outputFlag(cmd, "json", "markdown")
	cmd.RunE = func(*cobra.Command, []string) error {
		if err := checkFormat(*format, "json", "markdown"); err != nil {
			return err
		}
		if *format == "markdown" {
			fmt.Fprint(a.out, runbook.Handbook(checks.Kinds()))
			return nil
		}
		data, err := json.MarshalIndent(runbook.Schema(checks.Kinds()), "", "  ")
		if err != nil {
			return failed(fmt.Errorf("write the schema: %w", err))
		}
		fmt.Fprintf(a.out, "%s\n", data)
		return nil
	}
	return cmd
}
