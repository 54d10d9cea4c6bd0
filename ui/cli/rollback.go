package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/politicalsphere/sop/rollout"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
	"github.com/politicalsphere/sop/ui/theme"
)

// defaultRunbook is what `sop rollback` takes when it is given none: it is in a hurry.
const defaultRunbook = "deployment"

// pinsWithin is how long the reading of the pins may take.
const pinsWithin = 15 * time.Second

type rollbackFlags struct {
	choice     choiceFlags
	run        string
	yes, print bool
	plain      bool
	format     *string
	kube       *genericclioptions.ConfigFlags
}

func (a *app) rollbackCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollback [RUNBOOK] [COMPONENT...]",
		Short: "Only roll back, now: also from a machine that never saw the run",
	}
	var f rollbackFlags
	f.choice.add(cmd)
	cmd.Flags().StringVar(&f.run, "run", "", "take the pins of this run from its journal")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "roll back at once, without a screen")
	cmd.Flags().BoolVar(&f.print, "print", false, "print the equivalent kubectl commands and do nothing")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "line by line, for a screen reader or a dumb terminal")
	cmd.MarkFlagsMutuallyExclusive("yes", "print", "plain")
	f.format = outputFlag(cmd, "text", "json")
	f.kube = addKubeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(*f.format, "text", "json"); err != nil {
			return err
		}
		if !f.yes && !f.print && !f.plain {
			if err := a.needTerminalToRollBack(); err != nil {
				return err
			}
		}
		return a.rollback(cmd.Context(), f, args)
	}
	return cmd
}

// needTerminalToRollBack refuses where there is no screen to fill. What is wrong with the configuration is only said:
// nobody mends that file while production is down.
func (a *app) needTerminalToRollBack() error {
	const ways = "use --yes to roll back at once, --plain for lines, or --print for the kubectl commands"
	if !a.terminal {
		return usage("sop rollback is full-screen and stdout is no terminal: %s", ways)
	}
	if theme.Detect(os.Getenv).Dumb {
		return usage("sop rollback is full-screen and TERM=%s cannot place a cursor: %s", os.Getenv("TERM"), ways)
	}
	if err := a.prefer(); err != nil {
		fmt.Fprintln(a.err, "sop: the configuration is left aside, the rollback goes on without it")
	}
	return nil
}

func (a *app) rollback(ctx context.Context, f rollbackFlags, args []string) error {
	name := defaultRunbook
	if len(args) > 0 && looksLikeRunbook(args[0]) {
		name, args = args[0], args[1:]
	}
	c := realConnections(f.kube)
	id := journal.NewID(c.clock.Now())
	doc, plan, err := a.plan(name, f.choice, f.kube, runbook.Choice{Run: id, Operator: c.operator, Partial: true, TargetOnly: true})
	if err != nil {
		return err
	}
	components, err := chosen(plan, args)
	if err != nil {
		return err
	}
	p := newParts(c, plan) // kept for the rollback: its connections are warm then
	notes := readNotes(ctx, p, plan.Env(plan.Environment))
	pins, began, err := a.pins(ctx, c, p, plan, components, f.run)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		pins = a.ofLastRun(pins)
	}
	flags := a.raisedByLast(notes(), plan.Runbook.Metadata.Name, pins)
	if f.print {
		return a.printUndo(ctx, p, plan.Env(plan.Environment), flags, pins)
	}
	started := run.RunStarted{Only: true, Pins: pins, Flags: flags, Context: *f.kube.Context, Namespace: *f.kube.Namespace}
	if f.yes {
		started.Auto = run.PolicyAuto
	}
	s, err := a.begin(c, p, id, doc, plan, started, journal.Options{})
	if err != nil {
		return err
	}
	return a.rollBack(ctx, s, f, began, clusterLabel(c, plan))
}

// chosen are the components to roll back: those named, or all.
func chosen(plan *runbook.Plan, names []string) ([]runbook.Component, error) {
	if len(names) == 0 {
		names = plan.Runbook.Components.Keys()
	}
	var list []runbook.Component
	for _, name := range names {
		c, ok := plan.Component(name)
		if !ok {
			return nil, usage("there is no component %q: the runbook has %v", name, plan.Runbook.Components.Keys())
		}
		list = append(list, c)
	}
	return list, nil
}

// pins finds where to roll back to: from the journal of a run, or else from what stands on the workloads. began is when
// they were read, from which the time of a rollback counts.
func (a *app) pins(ctx context.Context, c connections, p *parts, plan *runbook.Plan, components []runbook.Component, runID string) (pins []run.Pin, began time.Time, err error) {
	if runID != "" {
		pins, err = pinsOf(runID, plan.Environment, components)
		return pins, c.clock.Now(), err
	}
	ctx, cancel := context.WithTimeout(ctx, pinsWithin)
	defer cancel()
	pins, err = p.rollout.FindPins(ctx, plan.Env(plan.Environment), components)
	if len(pins) == 0 {
		return nil, began, couldNotLook(fmt.Errorf("find what to roll back to in %s: %w", plan.Environment, err))
	}
	if err != nil {
		fmt.Fprintf(a.err, "sop: left out: %v\n", err)
	}
	return pins, c.clock.Now(), nil
}

// ofLastRun keeps the components that the newest run moved: the others still carry the pins of older runs, and to undo
// those too would go behind what ran before. Without any pin all are guesses, and all are kept.
func (a *app) ofLastRun(pins []run.Pin) []run.Pin {
	newest := ""
	for _, p := range pins {
		if !p.Guess {
			newest = max(newest, p.Run) // run ids are ULIDs: they sort by time
		}
	}
	if newest == "" {
		return pins
	}
	var kept []run.Pin
	for _, p := range pins {
		if p.Run == newest && !p.Guess {
			kept = append(kept, p)
			continue
		}
		fmt.Fprintf(a.err, "sop: %s was not moved by the last run (%s) and is left alone; name it to roll it back too\n", p.Component, newest)
	}
	return kept
}

