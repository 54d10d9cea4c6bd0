package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

func (a *app) resumeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with a run whose program ended; without RUN the last one that is not over",
		Args:  cobra.MaximumNArgs(1),
	}
	var mode modeFlags
	mode.add(cmd)
	kubeFlags := addKubeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := mode.check(a, "sop resume"); err != nil {
			return err
		}
		dir, err := unfinished(args)
		if err != nil {
			return err
		}
		c := realConnections(kubeFlags)
		s, plan, err := a.reopen(c, dir)
		if err != nil {
			return err
		}
		return a.resumed(cmd, s, mode, ui.Options{Cluster: clusterLabel(c, plan)})
	}
	return cmd
}

func (a *app) resumed(cmd *cobra.Command, s *session, mode modeFlags, o ui.Options) error {
	result, err := a.drive(cmd.Context(), s, mode, o)
	if err != nil {
		return err
	}
	return a.conclude(cmd.Context(), result, mode)
}

// unfinished finds the directory of the run to go on with.
func unfinished(args []string) (string, error) {
	if len(args) == 1 {
		return runDir(args[0])
	}
	root, err := journal.DefaultRoot()
	if err != nil {
		return "", failed(err)
	}
	runs, err := journal.List(root)
	if err != nil {
		return "", failed(err)
	}
	for _, r := range runs { // newest first
		if sum, err := summarise(r.Dir); err == nil && sum.Ended.IsZero() && sum.Practice == "" {
			return r.Dir, nil
		}
	}
	return "", usage("there is no run to go on with: sop runs lists all, sop run begins one")
}

// runDir is the directory of a run by its id.
func runDir(id string) (string, error) {
	root, err := journal.DefaultRoot()
	if err != nil {
		return "", failed(err)
	}
	dir := filepath.Join(root, id)
	if _, err := os.Stat(dir); err != nil || id == "" || filepath.Base(id) != id {
		return "", usage("there is no run %q in %s: sop runs lists them", id, root)
	}
	return dir, nil
}

// reopen goes on with a run: its journal is replayed, and everything is observed again.
func (a *app) reopen(c connections, dir string) (*session, *runbook.Plan, error) {
	j, records, err := journal.Open(dir, journal.Options{})
	var open *journal.LockedError
	if errors.As(err, &open) {
		id := filepath.Base(dir)
		return nil, nil, failed(fmt.Errorf("run %s is open in process %d: sop attach %s", id, open.PID, id))
	}
	if err != nil {
		return nil, nil, failed(err)
	}
	state, err := replay(filepath.Base(dir), dir, records)
	if err == nil {
		err = resumable(state)
	}
	if err != nil {
		return nil, nil, failed(errors.Join(err, j.Close()))
	}
	s := &session{
		id: state.ID, dir: j.Dir(), clock: c.clock, operator: c.operator, parts: newParts(c, state.Plan), close: j.Close,
		over: make(chan struct{}),
	}
	s.parts.follow(state.Plan, j)
	s.engine = engine.New(engine.Config{
		Clock: c.clock, Journal: j, Worker: s.parts, State: state, Begin: run.Resume(state, c.clock.Now(), c.operator),
	})
	return s, state.Plan, nil
}

func resumable(s run.State) error {
	switch {
	case !s.Ended.IsZero():
		return fmt.Errorf("run %s is over (%s): read it with sop report %s", s.ID, s.Outcome, s.ID)
	case s.Practice != "":
		return fmt.Errorf("run %s was practice, and its world ended with its program: sop practice %s begins anew", s.ID, s.Practice)
	}
	return nil
}

// replay reads the frozen plan beside a journal and applies the records to it.
func replay(id, dir string, records []journal.Record) (run.State, error) {
	started, err := firstEvent(records)
	if err != nil {
		return run.State{}, fmt.Errorf("replay run %s: %w", id, err)
	}
	plan, err := frozenPlan(id, dir, started)
	if err != nil {
		return run.State{}, fmt.Errorf("replay run %s: %w", id, err)
	}
	return engine.Replay(id, plan, records)
}

// frozenPlan reads the runbook beside a journal, which has to be the one that the run began with.
func frozenPlan(id, dir string, started run.RunStarted) (*runbook.Plan, error) {
	data, err := os.ReadFile(filepath.Join(dir, planFile))
	if err != nil {
		return nil, fmt.Errorf("read its runbook: %w", err)
	}
	doc, problems := runbook.Load(checks.Kinds(), runbook.Source{Name: filepath.Join(dir, planFile), Data: data})
	if runbook.HasErrors(problems) {
		return nil, fmt.Errorf("its runbook: %s", problems[0])
	}
	if doc.Digest != started.Digest {
		return nil, fmt.Errorf("its runbook was changed after it began (digest %.12s, was %.12s): put the old file back", doc.Digest, started.Digest)
	}
	plan, problems := runbook.Resolve(doc, runbook.Choice{
		Inputs: started.Inputs, Environment: started.Environment, Run: id, Operator: started.Operator, Partial: started.Only, TargetOnly: started.Only,
		Context: started.Context, Namespace: started.Namespace,
	})
	if plan == nil {
		return nil, fmt.Errorf("its runbook: %s", problems[0])
	}
	return plan, nil
}

func firstEvent(records []journal.Record) (run.RunStarted, error) {
	for _, r := range records {
		if ev, err := run.Decode(r.Kind, r.Data); err == nil {
			if started, ok := ev.(run.RunStarted); ok {
				return started, nil
			}
		}
	}
	return run.RunStarted{}, errors.New("its journal does not say how it began")
}
