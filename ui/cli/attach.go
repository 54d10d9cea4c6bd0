package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/ui"
)

func (a *app) attachCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "attach RUN",
		Short: "Look on at a run that is open elsewhere on this machine, or come back to it after its terminal was lost",
		Long: `attach shows a run that another process of this user has open on this machine.

While that process has a terminal, what is attached is read only. Once its terminal is lost (closed, ssh cut off, tmux
killed) the run goes on without a screen, and attach has it in hand: every key works as it did there. Of several that
are attached, the first one has it. When the process is gone too, sop resume goes on with the run.

--plain does the same line by line. Where nothing can be typed (stdin is no terminal) it only looks on.`,
		Args: cobra.ExactArgs(1),
	}
	plain := cmd.Flags().Bool("plain", false, "line by line, for a screen reader or a dumb terminal")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !*plain && !a.terminal {
			return usage("sop attach is full-screen and stdout is no terminal: use --plain for lines")
		}
		dir, err := runDir(args[0])
		if err != nil {
			return err
		}
		return a.attach(cmd.Context(), dir, *plain)
	}
	return cmd
}

func (a *app) attach(ctx context.Context, dir string, plain bool) error {
	conn, err := dialRun(dir)
	if err != nil {
		return noProcess(dir, err)
	}
	looks := plain && a.ear == nil && !isTerminal(a.in)
	v, err := visitRun(conn, dir, hello{Name: operatorName(), Looks: looks})
	if err != nil {
		return failed(errors.Join(fmt.Errorf("attach to run %s: %w", filepath.Base(dir), err), conn.Close()))
	}
	defer func() { _ = v.Close() }()
	staySmall()
	o := ui.Options{Cluster: v.greet.Cluster, Practice: v.greet.Practice, Speed: v.greet.Speed}
	switch {
	case looks:
		lookOn(ctx, v, &teller{w: a.out})
	case plain:
		err = a.talk(ctx, v, o)
	default:
		err = ui.Show(ctx, v, a.liked(o))
	}
	if err != nil {
		return failed(err)
	}
	return a.detached(ctx, v)
}

// talk lets a guest look on line by line, and drive the run once it is in their hand, until its process is gone.
func (a *app) talk(ctx context.Context, v *visit, o ui.Options) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	go func() {
		for range v.States() { // Latest is enough here; it is closed when the process is gone
		}
		end()
	}()
	return a.plainly(ctx, v, engine.Scaled(v.Now(), max(1, v.greet.Speed)), o, "text", func() string {
		_, instead := v.MayAct()
		return instead
	})
}

// visitRun reads the run so far and introduces somebody to its process.
func visitRun(conn net.Conn, dir string, who hello) (*visit, error) {
	records, _, err := journal.Read(dir)
	if err != nil {
		return nil, err
	}
	state, err := replay(filepath.Base(dir), dir, records)
	if err != nil {
		return nil, err
	}
	return enter(conn, state, who)
}

// noProcess says why nobody answers at the socket of a run, and what to do instead.
func noProcess(dir string, cause error) error {
	id := filepath.Base(dir)
	sum, err := summarise(dir)
	pid := journal.LivePID(dir)
	switch {
	case err != nil:
		return failed(fmt.Errorf("attach to run %s: %w", id, err))
	case pid != 0:
		return failed(fmt.Errorf("attach to run %s: process %d has it open and lets nobody attach: %w", id, pid, cause))
	case !sum.Ended.IsZero():
		return failed(fmt.Errorf("attach to run %s: it is over (%s): sop report %s", id, sum.Outcome, id))
	case sum.Practice != "":
		return failed(fmt.Errorf("attach to run %s: its process is gone, and its world with it: sop practice %s begins anew", id, sum.Practice))
	}
	return failed(fmt.Errorf("attach to run %s: its process is gone: sop resume %s goes on with it", id, id))
}

// lookOn prints what happens until the run ends, its process does, or ctx.
func lookOn(ctx context.Context, v *visit, t *teller) {
	for {
		select {
		case s, ok := <-v.States():
			if !ok {
				return
			}
			t.tell(s)
			if !s.Ended.IsZero() {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// detached says how the run stands that somebody attached to, and turns its end into an exit code.
func (a *app) detached(ctx context.Context, v *visit) error {
	s := v.Latest()
	switch {
	case !s.Ended.IsZero():
		r := resultOf(s, nil)
		a.sayResult(r)
		return quiet(r.code())
	case ctx.Err() != nil:
		return quiet(exitInterrupted)
	case v.isGone():
		return failed(fmt.Errorf("the process of run %s is gone: sop resume %s goes on with it", v.id, v.id))
	}
	fmt.Fprintf(a.out, "run %s goes on in process %d: sop attach %s comes back to it\n", s.ID, v.greet.PID, s.ID)
	return nil
}

var _ ui.Guest = (*visit)(nil)
