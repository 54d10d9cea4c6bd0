package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook/journal"
)

// copied is a copy of a run's directory under the same id in a state directory of the test's own, which the program
// then uses.
func copied(t *testing.T, id string) string {
	t.Helper()
	dir, err := runDir(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	root, err := journal.DefaultRoot()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(root, id)
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(os.DirFS(dir), "*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// change rewrites a run's journal.
func change(t *testing.T, dir string, how func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, "journal.jsonl")
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, how(data), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	id := thursdayRun(t).Run
	text := must(t, exitDone, "report", id).out
	for _, want := range []string{
		"# Run " + id + " of deployment", "scenario thursday", "**rolled-back**, verdict **fail**", "Tripped: error-rate", "Operator: trainee",
		"| api | registry.example/api:v1.4.1 | registry.example/api:v1.4.2 | took |", "## Rollback of production", "## Phase 2: Production Deployment",
		"| Infrastructure Ready | passed |", "attested by trainee", "Journal head",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	page := filepath.Join(t.TempDir(), "run.html")
	if s := must(t, exitDone, "report", id, "--to", page); s.out != "" || !strings.Contains(s.err, page) {
		t.Errorf("got %q, %q", s.out, s.err)
	}
	data, err := os.ReadFile(page)
	if err != nil || !strings.HasPrefix(string(data), "<!DOCTYPE html>") || strings.Count(string(data), "<svg viewBox") < 8 || !strings.Contains(string(data), "tripped, above 5.03 %") {
		t.Errorf("the page is %.200s, %v", data, err)
	}
	var told struct {
		outcome
		Environment string
		Head        string
		Journal     struct{ Whole bool }
		Charts      []struct{ Metric string }
		Rollouts    []struct{ Spans []struct{ Kind string } }
		Steps       []struct{ ID, Status string }
		Rollback    struct{ Components []struct{ State string } }
		Log         []struct{ Text string }
	}
	must(t, exitDone, "report", id, "-o", "json").into(t, &told)
	if told.Run != id || told.Outcome != "rolled-back" || told.Environment != "production" || len(told.Rollback.Components) != 4 || len(told.Log) == 0 {
		t.Errorf("got %+v", told)
	}
	if !told.Journal.Whole || len(told.Charts) < 10 || len(told.Rollouts) != 2 {
		t.Errorf("got journal %+v, %d charts, %d rollouts", told.Journal, len(told.Charts), len(told.Rollouts))
	}
	if len(told.Steps) < 30 {
		t.Errorf("%d steps", len(told.Steps))
	}
}

func TestRunsListsThem(t *testing.T) {
	t.Parallel()
	id := thursdayRun(t).Run
	var list struct {
		Runs []struct{ Run, Runbook, Practice, Outcome string }
	}
	must(t, exitDone, "runs", "-o", "json").into(t, &list)
	for _, r := range list.Runs {
		if r.Run == id && (r.Runbook != "deployment" || r.Practice != "thursday" || r.Outcome != "rolled-back") {
			t.Errorf("got %+v", r)
		}
	}
	if text := must(t, exitDone, "runs").out; !strings.Contains(text, id) {
		t.Errorf("%s is not in\n%s", id, text)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	id := thursdayRun(t).Run
	var v struct {
		Whole   bool
		Records int
		Head    string
	}
	must(t, exitDone, "verify", id, "-o", "json").into(t, &v)
	if !v.Whole || v.Records < 50 || v.Head == "" {
		t.Errorf("got %+v", v)
	}
	if text := must(t, exitDone, "verify", id).out; !strings.HasPrefix(text, "whole: ") {
		t.Errorf("got %s", text)
	}
}

// A single bit is enough, and its record is named.
func TestVerifyFindsDamage(t *testing.T) {
	id := thursdayRun(t).Run
	dir := copied(t, id)
	must(t, exitDone, "verify", id)
	damaged := 0
	change(t, dir, func(b []byte) []byte {
		damaged = 1 + bytes.Count(b[:len(b)/2], []byte("\n"))
		at := bytes.LastIndexByte(b[:len(b)/2], '\n') + 80 // within the payload of the line in the middle
		b[at] ^= 1
		return b
	})
	s := must(t, exitFailed, "verify", id)
	if !strings.HasPrefix(s.out, "DAMAGED: ") || !strings.Contains(s.out, fmt.Sprintf("journal.jsonl:%d: damaged at byte ", damaged)) {
		t.Errorf("got %s", s.out)
	}
	var v struct {
		Whole   bool
		Records int
		Flaw    string
	}
	must(t, exitFailed, "verify", id, "-o", "json").into(t, &v)
	if v.Whole || v.Records != damaged-1 || v.Flaw == "" {
		t.Errorf("record %d was damaged, got %+v", damaged, v)
	}
	must(t, exitFailed, "resume", id, "--auto")
	must(t, exitDone, "runs")

	told := must(t, exitFailed, "report", id) // what stands before the damage, and that it is there
	if !strings.Contains(told.out, "the journal is not whole") || !strings.Contains(told.out, "deploy to staging done") || !strings.Contains(told.err, "damaged") {
		t.Errorf("the report of a damaged run says %s\n%.1500s", told.err, told.out)
	}
}

// A crash in the middle of a line is no damage, and a lost runbook no reason to say nothing.
func TestReportOfWhatIsLeft(t *testing.T) {
	id := thursdayRun(t).Run
	dir := copied(t, id)
	change(t, dir, func(b []byte) []byte { return b[:len(b)-7] })
	if s := must(t, exitDone, "report", id); !strings.Contains(s.out, "cut short by a crash") || !strings.Contains(s.out, "the run is not over") {
		t.Errorf("the report of a torn journal says %.1500s", s.out)
	}
	if err := os.Remove(filepath.Join(dir, planFile)); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"markdown", "html", "json"} {
		if s := must(t, exitDone, "report", id, "-o", format); !strings.Contains(s.out, "read its runbook") || !strings.Contains(s.out, "rollback.took") {
			t.Errorf("the report without a runbook says %.1500s", s.out)
		}
	}
	change(t, dir, func([]byte) []byte { return []byte("nothing of a journal\n") })
	if s := must(t, exitFailed, "report", id); s.out != "" || !strings.Contains(s.err, id) {
		t.Errorf("the report of no journal says %s%s", s.out, s.err)
	}
}

func TestPracticeIsNotResumed(t *testing.T) {
	t.Parallel()
	if s := must(t, exitFailed, "resume", thursdayRun(t).Run, "--auto"); !strings.Contains(s.err, "is over") {
		t.Errorf("got %s", s.err)
	}
}

const byHand = `apiVersion: sop/v1
kind: Runbook
metadata: {name: hand, title: By hand, version: 1.0.0}
environments: {there: {namespace: there}}
phases:
  - id: only
    title: Only
    sections:
      - steps: [{id: look, title: Look at it, how: With your eyes.}]
`

// A run that waits goes on under the same id: not twice at the same time, not when its record was tampered with, not
// with another runbook.
func TestResume(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var begun, resumed outcome
	must(t, exitPerson, "run", write(t, "hand.yaml", byHand), "--auto", "-o", "json").into(t, &begun)
	must(t, exitPerson, "resume", "--auto", "-o", "json").into(t, &resumed)
	if resumed.Run != begun.Run || resumed.Outcome != "needs-person" {
		t.Errorf("got %+v, began as %+v", resumed, begun)
	}
	dir, err := runDir(begun.Run)
	if err != nil {
		t.Fatal(err)
	}

	j, _, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := must(t, exitFailed, "resume", begun.Run, "--auto"); !strings.Contains(s.err, begun.Run) || s.out != "" {
		t.Errorf("while another program has the run: %s%s", s.out, s.err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	must(t, exitPerson, "resume", begun.Run, "--auto")

	file := filepath.Join(dir, planFile)
	changed := strings.Replace(byHand, "With your eyes.", "Not at all.", 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := must(t, exitFailed, "resume", begun.Run, "--auto"); !strings.Contains(s.err, "its runbook was changed after it began") {
		t.Errorf("with another runbook: %s", s.err)
	}
	if err := os.WriteFile(file, []byte(byHand), 0o600); err != nil {
		t.Fatal(err)
	}

	change(t, dir, func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }) // the first line is gone
	if s := must(t, exitFailed, "resume", begun.Run, "--auto"); !strings.Contains(s.err, "journal") {
		t.Errorf("with a damaged journal: %s", s.err)
	}
}

// A line that a crash cut in two is no damage: the run goes on, and the repair is on record.
func TestResumeHealsTornTail(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var begun outcome
	must(t, exitPerson, "run", write(t, "hand.yaml", byHand), "--auto", "-o", "json").into(t, &begun)
	dir, err := runDir(begun.Run)
	if err != nil {
		t.Fatal(err)
	}
	must(t, exitPerson, "resume", begun.Run, "--auto") // has a record of its own, which the crash tears
	change(t, dir, func(b []byte) []byte { return b[:len(b)-7] })
	must(t, exitFailed, "verify", begun.Run)
	must(t, exitPerson, "resume", begun.Run, "--auto")
	if s := must(t, exitDone, "verify", begun.Run); !strings.Contains(s.out, "1 repairs") {
		t.Errorf("got %s", s.out)
	}
}
