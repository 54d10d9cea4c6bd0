//go:build unix

package process

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A reader that has its turn only when the time is over loses nothing: what a program wrote does not depend on how busy
// the machine is.
func TestALateReaderGetsWhatWasWritten(t *testing.T) {
	for _, held := range []bool{false, true} {
		s, err := newStream(DefaultOutput)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat("x", 40<<10) // more than one read, and less than a pipe holds
		if _, err := s.write.WriteString(text); err != nil {
			t.Fatal(err)
		}
		other, err := duplicate(s.write)
		if err != nil {
			t.Fatal(err)
		}
		if !held {
			other.Close()
		}
		if err := s.read.SetReadDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
		s.begin()
		s.finish(0)
		other.Close()
		if got := string(s.kept()); got != text || s.cut != held {
			t.Errorf("held by somebody else: %v: %d bytes of %d, cut %v", held, len(got), len(text), s.cut)
		}
	}
}

func duplicate(f *os.File) (*os.File, error) {
	fd, err := syscall.Dup(int(f.Fd()))
	return os.NewFile(uintptr(fd), f.Name()), err
}
