package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Tell a run: who did what when, every box with its evidence, the verdict",
		Args:  cobra.ExactArgs(1),
	}
	format := outputFlag(cmd, "markdown", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkFormat(*format, "markdown", "json"); err != nil {
			return err
		}
		dir, err := runDir(args[0])
		if err != nil {
			return err
		}
		records, head, err := journal.Read(dir)
		if err != nil {
			return failed(err)
		}
		state, err := replay(filepath.Base(dir), dir, records)
		if err != nil {
			return failed(err)
		}
		if *format == "json" {
			return a.writeJSON(reportOf(state, head))
		}
		_, err = fmt.Fprint(a.out, reportOf(state, head).markdown())
		return err
	}
	return cmd
}

// report is a run told from its journal.
type report struct {
	runResult
	Runbook     string         `json:"runbook"`
	Digest      string         `json:"digest"`
	Environment string         `json:"environment"`
	Operator    string         `json:"operator"`
	Practice    string         `json:"practice,omitempty"`
	Started     time.Time      `json:"started"`
	Ended       time.Time      `json:"ended,omitzero"`
	Steps       []reportedStep `json:"steps"`
	Log         []reportedLine `json:"log"`
	Rollback    *receipt       `json:"rollback,omitempty"`
	Head        string         `json:"head"` // of the journal
}

type reportedStep struct {
	Phase    string           `json:"phase"`
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Status   run.Status       `json:"status"`
	Observed run.Safe         `json:"observed,omitempty"`
	Evidence []run.Evidence   `json:"evidence,omitempty"`
	Attested *run.Attestation `json:"attested,omitempty"`
	Override *run.Overriding  `json:"override,omitempty"`
}

type reportedLine struct {
	At   time.Time `json:"at"`
	Text run.Safe  `json:"text"`
}

// receipt tells a rollback.
type receipt struct {
	Environment string              `json:"environment"`
	By          string              `json:"by"`
	Because     run.Safe            `json:"because,omitempty"`
	Reason      run.Safe            `json:"reason,omitempty"`
	Pressed     time.Time           `json:"pressed"`
	Burnt       time.Time           `json:"burnt,omitzero"`
	Verified    run.Status          `json:"verified,omitempty"`
	Components  []componentRollback `json:"components"`
}

func reportOf(s run.State, head journal.Head) report {
	r := report{
		runResult: resultOf(s, nil), Runbook: s.Plan.Runbook.Metadata.Name, Digest: s.Plan.Digest, Environment: s.Plan.Environment,
		Operator: s.Operator, Practice: s.Practice, Started: s.Started, Ended: s.Ended, Head: head.String(), Steps: []reportedStep{},
	}
	for _, ph := range s.Plan.Runbook.Phases {
		for step := range run.PhaseSteps(ph) {
			r.Steps = append(r.Steps, reportStep(s, ph.Title, step.ID, step.Title))
		}
	}
	if rb := s.Plan.Runbook.Rollback; rb != nil && s.Rollback != nil {
		for _, step := range rb.Steps {
			r.Steps = append(r.Steps, reportStep(s, "Rollback", step.ID, step.Title))
		}
		r.Rollback = receiptOf(s)
	}
	for _, line := range s.Log {
		r.Log = append(r.Log, reportedLine{At: line.At, Text: line.Text})
	}
	return r
}

func reportStep(s run.State, phase, id, title string) reportedStep {
	st := s.Steps[id]
	step := reportedStep{
		Phase: phase, ID: id, Title: title, Status: s.StepStatus(id), Observed: s.Observed(id), Attested: st.Attested, Override: st.Override,
	}
	for _, c := range st.Checks {
		step.Evidence = append(step.Evidence, c.Result.Evidence...)
	}
	return step
}

func receiptOf(s run.State) *receipt {
	rb := s.Rollback
	return &receipt{
		Environment: rb.Env, By: rb.By, Because: rb.Because, Reason: rb.Reason, Pressed: rb.Pressed, Burnt: rb.Burnt,
		Verified: rb.Verified, Components: rollbackResultOf(s, false, time.Time{}).Components,
	}
}

