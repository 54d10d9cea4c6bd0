//go:build unix

package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// role is the variable that makes the test binary one of the little programs below.
const role = "SOP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if program, ok := programs[os.Getenv(role)]; ok {
		os.Exit(program())
	}
	os.Exit(m.Run())
}

var programs = map[string]func() int{
	"echo": func() int {
		fmt.Print(strings.Join(os.Args[1:], "\n"))
		fmt.Fprint(os.Stderr, "said to stderr")
		return 0
	},
	"exit": func() int { n, _ := strconv.Atoi(os.Args[1]); return n },
	"env":  func() int { fmt.Print(strings.Join(os.Environ(), "\n")); return 0 },
	"where": func() int {
		dir, _ := os.Getwd()
		fmt.Print(dir)
		return 0
	},
	"stdin": func() int {
		n, err := os.Stdin.Read(make([]byte, 1))
		fmt.Print(n, err)
		return 0
	},
	"cat": func() int {
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			return 1
		}
		return 0
	},
	"terminal": func() int {
		_, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		fmt.Print(err)
		return 0
	},
	"much": func() int {
		line := bytes.Repeat([]byte("x"), 1023)
		for range 8 << 10 {
			os.Stdout.Write(append(line, '\n'))
			os.Stderr.Write(append(line, '\n'))
		}
		fmt.Print("the end")
		return 0
	},
	"dies": func() int {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
	// deaf ignores SIGTERM and says its number once it does.
	"deaf": func() int {
		signal.Ignore(syscall.SIGTERM)
		return ready()
	},
	"hangs": func() int {
		signal.Reset(syscall.SIGTERM)
		return ready()
	},
	"polite": func() int {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		tell()
		<-asked
		fmt.Print("cleaned up")
		return 3
	},
	// parent leaves a child behind that holds its streams, runaway one with a session of its own.
	"parent":  func() int { return leave(false) },
	"runaway": func() int { return leave(true) },
	// family waits for its child, which is deaf; itself it is not.
	"family": func() int {
		child := exec.Command(os.Args[0], os.Args[1])
		child.Env = append(os.Environ(), role+"=deaf")
		_ = child.Run()
		return 0
	},
	"holds": func() int { return hang() },
}

func leave(session bool) int {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), role+"=holds")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	pipe, err := os.OpenFile(os.Args[1], os.O_WRONLY, 0)
	if err != nil {
		return 1
	}
	child.ExtraFiles = []*os.File{pipe}
	if err := child.Start(); err != nil {
		return 1
	}
	fmt.Fprintln(pipe, child.Process.Pid)
	fmt.Print("left it")
	return 0
}

// ready says who it is and never ends. The pipe stays open as long as it lives.
func ready() int {
	tell()
	return hang()
}

func hang() int {
	never := time.NewTimer(time.Minute) // a safety net, should the killing fail
	<-never.C
	return 0
}

// lifeline keeps the pipe from being closed by the garbage collector.
var lifeline *os.File

func tell() {
	lifeline, _ = os.OpenFile(os.Args[1], os.O_WRONLY, 0)
	fmt.Fprintln(lifeline, os.Getpid())
}

func run(t *testing.T, ctx context.Context, program string, c Command) (Output, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.Argv = append([]string{self}, c.Argv...)
	c.Env = append(c.Env, role+"="+program, "GORACE=atexit_sleep_ms=0")
	return Local{}.Run(ctx, c)
}

func TestAProgramThatEnds(t *testing.T) {
	out, err := run(t, t.Context(), "echo", Command{Argv: []string{"a b", "$(id)", "; rm -rf /", "*", "-n", "é\n"}})
	if err != nil || out.Code != 0 || out.Cut {
		t.Errorf("%+v, %v", out, err)
	}
	if got := string(out.Stdout); got != "a b\n$(id)\n; rm -rf /\n*\n-n\né\n" {
		t.Errorf("the arguments came as %q", got)
	}
	if string(out.Stderr) != "said to stderr" || out.Elapsed <= 0 {
		t.Errorf("stderr %q, elapsed %v", out.Stderr, out.Elapsed)
	}
	for _, code := range []int{1, 2, 127, 255} {
		out, err := run(t, t.Context(), "exit", Command{Argv: []string{strconv.Itoa(code)}})
		if err != nil || out.Code != code {
			t.Errorf("exit %d: %d, %v", code, out.Code, err)
		}
	}
}

