package process

import (
	"os"
	"time"
)

// stream is one of a program's outputs. It keeps the last bytes and reads on, so that a program that writes a lot is
// not held up.
type stream struct {
	read, write *os.File
	most        int
	buffer      []byte // at most 2 × most
	cut         bool
	done        chan struct{} // closed when nothing more is read; buffer and cut are settled then
}

func newStream(most int) (*stream, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &stream{read: r, write: w, most: most, done: make(chan struct{})}, nil
}

// abandon closes a stream whose program did not start.
func (s *stream) abandon() {
	_ = s.read.Close()
	_ = s.write.Close()
}

// begin reads once the program has its end of the pipe.
func (s *stream) begin() {
	_ = s.write.Close()
	go s.drain()
}

func (s *stream) drain() {
	defer close(s.done)
	defer func() { _ = s.read.Close() }()
	chunk := make([]byte, 32<<10)
	for {
		n, err := s.read.Read(chunk)
		s.keep(chunk[:n])
		if os.IsTimeout(err) { // the deadline of finish: somebody else holds the pipe, or we have not had our turn
			s.cut = !s.rest(chunk) || s.cut
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *stream) keep(p []byte) {
	s.buffer = append(s.buffer, p...)
	if over := len(s.buffer) - s.most; over > 0 {
		s.cut = true
		if over >= s.most { // moving them each time would make a long output slow
			s.buffer = append(s.buffer[:0], s.buffer[over:]...)
		}
	}
}

// await waits for the end of the stream, but not for long.
func (s *stream) await(d time.Duration) {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
	}
}

// finish is await, after which nothing more is read.
func (s *stream) finish(d time.Duration) {
	s.await(d)
	_ = s.read.SetReadDeadline(time.Now()) // fails when it is closed already, which is as well
	<-s.done
}

// kept are the last bytes. It may be called once the stream is done.
func (s *stream) kept() []byte {
	return s.buffer[max(len(s.buffer)-s.most, 0):]
}
