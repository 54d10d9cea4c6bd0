//go:build unix

package process

import (
	"errors"
	"syscall"
	"time"
)

// pipeful is how often rest reads at most: a program that writes on for ever must not keep us.
const pipeful = 8

// rest takes what the pipe holds already, without waiting. On a busy machine the reader may not have had its turn since
// the program wrote, and what a check reads must not depend on that. It tells whether the stream ended with it.
func (s *stream) rest(chunk []byte) (ended bool) {
	_ = s.read.SetReadDeadline(time.Time{}) // or nothing would be read; nobody waits below
	raw, err := s.read.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Read(func(fd uintptr) bool {
		for range pipeful {
			n, err := syscall.Read(int(fd), chunk)
			switch {
			case errors.Is(err, syscall.EINTR):
				continue
			case err != nil: // EAGAIN: somebody else may still write
				return true
			case n == 0:
				ended = true
				return true
			}
			s.keep(chunk[:n])
		}
		return true
	})
	return ended
}
