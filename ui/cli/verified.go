package cli

import (
	"fmt"

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
