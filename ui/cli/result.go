package cli

import (
	"fmt"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook/run"
)

// runResult is the JSON of run, practice and resume.
type runResult struct {
	Run        string            `json:"run"`
	Outcome    run.Outcome       `json:"outcome"`
	Verdict    run.Verdict       `json:"verdict"`
	Tripped    []string          `json:"tripped"`
	Components []componentResult `json:"components"`
	Score      *practice.Score   `json:"score,omitempty"`
	Reason     run.Safe          `json:"reason,omitempty"` // why a person is needed, or why it failed

	unknown bool // it could not look
}

type componentResult struct {
	Name  string             `json:"name"`
	From  string             `json:"from"`
	To    string             `json:"to"`
	State run.ComponentStage `json:"state"`
}

// resultOf sums a run up. stop is why it could not go on; nil when it ended by itself.
func resultOf(s run.State, stop *run.Stop) runResult {
	r := runResult{
		Run: s.ID, Outcome: s.Outcome, Verdict: s.RunVerdict(), Tripped: s.Tripped(), Components: componentResults(s, shownEnv(s)),
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

// shownEnv is the environment whose components a result lists: the one that was rolled back, else the run's target.
func shownEnv(s run.State) string {
	if s.Rollback != nil && !s.Rollback.Burnt.IsZero() {
		return s.Rollback.Env
	}
	return s.Plan.Environment
}

func componentResults(s run.State, env string) []componentResult {
	list := []componentResult{}
	for name, c := range s.Plan.Runbook.Components.All() {
		res := componentResult{Name: name, To: c.Image, State: run.Untouched}
		if state, ok := s.Envs[env].Components[name]; ok && state.Stage != "" {
			res.State = state.Stage
		}
		for _, p := range s.Envs[env].Pins {
			if p.Component == name {
				res.From = p.Image
			}
		}
		list = append(list, res)
	}
	return list
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
