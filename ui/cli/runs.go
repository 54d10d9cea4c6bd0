package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs on this machine, newest first",
		Long: `List the runs on this machine, newest first: when, which runbook, where or which practice, who, how it ended, the
verdict, and how long it lasted. Only the ends of each journal are read; sop verify RUN checks all of one.`,
		Args: cobra.NoArgs,
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		list, err := pastRuns()
		if err != nil {
			return err
		}
		if *format == "json" {
			return a.writeJSON(map[string]any{"runs": list})
		}
		for _, s := range list {
			fmt.Fprintln(a.out, s.text())
		}
		if len(list) == 0 {
			fmt.Fprintln(a.err, "no run yet: sop practice plays one, sop run RUNBOOK begins one")
		}
		return nil
	}
	return cmd
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// lasted is how long a run lasted; of one that is not over nothing is said.
func lasted(s summary) string {
	if s.Open() {
		return ""
	}
	return s.Took().Round(time.Second).String()
}
