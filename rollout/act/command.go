package act

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

const commandTimeout = 10 * time.Minute

// command runs a program to its end.
func (w *Worker) command(ctx context.Context, work run.CommandWork) outcome {
	c := work.Command
	if w.Programs == nil || len(c.Argv) == 0 {
		return failed("not started: no programs can be run here")
	}
	var hide web.Secrets
	hide.AddArgv(c.Argv)
	env := []string{"SOP_RUN=" + work.Run, "SOP_WISH=" + work.Wish, "SOP_ENVIRONMENT=" + work.Act.Env.Name}
	for _, name := range slices.Sorted(maps.Keys(mapOf(c.Env))) {
		value, _ := c.Env.Get(name)
		if web.IsSecretName(name) || web.LooksSecret(value) {
			hide.Add(value)
		}
		env = append(env, name+"="+value)
	}
	for _, name := range c.Variables {
		value := w.variable(name)
		if value == "" {
			return failed("not started: the variable %s is not set; set it, start sop again and resume the run", name)
		}
		hide.Add(value)
		env = append(env, name+"="+value)
	}
	program := hide.In(c.Argv[0])
	e := run.Evidence{Source: said("program %s", program), Query: run.MakeSafe(hide.In(process.ShellLine(c.Argv)), maxQuery), Expected: "exit code 0"}
	ran := w.execute(ctx, process.Command{Argv: c.Argv, Dir: c.Dir, Env: env}, c.Timeout.Or(commandTimeout), hide)
	if ctx.Err() != nil {
		return outcome{}
	}
	var out outcome
	if ran.err == nil && ran.code == 0 {
		out = done("%s ended well after %s%s", program, ran.elapsed.Round(time.Second), after(": ", ran.last()))
	} else {
		out = failed("%s", ran.words(program))
	}
	out.output, out.kept = tail(ran.text), w.keep(ran.text)
	return out.seen(e)
}

// executed is how a program ended. Its texts are without secrets.
type executed struct {
	text    string // all of its output
	code    int
	err     error // it did not start, or not end by itself
	cut     bool
	elapsed time.Duration
}

// execute runs a program within its time.
func (w *Worker) execute(ctx context.Context, c process.Command, timeout time.Duration, hide web.Secrets) executed {
	limited, stop := w.within(ctx, timeout)
	defer stop()
	began := w.Clock.Now()
	out, err := w.Programs.Run(limited, c)
	ran := executed{code: out.Code, cut: out.Cut, elapsed: w.Clock.Now().Sub(began)}
	if err != nil {
		text := err.Error()
		var late tooLate
		if errors.As(context.Cause(limited), &late) {
			text = fmt.Sprintf("it did not end within %s and was killed: what it did until then is done", late.after)
		}
		ran.err = errors.New(hideIn(hide, text))
	}
	parts := []string{}
	for _, stream := range [][]byte{out.Stdout, out.Stderr} {
		if text := strings.TrimRight(string(stream), "\r\n\t "); text != "" {
			parts = append(parts, text)
		}
	}
	ran.text = hideIn(hide, strings.Join(parts, "\n"))
	if ran.cut {
		ran.text = "(the beginning was too long to be kept)\n" + ran.text
	}
	return ran
}

// words say what went wrong.
func (x executed) words(program string) string {
	if x.err != nil {
		return program + ": " + x.err.Error() + after(": ", x.last())
	}
	return fmt.Sprintf("%s ended with exit code %d after %s%s", program, x.code, x.elapsed.Round(time.Second), after(": ", x.last()))
}

// last is the last line of the output.
func (x executed) last() string {
	line := x.text[strings.LastIndexByte(x.text, '\n')+1:]
	return string(run.MakeSafe(strings.TrimSpace(line), 200))
}
