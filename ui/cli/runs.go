package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "List the runs on this machine, newest first", Args: cobra.NoArgs}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		root, err := journal.DefaultRoot()
		if err != nil {
			return failed(err)
		}
		infos, err := journal.List(root)
		if err != nil {
			return failed(err)
		}
		list := []summary{}
		for _, info := range infos {
			sum, err := summarise(info.Dir)
			if err != nil {
				sum = summary{Run: info.ID, Damage: run.MakeSafe(err.Error(), 300)}
			}
			list = append(list, sum)
		}
		if *format == "json" {
			return a.writeJSON(map[string]any{"runs": list})
		}
		for _, s := range list {
			fmt.Fprintln(a.out, s.text())
		}
		return nil
	}
	return cmd
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
