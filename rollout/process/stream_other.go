//go:build !unix

package process

// rest would take what the pipe holds already; here that cannot be asked without waiting.
func (s *stream) rest([]byte) (ended bool) { return false }