func TestWhatAProgramIsGiven(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "hunter2")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
	t.Setenv("LC_TIME", "C")
	t.Setenv("TZ", "Europe/Berlin")
	t.Setenv("TERM", "xterm-256color")
	out, err := run(t, t.Context(), "env", Command{Env: []string{"TZ=UTC", "MINE=1"}})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(out.Stdout), "\n")
	for _, line := range []string{"LC_TIME=C", "TZ=UTC", "TERM=dumb", "NO_COLOR=1", "MINE=1", "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(got, line) {
			t.Errorf("%s is missing in %q", line, got)
		}
	}
	if strings.Contains(string(out.Stdout), "hunter2") || strings.Contains(string(out.Stdout), "xterm") {
		t.Errorf("more than the allowed variables: %q", got)
	}
	dir, _ := filepath.EvalSymlinks(t.TempDir())
	if out, err = run(t, t.Context(), "where", Command{Dir: dir}); err != nil || string(out.Stdout) != dir {
		t.Errorf("it ran in %q (%v), want %q", out.Stdout, err, dir)
	}
	if out, err = run(t, t.Context(), "stdin", Command{}); err != nil || string(out.Stdout) != "0 EOF" {
		t.Errorf("stdin gave %q (%v)", out.Stdout, err)
	}
	if out, err = run(t, t.Context(), "stdin", Command{Stdin: []byte{}}); err != nil || string(out.Stdout) != "0 EOF" {
		t.Errorf("an empty stdin gave %q (%v)", out.Stdout, err)
	}
	text := strings.Repeat("v2 is out; $HOME `x` \x00\n", 10<<10) // more than a pipe holds
	if out, err = run(t, t.Context(), "cat", Command{Stdin: []byte(text), MaxOutput: 1 << 20}); err != nil || string(out.Stdout) != text {
		t.Errorf("of %d bytes on stdin it read %d (%v)", len(text), len(out.Stdout), err)
	}
	// One that reads nothing of it ends as well as it ends.
	if out, err = run(t, t.Context(), "exit", Command{Stdin: []byte(text), Argv: []string{"3"}}); err != nil || out.Code != 3 {
		t.Errorf("a program that does not read its stdin: %d (%v)", out.Code, err)
	}
	if out, err = run(t, t.Context(), "terminal", Command{}); err != nil || !strings.Contains(string(out.Stdout), "/dev/tty") {
		t.Errorf("it has a terminal: %q (%v)", out.Stdout, err)
	}
}

func TestMuchOutputIsReadAndCut(t *testing.T) {
	out, err := run(t, t.Context(), "much", Command{})
	if err != nil || !out.Cut || len(out.Stdout) != DefaultOutput || len(out.Stderr) != DefaultOutput || !bytes.HasSuffix(out.Stdout, []byte("the end")) {
		t.Errorf("%d and %d bytes, cut %v, %v", len(out.Stdout), len(out.Stderr), out.Cut, err)
	}
	out, err = run(t, t.Context(), "echo", Command{Argv: []string{"0123456789"}, MaxOutput: 4})
	if err != nil || !out.Cut || string(out.Stdout) != "6789" || string(out.Stderr) != "derr" {
		t.Errorf("%q %q cut %v, %v", out.Stdout, out.Stderr, out.Cut, err)
	}
	out, err = run(t, t.Context(), "echo", Command{Argv: []string{"0123"}, MaxOutput: 14})
	if err != nil || out.Cut || string(out.Stdout) != "0123" {
		t.Errorf("%q cut %v, %v", out.Stdout, out.Cut, err)
	}
}

