package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// plainly drives a session line by line: what happens is printed as it happens, and what is up to a person is asked for
// with numbers. It never draws, so a screen reader or a pipe can follow.
func plainly(ctx context.Context, s *session, in io.Reader, out io.Writer) error {
	changed := s.clock.NewSignal()
	s.engine.Notify(changed)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			select {
			case lines <- strings.TrimSpace(scan.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	p := &plain{s: s, out: out, teller: teller{w: out}, lines: lines, changed: changed}
	fmt.Fprintln(out, "R and enter at any time rolls back, q and enter leaves.")
	return p.loop(ctx)
}

type plain struct {
	s       *session
	out     io.Writer
	teller  teller
	lines   <-chan string
	changed run.Signal
	asked   string // the question that stands
	options []option
}

// option is one numbered answer.
type option struct {
	label  string
	intent func(text string) run.Intent
	prompt string // asks for a text first; empty: none is needed
}

func (p *plain) loop(ctx context.Context) error {
	wake := make(chan struct{}, 1)
	go func() {
		for p.s.clock.Wait(ctx, never, p.changed) == nil {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}()
	for {
		state := p.s.Latest()
		p.teller.tell(state)
		if !state.Ended.IsZero() {
			return nil
		}
		p.ask(state)
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case line, ok := <-p.lines:
			if !ok || line == "q" {
				return nil
			}
			p.answer(ctx, line)
		}
	}
}

// ask prints the question of the moment once.
func (p *plain) ask(s run.State) {
	question, options := question(s)
	if question == p.asked {
		return
	}
	p.asked, p.options = question, options
	if question == "" {
		return
	}
	fmt.Fprintln(p.out, question)
	for i, o := range options {
		fmt.Fprintf(p.out, "  %d %s\n", i+1, o.label)
	}
}

func (p *plain) answer(ctx context.Context, line string) {
	if line == "R" {
		p.s.Send(run.Rollback{})
		return
	}
	for i, o := range p.options {
		if line != fmt.Sprint(i+1) {
			continue
		}
		text := ""
		if o.prompt != "" {
			fmt.Fprintln(p.out, o.prompt)
			select {
			case text = <-p.lines:
			case <-ctx.Done():
				return
			}
		}
		p.asked = ""
		p.s.Send(o.intent(text))
		return
	}
	fmt.Fprintln(p.out, "answer with a number, R or q")
}

// question is what is up to a person now; empty when nothing is.
func question(s run.State) (string, []option) {
	if r := s.Rollback; r != nil && (r.Stage == run.Fusing || r.Stage == run.Asking) {
		return "Rolling back " + r.Env + ": " + targets(r.Pins), []option{
			{label: "now", intent: func(string) run.Intent { return run.Burn{} }},
			{label: "take it back", intent: func(string) run.Intent { return run.TakeBack{} }},
		}
	}
	if step, ok := nextStep(s); ok {
		return stepQuestion(s, step)
	}
	if ph, ok := s.OpenPhase(); ok && len(s.GateBlockers()) == 0 && s.Gate == nil && s.Rollback == nil {
		return "Everything required in " + ph.Title + " stands.", []option{
			{label: "open the gate", intent: func(string) run.Intent { return run.OpenGate{} }},
		}
	}
	return "", nil
}

func targets(pins []run.Pin) string {
	var list []string
	for _, p := range pins {
		list = append(list, p.Component+" to "+p.Image)
	}
	return strings.Join(list, ", ")
}

// nextStep is the first step that does not stand.
func nextStep(s run.State) (runbook.Step, bool) {
	if s.Rollback != nil && s.Rollback.Stage == run.Restored {
		for _, step := range s.Plan.Runbook.Rollback.Steps {
			if !s.StepStatus(step.ID).OpensGate() {
				return step, true
			}
		}
		return runbook.Step{}, false
	}
	ph, ok := s.OpenPhase()
	if !ok || s.Rollback != nil && s.Rollback.Stage != run.TakenBack {
		return runbook.Step{}, false
	}
	for step := range run.PhaseSteps(ph) {
		if status := s.StepStatus(step.ID); step.IsRequired() && !status.OpensGate() {
			return step, true
		}
	}
	return runbook.Step{}, false
}

func stepQuestion(s run.State, step runbook.Step) (string, []option) {
	status := s.StepStatus(step.ID)
	text := fmt.Sprintf("%s: %s. %s", step.Title, status, s.Observed(step.ID))
	override := option{
		label: "override", prompt: "reason, at least 10 characters:",
		intent: func(reason string) run.Intent { return run.Override{Step: step.ID, Reason: reason} },
	}
	switch {
	case step.IsManual():
		return fmt.Sprintf("%s. %s %s", step.Title, step.Text, step.How), []option{
			{label: "done", prompt: "note, may be empty:", intent: func(note string) run.Intent { return run.Attest{Step: step.ID, Note: note} }},
			override,
		}
	case status == run.Checking || status == run.Pending && step.Action() == "":
		return "", nil
	case step.Action() != "" && status == run.Pending:
		return text, []option{{label: "start", intent: func(string) run.Intent { return run.Start{Step: step.ID} }}, override}
	}
	if _, ok := s.Watches[step.ID]; ok {
		return text, []option{
			{label: "watch 5 minutes longer", intent: func(string) run.Intent { return run.Extend{Step: step.ID, By: 5 * time.Minute} }},
			override,
		}
	}
	return text, []option{
		{label: "look again", intent: func(string) run.Intent { return run.Recheck{Step: step.ID} }},
		override,
		{label: "go on after a freeze or a failed move", intent: func(string) run.Intent { return run.Continue{} }},
	}
}
