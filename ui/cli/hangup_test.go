package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// seat is a program on a terminal of its own.
type seat struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	ended  chan struct{}
	before term.State
	code   int

	mu   sync.Mutex
	seen bytes.Buffer // all that was drawn
}

// sit starts a command of this test binary on a new terminal.
func sit(t *testing.T, name string, args ...string) *seat {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &seat{t: t, cmd: exec.Command(path, args...), ended: make(chan struct{})}
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s.master = master
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 30, Cols: 120}); err != nil {
		t.Fatal(err)
	}
	s.before = s.settings()
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			s.mu.Lock()
			s.seen.Write(b[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() {
		_ = s.cmd.Wait()
		s.code = s.cmd.ProcessState.ExitCode()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		<-s.ended
		master.Close()
	})
	return s
}

// settings are those of the terminal. The file is asked behind its back: once it gave its descriptor away, a read of it
// would keep it open.
func (s *seat) settings() term.State {
	s.t.Helper()
	raw, err := s.master.SyscallConn()
	if err != nil {
		s.t.Fatal(err)
	}
	var now *term.State
	if failed := raw.Control(func(fd uintptr) { now, err = term.GetState(int(fd)) }); failed != nil || err != nil {
		s.t.Fatal(failed, err)
	}
	return *now
}

func (s *seat) drawn() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// shows waits until all of the texts were drawn.
func (s *seat) shows(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		eventually(s.t, fmt.Sprintf("drawn: %q", text), func() bool { return strings.Contains(s.drawn(), text) })
	}
}

func (s *seat) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, keys); err != nil {
		s.t.Fatal(err)
	}
}

// hangUp closes the terminal, of which the kernel tells the program as soon as nobody reads it any more, and tells it
// once more, as a shell does that ends.
func (s *seat) hangUp() {
	s.t.Helper()
	s.master.Close()
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
}

func (s *seat) ends(code int) {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(soon):
		s.t.Fatal("it does not end")
	}
	if s.code != code {
		s.t.Errorf("exit code %d, want %d:\n%s", s.code, code, tail(s.drawn()))
	}
}

func (s *seat) runs() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// restored asks whether the terminal is as it was: its settings, the normal screen, the cursor.
func (s *seat) restored() {
	s.t.Helper()
	if now := s.settings(); now != s.before {
		s.t.Errorf("the terminal's settings are %+v, were %+v", now, s.before)
	}
	for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?1004h": "\x1b[?1004l"} {
		eventually(s.t, fmt.Sprintf("%q taken back by %q", on, off), func() bool { // what was written last may be on its way
			drawn := s.drawn()
			return strings.LastIndex(drawn, on) <= strings.LastIndex(drawn, off)
		})
	}
}

// lasting is a runbook whose canary takes a while, and that waits for a person afterwards.
const lasting = `apiVersion: sop/v1
kind: Runbook
metadata: {name: lasting, title: Lasting, version: 1.0.0}
environments:
  production: {namespace: production}
components:
  web: {workload: deployment/web, container: web, image: 'registry.example/web:v1.4.2'}
phases:
  - id: only
    title: Only
    sections:
      - steps:
          - {id: move, title: Move it, deploy: {strategy: canary, steps: [50%, 100%], hold: 1s}}
          - {id: look, title: Look at it, how: With your eyes.}
rollback:
  fuse: 500ms
  settle: 1s
  steps:
    - {id: back, title: Go back, rollback: {do: undo}}
`

// story is what the journal of the only run in a state directory holds.
type story struct{ dir string }

func theOnlyRun(t *testing.T) story {
	t.Helper()
	root, err := journal.DefaultRoot()
	if err != nil {
		t.Fatal(err)
	}
	var dir string
	eventually(t, "a run", func() bool {
		runs, err := journal.List(root)
		if err == nil && len(runs) == 1 && runs[0].Records > 0 {
			dir = runs[0].Dir
		}
		return dir != ""
	})
	return story{dir}
}

// tells waits for a record of that kind with that text in it, and returns who caused it.
func (s story) tells(t *testing.T, kind, text string) (actor string) {
	t.Helper()
	found := false
	eventually(t, fmt.Sprintf("on record: %s %s", kind, text), func() bool {
		records, _, _ := journal.Read(s.dir) // it is being written
		for _, r := range records {
			if r.Kind == kind && strings.Contains(string(r.Data), text) {
				actor, found = r.Actor, true
			}
		}
		return found
	})
	return actor
}