func TestNotStarted(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("plain", "x", 0o644)
	write("orphan", "#!/no/such/interpreter\n", 0o755)
	write("here", "#!/bin/sh\nexit 0\n", 0o755)
	t.Chdir(dir)
	for _, c := range []struct {
		name string
		c    Command
		is   error
		word string
	}{
		{"none", Command{}, nil, "none is named"},
		{"no such name", Command{Argv: []string{"no-such-program-here"}}, ErrNotFound, "PATH"},
		{"no such path", Command{Argv: []string{"./nothing"}}, ErrNotFound, "nothing"},
		{"a directory", Command{Argv: []string{dir}}, nil, dir},
		{"not executable", Command{Argv: []string{"./plain"}}, fs.ErrPermission, "not executable"},
		{"no interpreter", Command{Argv: []string{"./orphan"}}, ErrNotFound, "first line"},
		{"only in the working directory", Command{Argv: []string{"here"}, Env: []string{"PATH=.::relative"}}, ErrNotFound, "PATH"},
		{"no directory", Command{Argv: []string{"sh"}, Dir: "nowhere"}, nil, "no directory nowhere"},
		{"a NUL", Command{Argv: []string{"sh", "a\x00b"}}, nil, "NUL"},
		{"a NUL in the environment", Command{Argv: []string{"sh"}, Env: []string{"A=\x00"}}, nil, "NUL"},
	} {
		_, err := Local{}.Run(t.Context(), c.c)
		if err == nil || !strings.Contains(err.Error(), c.word) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := (Local{}).Run(t.Context(), Command{Argv: []string{"./here"}}); err != nil {
		t.Errorf("a path relative to where it runs: %v", err)
	}
	if _, err := (Local{}).Run(t.Context(), Command{Argv: []string{"here"}, Env: []string{"PATH=" + dir}}); err != nil {
		t.Errorf("a PATH of its own: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("over")
	cancel(why)
	if _, err := (Local{}).Run(ctx, Command{Argv: []string{"./here"}}); !errors.Is(err, why) {
		t.Errorf("after the end: %v", err)
	}
}

func TestKilledByASignal(t *testing.T) {
	if _, err := run(t, t.Context(), "dies", Command{}); err == nil || !strings.Contains(err.Error(), "killed (signal: killed)") {
		t.Errorf("%v", err)
	}
}

// life is a pipe whose other end a program holds as long as it lives.
type life struct {
	t    *testing.T
	path string
	from *bufio.Reader
}

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, path: filepath.Join(t.TempDir(), "life")}
	if err := syscall.Mkfifo(l.path, 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

// pid waits until the program says that it is ready.
func (l *life) pid() int {
	pipe, err := os.Open(l.path)
	if err != nil {
		l.t.Error(err)
		return 0
	}
	l.t.Cleanup(func() { pipe.Close() })
	l.from = bufio.NewReader(pipe)
	line, _ := l.from.ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		l.t.Errorf("the program said %q", line)
	}
	return pid
}

// over waits until nobody holds the pipe any more.
func (l *life) over() { _, _ = l.from.ReadString(0) }

func TestStopped(t *testing.T) {
	for _, c := range []struct {
		program string
		atLeast time.Duration
		output  string
	}{
		{"hangs", 0, ""},
		{"polite", 0, "cleaned up"},
		{"deaf", Grace, ""},
		{"family", Grace, ""},
	} {
		t.Run(c.program, func(t *testing.T) {
			t.Parallel()
			program := newLife(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			why := errors.New("out of time")
			var asked time.Time
			go func() {
				program.pid()
				asked = time.Now()
				cancel(why)
			}()
			out, err := run(t, ctx, c.program, Command{Argv: []string{program.path}})
			took := time.Since(asked)
			if !errors.Is(err, why) || string(out.Stdout) != c.output {
				t.Errorf("%q, %v", out.Stdout, err)
			}
			if took < c.atLeast || took > c.atLeast+20*time.Second { // by itself it would go on for a minute
				t.Errorf("stopping took %v", took)
			}
			program.over()
		})
	}
}

func TestWhatIsLeftBehind(t *testing.T) {
	for _, program := range []string{"parent", "runaway"} {
		t.Run(program, func(t *testing.T) {
			left := newLife(t)
			told := make(chan int, 1)
			go func() { told <- left.pid() }()
			began := time.Now()
			out, err := run(t, t.Context(), program, Command{Argv: []string{left.path}})
			pid := <-told
			if err != nil || string(out.Stdout) != "left it" || out.Code != 0 {
				t.Errorf("%q, %v", out.Stdout, err)
			}
			if took := time.Since(began); took > 30*time.Second { // what it left behind would stay for a minute
				t.Errorf("it was waited for: %v", took)
			}
			if program == "runaway" {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil || !out.Cut {
					t.Errorf("cut %v, %v: what has a session of its own is neither waited for nor killed", out.Cut, err)
				}
			}
			left.over()
		})
	}
}

// TestNothingLeaks runs many programs, also stopped ones, and looks for goroutines and files that stay.
func TestNothingLeaks(t *testing.T) {
	files := func() int {
		entries, _ := os.ReadDir("/dev/fd")
		return len(entries)
	}
	once := func() {
		_, _ = run(t, t.Context(), "echo", Command{})
		_, _ = Local{}.Run(t.Context(), Command{Argv: []string{"no-such-program-here"}})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _ = run(t, ctx, "holds", Command{})
	}
	once()
	goroutines, open := runtime.NumGoroutine(), files()
	for range 5 {
		once()
	}
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines are left, %d were there", n, goroutines)
	}
	if n := files(); n > open {
		t.Errorf("%d files are open, %d were", n, open)
	}
}
