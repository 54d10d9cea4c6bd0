package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// parallelChecks bounds how many checks look at once.
const parallelChecks = 16

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check RUNBOOK",
		Short: "Look once at everything a runbook senses, for CI: no hand steps, no actions",
		Args:  cobra.ExactArgs(1),
	}
	var choice choiceFlags
	choice.add(cmd)
	phase := cmd.Flags().String("phase", "", "only this phase, by its id")
	format := outputFlag(cmd, "table", "json", "junit")
	kubeFlags := addKubeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(*format, "table", "json", "junit"); err != nil {
			return err
		}
		c := realConnections(kubeFlags)
		_, plan, err := a.plan(args[0], choice, kubeFlags, runbook.Choice{Run: journal.NewID(c.clock.Now()), Operator: c.operator, Partial: true})
		if err != nil {
			return err
		}
		return a.check(cmd.Context(), c, plan, *phase, *format)
	}
	return cmd
}

// checkedStep is one sensed step in the output of `sop check`.
type checkedStep struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Status   run.Status     `json:"status"`
	Required bool           `json:"required"`
	Checks   []checkedCheck `json:"checks"`
}

type checkedCheck struct {
	Kind      string         `json:"kind"`
	Status    run.Status     `json:"status"`
	Summary   run.Safe       `json:"summary"`
	Evidence  run.Evidence   `json:"evidence"`         // the first
	More      []run.Evidence `json:"more,omitempty"`   // the others
	Sensor    run.Safe       `json:"sensor,omitempty"` // what was asked
	ElapsedMS int64          `json:"elapsedMs"`
}

func (a *app) check(ctx context.Context, c connections, plan *runbook.Plan, phase, format string) error {
	steps, works, err := checkWorks(begun(plan, c.clock.Now()), phase)
	if err != nil {
		return err
	}
	p := newParts(c, plan)
	defer p.clusters.Close()
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(parallelChecks)
	for _, w := range works {
		group.Go(func() error {
			began := c.clock.Now()
			return p.Do(ctx, w.work, func(o run.Observation) {
				if checked, ok := o.(run.Checked); ok {
					mu.Lock()
					defer mu.Unlock()
					steps[w.step].Checks[checked.Index].take(checked.Result, c.clock.Now().Sub(began))
				}
			})
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return quiet(exitInterrupted)
		}
		return couldNotLook(err)
	}
	for i := range steps {
		steps[i].Status = worst(steps[i].Checks)
	}
	if err := a.writeChecked(plan, steps, format); err != nil {
		return err
	}
	return quiet(checkCode(steps))
}

// begun is a run of the plan as it would begin now: which of its steps apply is known then.
func begun(plan *runbook.Plan, at time.Time) run.State {
	s := run.New(plan.RunID, plan)
	return run.Apply(s, run.Begin(s, at, plan.Operator, run.RunStarted{Operator: plan.Operator, Environment: plan.Environment})...)
}

type checkWork struct {
	step int
	work run.Work
}

// checkWorks lists the sensed steps and the work of looking at each of their checks once.
func checkWorks(state run.State, phase string) ([]checkedStep, []checkWork, error) {
	plan := state.Plan
	steps, works, known := []checkedStep{}, []checkWork{}, false
	for _, ph := range plan.Runbook.Phases {
		if phase != "" && ph.ID != phase {
			continue
		}
		known = true
		for step := range run.PhaseSteps(ph) {
			if len(step.Verify) == 0 {
				continue
			}
			s := checkedStep{ID: step.ID, Title: step.Title, Required: step.IsRequired(), Status: run.Unknown}
			for i, check := range step.Verify {
				s.Checks = append(s.Checks, checkedCheck{Kind: check.Kind, Status: run.Unknown, Summary: "no answer"})
				works = append(works, checkWork{step: len(steps), work: run.Work{
					ID:   fmt.Sprintf("check/%s/%d", step.ID, i),
					Body: run.CheckWork{Step: step.ID, Index: i, Check: check, Env: plan.Env(ph.Environment), Needs: state.Needs(ph.Environment), Once: true},
				}})
			}
			steps = append(steps, s)
		}
	}
	if !known {
		return nil, nil, usage("there is no phase %q in %s", phase, plan.Runbook.Metadata.Name)
	}
	return steps, works, nil
}

func (c *checkedCheck) take(r run.Result, elapsed time.Duration) {
	c.Status, c.Summary, c.Sensor, c.ElapsedMS = r.Status, r.Summary, r.Sensor, elapsed.Milliseconds()
	if len(r.Evidence) > 0 {
		c.Evidence, c.More = r.Evidence[0], r.Evidence[1:]
	}
}

// worst is a step's status: failed beats unknown beats warn beats passed.
func worst(checks []checkedCheck) run.Status {
	rank := map[run.Status]int{run.Passed: 1, run.NotApplicable: 0, run.Warn: 2, run.Unknown: 3, run.Failed: 4}
	status := run.NotApplicable
	for _, c := range checks {
		if rank[c.Status] > rank[status] {
			status = c.Status
		}
	}
	return status
}

// checkCode judges the required steps: a failure beats what could not be looked at.
func checkCode(steps []checkedStep) int {
	code := exitDone
	for _, s := range steps {
		switch {
		case s.Required && s.Status == run.Failed:
			return exitFailed
		case s.Required && s.Status == run.Unknown:
			code = exitUnknown
		}
	}
	return code
}

func (a *app) writeChecked(plan *runbook.Plan, steps []checkedStep, format string) error {
	switch format {
	case "json":
		return a.writeJSON(map[string]any{"runbook": plan.Runbook.Metadata.Name, "environment": plan.Environment, "steps": steps})
	case "junit":
		return a.writeJUnit(plan, steps)
	}
	for _, s := range steps {
		optional := ""
		if !s.Required {
			optional = " (optional)"
		}
		fmt.Fprintf(a.out, "%-10s %s%s\n", s.Status, s.Title, optional)
		for _, c := range s.Checks {
			fmt.Fprintf(a.out, "  %-10s %-10s %s\n", c.Status, c.Kind, c.Summary)
		}
	}
	return nil
}
