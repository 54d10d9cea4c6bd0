package ui

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// ErrTerminalLost is what Show returns when there is no terminal any more: closed, cut off, or its tmux killed. The run
// goes on; who called Show decides what that means.
var ErrTerminalLost = errors.New("the terminal is gone")

// ErrScreens is in what Show returns when the screens themselves failed. The terminal is as it was before.
var ErrScreens = errors.New("the screens failed")

// terminal is what the screens read from and draw on, until it is lost. From then on nothing is written to it, for
// what comes at the end of a program could otherwise wait for a line that nobody answers.
type terminal struct {
	once sync.Once
	lost chan struct{}
	end  context.CancelFunc // of the screens
}

// hold watches over the terminal until ctx ends: hangup tells that it is gone, and so does a read that ends.
func hold(ctx context.Context, hangup <-chan struct{}) (*terminal, context.Context) {
	ctx, end := context.WithCancel(ctx)
	t := &terminal{lost: make(chan struct{}), end: end}
	go func() {
		select {
		case <-hangup:
			t.lose()
		case <-ctx.Done():
		}
	}()
	return t, ctx
}

func (t *terminal) lose() {
	t.once.Do(func() {
		close(t.lost)
		t.end()
	})
}

func (t *terminal) isLost() bool {
	select {
	case <-t.lost:
		return true
	default:
		return false
	}
}

// options make Bubble Tea use the terminal through here. Where stdin is something else, it opens the terminal itself.
func (t *terminal) options() []tea.ProgramOption {
	list := []tea.ProgramOption{tea.WithOutput(display{os.Stdout, t}), tea.WithoutSignalHandler()}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		list = append(list, tea.WithInput(keyboard{os.Stdin, t}))
	}
	return list
}

// HungUp tells whether a file that was a terminal is none any more: its other end is closed. A read of it may end a
// moment before the kernel says anything else of that.
func HungUp(f *os.File) bool {
	if !term.IsTerminal(int(f.Fd())) {
		return true
	}
	look := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(look, 0)
	return err == nil && n > 0 && look[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// keyboard is the terminal as it is read.
type keyboard struct {
	*os.File
	t *terminal
}

// Read reads keys. The end of a terminal that is one no more is its loss.
func (k keyboard) Read(b []byte) (int, error) {
	n, err := k.File.Read(b)
	if err != nil && HungUp(k.File) {
		k.t.lose()
	}
	return n, err
}

// display is the terminal as it is drawn on.
type display struct {
	*os.File
	t *terminal
}

// Write draws, or drops what comes after the loss.
func (d display) Write(b []byte) (int, error) {
	if d.t.isLost() {
		return len(b), nil
	}
	n, err := d.File.Write(b)
	if errors.Is(err, syscall.EIO) {
		d.t.lose()
		return len(b), nil
	}
	return n, err
}

// WriteString draws too; without it that of the file would write past the loss.
func (d display) WriteString(s string) (int, error) { return d.Write([]byte(s)) }