// markdown is the report for people.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Run %s of %s\n\n", r.Run, r.Runbook)
	if r.Practice != "" {
		fmt.Fprintf(&b, "Practice: scenario %s.\n\n", r.Practice)
	}
	fmt.Fprintf(&b, "- Outcome: **%s**, verdict **%s**\n- Environment: %s\n- Operator: %s\n- Started: %s\n", r.Outcome, r.Verdict, r.Environment, r.Operator, stamp(r.Started))
	if !r.Ended.IsZero() {
		fmt.Fprintf(&b, "- Ended: %s (%s)\n", stamp(r.Ended), r.Ended.Sub(r.Started).Round(time.Second))
	}
	if len(r.Tripped) > 0 {
		fmt.Fprintf(&b, "- Tripped: %s\n", strings.Join(r.Tripped, ", "))
	}
	fmt.Fprintf(&b, "- Runbook digest: `%s`\n- Journal head: `%s`\n", r.Digest, r.Head)
	r.writeComponents(&b)
	r.writeReceipt(&b)
	r.writeSteps(&b)
	b.WriteString("\n## What happened\n\n")
	for _, line := range r.Log {
		fmt.Fprintf(&b, "- %s %s\n", stamp(line.At), cell(line.Text))
	}
	return b.String()
}

func (r report) writeComponents(b *strings.Builder) {
	b.WriteString("\n## Components\n\n| component | from | to | state |\n|---|---|---|---|\n")
	for _, c := range r.Components {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", c.Name, c.From, c.To, c.State)
	}
}

func (r report) writeReceipt(b *strings.Builder) {
	if r.Rollback == nil {
		return
	}
	fmt.Fprintf(b, "\n## Rollback of %s\n\nPressed %s by %s %s\n\n", r.Rollback.Environment, stamp(r.Rollback.Pressed), r.Rollback.By, cell(r.Rollback.Because))
	if r.Rollback.Reason != "" {
		fmt.Fprintf(b, "Reason: %s\n\n", cell(r.Rollback.Reason))
	}
	b.WriteString("| component | from | to | patched after | state |\n|---|---|---|---|---|\n")
	for _, c := range r.Rollback.Components {
		fmt.Fprintf(b, "| %s | %s | %s | %.0f ms | %s %s |\n", c.Name, c.From, c.To, c.PatchedAfterMs, c.State, cell(c.Error))
	}
}

func (r report) writeSteps(b *strings.Builder) {
	phase := ""
	for _, s := range r.Steps {
		if s.Phase != phase {
			phase = s.Phase
			fmt.Fprintf(b, "\n## %s\n\n| box | status | evidence |\n|---|---|---|\n", phase)
		}
		evidence := cell(s.Observed)
		if s.Attested != nil {
			evidence = fmt.Sprintf("attested by %s at %s: %s", s.Attested.By, stamp(s.Attested.At), cell(s.Attested.Note))
		}
		if s.Override != nil {
			evidence += fmt.Sprintf(" overridden by %s at %s: %s", s.Override.By, stamp(s.Override.At), cell(s.Override.Reason))
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", s.Title, s.Status, evidence)
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// cell keeps foreign text from breaking out of a table or of the document.
func cell(s run.Safe) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "`", "'").Replace(string(s))
}

func (a *app) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Check that a run's journal is whole and untouched",
		Args:  cobra.ExactArgs(1),
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		dir, err := runDir(args[0])
		if err != nil {
			return err
		}
		found, err := journal.Verify(dir)
		if err != nil {
			return couldNotLook(err)
		}
		if *format == "json" {
			err = a.writeJSON(verified(found))
		} else {
			_, err = fmt.Fprintln(a.out, verified(found).text())
		}
		if !found.OK() {
			return errors.Join(err, quiet(exitFailed))
		}
		return err
	}
	return cmd
}

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "List the runs on this machine, newest first", Args: cobra.NoArgs}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if err := checkFormat(*format, "text", "json"); err != nil {
			return err
		}
		root, err := journal.DefaultRoot()
		if err != nil {
			return failed(err)
		}
		infos, err := journal.List(root)
		if err != nil {
			return failed(err)
		}
		list := []summary{}
		for _, info := range infos {
			sum, err := summarise(info.Dir)
			if err != nil {
				sum = summary{Run: info.ID, Damage: run.MakeSafe(err.Error(), 300)}
			}
			list = append(list, sum)
		}
		if *format == "json" {
			return a.writeJSON(map[string]any{"runs": list})
		}
		for _, s := range list {
			fmt.Fprintln(a.out, s.text())
		}
		return nil
	}
	return cmd
}