// The terminal of a run is lost in the middle of a canary: the canary goes on to its end. Whoever attaches has the run
// in hand, and R rolls back. Then the process is killed: attach says how to go on.
func TestARunOutlivesItsTerminal(t *testing.T) {
	at := served(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("KUBECONFIG", at.Kubeconfig)
	first := sit(t, "sop", "run", write(t, "lasting.yaml", lasting))
	first.shows("Move it")
	first.types("s")
	first.shows("Deploy to PRODUCTION")
	first.types("y")
	told := theOnlyRun(t)
	told.tells(t, "wish.move", "")
	first.hangUp()

	if by := told.tells(t, "note", "terminal was lost"); by != system {
		t.Errorf("the loss is noted by %s", by)
	}
	told.tells(t, "deploy.finished", "")
	if !first.runs() {
		t.Fatalf("the process ended with code %d", first.code)
	}
	if err := first.cmd.Process.Signal(syscall.SIGHUP); err != nil { // a second one is nothing new
		t.Fatal(err)
	}

	id := told.dir[strings.LastIndexByte(told.dir, '/')+1:]
	second := sit(t, "sop", "attach", id)
	second.shows("attached, in control")
	third := sit(t, "sop", "attach", id)
	third.shows("attached, read only")
	third.types("R")
	third.shows("has the run in hand")
	third.types("q")
	third.ends(exitDone)
	third.restored()

	second.types("R")
	if by := told.tells(t, "rollback.pressed", ""); by != operatorName() {
		t.Errorf("R was pressed by %s", by)
	}
	told.tells(t, "rollback.took", "web")

	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	second.shows("the process of this run is gone")
	second.types("\x03") // also out of the question for the reason, if it is there
	second.ends(exitFailed)
	second.restored()
	must(t, exitFailed, "attach", id, "--plain")
	if s := call("attach", id, "--plain"); !strings.Contains(s.err, "sop resume "+id) {
		t.Errorf("got %s", s.err)
	}
}

// Without a screen the process still obeys SIGTERM, in order; and so it does with one, and gives the terminal back.
func TestSIGTERMEndsARunWithAndWithoutATerminal(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, mode := range [][]string{nil, {"--plain"}} {
		for _, lost := range []bool{false, true} {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			s := sit(t, "sop", append([]string{"run", write(t, "hand.yaml", byHand)}, mode...)...)
			s.shows("Look at it")
			told := theOnlyRun(t)
			if lost {
				s.hangUp()
				told.tells(t, "note", "terminal was lost")
			}
			if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			s.ends(exitInterrupted)
			if !lost {
				s.restored()
				s.shows("sop resume ")
			}
			if pid := journal.LivePID(told.dir); pid != 0 {
				t.Errorf("process %d has the run open", pid)
			}
			if _, err := os.Stat(told.dir + "/" + socketName); err == nil {
				t.Error("its socket is still there")
			}
		}
	}
}

// broken is a Session whose time panics once the screens are up.
type broken struct {
	states chan run.State
	first  time.Time
}

func (b *broken) States() <-chan run.State { return b.states }

func (b *broken) Latest() run.State { return run.State{} }

func (b *broken) Send(run.Intent) {}

func (b *broken) Now() time.Time {
	if b.first.IsZero() {
		b.first = time.Now()
	}
	if time.Since(b.first) > 700*time.Millisecond { // the screens are up, and ask once a second
		panic("no time left")
	}
	return b.first
}

// panicking shows the broken session: a command of this test binary.
func panicking() {
	if err := ui.Show(context.Background(), &broken{}, ui.Options{}); errors.Is(err, ui.ErrScreens) {
		os.Exit(7)
	}
	os.Exit(1)
}

func TestAPanicGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	s := sit(t, "sop-panics")
	s.shows("\x1b[?1049h", "no time left")
	s.ends(7)
	s.restored()
}

// Who comes back line by line to a run that lost its terminal has it in hand.
func TestPlainComesBackToARun(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	first := sit(t, "sop", "run", write(t, "hand.yaml", byHand))
	first.shows("Look at it")
	told := theOnlyRun(t)
	first.hangUp()
	told.tells(t, "note", "terminal was lost")
	second := sit(t, "sop", "attach", told.dir[strings.LastIndexByte(told.dir, '/')+1:], "--plain")
	second.shows("R and enter rolls back at any time", "tick it")
	second.types("1\r")
	second.shows("Note for Look at it")
	second.types("by eye\r")
	if by := told.tells(t, "step.attested", "by eye"); by != operatorName() {
		t.Errorf("ticked by %s", by)
	}
	second.types("q\r")
	second.shows("Leave this run?")
	second.types("yes\r")
	second.ends(exitDone)
	second.shows("goes on in process")
}
