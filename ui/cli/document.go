package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbooks"
)

// choiceFlags are the flags that choose and fill in a runbook.
type choiceFlags struct {
	environment string
	set         []string
	values      []string
}

func (f *choiceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.environment, "env", "e", "", "target environment for phases that name none")
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "input of the runbook, as name=value (repeatable)")
	cmd.Flags().StringArrayVar(&f.values, "values", nil, "site file laid over the runbook (repeatable)")
}

func (f *choiceFlags) inputs() (map[string]string, error) {
	inputs := map[string]string{}
	for _, s := range f.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, usage("--set %q is not name=value", s)
		}
		inputs[name] = value
	}
	return inputs, nil
}

// readRunbook reads a file, or a runbook that ships with the program when there is no such file.
func readRunbook(name string) (runbook.Source, error) {
	data, err := os.ReadFile(name)
	if err == nil {
		return runbook.Source{Name: name, Data: data}, nil
	}
	if shipped, ok := runbooks.Find(strings.TrimSuffix(name, ".yaml")); ok && errors.Is(err, os.ErrNotExist) {
		return runbook.Source{Name: strings.TrimSuffix(name, ".yaml") + ".yaml", Data: shipped}, nil
	}
	if errors.Is(err, os.ErrNotExist) {
		return runbook.Source{}, usage("there is no file %s, and no runbook of that name ships with sop: it has %s", name, strings.Join(runbooks.Names(), ", "))
	}
	return runbook.Source{}, usage("read the runbook: %w", err)
}

func readSites(names []string) ([]runbook.Source, error) {
	var sites []runbook.Source
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, usage("read the site file: %w", err)
		}
		sites = append(sites, runbook.Source{Name: name, Data: data})
	}
	return sites, nil
}

// load loads a runbook with its site files; problems go to stderr, and an error among them is a usage error.
func (a *app) load(name string, values []string) (*runbook.Document, error) {
	src, err := readRunbook(name)
	if err != nil {
		return nil, err
	}
	sites, err := readSites(values)
	if err != nil {
		return nil, err
	}
	doc, problems := runbook.Load(checks.Kinds(), src, sites...)
	return doc, a.complain(problems)
}

// complain prints the problems that are errors, and says that there were any.
func (a *app) complain(problems []runbook.Problem) error {
	if !runbook.HasErrors(problems) {
		return nil
	}
	for _, p := range problems {
		if p.Severity == runbook.SeverityError {
			fmt.Fprintln(a.err, p)
		}
	}
	return quiet(exitUsage)
}

// resolve fills in the runbook for one run.
func (a *app) resolve(doc *runbook.Document, choice runbook.Choice) (*runbook.Plan, error) {
	plan, problems := runbook.Resolve(doc, choice)
	if err := a.complain(problems); err != nil {
		return nil, err
	}
	for _, p := range problems {
		fmt.Fprintln(a.err, p)
	}
	return plan, nil
}

// looksLikeRunbook tells a runbook's name from a component's.
func looksLikeRunbook(name string) bool {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return true
	}
	return slices.Contains(runbooks.Names(), name)
}
