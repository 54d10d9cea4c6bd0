package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/ui/config"
	"github.com/politicalsphere/sop/ui/plain"
	"github.com/politicalsphere/sop/ui/theme"
)

// app is what all commands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // out is a terminal
	flags    screenFlags
	config   config.Config // what the person prefers; read when there is a screen to fill
	ear      plain.Ear     // what is typed line by line; nil: the lines of in
}

// Main runs the command line and returns the exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	startSwiftly()
	if filepath.Base(os.Args[0]) == kubectlCompletes {
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
	}
	a := &app{in: in, out: out, err: errOut, terminal: isTerminal(out)}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once, whatever it waits for
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	var e *exitError
	if err != nil && (!errors.As(err, &e) || e.err != nil) {
		fmt.Fprintf(errOut, "sop: %v\n", err)
	}
	return codeOf(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:         "sop",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: programName()},
		Short:       "Walk through a deployment procedure whose checkboxes tick themselves",
		Long: `sop walks an operator through a Standard Operating Procedure for a deployment. Checkboxes tick themselves from
live facts and un-tick on drift, a phased rollout starts from the checklist, a watch judges the metrics against a
frozen baseline, and one key (R) rolls everything back.

  ` + programName() + `                                 on a terminal: choose from what there is
  ` + programName() + ` practice                        learn it on the simulated world
  ` + programName() + ` run deployment -e production    the real thing
  ` + programName() + ` rollback deployment             only roll back, now`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.terminal || theme.Detect(os.Getenv).Dumb {
				return cmd.Help()
			}
			return a.home(cmd.Context())
		},
	}
	a.flags.add(root)
	root.AddCommand(
		a.runCommand(), a.practiceCommand(), a.rollbackCommand(), a.resumeCommand(), a.attachCommand(), a.checkCommand(), a.watchCommand(),
		a.lintCommand(), a.showCommand(), a.kindsCommand(), a.schemaCommand(), a.runsCommand(), a.reportCommand(), a.verifyCommand(), a.kpiCommand(),
	)
	root.SetOut(a.out) // the completions' own command asks for it at once
	addCompletions(root)
	root.InitDefaultCompletionCmd()
	return root
}

// kubectlCompletes is the name under which kubectl looks for what completes the arguments of its plugin sop.
const kubectlCompletes = "kubectl_complete-sop"

// programName is sop, or kubectl sop as a kubectl plugin.
func programName() string {
	if len(os.Args) > 0 && filepath.Base(os.Args[0]) == "kubectl-sop" {
		return "kubectl sop"
	}
	return "sop"
}

// needTerminal refuses a full-screen command that has no terminal to fill, and reads how the person likes it filled.
func (a *app) needTerminal(command string) error {
	if !a.terminal {
		return usage("%s is full-screen and stdout is no terminal: use --auto to do what needs no person, or --plain for lines", command)
	}
	if t := theme.Detect(os.Getenv); t.Dumb {
		return usage("%s is full-screen and TERM=%s cannot place a cursor: use --plain for lines, or set TERM to what the terminal is", command, os.Getenv("TERM"))
	}
	return a.prefer()
}
