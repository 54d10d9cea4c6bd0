package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/report"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Tell a run: who did what when, every box with its evidence, the verdict",
		Long: `Tell a run from its journal: who did what when, every box with its evidence, the rollout's time line, what was
watched, the verdict and the rollback. The HTML is one file with drawn charts that loads and runs nothing.

A run that is not over, or whose journal is damaged, is told as far as it can be read; of a damaged one the exit code is 1.`,
		Args: cobra.ExactArgs(1),
	}
	format := outputFlag(cmd, "markdown", "html", "json")
	to := cmd.Flags().String("to", "", "write to this file; its ending (.html, .json, .md) is the format when there is no -o")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if byName := formatOf(*to); byName != "" && !cmd.Flags().Changed("output") {
			*format = byName
		}
		if err := checkFormat(*format, "markdown", "html", "json"); err != nil {
			return err
		}
		dir, err := runDir(args[0])
		if err != nil {
			return err
		}
		src, err := a.source(dir)
		if err != nil {
			return failed(err)
		}
		r := report.Of(src)
		if err := a.writeReport(&r, *format, *to); err != nil {
			return err
		}
		if !src.Journal.Whole {
			return failed(fmt.Errorf("report of run %s: told as far as its journal is whole: %s", src.Run, src.Journal.Flaw))
		}
		return nil
	}
	return cmd
}

// formatOf is the format that a file's name asks for; empty when it says nothing.
func formatOf(name string) string {
	return map[string]string{".html": "html", ".htm": "html", ".json": "json", ".md": "markdown"}[strings.ToLower(filepath.Ext(name))]
}

// source reads a run's directory: its records as far as they are good, and its frozen runbook.
func (a *app) source(dir string) (report.Source, error) {
	id := filepath.Base(dir)
	records, head, flaw := journal.Read(dir)
	if flaw != nil && len(records) == 0 {
		return report.Source{}, fmt.Errorf("report of run %s: %w", id, flaw)
	}
	found, err := journal.Verify(dir)
	if err != nil {
		return report.Source{}, fmt.Errorf("report of run %s: %w", id, err)
	}
	v := verified(found)
	src := report.Source{Run: id, Journal: report.Journal{Whole: v.Whole, Repairs: v.Repairs, Records: len(records), Flaw: v.Flaw, Head: head.String()}}
	var torn *journal.TornError
	switch {
	case errors.As(flaw, &torn): // a crash in the middle of a line: all that was acknowledged is there
		src.Journal.Whole = true
		src.Flaw = run.MakeSafe("its last line was cut short by a crash and holds nothing that was acknowledged: "+flaw.Error(), 500)
		fmt.Fprintf(a.err, "sop: %v\n", flaw)
	case !v.Whole && v.Flaw == "":
		src.Journal.Flaw = run.MakeSafe(fmt.Sprintf("%d outputs do not match their names: %s", len(v.BadOutputs), strings.Join(v.BadOutputs, ", ")), 500)
	}
	src.Events, src.Journal.Unread = events(records)
	started, err := firstEvent(records)
	if err == nil {
		src.Plan, err = frozenPlan(id, dir, started)
	}
	if err != nil {
		src.Flaw = run.MakeSafe(err.Error(), 500)
	}
	return src, nil
}

// events decodes the records of a run. Those of the journal's own tell nothing about it; what a newer version wrote is
// counted.
func events(records []journal.Record) (list []run.Stamped, unread int) {
	for _, r := range records {
		if strings.HasPrefix(r.Kind, "journal.") {
			continue
		}
		ev, err := run.Decode(r.Kind, r.Data)
		if err != nil {
			unread++
			continue
		}
		list = append(list, run.Stamped{At: r.At, Actor: r.Actor, Event: ev})
	}
	return list, unread
}

func (a *app) writeReport(r *report.Report, format, to string) error {
	if to == "" {
		return a.printReport(a.out, r, format)
	}
	var page bytes.Buffer
	if err := a.printReport(&page, r, format); err != nil {
		return err
	}
	if err := os.WriteFile(to, page.Bytes(), 0o644); err != nil {
		return failed(fmt.Errorf("write the report: %w", err))
	}
	fmt.Fprintf(a.err, "sop: wrote %s\n", to)
	return nil
}

func (a *app) printReport(w io.Writer, r *report.Report, format string) error {
	var err error
	switch format {
	case "json":
		return (&app{out: w}).writeJSON(r)
	case "html":
		err = r.HTML(w)
	default:
		err = r.Markdown(w)
	}
	if err != nil {
		return failed(fmt.Errorf("write the report: %w", err))
	}
	return nil
}
