package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// verification is the JSON of `sop verify`.
type verification struct {
	Whole      bool     `json:"whole"`
	Records    int      `json:"records"`
	Bytes      int64    `json:"bytes"`
	Head       string   `json:"head"`
	Repairs    int      `json:"repairs"` // torn tails that were healed
	Outputs    int      `json:"outputs"`
	BadOutputs []string `json:"badOutputs,omitempty"`
	Flaw       run.Safe `json:"flaw,omitempty"`
}

func verified(r journal.Report) verification {
	v := verification{
		Whole: r.OK(), Records: r.Records, Bytes: r.Bytes, Head: r.Head.String(), Repairs: len(r.Healed),
		Outputs: r.Outputs, BadOutputs: r.BadOutputs,
	}
	if r.Flaw != nil {
		v.Flaw = run.MakeSafe(r.Flaw.Error(), 500)
	}
	return v
}

func (v verification) text() string {
	if v.Whole {
		return fmt.Sprintf("whole: %d records, %d repairs, %d outputs, head %s", v.Records, v.Repairs, v.Outputs, v.Head)
	}
	return fmt.Sprintf("DAMAGED: %s (%d good records before it, head %s)", v.Flaw, v.Records, v.Head)
}

func (a *app) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Check that a run's journal is whole and untouched",
		Args:  cobra.ExactArgs(1),
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		dir, err := runDir(args[0])
		if err != nil {
			return err
		}
		found, err := journal.Verify(dir)
		if err != nil {
			return couldNotLook(err)
		}
		if *format == "json" {
			err = a.writeJSON(verified(found))
		} else {
			_, err = fmt.Fprintln(a.out, verified(found).text())
		}
		if !found.OK() {
			return errors.Join(err, quiet(exitFailed))
		}
		return err
	}
	return cmd
}
