package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
	"github.com/politicalsphere/sop/ui/plain"
)

// Pending tells whether an intent is on its way that was not decided yet.
func (s *session) Pending() bool { return s.engine.Pending() }

// Notify sets a signal whenever the State changes or an intent was decided.
func (s *session) Notify(signal run.Signal) { s.engine.Notify(signal) }

// plainly lets a person drive a session line by line. With JSON on stdout the lines go to stderr. Instead is said to one
// who only looks on; nil for a run of their own.
func (a *app) plainly(ctx context.Context, s plain.Session, clock run.Clock, o ui.Options, format string, instead func() string) error {
	out := a.out
	if format == "json" {
		out = a.err
	}
	ear := a.ear
	if ear == nil {
		ear = plain.Typed(a.in)
	}
	return plain.Run(ctx, s, clock, ear, out, plain.Options{
		Cluster: o.Cluster, Practice: o.Practice, Speed: o.Speed, Terminal: isTerminal(a.in) && isTerminal(out), Instead: instead,
	})
}

// isTerminal tells whether a person sits at a reader or a writer.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// sayScore says a drill's score in sentences; of the run itself all was said.
func sayScore(out io.Writer, r runResult) {
	if r.Score == nil {
		return
	}
	fmt.Fprintf(out, "Score: %d of 100.\n", r.Score.Total)
	for _, p := range r.Score.Parts {
		for _, line := range plain.Sentence(fmt.Sprintf("%s: %d of %d, %s", p.Name, p.Points, p.Of, p.Why)) {
			fmt.Fprintln(out, line)
		}
	}
}
