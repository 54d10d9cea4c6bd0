package process

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Local runs programs on this machine. Its zero value is ready.
//
// A program gets no shell, no input but Stdin, and no terminal: it is in a session of its own, so it can neither write past what
// is shown of it nor wait for an answer that nobody sees it ask for. When the context ends, its process group gets
// SIGTERM and, if it is still there after Grace, SIGKILL. What a program leaves running in its group is killed when it
// has ended: a check only looks. Of what left the group with a session of its own nothing is known and nothing is
// waited for.
type Local struct{}

var _ Runner = Local{}

const (
	// Grace is how long a program may take to end after SIGTERM.
	Grace = 2 * time.Second
	// linger is how long the streams of a program that has ended may stay open before its group is killed, and again
	// afterwards.
	linger = 200 * time.Millisecond
	// reaping is how long the kernel may take to end a killed program.
	reaping = time.Second
)

// Run runs the program to its end. Where it was killed, what it wrote until then is in the Output beside the error.
func (Local) Run(ctx context.Context, c Command) (Output, error) {
	if context.Cause(ctx) != nil {
		return Output{}, fmt.Errorf("run %s: %w", c.name(), context.Cause(ctx))
	}
	cmd, err := c.prepare()
	if err != nil {
		return Output{}, err
	}
	stdout, stderr, err := c.connect(cmd)
	if err != nil {
		return Output{}, fmt.Errorf("run %s: %w", c.name(), err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		stdout.abandon()
		stderr.abandon()
		return Output{}, c.notStarted(err)
	}
	stdout.begin()
	stderr.begin()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err, stopped := await(ctx, cmd, ended)
	settle(cmd, stdout, stderr)
	out := Output{Stdout: stdout.kept(), Stderr: stderr.kept(), Cut: stdout.cut || stderr.cut, Elapsed: time.Since(began)}
	if stopped {
		return out, fmt.Errorf("run %s: %w", c.name(), context.Cause(ctx))
	}
	return out, c.judge(&out, err)
}

// await waits until the program has ended, and stops it when ctx ends before.
func await(ctx context.Context, cmd *exec.Cmd, ended <-chan error) (err error, stopped bool) {
	select {
	case err := <-ended:
		return err, false
	case <-ctx.Done():
	}
	terminate(cmd)
	grace := time.NewTimer(Grace)
	defer grace.Stop()
	select {
	case err = <-ended:
		outlast(cmd, grace.C)
		return err, true
	case <-grace.C:
	}
	kill(cmd)
	reaped := time.NewTimer(reaping)
	defer reaped.Stop()
	select {
	case err = <-ended:
	case <-reaped.C: // the kernel holds it, as on a dead network disk; its end is not waited for
	}
	return err, true
}

// outlast gives the rest of the group what is left of the time: a script ends at once, the program that it ran may
// still be cleaning up.
func outlast(cmd *exec.Cmd, over <-chan time.Time) {
	look := time.NewTicker(10 * time.Millisecond) // nobody tells of the end of a child's child
	defer look.Stop()
	for alive(cmd) {
		select {
		case <-over:
			return
		case <-look.C:
		}
	}
}

// settle takes what is still in the streams and ends what the program left behind.
func settle(cmd *exec.Cmd, streams ...*stream) {
	deadline := time.Now().Add(linger)
	for _, s := range streams {
		s.await(time.Until(deadline))
	}
	kill(cmd)
	deadline = time.Now().Add(linger)
	for _, s := range streams {
		s.finish(time.Until(deadline))
	}
}

// judge fills the exit code in, or says that there is none.
func (c Command) judge(out *Output, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // what it left behind does not read its input
		return nil
	case !errors.As(err, &exit):
		return fmt.Errorf("run %s: %w", c.name(), err)
	case exit.ExitCode() < 0:
		return fmt.Errorf("run %s: it was killed (%s)", c.name(), exit.String())
	}
	out.Code = exit.ExitCode()
	return nil
}

// prepare makes the command with its program found, so that nothing is looked up twice.
func (c Command) prepare() (*exec.Cmd, error) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return nil, errors.New("run a program: none is named")
	}
	for _, text := range append(append([]string{c.Dir}, c.Argv...), c.Env...) {
		if strings.ContainsRune(text, 0) {
			return nil, fmt.Errorf("run %s: an argument or variable holds a NUL byte", c.name())
		}
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", c.name(), err)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("run %s: there is no directory %s", c.name(), c.Dir)
	}
	env := environment(os.Environ(), c.Env)
	path, err := find(c.Argv[0], dir, valueOf(env, "PATH"))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", c.name(), err)
	}
	cmd := &exec.Cmd{Path: path, Args: c.Argv, Dir: dir, Env: env, WaitDelay: linger} // its input may be left unread
	if c.Stdin != nil {
		cmd.Stdin = bytes.NewReader(c.Stdin)
	}
	detach(cmd)
	return cmd, nil
}

// connect gives the command a pipe for each stream.
func (c Command) connect(cmd *exec.Cmd) (stdout, stderr *stream, err error) {
	most := cmp.Or(max(c.MaxOutput, 0), DefaultOutput)
	if stdout, err = newStream(most); err != nil {
		return nil, nil, err
	}
	if stderr, err = newStream(most); err != nil {
		stdout.abandon()
		return nil, nil, err
	}
	cmd.Stdout, cmd.Stderr = stdout.write, stderr.write
	return stdout, stderr, nil
}

func (c Command) name() string {
	if len(c.Argv) == 0 {
		return "a program"
	}
	return c.Argv[0]
}

func (c Command) notStarted(err error) error {
	if errors.Is(err, fs.ErrNotExist) { // it was there a moment ago: its interpreter is not
		return fmt.Errorf("start %s: %w, or the program named in its first line", c.name(), ErrNotFound)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("start %s: %w", c.name(), err)
}

// find resolves a program to an absolute path. A bare name is looked for in the absolute directories of PATH only:
// the working directory may be a checkout that others write to. A path is relative to where the program will run.
func find(name, dir, path string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return executable(name)
	}
	var refused error
	for _, place := range filepath.SplitList(path) {
		if !filepath.IsAbs(place) {
			continue
		}
		found, err := executable(filepath.Join(place, name))
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, ErrNotFound) {
			refused = err
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", fmt.Errorf("%w in PATH; install it, or write its path", ErrNotFound)
}

func executable(path string) (string, error) {
	found, err := exec.LookPath(path) // of a path it only asks whether it can be run
	switch {
	case err == nil:
		return found, nil
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%s is not executable: %w", path, fs.ErrPermission)
	}
	return "", fmt.Errorf("%w: %s", ErrNotFound, path)
}
