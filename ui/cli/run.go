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
	staySmall()
	var why *run.Stop
	var err error
	switch {
	case mode.auto:
		why = unattended(ctx, s, a.err)
	case mode.plain:
		err = a.plainly(ctx, s, o, *mode.format)
	default:
		o.ASCII = o.ASCII || a.ascii
		err = ui.Show(ctx, s, o)
	}
	stop()
	join()
	result := resultOf(s.Latest(), why)
	return result, errors.Join(err, s.end())
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
