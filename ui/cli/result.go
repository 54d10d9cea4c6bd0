package cli

import (
	"fmt"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/report"
)

// runResult is the JSON of run, practice and resume.
type runResult struct {
	Run        string             `json:"run"`
	Outcome    run.Outcome        `json:"outcome"`
	Verdict    run.Verdict        `json:"verdict"`
	Tripped    []string           `json:"tripped"`
	Components []report.Component `json:"components"`
	Score      *practice.Score    `json:"score,omitempty"`
	Reason     run.Safe           `json:"reason,omitempty"` // why a person is needed, or why it failed

	unknown bool // it could not look
	left    bool // a person left the drill before its end
}

// resultOf sums a run up. stop is why it could not go on; nil when it ended by itself.
func resultOf(s run.State, stop *run.Stop) runResult {
	r := runResult{
		Run: s.ID, Outcome: s.Outcome, Verdict: s.RunVerdict(), Tripped: s.Tripped(), Components: report.ComponentsOf(s),
	}
	if r.Tripped == nil {
		r.Tripped = []string{}
	}
	if stop != nil {
		r.Outcome, r.Reason, r.unknown = stop.Outcome, stop.Why, stop.Unknown
	}
	switch {
	case r.Outcome == "" || stop != nil && s.Rollback != nil && s.Rollback.Stage == run.Restored:
		r.Outcome = run.NeedsPerson
		if s.Rollback != nil && s.Rollback.Stage == run.Restored {
			r.Outcome = run.RolledBack
		}
	}
	return r
}

// code is the exit code of a run (DESIGN §8).
func (r runResult) code() int {
	switch {
	case r.Outcome == run.RolledBack || r.Outcome == run.RunFailed || r.Verdict == run.VerdictFail:
		return exitFailed
	case r.unknown:
		return exitUnknown
	case r.Outcome == run.NeedsPerson:
		return exitPerson
	}
	return exitDone
}

// sayResult is the result in two lines for a person.
func (a *app) sayResult(r runResult) {
	fmt.Fprintf(a.out, "run %s: %s, verdict %s", r.Run, r.Outcome, r.Verdict)
	if r.Reason != "" {
		fmt.Fprintf(a.out, ": %s", r.Reason)
	}
	fmt.Fprintln(a.out)
	if r.Score != nil {
		fmt.Fprintf(a.out, "score %d of 100\n", r.Score.Total)
		for _, p := range r.Score.Parts {
			fmt.Fprintf(a.out, "  %3d of %3d  %s: %s\n", p.Points, p.Of, p.Name, p.Why)
		}
	}
	fmt.Fprintf(a.out, "sop report %s\n", r.Run)
}