// pinsOf reads the pins of a run's journal.
func pinsOf(id, env string, components []runbook.Component) ([]run.Pin, error) {
	dir, err := runDir(id)
	if err != nil {
		return nil, err
	}
	records, _, err := journal.Read(dir)
	if err != nil && len(records) == 0 {
		return nil, failed(err)
	}
	var pins []run.Pin
	for _, r := range records {
		ev, err := run.Decode(r.Kind, r.Data)
		pinned, ok := ev.(run.DeployPinned)
		if err != nil || !ok || pinned.Env != env {
			continue
		}
		for _, c := range components {
			if c.Name == pinned.Pin.Component {
				pins = append(pins, pinned.Pin)
			}
		}
	}
	if len(pins) == 0 {
		return nil, usage("run %s pinned nothing in %s: leave --run out to read the pins off the workloads", id, env)
	}
	return pins, nil
}

// printUndo prints the commands in the order in which the rollback does the same: flags first.
func (a *app) printUndo(ctx context.Context, p *parts, env runbook.Environment, flags []run.RaisedFlags, pins []run.Pin) error {
	ctx, cancel := context.WithTimeout(ctx, pinsWithin)
	defer cancel()
	for _, f := range flags {
		for _, line := range p.act.KubectlOff(ctx, env, f) {
			fmt.Fprintln(a.out, line)
		}
	}
	for _, p := range pins {
		commands, err := rollout.KubectlUndo(env, p)
		if err != nil {
			return failed(err)
		}
		for _, line := range commands {
			fmt.Fprintln(a.out, line)
		}
	}
	return nil
}

// rollBack drives the rollback by --yes or at the screen, and says how it went.
func (a *app) rollBack(ctx context.Context, s *session, f rollbackFlags, began time.Time, cluster string) error {
	if f.yes {
		s.Send(run.Rollback{Because: "sop rollback --yes"})
	}
	_, err := a.drive(ctx, s, modeFlags{auto: f.yes, plain: f.plain, format: f.format}, ui.Options{Cluster: cluster, First: "rollback"})
	if err != nil {
		return err
	}
	result := rollbackResultOf(s.Latest(), f.yes, began)
	if *f.format == "json" {
		err = a.writeJSON(result)
	} else {
		a.sayRollback(result)
	}
	return errors.Join(err, quiet(result.code(s.Latest())))
}

// rollbackResult is the JSON of `sop rollback`.
type rollbackResult struct {
	Run        string              `json:"run"`
	Outcome    run.Outcome         `json:"outcome"`
	Components []componentRollback `json:"components"`
	Flags      []flagsRollback     `json:"flags,omitempty"` // that a run had raised
}

type componentRollback struct {
	Name           string   `json:"name"`
	From           string   `json:"from"`
	To             string   `json:"to"`
	ReplicaSet     string   `json:"replicaSet"`
	Guess          bool     `json:"guess,omitempty"`
	PatchedAfterMs float64  `json:"patchedAfterMs"`
	State          string   `json:"state"` // took, pending or failed
	Error          run.Safe `json:"error"`
}

// rollbackResultOf sums a rollback up. With --yes the time counts from the reading of the pins.
func rollbackResultOf(s run.State, yes bool, began time.Time) rollbackResult {
	r := rollbackResult{Run: s.ID, Outcome: s.Outcome, Components: []componentRollback{}, Flags: flagsRollbackOf(s)}
	if r.Outcome == "" {
		r.Outcome = run.NeedsPerson
	}
	var offset float64
	if yes && s.Rollback != nil {
		offset = s.Rollback.Burnt.Sub(began).Seconds() * 1000
	}
	for _, p := range s.Envs[s.Plan.Environment].Pins {
		c := s.Envs[s.Plan.Environment].Components[p.Component]
		item := componentRollback{Name: p.Component, From: c.From, To: p.Image, ReplicaSet: p.ReplicaSet, Guess: p.Guess, State: "pending", Error: c.Undo.Err}
		switch {
		case c.Stage == run.Took:
			item.State = "took"
		case s.Outcome == run.RunFailed:
			item.State = "failed"
		}
		if c.Undo.Accepted {
			item.PatchedAfterMs = c.Undo.AfterMs + offset
		}
		r.Components = append(r.Components, item)
	}
	return r
}

func (r rollbackResult) code(s run.State) int {
	if s.Rollback == nil || s.Rollback.Burnt.IsZero() {
		return exitPerson
	}
	for _, c := range r.Components {
		if c.State != "took" {
			return exitFailed
		}
	}
	for _, f := range r.Flags {
		if f.State != "off" {
			return exitFailed
		}
	}
	return exitDone
}

func (a *app) sayRollback(r rollbackResult) {
	fmt.Fprintf(a.out, "rollback %s: %s\n", r.Run, r.Outcome)
	for _, f := range r.Flags {
		fmt.Fprintf(a.out, "  %-16s %-8s %s, raised to %d %% %s\n", "flags", f.State, strings.Join(f.Flags, ", "), f.From, f.Error)
	}
	for _, c := range r.Components {
		fmt.Fprintf(a.out, "  %-16s %-8s %s -> %s, patched after %.0f ms %s\n", c.Name, c.State, c.From, c.To, c.PatchedAfterMs, c.Error)
	}
}
