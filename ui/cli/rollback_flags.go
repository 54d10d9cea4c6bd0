package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Law: a rollback from elsewhere turns off first what the last run raised, as R does. What cannot be read about it is
// said, and holds nothing up.

// notesWithin is how long the notes about flags may take longer than the pins.
const notesWithin = 2 * time.Second

// flagNotes are the notes about raised flags, on their way.
type flagNotes struct {
	flags []run.RaisedFlags
	err   error
}

// readNotes begins to read the notes; what it returns waits for them.
func readNotes(ctx context.Context, p *parts, env runbook.Environment) func() flagNotes {
	ctx, cancel := context.WithTimeout(ctx, pinsWithin+notesWithin)
	answer := make(chan flagNotes, 1)
	go func() {
		defer cancel()
		flags, err := p.rollout.FindFlags(ctx, env)
		answer <- flagNotes{flags, err}
	}()
	return func() flagNotes {
		select {
		case n := <-answer:
			return n
		case <-time.After(notesWithin):
			return flagNotes{err: fmt.Errorf("no answer within %s", notesWithin)}
		}
	}
}

// raisedByLast keeps the flags that are to go off with these pins, and says what it leaves on.
func (a *app) raisedByLast(notes flagNotes, runbook string, pins []run.Pin) []run.RaisedFlags {
	if notes.err != nil {
		fmt.Fprintf(a.err, "sop: nobody knows whether the last run raised flags; look at them, the rollback goes on without: %v\n", notes.err)
	}
	newest, of := "", map[string]bool{}
	for _, p := range pins {
		if !p.Guess && p.Run != "" {
			newest, of[p.Run] = max(newest, p.Run), true
		}
	}
	var kept []run.RaisedFlags
	for _, f := range notes.flags {
		switch {
		case slices.ContainsFunc(kept, func(o run.RaisedFlags) bool { return o.Step == f.Step }):
			fmt.Fprintf(a.err, "sop: %s is noted twice; the flags of %s of run %s are left on: %s\n", f.Title, f.Runbook, f.Run, flagNames(f))
		case of[f.Run], f.Runbook == runbook && f.Run >= newest: // run ids are ULIDs: they sort by time
			kept = append(kept, f)
		case f.Runbook == runbook:
			fmt.Fprintf(a.err, "sop: flags that an older run (%s) raised are left on: %s\n", f.Run, flagNames(f))
		}
	}
	return kept
}

// flagNames are the flags of a note, in words.
func flagNames(f run.RaisedFlags) string {
	where := "at " + f.Host
	if f.ConfigMap != "" {
		where = "in configmap/" + f.ConfigMap
	}
	return string(run.MakeSafe(strings.Join(namesOf(f), ", ")+" "+where, 300))
}

func namesOf(f run.RaisedFlags) []string {
	if len(f.Flags) == 0 {
		return []string{"every flag"}
	}
	names := make([]string, len(f.Flags))
	for i, name := range f.Flags {
		names[i] = string(name)
	}
	return names
}

// flagsRollback is what came of the flags that went off first.
type flagsRollback struct {
	Step  string   `json:"step"`
	Title run.Safe `json:"title"`
	Flags []string `json:"flags"`
	From  int      `json:"from"`  // share in percent that they were raised to
	State string   `json:"state"` // off, pending or failed
	Error run.Safe `json:"error"`
}

// flagsRollbackOf sums the flags of a rollback up.
func flagsRollbackOf(s run.State) []flagsRollback {
	var list []flagsRollback
	for _, f := range s.Found {
		item := flagsRollback{Step: f.Step, Title: f.Title, Flags: namesOf(f), From: f.Share, State: "pending"}
		if s.Rollback != nil {
			off := s.Rollback.Flags[f.Step]
			item.Error = off.Err
			switch {
			case off.Done:
				item.State = "off"
			case !s.Ended.IsZero():
				item.State = "failed"
			}
		}
		list = append(list, item)
	}
	return list
}
