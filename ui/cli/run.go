package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// modeFlags say who drives a run: a person at the screens, a person line by line, or nobody.
type modeFlags struct {
	plain, auto bool
	format      *string
}

func (m *modeFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&m.plain, "plain", false, "line by line, for a screen reader or a dumb terminal")
	cmd.Flags().BoolVar(&m.auto, "auto", false, "do what needs no person, and stop where one is needed")
	cmd.MarkFlagsMutuallyExclusive("plain", "auto")
	m.format = outputFlag(cmd, "text", "json")
}

func (m *modeFlags) check(a *app, command string) error {
	if err := checkFormat(*m.format, "text", "json"); err != nil {
		return err
	}
	if m.auto || m.plain {
		return nil
	}
	return a.needTerminal(command)
}

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run RUNBOOK",
		Short: "Walk through a runbook on a real cluster",
		Args:  cobra.ExactArgs(1),
	}
	var choice choiceFlags
	var mode modeFlags
	choice.add(cmd)
	mode.add(cmd)
	kubeFlags := addKubeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := mode.check(a, "sop run"); err != nil {
			return err
		}
		c := realConnections(kubeFlags)
		id := journal.NewID(c.clock.Now())
		doc, plan, err := a.plan(args[0], choice, kubeFlags, runbook.Choice{Run: id, Operator: c.operator})
		if err != nil {
			return err
		}
		if err := needKubeconfig(c, plan); err != nil {
			return err
		}
		started := run.RunStarted{Context: *kubeFlags.Context, Namespace: *kubeFlags.Namespace}
		if mode.auto {
			started.Auto = run.PolicyAuto
		}
		s, err := a.begin(c, newParts(c, plan), id, doc, plan, started, journal.Options{})
		if err != nil {
			return err
		}
		return a.conduct(cmd.Context(), s, mode, clusterLabel(c, plan))
	}
	return cmd
}

// addKubeFlags adds --kubeconfig, --context and -n.
func addKubeFlags(cmd *cobra.Command) *genericclioptions.ConfigFlags {
	all := genericclioptions.NewConfigFlags(true)
	flags := &genericclioptions.ConfigFlags{KubeConfig: all.KubeConfig, Context: all.Context, Namespace: all.Namespace}
	flags.AddFlags(cmd.Flags())
	return flags
}

// plan loads a runbook and resolves it with the flags.
func (a *app) plan(name string, choice choiceFlags, kube *genericclioptions.ConfigFlags, base runbook.Choice) (*runbook.Document, *runbook.Plan, error) {
	doc, err := a.load(name, choice.values)
	if err != nil {
		return nil, nil, err
	}
	base.Environment = choice.environment
	if base.Inputs, err = choice.inputs(); err != nil {
		return nil, nil, err
	}
	if kube != nil {
		base.Context, base.Namespace = *kube.Context, *kube.Namespace
	}
	plan, err := a.resolve(doc, base)
	return doc, plan, err
}

// clusterLabel is what the header says of where it writes.
func clusterLabel(c connections, plan *runbook.Plan) string {
	env := plan.Env(plan.Environment)
	name := env.Context
	if c.practice != "" {
		name = "practice"
	} else if name == "" {
		name = "current context"
	}
	return name + "/" + env.Namespace
}

// conduct lets a person or a policy drive the session to its end, or to where it is left, and says how it went.
func (a *app) conduct(ctx context.Context, s *session, mode modeFlags, cluster string) error {
	result, err := a.drive(ctx, s, mode, ui.Options{Cluster: cluster})
	if err != nil {
		return err
	}
	return a.conclude(ctx, result, mode)
}

// drive runs the session and returns its result.
func (a *app) drive(ctx context.Context, s *session, mode modeFlags, o ui.Options) (runResult, error) {
	engineCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	join := s.start(engineCtx)
	line := holdLine(a.in)
	defer line.letGo()
	porter := a.openPorter(engineCtx, s, o)
	staySmall()
	why, err := a.sit(ctx, s, mode, o, line, porter)
	left := o.Practice && s.Latest().Ended.IsZero()
	if left {
		s.Send(run.GiveUp{Stop: run.Stop{Outcome: run.NeedsPerson, Why: "left before its end, and the simulated world ended with the program"}})
		s.settle(engineCtx)
	}
	stop()
	join()
	porter.close()
	result := resultOf(s.Latest(), why)
	result.left = left
	return result, errors.Join(err, s.fault(), s.end())
}

// sit lets a person or a policy drive the session until they leave, the run has ended, or ctx has. A person who lost
// the terminal has not left.
func (a *app) sit(ctx context.Context, s *session, mode modeFlags, o ui.Options, line *line, porter *porter) (why *run.Stop, err error) {
	if mode.auto {
		go func() {
			select {
			case <-line.lost:
				noteLoss(s)
				porter.noScreen()
			case <-s.over:
			}
		}()
		return unattended(ctx, s, a.err), nil
	}
	within, end := line.within(ctx)
	defer end()
	go func() { // nobody presses a key at a run that has stopped
		select {
		case <-s.over:
			if s.fault() != nil {
				end()
			}
		case <-within.Done():
		}
	}()
	if !mode.plain {
		o.Hangup = line.lost
		if err = ui.Show(within, s, a.liked(o)); errors.Is(err, ui.ErrScreens) && s.fault() == nil {
			fmt.Fprintf(a.err, "sop: %v; going on line by line\n", err)
			mode.plain, err = true, nil
		}
	}
	if mode.plain {
		err = a.plainly(within, s, s.clock, o, *mode.format, nil)
	}
	if lost := errors.Is(err, ui.ErrTerminalLost) || line.isLost(); !lost || ctx.Err() != nil || s.fault() != nil {
		return nil, err
	}
	noteLoss(s)
	var tell func(run.State)
	if mode.plain && !a.terminal { // the lines go into a file or a pipe, which may be there still
		tell = (&teller{w: a.out, last: lastLine(s.Latest())}).tell
	}
	if errors.Is(goOn(ctx, s, porter, tell), errIdle) {
		s.engine.Send(system, run.Note{Text: fmt.Sprintf("without a screen, and nothing under way for %s: the process ends; sop resume %s goes on", porter.lingering, s.id)})
		s.settle(ctx)
	}
	return nil, nil
}

// lastLine is the newest line of a run's log.
func lastLine(s run.State) run.Line {
	if n := len(s.Log); n > 0 {
		return s.Log[n-1]
	}
	return run.Line{}
}

// conclude prints the result and turns it into an exit code.
func (a *app) conclude(ctx context.Context, r runResult, mode modeFlags) error {
	switch {
	case *mode.format == "json":
		if err := a.writeJSON(r); err != nil {
			return err
		}
	case mode.plain:
		sayScore(a.out, r)
	default:
		a.sayResult(r)
	}
	if ctx.Err() != nil && r.Outcome == run.NeedsPerson {
		fmt.Fprintf(a.err, "interrupted; the run waits: sop resume %s\n", r.Run)
		return quiet(exitInterrupted)
	}
	return quiet(r.code())
}
