package journal

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// childEnv makes the test binary a process that appends until it is killed.
const childEnv = "JOURNAL_TEST_CHILD"

// runChild opens the run in dir, or makes it, and prints the head after each acknowledged record.
func runChild(dir string) {
	opts := Options{Reserve: -1}
	j, _, err := Open(dir, opts)
	if errors.Is(err, os.ErrNotExist) {
		j, err = Create(filepath.Dir(dir), filepath.Base(dir), opts)
	}
	for n := 0; err == nil; n++ {
		if _, err = j.Append(epoch, "child", "counted", strings.Repeat("x", n%700)); err == nil {
			fmt.Println(j.Head())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startChild returns when the child has acknowledged so many records; acks are their heads.
func startChild(t *testing.T, dir string, records int) (cmd *exec.Cmd, acks []string, out *bufio.Scanner) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	out = bufio.NewScanner(pipe)
	for len(acks) < records && out.Scan() {
		acks = append(acks, out.Text())
	}
	if len(acks) < records {
		t.Fatalf("the child ended after %d records", len(acks))
	}
	return cmd, acks, out
}

// P1: what was acknowledged before kill -9 is there after it, over several lives of one run.
func TestAcknowledgedRecordsSurviveKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), testID)
	var acks []string
	for life := range 4 {
		cmd, got, out := startChild(t, dir, 20+7*life)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for out.Scan() {
			got = append(got, out.Text())
		}
		_ = cmd.Wait() // it was killed, so this is an error
		acks = append(acks, got...)
		recs, _, err := Read(dir)
		if err != nil && !errors.Is(err, ErrTorn) {
			t.Fatal(err)
		}
		for _, ack := range acks {
			head, err := ParseHead(ack)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckAnchor(recs, head); err != nil {
				t.Fatalf("life %d: record %d was acknowledged: %v", life, head.Seq, err)
			}
		}
	}
	j, recs, err := Open(dir, quick())
	if err != nil || len(recs) < len(acks) {
		t.Fatalf("%d records of %d acknowledged ones: %v", len(recs), len(acks), err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// A second process is refused and told who is in the way; readers are not, and a dead process is not in the way.
func TestSecondProcessIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), testID)
	cmd, acks, _ := startChild(t, dir, 3)
	_, _, err := Open(dir, quick())
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != cmd.Process.Pid || !strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
		t.Errorf("open beside process %d: %v", cmd.Process.Pid, err)
	}
	recs, _, err := Read(dir)
	if err != nil || len(recs) < len(acks) {
		t.Errorf("read beside a writer: %d records, %v", len(recs), err)
	}
	runs, err := List(filepath.Dir(dir))
	if err != nil || len(runs) != 1 || runs[0].LivePID != cmd.Process.Pid || runs[0].Err != nil {
		t.Errorf("list beside a writer: %+v, %v", runs, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed, so this is an error
	if runs, err := List(filepath.Dir(dir)); err != nil || runs[0].LivePID != 0 {
		t.Errorf("list after its death: %+v, %v", runs, err)
	}
	j, _, err := Open(dir, quick())
	if err != nil {
		t.Fatalf("open after its death: %v", err)
	}
	if _, _, err := Open(dir, quick()); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("open twice in one process: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
